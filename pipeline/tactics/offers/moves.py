"""Moves: which amounts and options of a turn are proposals, answers, limits, or mere mention."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.tactics.codebook import Codebook, Tag, Utterance
from pipeline.tactics.cues import clause_around
from pipeline.tactics.learned import METHOD as LEARNED
from pipeline.tactics.offers.issues import (
    Thing,
    Topic,
    find_mentions,
    in_order,
    named_issues,
    read_things,
)
from pipeline.tactics.offers.limits import is_listed, limits_among
from pipeline.tactics.search import find_all, occurs
from pipeline.tactics.text import Passage, read_passage

OFFER, ACCEPT, REJECT, MENTION, LIMIT = "offer", "accept", "reject", "mention", "limit"
PROPOSING = frozenset(
    ("offer", "direct_ask", "hedged_ask", "conditional_trade", "boundary", "package_option")
)
_EXCEPTED = re.compile(
    r"\b(?:but |just )?not (?:on |for |with )?(?:the|your|that|those)\b[^,.;]*", re.I
)
"""What an acceptance leaves out: "I'll take that, but not the vacation"."""
_RATIONALES = ("objective_criteria", "value_statement")
_CORRECTED_WITHIN = 8
_REMEMBERED = 60
_NAMED_LAST = 3
_LIVE_TURNS = 4
_MAX_POSITION_WORDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One thing said about an issue: what was done with it, by whom, on what grounds.

    `start_char` and `end_char` are of the turn's own text. `corrects` says that it takes the
    place of what the speaker said of the issue just before ("sorry, I meant 115").
    """

    turn: int
    speaker: str
    thing: Thing
    act: str
    start_char: int
    end_char: int
    rationale: str = ""
    corrects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A turn as the ledger sees it.

    `tactics` are its tags, `answered` the issues that its words of acceptance name, `accepted`
    where in the text they stand. `asked`: it holds a question that is no proposal.
    """

    utterance: Utterance
    moves: tuple[Move, ...] = ()
    tactics: frozenset[str] = frozenset()
    answered: tuple[tuple[str, str], ...] = ()
    accepted: tuple[int, int] | None = None
    asked: bool = False


@dataclass(slots=True)
class _Memory:
    """What later turns refer to, kept short so that a call may be of any length."""

    things: list[Thing] = field(default_factory=list)
    named: list[tuple[str, str]] = field(default_factory=list)
    proposed: dict[tuple[str, str], tuple[int, str, Thing]] = field(default_factory=dict)
    limits: dict[tuple[str, str], tuple[int, str, Thing]] = field(default_factory=dict)
    turns: int = 0
    asker: str = ""

    def hear(
        self,
        speaker: str,
        things: Sequence[Thing],
        acts: Sequence[str],
        *,
        named: Iterable[tuple[str, str]],
        asks: bool,
    ) -> None:
        """Take in a turn; `asks` says that it asks the other side for a number or a term."""
        self.turns += 1
        for thing, act in zip(things, acts, strict=True):
            self.things.append(thing)
            self.named.append(thing.key)
            if act == OFFER:
                self.proposed[thing.key] = (self.turns, speaker, thing)
            if act == LIMIT:
                self.limits[thing.key] = (self.turns, speaker, thing)
        self.named.extend(key for key in named if key not in self.named[-_NAMED_LAST:])
        del self.things[:-_REMEMBERED], self.named[:-_REMEMBERED]
        self.asker = speaker if asks else ""

    def is_live(self, thing: Thing) -> bool:
        """Whether a position on the issue was taken, or a limit named, within the last turns."""
        named = (self.proposed.get(thing.key), self.limits.get(thing.key))
        return any(self.turns - one[0] <= _LIVE_TURNS for one in named if one)

    def is_theirs(self, thing: Thing, *, speaker: str) -> bool:
        """Whether the other side proposed it last on the issue, or named it last as its limit."""
        proposed, limit = self.proposed.get(thing.key), self.limits.get(thing.key)
        return any(
            one != speaker
            and (thing.value, thing.high, thing.option) == (named.value, named.high, named.option)
            for _, one, named in filter(None, (proposed, limit))
        )


def read_moves(
    utterances: Sequence[Utterance],
    tags: Iterable[Tag],
    codebook: Codebook,
    *,
    passages: Sequence[Passage] | None = None,
) -> list[Said]:
    """Each turn with its moves, in order; `tags` are those that wording decides.

    `passages` are the turns made ready for cues, where that has been done already.
    """
    by_turn: dict[int, list[Tag]] = {}
    for tag in tags:
        by_turn.setdefault(tag.turn, []).append(tag)
    memory = _Memory()
    ready = passages or [read_passage(utterance.text) for utterance in utterances]
    return [
        _said(utterance, passage, by_turn.get(utterance.turn, []), codebook, memory)
        for utterance, passage in zip(utterances, ready, strict=True)
    ]


def _said(
    utterance: Utterance,
    passage: Passage,
    tags: Sequence[Tag],
    codebook: Codebook,
    memory: _Memory,
) -> Said:
    if not passage.tokens:
        return Said(utterance=utterance)
    mentions = find_mentions(passage, codebook.issues)
    named = in_order(mentions)
    topic = Topic(things=tuple(memory.things), named=(*memory.named, *reversed(named)))
    things = read_things(passage, codebook.issues, topic, mentions=mentions)
    acts = _acts(utterance, passage, things, tags, codebook, memory)
    asks = _asks_for_terms(passage, tags, codebook)
    memory.hear(utterance.speaker, things, acts, named=named, asks=asks)
    fixes = [passage.span_of(m).last for m in find_all(codebook.corrections, passage)]
    tactics = frozenset(tag.tactic for tag in tags)
    rationale = next((name for name in _RATIONALES if name in tactics), "")
    moves = tuple(
        _move(utterance, passage, thing, act, rationale, fixes)
        for thing, act in zip(things, acts, strict=True)
    )
    return Said(
        utterance=utterance,
        moves=moves,
        tactics=tactics,
        answered=_answered(passage, tags, codebook),
        accepted=_accepted(moves, tags),
        asked=_asks(tags),
    )


def _accepted(moves: Sequence[Move], tags: Sequence[Tag]) -> tuple[int, int] | None:
    """Where the words of acceptance stand, or what is taken up without them."""
    tagged = [(tag.start_char, tag.end_char) for tag in tags if tag.tactic == "accept"]
    taken_up = [(move.start_char, move.end_char) for move in moves if move.act == ACCEPT]
    return next(iter([*tagged, *taken_up]), None)


def _asks(tags: Sequence[Tag]) -> bool:
    """Whether a question stands apart from every proposal of the turn."""
    proposed = [tag for tag in tags if tag.tactic in PROPOSING]
    return any(
        tag.tactic in ("open_question", "closed_question")
        and not any(p.start_char < tag.end_char and tag.start_char < p.end_char for p in proposed)
        for tag in tags
    )


def _move(
    utterance: Utterance,
    passage: Passage,
    thing: Thing,
    act: str,
    rationale: str,
    fixes: Sequence[int],
) -> Move:
    start_char, end_char = passage.chars(thing.span)
    corrects = any(fix < thing.span.first <= fix + _CORRECTED_WITHIN for fix in fixes)
    act = OFFER if corrects and act == MENTION else act
    return Move(
        turn=utterance.turn,
        speaker=utterance.speaker,
        thing=thing,
        act=act,
        start_char=start_char,
        end_char=end_char,
        rationale=rationale if act == OFFER else "",
        corrects=corrects and act == OFFER,
    )


def _acts(
    utterance: Utterance,
    passage: Passage,
    things: Sequence[Thing],
    tags: Sequence[Tag],
    codebook: Codebook,
    memory: _Memory,
) -> list[str]:
    """What is done with each thing: by the tags over it, else by its place in the talk."""
    speaker = utterance.speaker
    asked = memory.asker not in ("", speaker)
    tagged = [_act(passage, thing, tags) for thing in things]
    limits = limits_among(passage, things, tags, codebook)
    bounded = [LIMIT if at in limits else act for at, act in enumerate(tagged)]
    acts = _without_facts(passage, things, bounded, codebook)
    for at, thing in enumerate(things):
        likely = _is_likely(passage, thing, tags)
        if acts[at] == MENTION and (asked or likely or memory.is_live(thing)):
            acts[at] = _act_in_context(passage, thing, codebook)
            if acts[at] == OFFER and memory.is_theirs(thing, speaker=speaker):
                acts[at] = MENTION if _is_doubtful(tags) else ACCEPT
    return _listed(passage, things, acts, codebook)


def _without_facts(
    passage: Passage, things: Sequence[Thing], acts: Sequence[str], codebook: Codebook
) -> list[str]:
    """Of two proposals in a turn, the one in a clause of facts is none.

    "I saved two million, so I'm looking for 105,000": the tag covers both.
    """
    proposed = [at for at, act in enumerate(acts) if act == OFFER and things[at].value is not None]
    if len(proposed) == 1:
        return list(acts)
    facts = {at for at in proposed if _is_fact(passage, things[at], codebook)}
    alone = len(facts) == len(proposed)
    return [MENTION if at in facts and not alone else act for at, act in enumerate(acts)]


def _act(passage: Passage, thing: Thing, tags: Sequence[Tag]) -> str:
    """Proposed, accepted or turned down, by the tags that cover the thing."""
    start, end = passage.chars(thing.span)
    over = {
        tag.tactic
        for tag in tags
        if tag.method != LEARNED and tag.start_char < end and start < tag.end_char
    }
    if over & PROPOSING:
        return OFFER
    if "reject" in over:
        return REJECT
    return ACCEPT if "accept" in over else MENTION


def _is_likely(passage: Passage, thing: Thing, tags: Sequence[Tag]) -> bool:
    """Whether the classifier found a proposal in the sentence: not every number in it is one."""
    start, end = passage.chars(thing.span)
    return any(
        tag.tactic in PROPOSING and tag.start_char < end and start < tag.end_char
        for tag in tags
        if tag.method == LEARNED
    )


def _act_in_context(passage: Passage, thing: Thing, codebook: Codebook) -> str:
    """A number on an issue in play is a position, unless its clause makes it a fact."""
    if thing.issue == "other" and not thing.item:
        return MENTION
    return MENTION if _is_fact(passage, thing, codebook) else OFFER


def _is_fact(passage: Passage, thing: Thing, codebook: Codebook) -> bool:
    """Whether a number's clause tells how things are or were."""
    clause = passage.clean_of(clause_around(passage, thing.span))
    return occurs(codebook.mentions, passage, clause) or clause.count(" ") > _MAX_POSITION_WORDS


