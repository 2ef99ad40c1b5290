"""The page in a real browser: nothing loaded, nothing executed, usable by keyboard and phone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import report_builder as build

from pipeline.stages.page import PageConfig, run

playwright = pytest.importorskip(
    "playwright.sync_api", reason="the Python package playwright is not installed (extra: dev)"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PAYLOAD = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"

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


class Opened:
    """A page opened from disk, with all that it asked for and complained of."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.context = browser.new_context(offline=True, **options)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda one: self.requests.append(one.url))
        self.page.on("console", lambda one: self.complaints.append(one.text))
        self.page.on("pageerror", lambda one: self.complaints.append(str(one)))
        self.page.goto(path.as_uri())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(run(report=build.report(), config=PageConfig()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    line = build.line("S0", f"{PAYLOAD} {'W' * 10_000}", 0.0, 90.0, ("offer", PAYLOAD))
    speakers = [build.speaker("S0", PAYLOAD + "W" * 10_000, is_me=True)]
    report = build.report(
        lines=(line,),
        speakers=speakers,
        recording=build.recording(name=PAYLOAD + "W" * 10_000),
        quality=build.quality(warnings=[PAYLOAD + "W" * 10_000]),
    )
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    path.write_text(run(report=report, config=PageConfig()), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser: Any, written: Path) -> Iterator[Opened]:
    opened = Opened(browser, written, viewport={"width": 1200, "height": 900})
    yield opened
    opened.context.close()


def _shown(page: Any) -> list[str]:
    return page.locator(".turn:visible").evaluate_all("turns => turns.map((turn) => turn.id)")


def test_it_opens_from_disk_asking_for_nothing_and_without_complaint(opened: Opened) -> None:
    assert [url for url in opened.requests if not url.startswith("file:")] == []
    assert len(opened.requests) == 1
    assert opened.complaints == []


def test_hostile_input_executes_nothing(browser: Any, hostile: Path) -> None:
    opened = Opened(browser, hostile)
    opened.page.wait_for_timeout(200)
    assert opened.page.title() != "taken"
    assert opened.page.locator("img").count() == 0
    assert len(opened.requests) == 1
    assert opened.complaints == []
    opened.context.close()


@pytest.mark.parametrize("width", [360, 390, 768, 1440])
@pytest.mark.parametrize("which", ["written", "hostile"])
def test_nothing_scrolls_sideways(
    browser: Any, request: pytest.FixtureRequest, which: str, width: int
) -> None:
    path = request.getfixturevalue(which)
    opened = Opened(browser, path, viewport={"width": width, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    opened.context.close()


def test_search_and_filters_narrow_the_transcript(opened: Opened) -> None:
    page, everything = opened.page, len(build.CALL)
    page.fill("#filter-text", "SIGNING bonus")
    assert _shown(page) == ["turn-15"]
    assert page.inner_text("#filter-status") == f"1 match; 1 of {everything} shown"
    page.press("#filter-text", "Escape")
    assert len(_shown(page)) == everything
    page.select_option("#filter-tactic", "family:risk")
    assert _shown(page) == ["turn-15", "turn-16"]
    page.select_option("#filter-speaker", "1")
    assert _shown(page) == ["turn-16"]
    page.click("#filter-clear")
    assert len(_shown(page)) == everything


def test_the_name_of_a_tactic_is_not_searched(opened: Opened) -> None:
    opened.page.fill("#filter-text", "hedged ask")
    assert _shown(opened.page) == []


def test_a_tactic_in_the_table_filters_the_transcript(opened: Opened) -> None:
    opened.page.click("a[data-filter=conditional_trade]")
    assert _shown(opened.page) == ["turn-17"]


def test_a_quote_shows_its_turn_even_when_filtered_out(opened: Opened) -> None:
    page = opened.page
    page.select_option("#filter-tactic", "family:risk")
    page.click("a.quote[href='#turn-2'] >> nth=0")
    assert page.locator("#turn-2").is_visible()
    assert page.evaluate("location.hash") == "#turn-2"


def test_the_keyboard_reaches_the_report_and_the_filter(opened: Opened) -> None:
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.focus("#filter-text")
    page.keyboard.type("bonus")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "filter-tactic"


def test_it_is_complete_without_script(browser: Any, written: Path) -> None:
    opened = Opened(browser, written, java_script_enabled=False)
    assert opened.page.locator("#filter").is_hidden()
    assert opened.page.locator(".turn:visible").count() == len(build.CALL)
    opened.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_follow_the_theme(browser: Any, written: Path, scheme: str) -> None:
    opened = Opened(browser, written, color_scheme=scheme)
    colours = opened.page.evaluate(
        "[getComputedStyle(document.querySelector('figure svg text')).fill,"
        " getComputedStyle(document.body).color]"
    )
    assert colours[0] == colours[1]
    opened.context.close()


def test_print_is_light_and_leaves_the_transcript_out(browser: Any, written: Path) -> None:
    """It says so, and prints every turn where the reader asks for it."""
    opened = Opened(browser, written, color_scheme="dark")
    page = opened.page
    page.fill("#filter-text", "nothing says this")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)"
    assert page.locator("#transcript").is_hidden()
    assert page.get_by_text("The transcript, definitions and longer lists").is_visible()
    page.emulate_media(media="screen")
    page.check("#print-transcript")
    page.emulate_media(media="print")
    assert len(_shown(page)) == len(build.CALL)
    assert page.locator("#filter").is_hidden()
    opened.context.close()
