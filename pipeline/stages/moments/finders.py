"""How moments are found: by the pattern of a rule, or by one of the finders named here.

A finder takes a scene, a rule, the rulebook and whose moments it looks for, and yields hits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.stages.moments.rules import PATTERN, Clause, Rule, Rulebook
from pipeline.stages.moments.scene import Place, Row, Said, Scene, Stretch
from pipeline.tactics.offers.ledger import POSITIONS

_NO_MATCH_SCORE = 0.7
"""How sure what is found by words or by the ledger is, where tags have a score of their own."""
_SHORTEST_ANSWER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A moment found: where, what came of it, and how strong it is (0 to 1).

    `heard` is what of the other side's it goes back to, for the line one could have said.
    """

    rule: Rule
    quote: Place
    strength: float
    reply: Place | None = None
    heard: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a finder looks at: a scene, whose moments, and what other stages found.

    `vague_promises` are those of the stage replies.
    """

    scene: Scene
    me: str
    rulebook: Rulebook
    vague_promises: Sequence[Mapping[str, Any]] = ()

    def near(self, place: int, clause: Clause, *, ahead: bool) -> list[Stretch]:
        """The stretches of the clause's side before or behind a place, as many as `within`."""
        look = self.scene.after if ahead else self.scene.before
        return look(place, mine=clause.by == "me", me=self.me, within=clause.within)

    def fits(self, stretch: Stretch, clause: Clause) -> bool:
        """Whether a stretch is as a clause says; whose it is, is not looked at."""
        asked = bool(clause.tags or clause.ledger or clause.words)
        return (
            (not asked or self._has_any(stretch, clause))
            and stretch.tags.isdisjoint(clause.without)
            and stretch.word_count >= clause.min_words
            and stretch.new_words >= clause.min_new_words
            and (not clause.after or self._comes_after(stretch, clause.after))
        )

    def _has_any(self, stretch: Stretch, clause: Clause) -> bool:
        return (
            not stretch.tags.isdisjoint(clause.tags)
            or not stretch.kinds.isdisjoint(clause.ledger)
            or any(stretch.holds(self.rulebook.patterns(name)) for name in clause.words)
        )

    def _comes_after(self, stretch: Stretch, tags: Sequence[str]) -> bool:
        before = self.scene.stretches[stretch.place - 1] if stretch.place else None
        return (
            before is not None
            and before.speaker != stretch.speaker
            and not before.tags.isdisjoint(tags)
        )

    def place_of(self, stretch: Stretch, clause: Clause) -> tuple[Place, float]:
        """What of a stretch shows that it fits a clause, and how sure that is."""
        tagged = stretch.best_tag(clause.tags)
        if tagged:
            said, tag = tagged
            return said.sentences_of(tag["start_char"], tag["end_char"]), float(tag["score"])
        for said in stretch.turns:
            for line in said.lines:
                if line["kind"] in clause.ledger:
                    return said.sentences_of(line["start_char"], line["end_char"]), _NO_MATCH_SCORE
            for name in clause.words:
                place = said.sentences_with(self.rulebook.patterns(name))
                if place:
                    return place, _NO_MATCH_SCORE
        return whole(stretch.turns[0]), _NO_MATCH_SCORE


def whole(said: Said) -> Place:
    """All of a turn."""
    return Place(turn=said.number, start_char=0, end_char=len(said.row["text"]))


def find(search: Search, rule: Rule) -> Iterator[Hit]:
    """The moments of a rule."""
    return FINDERS[rule.finder](search, rule)


def by_pattern(search: Search, rule: Rule) -> Iterator[Hit]:
    """Stretches that fit `on`, with what must and must not come before and behind them."""
    on = rule.on
    if on is None:
        return
    for stretch in search.scene.stretches:
        if (stretch.speaker == search.me) is not (on.by == "me") or not search.fits(stretch, on):
            continue
        reply = _answer(search, stretch, rule.then) if rule.then else None
        if (rule.then and reply is None) or _is_ruled_out(search, stretch, rule):
            continue
        quote, score = search.place_of(stretch, on)
        mine = on.by == "me"
        yield Hit(
            rule=rule,
            quote=quote,
            strength=score,
            reply=reply,
            heard=_heard(search, stretch) if mine else quote,
        )


