"""The rules of moments as data: what the shipped ones hold, and errors that say where to look."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.config import configs_directory, shipped_rulebook
from pipeline.errors import ConfigError
from pipeline.stages.moments import finders, rules
from pipeline.stages.moments.rules import MISSED, STRENGTH, Rule, rulebook_from_toml

STRENGTHS = {
    "question_moved_them",
    "silence_worked",
    "threat_met_with_empathy",
    "trade_accepted",
    "interests_found",
    "reflection_opened_up",
    "package_accepted",
    "promise_pinned",
    "anchored_with_evidence",
    "summary_confirmed",
    "value_back",
    "good_after_no",
}
OF_THE_ISSUE = {
    "emotion_unlabelled",
    "countered_without_question",
    "silence_filled",
    "vague_promise",
    "only_salary",
    "first_offer_accepted",
}
"""The missed opportunities that the specification names."""
OTHERS_MISSED = {
    "limit_given_away",
    "threat_made",
    "hedged_ask",
    "conceded_for_nothing",
    "job_ask",
    "interests_unasked",
}
SHIPPED = shipped_rulebook().rules


def _of(rule: Rule) -> str:
    return rule.id


def _good() -> dict[str, Any]:
    """A small file without a fault."""
    return {
        "version": 3,
        "limits": {"most": 5},
        "terms": {"bonus": "a bonus"},
        "words": {"low": ["down", "sad"], "feeling": ["(?:very )?(?:<low>)"]},
        "rule": [
            {
                "id": "sad",
                "kind": "missed",
                "name": "Sad",
                "why": "It matters.",
                "sources": ["A book"],
                "next_time": "Ask.",
                "weight": 5.0,
                "on": {"by": "other", "words": ["feeling"]},
                "suggestions": ["It sounds like {turned}."],
            }
        ],
    }


def _changed(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    data = copy.deepcopy(_good())
    change(data)
    return data


def _rule(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda data: data["rule"][0].update(changes)


def _without(key: str) -> Callable[[dict[str, Any]], Any]:
    return lambda data: data["rule"][0].pop(key)


FAULTS: tuple[tuple[str, Callable[[dict[str, Any]], Any], tuple[str, ...]], ...] = (
    ("no weight", _without("weight"), ("rule sad", "weight")),
    ("no name", _without("name"), ("rule sad", "name")),
    ("no id", _without("id"), ("(no id)", "id")),
    ("no on", _without("on"), ("rule sad", "on")),
    ("a key nobody knows", _rule(colour="red"), ("rule sad", "colour")),
    ("another kind", _rule(kind="neutral"), ("rule sad", "kind", "neutral")),
    ("no reason", _rule(why=""), ("rule sad", "why")),
    ("no source", _rule(sources=[]), ("rule sad", "who says so")),
    ("nothing to do", _rule(next_time=""), ("rule sad", "next time")),
    ("sources as text", _rule(sources="A book"), ("rule sad", "sources")),
    ("suggestions as text", _rule(suggestions="Ask"), ("rule sad", "suggestions")),
    ("a suggestion that is a number", _rule(suggestions=[1]), ("rule sad", "suggestions")),
    ("a weight in words", _rule(weight="much"), ("rule sad", "weight")),
    ("another finder", _rule(finder="magic"), ("rule sad", "finder", "magic")),
    ("no thresholds", _rule(finder="limit"), ("rule sad", "thresholds", "within")),
    (
        "half the thresholds",
        _rule(finder="filled_silence", thresholds={"words": 4}),
        ("rule sad", "thresholds", "pause_s"),
    ),
    (
        "a threshold in words",
        _rule(finder="limit", thresholds={"within": "few"}),
        ("rule sad", "few"),
    ),
    ("a finder without its words", _rule(finder="emotion"), ("rule sad", "words.strain")),
    ("an unknown list", _rule(on={"by": "me", "words": ["joy"]}), ("rule sad", "joy")),
    ("an unknown side", _rule(on={"by": "us"}), ("rule sad", "on.by", "us")),
    ("no side", _rule(then={}), ("rule sad", "then.by")),
    ("a clause that is text", _rule(unless="never"), ("rule sad", "unless")),
    ("tags as text", _rule(on={"by": "me", "tags": "label"}), ("rule sad", "on.tags")),
    (
        "a count in words",
        _rule(then={"by": "me", "min_words": "many"}),
        ("rule sad", "then.min_words"),
    ),
    ("a clause's unknown key", _rule(needs={"by": "me", "tag": []}), ("rule sad", "needs", "tag")),
    ("an unknown slot", _rule(suggestions=["{mood}"]), ("rule sad", "suggestions", "{mood}")),
    ("a slot without a name", _rule(suggestions=["{}"]), ("rule sad", "suggestions", "{}")),
    (
        "an attribute of a slot",
        _rule(suggestions=["{turned.__class__}"]),
        ("rule sad", "suggestions", "__class__"),
    ),
    ("half a brace", _rule(suggestions=["{turned"]), ("rule sad", "suggestions", "brace")),
    (
        "a slot without its words",
        _rule(suggestions=["{plain_ask}."]),
        ("rule sad", "words.softeners"),
    ),
    ("twins", lambda data: data["rule"].append(data["rule"][0]), ("sad", "twice")),
    ("no version", lambda data: data.pop("version"), ("version",)),
    ("a version in words", lambda data: data.update(version="new"), ("version",)),
    ("an unknown limit", lambda data: data["limits"].update(least=1), ("limits", "least")),
    ("a limit in words", lambda data: data["limits"].update(most="all"), ("limits.most", "all")),
    ("a limit below 0", lambda data: data["limits"].update(most=-1), ("limits.most", "-1")),
    ("half a pattern", lambda data: data["words"].update(low=["("]), ("words.low", "(")),
    ("an empty pattern", lambda data: data["words"].update(low=["a?"]), ("words.low", "a?")),
    ("words as text", lambda data: data["words"].update(low="down"), ("words.low",)),
    (
        "a list that comes later",
        lambda data: data.update(words={"feeling": ["<low>"], "low": ["down"]}),
        ("words.feeling", "<low>"),
    ),
)


def test_a_file_without_a_fault_is_read() -> None:
    """Lists stand for their names, limits and terms are taken, what is absent has its default."""
    book = rulebook_from_toml(_good())
    assert book.version == 3
    assert (book.most, book.most_of_a_rule) == (5, 2)
    assert book.patterns("feeling") == ("(?:very )?(?:(?:down|sad))",)
    assert book.terms == (("bonus", "a bonus"),)
    assert [rule.finder for rule in book.rules] == ["pattern"]
    assert book.rules[0].on is not None
    assert book.rules[0].on.within == 1


@pytest.mark.parametrize(
    ("change", "named"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_an_error_names_the_rule_and_the_key(
    change: Callable[[dict[str, Any]], Any], named: tuple[str, ...]
) -> None:
    """Whatever is wrong: a ConfigError that says where."""
    with pytest.raises(ConfigError) as caught:
        rulebook_from_toml(_changed(change))
    assert str(caught.value).startswith("moments: ")
    assert [part for part in named if part not in str(caught.value)] == []


def test_every_finder_can_be_named_in_the_file() -> None:
    """What the file may name is what there are functions for."""
    assert set(rules.FINDERS) == set(finders.FINDERS)


def test_the_shipped_rules_are_those_of_the_specification() -> None:
    """All missed opportunities that the issue names are there, and no rule is unknown here."""
    assert {rule.id for rule in SHIPPED if rule.kind == STRENGTH} == STRENGTHS
    assert {rule.id for rule in SHIPPED if rule.kind == MISSED} == OF_THE_ISSUE | OTHERS_MISSED


@pytest.mark.parametrize("rule", SHIPPED, ids=_of)
def test_a_shipped_rule_says_why_who_and_what_next(rule: Rule) -> None:
    """Feedback without a reason or a source is an opinion; a missed one needs another line."""
    assert rule.name
    assert rule.why.endswith((".", "”"))
    assert rule.sources
    assert rule.next_time
    assert 1 <= rule.weight <= 10
    assert rule.kind == STRENGTH or rule.suggestions


def test_every_missed_rule_has_a_line_that_needs_no_words_of_the_call() -> None:
    """So that no missed moment is shown without one, but where the quote itself is the line."""
    of_its_own = {"silence_filled": "{ask}", "only_salary": "{open_terms}"}
    for rule in SHIPPED:
        if rule.kind == MISSED:
            last = rule.suggestions[-1]
            assert "{" not in last or of_its_own[rule.id] in last


def test_the_shipped_limits_are_those_of_the_specification() -> None:
    """Up to seven moments, of both kinds."""
    book = shipped_rulebook()
    assert book.most == 7
    assert book.most_strengths + book.most_missed >= book.most
    assert min(book.most_strengths, book.most_missed) > 0


def test_the_shipped_file_uses_each_of_its_lists() -> None:
    """A list of words that no rule, list or finder reads would be a mistake in a name."""
    text = (configs_directory() / "moments.toml").read_text("utf-8")
    data = tomllib.loads(text)
    read_by_code = {"strain", "vague", "softeners"}
    used = {name for name in data["words"] if f"<{name}>" in text or f'"{name}"' in text}
    assert set(data["words"]) == used | read_by_code
