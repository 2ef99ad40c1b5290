"""Talk and listen: what the section says beside its charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page import figures, lenses, pace, timeline, wording
from pipeline.stages.page.figures import Cell
from pipeline.stages.page.lenses import Reading

OWN_LENSES = ("longest_monologue_s", "words_per_minute", "filler_count", "talk_time_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A wide chart, drawn for a desk and for a phone: one size of text does not suit both."""

    reading: str
    wide: str
    narrow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A figure in the strip below the charts: the main value, and the others' in small."""

    label: str
    cell: Cell


def lede(report: Mapping[str, Any]) -> str:
    """One sentence on the whole call; why there is none of time."""
    if not wording.is_heard(report):
        return (
            "A transcript has no sound, so waiting, cutting in, silence and pace are not known; "
            "words are."
        )
    silence, duration = report["totals"]["silence_s"], report["recording"]["duration_s"]
    silent = f"{wording.percent(silence / duration)} of the call was silence" if silence else ""
    said = figures.call_reading(report).rstrip(".")
    parts = [part for part in (silent, f"{said[:1].lower()}{said[1:]}") if part]
    return f"{wording.capitalised('; '.join(parts))}." if parts else ""


def facts(report: Mapping[str, Any]) -> tuple[Fact, ...]:
    """The strip: the longest turn of each, and the figures of the whole call."""
    if not wording.is_heard(report) or not report["speakers"]:
        return ()
    return (
        _longest_turn(report),
        *(Fact(label=label, cell=cell) for label, cell in figures.totals(report)),
    )


def _longest_turn(report: Mapping[str, Any]) -> Fact:
    everyone = wording.people(report)
    main = wording.main_person(everyone)
    row = figures.row(report, "longest_monologue_s")
    cells = dict(zip(everyone, row.cells, strict=True))
    others = "; ".join(
        f"{wording.isolated(person.name)}: {cell.text or 'withheld'}"
        for person, cell in list(cells.items())
        if person != main
    )
    own = cells[main] if main else Cell(text="")
    whose = "Your longest turn" if main and main.is_me else "Longest turn"
    return Fact(label=whose, cell=Cell(text=own.text, detail=others, withheld=own.withheld))


def own_lenses(report: Mapping[str, Any]) -> tuple[Reading, ...]:
    """Readings of figures of talking that no chart shows."""
    return lenses.of_metrics(report, *OWN_LENSES)


def timeline_drawing(report: Mapping[str, Any], *, wide: int, narrow: int) -> Drawing | None:
    """Who spoke when; none without sound or speakers."""
    if not report["speakers"] or not wording.is_heard(report):
        return None
    return Drawing(
        reading=_timeline_reading(report),
        wide=timeline.timeline_svg(report, width=wide, left=84),
        narrow=timeline.timeline_svg(report, width=narrow, left=0),
    )


def _timeline_reading(report: Mapping[str, Any]) -> str:
    if not report["tactics"]:
        return "A bar is speech."
    return "A bar is speech; a mark below it is a tactic, by its family."


def pace_drawing(report: Mapping[str, Any], *, wide: int, narrow: int) -> Drawing | None:
    """Pace over time; none where no stretch has enough speech, and in a transcript."""
    if not pace.lines(report):
        return None
    return Drawing(
        reading=pace.reading(report),
        wide=pace.pace_svg(report, width=wide),
        narrow=pace.pace_svg(report, width=narrow),
    )
