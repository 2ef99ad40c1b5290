"""Whole analyses with real weights, shared by the end-to-end tests: one takes half a minute."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Spans = Mapping[str, Sequence[tuple[float, float]]]
"""Speech of each speaker, (start, end) in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What came of a recording, and which stages were run for it."""

    files: Mapping[str, bytes]
    ran: tuple[str, ...]

    @property
    def report(self) -> dict[str, Any]:
        """report.json, parsed."""
        report: dict[str, Any] = json.loads(self.files["report.json"])
        return report

    @property
    def speech(self) -> Spans:
        """The report's speech map."""
        spans: dict[str, list[tuple[float, float]]] = {}
        for one in self.report["speech"]:
            spans.setdefault(one["speaker"], []).append((one["start_s"], one["end_s"]))
        return spans

    def text(self, start_s: float, end_s: float) -> str:
        """The turns that touch a stretch of time, as one text."""
        touching = [
            turn["text"]
            for turn in self.report["turns"]
            if turn["start_s"] < end_s and start_s < turn["end_s"]
        ]
        return " ".join(touching)


Analyze = Callable[..., Analysis]
