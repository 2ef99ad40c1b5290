"""How a document begins: what it is of, what to beware of, five numbers, and one thing to try."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.documents.model import Block, Heading, Items, Paragraph, Quote, Table, joined, quoted
from pipeline.stages.page import figures, naming, render, top, wording
from pipeline.stages.page.readings import GROUPS, Metric

Report = Mapping[str, Any]

_METRICS = {metric.key: metric for _, metrics in GROUPS for metric in metrics}
_OTHERS_SHOWN = 3


def names_of(report: Report) -> dict[str, str]:
    """What each speaker is called, by id."""
    return {one.id: one.name for one in wording.people(report)}


def columns_of(report: Report) -> dict[str, str]:
    """Each speaker's heading by id; the person whom the report is for is marked."""
    return {
        one.id: f"{one.name} (you)" if one.is_me else one.name for one in wording.people(report)
    }


def said_by(one: Mapping[str, Any], *, names: Mapping[str, str]) -> str:
    """Who said a quote, and when or in which turn."""
    return f"{names.get(one['speaker'], 'unknown')}, {wording.place(one['turn'], one['start_s'])}"


def title_of(report: Report) -> str:
    """The title of the document."""
    return f"{wording.name_of(report['recording']['name'])} – negotiation report"


def head(report: Report) -> Iterator[Block]:
    """The title, and what is known of the recording."""
    yield Heading(text=title_of(report), level=1)
    yield Paragraph(text="; ".join(f"{name}: {value}" for name, value in render.facts(report)))
    if report.get("profile"):
        profile = report["profile"]
        yield Paragraph(lead=f"Read as: {profile['name']}.", text=profile["description"])
    if sources := naming.sources_of_names(report):
        yield Paragraph(text=" ".join(sources))


def cautions(report: Report) -> Iterator[Block]:
    """What the recording does not support."""
    if report["quality"]["warnings"]:
        yield Heading(text="Read these figures with care")
        yield Items(texts=tuple(report["quality"]["warnings"]))


def five_numbers(report: Report) -> Iterator[Block]:
    """The figures that open the page, with intervals and what they were in earlier calls."""
    yield Heading(text="Summary")
    everyone = wording.people(report)
    main = wording.main_person(everyone)
    if main is None:
        yield Paragraph(text="No speech was found, so there is nothing to report on.")
        return
    headlines = top.HEADLINES if wording.is_heard(report) else top.UNHEARD_HEADLINES
    others = [one for one in everyone if one != main][:_OTHERS_SHOWN]
    shown = [main.id, *(one.id for one in others)]
    names, earlier = columns_of(report), report.get("earlier")
    yield Table(
        head=("Figure", *(names[who] for who in shown), *(["Earlier calls"] if earlier else [])),
        rows=tuple(
            (
                _METRICS[key].label,
                *(figure(report, metric=_METRICS[key], speaker=who) for who in shown),
                *([_earlier(earlier, metric=_METRICS[key])] if earlier else []),
            )
            for key in headlines
        ),
    )
    if _has_intervals(report):
        yield Paragraph(text="In brackets: 90 % intervals, how far this call fixes the figure.")


def figure(report: Report, *, metric: Metric, speaker: str) -> str:
    """A speaker's figure with its interval, or why it is withheld."""
    own = next(one for one in report["speakers"] if one["id"] == speaker)
    value = figures.value_of(own, key=metric.key)
    if value is None:
        reason = figures.withheld_reason(report, scope=speaker, metric=metric.key)
        return f"withheld: {reason}"
    beside = dict.fromkeys((_interval(own, metric=metric), metric.detail(own)))
    within = joined(list(beside))
    return f"{metric.show(value)} ({within})" if within else metric.show(value)


def _interval(speaker: Mapping[str, Any], *, metric: Metric) -> str:
    """The 90 % interval of a figure; before 1.4 there was one of the talk ratio alone."""
    ends = speaker.get(f"{metric.key}_interval") or speaker.get("intervals", {}).get(metric.key)
    return span(metric, ends) if ends else ""


def _has_intervals(report: Report) -> bool:
    return any(one.get("intervals") or one["talk_ratio_interval"] for one in report["speakers"])


def span(metric: Metric, ends: Sequence[float]) -> str:
    """From one value of a metric to another, in its own words."""
    if metric.show is wording.percent:
        return wording.percent_range(ends)
    return f"{metric.show(ends[0])} to {metric.show(ends[1])}"


def _earlier(earlier: Mapping[str, Any], *, metric: Metric) -> str:
    """What a figure was in earlier calls of the same person."""
    found = earlier["figures"].get(metric.key)
    if not found:
        return "–"
    within = span(metric, (found["low"], found["high"]))
    calls = wording.counted(found["count"], "call")
    return f"{metric.show(found['median'])} (median of {calls}, {within})"


def best_and_next(report: Report) -> Iterator[Block]:
    """The strongest moment, and one thing to try next time."""
    ranked = sorted(report["moments"], key=lambda one: one["rank"])
    best = next((one for one in ranked if one["kind"] == "strength"), None)
    missed = next((one for one in ranked if one["kind"] == "missed"), None)
    if best:
        said = f"“{quoted(best['quote'])}” ({said_by(best, names=names_of(report))})"
        yield Paragraph(lead="Strongest moment:", text=f"{best['name']}. {said}")
    if missed:
        yield Paragraph(lead="One thing to try next time:", text=missed["next_time"])


def moments(report: Report) -> Iterator[Block]:
    """Each moment with its quote, why it matters, and what could have been said."""
    if not report["moments"]:
        return
    yield Heading(text="Moments")
    for one in sorted(report["moments"], key=lambda one: one["rank"]):
        yield from _moment(one, names=names_of(report))


def _moment(one: Mapping[str, Any], *, names: Mapping[str, str]) -> Iterator[Block]:
    kind = {"strength": "Strength", "missed": "Missed opportunity"}[one["kind"]]
    yield Heading(text=f"{one['rank']}. {one['name']} ({kind.lower()})", level=3)
    yield Quote(text=quoted(one["quote"]), by=said_by(one, names=names))
    if one["reply"]:
        yield Quote(text=quoted(one["reply"]["quote"]), by=said_by(one["reply"], names=names))
    sources = f" Source: {'; '.join(one['sources'])}." if one["sources"] else ""
    yield Paragraph(lead="Why it matters:", text=f"{one['why']}{sources}")
    if one["suggestion"]:
        yield Paragraph(lead="What could have been said:", text=f"“{one['suggestion']}”")
    yield Paragraph(lead="Next time:", text=one["next_time"])
