"""A call as replies are read from it: turns with their tags, and who answers whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.floor import Turn, takers
from pipeline.quotes import WordTimes, quote_ms
from pipeline.records import TURN
from pipeline.tactics.codebook import Tag
from pipeline.tactics.empathy import content_by_stem
from pipeline.tactics.text import Passage, read_passage, words

QUESTIONS = ("open_question", "closed_question")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A turn; times are null where the call has none.

    `words` are ids of WORDS. `new_words` are its different content words that nobody in the call
    had said before, backchannels included.
    """

    number: int
    speaker: str
    start_ms: int | None
    end_ms: int | None
    text: str
    words: tuple[int, ...]
    passage: Passage
    new_words: tuple[str, ...]
    tags: tuple[Tag, ...]

    @property
    def tactics(self) -> frozenset[str]:
        """The ids of its tags."""
        return frozenset(tag.tactic for tag in self.tags)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The turns of a call by start, backchannels left out, and the reply to each that got one.

    `heard`: there is a speech map, and times are those of speech. `times` has those of
    every word; `line_count` counts the backchannels too, `end_ms` is when the last ends.
    """

    turns: tuple[Said, ...]
    replies: Mapping[int, Said]
    heard: bool
    times: WordTimes
    line_count: int
    end_ms: int

    @property
    def speakers(self) -> tuple[str, ...]:
        """Who takes a turn, by the first one."""
        return tuple(dict.fromkeys(said.speaker for said in self.turns))

    def quote(self, said: Said, start_char: int, end_char: int) -> dict[str, Any]:
        """A quote as report.json has it."""
        turn = {"words": said.words, "start_ms": said.start_ms, "end_ms": said.end_ms}
        start_ms, _ = quote_ms(turn, self.times, start_char=start_char, end_char=end_char)
        return {
            "turn": said.number,
            "speaker": said.speaker,
            "start_s": seconds(start_ms),
            "quote": said.text[start_char:end_char],
            "start_char": start_char,
            "end_char": end_char,
        }


def seconds(time_ms: int | None) -> float | None:
    """Milliseconds as seconds; None where a time is not known."""
    return None if time_ms is None else time_ms / 1000


def read_call(
    *, speech: pl.DataFrame, words: pl.DataFrame, turns: pl.DataFrame, tactics: pl.DataFrame
) -> Call:
    """The call that the frames SPEECH, WORDS, TURNS and TACTICS hold."""
    heard = not speech.is_empty()
    said = _said(turns, tactics)
    return Call(
        turns=tuple(said),
        replies=_replies(said, taking=_taking(said) if heard else {one.number for one in said}),
        heard=heard,
        times=words.select("start_ms", "end_ms", "text").rows(),
        line_count=turns.height,
        end_ms=max(turns["end_ms"].drop_nulls(), default=0),
    )


def _said(turns: pl.DataFrame, tactics: pl.DataFrame) -> list[Said]:
    tags: dict[int, list[Tag]] = {}
    for row in tactics.iter_rows(named=True):
        tags.setdefault(row["turn"], []).append(Tag(**row))
    known: set[str] = set()
    found = []
    for row in turns.iter_rows(named=True):
        passage = read_passage(row["text"])
        content = content_by_stem(words(passage.clean))
        new_words = tuple(word for stem, word in content.items() if stem not in known)
        known.update(content)
        if row["kind"] == TURN:
            found.append(
                Said(
                    number=row["turn"],
                    speaker=row["speaker"],
                    start_ms=row["start_ms"],
                    end_ms=row["end_ms"],
                    text=row["text"],
                    words=tuple(row["words"]),
                    passage=passage,
                    new_words=new_words,
                    tags=tuple(tags.get(row["turn"], ())),
                )
            )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timed(Turn):
    """A turn as far as time goes, with its number."""

    number: int


def _taking(turns: Sequence[Said]) -> set[int]:
    """The numbers of the turns that take the floor, by the rule of the metrics."""
    timed = [
        _Timed(
            speaker=said.speaker,
            start_ms=said.start_ms or 0,
            end_ms=said.end_ms or 0,
            number=said.number,
        )
        for said in turns
    ]
    return {turn.number for turn in takers(timed)}


def _replies(turns: Sequence[Said], *, taking: set[int]) -> dict[int, Said]:
    """By turn who takes the floor next, where that is somebody else."""
    found: dict[int, Said] = {}
    following: Said | None = None
    for said in reversed(turns):
        if following and following.speaker != said.speaker:
            found[said.number] = following
        if said.number in taking:
            following = said
    return found
