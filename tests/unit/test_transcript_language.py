"""The language of a dialogue by its text: English unless another one is sure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.transcripts.language import MIN_LETTERS, language_of_text

DIALOGUES = {
    "de": "Guten Tag, ich wollte mit Ihnen über das Gehalt sprechen. Wir können Ihnen fünfzig "
    "Tausend im Jahr anbieten. Das ist mir leider zu wenig, ich hatte an sechzigtausend gedacht.",
    "fr": "Bonjour, je voulais parler du salaire avec vous. Nous pouvons vous proposer cinquante "
    "mille euros par an. C'est un peu bas, je pensais plutôt à soixante mille.",
    "es": "Hola, quería hablar con usted del sueldo. Podemos ofrecerle cincuenta mil euros al año. "
    "Es un poco bajo, pensaba en sesenta mil porque tengo mucha experiencia.",
    "ru": "Здравствуйте, я хотел поговорить с вами о зарплате. Мы можем предложить вам пятьдесят "
    "тысяч в год. Это немного мало, я думал о шестидесяти тысячах.",
    "zh": "你好，我想和你谈谈工资。我们可以每年给你五万。" * 6,
    "en": "Hello, I wanted to talk with you about the salary. We can offer you fifty thousand a "
    "year. That is a little low, I was thinking of sixty thousand, since I have experience.",
}  # fmt: skip


@pytest.mark.parametrize("language", DIALOGUES)
def test_a_dialogue_has_its_language(language: str) -> None:
    """From a few sentences on, in whatever script."""
    assert language_of_text([DIALOGUES[language]]) == language


@pytest.mark.parametrize("language", DIALOGUES)
def test_few_words_are_english(language: str) -> None:
    """Fewer than MIN_LETTERS letters say too little to refuse anything."""
    assert language_of_text([DIALOGUES[language][: MIN_LETTERS - 1]]) == "en"


def test_the_turns_count_together() -> None:
    """Each turn is short, the dialogue is not."""
    assert language_of_text(DIALOGUES["de"].split()) == "de"


@pytest.mark.parametrize(
    "text",
    [
        "how about i get two water and one food and you get the rest of it " * 3,
        "120k 15 % 3 weeks $90,000 €50,000 " * 20,
        "😀 😀 😀 \x00 \x1b " * 50,
        "mhm yeah ok uh um right sure yep okay hm " * 5,
        "WE CAN OFFER YOU FIFTY THOUSAND A YEAR AND THREE WEEKS OF VACATION, HOW IS THAT? " * 2,
    ],
    ids=["terse", "numbers", "emoji", "backchannels", "capitals"],
)
def test_english_that_looks_odd_is_english(text: str) -> None:
    """Terse typed English, numbers, signs and captions in capitals are refused nothing."""
    assert language_of_text([text]) == "en"


@given(st.lists(st.text(max_size=80), max_size=8))
def test_any_text_has_a_language(texts: list[str]) -> None:
    """A code, whatever the text holds."""
    assert language_of_text(texts).isalpha()