def _answer(search: Search, stretch: Stretch, then: Clause) -> Place | None:
    """What shows that one of the next stretches fits, of the first that does."""
    for other in search.near(stretch.place, then, ahead=True):
        if search.fits(other, then):
            return search.place_of(other, then)[0]
    return None


def _is_ruled_out(search: Search, stretch: Stretch, rule: Rule) -> bool:
    if rule.needs and not any(
        search.fits(one, rule.needs)
        for one in (stretch, *search.near(stretch.place, rule.needs, ahead=False))
    ):
        return True
    for clause, ahead in ((rule.unless, True), (rule.unless_before, False)):
        if clause and any(
            search.fits(one, clause) for one in search.near(stretch.place, clause, ahead=ahead)
        ):
            return True
    return False


def _heard(search: Search, stretch: Stretch) -> Place | None:
    """The other side's stretch before one's own: what the words go back to."""
    before = search.scene.before(stretch.place, mine=False, me=search.me, within=1)
    return whole(before[0].turns[-1]) if before else None


def emotion(search: Search, rule: Rule) -> Iterator[Hit]:
    """The other side says how they feel, and one goes on without a word of it."""
    patterns = search.rulebook.patterns("strain")
    for stretch in search.scene.stretches:
        if stretch.speaker == search.me:
            continue
        felt = [place for said in stretch.turns if (place := said.sentences_with(patterns))]
        answers = search.scene.after(stretch.place, mine=True, me=search.me, within=1)
        if not felt or not answers or answers[0].word_count < _SHORTEST_ANSWER:
            continue
        answer = answers[0]
        if rule.unless and search.fits(answer, rule.unless):
            continue
        yield Hit(
            rule=rule,
            quote=felt[0],
            strength=_NO_MATCH_SCORE,
            heard=felt[0],
        )


def vague(search: Search, rule: Rule) -> Iterator[Hit]:
    """A promise of the other side that nobody can hold them to, and that was left so."""
    for promise in search.vague_promises:
        is_there = search.scene.has(promise["turn"])
        if promise["speaker"] == search.me or promise["pinned"] or not is_there:
            continue
        first = Place(
            turn=promise["turn"], start_char=promise["start_char"], end_char=promise["end_char"]
        )
        again = _vague_again(search, promise["request_turn"])
        yield Hit(rule=rule, quote=again or first, strength=_NO_MATCH_SCORE, heard=first)


def _vague_again(search: Search, request_turn: int | None) -> Place | None:
    """The answer to a request for something concrete, as far as it is vague."""
    if request_turn is None or not search.scene.has(request_turn):
        return None
    asked = search.scene.stretch_of(request_turn)
    answers = search.scene.after(asked.place, mine=False, me=search.me, within=1)
    patterns = search.rulebook.patterns("vague")
    places = (said.sentences_with(patterns) for one in answers for said in one.turns)
    return next((place for place in places if place), None)


def limit(search: Search, rule: Rule) -> Iterator[Hit]:
    """One's own limit with a number, and the other side's next figure is that number."""
    for stretch in search.scene.stretches:
        bound = stretch.best_tag(("boundary",)) if stretch.speaker == search.me else None
        if bound is None:
            continue
        said, tag = bound
        quote = said.sentences_of(tag["start_char"], tag["end_char"])
        named = [line for line in said.lines if _is_in(line, quote) and line["kind"] != "accept"]
        replies = (
            _taken_up(search, stretch, line, within=int(rule.threshold("within"))) for line in named
        )
        reply = next((one for one in replies if one), None)
        if reply:
            yield Hit(rule=rule, quote=quote, strength=float(tag["score"]), reply=reply)


def _is_in(line: Row, place: Place) -> bool:
    """Whether a line of the ledger stands in a quote."""
    return bool(place.start_char <= line["start_char"] < place.end_char)


