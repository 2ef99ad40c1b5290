"""Each format that transcripts come in, read line by line where the format allows it."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.transcripts.captions import CLOCK, clock_s, subtitle_rows, text_rows
from pipeline.transcripts.lines import (
    MAX_TEXT_CHARS,
    Line,
    Refused,
    Row,
    check_file,
    numbered,
    opened,
    text_lines,
)

_MAX_REPORT_CHARS = 200 * 1024 * 1024
"""A report is read whole: far above any call, far below what fills a machine."""
_MAX_DIGITS = 1000
_COLUMNS = {
    "speaker": ("speaker", "name", "who", "speaker_name", "speaker name"),
    "text": ("text", "transcript", "utterance", "sentence", "content", "words"),
    "start_s": ("start_s", "start", "start_time", "start (s)", "begin"),
    "end_s": ("end_s", "end", "end_time", "end (s)"),
    "turn": ("turn",),
    "dialogue": ("dialogue", "dialog", "conversation", "call", "recording"),
}


def read_transcript(path: Path) -> Iterator[Line | Refused]:
    """The turns of a transcript, by the ending of its name; unreadable lines with their reason.

    .jsonl, .ndjson: an object a line. .txt: "Ana: …" a line. .srt, .vtt: subtitles, the speaker
    as a voice tag or before a colon. .csv, .tsv: a header with speaker and text. .json: Parley's
    own report.json. Raises InputError for a file that cannot be read, or is of no such kind.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(READERS)
        raise InputError(f"{path}: not a transcript that can be read; known endings: {known}")
    check_file(path)
    return numbered(reader(path))


# --- JSON


def _json_lines(path: Path) -> Iterator[Row]:
    """An object a line. Numbers too large and structures too deep are refused like the rest."""
    with opened(path) as file:
        for number, raw in text_lines(file):
            if not raw.strip():
                continue
            try:
                yield number, _DECODER.decode(raw.rstrip())
            except (ValueError, RecursionError) as err:
                yield Refused(number=number, reason=f"not JSON: {_why(err)}")


def _why(err: Exception) -> str:
    if isinstance(err, json.JSONDecodeError):
        return f"{err.msg.removesuffix(' at')}, at character {err.pos + 1}"
    return "nested too deeply" if isinstance(err, RecursionError) else str(err)


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number has more than {_MAX_DIGITS} digits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_finite, parse_constant=_constant)


# --- tables


def _table_rows(path: Path) -> Iterator[Row]:
    csv.field_size_limit(MAX_TEXT_CHARS)  # 131,072 by itself, less than a very long turn
    with opened(path) as file:
        lines = (raw for _, raw in text_lines(file))
        first = next(lines, "")
        delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",", ";", "\t", key=first.count)
        cells = _cells(csv.reader(chain([first], lines), delimiter=delimiter, strict=True))
        head = next(cells, None)
        names = [] if head is None or isinstance(head, Refused) else [n.strip() for n in head[1]]
        columns = _columns([name.lower() for name in names])
        missing = [key for key in ("speaker", "text") if key not in columns]
        if missing:
            wanted = " and ".join(f'"{key}"' for key in missing)
            raise InputError(f"{path}: its first line must name a column {wanted}")
        for row in cells:
            yield row if isinstance(row, Refused) else _table_row(*row, names, columns)


def _cells(reader: Any) -> Iterator[tuple[int, list[str]] | Refused]:
    """The rows that are not empty, each with the number of its first line."""
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as err:
            yield Refused(number=number, reason=f"not a row: {err}")
            continue
        if row:
            yield number, row


def _columns(names: Sequence[str]) -> dict[str, int]:
    """The place of each column that we know, by its name."""
    return {
        key: names.index(next(name for name in known if name in names))
        for key, known in _COLUMNS.items()
        if not set(known).isdisjoint(names)
    }


def _table_row(
    number: int, cells: Sequence[str], names: Sequence[str], columns: Mapping[str, int]
) -> Row:
    """A row under our names for the columns we know, numbers as such; empty cells are left out."""
    if any(cells[len(names) :]):
        reason = "more cells than the first line names; text with the separator needs quotes"
        return Refused(number=number, reason=reason)
    ours = {place: key for key, place in columns.items()}
    found: dict[str, object] = {
        ours.get(at, names[at]): cell
        for at, cell in enumerate(cells[: len(names)])
        if cell or ours.get(at) == "text"
    }
    numbers = {
        key: _cell_number(found[key]) for key in ("start_s", "end_s", "turn") if key in found
    }
    return number, found | numbers


def _cell_number(cell: object) -> object:
    """A number, or the seconds of "1:02:03.5"; anything else as it is."""
    clock = CLOCK.fullmatch(str(cell).strip())
    try:
        number = clock_s(clock) if clock else _finite(str(cell))
    except ValueError:
        return cell
    return int(number) if number.is_integer() else number


# --- our own report


def _report_rows(path: Path) -> Iterator[Row]:
    with opened(path) as file:
        text = file.read(_MAX_REPORT_CHARS + 1)
    if len(text) > _MAX_REPORT_CHARS:
        raise InputError(f"{path}: too large for a report.json")
    try:
        data = _DECODER.decode(text)
        names = {item["id"]: item.get("name") or item["id"] for item in data["speakers"]}
        if len(set(names.values())) < len(names):  # two of one name stay two
            names = {speaker: speaker for speaker in names}
        turns = [_report_turn(turn, names) for turn in data["turns"]]
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError) as err:
        raise InputError(f"{path}: not a report.json of Parley") from err
    yield from enumerate(turns, start=1)


def _report_turn(turn: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, object]:
    found = {key: turn[key] for key in ("text", "start_s", "end_s", "kind")}
    return {"turn": turn["index"], "speaker": names[turn["speaker"]], **found}


READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".txt": text_rows,
    ".srt": subtitle_rows,
    ".vtt": subtitle_rows,
    ".csv": _table_rows,
    ".tsv": _table_rows,
    ".json": _report_rows,
}
