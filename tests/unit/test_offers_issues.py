"""What an amount or a named option belongs to."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tactics_calls import CODEBOOK

from pipeline.tactics.offers.issues import Thing, Topic, named_issues, read_things
from pipeline.tactics.text import Span, read_passage
from pipeline.tactics.wording import word_set

EMPTY = Topic()


def things_in(text: str, topic: Topic = EMPTY) -> list[Thing]:
    """The things of a turn, with what was talked about before."""
    return read_things(read_passage(text), CODEBOOK.issues, topic)


def talk_of(*things: tuple[str, float]) -> Topic:
    """A talk in which these values were said of these issues, oldest first."""
    said = tuple(Thing(span=Span(first=0, last=0), issue=key, value=value) for key, value in things)
    return Topic(things=said, named=tuple(thing.key for thing in said))


def values(things: Sequence[Thing]) -> list[tuple[str, float | None]]:
    """Issue (or item) and value of each thing."""
    return [(thing.item or thing.issue, thing.value) for thing in things]


BELONGS = {
    "I'm looking for a base salary of 120k.": [("salary", 120_000)],
    "The base would be one twenty.": [("salary", 120_000)],
    "I want $120,000 a year.": [("salary", 120_000)],
    "120 thousand, that's my number.": [("salary", 120_000)],
    "A six figure salary.": [("salary", 100_000)],
    "Somewhere in the mid nineties for the base.": [("salary", 95_000)],
    "A fifteen percent bonus.": [("bonus", 15)],
    "A signing bonus of $10,000.": [("bonus", 10_000)],
    "$10,000 as a signing bonus.": [("bonus", 10_000)],
    "Half a percent of equity.": [("equity", 0.5)],
    "The options vest over four years.": [("equity", 4)],
    "I'd like 25 days of vacation.": [("vacation", 25)],
    "Five weeks of paid time off.": [("vacation", 5)],
    "Three days a week remote.": [("location", 3)],
    "Two days a week from home.": [("location", 2)],
    "I can start in two and a half weeks.": [("start_date", 2.5)],
    "Forty hours a week.": [("hours", 40)],
    "The price is 15 dollars each.": [("price", 15)],
    "A pension of ten percent.": [("pension", 10)],
    "You take two waters and one food.": [("water", 2), ("food", 1)],
    "Seven parrots.": [("other", 7)],
    "120k base and 25 days of vacation.": [("salary", 120_000), ("vacation", 25)],
    "The salary is 110, the bonus 10 percent.": [("salary", 110_000), ("bonus", 10)],
    "The base is $120,000, with a 10 % bonus and a signing bonus of $5,000.": [
        ("salary", 120_000),
        ("bonus", 10),
        ("bonus", 5_000),
    ],
    "": [],
    "Hello, how are you?": [],
}


@pytest.mark.parametrize("text", BELONGS)
def test_an_amount_belongs_to_the_issue_that_is_named_nearest(text: str) -> None:
    """Without a name, its unit and size decide; an option's name beside its amount adds none."""
    assert values(things_in(text)) == BELONGS[text]


def test_a_range_of_a_salary_has_both_ends_in_thousands() -> None:
    """ "Between one ten and one twenty" is 110,000 to 120,000."""
    (thing,) = things_in("A base between one ten and one twenty.")
    assert (thing.issue, thing.value, thing.high) == ("salary", 110_000, 120_000)


def test_days_a_week_keep_unit_and_period() -> None:
    """Three days a week of remote work."""
    (thing,) = things_in("I need three days a week of remote work.")
    assert (thing.value, thing.unit, thing.period) == (3, "day", "week")


@pytest.mark.parametrize(("said", "value"), [("one fifteen", 115_000), ("112.5", 112_500)])
def test_an_amount_without_a_name_goes_on_with_the_issue_of_like_values(
    said: str, value: float
) -> None:
    """After 110,000 of salary and 25 days of vacation, "one fifteen" is 115,000 of salary."""
    topic = talk_of(("salary", 110_000), ("vacation", 25))
    assert values(things_in(f"What about {said}?", topic)) == [("salary", value)]


@pytest.mark.parametrize(
    ("text", "value"), [("$9,500 a month.", 9_500), ("2,300 dollars a week.", 2_300)]
)
def test_a_rate_goes_on_with_the_pay_that_it_comes_to_in_a_year(text: str, value: float) -> None:
    """9,500 a month is 114,000 a year: in a talk of a salary of 110,000 it is salary."""
    assert values(things_in(text, talk_of(("salary", 110_000)))) == [("salary", value)]


