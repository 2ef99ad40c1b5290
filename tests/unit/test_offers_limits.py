"""Limits in the ledger: numbers that a speaker will not go past, which are no positions."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tactics_calls import CODEBOOK, CODEBOOK_FILE, call_of

from pipeline.errors import ConfigError
from pipeline.tactics import read_call
from pipeline.tactics.codebook import codebook_from_toml
from pipeline.tactics.offers.document import outcomes

OPENING = ("We can offer a base salary of 105,000.", "I'm looking for a base of 125,000.")


def lines(*texts: str) -> list[tuple[int, str, float | None]]:
    """(turn, kind, value) of the ledger of Ana and Ben, who take turns; mere mentions left out."""
    return [
        (entry.move.turn, entry.kind, entry.move.thing.value)
        for entry in read_call(call_of(*texts), CODEBOOK).entries
        if entry.kind != "mention"
    ]


def agreed(*texts: str) -> list[tuple[str, float | None]]:
    """Each issue with an outcome, and the number agreed on; None where it is open."""
    return [
        (one.issue, one.agreed.move.thing.value if one.agreed else None)
        for one in outcomes(read_call(call_of(*texts), CODEBOOK).entries)
    ]


def tactics(*texts: str) -> set[tuple[int, str]]:
    """The tactics of each turn."""
    return {(tag.turn, tag.tactic) for tag in read_call(call_of(*texts), CODEBOOK).tags}


# --- wording


@pytest.mark.parametrize(
    "text",
    [
        "I cannot go above 115,000.",
        "I can't go over 115,000 in base pay.",
        "We really can't go any higher than 115,000.",
        "I won't pay more than 115,000 for the base.",
        "We are not able to go beyond 115,000.",
        "I can't exceed 115,000.",
        "Our limit is 115,000.",
        "My absolute maximum is 115,000.",
        "115,000 is our ceiling, that is our limit.",
    ],
)
def test_a_number_that_one_cannot_go_past_is_a_limit(text: str) -> None:
    """Whatever the verb, and with the limit named before or behind the number."""
    assert lines(*OPENING, text) == [(0, "anchor", 105_000), (1, "counter", 125_000),
                                     (2, "limit", 115_000)]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "The best I can do is 115,000.",
        "My final offer is 115,000.",
        "I could go up to 115,000.",
        "The most I can offer is 115,000.",
        "I can offer 115,000, and that's my limit.",
        "I cannot offer more than 115,000.",
    ],
)
def test_a_last_offer_is_a_position(text: str) -> None:
    """It puts the number up: Ana moves from 105 to 115."""
    assert lines(*OPENING, text)[-1] == (2, "concession", 115_000)


def test_an_offer_beside_a_limit_stays_one() -> None:
    """Only the number in the boundary's own words is the limit."""
    found = lines(*OPENING, "I can offer you 110,000, but I can't go above 115,000.")
    assert found[2:] == [(2, "concession", 110_000), (2, "limit", 115_000)]


def test_what_is_listed_with_a_limit_is_one_too() -> None:
    """ "and 20 days" goes on with the boundary."""
    found = lines(*OPENING, "I can't go above 115,000 and 20 days of vacation.")
    assert found[2:] == [(2, "limit", 115_000), (2, "limit", 20)]


def test_a_limit_of_the_other_sides_is_none_of_ones_own() -> None:
    """Said back, as a question, it is no boundary."""
    found = lines(*OPENING, "I can't go above 115,000.", "So you can't go above 115,000?")
    assert [kind for turn, kind, _ in found if turn == 3] != ["limit"]


def test_a_limit_put_right_is_the_later_one() -> None:
    """The slip is marked as such, and no position is made of the right number."""
    found = lines(*OPENING, "I can't go above 115,000. Sorry, I meant 112,000.")
    assert found[2:] == [(2, "corrected", 115_000), (2, "limit", 112_000)]


# --- positions


def test_a_limit_changes_no_position() -> None:
    """Ana moves from 105 to 110 although she named 115 between: a quarter of the gap of 20."""
    said = (*OPENING, "I can't go above 115,000.", "I hear you.", "I could do 110,000.")
    found = [e for e in read_call(call_of(*said), CODEBOOK).entries if e.kind != "mention"]
    assert [(e.kind, e.step, e.gap_share, e.toward) for e in found] == [
        ("anchor", None, None, ""),
        ("counter", None, None, ""),
        ("limit", None, None, ""),
        ("concession", 5_000, 0.25, ""),
    ]


