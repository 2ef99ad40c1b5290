"""Comparing what was said on an issue: values on one scale, and how far apart they are."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.tactics.offers.amounts import MONEY, PERCENT, PERIODS_A_YEAR
from pipeline.tactics.offers.issues import Thing

_FAR_FACTOR = 10.0
Ends = tuple[float, float]
"""The low and the high end of a value; both are the value where it is no range."""


def is_same(one: Thing, other: Thing) -> bool:
    """Whether two are one value, whatever period each is said for, or one option."""
    if one.value is None or other.value is None:
        return one.value is other.value and one.option == other.option
    ends = on_one_scale(one, other)
    return ends is not None and all(map(math.isclose, *ends))


def gap(own: Ends, theirs: Ends) -> float:
    """How far it is from one's own end to the other side's: below 0 downwards, 0 in an overlap."""
    if theirs[0] > own[1]:
        return theirs[0] - own[1]
    return min(theirs[1] - own[0], 0.0)


def on_one_scale(*things: Thing) -> list[Ends] | None:
    """The ends of each, a year's worth where their rates differ; None if not to be compared."""
    if not _are_of_one_kind(things):
        return None
    rates = [thing for thing in things if thing.period]
    periods = [thing.period or _likely_period(thing, rates) for thing in things]
    differ = len(set(periods)) > 1
    if differ and not PERIODS_A_YEAR.keys() >= set(periods):
        return None
    times = [PERIODS_A_YEAR[period] if differ else 1.0 for period in periods]
    lows = [thing.value or 0.0 for thing in things]
    highs = [low if t.high is None else t.high for low, t in zip(lows, things, strict=True)]
    return [(low * n, high * n) for low, high, n in zip(lows, highs, times, strict=True)]


def _are_of_one_kind(things: Sequence[Thing]) -> bool:
    """Whether all are numbers of one unit, as far as they name one."""
    units = {thing.unit for thing in things} - {""}
    kinds = {"money" if unit in MONEY else unit for unit in units}
    if len(kinds) > 1 or len(units - {"money"}) > 1 or any(t.value is None for t in things):
        return False
    # 115,000 after "10 percent" is no percentage because it names no unit.
    bare = [thing.value for thing in things if not thing.unit and thing.value]
    return PERCENT not in units or max(bare, default=0.0) <= 100


def _likely_period(thing: Thing, rates: Sequence[Thing]) -> str:
    """The period of a number that names none: that of the rate nearest in size, or a year.

    115,000 beside 9,500 a month is by the year. Empty where no rate comes near.
    """
    sizes = [(rate.period, rate.value or 0.0) for rate in rates]
    sizes += [("year", size * PERIODS_A_YEAR.get(period, 0.0)) for period, size in sizes]
    own = thing.value or 0.0
    near = [(max(own, n) / min(own, n), period) for period, n in sizes if own > 0 and n > 0]
    ratio, period = min(near, default=(_FAR_FACTOR, ""))
    return period if ratio < _FAR_FACTOR else ""
