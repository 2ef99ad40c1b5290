"""The page plays the call in a real browser: clips, words and turns, from disk and offline."""

from __future__ import annotations

import functools
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import report_builder as build

from pipeline.records import SAMPLE_RATE_HZ, Track
from pipeline.stages import playback
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
    "--mute-audio",
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


@pytest.fixture(scope="module")
def mp3(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three minutes of faint noise: where it plays from is asked of the player."""
    noise = np.random.default_rng(0).normal(0, 200, (1, 180 * SAMPLE_RATE_HZ)).astype(np.int16)
    track = Track(
        samples=noise,
        channels=1,
        sample_rate_hz=SAMPLE_RATE_HZ,
        codec="pcm",
        container="wav",
        truncated=False,
    )
    out = tmp_path_factory.mktemp("sound") / "call.mp3"
    playback.run(audio=track, out=out, config=playback.PlaybackConfig())
    return out.read_bytes()


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, mp3: bytes) -> Write:
    """Write a call's report as a run does; returns the page."""

    def written(
        audio: str = "link",
        lines: tuple[build.Line, ...] = build.CALL,
        *,
        beside: bool = True,
        **changes: Any,
    ) -> Path:
        page = run(
            report=build.report(lines, **changes),
            config=PageConfig(audio=audio),  # type: ignore[arg-type]
            transcribe=build.words(lines),
            turns=build.turns(lines),
            playback=mp3,
        )
        (tmp_path / "report.html").write_text(page, encoding="utf-8")
        if audio == "link" and beside:
            (tmp_path / "call.mp3").write_bytes(mp3)
        return tmp_path / "report.html"

    return written


class Opened:
    """A page with all that it asked for and complained of; `sought` is where it last went."""

    def __init__(self, browser: Any, address: Path | str, **options: Any) -> None:
        options = {"viewport": {"width": 1200, "height": 900}, "offline": True} | options
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda one: self.requests.append(one.url))
        self.page.on("console", lambda one: self.complaints.append(one.text))
        self.page.on("pageerror", lambda one: self.complaints.append(str(one)))
        self.page.goto(address.as_uri() if isinstance(address, Path) else address)
        self.page.evaluate(
            "document.querySelector('audio')?.addEventListener("
            "'seeking', (event) => { window.sought = event.target.currentTime; })"
        )

    def sound(self, what: str) -> Any:
        """A property of the player."""
        return self.page.evaluate(f"document.querySelector('audio').{what}")

    def wait(self, condition: str) -> None:
        """Wait until an expression holds; a page under its policy may not be asked to wait."""
        for _ in range(100):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"never so: {condition}")

    def until(self, condition: str) -> None:
        """Wait until the player, `a`, is so."""
        self.wait(f"((a) => {condition})(document.querySelector('audio'))")

    def sought(self) -> float:
        """Where the player was last sent."""
        self.wait("window.sought !== undefined")
        return float(self.page.evaluate("window.sought"))

    def click_word(self, turn: int, number: int) -> None:
        """Click into the first line of a word: the pieces of a turn between blanks, from 0."""
        x, y = self.page.evaluate(WORD, [turn, number])
        self.page.evaluate("delete window.sought")
        self.page.mouse.click(x, y)


WORD = """async ([turn, number]) => {
  const said = document.querySelector(`#turn-${turn} .said`);
  const places = [];
  const walk = (node) => {
    if (node.nodeType === 3) for (let i = 0; i < node.data.length; i++) places.push([node, i]);
    else if (!node.matches(".label")) node.childNodes.forEach(walk);
  };
  walk(said);
  const text = places.map(([node, i]) => node.data[i]).join("");
  let start = 0;
  for (let i = 0; i < number; i++) start = text.indexOf(" ", start) + 1;
  const end = (text + " ").indexOf(" ", start);
  const range = document.createRange();
  range.setStart(...places[start]);
  range.setEnd(places[end - 1][0], places[end - 1][1] + 1);
  const first = () => [...range.getClientRects()].find((one) => one.width > 1);
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const drawn = async () => { await frame(); await frame(); };
  said.scrollIntoView();
  await drawn();
  scrollBy(0, first().top - 200);
  await drawn();
  const box = first();
  return [box.left + box.width / 2, box.top + box.height / 2];
}"""


