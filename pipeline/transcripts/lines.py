"""A line of a transcript as a turn, or as the reason why it is none; and what all formats share."""

from __future__ import annotations

import codecs
import contextlib
import math
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from pipeline.errors import InputError

MAX_TEXT_CHARS = 1_000_000
"""A longer turn is refused: 150,000 words, a day of speech."""
MAX_TURNS_AT_ONCE, MAX_CHARS_AT_ONCE = 20_000, 4_000_000
"""A longer dialogue is read in parts of at most this size, so that memory stays bounded."""
_MAX_LINE_CHARS = 8 * MAX_TEXT_CHARS
_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A turn of a transcript; `number` is its line in the file.

    `given` is what the line held, handed through to the output. Times are in seconds, None where
    the transcript has none.
    """

    number: int
    dialogue: str
    turn: int
    speaker: str
    text: str
    start_s: float | None = None
    end_s: float | None = None
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A line that could not be read, and why; the reason never holds what was said."""

    number: int
    reason: str


Row = tuple[int, object] | Refused
"""The line's number and what it holds, not checked yet."""


# --- the file as text


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[str]]:
    """The file as text: UTF-8, or UTF-16 and UTF-32 where its first bytes say so.

    Bytes that are not UTF-8 are read as Windows-1252, which spreadsheets still save, so that
    "£" and "’" stay what they are. Raises InputError.
    """
    encoding = check_file(path)
    errors = "windows-1252" if encoding == "utf-8-sig" else "replace"
    try:
        with path.open(encoding=encoding, errors=errors, newline="") as file:
            yield file
    except OSError as err:
        raise InputError(f"{path}: cannot be read: {err.strerror}") from err


def check_file(path: Path) -> str:
    """The encoding of a file that can be read. Raises InputError for any other."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{path}: a folder or a device, not a file")
        with path.open("rb") as raw:
            head = raw.read(4)
    except OSError as err:
        raise InputError(f"{path}: cannot be read: {err.strerror}") from err
    return next((name for mark, name in _BOMS.items() if head.startswith(mark)), "utf-8-sig")


def _as_windows_1252(err: UnicodeError) -> tuple[str, int]:
    if not isinstance(err, UnicodeDecodeError):
        raise err
    return err.object[err.start : err.end].decode("windows-1252", "replace"), err.end


codecs.register_error("windows-1252", _as_windows_1252)


def text_lines(file: IO[str]) -> Iterator[tuple[int, str]]:
    """Each line with its number; what a line has beyond eight million characters is left out."""
    number = 0
    while raw := file.readline(_MAX_LINE_CHARS):
        number += 1
        yield number, raw
        while len(raw) == _MAX_LINE_CHARS and raw[-1] not in "\r\n":
            raw = file.readline(_MAX_LINE_CHARS)


# --- rows as turns


def numbered(rows: Iterable[Row]) -> Iterator[Line | Refused]:
    """Rows as lines; a turn without a number gets the next one of its dialogue."""
    dialogue, turn = "", 0
    for row in rows:
        if isinstance(row, Refused):
            yield row
            continue
        number, data = row
        try:
            at = _name(_object(data), "dialogue")
            dialogue, turn = at, (turn if at == dialogue else 0)
            line = line_of(data, number=number, turn=turn)
        except InputError as err:
            yield Refused(number=number, reason=str(err))
            continue
        turn = line.turn + 1
        yield line


def _object(data: object) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise InputError(f"not an object but {type(data).__name__}")
    return data


def line_of(data: object, *, number: int, turn: int) -> Line:
    """The turn that a JSON object (or a table's row) describes; `turn` where it names none.

    Raises InputError with the reason for what is missing or of the wrong type.
    """
    given = _object(data)
    text = given.get("text")
    if not isinstance(text, str):
        raise InputError('"text" is missing' if text is None else '"text" is not text')
    if len(text) > MAX_TEXT_CHARS:
        raise InputError(f'"text" has more than {MAX_TEXT_CHARS} characters')
    start_s, end_s = _seconds(given, "start_s"), _seconds(given, "end_s")
    if start_s is not None and end_s is not None and end_s < start_s:
        raise InputError('"end_s" is before "start_s"')
    speaker = _name(given, "speaker")
    if not speaker.strip():
        raise InputError('"speaker" is missing')
    return Line(
        number=number,
        dialogue=_name(given, "dialogue"),
        turn=_turn(given, turn),
        speaker=speaker,
        text=text,
        start_s=start_s,
        end_s=end_s,
        given=given,
    )


def _name(data: Mapping[str, Any], key: str) -> str:
    """Text or a whole number as text; empty where there is none."""
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | None):
        raise InputError(f'"{key}" is neither text nor a whole number')
    return "" if value is None else str(value)


def _turn(data: Mapping[str, Any], default: int) -> int:
    value = data.get("turn")
    if value is None or value == "":
        return default
    number = _number(value, "turn")
    if number != int(number) or not 0 <= number < 2**32:
        raise InputError('"turn" is not a whole number of 0 or more')
    return int(number)


def _seconds(data: Mapping[str, Any], key: str) -> float | None:
    value = data.get(key)
    if value is None or value == "":
        return None
    number = _number(value, key)
    if number < 0:
        raise InputError(f'"{key}" is below 0')
    return number


def _number(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InputError(f'"{key}" is not a number')
    try:
        number = float(value)
    except (ValueError, OverflowError) as err:
        raise InputError(f'"{key}" is not a number, or too large') from err
    if not math.isfinite(number):
        raise InputError(f'"{key}" is not a finite number')
    return number


def dialogues(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """The lines of each dialogue, as they follow each other; a very long one in parts.

    Lines of one dialogue must stand together: one that is taken up again later is a new one.
    """
    for _, group in groupby(lines, key=lambda line: line.dialogue):
        part: list[Line] = []
        chars = 0
        for line in group:
            part.append(line)
            chars += len(line.text)
            if len(part) == MAX_TURNS_AT_ONCE or chars >= MAX_CHARS_AT_ONCE:
                yield part
                part, chars = [], 0
        if part:
            yield part
