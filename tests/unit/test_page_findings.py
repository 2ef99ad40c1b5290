"""What the page lists is report.json's: questions, effects, offers, moments, method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from page_cases import REPORTS, Case, case_of
from page_reader import Element
from shown_numbers import numbers, shows

KINDS = {
    "anchor": "first position",
    "counter": "counter",
    "concession": "concession",
    "retreat": "moved away",
    "repeat": "again",
    "revision": "changed",
    "accept": "accepted",
    "limit": "limit, no offer",
}
"""Of the ledger's lines, those that are listed: positions, acceptances and limits."""
MARKS = {"USD": "$", "EUR": "€", "GBP": "£", "percent": "%"}
TOWARD = {"Signs of too much empathy": "over_empathy",
          "Signs of too much assertiveness": "over_assertiveness"}  # fmt: skip
NEW_WORDS = 5


@pytest.fixture(scope="module", params=REPORTS)
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param)


def is_quote(shown: str, said: str) -> bool:
    """Whether the shown text is what was said, or its beginning."""
    return said.startswith(shown.removesuffix("…")) and (shown == said or shown.endswith("…"))


def is_place(text: str, one: Mapping[str, Any]) -> bool:
    """Whether the text names the second at which something was said."""
    return shows(text.rpartition(" ")[2], one["start_s"])


def quoted(element: Element, one: Mapping[str, Any]) -> bool:
    """Whether an element quotes this, leads to its turn and names its time."""
    link = element if element.tag == "a" else element.one("a", class_="quote")
    return (
        link.attributes["href"] == f"#turn-{one['turn']}"
        and is_quote(link.one("q").text, one["quote"])
        and is_place(link.find("span")[-1].words, one)
    )


def test_each_of_my_questions_is_there_with_what_it_got(case: Case) -> None:
    """Kinds, words and seconds of the reply, and the words that were new in it."""
    rows = [row for table in case.page.find("table", class_="asked")
            for row in table.one("tbody").find("tr")]  # fmt: skip
    asked = [one for one in case.report["questions"] if one["speaker"] == case.me["id"]]
    assert len(rows) == len(asked)
    for row, one in zip(rows, asked, strict=True):
        assert quoted(row.one("th"), one)
        assert row.one(class_="kinds").words.split() == [
            one["kind"],
            *(["calibrated"] if one["calibrated"] else []),
            *(["follow-up"] if one["follow_up"] else []),
        ]
        _is_reply(row, one["reply"])


def _is_reply(row: Element, reply: Mapping[str, Any] | None) -> None:
    new, got = row.one("td", class_="new"), row.one("td", class_="reply")
    if reply is None:
        assert "no answer" in got.words
        return
    assert shows(got.words, reply["word_count"], reply["duration_s"])
    assert got.one("a").attributes["href"] == f"#turn-{reply['turn']}"
    chips = [one.text for one in new.find("span", class_="chip")]
    assert chips == reply["new_words"][:NEW_WORDS]
    more = reply["new_word_count"] - len(chips)
    details = [one.text for one in new.find("span", class_="detail")]
    assert [numbers(text) for text in details if more] == [[(more - 0.5, more + 0.5)]] * bool(more)


def test_effects_are_told_tactic_by_tactic(case: Case) -> None:
    """Every answered tactic has one row, mine above the other side's, with its six figures."""
    names = {one["tactic"]: one["name"] for one in case.report["codebook"]}
    expected = {
        (names[one["tactic"]].casefold(), one["speaker"]): one
        for one in case.report["effects"]
        if one["answered_count"]
    }
    by_name = {one["name"]: one["id"] for one in case.report["speakers"]}
    found = {}
    for row in case.page.find("table", class_="effects"):
        for line in row.one("tbody").find("tr"):
            head = line.one("th")
            whose = [by_name[one.words] for one in head.find("span", class_="detail")]
            speaker = whose[0] if whose else case.me["id"]
            name = head.words.removesuffix(head.find("span")[0].words if whose else "").strip()
            found[name.casefold(), speaker] = line
    assert found.keys() == expected.keys()
    for key, line in found.items():
        _is_effect({one.attributes["data-label"]: one.text for one in line.find("td")},
                   expected[key])  # fmt: skip