@pytest.fixture
def opened(browser: Any, write: Write) -> Iterator[Opened]:
    opened = Opened(browser, write())
    yield opened
    opened.context.close()


def test_it_opens_from_disk_asking_for_the_sound_alone(opened: Opened) -> None:
    """The page and call.mp3 beside it are all that is read, and nothing is complained of."""
    opened.until("a.readyState > 0")
    names = {url.rpartition("/")[2] for url in opened.requests}
    assert names == {"report.html", "call.mp3"}
    assert all(url.startswith("file:") for url in opened.requests)
    assert opened.sound("duration") == pytest.approx(180, abs=0.1)
    assert opened.complaints == []


def test_an_embedded_sound_plays_offline_from_one_file(browser: Any, write: Write) -> None:
    """The page is all there is; it plays from the right second."""
    opened = Opened(browser, write("embed"))
    opened.page.click("#turn-4 .play")
    opened.until("!a.paused && a.currentTime > 19")
    assert len(opened.requests) == 1
    assert opened.sought() == pytest.approx(build.CALL[4].start_s, abs=0.05)
    assert opened.complaints == []
    opened.context.close()


def test_a_linked_sound_plays_from_a_server(browser: Any, write: Write) -> None:
    """The same policy lets the file in where the page is served."""
    folder = write().parent
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(quiet, directory=folder)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        opened = Opened(
            browser, f"http://127.0.0.1:{server.server_port}/report.html", offline=False
        )
        opened.until("a.readyState > 0")
        assert opened.complaints == []
        opened.context.close()
        server.shutdown()


def test_a_turn_plays_from_its_start_and_is_shown(opened: Opened) -> None:
    """Its button plays from there, the turn is marked while it sounds, pressed again it stops."""
    page = opened.page
    page.click("#turn-4 .play")
    opened.until("!a.paused")
    assert opened.sought() == pytest.approx(build.CALL[4].start_s, abs=0.05)
    page.wait_for_selector("#turn-4[aria-current]")
    assert page.get_attribute("#turn-4 .play", "aria-pressed") == "true"
    assert page.inner_text("#player-now") == "Ana, 0:19"
    assert page.evaluate("CSS.highlights.get('spoken').size") == 1
    page.click("#turn-4 .play")
    opened.until("a.paused")
    assert page.get_attribute("#turn-4 .play", "aria-pressed") is None


def test_a_clip_plays_from_its_second_and_stops_at_its_end(opened: Opened) -> None:
    """Any button with data-play and data-until is a clip; after it, playing goes on freely."""
    page = opened.page
    page.evaluate(
        """() => {
          const clip = document.createElement("button");
          Object.assign(clip, { id: "clip", className: "play" });
          Object.assign(clip.dataset, { play: "42.5", until: "43.4" });
          document.getElementById("main").prepend(clip);
        }"""
    )
    page.click("#clip")
    assert opened.sought() == pytest.approx(42.5, abs=0.05)
    opened.until("!a.paused")
    opened.until("a.paused")
    assert opened.sound("currentTime") == pytest.approx(43.4, abs=0.1)
    assert page.get_attribute("#clip", "aria-pressed") is None
    page.evaluate("document.querySelector('audio').play()")
    opened.until("a.currentTime > 43.7")
    page.click("#clip")
    page.evaluate("document.querySelector('audio').currentTime = 100")
    opened.until("!a.paused && a.currentTime > 100.2")


def test_a_click_on_a_word_plays_from_it(opened: Opened) -> None:
    """Each word of a turn with marks and labels in it leads to its own start."""
    starts = build.words()["start_ms"].to_list()
    before = sum(len(one.text.split(" ")) for one in build.CALL[:4])
    for number in range(len(build.CALL[4].text.split(" "))):
        opened.click_word(4, number)
        assert opened.sought() == pytest.approx(starts[before + number] / 1000, abs=0.05), number
    assert opened.sound("paused") is False
    assert opened.complaints == []


