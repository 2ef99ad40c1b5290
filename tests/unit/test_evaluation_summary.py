"""Many calls as one figure, and the card that shows them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.card import Card, heading, markdown, shown
from pipeline.evaluation.measures import BY_NAME, MEASURES, PARTS, Observed
from pipeline.evaluation.summary import EVERYTHING, CallScore, Summary, summarise


def call(
    number: int, *observed: tuple[str, float, float], group: str = "g", minutes: float = 30
) -> CallScore:
    """A call of half an hour with what was observed in it."""
    return CallScore(
        id=f"call-{number}",
        group=group,
        duration_ms=round(minutes * 60_000),
        observed=tuple(Observed(measure=m, part=p, whole=w) for m, p, w in observed),
        seconds={},
    )


def summary(calls: Sequence[CallScore], measure: str, *, group: str = EVERYTHING) -> Summary:
    """The summary of one measure."""
    made = summarise(calls, part=BY_NAME[measure].part)
    return next(one for one in made if (one.measure.name, one.group) == (measure, group))


def test_rates_are_pooled_and_not_averaged() -> None:
    """1 error in 10 words and 30 in 100 are 31 in 110."""
    made = summary([call(1, ("cpwer", 1, 10)), call(2, ("cpwer", 30, 100))], "cpwer")
    assert made.value == pytest.approx(31 / 110)
    assert (made.worst, made.worst_call) == (0.3, "call-2")
    assert (made.calls, made.hours) == (2, 1.0)


def test_the_interval_is_over_calls() -> None:
    """Of two calls of 0.1 and 0.3, a quarter of the samples is 0.1 and a quarter is 0.3."""
    made = summary([call(1, ("cpwer", 1, 10)), call(2, ("cpwer", 3, 10))], "cpwer")
    assert (made.low, made.high) == (pytest.approx(0.1), pytest.approx(0.3))


def test_a_median_is_of_the_calls_values() -> None:
    """1, 2 and 9 s: the median is 2, the worst 9."""
    calls = [call(number, ("latency_error_s", value, 1)) for number, value in enumerate([1, 2, 9])]
    made = summary(calls, "latency_error_s")
    assert (made.value, made.worst) == (2, 9)


def test_the_worst_of_what_should_be_high_is_the_lowest() -> None:
    """Of shares found, the worst call has the smallest."""
    calls = [call(1, ("numbers_found", 1, 4)), call(2, ("numbers_found", 3, 4))]
    assert summary(calls, "numbers_found").worst == 0.25


def test_a_total_adds_up() -> None:
    """Amounts that could not be read are counted."""
    calls = [call(1, ("numbers_unread", 2, 1)), call(2, ("numbers_unread", 1, 1))]
    assert summary(calls, "numbers_unread").value == 3


def test_one_call_has_no_interval() -> None:
    """Nothing can be said about other calls from one."""
    made = summary([call(1, ("cpwer", 1, 10))], "cpwer")
    assert (made.low, made.high) == (None, None)


def test_calls_without_the_figure_are_not_counted() -> None:
    """The number of calls and hours is of those that give the figure."""
    made = summary([call(1, ("cpwer", 1, 10)), call(2)], "cpwer")
    assert (made.calls, made.hours) == (1, 0.5)


def test_a_silent_call_adds_its_insertions_but_no_value() -> None:
    """2 words in a call without any and none in one of 10: 2 of 10, and the worst has a value."""
    made = summary([call(1, ("cpwer", 2, 0)), call(2, ("cpwer", 0, 10))], "cpwer")
    assert (made.value, made.worst_call) == (0.2, "call-2")
    assert (made.low, made.high) == (None, None)  # a sample of silent calls has no rate
    assert not summarise([call(1, ("cpwer", 2, 0))], part="transcript")


def test_groups_stand_beside_the_whole() -> None:
    """Each group is summed up apart; one group alone is the whole and not said twice."""
    calls = [call(1, ("cpwer", 1, 10), group="a"), call(2, ("cpwer", 3, 10), group="b")]
    assert summary(calls, "cpwer", group="a").value == 0.1
    assert summary(calls, "cpwer", group="b").value == 0.3
    assert {one.group for one in summarise(calls[:1], part="transcript")} == {EVERYTHING}


@given(parts=st.lists(st.tuples(st.integers(0, 50), st.integers(50, 100)), min_size=2, max_size=8))
def test_intervals_are_the_same_twice_and_within_the_calls(parts: list[tuple[int, int]]) -> None:
    """The seed is fixed; no sample's rate lies outside those of the calls."""
    calls = [call(number, ("cpwer", *one)) for number, one in enumerate(parts)]
    made = summary(calls, "cpwer")
    assert made == summary(calls, "cpwer")
    rates = [part / whole for part, whole in parts]
    assert made.low is not None
    assert made.high is not None
    assert min(rates) - 1e-9 <= made.low <= made.high <= max(rates) + 1e-9


