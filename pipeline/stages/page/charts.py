"""The bar charts of the page: talk ratio, question ratio, open and closed questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipeline.stages.page import figures, wording
from pipeline.stages.page.canvas import Canvas
from pipeline.stages.page.palette import stand_in
from pipeline.stages.page.wording import Person

WIDTH_PX, ROW_PX, BAR_TOP_PX, BAR_PX = 340, 60, 26, 14
MIDDLE_PX = BAR_TOP_PX + BAR_PX / 2
REFERENCE_PX = 6
GAP = 0.006
CHART_NAME_LENGTH = 18

Drawn = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One speaker's bar: `parts` are (start, end, colour token), as shares of the width."""

    name: str
    value: str
    parts: tuple[tuple[float, float, str], ...]
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart with its heading, its sentence and its key of (class of the swatch, words)."""

    title: str
    reading: str
    svg: Markup
    key: tuple[tuple[str, str], ...] = ()


def bar_figures(report: Mapping[str, Any]) -> tuple[Figure, ...]:
    """The three bar charts; none when nobody spoke."""
    if not report["speakers"]:
        return ()
    talk = _talk_figure(report) if wording.is_heard(report) else _words_figure(report)
    return (talk, _ratio_figure(report), _kinds_figure(report))


def chart_name(person: Person) -> str:
    """A name short enough to stand in a chart."""
    name = wording.shortened(person.name, length=CHART_NAME_LENGTH)
    return f"{name} (you)" if person.is_me else name


def speaker_token(person: Person, *, main: Person | None) -> str:
    """The colour of a speaker: the main person's stands out, the others' are grey."""
    return "me" if person == main else "other"


def _talk_figure(report: Mapping[str, Any]) -> Figure:
    bars = _share_bars(report, key="talk_ratio")
    equal = 1 / len(bars)
    has_interval = any(bar.interval for bar in bars)
    return Figure(
        title="Talk ratio",
        reading=figures.reading(report, "talk_ratio"),
        svg=_bar_svg(bars, what="Share of the talking time", reference=equal),
        key=(
            *([("interval", "90 % interval")] if has_interval else []),
            ("reference", "equal share"),
        ),
    )


def _words_figure(report: Mapping[str, Any]) -> Figure:
    """The share of the words, where there are no times to share."""
    bars = _share_bars(report, key="word_ratio")
    return Figure(
        title="Share of words",
        reading=figures.reading(report, "word_ratio"),
        svg=_bar_svg(bars, what="Share of the words", reference=1 / len(bars)),
        key=(("reference", "equal share"),),
    )


def _ratio_figure(report: Mapping[str, Any]) -> Figure:
    return Figure(
        title="Question ratio",
        reading=figures.reading(report, "question_ratio"),
        svg=_bar_svg(
            _share_bars(report, key="question_ratio"), what="Share of own turns with a question"
        ),
        key=(("me", "turns with a question"), ("track", "all own turns")),
    )


def _kinds_figure(report: Mapping[str, Any]) -> Figure:
    return Figure(
        title="Open and closed questions",
        reading=figures.reading(report, "question_count"),
        svg=_bar_svg(_kinds_bars(report), what="Questions asked"),
        key=(("inquiry", "open"), ("soft", "closed")),
    )


def _share_bars(report: Mapping[str, Any], *, key: str) -> tuple[Bar, ...]:
    everyone = wording.people(report)
    main = wording.main_person(everyone)
    return tuple(
        _share_bar(
            chart_name(person),
            share=speaker[key],
            interval=speaker.get(f"{key}_interval"),
            token=speaker_token(person, main=main),
        )
        for person, speaker in zip(everyone, report["speakers"], strict=True)
    )


def _share_bar(
    name: str, *, share: float | None, interval: Sequence[float] | None, token: str
) -> Bar:
    if share is None:
        return Bar(name=name, value="withheld", parts=())
    within = f"  ({wording.percent_range(interval)})" if interval else ""
    return Bar(
        name=name,
        value=f"{wording.percent(share)}{within}",
        parts=((0.0, share, token),),
        interval=(interval[0], interval[1]) if interval else None,
    )


def _kinds_bars(report: Mapping[str, Any]) -> tuple[Bar, ...]:
    """Open then closed questions of each speaker; the longest bar fills the width."""
    pairs = [
        (one["open_question_count"], one["closed_question_count"]) for one in report["speakers"]
    ]
    most = max([sum(pair) for pair in pairs if None not in pair] + [1])
    return tuple(
        _kinds_bar(chart_name(person), pair=pair, most=most)
        for person, pair in zip(wording.people(report), pairs, strict=True)
    )


def _kinds_bar(name: str, *, pair: tuple[int | None, int | None], most: int) -> Bar:
    opened, closed = pair
    if opened is None or closed is None:
        return Bar(name=name, value="withheld", parts=())
    middle, end = opened / most, (opened + closed) / most
    return Bar(
        name=name,
        value=f"{opened} open, {closed} closed",
        parts=((0.0, middle, "inquiry"), (min(middle + GAP, end), end, "soft")),
    )


def _bar_svg(bars: Sequence[Bar], *, what: str, reference: float | None = None) -> Markup:
    """Draw the bars and describe them; `reference` is a share to compare with."""
    canvas = Canvas(width=WIDTH_PX, height=ROW_PX * len(bars), x_end=1.0)
    layers = [
        canvas.rectangles([*_tracks(bars), *_parts(bars)]),
        canvas.down(_reference(reference, bars=bars), width=2),
        *_interval_layers(bars, canvas=canvas),
        canvas.texts(_lines(bars, x=0, field="name"), align="left", size=14, weight=600),
        canvas.texts(_lines(bars, x=1, field="value"), align="right", size=13),
    ]
    described = "; ".join(f"{bar.name}: {bar.value}" for bar in bars)
    return canvas.svg(layers, label=f"{what}. {described}.")


def _tracks(bars: Sequence[Bar]) -> Iterable[dict[str, Any]]:
    return (_rectangle(row, 0.0, 1.0, "track") for row in range(len(bars)))


def _parts(bars: Sequence[Bar]) -> Iterable[dict[str, Any]]:
    return (_rectangle(row, *part) for row, bar in enumerate(bars) for part in bar.parts)


def _rectangle(row: int, start: float, end: float, token: str) -> dict[str, Any]:
    top = row * ROW_PX + BAR_TOP_PX
    return {"x": start, "x2": end, "y": top, "y2": top + BAR_PX, "colour": stand_in(token)}


def _lines(bars: Sequence[Bar], *, x: int, field: str) -> Drawn:
    """The name or the value of each bar, on the line above it."""
    return [
        {"x": x, "y": row * ROW_PX + 16, "text": getattr(bar, field), "colour": stand_in("ink")}
        for row, bar in enumerate(bars)
    ]


def _reference(share: float | None, *, bars: Sequence[Bar]) -> Drawn:
    """A short line above and one below every bar at that share; none without a share."""
    if share is None:
        return []
    tops = [row * ROW_PX + BAR_TOP_PX for row in range(len(bars))]
    return [
        {"x": share, "y": y, "y2": y + REFERENCE_PX, "colour": stand_in("muted")}
        for top in tops
        for y in (top - REFERENCE_PX, top + BAR_PX)
    ]


def _interval_layers(bars: Sequence[Bar], *, canvas: Canvas) -> Iterable[Any]:
    """Intervals with end caps in ink, each on a paper-coloured edge that sets it off the bar."""
    spans = [(row * ROW_PX + MIDDLE_PX, bar.interval) for row, bar in enumerate(bars)]
    for token, width in (("paper", 5.0), ("ink", 2.0)):
        lines, caps = _interval_rows(spans, token=token)
        yield canvas.across(lines, width=width)
        yield canvas.down(caps, width=width)


def _interval_rows(
    spans: Sequence[tuple[float, tuple[float, float] | None]], *, token: str
) -> tuple[Drawn, Drawn]:
    """The lines and the end caps of the intervals, in one colour."""
    colour = stand_in(token)
    drawn = [(y, *interval) for y, interval in spans if interval]
    lines = [{"x": low, "x2": high, "y": y, "colour": colour} for y, low, high in drawn]
    caps = [
        {"x": x, "y": y - 5, "y2": y + 5, "colour": colour}
        for y, low, high in drawn
        for x in (low, high)
    ]
    return lines, caps
