"""What an amount belongs to where several stand together, and what an acceptance leaves out."""

from __future__ import annotations

import pytest
from tactics_calls import CODEBOOK, call_of

from pipeline.tactics import read_call

BASE = "I'm looking for a base of 125,000."
TRADE = "The limit won't move, but if you took 111,000, I could add a signing bonus of 10,000."
ASK = "How about 115,000 the bonus and 25 days of vacation?"


def lines(*texts: str) -> list[tuple[int, str, float | None]]:
    """(turn, issue, value) of the ledger of Ana and Ben, who take turns."""
    return [
        (entry.move.turn, entry.move.thing.issue, entry.move.thing.value)
        for entry in read_call(call_of(*texts), CODEBOOK).entries
    ]


def test_a_name_bound_to_one_amount_is_not_the_others() -> None:
    """ "A signing bonus of 10,000" says nothing of the 111,000 before it, which is of the base."""
    assert lines(BASE, TRADE)[1:] == [(1, "salary", 111_000), (1, "bonus", 10_000)]


def test_a_list_goes_on_with_a_name_of_its_own() -> None:
    """Recognisers lose the comma in "115,000, the bonus"."""
    assert (2, "salary", 115_000) in lines(BASE, TRADE, ASK)
    assert (2, "bonus", 115_000) not in lines(BASE, TRADE, ASK)


@pytest.mark.parametrize("name", ["a base of 111,000", "111,000 base", "111,000 for the base"])
def test_the_usual_ways_to_name_an_amount_still_do(name: str) -> None:
    """Before it with "of", right after it, after a preposition."""
    assert (0, "salary", 111_000) in lines(f"I want {name}.", "Okay.")


@pytest.mark.parametrize("heads", ["four people", "12 engineers", "3 kids"])
def test_people_are_not_haggled_over(heads: str) -> None:
    """However firm the sentence that mentions them."""
    said = lines(
        f"We hired {heads} in the spring and I cannot go above 115,000 for the base.", "I see."
    )
    assert [value for _, _, value in said] == [115_000]


def test_what_an_acceptance_leaves_out_is_not_accepted() -> None:
    """ "I'll take that, but not the vacation" leaves the vacation open."""
    texts = (BASE, TRADE, ASK, "The base, okay, I will take that, but not the vacation.")
    agreed = [
        entry.move.thing.issue
        for entry in read_call(call_of(*texts), CODEBOOK).entries
        if entry.kind == "accept"
    ]
    assert agreed == ["salary"]


@pytest.mark.parametrize(
    ("answer", "is_position"),
    [("As you saw, 105,000.", True), ("105,000.", True), ("I saw 105,000 somewhere.", False)],
)
def test_as_you_saw_makes_no_fact_of_an_answer(answer: str, is_position: bool) -> None:
    """What somebody saw elsewhere is a fact; what the other side saw already is the offer."""
    said = lines("What base salary do you have in mind?", answer)
    assert ((1, "salary", 105_000) in said) == is_position
