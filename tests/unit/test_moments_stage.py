"""The stage moments on whole calls: what it hands to the report, and calls that are odd."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from time import perf_counter
from typing import Any

import jsonschema
import polars as pl
import pytest
import report_builder as build
from hypothesis import given, settings
from hypothesis import strategies as st
from moments_talks import BOOK, RULES, Line, line, promise, talk

from pipeline.stages.moments import CLIP_AFTER_MS, MAX_CLIP_MS, MomentsConfig, run

SCHEMA = json.loads((files("pipeline") / "schemas" / "report.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
CONFIG = MomentsConfig(rulebook=BOOK)
THREAT = line("A", "Pay 100 or I walk.", "threat")
"""Five words from 0.6 to 2.1 s."""
CALL = (
    line("B", "We can pay 90.", "offer", ledger=(("anchor", "salary", 90e3, "90"),)),
    line("A", "Great. I'll take it.", "premature_acceptance: I'll take it"),
    line("B", "I'm really worried about June."),
    line("A", "Could you maybe send me the list?", "hedged_ask"),
    line("B", "Sure. We'll look at that some time."),
    line("A", "What would get us to 100?", "calibrated_question"),
    line("B", "I could do 97.", "concession"),
    line("A", "Thank you all the same.", "positive_close"),
)
PROMISE = promise(4, "We'll look at that some time.", CALL[4].text)
ODD = (
    "{turned}",
    "{0.__class__}",
    "{",
    "%s",
    "<script>alert(1)</script>",
    "؟مرحبا بالعالم",
    "‮evil‬",
    "😟👩‍👩‍👧",
    "\x00",
    "a" * 5_000,
    ".",
    "'",
    "$",
)


def _run(
    *lines: Line,
    promises: Sequence[dict[str, Any]] = (),
    gaps_s: Sequence[float] = (),
    timed: bool = True,
) -> list[dict[str, Any]]:
    frames = talk(*lines, gaps_s=gaps_s, timed=timed)
    found = run(**frames, replies={"vague_promises": list(promises)}, config=CONFIG)
    moments: list[dict[str, Any]] = found["moments"]
    return moments


def _of(speaker: str, moments: Sequence[dict[str, Any]]) -> list[str]:
    return [one["rule"] for one in moments if one["speaker"] == speaker]


def test_a_call_has_the_moments_of_each_speaker() -> None:
    """By speaker in the order of first turns, best first, each with all that the page shows."""
    found = _run(*CALL, promises=[PROMISE])
    speakers = [one["speaker"] for one in found]
    assert speakers == sorted(speakers, reverse=True)
    assert _of("A", found)[0] == "first_offer_accepted"
    assert set(_of("A", found)) >= {"vague_promise", "hedged_ask", "question_moved_them"}
    asked = next(one for one in found if one["rule"] == "question_moved_them")
    assert asked["reply"]["speaker"] == "B"
    assert asked["reply"]["quote"] == "I could do 97."
    assert asked["why"] == RULES["question_moved_them"].why
    assert asked["sources"] == list(RULES["question_moved_them"].sources)


def test_the_moments_fit_the_report() -> None:
    """As a report of one speaker holds them, with times and without."""
    for timed in (True, False):
        own = [one for one in _run(*CALL, promises=[PROMISE], timed=timed) if one["speaker"] == "A"]
        assert own
        VALIDATOR.validate(build.report(moments=own))
        assert json.loads(json.dumps(own)) == own


def test_a_quote_is_what_its_place_says() -> None:
    """text[start_char:end_char] of its turn."""
    for one in _run(*CALL, promises=[PROMISE]):
        text = CALL[one["turn"]].text
        assert text[one["start_char"] : one["end_char"]] == one["quote"]


def test_without_times_there_is_no_clip() -> None:
    """Nobody knows when it was said: null, for the reply too."""
    found = _run(*CALL, promises=[PROMISE], timed=False)
    assert found
    assert {one["start_s"] for one in found} | {one["end_s"] for one in found} == {None}
    assert {one["reply"]["start_s"] for one in found if one["reply"]} == {None}


@pytest.mark.parametrize("language", ["de", "es"])
def test_another_language_has_no_moments(language: str) -> None:
    """Its tactics are not known."""
    frames = talk(THREAT)
    words = frames["transcribe"].with_columns(language=pl.lit(language))
    found = run(**frames | {"transcribe": words}, replies={"vague_promises": []}, config=CONFIG)
    assert found == {"moments": []}


def test_an_empty_call_has_no_moments() -> None:
    """No words, no turns."""
    frames = {name: frame.clear() for name, frame in talk(THREAT).items()}
    found = run(**frames, replies={"vague_promises": []}, config=CONFIG)
    assert found == {"moments": []}


def test_no_rules_find_nothing() -> None:
    """The settings' default has none."""
    found = run(**talk(*CALL), replies={"vague_promises": []}, config=MomentsConfig())
    assert found == {"moments": []}


def test_a_call_of_backchannels_has_no_moments() -> None:
    """They take no floor, whatever is tagged in them."""
    assert _run(line("A", "Mhm.", "threat", kind="backchannel")) == []


# --- stray words


