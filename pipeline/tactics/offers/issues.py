"""What an amount or a named option belongs to: the issue under negotiation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from pipeline.tactics.codebook import Issue
from pipeline.tactics.cues import touches
from pipeline.tactics.offers.amounts import (
    MONEY,
    MONTHS,
    PERCENT,
    PERIODS_A_YEAR,
    Amount,
    read_amounts,
)
from pipeline.tactics.search import ListSearcher, list_searcher
from pipeline.tactics.text import BREAKS, STOPS, Passage, Span

AS_SAID = "*"
"""In the codebook: what was said is itself the option's name."""
_OTHER = "other"
NAMELESS = (_OTHER, "")
"""The key of what belongs to no known issue."""
_CATCH_ALL = "price"
"""Its words ("rate", "cost", "budget") are said of whatever money is being talked about."""
_FARTHEST = 14.0
_COST_BEFORE, _COST_COMMA, _COST_AMOUNT, _COST_STOP = 1.0, 2.0, 3.0, 12.0
_THOUSAND = 1000.0
_BELOW_THOUSANDS = (10.0, 1000.0)
_NEAR_FACTOR = 5.0

_START_DATE = "start_date"
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth"),
    *("seventeenth", "eighteenth", "nineteenth", "twentieth"),
)
_NTH = {word: day for day, word in enumerate(_ORDINALS, start=1)}
_NTH |= {f"twenty {word}": 20 + day for word, day in _NTH.items() if day < 10}
_NTH |= {"thirtieth": 30, "thirty first": 31}
_DAY = rf"(?P<day>\d{{1,2}}(?: (?:st|nd|rd|th))?|{'|'.join(sorted(_NTH, key=len, reverse=True))})"
_MONTH = f"(?P<month>{'|'.join(MONTHS)})"
_WEEKDAY = "(?P<weekday>monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_DATES = tuple(
    re.compile(rf"(?<!\S)(?:{form})(?!\S)")
    for form in (
        f"{_MONTH} (?:the )?{_DAY}",
        f"(?:the )?{_DAY} (?:of )?{_MONTH}",
        f"(?:in|by|from|until|of|early|mid|late) {_MONTH}",
        _WEEKDAY,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """An amount or a named option in a turn, with the issue it belongs to.

    `option` names what has no number ("team manager"); then `value` is None. `item` says which
    one where an issue has several (pension, company car), or is empty.
    """

    span: Span
    issue: str
    item: str = ""
    value: float | None = None
    high: float | None = None
    unit: str = ""
    period: str = ""
    option: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """The issue and the item in it."""
        return self.issue, self.item


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What has been talked about: the things so far, oldest first, and the issues named last."""

    things: tuple[Thing, ...] = ()
    named: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Words that name an issue."""

    issue: Issue
    span: Span


def read_things(
    passage: Passage,
    issues: Sequence[Issue],
    topic: Topic,
    *,
    mentions: Sequence[Mention] | None = None,
) -> list[Thing]:
    """The amounts and options of a turn, each with its issue, in order.

    An amount that belongs to nothing known is of the issue "other", without an item. `mentions`
    are those of the turn, where they have been found already.
    """
    mentions = find_mentions(passage, issues) if mentions is None else mentions
    amounts = read_amounts(passage)
    named = [_by_mention(amount, amounts, passage, mentions) for amount in amounts]
    spoken_for = frozenset(mention.issue.key for mention in named if mention)
    valued = [
        _valued(amount, mention, issues, topic, spoken_for)
        for amount, mention in zip(amounts, named, strict=True)
    ]
    # "A signing bonus of 10,000" is one thing: the words that name an amount are no option too.
    taken = [*(amount.span for amount in amounts), *(mention.span for mention in named if mention)]
    options = _options([*_named_options(passage, issues), *_dates(passage, mentions, topic)], taken)
    return sorted([*valued, *options], key=lambda thing: thing.span.first)


def named_issues(passage: Passage, issues: Sequence[Issue]) -> list[tuple[str, str]]:
    """The issues that a turn names, in the order of their first mention, each once."""
    return in_order(find_mentions(passage, issues))


def in_order(mentions: Iterable[Mention]) -> list[tuple[str, str]]:
    """The issues mentioned, in the order of their first mention, each once."""
    ordered = sorted(mentions, key=lambda mention: mention.span.first)
    return list(dict.fromkeys(mention.issue.key for mention in ordered))


def find_mentions(passage: Passage, issues: Sequence[Issue]) -> list[Mention]:
    """All words of a turn that name an issue, issue by issue."""
    ready = _ready(issues)
    return [
        Mention(issue=ready.issues[at], span=passage.span_of(match))
        for at, match in ready.words.find_all(passage)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """Issues with their words and terms made ready to be searched for."""

    issues: Sequence[Issue]
    words: ListSearcher
    options: tuple[tuple[Issue, str], ...]
    terms: ListSearcher


_READY: dict[int, _Ready] = {}
_MOST_READY = 16


def _ready(issues: Sequence[Issue]) -> _Ready:
    """The issues made ready; remembered for a tuple, which does not change."""
    ready = _READY.get(id(issues))
    if ready is not None and ready.issues is issues:
        return ready
    ready = _made_ready(issues)
    if isinstance(issues, tuple):
        if len(_READY) >= _MOST_READY:
            _READY.clear()
        _READY[id(issues)] = ready
    return ready


def _made_ready(issues: Sequence[Issue]) -> _Ready:
    terms = [(issue, name, patterns) for issue in issues for name, patterns in issue.terms]
    return _Ready(
        issues=issues,
        words=list_searcher(tuple(issue.words for issue in issues)),
        options=tuple((issue, name) for issue, name, _ in terms),
        terms=list_searcher(tuple(patterns for *_, patterns in terms)),
    )


# --- named options


def _options(found: Iterable[Thing], taken: Sequence[Span]) -> list[Thing]:
    """Of two options that share words the longer one, and none in the words of an amount."""
    kept: list[Thing] = []
    for thing in sorted(found, key=lambda t: (t.span.first - t.span.last, t.option == t.issue)):
        if not touches(thing.span, [*taken, *(other.span for other in kept)]):
            kept.append(thing)
    return kept


def _named_options(passage: Passage, issues: Sequence[Issue]) -> Iterator[Thing]:
    ready = _ready(issues)
    for at, match in ready.terms.find_all(passage):
        issue, name = ready.options[at]
        span = passage.span_of(match)
        option = passage.clean_of(span) if name == AS_SAID else name
        yield Thing(span=span, issue=issue.id, item=issue.item, option=option)


def _dates(passage: Passage, mentions: Sequence[Mention], topic: Topic) -> Iterator[Thing]:
    """Dates as options of the start date, where it is what the turn or the talk is about.

    They are named by month and day, month, or weekday; the year is left out.
    """
    named = {mention.issue.id for mention in mentions}
    in_turn = _START_DATE in named
    in_talk = not named and bool(topic.named) and topic.named[-1][0] == _START_DATE
    if in_turn or in_talk:
        for match in (match for form in _DATES for match in form.finditer(passage.clean)):
            yield Thing(
                span=passage.span_of(match), issue=_START_DATE, option=_date_name(match.groupdict())
            )


def _date_name(parts: dict[str, str | None]) -> str:
    name = str(parts.get("month") or parts.get("weekday")).capitalize()
    day = parts.get("day")
    return f"{name} {_NTH.get(day) or int(day.split(' ')[0])}" if day else name


# --- amounts


def _valued(
    amount: Amount,
    mention: Mention | None,
    issues: Sequence[Issue],
    topic: Topic,
    spoken_for: AbstractSet[tuple[str, str]],
) -> Thing:
    """An amount with its issue; those `spoken_for` have an amount of their own in the turn."""
    named = mention.issue if mention else None
    if named is None or named.id == _CATCH_ALL:
        alike, fitting = _by_topic(amount, issues, topic)
        free = fitting if fitting and fitting.key not in spoken_for else None
        named = alike or named or free or _by_unit(amount, issues) or fitting
    thing = Thing(
        span=amount.span,
        issue=named.id if named else _OTHER,
        item=named.item if named else "",
        value=amount.value,
        high=amount.high,
        unit=amount.unit,
        period=amount.period,
    )
    return _in_thousands(thing, named, topic) if named and not amount.scaled else thing


def fits(amount: Amount, issue: Issue) -> bool:
    """Whether an amount of this unit and size can be about this issue."""
    unit = "money" if amount.unit in MONEY else amount.unit
    if unit not in issue.units or (issue.id == "hours" and amount.period == "hour"):
        return False  # so much an hour is pay
    if unit or not issue.typical:
        return True
    lowest, highest = issue.typical
    return lowest <= amount.value <= highest


def _by_mention(
    amount: Amount, amounts: Sequence[Amount], passage: Passage, mentions: Sequence[Mention]
) -> Mention | None:
    """The nearest words that name an issue which the amount fits."""
    first, last = amount.span.first - _FARTHEST, amount.span.last + _FARTHEST
    beside = [other for other in amounts if first <= other.span.first <= last]
    costs = [
        (_cost(amount, mention.span, beside, passage), mention)
        for mention in mentions
        if first <= mention.span.last and mention.span.first <= last
        if fits(amount, mention.issue)
        if not _is_of_another(amount, mention.span, beside, passage)
    ]
    near = [pair for pair in costs if pair[0] <= _FARTHEST]
    return min(near, key=lambda pair: pair[0])[1] if near else None


def _is_of_another(
    amount: Amount, named: Span, amounts: Iterable[Amount], passage: Passage
) -> bool:
    """Whether a name goes with another amount, or goes on a list after this one.

    "If you took 111,000 … a bonus of 10,000" and "92,000 plus a 5 % bonus" have one bonus each,
    and "115,000, the bonus" none.
    """
    tokens = passage.tokens
    if named.first == amount.span.last + 2 and tokens[named.first - 1].clean == "the":
        return True
    others = [other.span for other in amounts if other.span != amount.span]
    binds = named.last + 1 < len(tokens) and tokens[named.last + 1].clean in ("of", "at")
    follows = binds and any(other.first == named.last + 2 for other in others)
    beside = named.first == amount.span.last + 1
    return follows or (not beside and any(other.last + 1 == named.first for other in others))


def _cost(amount: Amount, named: Span, amounts: Iterable[Amount], passage: Passage) -> float:
    """How far an issue's name lies from an amount; marks and other amounts between cost more."""
    if touches(amount.span, [named]):
        return 0.0
    after = named.first > amount.span.last
    first, last = (
        (amount.span.last + 1, named.first - 1)
        if after
        else (named.last + 1, amount.span.first - 1)
    )
    between = [token.clean for token in passage.tokens[first : last + 1]]
    others = sum(first <= other.span.first <= last for other in amounts)
    return (
        len(between)
        + (0.0 if after else _COST_BEFORE)
        + _COST_COMMA * sum(word in (",", "and", "with", "plus") for word in between)
        + _COST_STOP * sum(word in STOPS | BREAKS for word in between)
        + _COST_AMOUNT * others
    )


def _by_topic(
    amount: Amount, issues: Sequence[Issue], topic: Topic
) -> tuple[Issue | None, Issue | None]:
    """The issue talked about last that has had a like value, and the last that the amount fits."""
    by_key = {issue.key: issue for issue in issues}
    recent = dict.fromkeys(reversed(topic.named))
    fitting = [by_key[key] for key in recent if key in by_key and fits(amount, by_key[key])]
    like = {thing.key for thing in topic.things if _is_like(amount, thing)} if fitting else set()
    alike = (issue for issue in fitting if issue.key in like)
    return next(alike, None), next(iter(fitting), None)


def _is_like(amount: Amount, thing: Thing) -> bool:
    """Whether the values could be of one issue: as they are, in thousands, or by the year."""
    if thing.value is None or (amount.unit and thing.unit and amount.unit != thing.unit):
        return False
    factors = {1.0} if amount.scaled else {1.0, _THOUSAND}
    if amount.period in PERIODS_A_YEAR and thing.period in ("", "year"):
        factors.add(PERIODS_A_YEAR[amount.period])
    low, high = thing.value / _NEAR_FACTOR, thing.value * _NEAR_FACTOR
    return any(low <= amount.value * factor <= high for factor in factors)


def _by_unit(amount: Amount, issues: Sequence[Issue]) -> Issue | None:
    """What an amount is about when nothing named it: pay by the year, hours of work, a price."""
    by_id = {issue.id: issue for issue in issues if not issue.item}
    is_money = amount.unit in MONEY or (not amount.unit and amount.period == "hour")
    yearly = amount.period == "year"
    large = amount.value >= 20 * _THOUSAND and amount.unit in {*MONEY, ""}
    if (is_money and yearly) or (large and amount.scaled and not is_money):
        return by_id.get("salary")
    if is_money:
        return by_id.get("salary" if large and amount.value < 1e6 else "price")
    if amount.unit == "hour":
        return by_id.get("hours")
    return by_id.get("salary") if large else None


def _in_thousands(thing: Thing, issue: Issue, topic: Topic) -> Thing:
    """ "One twenty" of a salary is 120,000: by earlier values of the issue, else by its size."""
    if thing.value is None or thing.unit == PERCENT or thing.period in ("hour", "day"):
        return thing
    low, high = _BELOW_THOUSANDS
    if not low <= thing.value < high:
        return thing
    earlier = [t.value for t in topic.things if t.key == thing.key and t.value is not None]
    alike = [v for v in earlier if v / _NEAR_FACTOR <= thing.value * _THOUSAND <= v * _NEAR_FACTOR]
    same = [v for v in earlier if v / _NEAR_FACTOR <= thing.value <= v * _NEAR_FACTOR]
    guessed = not earlier and issue.thousands and not thing.unit and thing.value >= 20
    if (alike and not same) or guessed:
        high_end = thing.high * _THOUSAND if thing.high and thing.high < high else thing.high
        return replace(thing, value=thing.value * _THOUSAND, high=high_end)
    return thing
