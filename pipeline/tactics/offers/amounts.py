"""Amounts: numbers with their unit, period, range and exactness."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.tactics.offers.numbers import Number, read_numbers
from pipeline.tactics.text import MARKS, Passage, Span
from pipeline.tactics.wording import word_set

MONEY = frozenset(("USD", "EUR", "GBP", "money"))
PERCENT = "percent"
PERIODS_A_YEAR = {"year": 1.0, "month": 12.0, "week": 52.0}
"""Rates an hour or a day stay apart: how many of them are worked is another issue."""
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)

_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "%": PERCENT}
_UNITS = {
    "dollar": "USD",
    "usd": "USD",
    "euro": "EUR",
    "eur": "EUR",
    "pound": "GBP",
    "gbp": "GBP",
    "quid": "GBP",
    "buck": "money",
    "hr": "hour",
} | {unit: unit for unit in (PERCENT, "minute", "hour", "day", "week", "month", "year", "mile")}
_PERIODS = {unit: unit for unit in ("year", "month", "week", "day", "hour")}
_PERIODS |= {"annum": "year", "yr": "year", "mo": "month", "wk": "week", "hr": "hour"}
_PERIOD_ALONE = dict.fromkeys(("annually", "yearly", "annual", "pa"), "year")
_PERIOD_ALONE |= {"monthly": "month", "weekly": "week", "daily": "day", "hourly": "hour"}
_PERIOD_LEADS = word_set("a an per each every")
_LOOK_AHEAD = 4
_NEXT_CLAUSE = MARKS | word_set(
    "and or but plus with in for after within over at by until from then because if on before than"
)
_NO_PERIOD_AFTER = word_set("off earlier later before after ago from more longer extra notice")
_RANGE_MARKS = frozenset(("to", "—", "or", "through"))
_OPENERS = frozenset(("between", "from"))
_WIDEST_UNOPENED = 3.0
_CHANGES = word_set(
    "go going went gone move moving moved come coming came raise raising raised increase increased "
    "bump bumped drop dropped lower lowered reduce reduced cut change changed up down jump rise"
)
_DASH = re.compile(r"\s*[-–—]\s*")
_CLOCK_AFTER = word_set("o'clock am pm a.m p.m")
_YEARS = range(1950, 2051)
_YEAR_LEADS = word_set("in since during until year early late") | frozenset(MONTHS)
_FIGURES = range(5, 9)
_HEADS = word_set(
    "people persons guys employees staff colleagues engineers candidates hires kids children"
)
_CODE_PARTS = 3
"""So many bare numbers in a row are a telephone number, a code or a date, not amounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A value with its unit; `high` is the other end of a range.

    `unit` is USD, EUR, GBP, money (of no named currency), percent, a unit of time, or empty;
    `period` what a rate is for (year, month, week, day, hour), or empty. `scaled`: thousands or
    millions were named.
    """

    span: Span
    value: float
    high: float | None = None
    unit: str = ""
    period: str = ""
    scaled: bool = False


def is_exact(value: float) -> bool:
    """Whether a number has more than two significant digits, a third of 5 not counted.

    117,400 is exact; 120,000 and 115,000 are round. Precise first offers are taken for better
    founded ones and move the outcome more (Mason et al., J. Exp. Soc. Psychol. 49, 2013).
    """
    digits = f"{abs(value):.2f}".replace(".", "").strip("0")
    return len(digits) > 3 or (len(digits) == 3 and digits[-1] != "5")


def read_amounts(passage: Passage) -> list[Amount]:
    """The amounts of a turn, in order; ranges are one amount.

    Clock times, years, dates, people, and runs of bare numbers (telephone numbers, codes) are none.
    """
    tokens = [token.clean for token in passage.tokens]
    numbers = [_marked(number, passage) for number in read_numbers(tokens)]
    if not numbers:
        return []
    codes = _codes(numbers)
    ends = [number.span.first for number in numbers[1:]] + [len(tokens)]
    amounts = [
        _amount(number, tokens, passage, end=end)
        for number, end in zip(numbers, ends, strict=False)
        if number not in codes
        and not (_is_time(number, tokens) or _is_year(number, tokens) or _is_day(number, tokens))
        and not _is_head_count(number, tokens)
    ]
    return _ranges(amounts, passage, tokens)


# --- numbers that are no amounts


def _is_head_count(number: Number, tokens: Sequence[str]) -> bool:
    """ "Four people": nothing that two sides haggle over."""
    return _is_bare(number) and _at(tokens, number.span.last + 1) in _HEADS


def _codes(numbers: Sequence[Number]) -> frozenset[Number]:
    runs: list[list[Number]] = []
    for number in numbers:
        goes_on = runs and runs[-1][-1].span.last + 1 == number.span.first
        if goes_on and _is_bare(number) and _is_bare(runs[-1][-1]):
            runs[-1].append(number)
        else:
            runs.append([number])
    return frozenset(number for run in runs if len(run) >= _CODE_PARTS for number in run)


def _is_bare(number: Number) -> bool:
    return not number.mark and not number.scaled


def _at(tokens: Sequence[str], index: int) -> str:
    return tokens[index] if 0 <= index < len(tokens) else ""


def _is_time(number: Number, tokens: Sequence[str]) -> bool:
    """ "3 pm", "three o'clock", "half past two", "a quarter to five"."""
    before = _at(tokens, number.span.first - 1), _at(tokens, number.span.first - 2)
    return (
        _at(tokens, number.span.last + 1) in _CLOCK_AFTER
        or before[0] == "past"
        or before == ("to", "quarter")
    )


def _is_year(number: Number, tokens: Sequence[str]) -> bool:
    """A bare number that may be a year; 2000 and 1950 only where "in" or the like leads to it."""
    if not _is_bare(number) or number.value not in _YEARS or _unit_after(tokens, number)[0]:
        return False
    return bool(number.value % 50) or _at(tokens, number.span.first - 1) in _YEAR_LEADS


def _is_day(number: Number, tokens: Sequence[str]) -> bool:
    """ "March 1", "1 March": a day of a month; "15 may be fine" is none."""
    if not _is_bare(number) or number.value not in range(1, 32):
        return False
    if _at(tokens, number.span.first - 1) in MONTHS:
        return not _unit_after(tokens, number)[0]
    after, next_one = _at(tokens, number.span.last + 1), _at(tokens, number.span.last + 2)
    return after in MONTHS and not (after == "may" and next_one.isalpha())


# --- units and periods


def _marked(number: Number, passage: Passage) -> Number:
    """The number with a sign that stands apart from it: "15 %", "$ 120"."""
    if number.mark:
        return number
    after = _gap(passage, number.span.last).strip()[:1]
    before = _gap(passage, number.span.first - 1).strip()[-1:]
    mark = next((sign for sign in (after, before) if sign in _SIGNS), "")
    return replace(number, mark="" if mark == before == "%" else mark)


def _gap(passage: Passage, index: int) -> str:
    """What stands in the text between a token and the next one."""
    start = passage.tokens[index].end if index >= 0 else 0
    is_last = index + 1 >= len(passage.tokens)
    return passage.text[start : None if is_last else passage.tokens[index + 1].start]


def _amount(number: Number, tokens: Sequence[str], passage: Passage, *, end: int) -> Amount:
    """The number with its unit and period, which stand before `end`, the next number."""
    if _at(tokens, number.span.last + 1) in ("figure", "figures") and number.value in _FIGURES:
        return _figures(number)
    unit, last = _unit_after(tokens, number)
    if number.mark:
        unit, last = _SIGNS[number.mark], last if unit in MONEY else number.span.last
    if "/" in _gap(passage, last) and _at(tokens, last + 1) in _PERIODS:
        period, last = _PERIODS[tokens[last + 1]], last + 1
    elif "/" in _gap(passage, number.span.last) and _at(tokens, last) in _PERIODS:
        unit, period = "", _PERIODS[tokens[last]]
    else:
        period, last = _period_after(tokens, last, unit, end=end)
    cents = _at(tokens, number.span.last + 1) in ("cent", "cents")
    return Amount(
        span=Span(first=number.span.first, last=last),
        value=number.value / 100 if cents else number.value,
        unit=unit,
        period=period,
        scaled=number.scaled,
    )


def _figures(number: Number) -> Amount:
    """ "Six figures" is any number that is written with six."""
    return Amount(
        span=Span(first=number.span.first, last=number.span.last + 1),
        value=10 ** (number.value - 1),
        high=10**number.value - 1,
        unit="money",
        scaled=True,
    )


def _unit_after(tokens: Sequence[str], number: Number) -> tuple[str, int]:
    """The unit named right after a number and the last token of both; "" without one."""
    last = number.span.last
    word = _at(tokens, last + 1)
    if word == "per" and _at(tokens, last + 2) == "cent":
        return PERCENT, last + 2
    if word in ("cent", "cents"):
        return "money", last + 1
    unit = _UNITS.get(word) or _UNITS.get(word.removesuffix("s"))
    return (unit, last + 1) if unit else ("", last)


def _period_after(tokens: Sequence[str], last: int, unit: str, *, end: int) -> tuple[str, int]:
    """What a rate is for ("a year", "annually"), within a few tokens of the same clause."""
    if list(tokens[last + 1 : last + 4]) == ["p", ".", "a"]:
        return "year", last + 3
    for index in range(last + 1, min(last + 1 + _LOOK_AHEAD, end)):
        word, following = tokens[index], _at(tokens, index + 1)
        if word in _NEXT_CLAUSE:
            break
        if word in _PERIOD_ALONE:
            return _PERIOD_ALONE[word], index
        period = _PERIODS.get(following, "") if word in _PERIOD_LEADS else ""
        if period and period != unit and _at(tokens, index + 2) not in _NO_PERIOD_AFTER:
            return period, index + 1
    return "", last


# --- ranges


def _ranges(amounts: list[Amount], passage: Passage, tokens: Sequence[str]) -> list[Amount]:
    kept: list[Amount] = []
    for amount in amounts:
        one = _range(kept[-1], amount, passage, tokens) if kept else None
        if one:
            kept[-1] = one
        else:
            kept.append(amount)
    return kept


def _range(low: Amount, high: Amount, passage: Passage, tokens: Sequence[str]) -> Amount | None:
    """Two neighbours as one amount, a range or the end of a change; None where they are two."""
    units_differ = low.unit and high.unit and low.unit != high.unit
    if units_differ or low.high is not None or high.high is not None:
        return None
    start, end = _in_one_scale(low, high)
    between = list(tokens[low.span.last + 1 : high.span.first])
    opener = _at(tokens, low.span.first - 1)
    if opener == "between" and between == ["and"] and start != end:
        return _spanning(low, high, min(start, end), max(start, end))
    if _is_change(low, between, tokens):
        return _spanning(low, high, end, None)
    if start >= end:
        return None
    is_dash = not between and bool(_DASH.fullmatch(_gap(passage, low.span.last)))
    is_marked = len(between) == 1 and between[0] in _RANGE_MARKS
    near = opener in _OPENERS or end <= _WIDEST_UNOPENED * max(start, 1.0)
    return _spanning(low, high, start, end) if is_dash or (is_marked and near) else None


def _is_change(low: Amount, between: Sequence[str], tokens: Sequence[str]) -> bool:
    """ "Go up from 110 to 115" stands at 115; "anywhere from 110 to 115" is a range."""
    at = low.span.first - 1
    return (
        _at(tokens, at) == "from"
        and list(between) == ["to"]
        and any(word in _CHANGES for word in tokens[max(0, at - 3) : at])
    )


def _in_one_scale(low: Amount, high: Amount) -> tuple[float, float]:
    """Both ends, with the thousands that only one of them names."""
    if high.scaled and not low.scaled and low.value < high.value / 50:
        return low.value * (1e3 if high.value < 1e6 else 1e6), high.value
    if low.scaled and not high.scaled and high.value < low.value / 50:
        return low.value, high.value * (1e3 if low.value < 1e6 else 1e6)
    return low.value, high.value


def _spanning(low: Amount, high: Amount, start: float, end: float | None) -> Amount:
    """One amount of both; the unit or period that only one end names goes for both."""
    return replace(
        high,
        span=Span(first=low.span.first, last=high.span.last),
        value=start,
        high=end,
        unit=high.unit or low.unit,
        period=high.period or low.period,
        scaled=low.scaled or high.scaled,
    )
