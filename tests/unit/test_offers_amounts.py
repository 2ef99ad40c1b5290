"""Amounts as people say and write them: numbers, units, periods, ranges, and what is none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tactics.offers.amounts import Amount, is_exact, read_amounts
from pipeline.tactics.text import read_passage
from pipeline.tactics.wording import word_set

ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
TENS = (
    *("zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty"),
    "ninety",
)


def amounts_in(text: str) -> list[Amount]:
    """The amounts of a turn."""
    return read_amounts(read_passage(text))


def only(text: str) -> Amount:
    """The one amount of a turn."""
    (amount,) = amounts_in(text)
    return amount


def quote(text: str) -> str:
    """The words that carry the one amount of a turn."""
    start, end = read_passage(text).chars(only(text).span)
    return text[start:end]


VALUES = {
    "120k": 120_000,
    "120 K": 120_000,
    "$120,000": 120_000,
    "120,000": 120_000,
    "1.5m": 1_500_000,
    "1.5 million": 1_500_000,
    "92.5": 92.5,
    "92.5k": 92_500,
    "five": 5,
    "twenty-five": 25,
    "ninety five": 95,
    "one twenty": 120,
    "one-twenty": 120,
    "one ten": 110,
    "one twenty five": 125,
    "two fifty": 250,
    "twelve fifty": 1_250,
    "twenty five hundred": 2_500,
    "one oh five": 105,
    "one o five": 105,
    "one hundred five": 105,
    "ninety two five": 92.5,
    "ninety two and a half": 92.5,
    "ninety two and a half thousand": 92_500,
    "ninety two five hundred": 92_500,
    "one seventeen five": 117.5,
    "one seventeen four hundred": 117_400,
    "one twenty thousand": 120_000,
    "one twenty three thousand": 123_000,
    "mid 90s": 95,
    "a hundred": 100,
    "a thousand": 1_000,
    "a hundred and twenty": 120,
    "a hundred and twenty thousand": 120_000,
    "one hundred twenty thousand": 120_000,
    "one hundred and twenty three thousand four hundred and fifty six": 123_456,
    "one million two hundred thousand": 1_200_000,
    "one point two million": 1_200_000,
    "two and a half million": 2_500_000,
    "two and a quarter": 2.25,
    "half a million": 500_000,
    "ninety k": 90_000,
    "five grand": 5_000,
    "5 hundred": 500,
    "5 hundred thousand": 500_000,
    "5 thousand two hundred": 5_200,
    "120 thousand": 120_000,
    "a couple of thousand": 2_000,
    "a couple hundred": 200,
    "a dozen": 12,
    "two dozen": 24,
    "half a dozen": 6,
    "mid nineties": 95,
    "mid-nineties": 95,
    "low nineties": 92,
    "high nineties": 98,
    "one, um, twenty": 120,
}


@pytest.mark.parametrize("said", VALUES)
def test_an_amount_has_the_value_that_its_words_mean(said: str) -> None:
    """One amount, whatever stands around it, and its quote is exactly its words."""
    text = f"We could do {said} then."
    assert only(text).value == pytest.approx(VALUES[said])
    assert quote(text) == said


UNITS = {
    "$120": (120, "USD"),
    "€120": (120, "EUR"),
    "120 €": (120, "EUR"),
    "£120": (120, "GBP"),
    "$ 120": (120, "USD"),
    "120 dollars": (120, "USD"),
    "one dollar": (1, "USD"),
    "five grand": (5_000, ""),
    "a hundred bucks": (100, "money"),
    "twenty quid": (20, "GBP"),
    "fifty cents": (0.5, "money"),
    "15%": (15, "percent"),
    "15 %": (15, "percent"),
    "15 percent": (15, "percent"),
    "fifteen percent": (15, "percent"),
    "fifteen per cent": (15, "percent"),
    "half a percent": (0.5, "percent"),
    "two and a half percent": (2.5, "percent"),
    "point five percent": (0.5, "percent"),
    "zero point two five percent": (0.25, "percent"),
    "two point five percent": (2.5, "percent"),
    "three weeks": (3, "week"),
    "two and a half weeks": (2.5, "week"),
    "a couple of weeks": (2, "week"),
    "half a day": (0.5, "day"),
    "25 days": (25, "day"),
    "forty hours": (40, "hour"),
    "18 months": (18, "month"),
    "four years": (4, "year"),
    "six figures": (100_000, "money"),
    "five figures": (10_000, "money"),
}


@pytest.mark.parametrize("said", UNITS)
def test_an_amount_has_the_unit_written_at_it_or_named_after_it(said: str) -> None:
    """Signs before and after, words, and fractions of a unit."""
    amount = only(f"Say {said}.")
    assert (amount.value, amount.unit) == (pytest.approx(UNITS[said][0]), UNITS[said][1])
    # A sign that stands apart is no token, so it is in no quote.
    assert quote(f"Say {said}.") in (said, said.removesuffix(" %"), said.removesuffix(" €"), "120")


PERIODS = {
    "$120,000 a year": (120_000, "USD", "year"),
    "$120,000 per year": (120_000, "USD", "year"),
    "$120,000 per annum": (120_000, "USD", "year"),
    "$120,000 annually": (120_000, "USD", "year"),
    "$120,000 p.a.": (120_000, "USD", "year"),
    "120k pa": (120_000, "", "year"),
    "$120k/year": (120_000, "USD", "year"),
    "$120k/yr": (120_000, "USD", "year"),
    "120,000 dollars a year": (120_000, "USD", "year"),
    "120k base a year": (120_000, "", "year"),
    "$9,000 a month": (9_000, "USD", "month"),
    "nine thousand monthly": (9_000, "", "month"),
    "$500 per week": (500, "USD", "week"),
    "five hundred each week": (500, "", "week"),
    "$60 an hour": (60, "USD", "hour"),
    "$60/hr": (60, "USD", "hour"),
    "sixty dollars hourly": (60, "USD", "hour"),
    "$400 a day": (400, "USD", "day"),
    "three days a week": (3, "day", "week"),
    "20 days a year": (20, "day", "year"),
    "forty hours per week": (40, "hour", "week"),
}


@pytest.mark.parametrize("said", PERIODS)
def test_a_rate_has_its_period(said: str) -> None:
    """Per year, month, week, day or hour, in any of the usual words."""
    amount = only(f"I'd say {said}")
    assert (amount.value, amount.unit, amount.period) == PERIODS[said]


@pytest.mark.parametrize(
    "text",
    [
        "$120,000 and a week off",
        "$120,000 plus a day at home",
        "$120,000 with a day off",
        "$120,000, a week before Christmas",
        "$120,000 in a year",
        "$120,000 for a month",
        "$120,000. Every year counts.",
    ],
)
def test_a_span_of_time_in_the_next_clause_is_no_period(text: str) -> None:
    """Only what belongs to the number makes it a rate."""
    assert [(a.value, a.period) for a in amounts_in(text)] == [(120_000, "")]


RANGES = {
    "110-120k": (110_000, 120_000, "", ""),
    "110k-120k": (110_000, 120_000, "", ""),
    "110–120k": (110_000, 120_000, "", ""),
    "110 - 120k": (110_000, 120_000, "", ""),
    "$110,000-$120,000": (110_000, 120_000, "USD", ""),
    "$110-120k": (110_000, 120_000, "USD", ""),
    "between 110 and 120": (110, 120, "", ""),
    "between 120 and 110": (110, 120, "", ""),
    "between one ten and one twenty": (110, 120, "", ""),
    "between 90 and 95 thousand": (90_000, 95_000, "", ""),
    "between $90,000 and $95,000 a year": (90_000, 95_000, "USD", "year"),
    "between 1 and 10 percent": (1, 10, "percent", ""),
    "from 110 to 120": (110, 120, "", ""),
    "110 to 120": (110, 120, "", ""),
    "110k to 120": (110_000, 120_000, "", ""),
    "ninety to a hundred": (90, 100, "", ""),
    "90 or 95": (90, 95, "", ""),
    "ninety or ninety five": (90, 95, "", ""),
    "two to three weeks": (2, 3, "week", ""),
    "10 to 15 %": (10, 15, "percent", ""),
    "six figures": (100_000, 999_999, "money", ""),
}


@pytest.mark.parametrize("said", RANGES)
def test_a_range_is_one_amount_from_its_low_to_its_high_end(said: str) -> None:
    """What only one end names (thousands, currency, unit) goes for both."""
    amount = only(f"Maybe {said}")
    assert (amount.value, amount.high, amount.unit, amount.period) == RANGES[said]


TWO = {
    "I said 110 and you said 120.": [110, 120],
    "3 waters and 2 foods": [3, 2],
    "2 days or 500 dollars": [2, 500],
    "It went 120 to 110.": [120, 110],
    "10, 20": [10, 20],
}


@pytest.mark.parametrize("text", TWO)
def test_two_amounts_that_are_no_range_stay_two(text: str) -> None:
    """A list, two speakers' numbers, different units, a fall."""
    assert [(a.value, a.high) for a in amounts_in(text)] == [(v, None) for v in TWO[text]]