def test_a_click_beside_the_words_plays_nothing(opened: Opened) -> None:
    """Neither the blank space of a line, nor the name of a tactic, nor selecting words plays."""
    page = opened.page
    box = page.locator("#turn-4 .said").bounding_box()
    page.locator("#turn-4").scroll_into_view_if_needed()
    box = page.locator("#turn-4 .said").bounding_box()
    page.mouse.click(box["x"] + box["width"] - 4, box["y"] + box["height"] - 4)
    page.click("#turn-4 .label >> nth=0")
    page.keyboard.press("Escape")
    page.mouse.move(box["x"] + 2, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 10, steps=4)
    page.mouse.up()
    page.wait_for_timeout(200)
    assert page.evaluate("[getSelection().isCollapsed, window.sought ?? null]") == [False, None]
    assert opened.sound("paused")


ODD = (
    "👩‍👩‍👧‍👦 fami\u0301ly 🙂 says",
    "שלום עולם how is מרחבا today",
    "W" * 10_000 + " then " + "e\u0301" * 300 + " end",
    f"{PAYLOAD} and on",
    "İstanbul ﬃ naïve\u00a0joined words",
)


@pytest.mark.parametrize("text", ODD, ids=["emoji", "rtl", "long", "hostile", "cases"])
def test_odd_words_keep_their_times_and_fire_nothing(text: str, browser: Any, write: Write) -> None:
    """Whatever a word is made of, and wherever a mark cuts it, a click finds its start."""
    pieces = text.split(" ")
    line = build.line("S0", text, 10.0, 90.0, ("offer", pieces[1]), ("boundary", text[1:5]))
    opened = Opened(browser, write(lines=(line, build.line("S1", "Yes.", 91.0, 92.0))))
    step_s = 80 / len(pieces)
    for number in range(len(pieces)):
        opened.click_word(0, number)
        assert opened.sought() == pytest.approx(10 + number * step_s, abs=0.05), pieces[number][:20]
    opened.page.fill("#filter-text", pieces[-1])
    opened.page.keyboard.press("Enter")
    assert opened.page.title() != "taken"
    assert opened.page.locator("img").count() == 0
    assert opened.complaints == []
    opened.context.close()


def test_a_page_that_was_moved_alone_says_so_and_works_on(browser: Any, write: Write) -> None:
    """Without call.mp3 the player says what is missing, offers nothing, and the search works."""
    opened = Opened(browser, write(beside=False))
    page = opened.page
    page.wait_for_selector("#player-missing:not(:empty)")
    assert "call.mp3 is not beside this page" in page.inner_text("#player-missing")
    assert page.locator("button.play:visible, audio:visible").count() == 0
    assert "hear the call" not in page.inner_text("#transcript")
    opened.click_word(4, 1)
    page.fill("#filter-text", "signing bonus")
    assert page.locator(".turn:visible").count() == 1
    assert not [one for one in opened.complaints if "ERR_FILE_NOT_FOUND" not in one]
    opened.context.close()


def test_keys_play_skip_search_and_step(opened: Opened) -> None:
    """Space and k play, j and l skip, / searches, n and p step; typing is left alone."""
    page = opened.page
    opened.until("a.readyState > 0")
    page.keyboard.press("Space")
    opened.until("!a.paused")
    page.keyboard.press("k")
    opened.until("a.paused")
    page.keyboard.press("l")
    page.keyboard.press("l")
    page.keyboard.press("j")
    assert 5 <= opened.sound("currentTime") < 7
    page.keyboard.press("/")
    page.keyboard.type("look like")
    assert page.input_value("#filter-text") == "look like"
    assert opened.sound("paused")
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")
    page.keyboard.press("n")
    page.keyboard.press("p")
    first = page.locator(".turn .label").first
    assert first.evaluate("(one) => one === document.activeElement")
    page.select_option("#filter-tactic", "family:risk")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.className") == "label f-risk"


