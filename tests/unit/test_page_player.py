"""The page plays the call: where the sound is, what the policy allows, when words begin."""

from __future__ import annotations

import base64
from itertools import accumulate
from typing import Any

import page_reader
import polars as pl
import pytest
import report_builder as build
from hypothesis import given
from hypothesis import strategies as st
from page_reader import Element

from pipeline.stages.page import PageConfig, render, run
from pipeline.stages.page.player import sound, word_starts

MP3 = b"\xff\xf3 not much of a sound"


def html_of(audio: str, lines: tuple[build.Line, ...] = build.CALL, **changes: Any) -> str:
    """The page of a call with its words, played as `audio` says."""
    config = PageConfig(audio=audio)  # type: ignore[arg-type]
    given = {"transcribe": build.words(lines), "turns": build.turns(lines), "playback": MP3}
    return run(report=build.report(lines), config=config, **{**given, **changes})


def page_of(audio: str, lines: tuple[build.Line, ...] = build.CALL, **changes: Any) -> Element:
    return page_reader.read(html_of(audio, lines, **changes))


def policy(page: Element) -> dict[str, str]:
    """The page's policy by directive."""
    (text,) = [
        one.attributes["content"]
        for one in page.find("meta")
        if one.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    return dict(part.strip().split(" ", 1) for part in text.split(";"))


def times(element: Element) -> list[float]:
    """The seconds in data-w, read as the script reads them."""
    steps = [int(one) for one in element.attributes["data-w"].split(" ")]
    return [number / 100 for number in accumulate(steps)]


def test_a_linked_sound_is_the_file_beside_the_page() -> None:
    """The address is a bare name, and the policy lets in what lies where the page lies."""
    page = page_of("link")
    audio = page.one("audio")
    assert (audio.attributes["src"], audio.attributes["preload"]) == ("call.mp3", "metadata")
    assert "controls" in audio.attributes
    assert policy(page)["media-src"] == "'self'"
    assert "loads nothing but call.mp3 beside it" in page.one("footer").words


def test_an_embedded_sound_is_in_the_page() -> None:
    """The bytes are there, and the policy lets in nothing else."""
    page = page_of("embed")
    address = page.one("audio").attributes["src"]
    assert base64.b64decode(address.removeprefix("data:audio/mpeg;base64,")) == MP3
    assert policy(page)["media-src"] == "data:"


@pytest.mark.parametrize(
    ("audio", "changes"),
    [
        ("none", {}),
        ("link", {"transcribe": None}),
        ("link", {"turns": None}),
        ("embed", {"playback": None}),
        ("link", {"report": build.report(transcript={"format": "srt", "timed": False})}),
    ],
)
def test_where_nothing_can_be_played_nothing_says_so(audio: str, changes: dict[str, Any]) -> None:
    """No player, no button, no times, no rule in the policy, and no script for it."""
    if "report" in changes:
        found = sound(
            changes["report"],
            audio="link",
            words=build.words(),
            turns=build.turns(),
            mp3=None,
        )
        assert found is None
        return
    html = html_of(audio, **changes)
    page = page_reader.read(html)
    assert not page.find("audio")
    assert "media-src" not in policy(page)
    body = page.one("body")
    assert not [one for one in body.everything() if {"data-play", "data-w"} & one.attributes.keys()]
    assert "hear the call" not in body.words
    assert 'getElementById("player")' not in html


def test_each_turn_has_a_button_with_a_name() -> None:
    """A real button that says from when it plays; the words themselves are no stops."""
    page = page_of("link")
    buttons = page.one("ol", class_="turns").find("button", class_="play")
    assert len(buttons) == len(build.CALL)
    for button, line in zip(buttons, build.CALL, strict=True):
        assert float(button.attributes["data-play"]) == line.start_s
        minutes, seconds = divmod(int(line.start_s), 60)
        assert button.attributes["aria-label"] == f"Play from {minutes}:{seconds:02}"


def test_the_words_of_a_turn_have_their_starts() -> None:
    """As many starts as pieces between blanks, those of WORDS to a hundredth."""
    page = page_of("link")
    words = build.words()["start_ms"].to_list()
    found = [
        time for number in range(len(build.CALL)) for time in times(page.one(id=f"turn-{number}"))
    ]
    assert found == pytest.approx([start_ms / 1000 for start_ms in words], abs=0.0051)


def test_a_turn_whose_text_is_not_its_words_has_no_starts() -> None:
    """Rather no time for a word than a wrong one."""
    turns = build.turns().with_columns(
        text=pl.when(pl.col("turn") == 1).then(pl.lit("Other words.")).otherwise("text")
    )
    page = page_of("link", turns=turns)
    assert "data-w" not in page.one(id="turn-1").attributes
    assert "data-w" in page.one(id="turn-2").attributes


word = st.text(st.characters(exclude_characters=" ", exclude_categories=("Cs",)), min_size=1)
phrases = st.lists(
    st.tuples(st.lists(word, min_size=1, max_size=3), st.integers(0, 10**7)), min_size=1
)


@given(phrases)
def test_there_is_a_start_for_every_piece(spoken: list[tuple[list[str], int]]) -> None:
    """Whatever words are made of, blanks too, starts and pieces agree, and no error grows."""
    joined = [(" ".join(words), start_ms) for words, start_ms in spoken]
    starts = [number / 100 for number in accumulate(int(s) for s in word_starts(joined).split())]
    text = " ".join(text for text, _ in joined)
    assert len(starts) == len(text.split(" "))
    expected = [start_ms / 1000 for words, start_ms in spoken for _ in words]
    assert starts == pytest.approx(expected, abs=0.0051)


def test_the_name_of_a_tag_opens_what_it_means() -> None:
    """Each tag's button leads to one box of its tactic: definition and measured precision."""
    page = page_of("none")
    labels = page.one("ol", class_="turns").find("button", class_="label")
    assert len(labels) == len(build.report()["tactics"])
    targets = {one.attributes["popovertarget"] for one in labels}
    assert targets == {f"tip-{entry['tactic']}" for entry in build.report()["codebook"]}
    box = page.one(id="tip-label")
    assert "popover" in box.attributes
    assert "What the codebook says of label." in box.words
    assert "Right 87 of 100 times" in box.words
    assert labels[0].attributes["data-how"] == "rule 0.9"


def test_a_clip_is_a_button_where_the_page_has_sound() -> None:
    """The macro of moments and quotes: where to begin, where to stop, and in words what it is."""
    text = (
        '{% import "report_parts.html.jinja" as parts with context %}'
        '{{ parts.play(12.34, 20.1, "Play <b>0:12</b>") }}'
    )
    template = render._environment().from_string(text)
    button = page_reader.read(template.render(sound=True)).one("button")
    assert button.attributes == {
        "type": "button",
        "class": "play",
        "data-play": "12.34",
        "data-until": "20.10",
    }
    assert button.text == "Play <b>0:12</b>"
    assert template.render(sound=None) == ""


HOSTILE = '"><script>document.title=1</script>'


def test_hostile_words_stay_words() -> None:
    """What people say becomes no element and no attribute of the player."""
    lines = (build.line("S0", f"{HOSTILE} now", 0.0, 9.0, ("offer", HOSTILE)),)
    page, plain = (
        page_of("embed", lines),
        page_of("embed", (build.line("S0", "W now", 0.0, 9.0, ("offer", "W")),)),
    )
    assert [one.tag for one in page.everything()] == [one.tag for one in plain.everything()]
