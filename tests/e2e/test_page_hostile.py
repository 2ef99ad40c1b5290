"""Hostile text in a real browser: wherever it stands, however the sound is kept, nothing fires."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import report_builder as build
from chromium import Opened
from report_hostile import hostile_report

from pipeline.stages.page import PageConfig, run

pytestmark = pytest.mark.e2e

TAKEN = "document.title='taken'"
PAYLOADS = {
    "markup": (
        f'<script>{TAKEN}</script><img src=x onerror="{TAKEN}">'
        f'</script><script>{TAKEN};alert(1)</script><svg onload="{TAKEN}">'
        f"<a href=\"javascript:{TAKEN}\">a</a><base href='//example.com'>"
    ),
    "ends": (
        f"</style></title></svg></textarea></select></audio><style>*{{display:none}}</style>"
        f'<iframe srcdoc="<script>top.{TAKEN}</script>"></iframe>'
    ),
    "attribute": f'"\' onmouseover={TAKEN} onfocus={TAKEN} autofocus tabindex=1 x="`',
    "template": f"{{{{ 7 * 7 }}}}{{% raw %}}${{alert(1)}} <%= 7 %> signal: {TAKEN} {'W' * 9_000}",
    "direction": "\u202egnirts\u202c \u2066\u2067\u2069\u2069\u200f \u05e9\u05dc\u05d5\u05dd \x00",
}
FIRE = """() => {
  for (const one of document.body.querySelectorAll("*"))
    for (const kind of ["mouseover", "focus", "load", "error", "toggle", "animationend"])
      if (!one.closest("audio")) one.dispatchEvent(new Event(kind));
}"""
"""Every event that a smuggled handler may wait for, on everything."""
FOREIGN = """() => [...document.querySelectorAll("*")].filter((one) =>
  [...one.attributes].some(({ name }) => name.startsWith("on") || /^(style|srcdoc)$/.test(name))
    || one.matches("img, iframe, base, object, embed, form, body script ~ script"))
  .filter((one) => !one.matches(".tip")).map((one) => one.outerHTML.slice(0, 100))"""
"""Elements and attributes that the page has none of; boxes of tactics get their place by script."""


@pytest.fixture(params=PAYLOADS)
def report(request: pytest.FixtureRequest) -> dict[str, Any]:
    return hostile_report(PAYLOADS[request.param])


@pytest.fixture(params=["link", "embed", "none"])
def opened(
    request: pytest.FixtureRequest,
    chromium: Any,
    report: dict[str, Any],
    noise_mp3: bytes,
    tmp_path: Path,
) -> Iterator[Opened]:
    """The page with the sound beside it, in it, or left out, on a phone."""
    lines = [
        build.line(one["speaker"], one["text"], one["start_s"], one["end_s"])
        for one in report["turns"]
    ]
    html = run(
        report=report,
        config=PageConfig(audio=request.param),
        transcribe=build.words(lines),
        turns=build.turns(lines),
        playback=noise_mp3,
    )
    if request.param == "link":
        (tmp_path / "call.mp3").write_bytes(noise_mp3)
    (tmp_path / "report.html").write_text(html, encoding="utf-8")
    opened = Opened(chromium, tmp_path / "report.html", viewport={"width": 360, "height": 740})
    yield opened
    opened.close()


def test_nothing_fires_and_nothing_is_asked_for(opened: Opened) -> None:
    """Not when it opens, not when every part is opened, pointed at, pressed, searched, printed."""
    page = opened.page
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    page.evaluate(FIRE)
    page.click("#turn-0 .label >> nth=0")
    page.keyboard.press("Escape")
    for button in page.locator("#moments .play").all():
        button.click()
    page.fill("#filter-text", page.inner_text("#turn-1 .said")[:60])
    page.keyboard.press("Enter")
    page.select_option("#filter-speaker", "1")
    page.click("#filter-clear")
    page.emulate_media(media="print")
    page.emulate_media(media="screen")
    page.evaluate(FIRE)
    page.wait_for_timeout(100)
    assert page.title() != "taken"
    assert opened.alerts == []
    assert page.evaluate(FOREIGN) == []
    assert {url.rpartition("/")[2] for url in opened.requests if not url.startswith("data:")} <= {
        "report.html",
        "call.mp3",
    }
    assert opened.complaints == []
    assert page.locator("main h2:visible").count() >= 9
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
