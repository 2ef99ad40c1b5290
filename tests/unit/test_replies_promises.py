"""Promises left vague, and signs of overdoing: what is one, what is none, with what quote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import builders as build
import polars as pl
import pytest
from builders import said
from test_replies import found

from pipeline.records import OFFERS

VAGUE = said("S1", "We'll see what we can do.", 0, 2, ("vague_assurance", "We'll see what we can"))


def asked(text: str, *tags: tuple[str, str], at: float = 3) -> build.Said:
    """A turn of the one who was promised something."""
    return said("S2", text, at, at + 1, *tags)


WHEN = asked(
    "When would that be?",
    ("closed_question", "When would that be?"),
    ("follow_up_question", "When would that be?"),
)


def promise(*after: build.Said, offers: pl.DataFrame | None = None) -> tuple[int | None, bool]:
    """(turn of the request, whether pinned down) of the vague promise before those turns."""
    given = {} if offers is None else {"offers": offers}
    one = found([VAGUE, *after], **given)["vague_promises"][0]
    assert (one["turn"], one["quote"]) == (0, "We'll see what we can")
    return one["request_turn"], one["pinned"]


def entries(*rows: dict[str, Any]) -> pl.DataFrame:
    """Lines of a ledger; what a row leaves out is unremarkable."""
    plain = {
        **dict.fromkeys(OFFERS, None),
        **dict.fromkeys(("unit", "period", "rationale", "toward", "item", "option"), ""),
        "issue": "salary",
        "value": 100.0,
        "standing": False,
        "start_char": 0,
        "end_char": 4,
    }
    return pl.DataFrame([{**plain, **row} for row in rows], schema=OFFERS)


# --- promises


def test_nobody_asks() -> None:
    """A change of topic, a question that asks for nothing firm, the end of the call."""
    idle = asked("Is it nice there?", ("closed_question", "Is it nice there?"))
    assert promise() == (None, False)
    assert promise(asked("All right.")) == (None, False)
    assert promise(idle) == (None, False)


def test_a_question_of_another_topic_is_no_request() -> None:
    """It has "when" in it, but follows up on nothing."""
    other = asked("When did you move?", ("closed_question", "When did you move?"))
    assert promise(other, said("S1", "In May.", 5, 6)) == (None, False)


@pytest.mark.parametrize(
    "answer",
    [
        "On Friday.",
        "You'll have it tomorrow.",
        "In September.",
        "By the end of the month.",
        "On March 24th.",
        "In two weeks.",
        "Five thousand dollars.",
        "I'll put it in the contract.",
    ],
)
def test_a_firm_answer_pins_it_down(answer: str) -> None:
    """A day, a date, an amount with its unit, paper."""
    assert promise(WHEN, said("S1", answer, 5, 6)) == (1, True)


@pytest.mark.parametrize(
    "answer",
    [
        "Um, probably around the review in September. Nothing's guaranteed, though.",
        "Maybe on Friday.",
        "We might do it tomorrow.",
        "I can't promise five thousand dollars.",
        "No promises, but next week.",
        "It depends.",
        "Soon.",
        "I may have it by Monday.",
        "",
    ],
)
def test_a_vague_answer_does_not(answer: str) -> None:
    """Whatever date stands beside it, and where nothing firm is said."""
    assert promise(WHEN, said("S1", answer, 5, 6)) == (1, False)


def test_the_month_and_the_modal_verb() -> None:
    """ "In May" is a date; "that may be" is none."""
    assert promise(WHEN, said("S1", "In May.", 5, 6)) == (1, True)
    assert promise(WHEN, said("S1", "That may be soon.", 5, 6)) == (1, False)


def test_tags_of_the_answer_count() -> None:
    """Accepting is firm; assuring once more is vague, date or not."""
    accepts = said("S1", "Fine, done.", 5, 6, ("accept", "done"))
    again = said("S1", "On Friday, we will see.", 5, 6, ("vague_assurance", "we will see"))
    assert promise(WHEN, accepts) == (1, True)
    assert promise(WHEN, again) == (1, False)


@pytest.mark.parametrize(("kind", "pinned"), [("anchor", True), ("mention", False)])
def test_a_number_of_the_ledger_is_firm(kind: str, pinned: bool) -> None:
    """A bare number that is a position; not one that is only mentioned."""
    ledger = entries({"turn": 2, "speaker": "S1", "kind": kind})
    answer = said("S1", "One ten, then.", 5, 6)
    assert promise(WHEN, answer, offers=ledger) == (1, pinned)


def test_a_commitment_request_needs_no_question() -> None:
    """The tag alone is a request."""
    request = asked("Please put it in writing.", ("commitment_request", "put it in writing"))
    assert promise(request, said("S1", "You have it today.", 5, 6)) == (1, True)


def test_the_request_may_come_in_the_second_turn() -> None:
    """Of the other's turns after it; in the third it is too late."""
    small = (asked("Hm."), said("S1", "Yes.", 5, 6))
    more = (asked("I see.", at=7), said("S1", "Right.", 9, 10))
    late = asked("When?", ("follow_up_question", "When?"), at=11)
    answer = said("S1", "On Friday.", 13, 14)
    assert promise(*small, late, answer) == (3, True)
    assert promise(*small, *more, late, answer) == (None, False)


def test_asking_again_counts() -> None:
    """The first answer is vague, the second one firm: the second request got it."""
    again = asked("By when?", ("follow_up_question", "By when?"), at=7)
    vague, firm = said("S1", "Maybe soon.", 5, 6), said("S1", "By Monday.", 9, 10)
    assert promise(WHEN, vague, again, firm) == (3, True)
    assert promise(WHEN, vague, again, said("S1", "Perhaps.", 9, 10)) == (1, False)


