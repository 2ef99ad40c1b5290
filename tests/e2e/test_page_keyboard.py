"""The page by keyboard alone: everything reached in reading order, seen, and worked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import report_builder as build
from chromium import Opened

from pipeline.stages.page import PageConfig, run

pytestmark = pytest.mark.e2e

CONTROLS = """() => {
  const wanted = "a[href], button, input, select, summary, audio[controls], [tabindex='0']";
  const all = [...document.querySelectorAll(wanted)]
    .filter((one) => one.checkVisibility() && !one.disabled);
  all.forEach((one, number) => { one.dataset.order = number; });
  return all.length;
}"""
"""Numbers everything that can be worked, in the order of the document, which is that of reading."""
FOCUSED = """() => {
  const one = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  const { left, top, right, bottom, width, height } = one.getBoundingClientRect();
  return {
    order: one === document.body ? null : Number(one.dataset.order),
    what: one.outerHTML.slice(0, 80),
    outlined: one.tagName === "AUDIO"
      || (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2),
    inSight: width > 0 && height > 0 && bottom > 0 && top < innerHeight && right > 0
      && left < innerWidth,
    covered: !one.closest("#player, nav") && [...one.getClientRects()].every((box) =>
      document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2)
        ?.closest("#player, nav")),
  };
}"""
"""Where the focus is, whether it shows, and whether bars that stay lie over it. The buttons inside
of a player are the browser's, which outlines them itself.
"""
TALL = {"width": 1200, "height": 900}
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, noise_mp3: bytes) -> Path:
    """The full page beside its sound."""
    folder = tmp_path_factory.mktemp("keyboard")
    (folder / "call.mp3").write_bytes(noise_mp3)
    html = run(
        report=build.full_report(),
        config=PageConfig(audio="link"),
        transcribe=build.words(),
        turns=build.turns(),
    )
    (folder / "report.html").write_text(html, encoding="utf-8")
    return folder / "report.html"


@pytest.fixture
def opened(chromium: Any, written: Path) -> Iterator[Opened]:
    opened = Opened(chromium, written, viewport=TALL)
    wait(opened.page, "document.querySelector('audio').readyState > 0")
    yield opened
    assert opened.complaints == []
    opened.close()


def wait(page: Any, condition: str) -> None:
    """Wait until an expression holds."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never so: {condition}")


def has_focus(page: Any, selector: str) -> bool:
    return bool(page.evaluate("(one) => document.activeElement.matches(one)", selector))


@pytest.mark.parametrize("viewport", [TALL, PHONE], ids=["desk", "phone"])
def test_tab_goes_through_everything_in_reading_order(
    chromium: Any, written: Path, viewport: dict[str, int]
) -> None:
    """With all details open, every control once, none skipped, each outlined and in sight; then
    back out of the page: no trap.
    """
    opened = Opened(chromium, written, viewport=viewport)
    page = opened.page
    wait(page, "document.querySelector('audio').readyState > 0")
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    count = page.evaluate(CONTROLS)
    visited: list[int] = []
    for _ in range(count + 20):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        if now["order"] is None or (visited and now["order"] < visited[-1]):
            break
        assert now["outlined"], now["what"]
        assert now["inSight"], now["what"]
        assert not now["covered"], now["what"]
        visited.append(now["order"])
    assert count > 100
    # The player's own buttons are inside of it, and so the page sees it several times.
    assert list(dict.fromkeys(visited)) == list(range(count))
    opened.close()


def test_the_way_back_is_the_same(opened: Opened) -> None:
    """Shift and Tab from the filter go the way that Tab came."""
    page = opened.page
    page.evaluate(CONTROLS)
    page.focus("#filter-text")
    start = page.evaluate(FOCUSED)["order"]
    for step in range(1, 30):
        page.keyboard.press("Shift+Tab")
        assert page.evaluate(FOCUSED)["order"] == start - step


