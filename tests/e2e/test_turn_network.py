"""The shipped network of tactics on MiniLM's own vectors."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import numpy as np
import pytest
from conftest import REAL_MODELS

from pipeline.models.registry import find_weights, shipped_weights
from pipeline.models.turn_network import Floats, Score, load_turn_network
from pipeline.models.weights import weights_path
from pipeline.stages.tactics import shipped_classifier

pytestmark = pytest.mark.e2e

TEXTS = (
    "hello how is your week",
    "i am sorry to hear that you must have had a long week",
    "what matters most to you",
    "i can offer ninety thousand and not a penny more",
    "thank you so much",
    "no",
    "that is too low i could not take less than a hundred and ten thousand plus ten percent",
    "we slept in a tent by the lake and the kids loved it",
    "deal",
    "if you take two of the water then i take all of the food",
    "it is only fair that we each get the same",
    "can we move on to the start date",
)
OTHERS = ("", "what do you think", "i can do eighty thousand", "hello") * 3


@pytest.fixture(scope="module")
def score() -> Score:
    """The network as a call is tagged by it."""
    weights = find_weights("all-MiniLM-L6-v2", weights=shipped_weights())
    assert weights is not None
    folder = weights_path(weights, REAL_MODELS)
    if not folder.exists():
        pytest.skip(f"no weights {weights.name} here; run `parley models fetch {weights.name}`")
    return load_turn_network(folder, (files("pipeline") / "weights" / "tactics.onnx").read_bytes())


def facts_for(texts: Sequence[str]) -> Floats:
    return np.zeros((len(texts), 2 * len(shipped_classifier().hits) + 4), dtype=np.float32)


def test_a_text_scores_alone_as_in_company(score: Score) -> None:
    """To the last bit: what was said elsewhere in a call is no reason for another tag."""
    together, shares = score(TEXTS, OTHERS, facts_for(TEXTS))
    for at, (text, other) in enumerate(zip(TEXTS, OTHERS, strict=True)):
        alone, own = score([text], [other], facts_for([text]))
        assert np.array_equal(alone[0], together[at])
        assert np.array_equal(own[0], shares[at])


def test_odd_texts_are_scored(score: Score) -> None:
    """Nothing, emoji, lone surrogates, another script, the marks of a tokenizer, very long."""
    odd = [
        "",
        " ",
        "👍🏽",
        "well \ud800 fine",
        "你好",
        "[SEP] [CLS] [PAD]",
        "salary " * 5000,
        "x" * 5000,
    ]
    scores, shares = score(odd, odd[::-1], facts_for(odd))
    assert np.isfinite(scores).all()
    assert all(np.isfinite(own).all() for own in shares)
    assert [len(own) for own in shares[:4]] == [0, 0, 1, 3]
    assert len(shares[6]) == 64  # "salary" is one token


@pytest.mark.parametrize(
    ("text", "tactic", "word"),
    [
        ("anyway the bus was late today thank you so much", "gratitude", "thank"),
        ("deal the weather looks fine by the way", "accept", "deal"),
    ],
)
def test_the_word_that_tells_adds_most(score: Score, text: str, tactic: str, word: str) -> None:
    """Its share is above that of most other words: quotes are chosen by shares."""
    (shares,) = score([text], [""], facts_for([text]))[1]
    own = shares[:, shipped_classifier().tactics.index(tactic)]
    assert own[text.split().index(word)] > np.median(own)


def test_what_is_said_tells_tactics_apart(score: Score) -> None:
    """Each tactic scores highest where it is."""
    said = {
        "gratitude": "thank you so much",
        "offer": "i can offer ninety thousand and not a penny more",
        "accept": "deal",
        "rapport": "we slept in a tent by the lake and the kids loved it",
    }
    texts = list(said.values())
    scores, _ = score(texts, [""] * len(texts), facts_for(texts))
    columns = [shipped_classifier().tactics.index(tactic) for tactic in said]
    assert scores[:, columns].argmax(0).tolist() == [0, 1, 2, 3]
