"""What a benchmark finds: times taken by turns, their ratios, and the Markdown of both."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

Given = TypeVar("Given")
Cells = tuple[str, ...]
HEADER: Cells = ("what", "measured", "must be", "met")
_SECTION = re.compile(r"<!-- part (\w+) -->\n.*?<!-- end \1 -->\n", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The median of some figures, and how far they reach."""

    median: float
    low: float
    high: float

    def shown(self, digits: int = 2) -> str:
        """1.10 (1.05 to 1.20); a single figure has no range."""
        middle = f"{self.median:.{digits}f}"
        if self.low == self.high:
            return middle
        return f"{middle} ({self.low:.{digits}f} to {self.high:.{digits}f})"


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one figure. Raises StatisticsError for none."""
    return Spread(median=statistics.median(values), low=min(values), high=max(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a figure must be: at least `least`, at most `most`, or, with neither, anything."""

    least: float | None = None
    most: float | None = None

    def met(self, value: float) -> bool | None:
        """Whether a figure is within the bound; None where nothing is asked of it."""
        if self.least is None and self.most is None:
            return None
        enough = self.least is None or value >= self.least
        return enough and (self.most is None or value <= self.most)

    def shown(self) -> str:
        """The bound in words; empty where there is none."""
        least = [] if self.least is None else [f"at least {self.least:g}"]
        most = [] if self.most is None else [f"at most {self.most:g}"]
        return ", ".join(least + most)


ANYTHING = Bound()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured figure and what it must be; `met` is None where nothing is asked of it."""

    what: str
    found: str
    bound: str = ""
    met: bool | None = None

    def cells(self) -> Cells:
        """The row as cells under HEADER."""
        return self.what, self.found, self.bound, {True: "yes", False: "no", None: ""}[self.met]


def figure_row(
    what: str, values: Sequence[float], *, bound: Bound = ANYTHING, digits: int = 2, more: str = ""
) -> Row:
    """The row of a figure measured several times: its median counts, `more` is added to it."""
    found = spread(values)
    return Row(
        what=what,
        found="; ".join(part for part in (found.shown(digits), more) if part),
        bound=bound.shown(),
        met=bound.met(found.median),
    )


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Each figure over the one taken beside it. Raises ValueError where they are no pairs."""
    return [one / other for one, other in zip(above, below, strict=True)]


def by_turns(
    sides: Mapping[str, Callable[[Given], object]],
    *,
    on: Given,
    warm: Given,
    runs: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of each run of each side, run A, B, A, B, so that both see the same machine.

    Every side first works on `warm` without being timed, that nothing is loaded on the clock.
    """
    for work in sides.values():
        work(warm)
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, work in sides.items():
            started = clock()
            work(on)
            taken[name].append(clock() - started)
    return taken


def seconds_of(taken: Sequence[float]) -> str:
    """The median time, for people."""
    return f"{statistics.median(taken):.1f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one part found: tables (each with its header first), or the problem that it met."""

    part: str
    title: str
    tables: tuple[Sequence[Cells], ...] = ()
    remarks: tuple[str, ...] = field(default_factory=tuple)
    problem: str = ""


def section_markdown(section: Section, *, facts: Sequence[str]) -> str:
    """A part as Markdown between its marks; `facts` say when and where it was measured."""
    lines = [f"<!-- part {section.part} -->", f"## {section.title}", ""]
    lines += [*facts, ""]
    if section.problem:
        lines += [_one_line(section.problem), ""]
    for remark in section.remarks:
        lines += [remark, ""]
    for table in section.tables:
        lines += [*_table(table), ""]
    return "\n".join([*lines, f"<!-- end {section.part} -->", ""])


def _table(rows: Sequence[Cells]) -> list[str]:
    header, *body = [[_one_line(cell).replace("|", "\\|") for cell in row] for row in rows]
    ruler = ["---"] * len(header)
    return [f"| {' | '.join(row)} |" for row in (header, ruler, *body)]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def merged(written: str, *, head: str, new: Mapping[str, str], order: Sequence[str]) -> str:
    """A report with new sections in the place of the old ones of the same part.

    `written` is the report as it was, maybe empty; parts that were not run now stay in it, each
    with its own date; a part that `order` no longer names goes.
    """
    old = {match[1]: match[0] for match in _SECTION.finditer(written)}
    sections = {**old, **new}
    return "\n".join([head, *(sections[part] for part in order if part in sections)])
