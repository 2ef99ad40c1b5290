"""A transcript that people bring, in the place of what would be heard.

`run` reads the file once; `words`, `speech` and `turns` make the records of it that all later
stages take. Nothing here knows when anybody spoke: what captions say of times is when they are
to be shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.errors import InputError
from pipeline.records import BACKCHANNEL, SPEECH, TURN, TURNS, WORDS
from pipeline.transcripts.formats import read_transcript
from pipeline.transcripts.language import language_of_text
from pipeline.transcripts.lines import MAX_CHARS_AT_ONCE, MAX_TURNS_AT_ONCE, Line, Refused

MAX_SPEAKERS = 100
"""More is no call, but a text in which something else stands before colons."""
MAX_NAME_CHARS = 200
MAX_REASONS = 20
"""Unreadable lines are named up to here, and counted beyond."""
_MAX_MS = 2**32 - 1
_BACKCHANNEL_MARK = " (backchannel)"
"""Behind a name in Parley's own transcript.txt."""
_WORD = re.compile(r"\S+(?:\s+[^\w\s]+(?!\S))*")
"""Blanks divide words; dashes and dots that stand alone go with the word before them."""

Turn = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptConfig:
    """The ending of the file's name, which says how it is read; the plan fills it in."""

    format: str = ""


def run(*, recording: Path, config: TranscriptConfig) -> dict[str, Any]:
    """What a transcript holds, as plain data.

    `speakers` are names in order of first turn: the first is S1. `turns` have `speaker` (an id),
    `text`, `kind`, `start_ms` and `end_ms` (null without times); what one speaker says without
    another between is one turn. `unread` names the first lines that cannot be read, with
    `reason`, and `unread_count` counts them all. Raises InputError where there is no turn, more
    than one dialogue, or too much for one call.
    """
    lines, unread = _read(recording)
    if not lines:
        raise InputError(_nothing_in(recording, unread))
    _check_one_call(recording, lines)
    speakers = list(dict.fromkeys(line.speaker for line in lines))
    timed = _are_times_usable(lines)
    ids = {name: f"S{number}" for number, name in enumerate(speakers, start=1)}
    turns = _joined([_turn(line, ids, timed=timed) for line in lines])
    return {
        "format": config.format,
        "speakers": speakers,
        "language": language_of_text(turn["text"] for turn in turns),
        "timed": timed,
        "times_left_out": not timed and any(line.start_s is not None for line in lines),
        "turns": turns,
        "unread": [{"line": one.number, "reason": one.reason} for one in unread[:MAX_REASONS]],
        "unread_count": len(unread),
    }


def _read(path: Path) -> tuple[list[Line], list[Refused]]:
    """The lines in which something is said, with tidy texts and names, and those unreadable."""
    lines: list[Line] = []
    unread: list[Refused] = []
    chars = 0
    for line in read_transcript(path):
        tidy = line if isinstance(line, Refused) else _tidy(line)
        if isinstance(tidy, Refused):
            # only the first are told; a place holder counts the others in little memory
            unread.append(tidy if len(unread) < MAX_REASONS else unread[0])
            continue
        if tidy.text:
            lines.append(tidy)
            chars += len(tidy.text)
        if len(lines) > MAX_TURNS_AT_ONCE or chars > MAX_CHARS_AT_ONCE:
            raise InputError(
                f"{path}: longer than {MAX_TURNS_AT_ONCE} turns or {MAX_CHARS_AT_ONCE} characters, "
                "which is no single call; divide it, or tag it with `parley tag`"
            )
    return lines, unread


def _tidy(line: Line) -> Line | Refused:
    """A line whose text and speaker have single blanks, and no halves of characters."""
    marked = _single_blanks(line.speaker)
    speaker = marked.removesuffix(_BACKCHANNEL_MARK)
    kind = BACKCHANNEL if speaker != marked else line.given.get("kind")
    if not speaker or len(speaker) > MAX_NAME_CHARS:
        reason = f'"speaker" is longer than {MAX_NAME_CHARS} characters, or no name'
        return Refused(number=line.number, reason=reason)
    return Line(
        number=line.number,
        dialogue=line.dialogue,
        turn=line.turn,
        speaker=speaker,
        text=_single_blanks(line.text),
        start_s=line.start_s,
        end_s=line.end_s,
        given={"kind": kind},
    )


