"""The exchange formats of the field: STM, RTTM and SegLST."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.evaluation.documents import Node, parse_json, read_text
from pipeline.evaluation.spoken import Interval, Said, in_order, spread

UNSCORED = "ignore_time_segment_in_scoring"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of a file, its fields, and the recording it is of."""

    where: str
    recording: str
    fields: Sequence[str]

    def node(self, number: int) -> Node:
        """A field as a value to ask."""
        return Node(where=f"{self.where}, field {number + 1}", value=self.fields[number])


def read_rttm(path: Path, *, recording: str) -> list[Interval]:
    """The SPEAKER lines of an RTTM file: type, file, channel, start, length, …, speaker.

    Raises InputError.
    """
    lines = [line for line in _lines(path, columns=8, name=1) if line.fields[0] == "SPEAKER"]
    found = [_interval(line) for line in _of(lines, recording)]
    return sorted((one for one in found if one.start_ms < one.end_ms), key=lambda i: i.start_ms)


def _interval(line: _Line) -> Interval:
    start_ms = line.node(3).ms()
    return Interval(speaker=line.fields[7], start_ms=start_ms, end_ms=start_ms + line.node(4).ms())


def read_stm(path: Path, *, recording: str) -> list[Said]:
    """The words of an STM file: file, channel, speaker, start, end, <label>, transcript.

    Raises InputError, also for regions that are to be left unscored, which no tool used here
    can do.
    """
    lines = list(_lines(path, columns=5, name=0))
    words = [word for line in _of(lines, recording) for word in _stm_words(line)]
    return in_order(words)


def _stm_words(line: _Line) -> list[Said]:
    start_ms, end_ms = line.node(3).ms(), line.node(4).ms()
    if end_ms < start_ms:
        raise line.node(4).wrong("a time after the start")
    said = [word for word in line.fields[5:] if not (word[0] == "<" and word[-1] == ">")]
    if [word.lower() for word in said] == [UNSCORED]:
        raise Node(where=line.where, value=UNSCORED).wrong("a region that can be scored")
    return spread(" ".join(said), speaker=line.fields[2], start_ms=start_ms, end_ms=end_ms)


def _lines(path: Path, *, columns: int, name: int) -> Iterator[_Line]:
    for number, text in enumerate(read_text(path).splitlines(), start=1):
        fields, where = text.split(), f"{path} line {number}"
        if not fields or fields[0].startswith(";;"):
            continue
        if len(fields) < columns:
            raise Node(where=where, value=text).wrong(f"a line of {columns} fields")
        yield _Line(where=where, recording=fields[name], fields=fields)


def read_seglst(path: Path, *, recording: str) -> list[Said]:
    """The words of a SegLST file: a list of session_id, speaker, words, start_time, end_time.

    Raises InputError.
    """
    rows = list(parse_json(read_text(path), where=str(path)).items())
    lines = [_Line(where=row.where, recording=_session(row), fields=()) for row in rows]
    wanted = {line.where for line in _of(lines, recording)}
    return in_order(word for row in rows if row.where in wanted for word in _seglst_words(row))


def _session(row: Node) -> str:
    return row.get("session_id").name() if "session_id" in row else ""


def _seglst_words(row: Node) -> list[Said]:
    start_ms, end_ms = row.span_ms(start="start_time", end="end_time")
    speaker, text = row.get("speaker"), row.get("words").text()
    name = str(speaker.value) if isinstance(speaker.value, int) else speaker.name()
    return spread(text, speaker=name, start_ms=start_ms, end_ms=end_ms)


def _of(lines: Sequence[_Line], recording: str) -> list[_Line]:
    """The lines of a recording; all of them where the file is of one recording only.

    Tools name the recording inside a file as they like, so a file of one needs no such name.
    """
    names = {line.recording for line in lines}
    found = [line for line in lines if len(names) == 1 or line.recording == recording]
    if lines and not found:
        raise InputError(f"{lines[0].where}: {len(names)} recordings, and {recording} is not one")
    return found
