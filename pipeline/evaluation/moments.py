"""How often moments are right: short cases of each rule, and whole talks with all their moments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.evaluation.derived import speech_map, word_frame
from pipeline.evaluation.spoken import Interval, Said
from pipeline.records import TURN, TURNS
from pipeline.stages import moments, offers, replies, tactics
from pipeline.stages.moments import MomentsConfig
from pipeline.stages.offers import OffersConfig
from pipeline.stages.replies import RepliesConfig
from pipeline.stages.tactics import TacticsConfig
from pipeline.tactics import Learned

WORD_MS = 300
GAP_S = 0.6
SPEECH_SPLIT_MS = 250
ANYWHERE = frozenset({"only_salary", "interests_unasked"})
"""Rules about a whole talk: any turn is right."""
NEAR = {"vague_promise": 3, "limit_given_away": 2}
"""How many turns away from the annotated one a find may be; 1 for all other rules, since both the
act and what it got are the moment."""
_ANY_SCORE = 0.001
_PAUSE = re.compile(r"\{([\d.]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """The settings of the stages that moments come from, and the network of tactics."""

    tactics: TacticsConfig
    offers: OffersConfig
    replies: RepliesConfig
    moments: MomentsConfig
    model: Learned | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Of a rule: found rightly, found wrongly, missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def __add__(self, other: Counts) -> Counts:
        """The sums."""
        return Counts(
            right=self.right + other.right,
            wrong=self.wrong + other.wrong,
            missed=self.missed + other.missed,
        )

    @property
    def precision(self) -> float | None:
        """Right finds over all finds; None without finds."""
        found = self.right + self.wrong
        return self.right / found if found else None

    @property
    def recall(self) -> float | None:
        """Right finds over all there are; None where there are none."""
        there = self.right + self.missed
        return self.right / there if there else None


def found_moments(
    talk: Mapping[str, Any], definitions: Definitions, *, only: str = ""
) -> list[dict[str, Any]]:
    """The moments of a talk's `me`, best first; with `only` of one rule, all of its finds.

    `talk` has turns, `me`, and maybe gaps_s. Words are said at an even pace, with the pauses given.
    """
    frames = frames_of(talk["turns"], talk.get("gaps_s", ()))
    tags = tactics.run(
        transcribe=frames["transcribe"],
        turns=frames["turns"],
        diarize=frames["diarize"],
        config=definitions.tactics,
        model=definitions.model,
    )
    spoken = {"transcribe": frames["transcribe"], "turns": frames["turns"], "tactics": tags}
    ledger = offers.run(**spoken, config=definitions.offers)
    got = replies.run(
        **spoken, diarize=frames["diarize"], offers=ledger, config=definitions.replies
    )
    config = _of_rule(definitions.moments, only) if only else definitions.moments
    found = moments.run(**spoken, offers=ledger, replies=got, config=config)["moments"]
    return [moment for moment in found if moment["speaker"] == talk["me"]]


def _of_rule(config: MomentsConfig, rule: str) -> MomentsConfig:
    """The settings with one rule alone, all of whose finds are shown unless a profile has none."""
    book = config.rulebook
    kept = tuple(one for one in book.rules if one.id == rule)
    return MomentsConfig(
        rulebook=moments.Rulebook(
            version=book.version,
            rules=kept,
            words=book.words,
            terms=book.terms,
            most_of_a_rule=book.most,
            most_strengths=book.most,
            most_missed=book.most,
            min_score=_ANY_SCORE,
        ),
        weights=config.weights,
    )


def frames_of(
    turns: Sequence[Sequence[str]], gaps_s: Sequence[float] = ()
) -> dict[str, pl.DataFrame]:
    """WORDS, TURNS and SPEECH (transcribe, turns, diarize) of a talk that was written down."""
    words: list[Said] = []
    rows = []
    at_ms = 0
    for number, (speaker, text) in enumerate(turns):
        at_ms += round(1000 * (gaps_s[number] if number < len(gaps_s) else GAP_S))
        own = list(_spoken(speaker, text, start_ms=max(0, at_ms)))
        first = len(words)
        words += own
        at_ms = own[-1].end_ms
        ids = list(range(first, len(words)))
        said = " ".join(word.text for word in own)
        rows.append((number, speaker, own[0].start_ms, at_ms, said, ids, 0, TURN))
    tracks = {name: at for at, name in enumerate(dict.fromkeys(who for who, _ in turns))}
    return {
        "transcribe": word_frame(words, tracks=tracks),
        "turns": pl.DataFrame(rows, schema=TURNS, orient="row"),
        "diarize": speech_map(_speech(words), tracks=tracks),
    }


def _spoken(speaker: str, text: str, *, start_ms: int) -> Iterator[Said]:
    for part in re.split(r"(\{[\d.]+\})|\s+", text):
        if not part:
            continue
        pause = _PAUSE.fullmatch(part)
        if pause:
            start_ms += round(1000 * float(pause[1]))
        else:
            yield Said(speaker=speaker, start_ms=start_ms, end_ms=start_ms + WORD_MS, text=part)
            start_ms += WORD_MS


def _speech(words: Sequence[Said]) -> list[Interval]:
    found: list[Interval] = []
    for word in words:
        last = found[-1] if found else None
        if last and last.speaker == word.speaker and word.start_ms - last.end_ms < SPEECH_SPLIT_MS:
            found.pop()
            start_ms = last.start_ms
        else:
            start_ms = word.start_ms
        found.append(Interval(speaker=word.speaker, start_ms=start_ms, end_ms=word.end_ms))
    return found


def is_near(moment: Mapping[str, Any], *, rule: str, turns: Sequence[int]) -> bool:
    """Whether a find is of that rule, and on or beside one of the turns."""
    if moment["rule"] != rule:
        return False
    far = NEAR.get(rule, 1)
    return rule in ANYWHERE or any(abs(moment["turn"] - turn) <= far for turn in turns)


def case_counts(case: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> Counts:
    """One short case: whether its rule found what is there, or let be what is not."""
    if not case["expect"]:
        return Counts(wrong=int(any(one["rule"] == case["rule"] for one in found)))
    turns = (case["turn"], *case.get("alt_turns", ()))
    right = any(is_near(one, rule=case["rule"], turns=turns) for one in found)
    return Counts(right=int(right), missed=int(not right))


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkScore:
    """A whole talk: finds by rule, and how many shown moments are on an annotated exchange."""

    by_rule: Mapping[str, Counts]
    shown: int
    shown_right: int
    planted: int
    planted_found: int


def talk_score(talk: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> TalkScore:
    """The shown moments of a talk against its annotation.

    A find counts as right where any moment of the same kind is annotated on or beside its turn
    (two rules may name one exchange); as neither where the exchange is debatable. A planted
    moment is found where a moment of its kind is shown on or beside its turn.
    """
    truth, optional = talk["moment"], talk.get("optional", [])
    judged = [one for one in found if _fits(one, truth) or not _fits(one, optional)]
    right: dict[str, Counts] = {}
    for one in judged:
        is_right = _fits(one, truth)
        counts = Counts(right=int(is_right), wrong=int(not is_right))
        right[one["rule"]] = right.get(one["rule"], Counts()) + counts
    planted = [one for one in truth if one.get("planted", True)]
    seen = [one for one in planted if any(_is_one_exchange(shown, one) for shown in found)]
    for one in planted:
        if one not in seen:
            right[one["rule"]] = right.get(one["rule"], Counts()) + Counts(missed=1)
    return TalkScore(
        by_rule=right,
        shown=len(judged),
        shown_right=sum(_fits(one, truth) for one in judged),
        planted=len(planted),
        planted_found=len(seen),
    )


def _fits(moment: Mapping[str, Any], annotated: Sequence[Mapping[str, Any]]) -> bool:
    return any(_is_one_exchange(moment, one) for one in annotated)


def _is_one_exchange(moment: Mapping[str, Any], annotated: Mapping[str, Any]) -> bool:
    """Whether both are of one kind, and on or beside the same turn."""
    if moment["kind"] != annotated["kind"]:
        return False
    if moment["rule"] in ANYWHERE or annotated["rule"] in ANYWHERE:
        return bool(moment["rule"] == annotated["rule"])
    far = max(NEAR.get(moment["rule"], 1), NEAR.get(annotated["rule"], 1))
    return abs(int(moment["turn"]) - int(annotated["turn"])) <= far


def planted_found(reference: Mapping[str, Any], report: Mapping[str, Any]) -> tuple[int, int, int]:
    """Of the planted moments of a reference: how many a report shows, how many there are, and how
    many it shows that were not planted.

    A planted moment is shown where one of its kind quotes the same stretch of the call: the two
    overlap in time, since turns of the reference and of the report are cut differently.
    """
    shown = report["moments"]
    planted = [_timed(one, reference) for one in reference["moments"]]
    ends = {turn["index"]: turn["end_s"] for turn in report["turns"]}
    pairs = [
        (number, place)
        for number, (kind, start_s, end_s) in enumerate(planted)
        for place, one in enumerate(shown)
        if one["kind"] == kind and one["start_s"] < end_s and start_s < ends[one["turn"]]
    ]
    found = {number for number, _ in pairs}
    explained = {place for _, place in pairs}
    return len(found), len(planted), len(shown) - len(explained)


def _timed(one: Mapping[str, Any], reference: Mapping[str, Any]) -> tuple[str, float, float]:
    """A planted moment's kind, and the times of its turn."""
    turn = reference["turns"][one["turn"]]
    return one["kind"], turn["start_s"], turn["end_s"]
