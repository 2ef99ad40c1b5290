"""The entry point on any input: valid spans, stable order, nothing raised."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tactics_calls import CODEBOOK, call_of, tags_of

from pipeline.tactics import detect
from pipeline.tactics.codebook import Utterance
from pipeline.tactics.text import read_passage

VOCABULARY = (
    "what would you take if i can't um , . ? - -- … so 120,000 $5 15% or else it's sounds like "
    "don't know over how about deal no yes I'd DON'T can’t we and the ten thousand 🙂 İstanbul ﬁ"
)
WORDS = st.sampled_from(VOCABULARY.split())
SENTENCES = st.lists(WORDS, max_size=40).map(" ".join)
TEXTS = st.one_of(st.text(max_size=200), SENTENCES)


@given(texts=st.lists(TEXTS, max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_valid_sorted_spans(texts: list[str]) -> None:
    """Every span lies inside its turn, is not empty, and tags come in order."""
    call = call_of(*texts)
    tags = detect(call, CODEBOOK)
    for tag in tags:
        assert 0 <= tag.start_char < tag.end_char <= len(texts[tag.turn])
        assert 0 < tag.score <= 1
        assert tag.method == "rule"
    places = [(tag.turn, tag.start_char) for tag in tags]
    assert places == sorted(places)
    assert len({(tag.turn, tag.tactic, tag.start_char) for tag in tags}) == len(tags)


@given(texts=st.lists(SENTENCES, max_size=5))
@settings(max_examples=50, deadline=None)
def test_the_same_call_gives_the_same_tags(texts: list[str]) -> None:
    """Detection is a pure function."""
    assert detect(call_of(*texts), CODEBOOK) == detect(call_of(*texts), CODEBOOK)


@given(text=TEXTS)
@settings(max_examples=150, deadline=None)
def test_tokens_lie_in_order_inside_the_text(text: str) -> None:
    """Cleaning keeps the way back to the turn's own characters."""
    passage = read_passage(text)
    ends = [0]
    for token in passage.tokens:
        assert ends[-1] <= token.start < token.end <= len(text)
        ends.append(token.end)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "what " * 20_000,
        "if you " * 15_000,
        "5" * 100_000,
        "," * 100_000,
        "?" * 100_000,
        "i would like to " * 6_000,
        "you know, " * 10_000,
        "or i will " * 10_000,
        "\x00\ud800 " * 30_000,
    ],
    ids=["letters", "what", "if", "digits", "commas", "marks", "want", "aside", "or", "surrogates"],
)
def test_a_very_long_turn_comes_back(text: str) -> None:
    """No cue runs away on a turn of 100,000 characters."""
    for tag in tags_of("How about 15?", text):
        assert 0 <= tag.start_char < tag.end_char <= len(text)


def test_nobody_speaking_has_no_tags() -> None:
    """An empty call and empty turns are fine."""
    assert detect([], CODEBOOK) == []
    assert detect(call_of("", " ", "..."), CODEBOOK) == []


def test_turn_numbers_are_kept() -> None:
    """Backchannels are taken out before, so numbers may have gaps."""
    utterances = [Utterance(turn=7, speaker="Ana", text="What do you need?")]
    assert {tag.turn for tag in detect(utterances, CODEBOOK)} == {7}


def test_offsets_count_the_turns_own_characters() -> None:
    """Cleaning for the cues does not shift the quote."""
    text = "Um, so — uh — “what’s, um, what’s your plan”?"
    tags = [tag for tag in tags_of(text) if tag.tactic == "open_question"]
    assert [text[tag.start_char : tag.end_char][:6] for tag in tags] == ["what’s"]
