"""Typed chat becomes words that can be spoken, with every amount remembered."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from eval_calls.dialogue import clean_dialogue, read_dialogues, words_of
from eval_calls.wording import spell, split_sentences, tidy_sentence


def spoken(typed: str) -> list[str]:
    """The speakable sentences of a typed text."""
    found = (tidy_sentence(part) for part in split_sentences(typed))
    return [sentence.text for sentence in found if sentence]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (20, "twenty"),
        (99, "ninety nine"),
        (105, "one hundred five"),
        (10_000, "ten thousand"),
        (120_000, "one hundred twenty thousand"),
        (999_999, "nine hundred ninety nine thousand nine hundred ninety nine"),
    ],
)
def test_numbers_are_spelt_as_americans_say_them(value: int, words: str) -> None:
    """Without "and" and without hyphens, since a hyphen would make two words one."""
    assert spell(value) == words


def test_numbers_that_cannot_be_spelt_are_refused() -> None:
    """Negative numbers and a million upwards name the limits."""
    with pytest.raises(ValueError, match="outside 0 to 999999"):
        spell(1_000_000)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("i want $60,000", "I want sixty thousand dollars."),
        ("how about 90k?", "How about ninety thousand?"),
        ("10% pension", "Ten percent pension."),
        ("60000$ is ok", "Sixty thousand dollars is okay."),
        ("10hrs a day", "Ten hours a day."),
        ("we split it 2-1", "We split it two to one."),
        ("my 2nd choice", "My second choice."),
        ("I NEED food & water", "I need food and water."),
        ("That is fine 🙂", "That is fine."),
        ("dont worry, thx", "Don't worry, thanks."),
        ("2food for me", "Two food for me."),
    ],
)
def test_typing_is_undone(typed: str, said: str) -> None:
    """Amounts, shorthand, capitals and emoji become words."""
    assert spoken(typed) == [said]


def test_a_mistyped_number_is_left_out() -> None:
    """Nobody knows what 120,00 was to be; the sentence is dropped, the next one stays."""
    assert spoken("I will pay 120,00. That is final.") == ["That is final."]


def test_written_forms_of_an_amount() -> None:
    """Transcripts write an amount in several ways; each is in the reference."""
    sentence = tidy_sentence("I offer 60,000 for 20% of it.")
    assert sentence is not None
    assert [number.written for number in sentence.numbers] == [
        ("60,000", "60000", "60 thousand", "60k"),
        ("20%", "20 percent"),
    ]


@given(st.text(max_size=200))
def test_any_text_gives_speakable_sentences_or_none(typed: str) -> None:
    """Hostile input never raises and never leaves a digit, a line break or an odd sign."""
    for text in spoken(typed):
        assert text.isascii()
        assert text.isprintable()
        assert not any(char.isdigit() for char in text)
        assert all(any(char.isalpha() for char in word) for word in text.split())


def test_turns_of_one_side_are_joined_and_repeats_dropped() -> None:
    """A candidate program that repeats itself says each sentence once."""
    typed = [(0, "I want it."), (0, "I want it."), (0, "Please."), (1, "No.")]
    familiar = frozenset(words_of("i want it please no"))
    turns = clean_dialogue("d", typed, familiar=familiar).turns
    assert [(turn.speaker, turn.text) for turn in turns] == [(0, "I want it. Please."), (1, "No.")]


def test_sentences_with_unknown_words_are_left_out() -> None:
    """A word that no other dialogue uses is most likely mistyped."""
    turns = clean_dialogue("d", [(0, "I want. I wnat.")], familiar=frozenset({"i", "want"})).turns
    assert [turn.text for turn in turns] == ["I want."]


def test_a_missing_corpus_says_what_to_do(tmp_path: Path) -> None:
    """The message names the file and the option."""
    with pytest.raises(SystemExit, match=r"train\.jsonl cannot be read.*--data"):
        read_dialogues(tmp_path, part="test")
