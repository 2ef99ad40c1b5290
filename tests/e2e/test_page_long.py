"""The pages of long calls: how much they print, and what they weigh."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report_long import long_report

from pipeline.stages.page import PageConfig, run

playwright = pytest.importorskip(
    "playwright.sync_api", reason="the Python package playwright is not installed (extra: dev)"
)
pypdf = pytest.importorskip(
    "pypdf", reason="the Python package pypdf is not installed (extra: dev)"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
MEGABYTE = 1_000_000

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


def _written(folder: Path, report: dict[str, Any]) -> Path:
    path = folder / "report.html"
    path.write_text(run(report=report, config=PageConfig()), encoding="utf-8")
    return path


def test_half_an_hour_prints_to_four_pages(browser: Any, tmp_path: Path) -> None:
    """On A4, with the parts that matter: of each section its heading."""
    report = long_report(minutes=30)
    assert len(report["turns"]) == 300
    page = browser.new_page()
    page.goto(_written(tmp_path, report).as_uri())
    printed = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    assert len(printed.pages) <= 4
    width, height = (float(side) / 72 * 25.4 for side in printed.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (210, 297)
    text = " ".join(one.extract_text() for one in printed.pages)
    for heading in ("Talk and listen", "Questions", "Tactics", "Offers",
                    "Empathy and assertiveness", "Method"):  # fmt: skip
        assert heading in text
    assert "The transcript, definitions and longer lists are not printed" in text
    page.close()


def test_two_hours_weigh_less_than_three_megabytes_and_are_soon_usable(
    browser: Any, tmp_path: Path
) -> None:
    """1,500 turns, 18,000 words and 3,000 tags; the script has run within 2 s, at best of three."""
    report = long_report(minutes=120, turn_s=4.8, tags_a_turn=3)
    assert len(report["turns"]) == 1500
    assert sum(len(turn["text"].split()) for turn in report["turns"]) >= 18_000
    assert len(report["tactics"]) >= 3_000
    path = _written(tmp_path, report)
    assert path.stat().st_size < 3 * MEGABYTE
    assert min(_usable_ms(browser, path) for _ in range(3)) < 2_000


def _usable_ms(browser: Any, path: Path) -> float:
    """When the page's script has run, from the start of loading, in a new tab."""
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.locator("#filter").is_visible()
    ended = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    page.close()
    return float(ended)