@pytest.mark.parametrize(
    "text",
    [
        "I'd go up from 110 to 115.",
        "We could raise it from 110 to 115",
        "Come down from 120 to 115!",
    ],
)
def test_a_change_from_one_value_to_another_is_the_new_value(text: str) -> None:
    """ "Up from 110 to 115" stands at 115; the old value is no position and no end of a range."""
    assert [(a.value, a.high) for a in amounts_in(text)] == [(115, None)]


NONE = [
    "",
    "   ",
    "🙂 \x00 …",
    "Good morning!",
    "Let's meet at 3 pm.",
    "Let's meet at 3pm or 4 p.m.",
    "The call is at 10:30.",
    "It's three o'clock.",
    "It is half past two.",
    "See you at a quarter to five.",
    "I joined in 2019.",
    "I joined in twenty nineteen.",
    "Since nineteen ninety eight I've been there.",
    "In March 2024 we met.",
    "On the third of March.",
    "I start on March 1st.",
    "I start on March 1.",
    "I start on 1 March 2027.",
    "It's due on the 15th.",
    "The twenty first century.",
    "This is my third offer.",
    "It was signed on 2027-03-01.",
    "It was signed on 3/15.",
    "No one told me.",
    "The one I liked.",
    "Which one?",
    "One of them left.",
    "This one is fine.",
    "I have a better one.",
    "I have another one.",
    "We help one another.",
    "One more thing.",
    "What about my 401k?",
    "We are there 24/7.",
    "Call 555-123-4567.",
    "Call 555 123 4567.",
    "Call (555) 123-4567.",
    "Call +44 20 7946 0958.",
    "Call 5551234567.",
    "Call five five five one two three four.",
    "The reference is 4 4 2 7 1.",
    "The code is 0042.",
    "9" * 400,
    f"${'9' * 400}",
    "Back in the nineties.",
    "A few weeks.",
    "A few thousand.",
    "Several hundred.",
    "The 90s were fun.",
]


