"""The plan of a talk on the page."""

from __future__ import annotations

from typing import Any

import pytest
import report_builder as build
from page_reader import page_of
from test_page_hostile import PAYLOADS

from pipeline.stages.page.ledger import said
from pipeline.stages.page.preparation import preparation
from pipeline.stages.page.wording import NBSP

TAGS = {
    *("section", "h2", "h3", "p", "div", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"),
    *("bdi", "strong", "a", "q", "span"),
}
ATTRIBUTES = {"id", "class", "href", "scope", "role", "tabindex", "aria-labelledby"}


def report(**changes: Any) -> dict[str, Any]:
    """The made-up call with its plan; `changes` replace keys of the latter."""
    whole = build.full_report()
    return whole | {"preparation": whole["preparation"] | changes}


def term(**changes: Any) -> dict[str, Any]:
    """The salary of the made-up plan."""
    found: dict[str, Any] = report()["preparation"]["terms"][0] | changes
    return found


def test_a_report_without_a_plan_has_no_section() -> None:
    """Nothing, not an empty heading."""
    assert preparation(build.report()) is None
    assert page_of(build.report()).find(id="preparation") == []


def test_terms_say_what_was_hoped_for_and_what_came_of_it() -> None:
    """Target, walk-away and agreement as the ledger writes them, and a verdict in words."""
    view = preparation(report())
    assert view is not None
    rows = [(one.name, one.target, one.walk_away, one.agreed, one.verdict) for one in view.terms]
    assert rows == [
        ("Salary", "105,000", "95,000", "97,000", "target not reached, within the walk-away"),
        ("Bonus", "5,000", "–", "6,000", "target reached"),
        ("Place of work", f"4{NBSP}days", "–", f"3{NBSP}days", "cannot be compared"),
        ("Equity", "equity", "–", "left open", "nothing agreed"),
    ]


@pytest.mark.parametrize(
    ("reached", "within", "verdict"),
    [
        (True, True, "target reached"),
        (False, True, "target not reached, within the walk-away"),
        (False, False, "beyond the walk-away"),
        (None, False, "beyond the walk-away"),
        (False, None, "target not reached"),
        (None, True, "within the walk-away"),
        (None, None, "cannot be compared"),
    ],
)
def test_verdicts(reached: bool | None, within: bool | None, verdict: str) -> None:
    """The worst that is known is said first."""
    view = preparation(report(terms=[term(target_reached=reached, within_walk_away=within)]))
    assert view is not None
    assert view.terms[0].verdict == verdict


def test_issues_questions_and_phrases_say_what_came_of_them() -> None:
    """In the order of the plan; each quote leads to its turn, and names who is not the owner."""
    view = preparation(report())
    assert view is not None
    states = {one.text: one.state for one in (*view.issues, *view.questions, *view.avoid)}
    assert states == {
        "Salary": "raised 1st of 3",
        "Place of work": "raised 3rd of 3",
        "Bonus": "raised 2nd of 3",
        "Equity": "never raised",
        "How was the number arrived at?": "asked in other words",
        "What would it take to make that work?": "asked",
        "Who else has to approve the offer?": "not asked",
        "I was wondering if": "said once",
        "to be honest": "not said",
    }
    assert [one.said[0].who for one in view.issues if one.said] == ["Ben", "", ""]
    assert view.reading == (
        "You reached the target on 1 of 4 planned terms. You asked 2 of 3 planned questions. "
        "The issues did not come up in the order of priority."
    )


def test_the_page_shows_the_plan() -> None:
    """Every amount, question and phrase is in the section, and its links lead somewhere."""
    section = page_of(report()).one(id="preparation")
    text = section.text
    for shown in ("Plan and call", "105,000", "Who else has to approve the offer?", "not asked"):
        assert shown in text
    for amount in report()["preparation"]["terms"]:
        assert said(amount["target"]) in text
    turns = {f"#turn-{index}" for index in range(len(build.CALL))}
    assert {one.attributes["href"] for one in section.find("a")} <= turns


def test_what_is_withheld_says_why() -> None:
    """A call in another language: phrases alone."""
    reason = "offers and questions are recognised in English only"
    changes = {"terms": [], "issues": [], "questions": [], "in_order": None, "withheld": reason}
    assert f"Withheld: {reason}." in page_of(report(**changes)).one(id="preparation").words


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_plan_is_text(payload: str) -> None:
    """No question, phrase or quote becomes markup."""
    questions = [{"text": payload, "asked": None}]
    words = {"turn": 0, "speaker": "S0", "start_s": 0.6, "quote": payload,
             "start_char": 0, "end_char": 2}  # fmt: skip
    avoid = [{"text": payload, "said": [words]}]
    section = page_of(report(questions=questions, avoid=avoid)).one(id="preparation")
    assert {one.tag for one in section.everything()} <= TAGS
    for one in section.everything():
        assert set(one.attributes) <= ATTRIBUTES
