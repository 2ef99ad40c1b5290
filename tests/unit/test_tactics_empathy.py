"""Label, mirror, paraphrase, acknowledgement and gratitude."""

import pytest
from tactics_calls import quotes_of, tactics_of

LABELS = [
    "It sounds like you're under a lot of pressure.",
    "It seems like you're worried about the timeline.",
    "it feels like you want to be sure",
    "You seem worried that this won't get approved.",
    "You sound frustrated with the process.",
    "Sounds like you had a rough week.",
    "It looks like you're hesitant about the title.",
    "You must be exhausted.",
    "It seems like fairness is really important to you.",
    "I sense some hesitation.",
]
NO_LABELS = [
    "I feel good about this.",
    "It looks like rain.",
    "It sounds like a plan.",
    "Sounds good to me.",
    "I'm worried about the deadline.",
    "It feels like I'm doing all the work.",
    "Do you feel comfortable with that?",
    "Is there anything you're worried about?",
    "The budget looks fine.",
    "You can have the rest.",
]
MIRRORS = [
    ("My boss won't approve anything over ten percent.", "Over ten percent?"),
    ("We are going through a difficult reorganisation.", "A difficult reorganisation?"),
    ("I just feel the process has been unfair to us.", "unfair to you"),
    ("We had some trouble with the last supplier.", "Trouble with the last supplier?"),
]
NO_MIRRORS = [
    ("From your GP?", "From my GP, yes."),
    ("Is the offer okay with you?", "Yes."),
    ("Good morning, nice to meet you.", "Good morning."),
    ("Can you confirm the number, that is 555 1234 again?", "555 1234."),
    ("We are going through a difficult reorganisation.", "Okay, right."),
    ("We pay ninety and there is a bonus.", "I would like a bonus of ten thousand and a car."),
    ("The budget is tight this year.", "What is the budget?"),
    ("Thank you very much for that.", "Thank you very much."),
]
PARAPHRASES = [
    ("It is hard to move.", "So what you're saying is that the date can't move."),
    ("Our budget closes in June.", "If I understand you correctly, it has to happen before June."),
    ("I get no answers from anyone there.", "In other words, nobody is telling you anything."),
    ("I can't get past the recruiter.", "So you're stuck with the recruiter?"),
    ("I moved here for the job.", "You moved here for the job, then."),
    ("The team is small.", "What I'm hearing is that you need more people."),
]
NO_PARAPHRASES = [
    ("I moved here for the job.", "You can have two weeks of vacation."),
    ("What do you mean?", "I mean the salary."),
    ("I moved here for the job.", "What did you say?"),
    ("The base is ninety.", "I want a hundred."),
    ("I get no answers.", "You should call them."),
]
ACKNOWLEDGEMENTS = [
    "I understand budgets are tight.",
    "That makes sense.",
    "I hear you, and I still need more.",
    "I understand, but we have to move on.",
    "That's a fair point.",
    "I get that this is hard for you.",
    "Fair enough.",
    "I see where you're coming from.",
]
NO_ACKNOWLEDGEMENTS = [
    "I don't understand the offer.",
    "Help me understand the budget.",
    "Does that make sense?",
    "Do you understand the terms?",
    "Can I get that in writing?",
    "I appreciate your time.",
    "That doesn't make sense.",
    "I want to make sure I understand.",
]
THANKS = [
    "Thank you for making the time.",
    "Thanks, that helps.",
    "I really appreciate your help with this.",
    "I'm grateful for the opportunity.",
    "That's very kind of you.",
]
NO_THANKS = [
    "Thanks, bye.",
    "Thank you, goodbye.",
    "No thanks.",
    "Thanks to the economy, sales are down.",
    "Thank god it is Friday.",
    "I would appreciate a higher base.",
]


@pytest.mark.parametrize("text", LABELS)
def test_naming_the_others_feeling_is_a_label(text: str) -> None:
    """A label names how it is for the other side."""
    assert "label" in tactics_of("We have talked for weeks.", text)


@pytest.mark.parametrize("text", NO_LABELS)
def test_own_feelings_and_facts_are_no_labels(text: str) -> None:
    """One's own feeling, the weather, a plan and a question label nobody."""
    assert "label" not in tactics_of("We have talked for weeks.", text)


@pytest.mark.parametrize(("before", "text"), MIRRORS)
def test_repeating_the_others_last_words_is_a_mirror(before: str, text: str) -> None:
    """One to five words of the other side, little else, often rising."""
    assert "mirror" in tactics_of(before, text)


@pytest.mark.parametrize(("before", "text"), NO_MIRRORS)
def test_answers_greetings_and_read_backs_are_no_mirrors(before: str, text: str) -> None:
    """An echo that answers, greets, reads back or goes on is no mirror."""
    assert "mirror" not in tactics_of(before, text)


def test_nobody_mirrors_themselves() -> None:
    """A mirror needs the other side's turn right before."""
    assert "mirror" not in tactics_of("Over ten percent?")


@pytest.mark.parametrize(("before", "text"), PARAPHRASES)
def test_restating_the_others_point_is_a_paraphrase(before: str, text: str) -> None:
    """A point restated tests understanding, with or without a cue."""
    assert "paraphrase" in tactics_of(before, text)


@pytest.mark.parametrize(("before", "text"), NO_PARAPHRASES)
def test_own_points_advice_and_questions_are_no_paraphrases(before: str, text: str) -> None:
    """Telling the other what to do or what one wants restates nothing."""
    assert "paraphrase" not in tactics_of(before, text)


@pytest.mark.parametrize("text", ACKNOWLEDGEMENTS)
def test_accepting_a_concern_as_real_is_acknowledgement(text: str) -> None:
    """The concern is accepted before going on."""
    assert "acknowledgement" in tactics_of("Money is tight for us.", text)


@pytest.mark.parametrize("text", NO_ACKNOWLEDGEMENTS)
def test_asking_to_understand_is_no_acknowledgement(text: str) -> None:
    """Questions, denials and thanks accept nothing as real."""
    assert "acknowledgement" not in tactics_of("Money is tight for us.", text)


@pytest.mark.parametrize("text", THANKS)
def test_thanks_and_credit_are_gratitude(text: str) -> None:
    """Thanks or credit to the other side."""
    assert "gratitude" in tactics_of("Here is the letter.", text)


@pytest.mark.parametrize("text", NO_THANKS)
def test_a_closing_and_other_uses_of_thanks_are_no_gratitude(text: str) -> None:
    """A goodbye, a refusal and a cause thank nobody."""
    assert "gratitude" not in tactics_of("Here is the letter.", text)


def test_the_quote_is_the_clause_that_carries_the_label() -> None:
    """What comes before and after is left out."""
    text = "Okay, right. It sounds like you're worried about the budget. Let me check."
    assert quotes_of("label", text) == ["It sounds like you're worried about the budget"]