def test_the_other_sides_limit_proposed_is_a_concession() -> None:
    """Ben comes down from 125 to Ana's 115: half of the gap to her 105, and it is her turn."""
    said = (*OPENING, "I can't go above 115,000.", "How about 115,000?")
    last = read_call(call_of(*said), CODEBOOK).entries[-1]
    assert (last.kind, last.step, last.gap_share, last.toward) == ("concession", 10_000, 0.5, "")
    assert agreed(*said) == [("salary", None)]
    assert agreed(*said, "Okay, deal.") == [("salary", 115_000)]


def test_the_first_number_after_a_limit_alone_is_the_anchor() -> None:
    """Nobody has taken a position before it."""
    assert lines("I can't go above 115,000 in salary.", "I'm looking for 125,000.") == [
        (0, "limit", 115_000),
        (1, "anchor", 125_000),
    ]


# --- acceptance


def test_a_limit_is_accepted_where_its_number_is_named() -> None:
    """Else the position is: with 105 on the table, "deal" takes 105."""
    said = (*OPENING, "I can't go above 115,000.")
    assert agreed(*said, "Okay, 115,000 works for me.") == [("salary", 115_000)]
    assert agreed(*said, "Okay, deal.") == [("salary", 105_000)]


def test_a_limit_of_who_has_no_position_is_accepted_by_any_yes() -> None:
    """It is the only number there is."""
    limit = "I can't sell it for less than 20,000."
    assert agreed(limit) == []
    assert agreed(limit, "Okay, deal.") == [("price", 20_000)]
    assert agreed(limit, "20,000 works for me.") == [("price", 20_000)]


def test_an_accepted_limit_is_its_speakers_position() -> None:
    """Saying it again in the summary is no step of 10,000."""
    said = (*OPENING, "I can't go above 115,000.", "Okay, 115,000 works for me.")
    found = lines(*said, "Great, so I can offer 115,000 in base.")
    assert found[-2:] == [(3, "accept", 115_000), (4, "repeat", 115_000)]


def test_another_number_is_not_taken_for_the_limit() -> None:
    """118 is a step toward 105, and no acceptance."""
    found = lines(*OPENING, "I can't go above 115,000.", "118,000 works for me.")
    assert found[-1] == (3, "concession", 118_000)


# --- tactics


def test_a_limit_is_no_concession_and_no_counter() -> None:
    """Nor is the answer to one a counter without a question."""
    said = (*OPENING, "I can't go above 115,000.", "I could do 120,000.")
    found = tactics(*said)
    assert (2, "boundary") in found
    assert not {(2, "concession"), (2, "counter_without_question")} & found
    assert (3, "counter_without_question") not in found


def test_taking_a_limit_at_once_is_premature() -> None:
    """As taking an anchor is: it is the only number of the issue. Not with a limit of one's own."""
    limit = "I can't pay more than 20,000 for it."
    assert (1, "premature_acceptance") in tactics(limit, "Okay, deal.")
    tried = (limit, "I can't go below 18,000.", "Fine by me.", "Okay, deal.")
    assert (3, "premature_acceptance") not in tactics(*tried)


# --- anything, and the codebook

PIECES = st.sampled_from(
    [
        *(
            "I can't go above 110.",
            "Our limit is $9,000 a month.",
            "I won't pay more than 115,000.",
        ),
        *("I want a salary of 120k.", "110 works for me.", "Deal.", "No.", "Sorry, I meant 115."),
        *("I can't go below 110 and 20 days.", "How about 110?", "I mean 112.", ""),
    ]
)


@given(st.lists(st.lists(PIECES, max_size=3).map(" ".join), max_size=8))
def test_limits_never_move_anything(texts: list[str]) -> None:
    """A limit has no step, closes no gap and takes up nobody's position."""
    entries = read_call(call_of(*texts), CODEBOOK).entries
    limits = [entry for entry in entries if entry.kind == "limit"]
    assert all((one.step, one.gap_share, one.toward) == (None, None, "") for one in limits)
    assert all(one.agreed is None or one.agreed.kind != "limit" for one in outcomes(entries))


def test_a_limit_cue_without_its_number_is_refused() -> None:
    """The message shows the cue and what it lacks."""
    data = tomllib.loads(CODEBOOK_FILE.read_text("utf-8")) | {"limits": ["our cap is <amount>"]}
    with pytest.raises(ConfigError, match=r"our cap .*has no group `\(\?P<limit>"):
        codebook_from_toml(data)