def test_the_first_stop_leads_past_the_navigation(opened: Opened) -> None:
    """The link is seen where it has the focus; after it Tab goes on inside the report."""
    page = opened.page
    page.keyboard.press("Tab")
    assert has_focus(page, ".skip")
    box = page.locator(".skip").bounding_box()
    assert box["x"] >= 0
    assert box["y"] >= 0
    page.keyboard.press("Enter")
    assert has_focus(page, "#main")
    page.keyboard.press("Tab")
    assert has_focus(page, "main *")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_moment_plays_and_stops(opened: Opened, key: str) -> None:
    """From its second, by either key; pressed again it stops, and the page has not moved."""
    page = opened.page
    page.focus("#moment-2 .play")
    before = page.evaluate("scrollY")
    page.keyboard.press(key)
    wait(page, "!document.querySelector('audio').paused")
    moment = build.full_report()["moments"][1]
    at = page.evaluate("document.querySelector('audio').currentTime")
    assert moment["start_s"] - 0.05 <= at <= moment["start_s"] + 5
    assert has_focus(page, "#moment-2 .play[aria-pressed]")
    page.keyboard.press(key)
    wait(page, "document.querySelector('audio').paused")
    assert page.evaluate("scrollY") == before


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_tactic_opens_and_closes(opened: Opened, key: str) -> None:
    """By either key; Escape closes it and the focus stays where it was."""
    page = opened.page
    page.focus("#turn-4 .label >> nth=0")
    page.keyboard.press(key)
    assert page.locator(".tip:popover-open").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".tip:popover-open").count() == 0
    assert has_focus(page, "#turn-4 .label")
    assert page.evaluate("document.querySelector('audio').paused")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_every_closed_part_opens_and_closes(opened: Opened, key: str) -> None:
    page = opened.page
    parts = page.locator("main summary")
    assert parts.count() >= 4
    for number in range(parts.count()):
        parts.nth(number).focus()
        for expected in (True, False):
            page.keyboard.press(key)
            assert parts.nth(number).evaluate("(one) => one.parentElement.open") is expected


def test_the_filter_is_worked_from_field_to_field(opened: Opened) -> None:
    """Words, tactic, speaker, and all again, by Tab, letters, arrows and Space."""
    page = opened.page
    shown = page.locator(".turn:visible")
    everything = shown.count()
    page.focus("#filter-text")
    page.keyboard.type("you")
    assert 0 < shown.count() < everything
    page.keyboard.press("Tab")
    assert has_focus(page, "#filter-tactic")
    page.keyboard.press("ArrowDown")
    assert page.input_value("#filter-tactic") == "family:empathy"
    by_tactic = shown.count()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert page.input_value("#filter-speaker") == "0"
    assert shown.count() <= by_tactic
    page.keyboard.press("Tab")
    assert has_focus(page, "#filter-clear")
    page.keyboard.press("Space")
    assert shown.count() == everything
    assert has_focus(page, "#filter-text")


def test_links_and_boxes_are_worked_by_key(opened: Opened) -> None:
    """A quote leads to its turn, from where Tab goes on; a tactic of the table filters; a box is
    ticked by Space, which plays nothing.
    """
    page = opened.page
    page.focus("#moment-1 blockquote a >> nth=0")
    turn = build.full_report()["moments"][0]["turn"]
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == f"#turn-{turn}"
    page.keyboard.press("Tab")
    assert has_focus(page, f"#turn-{turn} .time")
    page.focus("a[data-filter=conditional_trade]")
    page.keyboard.press("Enter")
    assert page.locator(".turn:visible").count() == 1
    page.focus("#print-transcript")
    page.keyboard.press("Space")
    assert page.is_checked("#print-transcript")
    assert page.evaluate("document.querySelector('audio').paused")


def test_wide_tables_scroll_by_arrow_keys(chromium: Any, written: Path) -> None:
    """On a phone every part that scrolls sideways takes the focus and moves."""
    opened = Opened(chromium, written, viewport=PHONE)
    page = opened.page
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    for part in page.locator(".scroll").all():
        if part.evaluate("(one) => one.scrollWidth <= one.clientWidth"):
            continue
        part.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(200)
        assert part.evaluate("(one) => one.scrollLeft") > 0
    opened.close()
