"""What rules find by pattern, and what comes near it; tags and ledger are by hand."""

from __future__ import annotations

import pytest
from moments_talks import BOOK, Line, hits, line, quotes, search

QUESTION = "What would get us to 100?"
THEIR_90 = line("B", "We can pay 90.", "offer", ledger=(("anchor", "salary", 90_000.0, "90"),))

Case = tuple[str, str, tuple[Line, ...], list[str]]


def _q(*then: Line, question: str = "calibrated_question") -> tuple[Line, ...]:
    return (line("B", "90 is the end."), line("A", QUESTION, question), *then)


def _counter(text: str = "I want 95.", *tags: str, kind: str = "counter") -> Line:
    return line("A", text, *tags, ledger=((kind, "salary", 95_000.0, "95"),))


BY_PATTERN: tuple[Case, ...] = (
    ("question_moved_them", "a question, then a step",
     _q(line("B", "I could do 97.", "concession")),
     [QUESTION]),
    ("question_moved_them", "a step in the ledger alone",
     _q(line("B", "I could do 97.", ledger=(("concession", "salary", 97_000.0, "97"),))),
     [QUESTION]),
    ("question_moved_them", "a question, and no step", _q(line("B", "It is the policy.")), []),
    ("question_moved_them", "a closed question",
     _q(line("B", "I could do 97.", "concession"), question="closed_question"), []),
    ("question_moved_them", "a step two turns later",
     _q(line("B", "No, it is not."), line("A", "I see, fine."),
        line("B", "I could do 97.", "concession")), []),
    ("question_moved_them", "the question of the other side",
     (line("B", QUESTION, "open_question"), line("A", "I could do 97.", "concession")), []),
    ("silence_worked", "silence, then a step",
     _q(line("B", "I could do 97.", "concession"), question="dynamic_silence"), [QUESTION]),
    ("silence_worked", "silence, and nothing",
     _q(line("B", "No, sorry."), question="dynamic_silence"), []),
    ("threat_met_with_empathy", "a label after a threat",
     (line("B", "Sign today or it is gone.", "threat"),
      line("A", "It sounds like you are under pressure.", "label"),
      line("B", "Yes, my boss wants it.")), ["It sounds like you are under pressure."]),
    ("threat_met_with_empathy", "an answer in kind",
     (line("B", "Sign today or it is gone.", "threat"),
      line("A", "I hear you, but then I walk.", "acknowledgement", "threat"),
      line("B", "Fine then, go on.")), []),
    ("threat_met_with_empathy", "a label after an offer",
     (THEIR_90, line("A", "It sounds like 90 is fixed.", "label"),
      line("B", "Yes, my boss wants it.")), []),
    ("threat_met_with_empathy", "three words back",
     (line("B", "Sign today or it is gone.", "threat"),
      line("A", "It sounds like you are under pressure.", "label"), line("B", "Yes I am.")), []),
    ("trade_accepted", "a trade, taken",
     (line("A", "If you pay 94, I start early.", "conditional_trade"),
      line("B", "Okay, that works.", "accept")), ["If you pay 94, I start early."]),
    ("trade_accepted", "a trade, taken in words without a tag",
     (line("A", "If you pay 94, I start early.", "conditional_trade"),
      line("B", "That works for me.")), ["If you pay 94, I start early."]),
    ("trade_accepted", "a trade, turned down",
     (line("A", "If you pay 94, I start early.", "conditional_trade"),
      line("B", "The date does not matter.", "reject")), []),
    ("trade_accepted", "a hedged trade",
     (line("A", "Maybe if you pay 94?", "conditional_trade", "hedged_ask"),
      line("B", "Okay, that works.", "accept")), []),
    ("interests_found", "eight words, four of them new",
     (line("A", "What matters to you?", "elicit_preference"),
      line("B", "My people, quiet evenings and no calls ever.")), ["What matters to you?"]),
    ("interests_found", "seven words",
     (line("A", "What matters to you?", "elicit_preference"),
      line("B", "My people, quiet evenings and no calls.")), []),
    ("interests_found", "many words, none of them new",
     (line("A", "What matters to you? Is it people, calls, evenings?", "elicit_preference"),
      line("B", "It is the people and the calls and the evenings.")), []),
    ("reflection_opened_up", "a mirror, then a story",
     (line("B", "The timing is bad."), line("A", "Bad?", "mirror"),
      line("B", "We move the warehouse in April and nobody takes pallets.")), ["Bad?"]),
    ("reflection_opened_up", "a mirror, then a yes",
     (line("B", "The timing is bad."), line("A", "Bad?", "mirror"), line("B", "Yes.")), []),
    ("package_accepted", "another term, taken",
     (line("A", "How about a bonus?", "package_option"), line("B", "Fine.", "accept")),
     ["How about a bonus?"]),
    ("package_accepted", "another term, turned down",
     (line("A", "How about a bonus?", "package_option"), line("B", "We never do.", "reject")), []),
    ("promise_pinned", "by when, and a day",
     (line("A", "By when is that done?"), line("B", "You will have it by Thursday.")),
     ["By when is that done?"]),
    ("promise_pinned", "by when, and no day",
     (line("A", "By when is that done?", "commitment_request"),
      line("B", "By Thursday, I would hope, we will see.", "vague_assurance")), []),
    ("anchored_with_evidence", "a figure with its reason",
     (line("A", "The market pays 95.", "objective_criteria",
           ledger=(("anchor", "salary", 95_000.0, "95"),)),), ["The market pays 95."]),
    ("anchored_with_evidence", "the reason came one turn before",
     (line("A", "I have led two teams.", "value_statement"), line("B", "I see, go on."),
      _counter()), ["I want 95."]),
    ("anchored_with_evidence", "the reason came two turns before",
     (line("A", "I have led two teams.", "value_statement"), line("B", "I see, go on."),
      line("A", "Good, then to money."), line("B", "Yes, please do."), _counter()), []),
    ("anchored_with_evidence", "a figure alone", (_counter(),), []),
    ("anchored_with_evidence", "a repeated figure",
     (_counter("The market pays 95.", "objective_criteria", kind="repeat"),), []),
    ("summary_confirmed", "a summary, and a yes",
     (line("A", "So it is 97 and 25 days.", "summary"), line("B", "That's right.")),
     ["So it is 97 and 25 days."]),
    ("summary_confirmed", "a summary, and a no",
     (line("A", "So it is 97 and 25 days.", "summary"), line("B", "No, hold on.")), []),
    ("value_back", "an offer in return",
     (line("A", "I could introduce you two."),), ["I could introduce you two."]),
    ("value_back", "the other side's offer", (line("B", "I could introduce you two."),), []),
    ("value_back", "thanks alone", (line("A", "Thank you, that was helpful."),), []),
    ("good_after_no", "thanks after a no",
     (line("A", "Thank you all the same.", "positive_close"),),
     ["Thank you all the same."]),
    ("good_after_no", "no thanks", (line("A", "What a waste of time.", "irritator"),), []),
    ("first_offer_accepted", "taken at once",
     (THEIR_90, line("A", "Great. I'll take it.", "premature_acceptance: I'll take it")),
     ["I'll take it."]),
    ("first_offer_accepted", "taken after a question",
     (THEIR_90, line("A", "I'll take it.", "accept")), []),
    ("threat_made", "a threat", (line("A", "Pay 100 or I walk.", "threat"),),
     ["Pay 100 or I walk."]),
    ("threat_made", "the other side's", (line("B", "Pay 100 or I walk.", "threat"),), []),
    ("hedged_ask", "softened", (line("A", "Hi. Maybe a bit more?", "hedged_ask: Maybe"),),
     ["Maybe a bit more?"]),
    ("hedged_ask", "plain", (line("A", "I want 95.", "direct_ask"),), []),
    ("conceded_for_nothing", "a step down",
     (line("B", "That is a lot."), line("A", "Then 4,200.", "concession"), line("B", "Better.")),
     ["Then 4,200."]),
    ("conceded_for_nothing", "a step on condition",
     (line("A", "4,200 if you book today.", "concession", "conditional_trade"),), []),
    ("conceded_for_nothing", "after a step of theirs",
     (line("B", "I can do 4,000.", "concession"), line("A", "Then 4,200.", "concession")), []),
    ("conceded_for_nothing", "before a step of theirs",
     (line("A", "Then 4,200.", "concession"), line("B", "Then I can do 4,100.", "concession")), []),
    ("countered_without_question", "a counter at once", (THEIR_90, _counter()), ["I want 95."]),
    ("countered_without_question", "after thanks",
     (THEIR_90, _counter("Thank you, I want 95.", "gratitude")), []),
    ("countered_without_question", "after no offer", (line("B", "Hello there."), _counter()), []),
    ("countered_without_question", "after they had said yes",
     (line("B", "94 is fine.", "offer", ledger=(("accept", "salary", 94_000.0, "94"),)),
      _counter()), []),
    ("job_ask", "a job outright", (line("A", "Could you get me a job there?"),),
     ["Could you get me a job there?"]),
    ("job_ask", "their way in", (line("A", "How did you get your job?"),), []),
    ("job_ask", "the other side asks", (line("B", "Could you get me a job there?"),), []),
)  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "lines", "expected"),
    [(rule, lines, expected) for rule, _, lines, expected in BY_PATTERN],
    ids=[f"{rule}-{name.replace(' ', '_')}" for rule, name, _, _ in BY_PATTERN],
)
def test_a_pattern_finds_its_moment_and_nothing_near_it(
    rule: str, lines: tuple[Line, ...], expected: list[str]
) -> None:
    """A's moments of the rule, by their quotes."""
    assert quotes(search(*lines), rule) == expected


def test_every_rule_is_tried_here_on_both_sides() -> None:
    """Each shipped rule has a case that is found, and one that is not."""
    by_function = {"emotion", "vague", "limit", "filled_silence", "only_salary", "unasked"}
    patterns = {rule.id for rule in BOOK.rules if rule.finder not in by_function}
    assert {case[0] for case in BY_PATTERN if case[3]} == patterns
    assert {case[0] for case in BY_PATTERN if not case[3]} == patterns
    assert {rule.finder for rule in BOOK.rules} - {"pattern"} == by_function


def test_a_moment_of_words_tells_what_it_got() -> None:
    """The reply is the sentence of the other side that the rule looked for."""
    looked = search(*_q(line("B", "Well. I could do 97.", "concession: I could do 97.")))
    (hit,) = hits(looked, "question_moved_them")
    assert hit.reply is not None
    assert looked.scene.quote(hit.reply) == "I could do 97."