def test_matches_are_counted_shown_and_stepped_through(opened: Opened) -> None:
    """The status counts them; n goes to each in turn, whatever marks they lie in."""
    page = opened.page
    page.fill("#filter-text", "you")
    said = [one.text.lower().count("you") for one in build.CALL]
    shown = sum(count > 0 for count in said)
    assert page.inner_text("#filter-status") == f"{sum(said)} matches; {shown} of {len(said)} shown"
    assert page.evaluate("CSS.highlights.get('match').size") == sum(said)
    page.keyboard.press("Enter")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")
    assert page.inner_text("#filter-status") == f"Match 2 of {sum(said)}"
    found = "[...CSS.highlights.get('match-now')].map(String).join()"
    assert page.evaluate(found).lower() == "you"


def test_single_keys_can_be_switched_off(opened: Opened) -> None:
    """WCAG 2.1.4: the list of keys has a box that leaves all keys alone."""
    page = opened.page
    page.click("text=Keys >> nth=0")
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("k")
    page.wait_for_timeout(200)
    assert opened.sound("paused")


def test_a_turn_is_played_by_keyboard_alone(opened: Opened) -> None:
    """Tab goes from a turn's time to its button, whose name says from when; Enter plays."""
    page = opened.page
    page.focus("#turn-4 .time")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.ariaLabel") == "Play from 0:19"
    page.keyboard.press("Enter")
    opened.until("!a.paused")
    assert opened.sought() == pytest.approx(build.CALL[4].start_s, abs=0.05)


def test_a_tactic_says_what_it_means_by_keyboard(opened: Opened) -> None:
    """Enter on its name opens what it means, how it was found and how often such tags are right;
    Escape closes it and the focus is where it was."""
    page = opened.page
    page.focus("#turn-4 .label >> nth=0")
    page.keyboard.press("Enter")
    box = page.locator(".tip:popover-open")
    text = box.inner_text()
    assert "What the codebook says of label." in text
    assert "by a rule, from the wording, with a confidence of 0.9 of 1" in text
    assert "Right 87 of 100 times" in text
    page.keyboard.press("Escape")
    assert box.count() == 0
    assert page.evaluate("document.activeElement.classList.contains('label')")
    assert opened.complaints == []


@pytest.mark.parametrize("width", [360, 768])
def test_the_player_fits_a_phone(browser: Any, write: Write, width: int) -> None:
    """Nothing scrolls sideways, the player stays in sight and is low, a box stays on the screen."""
    opened = Opened(browser, write(), viewport={"width": width, "height": 740})
    page = opened.page
    page.click("#turn-15 .play")
    opened.until("!a.paused")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    player = page.locator("#player").bounding_box()
    assert player["y"] + player["height"] <= 741
    assert player["height"] < 120
    page.click("#turn-15 .label >> nth=0")
    box = page.locator(".tip:popover-open").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] + box["height"] <= 740
    opened.context.close()


def test_following_shows_the_turn_that_sounds(opened: Opened) -> None:
    """Only where it is asked for does the page move along."""
    page = opened.page
    page.evaluate("scrollTo(0, 0)")
    page.evaluate("document.querySelector('audio').currentTime = 100")
    page.wait_for_selector(".turn[aria-current]")
    assert page.evaluate("scrollY") == 0
    page.check("#player-follow")
    page.evaluate("document.querySelector('audio').currentTime = 20")
    opened.wait("scrollY > 300")


def test_without_script_the_sound_is_still_there(browser: Any, write: Write) -> None:
    """The plain player shows; nothing that needs the script does."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(write().as_uri())
    assert page.locator("audio").is_visible()
    assert (
        page.locator("button.play:visible, #player-extras:visible, .playing:visible").count() == 0
    )
    context.close()


def test_print_has_no_player(opened: Opened) -> None:
    """Paper plays nothing."""
    opened.page.emulate_media(media="print")
    shown = "#player:visible, button.play:visible, .playing:visible, .tip:visible"
    assert opened.page.locator(shown).count() == 0
