"""Empathy and assertiveness: the plane, the rates behind it, and signs of too much of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipeline.stages.page import figures, lenses, plane, wording
from pipeline.stages.page.lenses import Reading
from pipeline.stages.page.marks import marks
from pipeline.stages.page.wording import Person

QUOTE_LENGTH = 200
SHOWN = 5
NO_RATES = "Too few turns for rates by thirds of the call."
TOWARD = {
    "over_empathy": "Signs of too much empathy",
    "over_assertiveness": "Signs of too much assertiveness",
}
SIGNALS = {
    "early_concession": "Gave ground early",
    "first_offer_taken": "Took the first offer",
    "hedged_ask": "Asked with hedges",
    "unacknowledged_counter": "Countered without acknowledging",
    "threat": "Threatened",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """One speaker's drawing."""

    speaker: Person
    svg: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    """One speaker's (empathy, assertion) rates by thirds of the call, as text."""

    speaker: Person
    thirds: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A quote that shows a leaning, with what was seen in it."""

    signal: str
    speaker: Person
    quote: str
    turn: int
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaning:
    """The signs of one leaning: the main person's, in order; `more` are not shown."""

    title: str
    signs: tuple[Sign, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The section's content; `withheld` says why there is no plane."""

    reading: str
    planes: tuple[Plane, ...]
    withheld: str
    rows: tuple[RateRow, ...]
    leanings: tuple[Leaning, ...]
    lenses: tuple[Reading, ...]


def balance(report: Mapping[str, Any]) -> Balance | None:
    """What the report says of the balance; None when nobody spoke."""
    main = wording.main_person(wording.people(report))
    if main is None:
        return None
    rows = rate_rows(report)
    return Balance(
        reading=_reading(report, main=main),
        planes=_planes(report) if rows else (),
        withheld="" if rows else _why_not(report, main=main),
        rows=rows,
        leanings=_leanings(report, main=main),
        lenses=lenses.of_metrics(report, "empathy_share", "empathy_rate", "assertion_rate"),
    )


def _reading(report: Mapping[str, Any], *, main: Person) -> str:
    """The direction of the main person through the call, in plain words."""
    speaker = next(one for one in report["speakers"] if one["id"] == main.id)
    first, *_, last = speaker["balance_by_thirds"]
    if None in (*first.values(), *last.values()):
        return figures.reading(report, "empathy_share")
    empathy, assertion = (
        _change(first[f"{family}_rate"], last[f"{family}_rate"])
        for family in ("empathy", "assertion")
    )
    share = speaker["empathy_share"]
    so_much = f" {wording.percent(share)} of both together were empathy." if share else ""
    return (
        f"From the first third to the last, {main.possessive} empathy {empathy} "
        f"and {main.possessive} assertion {assertion}.{so_much}"
    )


def _change(first: float, last: float) -> str:
    if abs(last - first) < 1.0:
        return "stayed about the same"
    return "rose" if last > first else "fell"


def _why_not(report: Mapping[str, Any], *, main: Person) -> str:
    reason = figures.withheld_reason(report, scope=main.id, metric="empathy_rate")
    return f"Withheld: {reason}."


def _planes(report: Mapping[str, Any]) -> tuple[Plane, ...]:
    """A plane for each speaker with rates, the main person's first."""
    thirds = {
        one["id"]: one["balance_by_thirds"]
        for one in report["speakers"]
        if any(None not in third.values() for third in one["balance_by_thirds"])
    }
    limit = plane.limit_of(list(thirds.values()))
    return tuple(
        Plane(
            speaker=mark.person,
            svg=plane.plane_svg(thirds[id_], mark=mark, limit=limit),
        )
        for id_, mark in marks(report).items()
        if id_ in thirds
    )


def rate_rows(report: Mapping[str, Any]) -> tuple[RateRow, ...]:
    """The rates of each speaker over the call; none when every rate is withheld."""
    rows = tuple(
        RateRow(
            speaker=person,
            thirds=tuple(
                (_rate(third["empathy_rate"]), _rate(third["assertion_rate"]))
                for third in speaker["balance_by_thirds"]
            ),
        )
        for person, speaker in zip(wording.people(report), report["speakers"], strict=True)
    )
    known = any(rate != _rate(None) for row in rows for third in row.thirds for rate in third)
    return rows if known else ()


def _rate(rate: float | None) -> str:
    return "withheld" if rate is None else wording.decimal(rate)


def _leanings(report: Mapping[str, Any], *, main: Person) -> tuple[Leaning, ...]:
    """Both leanings of the main person, each with its signs; none in reports before 1.4."""
    if "leanings" not in report:
        return ()
    own = [one for one in report["leanings"] if one["speaker"] == main.id]
    return tuple(
        _leaning([one for one in own if one["toward"] == toward], title=title, speaker=main)
        for toward, title in TOWARD.items()
    )


def _leaning(found: Sequence[Mapping[str, Any]], *, title: str, speaker: Person) -> Leaning:
    return Leaning(
        title=title,
        signs=tuple(_sign(one, speaker=speaker) for one in found[:SHOWN]),
        more=max(len(found) - SHOWN, 0),
    )


def _sign(one: Mapping[str, Any], *, speaker: Person) -> Sign:
    return Sign(
        signal=SIGNALS.get(one["signal"], wording.capitalised(one["signal"].replace("_", " "))),
        speaker=speaker,
        quote=wording.shortened(wording.plain(one["quote"]), length=QUOTE_LENGTH),
        turn=one["turn"],
        time=wording.place(one["turn"], one["start_s"]),
    )
