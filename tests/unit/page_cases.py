"""Reports beside their pages: the made-up call with everything in it, and the demo call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import page_reader
import report_builder as build
from demo_report import demo_report
from page_reader import Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A report, and its page as read."""

    report: dict[str, Any]
    page: Element

    @property
    def me(self) -> dict[str, Any]:
        (me,) = [one for one in self.report["speakers"] if one["is_me"]]
        return me

    @property
    def others(self) -> list[dict[str, Any]]:
        return [one for one in self.report["speakers"] if not one["is_me"]]

    def named(self, speaker: dict[str, Any]) -> str:
        """What a chart calls a speaker."""
        return f"{speaker['name']} (you)" if speaker["is_me"] else speaker["name"]

    def terms(self, section: str) -> dict[str, str]:
        """The strip of figures of a section: what it says under each name."""
        return {
            row.one("dt").words: row.one("dd").words
            for strip in self.page.one(id=section).find("dl", class_="totals")
            for row in strip.find("div")
        }


REPORTS: dict[str, Callable[[], dict[str, Any]]] = {
    "made-up": build.full_report,
    "demo": demo_report,
}


@cache
def case_of(name: str) -> Case:
    """One of REPORTS with its page; drawn once, since its charts take a second."""
    report = REPORTS[name]()
    return Case(report=report, page=page_reader.page_of(report))
