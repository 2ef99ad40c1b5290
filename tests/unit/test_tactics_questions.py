"""Questions: open, closed and calibrated, with and without question marks."""

import pytest
from tactics_calls import quotes_of, tactics_of

OPEN = [
    "What matters most to you in this role?",
    "How did you arrive at that number?",
    "Why is the start date so important?",
    "Tell me about the team.",
    "Tell me a little bit about your current contract",
    "Walk me through how you got there.",
    "Could you tell me how the bonus is worked out?",
    "can you explain why the budget is fixed",
    "Can you describe the role for me?",
    "what would you need from us",
    "so what do you think about that",
    "Okay, so, um, what- what are you hoping for?",
    "I'd like to understand how you see it.",
    "I was wondering what your thoughts are on remote work",
    "Help me understand the constraint.",
    "And the other thing is, how do you handle raises?",
    "What's your view on that?",
    "How come?",
    "What about the vacation days?",
    "If you had a free hand, what would you change?",
    "Maybe you could tell me about your process.",
    "Sorry, what do you mean by flexible?",
    "In what ways would that help?",
]
CLOSED = [
    "Is there a budget?",
    "Do you have another candidate?",
    "Can we meet on Friday?",
    "did you talk to your boss",
    "When can you start?",
    "Where is the office?",
    "Who decides?",
    "How many days of vacation are there?",
    "How much are you looking for?",
    "How long have you worked there?",
    "What time works for you?",
    "What's your budget?",
    "You want fifteen, right?",
    "That's the base, isn't it?",
    "you haven't signed yet have you?",
    "The offer is final?",
    "Would you prefer cash or equity?",
    "Could you tell me when the review is?",
    "Do you know how many people applied?",
    "How about 15?",
    "Which one do you prefer?",
    "Are you, um, are you okay with that?",
    "Any questions?",
]
NEITHER = [
    "I don't know what you mean.",
    "That's why I called.",
    "What I want is a fair deal.",
    "How it works is that you sign first.",
    "What you need to know is simple.",
    "I know how hard this is.",
    "I asked him what he wanted and he told me.",
    "You know what?",
    "Right?",
    "Yeah?",
    "I'm not sure whether that works.",
    "When you sign, we can start.",
    "The person who decides is away.",
    "Do not worry about it.",
    "Should you need anything, call me.",
    "What a great idea!",
    "Have a nice day.",
    "Nor do I.",
    "It depends on what you offer.",
    "Hi, how are you?",
    "",
]
CALIBRATED = [
    "How am I supposed to do that?",
    "What would make this work for you?",
    "What would it take to get there?",
    "how can we solve this",
    "How would you like me to proceed?",
    "How do you want to handle the gap?",
]
OPEN_ONLY = ["What happened last year?", "Why did you leave?", "Tell me about the team."]


@pytest.mark.parametrize("text", OPEN)
def test_a_question_that_invites_more_than_a_fact_is_open(text: str) -> None:
    """What, how, why and requests to tell are open, marked or not, embedded or not."""
    assert "open_question" in tactics_of(text)
    assert "closed_question" not in tactics_of(text)


@pytest.mark.parametrize("text", CLOSED)
def test_a_question_for_yes_no_a_choice_or_one_fact_is_closed(text: str) -> None:
    """Auxiliary-first, tag, choice, rising and short-fact questions are closed."""
    assert "closed_question" in tactics_of(text)
    assert "open_question" not in tactics_of(text)


@pytest.mark.parametrize("text", NEITHER)
def test_statements_and_rhetorical_tags_are_no_questions(text: str) -> None:
    """Indirect statements, fillers and greetings ask nothing."""
    assert not tactics_of(text) & {"open_question", "closed_question"}


@pytest.mark.parametrize("text", CALIBRATED)
def test_a_question_that_hands_over_the_problem_is_calibrated_and_open(text: str) -> None:
    """A calibrated question is tagged open as well."""
    assert {"calibrated_question", "open_question"} <= tactics_of(text)


@pytest.mark.parametrize("text", OPEN_ONLY)
def test_not_every_open_question_is_calibrated(text: str) -> None:
    """An open question about facts or the past hands nobody a problem."""
    assert "calibrated_question" not in tactics_of(text)


def test_two_clauses_make_two_questions() -> None:
    """Several questions under one mark count once each."""
    text = "What would it take, and is there a budget?"
    assert quotes_of("open_question", text) == ["What would it take"]
    assert quotes_of("closed_question", text) == ["is there a budget?"]


def test_two_questions_are_found_without_any_mark() -> None:
    """A recogniser that loses question marks loses no question."""
    text = "okay so what would it take to close this and is there a budget for it"
    assert quotes_of("open_question", text) == ["what would it take to close this"]
    assert quotes_of("closed_question", text) == ["is there a budget for it"]


def test_a_choice_is_one_question() -> None:
    """The two arms of a choice are not two questions."""
    text = "Do you want cash or do you want equity?"
    assert quotes_of("closed_question", text) == [text]


def test_a_question_mark_each_makes_a_question_each() -> None:
    """Three short questions in a turn are three."""
    text = "Where is it? How big is it? When can I see it?"
    assert len(quotes_of("closed_question", text)) == 3


def test_a_tag_question_is_quoted_with_its_statement() -> None:
    """The tag alone would not say what was asked."""
    assert quotes_of("closed_question", "You said ten, right?") == ["You said ten, right?"]


def test_a_restarted_question_counts_once() -> None:
    """Speakers begin again; the question is one."""
    text = "What- what do you- what do you need?"
    assert len(quotes_of("open_question", text)) == 1


def test_a_wh_question_after_a_statement_is_quoted_alone() -> None:
    """The quote is the question's own clause."""
    text = "We looked at the numbers. So how do we close the gap?"
    assert quotes_of("open_question", text) == ["how do we close the gap?"]
