"""The transcript for readers and players: plain text, SubRip and WebVTT."""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from pipeline.stages.exports.naming import names, one_line

CUE_CHARACTERS, CUE_MS = 84, 7_000
_SRT_HARMLESS = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word with its time."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """What stands on the screen from `start_ms` to `end_ms`; never an empty time.

    `tags` are tactics that end in it, as (id, name); without any, only words are shown.
    """

    turn: int
    speaker: str
    text: str
    start_ms: int
    end_ms: int
    tags: tuple[tuple[str, str], ...] = ()


def plain_text(report: Mapping[str, Any], *, turns: pl.DataFrame) -> str:
    """One line a turn: time where there is one, speaker, words."""
    shown = names(report)
    return "".join(
        f"{_stamped(row['start_ms'])}{shown.get(row['speaker'], row['speaker'])}"
        f"{' (backchannel)' if row['kind'] == 'backchannel' else ''}: {one_line(row['text'])}\n"
        for row in turns.sort("start_ms", "turn").iter_rows(named=True)
    )


def srt(cues: Sequence[Cue]) -> str:
    """SubRip. Its players read `<…>` and `{…}` as styling and it has no escapes: look-alikes
    take their place."""
    return "".join(
        f"{number}\n{_timing(cue, point=',')}\n"
        f"{f'{cue.speaker}: {cue.text}{_bracketed(cue)}'.translate(_SRT_HARMLESS)}\n\n"
        for number, cue in enumerate(cues, start=1)
    )


def vtt(cues: Sequence[Cue]) -> str:
    """WebVTT, the speaker as a voice tag; tactics in a line of class `tactic` and their ids."""
    return "WEBVTT\n\n" + "".join(
        f"{_timing(cue, point='.')}\n<v {_escaped(cue.speaker)}>{_escaped(cue.text)}</v>"
        f"{_classed(cue)}\n\n"
        for cue in cues
    )


def _bracketed(cue: Cue) -> str:
    """The tactics as a line of their own, for players that know no styles."""
    return f"\n[{', '.join(name for _, name in cue.tags)}]" if cue.tags else ""


def _classed(cue: Cue) -> str:
    classes = ".".join(re.sub(r"\W", "_", tactic, flags=re.ASCII) for tactic, _ in cue.tags)
    return f"\n<c.tactic.{classes}>{_escaped(_bracketed(cue)[1:])}</c>" if cue.tags else ""


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def cues(report: Mapping[str, Any], *, turns: pl.DataFrame, words: pl.DataFrame) -> tuple[Cue, ...]:
    """The turns cut at word times into pieces that fit a screen, in order of start."""
    by_id = {row["word"]: row for row in words.iter_rows(named=True)}
    shown = names(report)
    pieces = [
        _cue(piece, turn=row["turn"], speaker=shown.get(row["speaker"], row["speaker"]))
        for row in turns.iter_rows(named=True)
        for piece in pieces_of(_words(row, by_id=by_id))
    ]
    return tuple(sorted(pieces, key=lambda cue: (cue.start_ms, cue.end_ms)))


def tagged(cues: Sequence[Cue], *, report: Mapping[str, Any]) -> tuple[Cue, ...]:
    """The cues, each tag of the report noted on that cue of its turn in which its quote ends.

    A tag of a turn of which nothing is shown, since it has no letters, is left out.
    """
    in_turn: dict[int, list[int]] = {}
    for place, cue in enumerate(cues):
        in_turn.setdefault(cue.turn, []).append(place)
    shown = {one["tactic"]: one_line(one["name"]) for one in report["codebook"]}
    tags: dict[int, dict[str, str]] = {}
    for tag in report["tactics"]:
        if places := in_turn.get(tag["turn"]):
            tactic = one_line(tag["tactic"])
            at = _place(tag["end_s"], [cues[place].end_ms for place in places])
            tags.setdefault(places[at], {})[tactic] = shown.get(tactic) or tactic
    return tuple(
        replace(cue, tags=tuple(tags.get(place, {}).items())) for place, cue in enumerate(cues)
    )


def _place(end_s: float | None, cue_ends_ms: Sequence[int]) -> int:
    """Which of a turn's cues, in order of end, a tag ends in: the last where nobody knows."""
    last = len(cue_ends_ms) - 1
    return last if end_s is None else min(bisect_left(cue_ends_ms, round(end_s * 1000)), last)


def _words(turn: Mapping[str, Any], *, by_id: Mapping[int, Mapping[str, Any]]) -> list[Word]:
    """The turn's words that have letters; the whole turn as one where they have no times."""
    known = [by_id[number] for number in turn["words"] if number in by_id]
    rows = known if known and known[0]["start_ms"] is not None else [turn]
    timed = (
        Word(text=one_line(row["text"]), start_ms=row["start_ms"], end_ms=row["end_ms"])
        for row in rows
    )
    return [word for word in timed if word.text]


def pieces_of(words: Iterable[Word]) -> Iterator[tuple[Word, ...]]:
    """The words in runs of at most CUE_CHARACTERS and CUE_MS; a longer word stands alone."""
    run: tuple[Word, ...] = ()
    for word in words:
        if run and not _fits((*run, word)):
            yield run
            run = ()
        run = (*run, word)
    if run:
        yield run


def _fits(run: Sequence[Word]) -> bool:
    """Whether the run may be one cue."""
    length = sum(len(word.text) + 1 for word in run) - 1
    return length <= CUE_CHARACTERS and run[-1].end_ms - run[0].start_ms <= CUE_MS


def _cue(run: Sequence[Word], *, turn: int, speaker: str) -> Cue:
    start = run[0].start_ms
    return Cue(
        turn=turn,
        speaker=speaker,
        text=" ".join(word.text for word in run),
        start_ms=start,
        end_ms=max(run[-1].end_ms, start + 1),
    )


def _timing(cue: Cue, *, point: str) -> str:
    return f"{_stamp(cue.start_ms, point=point)} --> {_stamp(cue.end_ms, point=point)}"


def _stamp(time_ms: int, *, point: str) -> str:
    """hh:mm:ss, the decimal point of the format, and milliseconds."""
    seconds, millisecond = divmod(time_ms, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{point}{millisecond:03}"


def _stamped(time_ms: int | None) -> str:
    return "" if time_ms is None else f"[{_clock(time_ms)}] "


def _clock(time_ms: int) -> str:
    """mm:ss, or h:mm:ss from an hour on."""
    minutes, second = divmod(time_ms // 1000, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute:02}:{second:02}"