def test_the_market_rate_in_a_talk_of_salary_is_no_price() -> None:
    """ "Rate", "cost" and "budget" are said of whatever money the talk is about."""
    text = "Based on the market rate, I could come down to $115,000."
    assert values(things_in(text, talk_of(("salary", 120_000)))) == [("salary", 115_000)]
    assert values(things_in("The day rate is $400.")) == [("price", 400)]


def test_an_amount_of_a_price_is_taken_as_it_is() -> None:
    """After 130 of price, 120 is 120 and not 120,000."""
    assert values(things_in("I can do 120.", talk_of(("price", 130)))) == [("price", 120)]


def test_an_hourly_rate_is_not_in_thousands() -> None:
    """A pay of 60 an hour stays 60."""
    (thing,) = things_in("The pay rate is 60 an hour.")
    assert (thing.value, thing.period) == (60, "hour")


def test_so_much_an_hour_is_pay_and_no_working_time() -> None:
    """Of the salary where that is the talk, else a price."""
    assert values(things_in("75 an hour.", talk_of(("salary", 110_000)))) == [("salary", 75)]
    assert values(things_in("75 an hour.")) == [("price", 75)]


OPTIONS = {
    "I'd like to be a team manager.": [("title", "team manager")],
    "A senior software engineer.": [("title", "senior software engineer")],
    "Could it be hybrid?": [("location", "hybrid")],
    "I want to work from home.": [("location", "remote")],
    "I want a company car.": [("company car", "with")],
    "No company car.": [("company car", "without")],
    "I need relocation assistance.": [("relocation", "relocation support")],
    "I could work part time.": [("hours", "part time")],
    "I can start immediately.": [("start_date", "immediately")],
    "I could start on March 1st.": [("start_date", "March 1")],
    "I could start on the third of March.": [("start_date", "March 3")],
    "I could start on March the twenty first.": [("start_date", "March 21")],
    "My start date would be 1 March 2027.": [("start_date", "March 1")],
    "I can join on the 15th of May.": [("start_date", "May 15")],
    "I'd start in June.": [("start_date", "June")],
    "I can begin next Monday.": [("start_date", "Monday")],
    "The contract was signed on March 1st.": [],
    "I may start to like this.": [],
    "We march on.": [],
}


@pytest.mark.parametrize("text", OPTIONS)
def test_a_term_without_a_number_is_an_option_of_its_issue(text: str) -> None:
    """Titles, places, perks; a date is one where the talk is of a start date."""
    found = [(thing.item or thing.issue, thing.option) for thing in things_in(text)]
    assert found == OPTIONS[text]
    assert all(thing.value is None for thing in things_in(text))


def test_a_date_in_reply_to_a_start_date_is_one() -> None:
    """After talk of a start date, a bare date is a position on it."""
    topic = Topic(named=(("salary", ""), ("start_date", "")))
    assert [t.option for t in things_in("April 15th would be better.", topic)] == ["April 15"]
    assert things_in("April 15th would be better.") == []


def test_issues_are_named_once_in_the_order_of_their_first_mention() -> None:
    """A turn that goes back and forth between bonus and salary."""
    passage = read_passage("The bonus, the salary, and again the bonus.")
    assert named_issues(passage, CODEBOOK.issues) == [("bonus", ""), ("salary", "")]


WORDS_LISTED = (
    "salary bonus vacation remote days week a 120k $5 one ten percent March 1st start on team "
    "manager car the and , . price each hybrid equity over four years "
)
WORDS = st.sampled_from(sorted(word_set(WORDS_LISTED)))


@given(st.lists(WORDS, max_size=16).map(" ".join))
def test_things_lie_apart_inside_the_turn(text: str) -> None:
    """In order, no two on the same words, each with a value or an option and a known issue."""
    passage = read_passage(text)
    last = -1
    for thing in read_things(passage, CODEBOOK.issues, talk_of(("salary", 110_000))):
        assert last < thing.span.first <= thing.span.last < len(passage.tokens)
        last = thing.span.last
        assert (thing.value is None) == bool(thing.option)
        assert thing.key in {issue.key for issue in CODEBOOK.issues} | {("other", "")}
