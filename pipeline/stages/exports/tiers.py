"""A call as tiers of intervals, as annotation tools (Praat, ELAN) have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pipeline.stages.exports.call import Call
from pipeline.stages.exports.naming import labels, plain_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A label on a stretch of time, at least 1 ms of it: no tool takes an empty one."""

    start_ms: int
    end_ms: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What one speaker says: turns, words (none where they have no times) and tags, in order.

    `name` is short, on one line, and nobody else's.
    """

    id: str
    name: str
    turns: tuple[Interval, ...]
    words: tuple[Interval, ...]
    tactics: tuple[Interval, ...]


def voices(call: Call) -> tuple[Voice, ...]:
    """Every speaker of a call whose turns have times; tags without times have their turn's."""
    turns = list(call.turns.iter_rows(named=True))
    by_word = {row["word"]: row for row in call.words.iter_rows(named=True)}
    spans = {row["turn"]: (row["start_ms"], row["end_ms"]) for row in turns}
    return tuple(
        Voice(
            id=speaker,
            name=name,
            turns=_sorted(_interval(row, label=row["text"]) for row in _of(turns, speaker)),
            words=_sorted(_words(_of(turns, speaker), by_word=by_word)),
            tactics=_sorted(
                _tag(tag, span=spans[tag["turn"]]) for tag in _of(call.report["tactics"], speaker)
            ),
        )
        for speaker, name in labels(call.report, speakers=call.speakers).items()
    )


def _of(rows: Iterable[Mapping[str, Any]], speaker: str) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["speaker"] == speaker]


def _words(
    turns: Iterable[Mapping[str, Any]], *, by_word: Mapping[int, Mapping[str, Any]]
) -> Iterator[Interval]:
    """The words of turns that have times and letters."""
    rows = (by_word[word] for turn in turns for word in turn["words"] if word in by_word)
    for row in rows:
        if row["start_ms"] is not None and row["text"].strip():
            yield _interval(row, label=row["text"])


def _tag(tag: Mapping[str, Any], *, span: tuple[int, int]) -> Interval:
    start_s, end_s = tag["start_s"], tag["end_s"]
    known = start_s is not None and end_s is not None
    start_ms, end_ms = (round(start_s * 1000), round(end_s * 1000)) if known else span
    return _interval({"start_ms": start_ms, "end_ms": end_ms}, label=tag["tactic"])


def _interval(row: Mapping[str, Any], *, label: str) -> Interval:
    start_ms = max(0, row["start_ms"])
    return Interval(
        start_ms=start_ms, end_ms=max(row["end_ms"], start_ms + 1), label=plain_line(label)
    )


def _sorted(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    return tuple(sorted(intervals, key=lambda one: (one.start_ms, one.end_ms, one.label)))


def layers(intervals: Sequence[Interval]) -> tuple[tuple[Interval, ...], ...]:
    """The intervals, sorted by start, in as few layers as can be without overlaps in one.

    No time is changed and nothing is lost; where nothing overlaps there is one layer, also
    without any interval.
    """
    found: list[list[Interval]] = [[]]
    for one in intervals:
        free = (layer for layer in found if not layer or layer[-1].end_ms <= one.start_ms)
        layer = next(free, None)
        if layer is None:
            found.append([one])
        else:
            layer.append(one)
    return tuple(map(tuple, found))


def joined(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """The intervals cut wherever one begins or ends, labels of the same time joined by "; "."""
    starts: dict[int, list[str]] = {}
    ends: dict[int, list[str]] = {}
    for one in intervals:
        starts.setdefault(one.start_ms, []).append(one.label)
        ends.setdefault(one.end_ms, []).append(one.label)
    open_now: list[str] = []
    pieces = []
    for start_ms, end_ms in pairwise(sorted({*starts, *ends})):
        for label in ends.get(start_ms, ()):
            open_now.remove(label)
        open_now.extend(starts.get(start_ms, ()))
        if open_now:
            together = "; ".join(dict.fromkeys(open_now))
            pieces.append(Interval(start_ms=start_ms, end_ms=end_ms, label=together))
    return tuple(pieces)


def tiled(intervals: Sequence[Interval], *, end_ms: int) -> tuple[Interval, ...]:
    """The intervals, which do not overlap, with empty ones between, from 0 to `end_ms`."""
    tiles, last_ms = [], 0
    for one in intervals:
        if one.start_ms > last_ms:
            tiles.append(Interval(start_ms=last_ms, end_ms=one.start_ms, label=""))
        tiles.append(one)
        last_ms = one.end_ms
    if last_ms < end_ms:
        tiles.append(Interval(start_ms=last_ms, end_ms=end_ms, label=""))
    return tuple(tiles)


def length_ms(call: Call, *, among: Sequence[Voice]) -> int:
    """How long all tiers are: the recording, or what is said where that ends later."""
    duration_s = call.report["recording"]["duration_s"] or 0
    ends = (
        one.end_ms
        for voice in among
        for kind in (voice.turns, voice.words, voice.tactics)
        for one in kind
    )
    return max(round(duration_s * 1000), *ends, 1)