def _single_blanks(text: str) -> str:
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _nothing_in(path: Path, unread: Sequence[Refused]) -> str:
    """Why there is nothing to report on, with the first reasons."""
    if not unread:
        return f"{path}: nobody says anything in this transcript; is it the right file?"
    shown = "; ".join(f"line {one.number}: {one.reason}" for one in unread[:3])
    more = f"; and {len(unread) - 3} more" if len(unread) > 3 else ""
    nameless = any(one.reason == '"speaker" is missing' for one in unread)
    hint = "; a turn needs a name before it, as in “Ana: …”" if nameless else ""
    return f"{path}: no turn can be read in this transcript: {shown}{more}{hint}"


def _check_one_call(path: Path, lines: Sequence[Line]) -> None:
    """One dialogue, and as many speakers as a call may have. Raises InputError."""
    dialogues = len({line.dialogue for line in lines})
    if dialogues > 1:
        raise InputError(
            f"{path}: holds {dialogues} dialogues, and a report is about one; write each to a "
            "file of its own, or tag them all with `parley tag`"
        )
    if len({line.speaker for line in lines}) > MAX_SPEAKERS:
        raise InputError(
            f"{path}: more than {MAX_SPEAKERS} different speakers, which is no call; what stands "
            "before a colon is read as a name"
        )


def _are_times_usable(lines: Sequence[Line]) -> bool:
    """Whether every line has a time, none of them earlier than the one before."""
    starts_s = [line.start_s for line in lines]
    ends_s = [line.end_s or 0.0 for line in lines]
    known = [start_s for start_s in starts_s if start_s is not None]
    in_order = all(one <= other for one, other in pairwise(known))
    within = max((*known, *ends_s), default=0.0) * 1000 <= _MAX_MS
    return len(known) == len(starts_s) and in_order and within


def _turn(line: Line, ids: Mapping[str, str], *, timed: bool) -> Turn:
    return {
        "speaker": ids[line.speaker],
        "text": line.text,
        "kind": BACKCHANNEL if line.given["kind"] == BACKCHANNEL else TURN,
        "start_ms": _ms(line.start_s) if timed else None,
        "end_ms": _ms(line.end_s) if timed else None,
    }


def _ms(time_s: float | None) -> int | None:
    return None if time_s is None else round(time_s * 1000)


def _joined(turns: Iterable[Turn]) -> list[Turn]:
    """Turns that follow each other by one speaker as one: captions cut them to fit a screen."""
    parts: list[list[Turn]] = []
    for turn in turns:
        last = parts[-1][-1] if parts else None
        if last and (last["speaker"], last["kind"]) == (turn["speaker"], turn["kind"]):
            parts[-1].append(turn)
        else:
            parts.append([turn])
    return [
        {**part[0], "text": " ".join(one["text"] for one in part), "end_ms": _latest_ms(part)}
        for part in parts
    ]


def _latest_ms(part: Sequence[Turn]) -> int | None:
    """The latest end; not known where one is not."""
    ends = [one["end_ms"] for one in part]
    return None if None in ends else max(ends)


# --- the records that later stages take


def words_of(text: str) -> list[str]:
    """The words of a text that has single blanks; joined by blanks they are the text."""
    return _WORD.findall(text)


def words(*, transcript: Mapping[str, Any], config: TranscriptConfig) -> pl.DataFrame:
    """Every word, schema WORDS, without times and beyond doubt."""
    del config
    texts = [word for turn in transcript["turns"] for word in words_of(turn["text"])]
    return pl.DataFrame({"word": range(len(texts)), "text": texts}).select(
        pl.col("word"),
        pl.lit(None).alias("start_ms"),
        pl.lit(None).alias("end_ms"),
        pl.col("text"),
        pl.lit(1.0).alias("probability"),
        pl.lit(0).alias("track"),
        pl.lit(transcript["language"]).alias("language"),
        pl.lit("").alias("doubt"),
    ).cast(WORDS)  # fmt: skip


def speech(*, transcript: Mapping[str, Any], config: TranscriptConfig) -> pl.DataFrame:
    """The speech map, schema SPEECH: empty, since nobody was heard."""
    del transcript, config
    return pl.DataFrame(schema=SPEECH)


def turns(*, transcript: Mapping[str, Any], config: TranscriptConfig) -> pl.DataFrame:
    """The turns, schema TURNS, over `words`; no overlap is known."""
    del config
    rows, count = [], 0
    for number, turn in enumerate(transcript["turns"]):
        first, count = count, count + len(words_of(turn["text"]))
        rows.append({**turn, "turn": number, "words": range(first, count), "overlap_ms": None})
    return pl.DataFrame([{key: row[key] for key in TURNS} for row in rows], schema=TURNS)
