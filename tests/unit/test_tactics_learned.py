"""The trained classifier: what it sees, when its tags count, which sentence they quote."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tactics_calls import CODEBOOK, call_of

from pipeline.stages.tactics import shipped_classifier
from pipeline.tactics import Learned, detect
from pipeline.tactics.learned import (
    BUCKETS,
    SHARES,
    Classifier,
    Floats,
    Turn,
    in_shares,
    sparse_features,
)

WORD = "tent"


def has_word(texts: Sequence[str]) -> Floats:
    """A fake encoder: the first of two numbers says whether the word is there."""
    return np.array([[float(WORD in text.split()), 0.0] for text in texts], dtype=np.float32)


def classifier(mode: str, *, tactic: str = "rapport", threshold: float = 0.5) -> Classifier:
    """One that finds a tactic wherever the word is, with a probability of 0.98."""
    hits = ("label", "offer")
    width = 2 + 1 + 2 * len(hits) + 4
    dense = np.zeros((width, 1), dtype=np.float32)
    dense[0] = 8.0
    return Classifier(
        tactics=(tactic,),
        hits=hits,
        modes={tactic: mode},
        thresholds={tactic: threshold},
        dense=dense,
        sparse=np.zeros((3 * BUCKETS, 1), dtype=np.float32),
        idf=np.ones(3 * BUCKETS, dtype=np.float32),
        bias=np.array([-4.0], dtype=np.float32),
        scale=np.ones(1, dtype=np.float32),
        shift=np.zeros(1, dtype=np.float32),
    )


def found(mode: str, *texts: str, **changes: object) -> list[tuple[int, str, str, str]]:
    """(turn, tactic, quote, method) of a call."""
    learned = Learned(classifier=classifier(mode, **changes), encode=has_word)  # type: ignore[arg-type]
    return [
        (tag.turn, tag.tactic, texts[tag.turn][tag.start_char : tag.end_char], tag.method)
        for tag in detect(call_of(*texts), CODEBOOK, learned)
    ]


def test_what_is_likely_is_tagged_with_its_probability() -> None:
    """1 / (1 + e^-4) = 0.982 where the word is, 0.018 where it is not."""
    learned = Learned(classifier=classifier("learned"), encode=has_word)
    tags = detect(call_of("We slept in a tent.", "We slept in a hut."), CODEBOOK, learned)
    assert [(tag.turn, tag.tactic, tag.score) for tag in tags] == [(0, "rapport", 0.982)]


def test_the_quote_is_the_sentence_that_carries_it() -> None:
    """Not the whole turn, whose other sentences are about something else."""
    text = "That is all I have. We slept in a tent. Good."
    assert found("learned", text) == [(0, "rapport", "We slept in a tent", "learned")]


def test_under_the_threshold_nothing_is_tagged() -> None:
    """A probability below the tactic's threshold gives no tag."""
    assert found("learned", "We slept in a tent.", threshold=0.99) == []


def test_a_tactic_left_to_the_rules_is_not_the_classifiers() -> None:
    """However likely it is."""
    assert found("rule", "We slept in a tent.") == []


def test_where_either_counts_the_rules_tag_stands_alone() -> None:
    """The same tactic is not tagged twice in a turn; the rule's quote is the narrower one."""
    tags = found("either", "Thank you for the tent.", "My tent.", tactic="gratitude")
    assert tags == [
        (0, "gratitude", "Thank you for the tent", "rule"),
        (1, "gratitude", "My tent", "learned"),
    ]


def test_a_tactic_left_to_the_classifier_is_not_the_rules() -> None:
    """A rule's find alone gives no tag."""
    assert found("learned", "Thank you for the hut.", tactic="gratitude") == []


def test_turns_without_words_are_passed_over() -> None:
    """Empty, blank and marks only."""
    assert found("learned", "", "  ", "?!", "A tent.") == [(3, "rapport", "A tent", "learned")]


def test_where_nobody_speaks_nothing_is_found() -> None:
    """No turn at all, and none that holds a word."""
    assert found("learned") == []
    assert found("learned", "", "...") == []


def turn(text: str, other: str = "") -> Turn:
    return Turn(text=text, other=other, hits=frozenset(), other_hits=frozenset(), place=0)


def test_the_other_sides_words_are_kept_apart() -> None:
    """A word of the other side is not a word of one's own: each part has buckets of its own."""
    own, other = sparse_features(turn("salary"))[0], sparse_features(turn("", "salary"))[0]
    assert set(own // BUCKETS) == {0, 1}
    assert set(other // BUCKETS) == {2}


@given(st.lists(st.text(alphabet="abcdef ", min_size=1, max_size=20), max_size=4))
def test_each_part_has_the_length_that_it_is_given(texts: list[str]) -> None:
    """A long turn weighs no more than a short one."""
    text = " ".join(texts)
    buckets, counts = sparse_features(turn(text, text))
    scaled = in_shares(buckets, counts)
    for part, share in enumerate(SHARES):
        own = scaled[buckets // BUCKETS == part]
        assert not own.size or np.linalg.norm(own) == pytest.approx(share, rel=1e-4)


def test_the_shipped_classifier_fits_the_codebook() -> None:
    """Its tactics and the rules' finds that it takes are ids of the codebook; it is small."""
    shipped = shipped_classifier()
    ids = {tactic.id for tactic in CODEBOOK.tactics}
    assert {*shipped.tactics, *shipped.hits} <= ids
    assert set(shipped.modes) == set(shipped.thresholds) == set(shipped.tactics)
    assert all(0 < shipped.thresholds[tactic] < 1 for tactic in shipped.tactics)
    assert shipped.dense.shape == (768 + 384 + 2 * len(shipped.hits) + 4, len(shipped.tactics))