@pytest.mark.parametrize(
    ("between", "found"),
    [
        (line("B", "Yeah."), True),
        (line("B", "Oh well."), True),
        (line("B", "Oh well then."), False),
        (line("B", "No.", "reject"), False),
        (line("B", "90.", ledger=(("anchor", "salary", 90e3, "90"),)), False),
    ],
)
def test_a_stray_word_takes_no_floor(between: Line, *, found: bool) -> None:
    """Two words that say nothing, within a sentence of the other's, end no stretch.

    So what comes behind them is still of the question that A began before.
    """
    split = (
        line("A", "My first words are", "elicit_preference"),
        between,
        line("A", "what matters to you?"),
        line("B", "My people, quiet evenings, holidays and no calls ever."),
    )
    assert ("interests_found" in _of("A", _run(*split))) is found


def test_a_word_after_a_full_stop_is_an_answer() -> None:
    """The same word where the other's sentence has ended takes the floor."""
    split = (
        line("A", "What matters to you?", "elicit_preference"),
        line("B", "Yeah."),
        line("A", "Go on."),
        line("B", "My people, quiet evenings, holidays and no calls ever."),
    )
    assert "interests_found" not in _of("A", _run(*split))


# --- clips


def test_a_clip_ends_a_little_behind_the_next_turn() -> None:
    """From the quote's first word at 0.6 s to the end of the answer at 3.0 s, and 1.5 s more."""
    (threat,) = [one for one in _run(THREAT, line("B", "No.")) if one["rule"] == "threat_made"]
    assert CLIP_AFTER_MS == 1_500
    assert (threat["start_s"], threat["end_s"]) == (0.6, 4.5)


def test_a_clip_at_the_end_of_the_call() -> None:
    """Nothing comes after: the end of the quote at 2.1 s, and 1.5 s more."""
    (threat,) = _run(THREAT)
    assert (threat["start_s"], threat["end_s"]) == (0.6, 3.6)


def test_a_clip_is_never_longer_than_half_a_minute() -> None:
    """Whatever the answer is."""
    (threat,) = [
        one
        for one in _run(THREAT, line("B", "No. " + "word " * 200))
        if one["rule"] == "threat_made"
    ]
    assert MAX_CLIP_MS == 30_000
    assert (threat["start_s"], threat["end_s"]) == (0.6, 30.6)


# --- what is odd


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_hostile_words_crash_nothing_and_fill_nothing_in(odd: str) -> None:
    """Whatever people say, quotes are theirs to the letter, and lines are still lines.

    A quote goes from its first word to its last, so that signs around it may be left out.
    """
    found = _run(
        line("B", f"I'm worried about {odd} so much."),
        line("A", f"Could you maybe send me {odd} now?", "hedged_ask"),
        line("B", f"Sure. We'll see {odd} some time."),
        line("A", odd, "threat"),
        promises=[
            {**PROMISE, "turn": 2, "start_char": 0, "end_char": 5},
        ],
    )
    assert {"hedged_ask", "threat_made", "vague_promise"} <= set(_of("A", found))
    for one in found:
        assert "<class" not in (one["suggestion"] or "")
    threat = next(one for one in found if one["rule"] == "threat_made")
    assert threat["quote"]
    assert threat["quote"] in odd


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("AB"), st.text(min_size=1, max_size=40)), max_size=8))
def test_any_text_with_any_tag_gives_moments_that_fit(said: list[tuple[str, str]]) -> None:
    """No text of a turn breaks the stage, and what it gives fits the schema."""
    tags = ("threat", "hedged_ask", "offer", "premature_acceptance", "boundary")
    lines = [line(who, text, *tags) for who, text in said if _is_word(text)]
    own = [one for one in _run(*lines or [THREAT]) if one["speaker"] == "A"]
    VALIDATOR.validate(build.report(moments=own))


def _is_word(text: str) -> bool:
    """Whether a talk can be made of it: some word, and no mark of a pause."""
    return bool(text.split()) and "{" not in text


@pytest.mark.parametrize("turn", [4, 99, 2**31])
@pytest.mark.parametrize("request_turn", [None, 0, 99])
def test_promises_of_turns_that_are_not_on_the_floor(turn: int, request_turn: int | None) -> None:
    """A promise in a backchannel, or of a turn that is not there, is no moment and no error."""
    odd = {**PROMISE, "turn": turn, "request_turn": request_turn}
    lines = [*CALL[:4], line("B", CALL[4].text, kind="backchannel"), *CALL[5:]]
    assert "vague_promise" not in _of("A", _run(*lines, promises=[odd]))


@pytest.mark.parametrize("request_turn", [99, 7])
def test_a_promise_asked_about_in_a_turn_that_is_not_there(request_turn: int) -> None:
    """It is a moment still; the last turn of the call has no answer."""
    found = _run(*CALL, promises=[{**PROMISE, "request_turn": request_turn}])
    (vague,) = [one for one in found if one["rule"] == "vague_promise"]
    assert vague["quote"] == PROMISE["quote"]


def test_turns_of_ten_thousand_words_are_fast() -> None:
    """Monologues with a feeling, an ask and a limit in them take seconds."""
    long = "I am worried about the plan and we have no money, so maybe we could talk " * 650
    start_s = perf_counter()
    found = _run(
        line("B", long),
        line("A", long, "hedged_ask", "boundary", "threat"),
        line("B", long.replace(",", ".")),
        line("A", long.replace(",", " "), "hedged_ask", "direct_ask"),
    )
    assert found
    assert perf_counter() - start_s < 15
