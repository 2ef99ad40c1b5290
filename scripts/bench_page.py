"""Size of a long call's page, and how soon a browser can use it."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipeline.records import PLAYBACK_NAME, SAMPLE_RATE_HZ, TURNS, WORDS, Track
from pipeline.stages import playback
from pipeline.stages.page import PageConfig, run

RUNS = 5
GROWN = ("turns", "speech", "tactics", "questions", "offers", "leanings", "vague_promises", "pace")
HEADING = """# The page of a long call
Made by `scripts/bench_page --out reports/page.md`: the example's call again and again until two
hours are full, opened from disk in fresh contexts of headless Chromium, on two cores. Milliseconds
are the median of five openings, the fastest and the slowest in brackets. Goals of issue 5: under
3 MB without audio, and interactive in under 2 s.

"""
EXAMPLE = Path(__file__).parents[1] / "reports" / "example" / "report.json"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SEARCH = """(letters) => {
  const field = document.getElementById("filter-text");
  const begun = performance.now();
  field.value = letters;
  field.dispatchEvent(new Event("input"));
  document.body.offsetHeight;
  return performance.now() - begun;
}"""
OPENED = """() => {
  const [page] = performance.getEntriesByType("navigation");
  return [page.domInteractive, page.domComplete, page.loadEventEnd];
}"""


def main() -> None:
    """Print the page's size, then the times of several fresh openings, each a median.

    With --out, write them to that file as well.
    """
    options = _options()
    report = long_report(json.loads(EXAMPLE.read_text("utf-8")), hours=options.hours)
    words = timed_words(report)
    begun_s = time.monotonic()
    page = run(
        report=report, config=PageConfig(), transcribe=words, turns=turn_frame(report)
    ).encode()
    made_s = time.monotonic() - begun_s
    lines = [
        f"{options.hours:g} h, {len(report['turns'])} turns, {words.height} words, "
        f"{len(report['tactics'])} tags, {len(report['questions'])} questions",
        f"page without sound: {len(page) / 1e6:.2f} MB, made in {made_s:.1f} s",
        *times(page),
    ]
    print("\n".join(lines))
    if options.out:
        listed = "".join(f"- {line}\n" for line in lines)
        options.out.write_text(HEADING + listed, encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0, help="length of the call")
    parser.add_argument("--out", type=Path, help="write the figures to this file too")
    return parser.parse_args()


def long_report(report: Mapping[str, Any], *, hours: float) -> dict[str, Any]:
    """The report with its call again and again until it is that long."""
    length_s = report["recording"]["duration_s"]
    repeats = max(round(hours * 3600 / length_s), 1)
    count = len(report["turns"])
    grown = {
        name: [
            shifted(one, by_s=number * length_s, by_turns=number * count)
            for number in range(repeats)
            for one in report[name]
        ]
        for name in GROWN
    }
    recording = {**report["recording"], "duration_s": repeats * length_s}
    return {**report, **grown, "recording": recording}


def shifted(entry: Mapping[str, Any], *, by_s: float, by_turns: int) -> dict[str, Any]:
    """An entry of a report, said later."""
    later = {name: entry[name] + by_s for name in ("start_s", "end_s") if name in entry}
    places = ("index", "turn", "request_turn")
    turn = {name: entry[name] + by_turns for name in places if entry.get(name) is not None}
    reply = entry.get("reply")
    answered = {"reply": shifted(reply, by_s=by_s, by_turns=by_turns)} if reply else {}
    return {**entry, **later, **turn, **answered}


def timed_words(report: Mapping[str, Any]) -> pl.DataFrame:
    """The words of the turns (WORDS), spread evenly over each."""
    rows = []
    for turn in report["turns"]:
        texts = turn["text"].split(" ")
        step_ms = (turn["end_s"] - turn["start_s"]) * 1000 / len(texts)
        for place, text in enumerate(texts):
            start_ms = round(turn["start_s"] * 1000 + place * step_ms)
            rows.append((len(rows), start_ms, start_ms, text, 0.9, 0, "en", ""))
    return pl.DataFrame(rows, schema=WORDS, orient="row")


def turn_frame(report: Mapping[str, Any]) -> pl.DataFrame:
    """The turns as TURNS, over `timed_words`."""
    rows, first = [], 0
    for turn in report["turns"]:
        count = len(turn["text"].split(" "))
        span_ms = [round(turn[name] * 1000) for name in ("start_s", "end_s")]
        ids = list(range(first, first + count))
        rows.append((turn["index"], turn["speaker"], *span_ms, turn["text"], ids, 0, turn["kind"]))
        first += count
    return pl.DataFrame(rows, schema=TURNS, orient="row")


def times(page: bytes) -> Iterator[str]:
    """Open the page from disk in fresh contexts; what it took in milliseconds, a line each.

    The median of several openings, the fastest and the slowest.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        sys.exit("no Chromium on this machine: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        path = Path(folder) / "report.html"
        path.write_bytes(page)
        write_silence(path.with_name(PLAYBACK_NAME))
        browser = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        runs = [opening(browser, path) for _ in range(RUNS)]
        browser.close()
    for name in runs[0]:
        found = [one[name] for one in runs]
        yield f"{name}: {statistics.median(found):.0f} ms ({min(found):.0f} to {max(found):.0f})"


def write_silence(path: Path) -> None:
    """A second of sound, for the page to find beside it."""
    track = Track(
        samples=np.zeros((1, SAMPLE_RATE_HZ), np.int16),
        channels=1,
        sample_rate_hz=SAMPLE_RATE_HZ,
        codec="pcm",
        container="wav",
        truncated=False,
    )
    playback.run(audio=track, out=path, config=playback.PlaybackConfig())


def opening(browser: Any, path: Path) -> dict[str, float]:
    """One opening: until the script has run, until a search for a word, and one for a letter."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, offline=True)
    page = context.new_page()
    begun_s = time.monotonic()
    page.goto(path.as_uri())
    page.mouse.move(600, 450)
    page.evaluate("document.body.offsetHeight")
    usable_ms = (time.monotonic() - begun_s) * 1000
    parsed, complete, _ = page.evaluate(OPENED)
    took = {
        "parsed": parsed,
        "complete, script run": complete,
        "laid out and answering": usable_ms,
        "search of a word": page.evaluate(SEARCH, "salary"),
        "search of a letter": page.evaluate(SEARCH, "e"),
        "all shown again": page.evaluate(SEARCH, ""),
    }
    context.close()
    return took


if __name__ == "__main__":
    main()
