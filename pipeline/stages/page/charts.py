"""The bar charts of talking, listening and asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from pipeline.stages.page import figures, lenses, wording
from pipeline.stages.page.bars import Bar, bar_svg
from pipeline.stages.page.lenses import Reading
from pipeline.stages.page.wording import Person

GAP, ROOM = 0.006, 1.04
CHART_NAME_LENGTH = 18
Counts = tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart with its heading, its sentence and its key of (class of the swatch, words).

    `lenses` are readings of what it shows by named sources.
    """

    title: str
    reading: str
    svg: Markup
    key: tuple[tuple[str, str], ...] = ()
    lenses: tuple[Reading, ...] = ()


def talk_figures(report: Mapping[str, Any]) -> tuple[Figure, ...]:
    """The charts of talking and listening; none when nobody spoke, one without sound."""
    if not report["speakers"]:
        return ()
    if not wording.is_heard(report):
        return (_words_figure(report),)
    return (_talk_figure(report), _latency_figure(report), _listening_figure(report))


def question_figures(report: Mapping[str, Any]) -> tuple[Figure, ...]:
    """The charts of asking; none when nobody spoke."""
    if not report["speakers"]:
        return ()
    shown = (_ratio_figure(report), _kinds_figure(report))
    return (*shown, _follow_ups_figure(report)) if report.get("questions") else shown


def chart_name(person: Person) -> str:
    """A name short enough to stand in a chart."""
    name = wording.shortened(person.name, length=CHART_NAME_LENGTH)
    return f"{name} (you)" if person.is_me else name


def speaker_token(person: Person, *, main: Person | None) -> str:
    """The colour of a speaker: the main person's stands out, the others' are grey."""
    return "me" if person == main else "other"


def _talk_figure(report: Mapping[str, Any]) -> Figure:
    bars = _share_bars(report, key="talk_ratio")
    return Figure(
        title="Talk ratio",
        reading=figures.reading(report, "talk_ratio"),
        svg=bar_svg(bars, what="Share of the talking time", reference=1 / len(bars)),
        key=(*_interval_key(bars), ("reference", "equal share")),
        lenses=lenses.of_metrics(report, "talk_ratio"),
    )


def _words_figure(report: Mapping[str, Any]) -> Figure:
    """The share of the words, where there are no times to share."""
    bars = _share_bars(report, key="word_ratio")
    return Figure(
        title="Share of words",
        reading=figures.reading(report, "word_ratio"),
        svg=bar_svg(bars, what="Share of the words", reference=1 / len(bars)),
        key=(("reference", "equal share"),),
        lenses=lenses.of_metrics(report, "word_ratio"),
    )


def _latency_figure(report: Mapping[str, Any]) -> Figure:
    """How long each waits; bars begin at 0 s, to the left of it where somebody starts early."""
    key = "median_response_latency_s"
    values = [one[key] for one in report["speakers"]]
    intervals = [interval_of(one, key) for one in report["speakers"]]
    known = [value for value in values if value is not None]
    ends = [0.0, *known, *(bound for one in intervals if one for bound in one)]
    low, span = min(ends), max(max(ends) - min(ends), 0.1) * ROOM
    bars = tuple(
        _latency_bar(report, person, value=value, interval=interval, low=low, span=span)
        for person, value, interval in zip(wording.people(report), values, intervals, strict=True)
    )
    return Figure(
        title="Response latency",
        reading=figures.reading(report, key),
        svg=bar_svg(
            bars,
            what="Typical wait before answering, in seconds",
            reference=-low / span if low < 0 else None,
        ),
        key=(*_interval_key(bars), *([("reference", "no wait")] if low < 0 else [])),
        lenses=lenses.of_metrics(report, key),
    )


def _latency_bar(
    report: Mapping[str, Any],
    person: Person,
    *,
    value: float | None,
    interval: tuple[float, float] | None,
    low: float,
    span: float,
) -> Bar:
    if value is None:
        return Bar(name=chart_name(person), value="withheld", parts=())
    token = speaker_token(person, main=wording.main_person(wording.people(report)))
    start, end = sorted((-low / span, (value - low) / span))
    within = (
        f"  ({wording.decimal(interval[0])} to {wording.seconds(interval[1])})" if interval else ""
    )
    return Bar(
        name=chart_name(person),
        value=f"{wording.seconds(value)}{within}",
        parts=((start, end, token),),
        interval=((interval[0] - low) / span, (interval[1] - low) / span) if interval else None,
    )


def _listening_figure(report: Mapping[str, Any]) -> Figure:
    pairs = [(one["interruption_count"], one["backchannel_count"]) for one in report["speakers"]]
    return Figure(
        title="Cutting in, or listening along",
        reading=_listening_reading(report),
        svg=bar_svg(
            _stacked(report, pairs, tokens=("conduct", "empathy"), said=_listening_said),
            what="Interruptions and backchannels",
        ),
        key=(("conduct", "cut in"), ("empathy", "“mm”, “right”")),
        lenses=lenses.of_metrics(report, "interruption_count", "backchannel_count"),
    )


