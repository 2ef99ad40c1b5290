"""What rules find by a function: feelings, promises, limits, silence, whole talks."""

from __future__ import annotations

from typing import Any

import pytest
from moments_talks import Line, line, promise, quotes, search

# --- a feeling

FELT = line("B", "We met. I'm really worried about June. So.")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((FELT, line("A", "The price is 95.")), True),
        ((FELT, line("A", "Okay then.")), False),
        ((FELT,), False),
        ((FELT, line("A", "It sounds like June worries you.", "label")), False),
        ((FELT, line("A", "Thank you for saying that.", "gratitude")), False),
        ((line("B", "They are really worried."), line("A", "The price is 95.")), False),
        ((line("A", "I'm really worried."), line("B", "The price is 95.")), False),
    ],
)
def test_a_feeling_that_goes_by(lines: tuple[Line, ...], *, found: bool) -> None:
    """Their own feeling, and an answer of three words or more without a word of it."""
    expected = ["I'm really worried about June."] if found else []
    assert quotes(search(*lines), "emotion_unlabelled") == expected


# --- a vague promise

VAGUE = "Sure. We'll look at that some time."
PROMISE = "We'll look at that some time."


@pytest.mark.parametrize(
    ("facts", "found"),
    [({}, True), ({"pinned": True}, False), ({"speaker": "A"}, False)],
)
def test_a_vague_promise(facts: dict[str, Any], *, found: bool) -> None:
    """Of the other side, and left as it was."""
    looked = search(
        line("B", VAGUE), line("A", "Great."), promises=[promise(0, PROMISE, VAGUE, **facts)]
    )
    assert quotes(looked, "vague_promise") == ([PROMISE] if found else [])


@pytest.mark.parametrize(
    ("answer", "quote"),
    [("Hm. It depends, really. Bye.", "It depends, really."), ("Marek does.", PROMISE)],
)
def test_a_vague_promise_that_was_asked_about(answer: str, quote: str) -> None:
    """The quote is the second vagueness, where there is one."""
    looked = search(
        line("B", VAGUE),
        line("A", "When is that?"),
        line("B", answer),
        promises=[promise(0, PROMISE, VAGUE, request_turn=1)],
    )
    assert quotes(looked, "vague_promise") == [quote]


# --- a limit given away


def _limit(kind: str = "anchor") -> Line:
    ledger = ((kind, "salary", 88_000.0, "88"),)
    return line("A", "Hm. I need at least 88.", "boundary: I need at least 88.", ledger=ledger)


def _their(kind: str, value: float, *, issue: str = "salary", text: str = "Then 88 it is.") -> Line:
    return line("B", text, ledger=((kind, issue, value, "88"),))


FILLER = (line("B", "I see, let me think."), line("A", "Take your time."))


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((_limit(), _their("anchor", 88_000.0)), True),
        ((_limit(), _their("accept", 88_000.0)), True),
        ((_limit("limit"), _their("concession", 88_000.0)), True),
        ((_limit("limit"), _their("accept", 88_000.0)), True),
        ((_limit("limit"), _their("limit", 95_000.0), line("A", "Hm."), _their("anchor", 88_000.0)),
         True),
        ((_limit("limit"), _their("counter", 93_000.0)), False),
        ((_limit(), *FILLER * 3, _their("anchor", 88_000.0)), True),
        ((_limit(), *FILLER * 4, _their("anchor", 88_000.0)), False),
        ((_limit(), _their("anchor", 93_000.0)), False),
        ((_limit(), _their("anchor", 93_000.0), line("A", "Go on."), _their("repeat", 88_000.0)),
         False),
        ((_their("anchor", 88_000.0), _limit(), _their("repeat", 88_000.0)), False),
        ((_limit(), _their("anchor", 88_000.0, issue="bonus")), False),
        ((line("A", "I want 88.", "direct_ask", ledger=(("anchor", "salary", 88_000.0, "88"),)),
          _their("accept", 88_000.0)), False),
        ((line("A", "I can not go on like this.", "boundary"), _their("anchor", 88_000.0)), False),
    ],
)  # fmt: skip
def test_a_limit_that_was_taken(lines: tuple[Line, ...], *, found: bool) -> None:
    """A limit with a number, taken as it was within four of the other side's stretches.

    Not where they named another figure first, or had named this one before.
    """
    expected = ["I need at least 88."] if found else []
    assert quotes(search(*lines), "limit_given_away") == expected


