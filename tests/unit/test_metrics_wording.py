"""Metrics of words and of tags against hand-computed cases."""

from __future__ import annotations

import pytest

from pipeline.stages.metrics.wording import (
    QUESTIONS,
    REFLECTIONS,
    family_count,
    family_rate,
    filler_count,
    share,
    tag_count,
    turns_with,
)

FAMILIES = {"label": "empathy", "mirror": "empathy", "offer": "assertion", "threat": "risk"}
TAGS = [(0, "open_question"), (0, "closed_question"), (2, "label"), (4, "closed_question")]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Um, I think, uh, we could.", 2),
        ("er, umm and uhh", 3),
        ("You know, it is a lot.", 1),
        ("it is, like, a lot", 1),
        ("I mean, it is a lot", 1),
        ("UM", 1),
    ],
)
def test_fillers_are_counted(text: str, count: int) -> None:
    """Um, uh, er, "you know", and "like" and "I mean" set off by commas."""
    assert filler_count([text]) == count


@pytest.mark.parametrize(
    "text",
    [
        "I would like that",
        "what I mean is this",
        "do you know what it costs",
        "the forum was her summer plan",
        "",
    ],
)
def test_the_same_letters_in_a_sentence_are_no_fillers(text: str) -> None:
    """Words that only look like fillers are not counted."""
    assert filler_count([text]) == 0


def test_fillers_add_up_over_texts() -> None:
    """Two in the first, none in the second, one in the third."""
    assert filler_count(["um, uh", "fine", "you know"]) == 3
    assert filler_count([]) == 0


def test_hmm_is_no_filler() -> None:
    """It shows listening: a word of the backchannel list, and not in the definition of fillers."""
    assert filler_count(["Hmm."]) == 0


def test_a_share_of_nothing_is_none() -> None:
    """3 of 4 is 0.75; of nothing there is no share."""
    assert share(3, 4) == 0.75
    assert share(0, 4) == 0.0
    assert share(0, 0) is None


def test_turns_with_questions_count_once() -> None:
    """Two questions in turn 0 and one in turn 4 are two turns and three questions."""
    assert turns_with(TAGS, QUESTIONS) == 2
    assert tag_count(TAGS, QUESTIONS) == 3


def test_reflections_are_label_paraphrase_and_summary() -> None:
    """A mirror or an acknowledgement is none."""
    tags = [
        (0, "label"),
        (0, "paraphrase"),
        (1, "summary"),
        (2, "mirror"),
        (2, "acknowledgement"),
    ]
    assert tag_count(tags, REFLECTIONS) == 3


def test_a_rate_is_per_10_turns() -> None:
    """3 tags of empathy in 12 turns are 2.5 per 10; without turns there is no rate."""
    tags = [(0, "label"), (0, "mirror"), (5, "label"), (6, "offer"), (7, "unknown")]
    assert family_rate(tags, family="empathy", families=FAMILIES, turns=12) == 2.5
    assert family_rate(tags, family="risk", families=FAMILIES, turns=12) == 0.0
    assert family_rate(tags, family="empathy", families=FAMILIES, turns=0) is None


def test_tags_of_a_family_are_counted_one_by_one() -> None:
    """2 of empathy and 1 of assertion; a threat is of another family."""
    tags = [(0, "label"), (1, "mirror"), (2, "offer"), (3, "threat")]
    counts = {
        family: family_count(tags, family=family, families=FAMILIES)
        for family in ("empathy", "assertion", "exchange")
    }
    assert counts == {"empathy": 2, "assertion": 1, "exchange": 0}