def _is_doubtful(tags: Sequence[Tag]) -> bool:
    """Whether the other side's own number is said back as a question, or to refuse it."""
    return any(
        tag.tactic in ("open_question", "closed_question", "reject", "mirror") for tag in tags
    )


def _asks_for_terms(passage: Passage, tags: Sequence[Tag], codebook: Codebook) -> bool:
    """Whether a turn asks the other side for a number or a term."""
    asks = any(tag.tactic in ("open_question", "closed_question") for tag in tags)
    return asks and occurs(codebook["offer"].prompt_cues, passage)


def _listed(
    passage: Passage, things: Sequence[Thing], acts: Sequence[str], codebook: Codebook
) -> list[str]:
    """A thing that goes on with a list of proposals is proposed too."""
    found = list(acts)
    for index in range(1, len(things)):
        follows = found[index] == MENTION and found[index - 1] == OFFER
        if follows and is_listed(passage, things, index):
            found[index] = _act_in_context(passage, things[index], codebook)
    return found


def _answered(
    passage: Passage, tags: Sequence[Tag], codebook: Codebook
) -> tuple[tuple[str, str], ...]:
    """The issues that the clauses of acceptance name; empty where they name none."""
    keys: list[tuple[str, str]] = []
    for tag in tags:
        if tag.tactic == "accept":
            said = _EXCEPTED.sub("", passage.text[tag.start_char : tag.end_char])
            keys.extend(named_issues(read_passage(said), codebook.issues))
    return tuple(dict.fromkeys(keys))