# --- silence


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I want 92. {1.3} Though I could live with 88.", True),
        ("I want 92. {1.2} Though I could live with 88.", True),
        ("I want 92. {1.1} Though I could live with 88.", False),
        ("I want 92. {1.3} But less is fine.", True),
        ("I want 92. {1.3} Less is fine.", False),
        ("{2.0} I want 92.", False),
    ],
)
def test_silence_is_filled_from_a_length_and_a_number_of_words_on(
    text: str, *, found: bool
) -> None:
    """A pause of 1.2 s or more after the ask, and then four words or more."""
    looked = search(line("A", text, "direct_ask: I want 92."), line("B", "Fine."))
    assert quotes(looked, "silence_filled") == (["I want 92."] if found else [])


def test_silence_is_filled_by_a_turn_of_its_own() -> None:
    """The pause may be long enough to end the turn."""
    lines = (line("A", "I want 92.", "offer"), line("A", "But I could take 88."))
    assert quotes(search(*lines, gaps_s=[0, 2]), "silence_filled") == ["I want 92."]
    assert quotes(search(*lines, gaps_s=[0, 1]), "silence_filled") == []


def test_silence_is_not_filled_without_an_ask_or_by_the_other_side() -> None:
    """A pause in one's own story is none after an ask, and B's answer is not A's."""
    story = line("A", "It was May. {2.0} Then we moved to Lyon.")
    answered = (line("A", "I want 92.", "offer"), line("B", "Well, we could talk about that."))
    assert quotes(search(story), "silence_filled") == []
    assert quotes(search(*answered, gaps_s=[0, 3]), "silence_filled") == []


def test_silence_needs_times() -> None:
    """A transcript without times has no pauses."""
    lines = line("A", "I want 92. {3.0} But I could take 88.", "direct_ask: I want 92.")
    assert quotes(search(lines, timed=False), "silence_filled") == []


# --- a whole talk


@pytest.mark.parametrize(
    ("mine", "theirs", "found"),
    [
        (["salary"], ["salary"], True),
        (["salary", "bonus"], ["salary"], False),
        (["salary"], ["salary", "bonus"], True),
        (["salary", "price", "other"], ["salary"], True),
        (["salary"], [], False),
        ([], ["salary"], False),
        (["price"], ["price"], False),
    ],
)
def test_only_salary(mine: list[str], theirs: list[str], *, found: bool) -> None:
    """Both stood somewhere on pay, and A brought in no other term of work."""
    looked = search(
        line("B", "Hm. We say 90.", ledger=tuple(("anchor", one, 90.0, "90") for one in theirs)),
        line("A", "Well. I say 95.", ledger=tuple(("counter", one, 95.0, "95") for one in mine)),
    )
    assert quotes(looked, "only_salary") == (["I say 95."] if found else [])


@pytest.mark.parametrize(
    ("count", "question", "found"),
    [(4, "", True), (3, "", False), (4, "open_question", False), (4, "closed_question", True)],
)
def test_nobody_asked_what_they_need(count: int, question: str, *, found: bool) -> None:
    """Four stretches or more, without one open question; quoted is what they said most of."""
    own = [line("A", "I want to move it."), line("B", "No.")] * (count - 1)
    last = line("A", "Did you see it?", *([question] if question else []))
    looked = search(*own, last, line("B", "Fridays are hard for us."))
    expected = ["Fridays are hard for us."] if found else []
    assert quotes(looked, "interests_unasked") == expected
