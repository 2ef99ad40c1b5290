"""A call as the rules see it: stretches of the floor with their tags, figures and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, islice
from typing import Any

import polars as pl

from pipeline.quotes import WordTimes, quote_ms
from pipeline.records import TURN
from pipeline.tactics.empathy import content_stems
from pipeline.tactics.search import occurs
from pipeline.tactics.text import Passage, read_passage, sentences, words

Row = Mapping[str, Any]
_STRAY_WORDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Some characters of a turn: what a moment quotes."""

    turn: int
    start_char: int
    end_char: int


@dataclass(frozen=True, kw_only=True)
class Said:
    """One turn, with what was found in it. `row` is of TURNS, `tags` and `lines` of TACTICS and
    OFFERS."""

    row: Row
    tags: tuple[Row, ...]
    lines: tuple[Row, ...]

    @property
    def number(self) -> int:
        """The turn's number in the call."""
        return int(self.row["turn"])

    @cached_property
    def passage(self) -> Passage:
        """The words, cleaned for patterns."""
        return read_passage(self.row["text"])

    @cached_property
    def words(self) -> list[str]:
        """The words without marks."""
        return words(self.passage.clean)

    def sentences_of(self, start_char: int, end_char: int) -> Place:
        """The whole sentences that hold these characters."""
        spans = [self.passage.chars(span) for span in sentences(self.passage)]
        touched = [one for one in spans if one[0] < end_char and start_char < one[1]]
        start, end = (touched[0][0], touched[-1][1]) if touched else (start_char, end_char)
        return Place(turn=self.number, start_char=start, end_char=end)

    def sentences_with(self, patterns: tuple[str, ...]) -> Place | None:
        """From the first to the last sentence in which one of the patterns occurs."""
        found = [
            self.passage.chars(span)
            for span in sentences(self.passage)
            if occurs(patterns, self.passage, self.passage.clean_of(span))
        ]
        if not found:
            return None
        return Place(turn=self.number, start_char=found[0][0], end_char=found[-1][1])


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """What one speaker says until another takes the floor: one turn, or several.

    `new_words` counts the content words that nobody had said before.
    """

    place: int
    speaker: str
    turns: tuple[Said, ...]
    new_words: int

    @cached_property
    def tags(self) -> frozenset[str]:
        """The ids of its tags."""
        return frozenset(tag["tactic"] for said in self.turns for tag in said.tags)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of its lines in the ledger."""
        return frozenset(line["kind"] for said in self.turns for line in said.lines)

    @property
    def word_count(self) -> int:
        """How many words it has."""
        return sum(len(said.words) for said in self.turns)

    @property
    def lines(self) -> list[Row]:
        """Its lines of the ledger."""
        return [line for said in self.turns for line in said.lines]

    def holds(self, patterns: tuple[str, ...]) -> bool:
        """Whether one of the patterns occurs."""
        return any(occurs(patterns, said.passage) for said in self.turns)

    def best_tag(self, tactics: Sequence[str]) -> tuple[Said, Row] | None:
        """The surest of these tags, with its turn."""
        found = [(s, tag) for s in self.turns for tag in s.tags if tag["tactic"] in tactics]
        return max(found, key=lambda one: one[1]["score"], default=None)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A call: its stretches in order, all its ledger lines, and when words were said."""

    stretches: tuple[Stretch, ...]
    word_times: WordTimes

    def said(self, turn: int) -> Said:
        """The turn of that number."""
        return self._by_turn[turn]

    def has(self, turn: int) -> bool:
        """Whether a turn takes the floor; backchannels and stray words do not."""
        return turn in self._by_turn

    def stretch_of(self, turn: int) -> Stretch:
        """The stretch that a turn is part of."""
        return self._of_turn[turn]

    @cached_property
    def _by_turn(self) -> dict[int, Said]:
        return {said.number: said for stretch in self.stretches for said in stretch.turns}

    @cached_property
    def _of_turn(self) -> dict[int, Stretch]:
        return {said.number: stretch for stretch in self.stretches for said in stretch.turns}

    @property
    def speakers(self) -> list[str]:
        """Who takes the floor, by first turn."""
        return list(dict.fromkeys(stretch.speaker for stretch in self.stretches))

    @property
    def lines(self) -> list[Row]:
        """The ledger."""
        return [line for stretch in self.stretches for line in stretch.lines]

    def before(self, place: int, *, mine: bool, me: str, within: int) -> list[Stretch]:
        """The last stretches before one, the nearest first: mine, or the others'."""
        nearest_first = (self.stretches[at] for at in range(place - 1, -1, -1))
        return list(islice((s for s in nearest_first if (s.speaker == me) is mine), within))

    def after(self, place: int, *, mine: bool, me: str, within: int) -> list[Stretch]:
        """The next stretches behind one: mine, or the others'."""
        following = islice(self.stretches, place + 1, None)
        return list(islice((s for s in following if (s.speaker == me) is mine), within))

    def times_ms(self, place: Place) -> tuple[int | None, int | None]:
        """When a quote is said, in milliseconds; None without times."""
        return quote_ms(
            self.said(place.turn).row,
            self.word_times,
            start_char=place.start_char,
            end_char=place.end_char,
        )

    def quote(self, place: Place) -> str:
        """The words of a quote."""
        text: str = self.said(place.turn).row["text"]
        return text[place.start_char : place.end_char]


def scene_of(
    *, transcribe: pl.DataFrame, turns: pl.DataFrame, tactics: pl.DataFrame, offers: pl.DataFrame
) -> Scene:
    """The scene of a call's WORDS, TURNS, TACTICS and OFFERS.

    Backchannels take no floor. Nor does a stray word or two that say nothing, in the middle of
    another's sentence: recognisers hear them in noise.
    """
    tags, lines = _by_turn(tactics), _by_turn(offers)
    floor = [
        Said(row=row, tags=tags.get(row["turn"], ()), lines=lines.get(row["turn"], ()))
        for row in turns.filter(pl.col("kind") == TURN).iter_rows(named=True)
    ]
    kept = [said for at, said in enumerate(floor) if not _is_stray(floor, at)]
    known: set[str] = set()
    stretches = []
    for place, (speaker, group) in enumerate(groupby(kept, key=lambda said: said.row["speaker"])):
        own = tuple(group)
        stems = {stem for said in own for stem in content_stems(said.words)}
        stretches.append(
            Stretch(place=place, speaker=speaker, turns=own, new_words=len(stems - known))
        )
        known |= stems
    return Scene(
        stretches=tuple(stretches),
        word_times=transcribe.select("start_ms", "end_ms", "text").rows(),
    )


def _by_turn(frame: pl.DataFrame) -> dict[int, tuple[Row, ...]]:
    found: dict[int, tuple[Row, ...]] = {}
    for row in frame.iter_rows(named=True):
        found[row["turn"]] = (*found.get(row["turn"], ()), row)
    return found


def _is_stray(floor: Sequence[Said], at: int) -> bool:
    """Whether a turn is a word or two with nothing found in them, amid another's sentence."""
    said = floor[at]
    if not 0 < at < len(floor) - 1 or said.tags or said.lines or len(said.words) > _STRAY_WORDS:
        return False
    before, after = floor[at - 1].row, floor[at + 1].row
    goes_on = not before["text"].rstrip().endswith((".", "?", "!"))
    return bool(before["speaker"] == after["speaker"] != said.row["speaker"]) and goes_on