def test_no_answer_pins_nothing_down() -> None:
    """The call ends with the request; one's own later turn is no answer."""
    assert promise(WHEN) == (1, False)
    assert promise(WHEN, said("S2", "On Friday, I hope.", 6, 7)) == (1, False)


# --- leanings


def signals(lines: Sequence[build.Said], *rows: dict[str, Any]) -> list[tuple[int, str, str]]:
    """(turn, signal, quote) of every leaning."""
    leanings = found(lines, offers=entries(*rows))["leanings"]
    towards = {"early_concession", "first_offer_taken", "hedged_ask"}
    for one in leanings:
        expected = "over_empathy" if one["signal"] in towards else "over_assertiveness"
        assert one["toward"] == expected
    return [(one["turn"], one["signal"], one["quote"]) for one in leanings]


def test_tags_that_are_signs_by_themselves() -> None:
    """Each with its own quote; of an acceptance that is not premature nothing is said."""
    lines = [
        said("S1", "Fine, I take it.", 0, 1, ("premature_acceptance", "I take it")),
        said("S2", "I was sort of hoping.", 2, 3, ("hedged_ask", "sort of hoping")),
        said("S1", "Or I leave.", 4, 5, ("threat", "Or I leave")),
        said("S2", "Done.", 6, 7, ("accept", "Done")),
    ]
    assert signals(lines) == [
        (0, "first_offer_taken", "I take it"),
        (1, "hedged_ask", "sort of hoping"),
        (2, "threat", "Or I leave"),
    ]


TALK = [
    said("S1" if number % 2 == 0 else "S2", "Text here.", 10 * number, 10 * number + 9)
    for number in range(10)
]
"""Ten turns in 99 s: the first third ends at 33 s, within the fourth turn (3, from 30 s on)."""


def row(turn: int, kind: str, **changes: Any) -> dict[str, Any]:
    """A line of the ledger by whoever has that turn of TALK."""
    return {"turn": turn, "speaker": TALK[turn].speaker, "kind": kind, **changes}


def test_a_concession_in_the_first_third_is_early() -> None:
    """Though the other side had moved before it; past the third it is not."""
    moved = row(0, "anchor"), row(1, "counter"), row(2, "concession")
    assert (3, "early_concession", "Text") in signals(TALK, *moved, row(3, "concession"))
    later = signals(TALK, *moved, row(5, "concession"))
    assert [turn for turn, signal, _ in later if signal == "early_concession"] == [2]


@pytest.mark.parametrize(
    ("kind", "toward", "early"),
    [("anchor", "", True), ("repeat", "", True), ("retreat", "", True), ("mention", "", True),
     ("concession", "", False), ("revision", "", False), ("repeat", "S2", False),
     ("accept", "S2", False)],
)  # fmt: skip
def test_a_concession_to_who_has_not_moved_is_early(kind: str, toward: str, early: bool) -> None:
    """What counts as a move of the other side; a first position and its repetition do not."""
    lines = signals(TALK, row(6, kind, toward=toward), row(7, "concession"))
    assert ((7, "early_concession", "Text") in lines) is early


def test_a_move_on_another_issue_is_none() -> None:
    """The other side moved on the bonus, not on the salary."""
    other = row(6, "concession", issue="bonus")
    assert (7, "early_concession", "Text") in signals(TALK, other, row(7, "concession"))


@pytest.mark.parametrize("kind", ["counter", "retreat"])
def test_a_counter_right_after_an_offer(kind: str) -> None:
    """Nothing acknowledged and nothing asked: the quote is the counter."""
    assert signals(TALK, row(4, "anchor"), row(5, kind)) == [(5, "unacknowledged_counter", "Text")]


@pytest.mark.parametrize("tactic", ["label", "acknowledgement", "open_question", "accept"])
def test_a_counter_that_takes_notice_is_none(tactic: str) -> None:
    """Empathy, a question or acceptance of a part in the same turn; also beside the tag."""
    lines = list(TALK)
    lines[5] = said("S2", "Text here.", 50, 59, (tactic, "here"))
    assert signals(lines, row(4, "anchor"), row(5, "counter")) == []
    lines[5] = said("S2", "Text here.", 50, 59, (tactic, "here"),
                    ("counter_without_question", "Text"))  # fmt: skip
    assert signals(lines) == []


def test_a_counter_needs_something_to_counter() -> None:
    """Small talk before it, the same speaker before it, or a position taken up: none.

    An explanation is enough.
    """
    assert signals(TALK, row(5, "counter")) == []
    assert signals(TALK, row(4, "anchor"), row(5, "counter", toward="S1")) == []
    explained = list(TALK)
    explained[4] = said("S1", "Text here.", 40, 49, ("objective_criteria", "Text"))
    assert signals(explained, row(5, "counter")) == [(5, "unacknowledged_counter", "Text")]
    own = [*TALK[:5], said("S1", "Text here.", 50, 59)]
    assert signals(own, row(4, "anchor"), {**row(5, "counter"), "speaker": "S1"}) == []


def test_tag_and_ledger_are_one_sign() -> None:
    """The tag's quote goes first."""
    lines = list(TALK)
    lines[5] = said("S2", "Text here.", 50, 59, ("counter_without_question", "here"))
    assert signals(lines, row(4, "anchor"), row(5, "counter")) == [
        (5, "unacknowledged_counter", "here")
    ]
