"""Reading files that strangers wrote: JSON and text, with errors that say where and what."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import InputError

MAX_BYTES = 64 * 1024 * 1024
"""A reference of a day of speech is under 10 MB; more is a wrong file."""
MAX_S = 7 * 24 * 3600
_SHOWN = 40


def read_text(path: Path) -> str:
    """A whole text file, UTF-8. Raises InputError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: over {MAX_BYTES >> 20} MB; this is no reference of a call")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as err:  # ValueError: a NUL in the name, or not UTF-8
        reason = getattr(err, "strerror", None) or "not a UTF-8 text"
        raise InputError(f"{path}: cannot be read ({reason}); check the path") from err


def parse_json(text: str, *, where: str) -> Node:
    """A JSON text as a node to ask. Raises InputError."""
    try:
        return Node(where=where, value=json.loads(text))
    except (ValueError, RecursionError) as err:
        raise InputError(f"{where}: not valid JSON ({_first_line(err)})") from err


def _first_line(err: Exception) -> str:
    return str(err).splitlines()[0][:100]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value of a JSON document with its place in it, for error messages."""

    where: str
    value: Any

    def wrong(self, wanted: str) -> InputError:
        """The error to raise where the value is not what it must be."""
        found = repr(self.value)
        shown = found if len(found) <= _SHOWN else f"{found[:_SHOWN]}…"
        return InputError(f"{self.where}: {shown} is not {wanted}; correct the file")

    def get(self, key: str) -> Node:
        """The member of an object; its value is None where it is missing."""
        if not isinstance(self.value, Mapping):
            raise self.wrong("an object")
        return Node(where=f"{self.where}: {key}", value=self.value.get(key))

    def __contains__(self, key: str) -> bool:
        return self.get(key).value is not None

    def items(self) -> Iterator[Node]:
        """The elements of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return (
            Node(where=f"{self.where}[{number}]", value=element)
            for number, element in enumerate(self.value)
        )

    def members(self) -> Iterator[tuple[str, Node]]:
        """The members of an object."""
        if not isinstance(self.value, Mapping):
            raise self.wrong("an object")
        return ((str(key), self.get(key)) for key in self.value)

    def text(self) -> str:
        """A text."""
        if not isinstance(self.value, str):
            raise self.wrong("a text")
        return self.value

    def name(self) -> str:
        """A text that is not blank."""
        if not self.text().strip():
            raise self.wrong("a name")
        return self.text()

    def whole(self) -> int:
        """A whole number from 0."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or self.value < 0:
            raise self.wrong("a whole number from 0")
        return self.value

    def number(self) -> float:
        """A finite number; SegLST writes numbers as texts too."""
        try:
            found = math.nan if isinstance(self.value, bool) else float(self.value)
        except (TypeError, ValueError, OverflowError):
            found = math.nan
        if not math.isfinite(found):
            raise self.wrong("a number")
        return found

    def ms(self) -> int:
        """A time in seconds, as milliseconds."""
        if not 0 <= self.number() <= MAX_S:
            raise self.wrong(f"a time from 0 to {MAX_S} s")
        return round(self.number() * 1000)

    def span_ms(self, *, start: str = "start_s", end: str = "end_s") -> tuple[int, int]:
        """Start and end of an object, in milliseconds."""
        start_ms, end_ms = self.get(start).ms(), self.get(end).ms()
        if end_ms < start_ms:
            raise self.wrong(f"a stretch of time: {end} is before {start}")
        return start_ms, end_ms
