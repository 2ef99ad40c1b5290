"""A call out of its report.json alone, where the frames behind it are no longer stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import polars as pl

from pipeline.records import METRICS, TURNS, WORDS
from pipeline.stages.exports.call import Call

Report = Mapping[str, Any]

_NO_FIGURES = {
    *("id", "name", "is_me", "rates", "balance_by_thirds"),
    *("talk_ratio_interval", "intervals"),
}
_QUALITY = ("speech_without_words_s", "mean_word_probability", "doubtful_word_count")
_UNITS = {
    "_s": "s",
    "_count": "count",
    "_rate": "per_10_turns",
    "_per_hour": "per_hour",
    "_per_minute": "per_minute",
    "reflection_to_question_ratio": "ratio",
}
"""The unit by the end of a metric's name; all others are shares."""


def read_report(text: str) -> dict[str, Any]:
    """A report.json as an object whose texts are valid Unicode. Raises ValueError."""
    found = json.loads(text, parse_constant=_refused)
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 - what json raises for bad text too
    # halves of characters may be escaped in JSON; nothing can write them
    whole = json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")
    report: dict[str, Any] = json.loads(whole)
    return report


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def restored(report: Report) -> Call:
    """The call as far as its report tells: turns with their times, no words.

    Raises KeyError, TypeError, ValueError or PolarsError where the report is not a whole one.
    """
    turns = pl.DataFrame([_turn(one) for one in report["turns"]], schema=TURNS, orient="row")
    metrics = pl.DataFrame(list(_figures(report)), schema=METRICS, orient="row")
    return Call(report=report, turns=turns, words=pl.DataFrame(schema=WORDS), metrics=metrics)


def _turn(one: Report) -> dict[str, Any]:
    """A row of TURNS; its words are numbered from 0, so that they can be counted."""
    return {
        "turn": one["index"],
        "speaker": one["speaker"],
        "start_ms": _milliseconds(one["start_s"]),
        "end_ms": _milliseconds(one["end_s"]),
        "text": one["text"],
        "words": list(range(len(one["text"].split()))),
        "overlap_ms": _milliseconds(one["overlap_s"]),
        "kind": one["kind"],
    }


def _milliseconds(time_s: float | None) -> int | None:
    return None if time_s is None else round(time_s * 1000)


def _figures(report: Report) -> Iterator[tuple[Any, ...]]:
    """Rows of METRICS: each speaker's, then the call's; intervals where the report has them."""
    reasons = {
        (one["scope"], one["metric"]): one["reason"] for one in report["quality"]["withheld"]
    }

    def row(scope: str, speaker: str | None, metric: str, value: Any) -> tuple[Any, ...]:
        reason = reasons.get((speaker or "call", metric)) or reasons.get(("call", metric), "")
        low, high = intervals.get((scope, speaker, metric)) or (None, None)
        withheld = reason if value is None else ""
        return scope, speaker, metric, value, low, high, _unit(metric), withheld

    intervals = {
        ("call", one["id"], metric): ends
        for one in report["speakers"]
        for metric, ends in _intervals(one).items()
    }
    for one in report["speakers"]:
        yield from (row(scope, one["id"], metric, v) for scope, metric, v in _own_figures(one))
    for metric, value in report["totals"].items():
        yield row("call", None, metric, value)
    for metric in _QUALITY:
        yield row("call", None, metric, report["quality"][metric])


def _intervals(speaker: Report) -> Report:
    """The 90 % intervals of a speaker by metric; before 1.4.0 there was one."""
    return {"talk_ratio": speaker["talk_ratio_interval"], **speaker.get("intervals", {})}


def _own_figures(speaker: Report) -> Iterator[tuple[str, str, Any]]:
    """A speaker's figures as scope, metric, value."""
    yield from (("call", name, v) for name, v in speaker.items() if name not in _NO_FIGURES)
    yield from (("call", f"{family}_rate", v) for family, v in speaker["rates"].items())
    for third, rates in zip(("first", "middle", "last"), speaker["balance_by_thirds"], strict=True):
        yield from ((third, name, value) for name, value in rates.items())


def _unit(metric: str) -> str:
    return next((unit for ending, unit in _UNITS.items() if metric.endswith(ending)), "share")
