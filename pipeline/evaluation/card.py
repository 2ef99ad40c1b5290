"""The evaluation as Markdown, for reports/evaluation.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.evaluation.measures import MEDIAN, RATIO, Measure
from pipeline.evaluation.summary import Summary

NONE = "–"
_MARKS = {mark: f"\\{mark}" for mark in "\\`*_|<>[]#"}
_HEADINGS = {
    "transcript": "Transcript: the right words at the right speaker",
    "diarization": "Diarization: who spoke when",
    "metrics": "Figures: how far those of the report are off",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An evaluation: summaries by part, the calls that failed with their reasons, and how."""

    summaries: Mapping[str, Sequence[Summary]]
    failed: Mapping[str, str]
    versions: Mapping[str, str]
    command: str
    calls: int
    hours: float


def shown(value: float | None, measure: Measure) -> str:
    """A figure with the digits that its unit deserves, without the unit."""
    if value is None:
        return NONE
    match measure.unit:
        case "percent":
            return f"{100 * value:.1f}"
        case "share":
            return f"{value:.3f}"
        case "s":
            return f"{value:.2f}"
        case "ms":
            return f"{value:.0f}"
        case _:
            return f"{value:g}"


def heading(measure: Measure) -> str:
    """The title of a column, with its unit."""
    unit = {"percent": " %", "s": " s", "ms": " ms"}.get(measure.unit, "")
    return f"{measure.title}{',' if unit else ''}{unit}"


def interval(summary: Summary) -> str:
    """The 90 % interval, or a dash."""
    if summary.low is None:
        return NONE
    return f"{shown(summary.low, summary.measure)} to {shown(summary.high, summary.measure)}"


def markdown(card: Card) -> str:
    """The whole card: a table a part, the definitions below it, then failures and versions."""
    lines = [
        "# Evaluation",
        "",
        f"Calls: {card.calls}, {card.hours:.2f} h. In brackets: 90 % bootstrap interval over "
        "calls, and the worst call. A rate pools all calls; – where no reference gives the figure.",
    ]
    for part, summaries in card.summaries.items():
        lines += ["", f"## {_HEADINGS[part]}", "", *_table(summaries)]
        lines += ["", *_definitions(summaries)]
    lines += ["", "## Failed", "", *_failures(card.failed)]
    lines += ["", "## Made by", "", "```", card.command, "```", ""]
    lines += [f"- {name} {version}" for name, version in card.versions.items()]
    return "\n".join(lines) + "\n"


def _table(summaries: Sequence[Summary]) -> Iterator[str]:
    """Groups as rows, measures as columns."""
    measures = list(dict.fromkeys(summary.measure for summary in summaries))
    cells = {(summary.group, summary.measure): summary for summary in summaries}
    if not cells:
        yield "No reference gives any of these figures."
        return
    titles = ["group", "calls", "hours", *(heading(measure) for measure in measures)]
    yield _row(titles)
    yield _row(["---", *["---:"] * (len(titles) - 1)])
    for group in dict.fromkeys(summary.group for summary in summaries):
        own = [cells.get((group, measure)) for measure in measures]
        most = max((one for one in own if one), key=lambda one: one.calls)
        counts = [str(most.calls), f"{most.hours:.2f}"]
        yield _row([_plain(group), *counts, *(_cell(one, of=most.calls) for one in own)])


def _cell(summary: Summary | None, *, of: int) -> str:
    """A figure with its interval and worst call; with its number of calls where that differs."""
    if summary is None:
        return NONE
    measure = summary.measure
    notes = [interval(summary)] if summary.low is not None else []
    if measure.kind in (MEDIAN, RATIO) and summary.calls > 1:
        notes.append(f"worst {shown(summary.worst, measure)}")
    if summary.calls != of:
        notes.append(f"{summary.calls} call{'' if summary.calls == 1 else 's'}")
    return shown(summary.value, measure) + (f" ({'; '.join(notes)})" if notes else "")


def _definitions(summaries: Sequence[Summary]) -> Iterator[str]:
    for measure in dict.fromkeys(summary.measure for summary in summaries):
        yield f"- **{measure.title}**: {measure.definition}."


def _failures(failed: Mapping[str, str]) -> list[str]:
    return [f"- {_plain(name)}: {_plain(reason)}" for name, reason in failed.items()] or ["None."]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _plain(text: str) -> str:
    """Text of strangers that cannot become Markdown of ours."""
    printable = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
    return "".join(f"\\{letter}" if letter in "\\`*_|<>[]#" else letter for letter in printable)
