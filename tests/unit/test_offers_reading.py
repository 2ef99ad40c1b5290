"""What an amount belongs to where several stand together, and what an acceptance leaves out."""

from __future__ import annotations

import pytest
from tactics_calls import CODEBOOK, call_of

from pipeline.tactics import read_call
from pipeline.tactics.codebook import Tag
from pipeline.tactics.offers.moves import read_moves

BASE = "I'm looking for a base of 125,000."
TRADE = "The limit won't move, but if you took 111,000, I could add a signing bonus of 10,000."
ASK = "How about 115,000 the bonus and 25 days of vacation?"


def lines(*texts: str) -> list[tuple[int, str, float | None]]:
    """(turn, issue, value) of the ledger of Ana and Ben, who take turns; mere mentions left out."""
    return [
        (entry.move.turn, entry.move.thing.issue, entry.move.thing.value)
        for entry in read_call(call_of(*texts), CODEBOOK).entries
        if entry.kind != "mention"
    ]


def test_a_name_bound_to_one_amount_is_not_the_others() -> None:
    """ "A signing bonus of 10,000" says nothing of the 111,000 before it, which is of the base."""
    assert lines(BASE, TRADE)[1:] == [(1, "salary", 111_000), (1, "bonus", 10_000)]


def test_a_name_right_after_an_amount_is_that_amounts() -> None:
    """The bonus is the five per cent; what stands before it is the pay."""
    said = lines("We'd like to offer you 92,000 plus a 5% bonus.", "Thank you.")
    assert said == [(0, "salary", 92_000), (0, "bonus", 5)]


def test_what_was_achieved_is_no_position() -> None:
    """Though one sentence holds both the saving and the ask."""
    said = lines(
        "I led the move that saved two million, so I'm looking for a base of 105,000.", "I see."
    )
    assert [value for _, _, value in said] == [105_000]


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
    ("text", "act"),
    [
        ("As you saw, we put the base at 105,000.", "offer"),
        ("I saw the base at 105,000.", "mention"),
    ],
)
def test_what_the_other_side_saw_already_is_no_mere_fact(text: str, act: str) -> None:
    """In a sentence in which the classifier finds an offer, "I saw" makes a number a fact."""
    found = Tag(
        turn=0, tactic="offer", score=0.8, start_char=0, end_char=len(text), method="learned"
    )
    (said,) = read_moves(call_of(text), [found], CODEBOOK)
    assert [move.act for move in said.moves] == [act]
