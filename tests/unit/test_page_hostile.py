"""Names and transcripts are hostile input: nothing of them may act, load or break the page."""

from __future__ import annotations

import base64
import hashlib
import re

import page_reader
import pytest
import report_builder as build
from page_reader import Element

from pipeline.stages.page import PageConfig, run

PAYLOADS = (
    "<script>document.title='taken'</script>",
    "</script><script>document.title='taken'</script>",
    "</style><style>body{display:none}</style>",
    "</title></svg></p></textarea><img src=x onerror=alert(1)>",
    "\"' onmouseover='alert(1)' x=\"",
    "{{ 7 * 7 }}{% for x in y %}",
    "datum.x; alert(1) [1,2] signal: 'width'",
    "\u202egnirts desrever\u202c",
    "\u2066\u2067\u2069\u2069\u2069",
    "tab\tline\nreturn\rnull\x00bell\x07",
    "half \ud83d of a character \uffff",
    "javascript:alert(1)",
    "W" * 10_000,
    "🙂é\u0301 שלום مرحبا 你好",
)
ATTRIBUTES_THAT_LOAD = {"src", "href", "action", "data", "poster", "srcset", "xlink:href", "style"}


def hostile_report(payload: str) -> dict[str, object]:
    """A report with the payload wherever people's words can stand."""
    lines = (
        build.line("S0", f"{payload} what now?", 0.0, 90.0, ("open_question", payload)),
        build.line("S1", payload, 91.0, 160.0, ("offer", payload), ("boundary", payload)),
    )
    report = build.report(
        lines=lines,
        speakers=(
            build.speaker("S0", payload, is_me=True),
            build.speaker("S1", payload, talk_ratio=None, talk_ratio_interval=None),
        ),
        recording=build.recording(name=payload, language=payload),
        quality=build.quality(
            warnings=[payload],
            withheld=[{"scope": "S1", "metric": "talk_ratio", "reason": payload}],
        ),
        definitions=[{"metric": payload, "definition": payload, "note": payload}],
    )
    for entry in report["codebook"]:
        entry.update(name=payload, definition=payload, sources=[payload])
    for model in report["models"]:
        model.update(name=payload, licence=payload, stage=payload)
    report["versions"] = report["versions"] | {payload: payload}
    return report


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
