"""Made-up calls for the tests of exports, and the files that are written of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import report_builder as build
from hypothesis import strategies as st

from pipeline.stages.exports.call import Call
from pipeline.stages.exports.formats import FORMATS
from pipeline.stages.exports.naming import labels

HOSTILE = (
    "=cmd|' /C calc'!A0\n--> <v Eve>{\\an8}&;;\t\u2028\u202ex\x00\x0b\ufffe\uffff]]>\"\"_x0041_"
    "\N{FULLWIDTH EQUALS SIGN}../..\\x"
)
TABLES = ("turns", "tactics", "offers", "metrics", "moments", "questions", "effects")
ODD = st.text(max_size=30) | st.sampled_from(
    [HOSTILE, "../../etc/passwd", "C:\\x", "", " ", ".", "..", "a" * 10_000, '"', "report.json"]
)


def call_of(lines: tuple[build.Line, ...] = build.CALL, **changes: Any) -> Call:
    """A made-up call with everything that a report can hold."""
    report = build.full_report() if lines is build.CALL else build.report(lines=lines)
    return Call(
        report=report | changes,
        words=build.words(lines),
        turns=build.turns(lines),
        metrics=build.metrics(),
    )


def hostile_call() -> Call:
    """Two speakers of one terrible name who say terrible things at the same time."""
    lines = (
        build.line("S0", HOSTILE, 0.0, 2.0, ("offer", HOSTILE), ("label", HOSTILE[:4])),
        build.line("S1", f"\r\t@SUM(1) {HOSTILE}", 1.0, 3.0),
        build.line("S0", "\x00 \x01", 2.5, 2.5),
        build.line("S0", f"-1 {HOSTILE}", 1.5, 2.0, ("offer", HOSTILE)),
        build.line("S1", "x" * 40_000, 3.0, 4.0),
    )
    name = HOSTILE + "n" * 10_000
    return call_of(
        lines,
        speakers=[build.speaker("S0", name), build.speaker("S1", name)],
        recording=build.recording(name=f"../../{HOSTILE}"),
        offers=[{"turn": 0, "speaker": "S0", "issue": "-1+1", "value": -5, "text": "\u3000+1"}],
    )


def written(call: Call, format_: str, folder: Path) -> Path:
    """The file of a format, or its folder."""
    for name, content in FORMATS[format_].files(call).items():
        path = folder / (name or f"call{FORMATS[format_].ending}")
        path.write_bytes(content)
        if not name:
            return path
    return folder


def tags_of(call: Call) -> Counter[tuple[str, str]]:
    """How many tags of each tactic each speaker has."""
    return Counter((tag["speaker"], tag["tactic"]) for tag in call.report["tactics"])


def named(call: Call) -> dict[str, str]:
    """Each speaker's id by the name of their tiers."""
    return {name: one for one, name in labels(call.report, speakers=call.speakers).items()}
