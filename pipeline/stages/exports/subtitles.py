"""The transcript for readers and players: plain text, SubRip and WebVTT."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    """What stands on the screen from `start_ms` to `end_ms`; never an empty time."""

    speaker: str
    text: str
    start_ms: int
    end_ms: int


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
        f"{f'{cue.speaker}: {cue.text}'.translate(_SRT_HARMLESS)}\n\n"
        for number, cue in enumerate(cues, start=1)
    )


def vtt(cues: Sequence[Cue]) -> str:
    """WebVTT, the speaker as a voice tag."""
    return "WEBVTT\n\n" + "".join(
        f"{_timing(cue, point='.')}\n<v {_escaped(cue.speaker)}>{_escaped(cue.text)}</v>\n\n"
        for cue in cues
    )


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def cues(report: Mapping[str, Any], *, turns: pl.DataFrame, words: pl.DataFrame) -> tuple[Cue, ...]:
    """The turns cut at word times into pieces that fit a screen, in order of start."""
    by_id = {row["word"]: row for row in words.iter_rows(named=True)}
    shown = names(report)
    pieces = [
        _cue(piece, speaker=shown.get(row["speaker"], row["speaker"]))
        for row in turns.iter_rows(named=True)
        for piece in pieces_of(_words(row, by_id=by_id))
    ]
    return tuple(sorted(pieces, key=lambda cue: (cue.start_ms, cue.end_ms)))


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


def _cue(run: Sequence[Word], *, speaker: str) -> Cue:
    start = run[0].start_ms
    return Cue(
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
