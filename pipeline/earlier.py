"""Earlier calls of the same person, read from their reports to compare a new one with."""

from __future__ import annotations

import json
import logging
import math
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config import metrics_version
from pipeline.errors import InputError
from pipeline.stages.report_earlier import COMPARED

REPORT = "report.json"
MAX_BYTES = 100_000_000
"""Far above the report of a call of four hours; what is larger is none."""
_KNOWN_VERSION = re.compile(r"1\.[0-9]+\.[0-9]+")
_DAMAGED = (KeyError, TypeError, AttributeError, ValueError)
_LOGGER = logging.getLogger("parley")


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierCall:
    """What is kept of an earlier report: its recording, and each speaker's figures.

    `speakers` have `name`, `is_me` and `figures`, those of COMPARED that are not withheld.
    """

    path: Path
    digest: str
    name: str
    speakers: tuple[Mapping[str, Any], ...]


def read_earlier(paths: Iterable[Path]) -> tuple[EarlierCall, ...]:
    """The reports that paths name, a folder standing for every report.json in it, at any depth.

    What cannot be compared is left out, with a warning in the log that names the file and says
    why: no report, of another major version or other definitions of metrics, or of a recording
    that is among them already.
    """
    found: dict[str, EarlierCall] = {}
    for path in dict.fromkeys(file for given in paths for file in _reports(given)):
        try:
            call = _read(path)
        except InputError as err:
            _leave_out(path, str(err))
            continue
        if known := found.get(call.digest):
            _leave_out(path, f"{known.path} is of the same recording")
        else:
            found[call.digest] = call
    return tuple(found.values())


def earlier_document(calls: Sequence[EarlierCall], *, digest: str) -> dict[str, Any] | None:
    """What a report is compared with: all but the same recording; None if nothing is left.

    The order of the calls does not depend on that of the files.
    """
    for call in calls:
        if call.digest == digest:
            _leave_out(call.path, "it is of the recording that is analysed now")
    others = sorted((call for call in calls if call.digest != digest), key=lambda one: one.digest)
    if not others:
        return None
    return {
        "calls": [
            {"digest": one.digest, "name": one.name, "speakers": list(one.speakers)}
            for one in others
        ]
    }


def checked_document(data: Any) -> dict[str, Any]:
    """A document as `earlier_document` made it, read back from a file. Raises InputError."""
    try:
        return {
            "calls": [
                {
                    "digest": _text(call["digest"]),
                    "name": _text(call["name"]),
                    "speakers": [_person(one, one["figures"]) for one in call["speakers"]],
                }
                for call in data["calls"]
            ]
        }
    except _DAMAGED as err:
        raise InputError("what is kept of earlier calls is damaged") from err


def _leave_out(path: Path, why: str) -> None:
    _LOGGER.warning("--earlier %s: left out, %s", path, why)


def _reports(path: Path) -> Iterator[Path]:
    """The file itself, or the reports in a folder; a folder without any is told."""
    try:
        found = sorted(path.rglob(REPORT)) if path.is_dir() else [path]
    except OSError as err:
        _leave_out(path, f"it cannot be read ({err.strerror})")
        return
    if not found:
        _leave_out(path, f"there is no {REPORT} in this folder")
    yield from found


def _read(path: Path) -> EarlierCall:
    """The earlier call of a report. Raises InputError, which says what is wrong without a path."""
    report = _json(path)
    if not _KNOWN_VERSION.fullmatch(str(report.get("schema_version"))):
        raise InputError("it is no report of version 1 of Parley's contract")
    try:
        metrics = str(report["versions"]["metrics"])
        call = EarlierCall(
            path=path,
            digest=_text(report["recording"]["digest"]),
            name=_text(report["recording"]["name"]),
            speakers=tuple(_person(one, one) for one in report["speakers"]),
        )
    except _DAMAGED as err:
        raise InputError("it is a damaged report; analyse its recording again") from err
    if metrics != str(metrics_version()):
        raise InputError(
            f"its figures follow other definitions (metrics {metrics:.20}, here "
            f"{metrics_version()}); analyse its recording again"
        )
    return call


def _json(path: Path) -> Mapping[str, Any]:
    """A file's JSON object. Raises InputError."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise InputError("it is no regular file")
        if facts.st_size > MAX_BYTES:
            raise InputError("it is too large for a report")
        report = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as err:
        raise InputError("there is no such file or folder") from err
    except OSError as err:
        raise InputError(f"it cannot be read ({err.strerror})") from err
    except (ValueError, RecursionError) as err:
        raise InputError("it is not JSON") from err
    if not isinstance(report, Mapping):
        raise InputError("it is no report of Parley")
    return report


def _person(speaker: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    """A speaker with the figures that are there. Raises one of _DAMAGED."""
    if not isinstance(speaker["is_me"], bool):
        raise TypeError("is_me is neither true nor false")
    return {
        "name": _text(speaker["name"]),
        "is_me": speaker["is_me"],
        "figures": {
            metric: _number(figures[metric])
            for metric in COMPARED
            if figures.get(metric) is not None
        },
    }


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is none")
    # half a surrogate pair, which JSON can spell, cannot be written again
    return value.encode("utf-8", "replace").decode("utf-8")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a figure is no number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("a figure is not finite")
    return number
