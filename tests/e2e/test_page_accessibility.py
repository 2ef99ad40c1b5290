"""The page as axe-core judges it: nothing serious, in both themes, on a desk and on a phone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import report_builder as build

from pipeline.stages.page import PageConfig, run

playwright = pytest.importorskip(
    "playwright.sync_api", reason="the Python package playwright is not installed (extra: dev)"
)
axe = pytest.importorskip(
    "axe_playwright_python.base",
    reason="the Python package axe-playwright-python is not installed (extra: dev)",
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
REPORTS = {
    "full": build.full_report,
    "silent": build.silent_report,
    "transcript": build.transcript_report,
}
SMALLEST_TARGET_PX = 24
SMALL_TARGETS = """() => [...document.querySelectorAll("summary, button, input, select, nav a")]
    .filter((one) => one.checkVisibility())
    .map((one) => [one.outerHTML.slice(0, 60), one.getBoundingClientRect()])
    .filter(([, box]) => box.height < %d && box.height > 0)
    .map(([html]) => html)"""

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=REPORTS)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp(request.param) / "report.html"
    html = run(report=REPORTS[request.param](), config=PageConfig())
    path.write_text(html, encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_axe_finds_nothing_serious(browser: Any, written: Path, width: int, scheme: str) -> None:
    """With every closed part opened; the page's own policy is set aside, which bars axe."""
    context = browser.new_context(
        offline=True,
        bypass_csp=True,
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
    )
    page = context.new_page()
    page.goto(written.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    page.evaluate(axe.AXE_SCRIPT)
    violations = page.evaluate("axe.run()")["violations"]
    assert [
        (one["id"], one["impact"], [node["html"][:120] for node in one["nodes"][:3]])
        for one in violations
        if one["impact"] in {"serious", "critical"}
    ] == []
    assert page.evaluate(SMALL_TARGETS % SMALLEST_TARGET_PX) == []
    context.close()


def test_headings_never_skip_a_level(browser: Any, written: Path) -> None:
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(written.as_uri())
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => +h.tagName[1])"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    context.close()
