"""The language of a dialogue, by its text: English unless another one is sure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from pipeline.records import ENGLISH

MIN_LETTERS = 100
"""About 25 words of English."""
MIN_PROBABILITY = 0.9
"""Of 36,000 pieces of 20 to 100 words out of dialogues in English, four are above it for another
language, and those hold a sentence of Spanish; 40 words of nine other languages were above 0.95."""
_ENGLISHES = frozenset({ENGLISH, "pcm"})
"""Nigerian Pidgin is what the model takes terse English for ("how about i get two")."""


def language_of_text(texts: Iterable[str]) -> str:
    """The ISO 639 code of the language that most is in; English where there is little text.

    By py3langid: https://github.com/adbar/py3langid.
    """
    text = "\n".join(texts)
    if sum(map(str.isalpha, text)) < MIN_LETTERS:
        return ENGLISH
    language, probability = _identifier().classify(text)
    sure = probability >= MIN_PROBABILITY and language not in _ENGLISHES
    return str(language) if sure else ENGLISH


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
