"""Take the pictures of reports/example/report.html that the README shows; see scripts/example."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).resolve().parent.parent / "reports" / "example"
WIDTH_PX, HEIGHT_PX = 1200, 860
SECTIONS = {"moments": 900, "ledger": 620}
"""Sections with a picture of their own, and how much of each it shows, in pixels."""
# What floats over the page would stand in the middle of a section's picture.
WITHOUT_BARS = "nav, .player { display: none !important; }"


def main() -> None:
    """Write screenshot.png and a picture of each section."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": WIDTH_PX, "height": HEIGHT_PX},
            offline=True,
            bypass_csp=True,
            color_scheme="light",
        )
        page = context.new_page()
        page.goto((FOLDER / "report.html").as_uri())
        page.screenshot(path=str(FOLDER / "screenshot.png"))
        page.add_style_tag(content=WITHOUT_BARS)
        for name, height_px in SECTIONS.items():
            _picture(page, name, height_px=height_px)
        browser.close()


def _picture(page: Page, name: str, *, height_px: int) -> None:
    page.locator(f"#{name}").scroll_into_view_if_needed()
    box = page.locator(f"#{name}").bounding_box()
    if box is None:
        raise SystemExit(f"the report has no section {name}")
    top = box["y"] + page.evaluate("scrollY")
    clip = {
        "x": max(0, box["x"] - 24),
        "y": max(0, top - 24),
        "width": box["width"] + 48,
        "height": min(box["height"] + 24, height_px),
    }
    page.screenshot(path=str(FOLDER / f"{name}.png"), clip=clip, full_page=True)


if __name__ == "__main__":
    main()