def test_every_measure_has_a_name_a_title_and_a_definition() -> None:
    """Names are unique, parts known, and no definition ends in a full stop (the card sets it)."""
    assert len(BY_NAME) == len(MEASURES)
    assert {measure.part for measure in MEASURES} == set(PARTS)
    assert all(one.title and one.definition and one.definition[-1] != "." for one in MEASURES)


@pytest.mark.parametrize(
    ("measure", "value", "expected", "title"),
    [
        ("cpwer", 0.0561, "5.6", "cpWER, %"),
        ("talk_ratio_error", 0.00519, "0.005", "talk ratio"),
        ("latency_error_s", 0.1, "0.10", "response latency, s"),
        ("turn_start_error_ms", 33.4, "33", "turn starts, ms"),
        ("question_count_error", 1.5, "1.5", "question count"),
        ("cpwer", None, "–", "cpWER, %"),
    ],
)
def test_figures_have_the_digits_of_their_unit(
    measure: str, value: float | None, expected: str, title: str
) -> None:
    """Percent with one digit, shares with three; the unit is in the heading."""
    assert shown(value, BY_NAME[measure]) == expected
    assert heading(BY_NAME[measure]) == title


def card(calls: Sequence[CallScore], *, failed: dict[str, str] | None = None) -> str:
    """The Markdown of some calls' transcripts."""
    return markdown(
        Card(
            summaries={"transcript": summarise(calls, part="transcript")},
            failed=failed or {},
            versions={"meeteval": "9.9"},
            command="parley eval transcript m.jsonl",
            calls=len(calls),
            hours=1.0,
        )
    )


def test_the_card_has_a_row_a_group_and_a_line_a_definition() -> None:
    """Groups as rows, a dash where a group lacks a figure, and how it was made."""
    text = card(
        [
            call(1, ("cpwer", 1, 10), ("wer", 1, 10), group="a"),
            call(2, ("cpwer", 3, 10), group="b"),
        ]
    )
    assert "| group | calls | hours | cpWER, % | WER, % |" in text
    assert "| all | 2 | 1.00 | 20.0 (10.0 to 30.0; worst 30.0) | 10.0 (1 call) |" in text
    assert "| a | 1 | 0.50 | 10.0 | 10.0 |" in text
    assert "| b | 1 | 0.50 | 30.0 | – |" in text
    assert text.count("- **cpWER**: ") == 1
    assert "parley eval transcript m.jsonl" in text
    assert "- meeteval 9.9" in text
    assert "None." in text


def test_nothing_measured_is_said() -> None:
    """A part without any figure is a sentence, not an empty table."""
    assert "No reference gives any of these figures." in card([])


def test_names_of_strangers_stay_text() -> None:
    """Ids, groups and reasons cannot become Markdown or forge a line."""
    text = card(
        [
            call(1, ("cpwer", 1, 10), group="a|b"),
            call(2, ("cpwer", 1, 10), group="[x](y)"),
        ],
        failed={"*bad*\n# id": "<b>reason</b>"},
    )
    assert "| a\\|b |" in text
    assert "\\[x\\](y)" in text
    assert "\n# id" not in text
    assert "<b>" not in text