@pytest.mark.parametrize("text", NONE, ids=lambda text: text[:30])
def test_what_is_no_amount_is_not_read_as_one(text: str) -> None:
    """Clock times, years, dates, ordinals, pronouns, phone numbers, and numbers beyond reason."""
    assert amounts_in(text) == []


def test_a_number_that_looks_like_a_year_is_one_only_where_nothing_marks_it_as_money() -> None:
    """2,000 as people type a price stays an amount; a sign or unit decides the rest."""
    assert only("I can do 2000.").value == 2000
    assert only("$2024 is fine").value == 2024
    assert only("2020 dollars").value == 2020
    assert amounts_in("In 2000 we moved.") == []


def test_one_before_a_number_belongs_to_it() -> None:
    """ "The one" is a pronoun, "the one twenty" is 120."""
    assert only("The one twenty that you said").value == 120
    assert only("That one hundred is fine").value == 100


def test_one_counts_where_a_unit_or_a_thing_follows() -> None:
    """ "One week" is an amount, and so is "one water"."""
    assert (only("one week").value, only("one week").unit) == (1, "week")
    assert only("You get one water").value == 1


@pytest.mark.parametrize("digits", ["١٢٠", "１２０", "१२०"])
def test_decimal_digits_of_other_scripts_are_digits(digits: str) -> None:
    """With and without a sign."""
    assert only(f"say {digits}").value == 120
    assert only(f"say ${digits}").value == 120


