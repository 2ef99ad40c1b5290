"""How finds of moments are scored against cases and whole talks; the finds are by hand."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.config import Config
from pipeline.evaluation.moments import (
    Counts,
    Definitions,
    case_counts,
    found_moments,
    frames_of,
    is_near,
    talk_score,
)


def _found(rule: str, turn: int, kind: str = "missed") -> dict[str, Any]:
    return {"rule": rule, "turn": turn, "kind": kind}


def _case(*, expect: bool, **facts: Any) -> dict[str, Any]:
    return {"rule": "hedged_ask", "expect": expect} | ({"turn": 3} if expect else {}) | facts


# --- talks that were written down


def test_words_are_said_at_an_even_pace_with_the_pauses_given() -> None:
    """0.6 s before a turn, or its own gap; 0.3 s a word; {1.5} is a pause of 1.5 s."""
    frames = frames_of([["A", "One two. {1.5} Three."], ["B", "Four."]], [0.5, 2.0])
    spoken = frames["transcribe"].select("text", "start_ms", "end_ms").rows()
    assert spoken == [
        ("One", 500, 800),
        ("two.", 800, 1100),
        ("Three.", 2600, 2900),
        ("Four.", 4900, 5200),
    ]
    turns = frames["turns"].select("speaker", "text", "start_ms", "end_ms").rows()
    assert turns == [("A", "One two. Three.", 500, 2900), ("B", "Four.", 4900, 5200)]
    assert frames["turns"]["words"].to_list() == [[0, 1, 2], [3]]
    speech = frames["diarize"].select("speaker", "start_ms", "end_ms").rows()
    assert speech == [("A", 500, 1100), ("A", 2600, 2900), ("B", 4900, 5200)]


def test_a_turn_without_a_gap_of_its_own_comes_after_the_usual_one() -> None:
    """0.6 s, where the list of gaps ends before the talk."""
    frames = frames_of([["A", "One."], ["B", "Two."]], [0.1])
    assert frames["turns"]["start_ms"].to_list() == [100, 1000]


# --- cases


@pytest.mark.parametrize(
    ("rule", "turn", "turns", "near"),
    [
        ("hedged_ask", 3, [3], True),
        ("hedged_ask", 4, [3], True),
        ("hedged_ask", 5, [3], False),
        ("hedged_ask", 9, [3, 8], True),
        ("vague_promise", 6, [3], True),
        ("vague_promise", 7, [3], False),
        ("limit_given_away", 1, [3], True),
        ("limit_given_away", 0, [3], False),
        ("only_salary", 99, [3], True),
        ("threat_made", 3, [3], True),
    ],
)
def test_how_far_a_find_may_be(rule: str, turn: int, turns: list[int], *, near: bool) -> None:
    """One turn away; three for a promise, two for a limit, any for rules about whole talks."""
    assert is_near(_found(rule, turn), rule=rule, turns=turns) is near
    assert not is_near(_found(rule, turn), rule="another", turns=turns)


@pytest.mark.parametrize(
    ("case", "found", "expected"),
    [
        (_case(expect=True), [_found("hedged_ask", 3)], Counts(right=1)),
        (_case(expect=True), [_found("hedged_ask", 2), _found("hedged_ask", 3)], Counts(right=1)),
        (_case(expect=True), [_found("hedged_ask", 5)], Counts(missed=1)),
        (_case(expect=True), [_found("threat_made", 3)], Counts(missed=1)),
        (_case(expect=True), [], Counts(missed=1)),
        (_case(expect=True, alt_turns=[8]), [_found("hedged_ask", 8)], Counts(right=1)),
        (_case(expect=False), [_found("hedged_ask", 0), _found("hedged_ask", 4)], Counts(wrong=1)),
        (_case(expect=False), [_found("threat_made", 0)], Counts()),
        (_case(expect=False), [], Counts()),
    ],
)
def test_a_case_counts_once(
    case: dict[str, Any], found: list[dict[str, Any]], expected: Counts
) -> None:
    """Found or missed where it is there, wrong or nothing where it is not."""
    assert case_counts(case, found) == expected


def test_counts_add_up() -> None:
    """3 right, 1 wrong, 2 missed: 3 of 4 finds, 3 of 5 there."""
    counts = Counts(right=1, missed=2) + Counts(right=2, wrong=1)
    assert counts == Counts(right=3, wrong=1, missed=2)
    assert (counts.precision, counts.recall) == (0.75, 0.6)
    assert (Counts().precision, Counts().recall) == (None, None)
    assert (Counts(missed=1).precision, Counts(wrong=1).recall) == (None, None)


# --- whole talks

TALK = {
    "moment": [
        _found("threat_made", 4),
        _found("value_back", 10, "strength"),
        _found("hedged_ask", 14) | {"planted": False},
        _found("only_salary", 18),
    ],
    "optional": [_found("hedged_ask", 22)],
}


def test_a_talk_in_which_all_is_found() -> None:
    """Three are planted; the fourth is right if found, and not asked for."""
    found = [
        _found("threat_made", 4),
        _found("value_back", 11, "strength"),
        _found("only_salary", 2),
    ]
    score = talk_score(TALK, found)
    assert (score.shown, score.shown_right) == (3, 3)
    assert (score.planted, score.planted_found) == (3, 3)
    assert score.by_rule == {
        "threat_made": Counts(right=1),
        "value_back": Counts(right=1),
        "only_salary": Counts(right=1),
    }


def test_another_rule_of_the_same_kind_on_the_exchange_is_right() -> None:
    """Two rules may name one exchange; of the other kind it is wrong."""
    score = talk_score(TALK, [_found("hedged_ask", 5), _found("trade_accepted", 4, "strength")])
    assert (score.shown, score.shown_right, score.planted_found) == (2, 1, 1)
    assert score.by_rule["hedged_ask"] == Counts(right=1)
    assert score.by_rule["trade_accepted"] == Counts(wrong=1)


def test_what_is_debatable_counts_for_nothing() -> None:
    """Neither right nor wrong, nor shown."""
    score = talk_score(TALK, [_found("hedged_ask", 22)])
    assert (score.shown, score.shown_right) == (0, 0)
    assert "hedged_ask" not in score.by_rule


def test_what_is_annotated_but_not_planted_is_right_and_never_missed() -> None:
    """A moment that the author did not plant, but a reader agreed with."""
    assert talk_score(TALK, [_found("hedged_ask", 14)]).shown_right == 1
    missed = talk_score(TALK, [])
    assert (missed.planted, missed.planted_found, missed.shown) == (3, 0, 0)
    assert missed.by_rule == {
        "threat_made": Counts(missed=1),
        "value_back": Counts(missed=1),
        "only_salary": Counts(missed=1),
    }


def test_a_rule_about_the_whole_talk_is_right_only_by_its_name() -> None:
    """Another missed opportunity on its turn is not it."""
    score = talk_score(TALK, [_found("job_ask", 18)])
    assert (score.shown, score.shown_right, score.planted_found) == (1, 0, 0)


# --- the stages together


def test_moments_of_a_talk_are_those_of_its_me() -> None:
    """With `only` all finds of one rule, however many are shown else."""
    config = Config()
    definitions = Definitions(
        tactics=config.tactics,
        offers=config.offers,
        replies=config.replies,
        moments=config.moments,
    )
    ask = "I was kind of wondering if maybe we could possibly look at the base a little bit?"
    talk = {"me": "A", "turns": [["A", ask], ["B", "No."]] * 3}
    found = found_moments(talk, definitions, only="hedged_ask")
    assert [one["turn"] for one in found] == [0, 2, 4]
    assert {one["speaker"] for one in found} == {"A"}
    assert found_moments(talk | {"me": "B"}, definitions, only="hedged_ask") == []
    assert sum(one["rule"] == "hedged_ask" for one in found_moments(talk, definitions)) == 2
