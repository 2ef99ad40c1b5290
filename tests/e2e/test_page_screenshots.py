"""The whole page at three widths in both themes: kept as build output, and nothing out of place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import report_builder as build
from chromium import Opened
from conftest import ROOT
from demo_report import demo_report

from pipeline.stages.page import PageConfig, run

pytestmark = pytest.mark.e2e

SCREENSHOTS = ROOT / "build" / "screenshots"
REPORTS: dict[str, Callable[[], dict[str, Any]]] = {
    "demo": demo_report,
    "made-up": build.full_report,
}
PAST_THE_EDGE = """() => [...document.body.querySelectorAll("*")]
  .filter((one) => one.checkVisibility() && !one.closest(".scroll, .skip, .defs, svg svg"))
  .filter((one) => {
    const { left, right, width } = one.getBoundingClientRect();
    return width > 0 && (left < -0.5 || right > document.documentElement.clientWidth + 0.5);
  })
  .map((one) => one.outerHTML.slice(0, 100))"""
"""What sticks out at either side; what scrolls by itself is left out."""
OVERLAPPING = """() => {
  const found = [];
  for (const drawing of document.querySelectorAll("svg[role=img]")) {
    if (!drawing.checkVisibility()) continue;
    const box = drawing.getBoundingClientRect();
    for (const text of drawing.querySelectorAll("text")) {
      const { left, right, width } = text.getBoundingClientRect();
      if (width && (left < box.left - 1 || right > box.right + 1))
        found.push(`${drawing.getAttribute("aria-label").slice(0, 30)}: ${text.textContent}`);
    }
  }
  return found;
}"""
"""Words of a drawing that its edge would cut."""
DRAW_ALL = """() => document.querySelectorAll(".turn").forEach((one) => {
  one.style.contentVisibility = "visible";
})"""
"""Turns far below are drawn only when they come into sight; a picture of the whole page has all."""


@pytest.fixture(scope="module", params=REPORTS)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp(request.param) / f"{request.param}.html"
    html = run(report=REPORTS[request.param](), config=PageConfig(audio="none"))
    path.write_text(html, encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_the_page_is_whole_at_every_width(
    chromium: Any, written: Path, width: int, scheme: str
) -> None:
    """Nothing sticks out or scrolls sideways, nothing is complained of; a picture is kept."""
    opened = Opened(
        chromium, written, color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    page = opened.page
    picture = SCREENSHOTS / f"{written.stem}-{width}-{scheme}.png"
    picture.unlink(missing_ok=True)
    page.evaluate(DRAW_ALL)
    page.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 10_000
    assert page.locator("h1").is_visible()
    assert page.inner_text("h1").strip()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(PAST_THE_EDGE) == []
    assert page.evaluate(OVERLAPPING) == []
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(PAST_THE_EDGE) == []
    assert opened.complaints == []
    opened.close()