def _is_effect(cells: Mapping[str, str], effect: Mapping[str, Any]) -> None:
    count = effect["answered_count"]
    assert shows(cells["Answered"], count)
    for label, key in (
        ("Words in the reply", "median_reply_words"),
        ("After other turns", "other_reply_words"),
        ("New words", "median_new_words"),
    ):
        values = [] if effect[key] is None else [effect[key]]
        assert shows(cells[label], *values), label
    for label, key in (("Agreed", "agreement_count"), ("Gave ground", "concession_count")):
        if count == 1:
            assert cells[label] == ("yes" if effect[key] else "no")
        else:
            assert shows(cells[label], effect[key], count), label


def says_position(text: str, position: Mapping[str, Any]) -> bool:
    """Whether the text is that value or option, in its unit."""
    if position["value"] is None:
        return text == position["option"]
    ends = [end for end in (position["value"], position["high"]) if end is not None]
    scale = 100.0 if position["unit"] == "percent" else 1.0
    unit = position["unit"] or ""
    named = MARKS.get(unit, "" if unit == "money" else unit)
    periods = position["period"] or ""
    return shows(text, *(end / scale for end in ends)) and named in text and periods in text


def test_the_ledger_lists_every_position_in_order(case: Case) -> None:
    """Issue by issue: who, what, what kind of move, how much of the gap, and the words."""
    bodies = case.page.one("table", class_="ledger").find("tbody")
    assert len(bodies) == len(case.report["outcomes"])
    for body, outcome in zip(bodies, case.report["outcomes"], strict=True):
        head = body.one("th")
        which = (outcome["issue"], outcome["item"])
        positions = [one for one in case.report["offers"] if one["kind"] in KINDS]
        lines = [one for one in positions if (one["issue"], one["item"]) == which]
        assert head.words.startswith(outcome["name"])
        _is_outcome(head.one(class_="detail").text, outcome)
        rows = body.find("tr")
        assert len(rows) == len(lines)
        for row, line in zip(rows, lines, strict=True):
            _is_step(row, line, case=case)


def _is_outcome(text: str, outcome: Mapping[str, Any]) -> None:
    if outcome["agreed"] is None:
        assert text == "left open"
    else:
        assert says_position(text.removeprefix("agreed: "), outcome["agreed"])


def _is_step(row: Element, line: Mapping[str, Any], *, case: Case) -> None:
    who, value, move, _ = row.find("td")
    names = {one["id"]: one["name"] for one in case.report["speakers"]}
    assert who.one("bdi").text == names[line["speaker"]]
    assert says_position(value.words, line)
    assert move.words.startswith(KINDS[line["kind"]])
    share = line["gap_share"] if line["kind"] == "concession" else None
    assert shows(move.words, *([] if share is None else [min(share, 1.0)]))
    assert ("an exact number" in move.words) == bool(line["exact"])
    assert quoted(row, {**line, "quote": line["text"]})


def test_the_charts_of_issues_end_as_the_call_did(case: Case) -> None:
    """Each issue has a drawing, whose text ends in what was agreed."""
    figures = case.page.one(class_="positions").find("figure")
    assert len(figures) == len(case.report["outcomes"])
    for figure, outcome in zip(figures, case.report["outcomes"], strict=True):
        said = figure.one("svg", role="img").attributes["aria-label"]
        assert said.startswith(f"{outcome['name']}. ")
        ending = figure.one(class_="ending").text
        assert said.endswith("Left open.") == (outcome["agreed"] is None) == (ending == "left open")
        if outcome["agreed"]:
            agreed = outcome["agreed"]["value"]
            values = [] if agreed is None else [agreed]
            shown = ending if values else ""
            assert shows(shown, *values)
            assert said.endswith(f"{ending[:1].upper()}{ending[1:]}.")


