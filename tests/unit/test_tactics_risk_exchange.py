"""Conditional trades, hedged asks and threats."""

import pytest
from tactics_calls import quotes_of, tactics_of

TRADES = [
    "If you can do 110, I could sign today.",
    "If you pay up front, we will lower the price.",
    "I could start in May if you cover the move.",
    "In return for a longer contract, we'd drop the fee.",
    "I'll take 90 in exchange for a day of remote work.",
    "if you give me two waters i can give you the firewood",
]
NO_TRADES = [
    "If you want, I can send it.",
    "If you have any questions, I will help.",
    "If you don't sign, I'll leave.",
    "I can send it tomorrow.",
    "If I remember well, you said ten.",
    "I don't know if you can do that.",
]
HEDGED = [
    "I was wondering if maybe we could possibly talk about the salary.",
    "Could you maybe do a bit more?",
    "Would it be at all possible to get a day off?",
    "Is there any chance you could go higher?",
    "Sorry to ask, but could I get a raise?",
    "I was hoping to maybe get a little more.",
    "If it's not too much trouble, I'd like a raise.",
    "could we perhaps look at the bonus",
]
NOT_HEDGED = [
    "Could you send me the contract?",
    "I'd like 120,000.",
    "I was wondering how you got there.",
    "Maybe tomorrow.",
    "I wonder what they think.",
    "Is there any chance you could be late?",
    "Perhaps it will rain.",
]
THREATS = [
    "Take it or leave it.",
    "Give me a raise or I'll leave.",
    "Pay by Friday or else.",
    "If you don't match it, I will quit.",
    "Otherwise I'll have to look elsewhere.",
    "You'll regret this.",
    "unless you move I'm going to walk away",
]
NO_THREATS = [
    "I have another offer.",
    "I could leave it at that.",
    "I can start Monday or I can start Tuesday.",
    "If you need more time, I will wait.",
    "I'll leave the letter with you.",
    "I left my last job in May.",
]


@pytest.mark.parametrize("text", TRADES)
def test_giving_on_condition_is_a_conditional_trade(text: str) -> None:
    """One side gives where the other does."""
    assert "conditional_trade" in tactics_of(text)


@pytest.mark.parametrize("text", NO_TRADES)
def test_politeness_and_threats_are_no_trade(text: str) -> None:
    """A polite if, a threat and a doubt trade nothing."""
    assert "conditional_trade" not in tactics_of(text)


@pytest.mark.parametrize("text", HEDGED)
def test_an_ask_wrapped_in_softeners_is_hedged(text: str) -> None:
    """The ask is there, behind softeners."""
    assert "hedged_ask" in tactics_of(text)


@pytest.mark.parametrize("text", NOT_HEDGED)
def test_a_plain_ask_is_not_hedged(text: str) -> None:
    """A plain request, a statement and a wondering ask nothing softly."""
    assert "hedged_ask" not in tactics_of(text)


@pytest.mark.parametrize("text", THREATS)
def test_or_else_is_a_threat(text: str) -> None:
    """Harm follows unless the other gives in."""
    assert "threat" in tactics_of(text)


@pytest.mark.parametrize("text", NO_THREATS)
def test_an_alternative_is_no_threat(text: str) -> None:
    """Options, choices and other senses of leave threaten nobody."""
    assert "threat" not in tactics_of(text)


def test_a_trade_is_quoted_with_its_condition() -> None:
    """Both halves carry the trade."""
    text = "Okay. If you can do 110, I could sign today. Thanks."
    assert quotes_of("conditional_trade", text) == ["If you can do 110, I could sign today"]
