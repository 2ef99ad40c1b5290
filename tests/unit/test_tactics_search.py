"""The search for cues finds what a search without any filter finds, and needs are really needed."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tactics_calls import CODEBOOK
from text_to_num import find_numbers

from pipeline.tactics.needs import DIGIT, holds, needs_of
from pipeline.tactics.offers.numbers import _is_number_word, _Word
from pipeline.tactics.search import (
    beginner,
    find_all,
    list_searcher,
    match_at,
    may_occur,
    occurs,
    pattern,
)
from pipeline.tactics.text import Passage, read_passage
from pipeline.tactics.wording import word_set

PARSER: Any = import_module("re._parser")
LISTS = tuple(
    cues
    for cues in (
        *(
            cues
            for tactic in CODEBOOK.tactics
            for cues in (
                tactic.cues,
                tactic.exclusions,
                tactic.context_cues,
                tactic.prompt_cues,
            )
        ),
        *(issue.words for issue in CODEBOOK.issues),
        *(cues for issue in CODEBOOK.issues for _, cues in issue.terms),
        CODEBOOK.corrections,
        CODEBOOK.mentions,
    )
    if cues
)
WORDS = sorted(set(re.findall(r"[a-z]{1,14}", " ".join(cue for cues in LISTS for cue in cues))))
ODD = ["?", ".", ",", "!", "—", "120k", "$5", "15%", "1/2", "can't", "What's", "ſ", "İ", "٣", "😀"]


ALL = tuple(cue for cues in LISTS for cue in cues)
texts = st.lists(st.sampled_from([*WORDS, *ODD]) | st.text(max_size=6), max_size=25).map(" ".join)


def spans(matches: list[re.Match[str]]) -> list[tuple[int, int]]:
    """Where matches lie."""
    return [match.span() for match in matches]


def unfiltered(cues: tuple[str, ...], passage: Passage) -> list[tuple[int, int]]:
    """What one pattern of all cues finds."""
    return spans(list(pattern(cues).finditer(passage.clean)))


@given(text=texts, cues=st.sampled_from(LISTS))
def test_the_filter_changes_nothing(text: str, cues: tuple[str, ...]) -> None:
    """Everywhere, anywhere, in a part, and at each token: as the pattern of all cues finds it."""
    passage = read_passage(text)
    whole = pattern(cues)
    assert spans(find_all(cues, passage)) == unfiltered(cues, passage)
    assert occurs(cues, passage) is (whole.search(passage.clean) is not None)
    assert may_occur(cues, passage) or not unfiltered(cues, passage)
    may_begin = beginner((cues,))
    for index, place in enumerate(passage.places):
        part = passage.clean[place:]
        assert occurs(cues, passage, part) is (whole.search(part) is not None)
        there, expected = match_at(cues, passage, index), whole.match(passage.clean, place)
        assert (there and there.span()) == (expected and expected.span())
        assert may_begin(passage.tokens[index].clean) or not expected


@given(text=texts)
def test_no_cue_of_the_codebook_is_filtered_out(text: str) -> None:
    """Each list, for one text: a need that is none would show as a match that is missing."""
    passage = read_passage(text)
    assert [spans(find_all(cues, passage)) for cues in LISTS] == [
        unfiltered(cues, passage) for cues in LISTS
    ]
    found = [(at, match.span()) for at, match in list_searcher(LISTS).find_all(passage)]
    assert found == [
        (at, span) for at, cues in enumerate(LISTS) for span in unfiltered(cues, passage)
    ]


@pytest.mark.parametrize(
    ("cue", "words", "first"),
    [
        ("sounds like", [{" sounds "}, {" like "}], {" sounds "}),
        ("(?:i|we) want", [{" i ", " we "}, {" want "}], {" i ", " we "}),
        ("(?:so )?you", [{" you "}], {" so ", " you "}),
        ("waters?", [{" water ", " waters "}], {" water ", " waters "}),
        ("[^ ]++ing", [{"ing "}], None),
        (r"\d+ days", [{DIGIT}, {" days "}], {DIGIT}),
        ("competit", [{" competit "}], {" competit "}),
        ("a(?= b)", [{" a "}], {" a "}),
        ("(?:x )?(?:y )?", [], None),
        ("(?i:no)", [], None),
        (".{0,3}", [], None),
    ],
)  # fmt: skip
def test_needs_are_read_off_a_pattern(
    cue: str, words: list[set[str]], first: set[str] | None
) -> None:
    """Whole words where their ends are known, parts of words where not."""
    needs = needs_of(cue)
    assert [set(pieces) for pieces in needs.words] == words
    assert needs.first == first


@pytest.mark.parametrize("cue", ["(?i)no", "(no) \\1", "(?P<x>no)"])
def test_a_cue_with_groups_or_flags_is_searched_for_as_it_stands(cue: str) -> None:
    """It may mean something else beside other cues, so that its list is not taken apart."""
    assert not needs_of(cue).apart


def test_cues_that_overlap_are_found_as_by_one_pattern() -> None:
    """The leftmost counts, of two at one place the first in the list."""
    passage = read_passage("we can go but we can go there now")
    cues = ("can go there", "we can", "we can go", "go", "there now")
    assert [match[0] for match in find_all(cues, passage)] == [
        *("we can", "go", "we can", "go", "there now"),
    ]


@pytest.mark.parametrize(
    ("word", "pieces", "held"),
    [
        ("days", {" days "}, True),
        ("day", {" days "}, False),
        ("working", {"ing "}, True),
        ("ingot", {"ing "}, False),
        ("120k", {DIGIT}, True),
        ("٣", {DIGIT}, True),
        ("²", {DIGIT}, False),
    ],
)
def test_a_word_holds_a_piece_at_its_ends_or_in_it(word: str, pieces: set[str], held: bool) -> None:
    """A blank in a piece stands for the end of a word; digits are those that \\d matches."""
    assert holds(word, pieces) is held


NUMBER_WORDS = sorted(
    word_set(
        "zero oh o one two five nine ten eleven fifteen twenty thirty ninety hundred thousand "
        "million billion trillion first second third fifth ninth twentieth hundredth thousandth "
        "seconds and point a half quarter minus plus dozen nil . , — percent k grand 5 1,000 to"
    )
)


@given(said=st.lists(st.sampled_from(NUMBER_WORDS), max_size=8))
def test_spoken_numbers_hold_a_word_that_is_one(said: list[str]) -> None:
    """Where no word is a number alone, text2num finds none, so that it need not be asked."""
    found = find_numbers([_Word(word) for word in said], "en", threshold=0.0)
    assert not found or any(_is_number_word(word) for word in said)