def _listening_reading(report: Mapping[str, Any]) -> str:
    """Both counts in a sentence; why they are withheld where they are."""
    main = wording.main_person(wording.people(report))
    counts = [
        (one["interruption_count"], one["backchannel_count"])
        for one in report["speakers"]
        if main and one["id"] == main.id
    ]
    if main is None or None in counts[0]:
        return figures.reading(report, "interruption_count")
    cut_in, along = counts[0]
    cuts = {0: "never cut in", 1: "cut in once"}.get(cut_in, f"cut in {cut_in} times")
    signals = wording.counted(along, "short signal")
    return f"{main.subject} {cuts}, and gave {signals} of listening."


def _ratio_figure(report: Mapping[str, Any]) -> Figure:
    bars = _share_bars(report, key="question_ratio")
    return Figure(
        title="Question ratio",
        reading=figures.reading(report, "question_ratio"),
        svg=bar_svg(bars, what="Share of own turns with a question"),
        key=(("me", "turns with a question"), ("track", "all own turns"), *_interval_key(bars)),
        lenses=lenses.of_metrics(report, "question_ratio", "questions_per_hour"),
    )


def _kinds_figure(report: Mapping[str, Any]) -> Figure:
    pairs = [
        (one["open_question_count"], one["closed_question_count"]) for one in report["speakers"]
    ]
    return Figure(
        title="Open and closed questions",
        reading=figures.reading(report, "question_count"),
        svg=bar_svg(
            _stacked(report, pairs, tokens=("inquiry", "soft"), said=_kinds_said),
            what="Questions asked",
        ),
        key=(("inquiry", "open"), ("soft", "closed")),
        lenses=lenses.of_metrics(report, "open_question_share", "question_count"),
    )


def _follow_ups_figure(report: Mapping[str, Any]) -> Figure:
    """Questions that ask more about what was just said, of all."""
    asked = {one["id"]: [0, 0] for one in report["speakers"]}
    for question in report["questions"]:
        asked[question["speaker"]][not question["follow_up"]] += 1
    main = wording.main_person(wording.people(report))
    follow_ups, others = asked[main.id] if main else (0, 0)
    whose = "your" if main and main.is_me else "their"
    return Figure(
        title="Follow-ups",
        reading=f"{follow_ups} of {whose} {wording.counted(follow_ups + others, 'question')} "
        "took up what had just been said.",
        svg=bar_svg(
            _stacked(report, [tuple(one) for one in asked.values()], tokens=("inquiry", "track"),
                     said=_follow_ups_said),
            what="Follow-up questions",
        ),
        key=(("inquiry", "follow-up"), ("track", "other questions")),
        lenses=lenses.of_metrics(report, "follow_up_share"),
    )  # fmt: skip


def _listening_said(cut_in: int, along: int) -> str:
    return f"{cut_in} cut in, {wording.counted(along, 'signal')}"


def _kinds_said(opened: int, closed: int) -> str:
    return f"{opened} open, {closed} closed"


def _follow_ups_said(follow_ups: int, others: int) -> str:
    return f"{follow_ups} of {follow_ups + others}"


def _share_bars(report: Mapping[str, Any], *, key: str) -> tuple[Bar, ...]:
    everyone = wording.people(report)
    main = wording.main_person(everyone)
    return tuple(
        _share_bar(
            chart_name(person),
            share=speaker[key],
            interval=interval_of(speaker, key),
            token=speaker_token(person, main=main),
        )
        for person, speaker in zip(everyone, report["speakers"], strict=True)
    )


def interval_of(speaker: Mapping[str, Any], key: str) -> tuple[float, float] | None:
    """A figure's 90 % interval; reports before 1.4 have that of the talk ratio only."""
    found = speaker.get("intervals", {}).get(key) or speaker.get(f"{key}_interval")
    return (found[0], found[1]) if found else None


def _share_bar(
    name: str, *, share: float | None, interval: tuple[float, float] | None, token: str
) -> Bar:
    if share is None:
        return Bar(name=name, value="withheld", parts=())
    within = f"  ({wording.percent_range(interval)})" if interval else ""
    return Bar(
        name=name,
        value=f"{wording.percent(share)}{within}",
        parts=((0.0, share, token),),
        interval=interval,
    )


def _interval_key(bars: Sequence[Bar]) -> list[tuple[str, str]]:
    return [("interval", "90 % interval")] if any(bar.interval for bar in bars) else []


def _stacked(
    report: Mapping[str, Any],
    pairs: Sequence[Counts],
    *,
    tokens: tuple[str, str],
    said: Any,
) -> tuple[Bar, ...]:
    """Two counts of each speaker behind each other; the longest bar fills the width."""
    most = max([sum(one or 0 for one in pair) for pair in pairs if None not in pair] + [1])
    empty = Bar(name="", value="withheld", parts=())
    return tuple(
        replace(
            empty if None in pair else _pair_bar(pair, most=most, tokens=tokens, said=said),
            name=chart_name(person),
        )
        for person, pair in zip(wording.people(report), pairs, strict=True)
    )


def _pair_bar(pair: Counts, *, most: int, tokens: tuple[str, str], said: Any) -> Bar:
    first, second = (one or 0 for one in pair)
    middle, end = first / most, (first + second) / most
    parts = ((0.0, middle, tokens[0]), (min(middle + GAP, end), end, tokens[1]))
    return Bar(name="", value=said(first, second), parts=parts if first else parts[1:])