def _taken_up(search: Search, stretch: Stretch, line: Row, *, within: int) -> Place | None:
    """Where the other side takes the number up next, as its position or by saying yes to it.

    None where its next position on the issue is another one, or the number was its own already.
    """
    if line["value"] is None:
        return None
    if any(
        one["speaker"] != search.me and one["value"] == line["value"]
        for earlier in search.scene.stretches[: stretch.place]
        for one in earlier.lines
    ):
        return None
    for other in search.scene.after(stretch.place, mine=False, me=search.me, within=within):
        for theirs in other.lines:
            on_it = (theirs["issue"], theirs["item"]) == (line["issue"], line["item"])
            if theirs["value"] == line["value"] and (on_it or "offer" in other.tags):
                said = search.scene.said(theirs["turn"])
                return said.sentences_of(theirs["start_char"], theirs["end_char"])
            if on_it and theirs["kind"] in POSITIONS:
                return None
    return None


def filled_silence(search: Search, rule: Rule) -> Iterator[Hit]:
    """After one's own offer, ask or question a pause, which one then fills oneself."""
    asking = ("offer", "direct_ask", "open_question", "closed_question", "hedged_ask")
    pause_ms = rule.threshold("pause_s") * 1000
    for stretch in search.scene.stretches:
        if stretch.speaker != search.me:
            continue
        for said in stretch.turns:
            asks = [tag for tag in said.tags if tag["tactic"] in asking]
            asks += [line for line in said.lines if line["kind"] in POSITIONS]
            quotes = {said.sentences_of(one["start_char"], one["end_char"]) for one in asks}
            for quote in sorted(quotes, key=lambda place: place.start_char):
                if _is_filled(search.scene, stretch, quote, pause_ms=pause_ms, rule=rule):
                    yield Hit(rule=rule, quote=quote, strength=_NO_MATCH_SCORE, heard=quote)


def _is_filled(
    scene: Scene, stretch: Stretch, quote: Place, *, pause_ms: float, rule: Rule
) -> bool:
    """Whether a pause follows a quote, and then so many words of the same speaker."""
    said = scene.said(quote.turn)
    _, end_ms = scene.times_ms(quote)
    rest = said.row["text"][quote.end_char :].split()
    later = [one for one in stretch.turns if one.number > quote.turn]
    if end_ms is None or len(rest) + sum(len(one.words) for one in later) < rule.threshold("words"):
        return False
    if not rest:
        start_ms = later[0].row["start_ms"] if later else None
    else:
        start = said.row["text"].index(rest[0], quote.end_char)
        start_ms = scene.times_ms(
            Place(turn=quote.turn, start_char=start, end_char=start + len(rest[0]))
        )[0]
    return start_ms is not None and start_ms - end_ms >= pause_ms


def only_salary(search: Search, rule: Rule) -> Iterator[Hit]:
    """Pay was negotiated by both, and one brought in no other term of a package."""
    mine = [line for line in search.scene.lines if line["speaker"] == search.me]
    theirs = [line for line in search.scene.lines if line["speaker"] != search.me]
    positions = [line for line in mine if line["issue"] == "salary" and line["kind"] in POSITIONS]
    raised = {line["issue"] for line in mine} - {"salary", "price", "other"}
    salary = any(line["issue"] == "salary" and line["kind"] in POSITIONS for line in theirs)
    if positions and salary and not raised:
        last = positions[-1]
        said = search.scene.said(last["turn"])
        yield Hit(
            rule=rule,
            quote=said.sentences_of(last["start_char"], last["end_char"]),
            strength=_NO_MATCH_SCORE,
        )


def unasked(search: Search, rule: Rule) -> Iterator[Hit]:
    """Through a whole talk one never asked what the other side needs."""
    own = [one for one in search.scene.stretches if one.speaker == search.me]
    asked = {"elicit_preference", "open_question", "calibrated_question"}
    if len(own) < rule.threshold("turns") or any(one.tags & asked for one in own):
        return
    others = [one for one in search.scene.stretches if one.speaker != search.me]
    longest = max(others, key=lambda one: one.word_count, default=None)
    if longest:
        said = longest.turns[0]
        yield Hit(rule=rule, quote=whole(said), strength=_NO_MATCH_SCORE, heard=whole(said))


FINDERS: Mapping[str, Callable[[Search, Rule], Iterator[Hit]]] = {
    PATTERN: by_pattern,
    "emotion": emotion,
    "vague": vague,
    "limit": limit,
    "filled_silence": filled_silence,
    "only_salary": only_salary,
    "unasked": unasked,
}