@pytest.mark.parametrize("text", ["²³", "Ⅻ", "½", "m²", "1,2", "12,34,5"])
def test_characters_that_only_look_like_digits_do_no_harm(text: str) -> None:
    """Superscripts, Roman numerals and commas that group nothing: no error, no odd value."""
    assert all(0 <= amount.value < 100 for amount in amounts_in(text))


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (120_000, False),
        (115_000, False),
        (92_500, False),
        (117_400, True),
        (112_000, True),
        (1_174, True),
        (99.99, True),
        (17.5, False),
        (17, False),
        (3, False),
        (0, False),
    ],
)
def test_a_number_is_exact_with_three_significant_digits_or_more(value: float, exact: bool) -> None:
    """A third digit of 5 still counts as round: 115,000 is said as readily as 110,000."""
    assert is_exact(value) is exact


# --- properties


def _below_hundred(number: int) -> str:
    if number < 20:
        return ONES[number]
    return TENS[number // 10] + (f" {ONES[number % 10]}" if number % 10 else "")


def _below_thousand(number: int) -> str:
    if number < 100:
        return _below_hundred(number)
    rest = f" and {_below_hundred(number % 100)}" if number % 100 else ""
    return f"{ONES[number // 100]} hundred{rest}"


def in_words(number: int) -> str:
    """A whole number below a million, written out."""
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return _below_thousand(rest)
    return f"{_below_thousand(thousands)} thousand" + (f" {_below_thousand(rest)}" if rest else "")


@given(st.integers(1, 999_999))
def test_a_whole_number_in_words_is_read_as_that_number(number: int) -> None:
    """Written out below a million, with "and" after hundreds."""
    text = f"I would pay {in_words(number)} dollars for it"
    assert (only(text).value, only(text).unit) == (number, "USD")
    assert quote(text) == f"{in_words(number)} dollars"


@given(st.integers(1, 10**9), st.sampled_from("$€£"))
def test_grouped_digits_are_read_as_that_number(number: int, sign: str) -> None:
    """With a sign before, commas between the thousands."""
    assert only(f"I said {sign}{number:,}, please").value == number


PIECES_LISTED = (
    "one two ninety hundred thousand million billion and a half of couple dozen mid low "
    "nineties figures six oh o point zero between from to or - – — , . ? % $ $5 5k 5% 0 00 "
    "007 12,5 1,000 9999999999 2024 3pm 1st first March week weeks a an per year hour p.a. "
    "quarter past minus thousandth k m mm 1e9 ² "
)
PIECES = st.sampled_from(sorted(word_set(PIECES_LISTED)))


def _check_amounts(text: str) -> None:
    passage = read_passage(text)
    amounts = read_amounts(passage)
    last = -1
    for amount in amounts:
        assert last < amount.span.first <= amount.span.last < len(passage.tokens)
        last = amount.span.last
        start, end = passage.chars(amount.span)
        assert 0 <= start < end <= len(text)
        assert math.isfinite(amount.value)
        assert amount.high is None or (math.isfinite(amount.high) and amount.high > amount.value)


@given(st.lists(PIECES, max_size=14).map(" ".join))
def test_amounts_of_any_run_of_number_words_lie_inside_and_apart(text: str) -> None:
    """Spans in order, none sharing a token, values finite, the high end above the low one."""
    _check_amounts(text)


@given(st.text(max_size=200))
def test_amounts_of_any_text_lie_inside_and_apart(text: str) -> None:
    """Whatever characters a turn holds."""
    _check_amounts(text)


def test_a_very_long_turn_of_numbers_is_read_in_time() -> None:
    """20,000 number words give amounts, not an error or an endless computation."""
    _check_amounts("ninety two and a half thousand or so . " * 2_500)
