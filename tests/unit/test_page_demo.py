"""Every section of the page has something in it from the demo call."""

from __future__ import annotations

import pytest
from page_cases import Case, case_of

STANCES = {"strength": "in its favour", "risk": "against it", "neutral": "it depends"}


@pytest.fixture(scope="module")
def case() -> Case:
    return case_of("demo")


def test_the_sections_are_all_there_and_none_is_empty(case: Case) -> None:
    """Each with its heading, more than a sentence of text, and a link in the navigation."""
    sections = {one.attributes["id"]: one for one in case.page.find("section")}
    assert list(sections) == [
        "summary",
        "moments",
        "talk",
        "questions",
        "tactics",
        "ledger",
        "balance",
        "transcript",
        "method",
    ]
    for name, section in sections.items():
        assert section.find("h2"), name
        assert len(section.words.split()) > 60, name
    links = [one.attributes["href"] for one in case.page.one("nav").find("a")]
    assert links == [f"#{name}" for name in sections]


def test_no_figure_is_missing_and_no_warning_is_needed(case: Case) -> None:
    """The recording supports every figure, so nothing is withheld and no banner stands above."""
    assert case.page.find(class_="withheld") == case.page.find("aside") == []
    assert [one.words for one in case.page.find("td") if one.words in ("", "None", "nan")] == [
        cell.words
        for cell in case.page.one("table", class_="tactics").find("td", class_="said")
        if not cell.words
    ]


def test_the_top_has_five_figures_a_best_moment_and_one_thing_to_try(case: Case) -> None:
    top = case.page.one(id="summary")
    assert len(top.find(class_="card-value")) == 5
    assert len(top.one(class_="cards").find("span", class_="detail")) == 5
    assert [len(top.find("div", class_=kind)) for kind in ("strength", "missed")] == [1, 1]


def test_the_moments_are_both_kinds_with_lines_to_say(case: Case) -> None:
    moments = case.page.one(id="moments")
    assert 5 <= len(moments.find("li", class_="moment")) <= 7
    assert moments.find("li", class_="strength")
    assert moments.find("li", class_="missed")
    assert moments.find(class_="instead")
    assert len(moments.find("span", class_="source")) == len(moments.find("li", class_="moment"))


def test_talking_has_its_charts_its_pace_and_its_timeline(case: Case) -> None:
    talk = case.page.one(id="talk")
    assert len(talk.one(class_="charts").find("figure")) == 3
    assert talk.find("figure", id="pace")
    assert talk.find("figure", id="timeline")
    assert len(talk.one(class_="totals").find("dd")) == 7


def test_questions_have_their_charts_and_answers(case: Case) -> None:
    questions = case.page.one(id="questions")
    assert len(questions.one(class_="charts").find("figure")) == 3
    assert questions.find("span", class_="new")
    assert "typically got" in questions.one(class_="lede").words


def test_tactics_have_effects_and_sources_that_disagree(case: Case) -> None:
    """Where sources differ, two lenses stand side by side, each naming its source."""
    tactics = case.page.one(id="tactics")
    assert len(tactics.find("table", class_="effects")) >= 2
    pairs = tactics.one(class_="views").find(class_="lenses")
    assert pairs
    for pair in pairs:
        lenses = pair.find(class_="lens")
        assert len(lenses) >= 2
        assert len({one.one(class_="verdict").text for one in lenses}) >= 2
        assert all(one.one(class_="source").words for one in lenses)


def test_every_reading_of_mine_and_of_a_tactic_shown_is_on_the_page(case: Case) -> None:
    """With its verdict, its source, and what was measured where."""
    shown = {
        (
            one.one("b").text,
            one.one(class_="verdict").text,
            one.one("bdi").text,
            one.one(class_="source").words,
        )
        for one in case.page.find(class_="lens")
    }
    used = {tag["tactic"] for tag in case.report["tactics"]}
    readings = [
        one
        for one in case.report["readings"]
        if (one["about"] == "tactic" and one["id"] in used)
        or (one["about"] == "metric" and one["speaker"] in (None, case.me["id"]))
    ]
    assert len(readings) > 20
    for one in readings:
        source = one["source"].rstrip(".")
        measured = f" – measured in {one['setting']}" if one["setting"] else ""
        assert (one["lens"], STANCES[one["stance"]], one["text"], f"{source}{measured}") in shown


def test_offers_have_charts_a_ledger_and_a_vague_promise(case: Case) -> None:
    ledger = case.page.one(id="ledger")
    assert len(ledger.one(class_="positions").find("figure")) >= 3
    assert len(ledger.one("table", class_="ledger").find("tbody")) >= 3
    assert ledger.one(class_="evidence").find("a", class_="quote")


def test_the_balance_has_planes_and_a_leaning(case: Case) -> None:
    balance = case.page.one(id="balance")
    assert len(balance.one(class_="planes").find("svg", role="img")) == 2
    assert balance.one(class_="leanings").find("a", class_="quote")


def test_the_method_has_profile_definitions_models_and_limits(case: Case) -> None:
    method = case.page.one(id="method")
    assert "Job offer" in method.words
    assert len(method.find("dl", class_="definitions")) == 2
    assert method.one("table", class_="models").find("code")
    assert len(method.one(class_="limits").find("li")) >= 5
