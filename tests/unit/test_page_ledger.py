"""The offer ledger on the page."""

from __future__ import annotations

from typing import Any

import pytest
import report_builder as build
from page_reader import page_of

from pipeline.stages.page.ledger import issue_rows, said
from pipeline.stages.page.wording import NBSP


def position(value: float | None = None, **details: Any) -> dict[str, Any]:
    """Where somebody stood."""
    empty = {"high": None, "unit": None, "period": None, "option": None}
    return {"turn": 0, "speaker": "S0", "value": value} | empty | details


def line(value: float | None = None, **details: Any) -> dict[str, Any]:
    """A line of the ledger: Ana's anchor on the salary where nothing else is said."""
    facts = {
        "start_s": 62.0, "issue": "salary", "item": None, "name": "Salary", "kind": "anchor",
        "exact": False, "rationale": None, "step": None, "gap_share": None, "toward": None,
        "standing": False, "text": "quoted", "start_char": 0, "end_char": 6,
    }  # fmt: skip
    return position(value) | facts | details


def outcome(**details: Any) -> dict[str, Any]:
    """An issue left open."""
    facts = {"issue": "salary", "item": None, "name": "Salary", "status": "open"}
    return facts | {"anchor": position(120_000), "agreed": None, "speakers": []} | details


def report(*lines: dict[str, Any], outcomes: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A report with a ledger."""
    ends = [outcome()] if outcomes is None else outcomes
    return build.report(offers=list(lines), outcomes=ends, schema_version="1.2.0")


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (position(118_000, unit="USD", period="year"), "$118,000 a year"),
        (position(60, unit="USD", period="hour"), "$60 an hour"),
        (position(99.5, unit="EUR"), "€99.5"),
        (position(20, unit="GBP"), "£20"),
        (position(500, unit="money"), "500"),
        (position(110_000, high=120_000, unit="USD"), "$110,000–120,000"),
        (position(15, unit="percent"), f"15{NBSP}%"),
        (position(10, high=15, unit="percent"), f"10–15{NBSP}%"),
        (position(3, unit="week"), f"3{NBSP}weeks"),
        (position(1, unit="week"), f"1{NBSP}week"),
        (position(2.5, unit="week"), f"2.5{NBSP}weeks"),
        (position(1, high=2, unit="week"), f"1–2{NBSP}weeks"),
        (position(3, unit="day", period="week"), f"3{NBSP}days a week"),
        (position(7), "7"),
        (position(0), "0"),
        (position(1_234_567.89, unit="USD"), "$1,234,567.89"),
        (position(option="team manager"), "team manager"),
    ],
)
def test_a_position_is_said_in_words(where: dict[str, Any], words: str) -> None:
    """Signs, thousands, units in the plural, periods, or the option's name."""
    assert said(where) == words


def test_a_step_says_what_the_move_closed_and_what_it_was_grounded_on() -> None:
    """Never more than the whole gap."""
    (row,) = issue_rows(
        report(
            line(120_000, rationale="objective_criteria"),
            line(117_400, kind="concession", exact=True, step=2_600, gap_share=0.334),
            line(
                90_000, kind="concession", step=30_000, gap_share=1.5, rationale="value_statement"
            ),
            line(91_000, kind="retreat", step=1_000),
        )
    )
    assert [step.kind for step in row.steps] == [
        "first position", "concession", "concession", "moved away",
    ]  # fmt: skip
    assert [step.note for step in row.steps] == [
        "with outside evidence",
        f"33{NBSP}% of the gap, an exact number",
        f"100{NBSP}% of the gap, with own worth",
        "",
    ]


def test_only_positions_limits_and_acceptances_are_listed_under_their_own_issue() -> None:
    """A mention, a rejected number and a slip put right are not; nor is another item's line."""
    (row,) = issue_rows(
        report(
            line(120_000),
            line(100_000, kind="mention"),
            line(125_000, kind="corrected"),
            line(90_000, kind="reject"),
            line(130_000, kind="limit"),
            line(5, issue="other", item="pension"),
            line(120_000, kind="accept", speaker="S1"),
        )
    )
    assert [(step.speaker.name, step.kind) for step in row.steps] == [
        ("Ana", "first position"),
        ("Ana", "limit, no offer"),
        ("Ben", "accepted"),
    ]


def test_an_issue_says_how_it_ended() -> None:
    """Agreed on what, or left open."""
    done = outcome(status="agreed", agreed=position(118_000, unit="USD"))
    assert issue_rows(report(line(1), outcomes=[done]))[0].status == "agreed: $118,000"
    assert issue_rows(report(line(1)))[0].status == "left open"


def test_a_speaker_that_the_report_does_not_know_is_unknown() -> None:
    """Rather than an error."""
    (row,) = issue_rows(report(line(1, speaker="S9")))
    assert row.steps[0].speaker.name == "unknown"


def test_reports_before_the_ledger_have_no_rows_and_no_section() -> None:
    """They hold no outcomes."""
    old = build.report()
    assert issue_rows(old) == ()
    assert page_of(old).find(id="ledger") == []


def test_the_page_shows_each_issue_with_its_steps_and_links_to_the_turns() -> None:
    """One table; the issue's name once for all of its rows."""
    section = page_of(
        report(line(120_000, unit="USD"), line(100_000, kind="counter", speaker="S1", turn=1))
    ).one(id="ledger")
    assert len(section.find("tr")) == 3
    assert section.one("th", scope="rowgroup").words.startswith("Salary")
    assert "$120,000" in section.words
    assert "counter" in section.words
    links = [link.attributes["href"] for link in section.find("a", class_="quote")]
    assert links == ["#turn-0", "#turn-1"]


def test_what_people_said_stays_text() -> None:
    """Markup, control characters and direction marks in quotes, options and names do no harm."""
    evil = "<script>alert(1)</script>\x00\u202e&amp;"
    page = page_of(report(line(option=evil, text=evil), outcomes=[outcome(name=evil)]))
    section = page.one(id="ledger")
    assert section.find("script") == []
    assert "<script>alert(1)</script>" in section.words
    assert "\x00" not in section.text
