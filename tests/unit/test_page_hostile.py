"""Names and transcripts are hostile input: nothing of them may act, load or break the page."""

from __future__ import annotations

import base64
import hashlib
import re

import page_reader
import pytest
import report_builder as build
from page_reader import Element
from report_hostile import PAYLOADS, hostile_report

from pipeline.stages.page import PageConfig, run

ATTRIBUTES_THAT_LOAD = {"src", "href", "action", "data", "poster", "srcset", "xlink:href", "style"}


@pytest.fixture(scope="module", params=PAYLOADS, ids=[repr(one[:18]) for one in PAYLOADS])
def html(request: pytest.FixtureRequest) -> str:
    return run(report=hostile_report(request.param), config=PageConfig())


@pytest.fixture(scope="module")
def page(html: str) -> Element:
    return page_reader.read(html)


@pytest.fixture(scope="module")
def harmless() -> Element:
    return page_reader.page_of(hostile_report("harmless"))


def test_the_page_keeps_its_shape(page: Element, harmless: Element) -> None:
    """The elements are those of a harmless report of the same form, in the same order."""
    assert [one.tag for one in page.everything()] == [one.tag for one in harmless.everything()]


def test_no_element_gains_an_attribute(page: Element) -> None:
    names = {name for one in page.everything() for name in one.attributes}
    assert not {name for name in names if name.startswith("on")}


def test_nothing_is_loaded_from_outside(page: Element) -> None:
    addresses = [
        one.attributes[name]
        for one in page.everything()
        for name in ATTRIBUTES_THAT_LOAD & one.attributes.keys()
    ]
    assert addresses
    assert all(address.startswith("#") or address == "data:," for address in addresses)
    style = page.one("style").text
    assert "@import" not in style
    assert "url(" not in style


def test_only_the_pages_own_script_and_style_pass_the_policy(page: Element) -> None:
    (policy,) = [
        one.attributes["content"]
        for one in page.find("meta")
        if one.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for kind in ("script", "style"):
        digest = hashlib.sha256(page.one(kind).text.encode()).digest()
        assert f"{kind}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy


def test_the_page_can_be_written_and_holds_no_control_characters(html: str) -> None:
    html.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f]", html)


def test_names_cannot_turn_the_line_around(page: Element) -> None:
    shown = [page.one("h1"), page.one("title"), page.one(class_="figures"), *page.find("option")]
    assert not re.search("[\u202a-\u202e]", "".join(one.text for one in shown))


def test_a_very_long_name_is_cut() -> None:
    page = page_reader.page_of(hostile_report("W" * 10_000))
    assert len(page.one("h1").text) < 60
    assert max(len(one.text) for one in page.find("text")) < 40


def test_a_quote_outside_its_text_is_kept_inside() -> None:
    report = build.report()
    report["tactics"][0].update(start_char=5_000, end_char=6_000)
    page = page_reader.page_of(report)
    assert "Open question" in page.one(id="turn-0").text


def test_text_of_direction_marks_alone_breaks_nothing() -> None:
    """A name that nothing is left of is said to be missing; the page is whole."""
    page = page_reader.page_of(hostile_report("\u2066\u2067\u2069"))
    assert page.one("h1").text == "unnamed"
    assert [one.attributes["id"] for one in page.find("section")][-1] == "method"


def test_hostile_text_is_shown_as_it_is_in_every_section(page: Element) -> None:
    """Each section holds the payload or its beginning, so none of them escaped this test."""
    payload = _beginning(page.one("h1").text)
    assert payload
    for section in page.find("section"):
        assert payload in " ".join(section.text.split()), section.attributes["id"]


def _beginning(title: str) -> str:
    return " ".join(title.split())[:5]