def test_moments_stand_in_order_with_quote_reason_and_line(case: Case) -> None:
    shown = case.page.one(class_="moments").find("li", class_="moment")
    assert len(shown) == len(case.report["moments"]) > 0
    for place, (item, one) in enumerate(zip(shown, case.report["moments"], strict=True), start=1):
        assert (item.attributes["id"], one["rank"]) == (f"moment-{place}", place)
        assert one["kind"] in item.attributes["class"].split()
        assert item.one("h3").words.endswith(one["name"])
        quotes = item.find("blockquote")
        for quote, said in zip(quotes, filter(None, (one, one["reply"])), strict=True):
            link = quote.one("a")
            assert is_quote(quote.one("q").text, said["quote"])
            assert link.attributes["href"] == f"#turn-{said['turn']}"
            assert is_place(link.words, said)
        advice = item.one(class_="advice")
        instead = [part.one("q").text for part in advice.find(class_="instead")]
        assert instead == ([one["suggestion"]] if one["suggestion"] else [])
        assert one["why"] in advice.words
        assert "; ".join(one["sources"]) in advice.one(class_="source").text
        assert advice.one(class_="next").words.endswith(one["next_time"])


def test_the_top_names_the_best_and_the_first_missed(case: Case) -> None:
    moments = case.report["moments"]
    for css, kind in (("strength", "strength"), ("missed", "missed")):
        first = next(one for one in moments if one["kind"] == kind)
        box = case.page.one(class_="short").one("div", class_=css)
        assert is_quote(box.one("q").text, first["quote"])
        assert box.one("a").attributes["href"] == f"#moment-{first['rank']}"


def test_leanings_and_vague_promises_are_quoted(case: Case) -> None:
    """My leanings only; promises of anybody that were not made concrete."""
    for column in case.page.one(class_="leanings").find("div")[1:]:
        toward = TOWARD[column.one("h3").words]
        own = [one for one in case.report["leanings"]
               if (one["toward"], one["speaker"]) == (toward, case.me["id"])]  # fmt: skip
        assert len(column.find("li")) == len(own)
        assert all(map(quoted, column.find("li"), own))
    promised = [one for one in case.report["vague_promises"] if not one["pinned"]]
    listed = case.page.one(id="ledger").one(class_="evidence").find("li")
    assert len(listed) == len(promised) > 0
    for item, one in zip(listed, promised, strict=True):
        assert quoted(item, one)
        assert ("nobody asked" in item.words) == (one["request_turn"] is None)


def test_definitions_of_figures_and_tactics_are_complete(case: Case) -> None:
    figures, tactics = (
        [one.one("dd").words for one in block.find("div")]
        for block in case.page.one(id="method").find("dl", class_="definitions")
    )
    expected = [
        " ".join(f"{one['definition']} {one['note']}".split()) for one in case.report["definitions"]
    ]
    assert figures == expected
    for shown, entry in zip(tactics, case.report["codebook"], strict=True):
        assert shown.startswith(entry["definition"])
        sources = "; ".join(entry["sources"])
        assert shown.endswith(f"Source: {sources}.") == bool(sources)


def test_models_and_versions_are_named(case: Case) -> None:
    method = case.page.one(id="method")
    rows = method.one("table", class_="models").one("tbody").find("tr")
    for row, model in zip(rows, case.report["models"], strict=True):
        cells = [one.text for one in (*row.find("th"), *row.find("td"))]
        assert cells[:3] == [model["stage"], model["name"], model["licence"]]
        assert row.one("code").attributes["title"] == model["sha256"]
    told = {row.one("dt").text: row.one("dd").text for strip in method.find("dl", class_="plain")
            for row in strip.find("div")}  # fmt: skip
    versions = {name: str(version) for name, version in case.report["versions"].items()}
    assert versions.items() <= told.items()
    assert told["Report format"] == case.report["schema_version"]
    assert told["SHA-256"] == case.report["recording"]["digest"]
    assert shows(told["Mean word probability"], case.report["quality"]["mean_word_probability"])
