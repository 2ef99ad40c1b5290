"""Offers and answers, limits, alternatives and appeals to data."""

import pytest
from tactics_calls import quotes_of, tactics_of

OFFERS = [
    "I'm looking for a base of 120,000.",
    "I want a company car.",
    "I need 3 waters and you can have the rest.",
    "How about 15?",
    "We can offer ninety five thousand.",
    "Could you do a hundred and ten thousand?",
    "I was thinking of around 120k.",
    "Let's say 15 percent.",
    "My offer is $95,000.",
    "Would you take eighty?",
    "we could go up to one hundred thousand",
    "How about two days a week remote?",
]
NO_OFFERS = [
    "I'd like more.",
    "We need some food.",
    "I made 90,000 last year.",
    "How much do you want?",
    "I have two kids.",
    "I want to talk about the bonus.",
    "I can't do 120.",
    "I need to think about it.",
    "Let me have a look.",
    "I have worked here for five years.",
]
ACCEPTS = [
    ("How about 95,000?", "That works for me."),
    ("How about 95,000?", "Deal."),
    ("We can offer 95,000.", "Okay, I can do that."),
    ("I want a company car.", "Yes."),
    ("Would you take eighty?", "Sure, why not."),
    ("My final offer is 90.", "I accept."),
    ("How about 95,000?", "you've got a deal"),
]
NO_ACCEPTS = [
    ("How about 95,000?", "I can't accept that."),
    ("How about 95,000?", "If you add a car, I could accept."),
    ("How about 95,000?", "Would you accept a hundred?"),
    ("The weather is nice.", "Yes."),
    ("How about 95,000?", "Okay, how about 100,000?"),
    ("The market is slow.", "I agree that the market is slow."),
]
REJECTS = [
    ("How about 95,000?", "No, that's too low."),
    ("How about 95,000?", "I can't accept that."),
    ("How about 95,000?", "That doesn't work for me."),
    ("I want a company car.", "No."),
    ("I want a company car.", "I'm afraid we can't do that."),
    ("How about 95,000?", "I have to decline."),
]
NO_REJECTS = [
    ("How about 95,000?", "That works for me."),
    ("Did you see the news?", "No."),
    ("How about 95,000?", "If that doesn't work, what would?"),
    ("How about 95,000?", "I don't disagree."),
    ("How about 95,000?", "Why can't you go higher?"),
]
BOUNDARIES = [
    "I can't go below 100.",
    "My final offer is 95.",
    "That's my limit.",
    "We cannot go above ninety thousand.",
    "The most I can do is 50.",
    "The start date is non-negotiable for me.",
    "That's as low as I can go.",
    "I'm not willing to relocate.",
]
NO_BOUNDARIES = [
    "I can't accept this offer.",
    "Is that your final offer?",
    "I couldn't agree more.",
    "It's the least I can do.",
    "As far as I can tell it is fine.",
    "I help as much as I can.",
]
CRITERIA = [
    "Based on the market rate, 120 is fair.",
    "The industry average is higher.",
    "According to Glassdoor the range starts at 110.",
    "Similar roles pay about 100,000.",
    "I did some research on salaries.",
    "The going rate is 50 an hour.",
    "Last year you paid the same supplier more.",
]
NO_CRITERIA = [
    "I work in the marketing department.",
    "I think 120 is fair.",
    "We had an average day.",
    "I went to the market.",
]
ALTERNATIVES = [
    "I have another offer from Google.",
    "We have other candidates.",
    "I'm also talking to two other companies.",
    "I could stay at my current job.",
    "Another supplier quoted us less.",
    "I'm prepared to walk away.",
    "I've been approached by a competitor.",
]
NO_ALTERNATIVES = [
    "Do you have another offer?",
    "If you get other offers, tell me.",
    "I would like to stay warm.",
    "Or I'll walk away.",
    "We have other issues to discuss.",
]


@pytest.mark.parametrize("text", OFFERS)
def test_a_concrete_value_put_up_for_agreement_is_an_offer(text: str) -> None:
    """A value or a named option on an issue, as digits or spelled."""
    assert "offer" in tactics_of(text)


@pytest.mark.parametrize("text", NO_OFFERS)
def test_wishes_facts_and_refusals_are_no_offers(text: str) -> None:
    """Nothing concrete is put up for agreement."""
    assert "offer" not in tactics_of(text)


def test_a_bare_number_answers_a_question_for_terms() -> None:
    """A number alone is an offer where terms were asked for."""
    assert "offer" in tactics_of("What salary are you looking for?", "Ninety thousand.")
    assert "offer" not in tactics_of("How old are you?", "Forty five.")


@pytest.mark.parametrize(("before", "text"), ACCEPTS)
def test_taking_what_is_on_the_table_is_accept(before: str, text: str) -> None:
    """A plain yes counts after a proposal, an acceptance in words anywhere."""
    assert "accept" in tactics_of(before, text)


@pytest.mark.parametrize(("before", "text"), NO_ACCEPTS)
def test_conditions_questions_and_counters_are_no_accept(before: str, text: str) -> None:
    """What is asked, refused or made conditional is not taken."""
    assert "accept" not in tactics_of(before, text)


@pytest.mark.parametrize(("before", "text"), REJECTS)
def test_turning_down_what_is_on_the_table_is_reject(before: str, text: str) -> None:
    """A plain no counts after a proposal, a refusal in words anywhere."""
    assert "reject" in tactics_of(before, text)


@pytest.mark.parametrize(("before", "text"), NO_REJECTS)
def test_answers_to_other_questions_are_no_reject(before: str, text: str) -> None:
    """A no to a question of fact turns nothing down."""
    assert "reject" not in tactics_of(before, text)


@pytest.mark.parametrize("text", BOUNDARIES)
def test_a_limit_of_ones_own_is_a_boundary(text: str) -> None:
    """A limit, set calmly."""
    assert "boundary" in tactics_of(text)


@pytest.mark.parametrize("text", NO_BOUNDARIES)
def test_refusing_one_proposal_is_no_boundary(text: str) -> None:
    """Turning down this proposal, idioms and questions set no limit."""
    assert "boundary" not in tactics_of("How about 80?", text)


@pytest.mark.parametrize("text", CRITERIA)
def test_market_precedent_and_data_are_objective_criteria(text: str) -> None:
    """An appeal to something both sides can look up."""
    assert "objective_criteria" in tactics_of(text)


@pytest.mark.parametrize("text", NO_CRITERIA)
def test_opinion_is_no_objective_criterion(text: str) -> None:
    """One's own view and other senses of the words appeal to nothing."""
    assert "objective_criteria" not in tactics_of(text)


@pytest.mark.parametrize("text", ALTERNATIVES)
def test_another_option_one_has_is_an_alternative(text: str) -> None:
    """Another offer, staying put, walking away."""
    assert "alternative" in tactics_of(text)


@pytest.mark.parametrize("text", NO_ALTERNATIVES)
def test_the_others_options_and_threats_are_no_alternative(text: str) -> None:
    """Questions about the other's options and or-else are something else."""
    assert "alternative" not in tactics_of(text)


def test_the_quote_of_an_offer_is_its_clause() -> None:
    """The reason given before is not part of the offer."""
    text = "I moved here last year, and I'm looking for 120,000."
    assert quotes_of("offer", text) == ["I'm looking for 120,000"]
