"""The line one could have said: which words of the call it takes, and which of the lines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from moments_talks import Line, hits, line, promise, search

from pipeline.stages.moments.finders import Search
from pipeline.stages.moments.suggestions import suggestion_for

HOSTILE = ("{turned}", "{0.__class__}", "{", "}}", "%s %(me)s", "\\1 $1", "<b>&amp;", "‮abc", "😟")
THEIR_90 = line(
    "B", "We can pay 90,000 for this.", "offer", ledger=(("anchor", "salary", 90e3, "90,000"),)
)


def _suggestion(rule: str, looked: Search) -> str | None:
    (hit,) = hits(looked, rule)
    return suggestion_for(looked, hit)


def _pay(speaker: str, text: str, *tags: str, kind: str = "counter", quote: str = "95,000") -> Line:
    value = float(quote.replace(",", ""))
    return line(speaker, text, *tags, ledger=((kind, "salary", value, quote),))


def test_a_feeling_is_named_in_their_words() -> None:
    """The clause that holds it, though other sentences surround it."""
    felt = line("B", "We met Tom. I'm worried about our June release, honestly. So, the price.")
    looked = search(felt, line("A", "I want 95,000 for it."))
    expected = "It sounds like you’re worried about your June release."
    assert _suggestion("emotion_unlabelled", looked) == expected


def test_a_feeling_that_makes_no_line_has_a_plain_one() -> None:
    """Two words are too little to say back; the next line of the rule needs no words."""
    looked = search(line("B", "So, I'm afraid."), line("A", "I want 95,000 for it."))
    assert _suggestion("emotion_unlabelled", looked) == "It sounds like that weighs on you."


def test_a_promise_is_quoted_with_its_whole_sentence() -> None:
    """Though the stage before marked only a part of it."""
    text = "Sure. We'll look at your salary some time. Okay?"
    looked = search(
        line("B", text),
        line("A", "Great."),
        promises=[promise(0, "look at your salary some time", text)],
    )
    expected = (
        "You said you’ll look at my salary some time. "
        "Who decides that, by when, and can we put it in writing?"
    )
    assert _suggestion("vague_promise", looked) == expected


def test_a_promise_of_one_word_is_not_quoted() -> None:
    """Then the line asks without it."""
    looked = search(
        line("B", "Maybe."), line("A", "Great."), promises=[promise(0, "Maybe.", "Maybe.")]
    )
    expected = "Who decides that, by when, and can we put it in writing?"
    assert _suggestion("vague_promise", looked) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            line(
                "A",
                "Um, maybe we could do 23 days of vacation?",
                "hedged_ask",
                ledger=(("counter", "vacation", 23.0, "23 days"),),
            ),
            "I’d like 23 days of vacation.",
        ),
        (
            line("A", "Could you perhaps send me the list?", "hedged_ask"),
            "I’d like you to send me the list.",
        ),
        (
            line("A", "I don't know, it's just a thought.", "hedged_ask"),
            "This is what I’d like. What can you do?",
        ),
    ],
)
def test_a_hedged_ask_is_said_plainly(asked: Line, expected: str) -> None:
    """The figure with its noun, or the words; else a line without them."""
    assert _suggestion("hedged_ask", search(asked)) == expected


def test_their_figure_is_quoted_as_they_said_it() -> None:
    """The last position of theirs on the same issue, before the moment."""
    bonus = line("B", "And 5,000 on top.", ledger=(("anchor", "bonus", 5e3, "5,000"),))
    counter = _pay("A", "I want 95,000.", "counter_without_question")
    looked = search(THEIR_90, line("A", "Hm."), replace(bonus, tags=("offer",)), counter)
    expected = "You said 90,000: how did you arrive at that?"
    assert _suggestion("countered_without_question", looked) == expected


def test_a_figure_nobody_named_is_not_made_up() -> None:
    """Without a position of theirs the line asks without a number."""
    taken = line("A", "I'll take it.", "premature_acceptance")
    looked = search(line("B", "We can make you an offer."), taken)
    assert _suggestion("first_offer_accepted", looked) == "Thank you. How did you arrive at that?"


def test_a_later_figure_of_ones_own_is_not_used() -> None:
    """What one is "still at" was said before the limit, not after it."""
    limit = _pay("A", "I need at least 88,000.", "boundary", kind="repeat", quote="88,000")
    theirs = _pay("B", "88,000 then.", kind="accept", quote="88,000")
    later = _pay("A", "And I wanted 95,000.")
    assert _suggestion("limit_given_away", search(limit, theirs, later)) == (
        "What is the best you can do?"
    )
    earlier = _pay("A", "I want 95,000.", kind="anchor")
    assert _suggestion("limit_given_away", search(earlier, line("B", "Hm."), limit, theirs)) == (
        "I’m still at 95,000. What would it take to get closer to that?"
    )


def test_open_terms_are_those_that_nobody_brought_in() -> None:
    """The first three of the rulebook's that the ledger has no line of."""
    bonus = line("B", "A bonus of 5,000.", ledger=(("mention", "bonus", 5e3, "5,000"),))
    looked = search(THEIR_90, _pay("A", "I want 95,000."), bonus)
    expected = (
        "If the base is where it has to be, what can you do on vacation, equity and remote work?"
    )
    assert _suggestion("only_salary", looked) == expected


def test_terms_of_work_are_not_brought_into_a_sale() -> None:
    """Who sells a booth is not told to ask for vacation."""
    step = line("A", "Then 4,200.", "concession", ledger=(("concession", "price", 4.2e3, "4,200"),))
    looked = search(line("B", "That is a lot."), step, line("B", "Better."))
    expected = "If I move on this, what can you do for me?"
    assert _suggestion("conceded_for_nothing", looked) == expected


def test_a_strength_needs_no_other_line() -> None:
    """Where a rule has no suggestions there is none."""
    assert _suggestion("good_after_no", search(line("A", "Thanks.", "positive_close"))) is None


@pytest.mark.parametrize("odd", HOSTILE)
def test_what_people_say_is_never_a_template(odd: str) -> None:
    """Braces and the like in what was said stay what they are, or go; nothing is filled in."""
    looked = search(
        line("B", f"I'm worried about {odd} here."),
        line("A", f"Could you maybe send me {odd} by May?", "hedged_ask"),
        line("B", "No."),
    )
    for rule in ("emotion_unlabelled", "hedged_ask"):
        said = _suggestion(rule, looked)
        assert said
        assert "<class" not in said
        assert "It sounds like It sounds" not in said


def test_the_quote_of_an_ask_is_said_as_it_is_braces_and_all() -> None:
    """{ask} takes the words as they are."""
    asked = "I want {turned} now. {2.0} I mean, less is fine too."
    looked = search(line("A", asked, "direct_ask: I want {turned} now."))
    expected = "I want {turned} now. (And then nothing until they answer.)"
    assert _suggestion("silence_filled", looked) == expected
