"""Praat's TextGrid, in its long form: tiers of turns, words and tactics for each speaker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.stages.exports.call import Call
from pipeline.stages.exports.naming import unlike
from pipeline.stages.exports.tiers import (
    Interval,
    Voice,
    joined,
    layers,
    length_ms,
    tiled,
    voices,
)


def textgrid(call: Call) -> str:
    """The call, whose turns have times, as a TextGrid.

    A tier holds no overlaps. Turns or words of one speaker that overlap go to a further tier;
    tactics that do are cut where one begins or ends, their names joined by "; ".
    """
    among = voices(call)
    end_ms = length_ms(call, among=among)
    tiers = _named(among) or {"turns": ()}
    head = (
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
        f"xmin = 0 \nxmax = {_seconds(end_ms)} \n"
        f"tiers? <exists> \nsize = {len(tiers)} \nitem []: \n"
    )
    numbered = enumerate(tiers.items(), start=1)
    return head + "".join(
        f"    item [{number}]:\n{_tier(name, tiled(intervals, end_ms=end_ms), end_ms=end_ms)}"
        for number, (name, intervals) in numbered
    )


def _named(among: Sequence[Voice]) -> dict[str, tuple[Interval, ...]]:
    """All tiers by a name of their own."""
    tiers: dict[str, tuple[Interval, ...]] = {}
    for voice in among:
        for name, intervals in _tiers_of(voice):
            tiers[unlike(name, taken=tiers)] = intervals
    return tiers


def _tiers_of(voice: Voice) -> Iterator[tuple[str, tuple[Interval, ...]]]:
    yield from ((voice.name, layer) for layer in layers(voice.turns))
    if voice.words:
        yield from ((f"{voice.name} words", layer) for layer in layers(voice.words))
    yield f"{voice.name} tactics", joined(voice.tactics)


def _tier(name: str, intervals: Sequence[Interval], *, end_ms: int) -> str:
    head = (
        f'        class = "IntervalTier" \n        name = "{_quoted(name)}" \n'
        f"        xmin = 0 \n        xmax = {_seconds(end_ms)} \n"
        f"        intervals: size = {len(intervals)} \n"
    )
    return head + "".join(
        f"        intervals [{number}]:\n"
        f"            xmin = {_seconds(one.start_ms)} \n"
        f"            xmax = {_seconds(one.end_ms)} \n"
        f'            text = "{_quoted(one.label)}" \n'
        for number, one in enumerate(intervals, start=1)
    )


def _quoted(text: str) -> str:
    return text.replace('"', '""')


def _seconds(time_ms: int) -> str:
    """The shortest way to write it, as Praat does: 0, 1.5."""
    return f"{time_ms / 1000:.3f}".rstrip("0").rstrip(".")
