"""Which moments are shown: few, the most telling first, of both kinds, none twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from moments_talks import BOOK, RULES, line, scene, talk

from pipeline.stages.moments import MomentsConfig, run
from pipeline.stages.moments.finders import Hit
from pipeline.stages.moments.ranking import Ranked, ranked
from pipeline.stages.moments.rules import MISSED, STRENGTH, Rulebook
from pipeline.stages.moments.scene import Place

TURNS = 20
SCENE = scene(*(line("AB"[at % 2], f"This is turn {at}.") for at in range(TURNS)))
STRENGTHS = [rule.id for rule in BOOK.rules if rule.kind == STRENGTH]
ALL_MISSED = [rule.id for rule in BOOK.rules if rule.kind == MISSED]


def _hit(rule: str, turn: int, *, strength: float = 1.0, start: int = 0) -> Hit:
    place = Place(turn=turn, start_char=start, end_char=start + 4)
    return Hit(rule=RULES[rule], quote=place, strength=strength)


def _ranked(*hits: Hit, book: Rulebook = BOOK, **weights: float) -> list[Ranked]:
    return ranked(hits, scene=SCENE, rulebook=book, weights=weights)


def _shown(*hits: Hit, book: Rulebook = BOOK, **weights: float) -> list[tuple[str, int]]:
    return [(one.hit.rule.id, one.hit.quote.turn) for one in _ranked(*hits, book=book, **weights)]


def test_a_score_is_weight_times_profile_times_sureness() -> None:
    """Half of the sureness is given: 8 x 0.5 x (0.5 + 0.5 x 0.6) = 3.2."""
    (one,) = _ranked(_hit("threat_made", 0, strength=0.6), threat_made=0.5)
    assert RULES["threat_made"].weight == 8
    assert round(one.score, 9) == 3.2


def test_the_best_goes_first_and_among_equals_the_earlier() -> None:
    """By score, then turn, whatever order they were found in."""
    found = [_hit("job_ask", 9), _hit("vague_promise", 2), _hit("first_offer_accepted", 5)]
    assert _shown(*found) == [("first_offer_accepted", 5), ("vague_promise", 2), ("job_ask", 9)]


def test_few_of_each_kind() -> None:
    """Three strengths and four missed, the best of each."""
    hits = [_hit(rule, at) for at, rule in enumerate(STRENGTHS[:6])]
    hits += [_hit(rule, at + 10) for at, rule in enumerate(ALL_MISSED[:6])]
    kinds = Counter(RULES[rule].kind for rule, _ in _shown(*hits))
    assert kinds == {STRENGTH: 3, MISSED: 4}


def test_most_is_the_most_in_all() -> None:
    """A smaller `most` than both kinds together holds."""
    book = replace(BOOK, most=2)
    hits = [_hit(rule, at) for at, rule in enumerate(STRENGTHS[:6])]
    assert len(_shown(*hits, book=book)) == 2


def test_few_of_one_rule() -> None:
    """Two of one rule, the others make room."""
    hits = [_hit("threat_made", at) for at in range(4)] + [_hit("only_salary", 8)]
    assert _shown(*hits) == [("threat_made", 0), ("threat_made", 1), ("only_salary", 8)]


def test_one_moment_a_stretch_of_the_floor() -> None:
    """Of two finds in one stretch the better stays, though its turns are several."""
    two_turns = scene(line("A", "One."), line("A", "Two."), line("B", "Three."))
    hits = [_hit("threat_made", 1), _hit("first_offer_accepted", 0), _hit("vague_promise", 2)]
    shown = ranked(hits, scene=two_turns, rulebook=BOOK, weights={})
    assert [one.hit.rule.id for one in shown] == ["first_offer_accepted", "vague_promise"]


def test_a_profile_takes_a_rule_out_and_moves_another_up() -> None:
    """A weight of 0 removes a rule, a larger one goes before."""
    found = [_hit("first_offer_accepted", 1), _hit("hedged_ask", 3), _hit("threat_made", 5)]
    assert _shown(*found, first_offer_accepted=0, hedged_ask=2) == [
        ("hedged_ask", 3),
        ("threat_made", 5),
    ]


def test_what_scores_too_low_is_not_shown() -> None:
    """The least score is inside: 8 x 0.25 = 2."""
    least = replace(BOOK, min_score=2.0)
    assert _shown(_hit("threat_made", 0), book=least, threat_made=0.25) == [("threat_made", 0)]
    assert _shown(_hit("threat_made", 0), book=least, threat_made=0.24) == []


HITS = st.lists(
    st.builds(
        _hit,
        st.sampled_from(sorted(RULES)),
        st.integers(0, TURNS - 1),
        strength=st.floats(0, 1),
        start=st.integers(0, 5),
    ),
    max_size=40,
)
LIMITS = st.fixed_dictionaries(
    {
        "most": st.integers(0, 9),
        "most_strengths": st.integers(0, 5),
        "most_missed": st.integers(0, 5),
        "most_of_a_rule": st.integers(0, 3),
    }
)


@given(
    hits=HITS,
    limits=LIMITS,
    weights=st.dictionaries(st.sampled_from(sorted(RULES)), st.floats(0, 3)),
)
def test_limits_hold_whatever_is_found(
    hits: list[Hit], limits: dict[str, int], weights: dict[str, float]
) -> None:
    """Never more than each limit, best first, none on one stretch, none below the least score."""
    book = replace(BOOK, **limits)
    shown = _ranked(*hits, book=book, **weights)
    scores = [one.score for one in shown]
    kinds = Counter(one.hit.rule.kind for one in shown)
    of_rule = Counter(one.hit.rule.id for one in shown)
    places = [SCENE.stretch_of(one.hit.quote.turn).place for one in shown]
    assert scores == sorted(scores, reverse=True)
    assert len(shown) <= book.most
    assert kinds[STRENGTH] <= book.most_strengths
    assert kinds[MISSED] <= book.most_missed
    assert max(of_rule.values(), default=0) <= book.most_of_a_rule
    assert len(set(places)) == len(places)
    assert min(scores, default=book.min_score) >= book.min_score


@given(st.lists(st.sampled_from(["threat", "hedged_ask", "positive_close", "reciprocity"])))
def test_ranks_of_a_speaker_count_from_one(tags: list[str]) -> None:
    """1..n for each speaker, scores falling."""
    lines = [line("AB"[at // 2 % 2], "Some words here.", tag) for at, tag in enumerate(tags)]
    found: list[dict[str, Any]] = run(
        **talk(*lines or [line("A", "Hi.")]),
        replies={"vague_promises": []},
        config=MomentsConfig(rulebook=BOOK),
    )["moments"]
    for speaker in "AB":
        own = [one for one in found if one["speaker"] == speaker]
        assert [one["rank"] for one in own] == list(range(1, len(own) + 1))
        assert [one["score"] for one in own] == sorted((o["score"] for o in own), reverse=True)
        assert len(own) <= BOOK.most


def test_nothing_found_is_nothing_shown() -> None:
    """No hits, no moments."""
    assert _shown() == []
