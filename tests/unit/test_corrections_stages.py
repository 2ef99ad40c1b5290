"""Corrections carried into speech map and turns: what moves, what joins, what stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import builders as build
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import SPEECH, TURNS, WORDS
from pipeline.stages import diarize
from pipeline.stages import turns as turns_stage
from pipeline.stages.corrections import CorrectionsConfig, corrected_speech, corrected_turns

CONFIG = CorrectionsConfig()
Rows = list[tuple[Any, ...]]


def speech(*rows: tuple[str, int, int] | tuple[str, int, int, float]) -> pl.DataFrame:
    """A speech map of (speaker, start, end[, confidence]) on one track."""
    return pl.DataFrame(
        [
            {
                "speaker": row[0],
                "start_ms": row[1],
                "end_ms": row[2],
                "confidence": row[3] if len(row) > 3 else 0.5,
                "track": 0,
            }
            for row in rows
        ],
        schema=SPEECH,
        orient="row",
    )


def turns(*rows: tuple[str, int, int, str, Sequence[int]], kinds: str = "") -> pl.DataFrame:
    """Turns of (speaker, start, end, text, words); `kinds` has a b for each backchannel."""
    return pl.DataFrame(
        [
            {
                "turn": number,
                "speaker": speaker,
                "start_ms": start_ms,
                "end_ms": end_ms,
                "text": text,
                "words": list(words),
                "overlap_ms": 0,
                "kind": "backchannel" if kinds[number : number + 1] == "b" else "turn",
            }
            for number, (speaker, start_ms, end_ms, text, words) in enumerate(rows)
        ],
        schema=TURNS,
        orient="row",
    )


def words(count: int) -> pl.DataFrame:
    """Words w0, w1, ...; only their texts matter here."""
    row = {"start_ms": 0, "end_ms": 1, "probability": 1.0, "track": 0, "language": "en"}
    rows = [{**row, "word": n, "text": f"w{n}", "doubt": ""} for n in range(count)]
    return pl.DataFrame(rows, schema=WORDS)


def told(*turns: tuple[int, str], merges: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
    """A document of corrections."""
    return {"turns": [list(pair) for pair in turns], "merges": [list(pair) for pair in merges]}


def moved_speech(found: pl.DataFrame, said: pl.DataFrame, what: dict[str, Any]) -> Rows:
    """Speaker, start and end of the corrected map."""
    frame = corrected_speech(corrections=what, diarize=found, turns=said, config=CONFIG)
    diarize.check(frame)
    return frame.select("speaker", "start_ms", "end_ms").rows()


def moved_turns(said: pl.DataFrame, found: pl.DataFrame, what: dict[str, Any]) -> pl.DataFrame:
    """The corrected turns, checked."""
    mapped = corrected_speech(corrections=what, diarize=found, turns=said, config=CONFIG)
    frame = corrected_turns(
        corrections=what,
        turns=said,
        transcribe=words(100),
        corrected_speech=mapped,
        config=CONFIG,
    )
    turns_stage.check(frame)
    return frame


# --- speech


def test_a_moved_turns_speech_is_its_new_speakers() -> None:
    """S1 speaks 0-10 s; the turn of 4-7 s is S2's: the map is cut at both edges."""
    said = turns(("S1", 4000, 7000, "w0", [0]))
    found = moved_speech(speech(("S1", 0, 10_000)), said, told((0, "S2")))
    assert found == [("S1", 0, 4000), ("S2", 4000, 7000), ("S1", 7000, 10_000)]


def test_only_the_turns_own_speaker_gives_speech_away() -> None:
    """What S3 says during the moved turn stays S3's, whatever is moved."""
    said = turns(("S1", 0, 5000, "w0", [0]))
    found = moved_speech(speech(("S1", 0, 5000), ("S3", 1000, 2000)), said, told((0, "S2")))
    assert found == [("S2", 0, 5000), ("S3", 1000, 2000)]


def test_a_merged_speakers_speech_is_united() -> None:
    """S1 0-4, S3 3-6 and S3 8-9 are S1 0-6 and 8-9: nothing is counted twice."""
    found = moved_speech(
        speech(("S1", 0, 4000), ("S3", 3000, 6000), ("S3", 8000, 9000)),
        turns(),
        told(merges=[("S3", "S1")]),
    )
    assert found == [("S1", 0, 6000), ("S1", 8000, 9000)]


def test_a_united_stretch_is_as_sure_as_its_parts() -> None:
    """3 s at 0.9 and 1 s at 0.5 have the mean (3 x 0.9 + 1 x 0.5) / 4 = 0.8."""
    frame = corrected_speech(
        corrections=told(merges=[("S3", "S1")]),
        diarize=speech(("S1", 0, 3000, 0.9), ("S3", 3000, 4000, 0.5)),
        turns=turns(),
        config=CONFIG,
    )
    assert frame["confidence"].to_list() == pytest.approx([0.8])


def test_speech_on_two_tracks_stays_apart() -> None:
    """A moved turn is still heard on its own channel."""
    found = speech(("S1", 0, 2000), ("S2", 1000, 3000)).with_columns(
        track=pl.Series([0, 1], dtype=pl.UInt8)
    )
    frame = corrected_speech(
        corrections=told(merges=[("S2", "S1")]), diarize=found, turns=turns(), config=CONFIG
    )
    assert frame.select("speaker", "track").rows() == [("S1", 0), ("S1", 1)]


def test_turns_move_before_voices_merge() -> None:
    """A turn given to S3 is S1's once S3 is S1."""
    said = turns(("S2", 0, 1000, "w0", [0]))
    found = moved_speech(speech(("S2", 0, 1000)), said, told((0, "S3"), merges=[("S3", "S1")]))
    assert found == [("S1", 0, 1000)]


# --- turns


def test_neighbours_of_one_speaker_become_one_turn() -> None:
    """A, B, A: with B's turn given to A there is one turn, its words in order of time."""
    said = turns(
        ("S1", 0, 1000, "w0 w1", [0, 1]),
        ("S2", 1500, 2000, "w2", [2]),
        ("S1", 2500, 3000, "w3", [3]),
    )
    found = speech(("S1", 0, 1000), ("S2", 1500, 2000), ("S1", 2500, 3000))
    (row,) = moved_turns(said, found, told((1, "S1"))).to_dicts()
    assert (row["turn"], row["speaker"], row["start_ms"], row["end_ms"]) == (0, "S1", 0, 3000)
    assert (row["text"], row["words"]) == ("w0 w1 w2 w3", [0, 1, 2, 3])


def test_a_backchannel_between_does_not_part_a_merged_turn() -> None:
    """S1, S2's "mhm", S3: with S3 being S1 they are one turn and the backchannel."""
    said = turns(
        ("S1", 0, 1000, "w0", [0]),
        ("S2", 900, 1100, "w1", [1]),
        ("S3", 1200, 2000, "w2", [2]),
        kinds="tbt",
    )
    frame = moved_turns(
        said,
        speech(("S1", 0, 1000), ("S2", 900, 1100), ("S3", 1200, 2000)),
        told(merges=[("S3", "S1")]),
    )
    assert frame.select("turn", "speaker", "text", "kind").rows() == [
        (0, "S1", "w0 w2", "turn"),
        (1, "S2", "w1", "backchannel"),
    ]
    assert frame["overlap_ms"].to_list() == [200, 100]


def test_a_turn_between_keeps_turns_apart() -> None:
    """S1, S2, S3: merging S1 and S3 leaves three turns, since S2 took the floor."""
    said = turns(
        ("S1", 0, 1000, "w0", [0]), ("S2", 1200, 2000, "w1", [1]), ("S3", 2200, 3000, "w2", [2])
    )
    frame = moved_turns(said, speech(("S1", 0, 1000)), told(merges=[("S3", "S1")]))
    assert frame["speaker"].to_list() == ["S1", "S2", "S1"]


def test_what_was_apart_and_is_not_touched_stays_apart() -> None:
    """Two backchannels of S2 inside S1's long turn are two, though nothing lies between them."""
    said = turns(
        ("S1", 0, 9000, "w0 w1 w2", [0, 2, 4]),
        ("S2", 2000, 2300, "w1", [1]),
        ("S2", 5000, 5300, "w3", [3]),
        ("S3", 9500, 9900, "w5", [5]),
        kinds="tbbt",
    )
    frame = moved_turns(said, speech(("S1", 0, 9000)), told((3, "S4")))
    assert frame.drop("speaker", "overlap_ms").rows() == said.drop("speaker", "overlap_ms").rows()
    assert frame["speaker"].to_list() == ["S1", "S2", "S2", "S4"]


def test_a_backchannel_given_to_the_one_who_talks_joins_the_turn() -> None:
    """The "mhm" was S1's own: the turn has its word, in its place."""
    said = turns(("S1", 0, 9000, "w0 w2", [0, 2]), ("S2", 2000, 2300, "w1", [1]), kinds="tb")
    frame = moved_turns(said, speech(("S1", 0, 9000)), told((1, "S1")))
    assert frame.select("text", "kind", "end_ms").rows() == [("w0 w1 w2", "turn", 9000)]


def test_overlap_follows_the_corrected_map() -> None:
    """S2 talks over S1 for 0.5 s; given the turn before, S2 overlaps nobody."""
    said = turns(("S1", 0, 2000, "w0", [0]), ("S2", 1500, 3000, "w1", [1]))
    found = speech(("S1", 0, 2000), ("S2", 1500, 3000))
    untouched = moved_turns(said, found, told(merges=[("S9", "S8")]))
    assert untouched["overlap_ms"].to_list() == [500, 500]
    assert moved_turns(said, found, told((0, "S2")))["overlap_ms"].to_list() == [0]


# --- any correction

CALL_TURNS, CALL_SPEECH = build.turns(build.LIVELY), build.speech(build.LIVELY)
CALL_WORDS = build.words(build.LIVELY)
SOMEBODY = st.sampled_from(["S1", "S2", "S3"])


@given(
    moves=st.dictionaries(st.integers(0, CALL_TURNS.height - 1), SOMEBODY),
    merges=st.sampled_from([[], [("S2", "S1")], [("S3", "S1")], [("S1", "S2"), ("S3", "S2")]]),
)
def test_nothing_is_lost_or_said_twice(
    moves: dict[int, str], merges: list[tuple[str, str]]
) -> None:
    """Whatever is corrected: every word is in one turn as before, whose speaker is as told; when
    anybody speaks stays; and both frames keep the checks of the stages they stand for."""
    what = told(*sorted(moves.items()), merges=merges)
    mapped = corrected_speech(
        corrections=what, diarize=CALL_SPEECH, turns=CALL_TURNS, config=CONFIG
    )
    frame = corrected_turns(
        corrections=what,
        turns=CALL_TURNS,
        transcribe=CALL_WORDS,
        corrected_speech=mapped,
        config=CONFIG,
    )
    diarize.check(mapped)
    turns_stage.check(frame)
    assert spoken(mapped) == spoken(CALL_SPEECH)
    root = dict(merges)
    expected = {
        word: root.get(
            moves.get(row["turn"], row["speaker"]), moves.get(row["turn"], row["speaker"])
        )
        for row in CALL_TURNS.iter_rows(named=True)
        for word in row["words"]
    }
    assert {
        word: row["speaker"] for row in frame.iter_rows(named=True) for word in row["words"]
    } == expected
    texts = CALL_WORDS["text"].to_list()
    for row in frame.iter_rows(named=True):
        assert row["text"] == " ".join(texts[word] for word in row["words"])


def spoken(found: pl.DataFrame) -> set[int]:
    """The tenths of seconds in which anybody speaks."""
    return {
        tenth
        for start_ms, end_ms in found.select("start_ms", "end_ms").iter_rows()
        for tenth in range(start_ms // 100, end_ms // 100)
    }


def test_no_correction_changes_nothing() -> None:
    """An empty document gives the frames back, but for what touches in the map."""
    mapped = corrected_speech(
        corrections=told(), diarize=CALL_SPEECH, turns=CALL_TURNS, config=CONFIG
    )
    frame = corrected_turns(
        corrections=told(),
        turns=CALL_TURNS,
        transcribe=CALL_WORDS,
        corrected_speech=mapped,
        config=CONFIG,
    )
    assert frame.drop("overlap_ms").equals(CALL_TURNS.drop("overlap_ms"))
    assert mapped.equals(CALL_SPEECH.sort("start_ms", "end_ms", "speaker"))


def test_a_call_without_words_is_corrected_too() -> None:
    """No turn and no speech give empty frames of the right form."""
    what = told(merges=[("S2", "S1")])
    frame = moved_turns(turns(), speech(), what)
    assert (frame.height, frame.schema) == (0, TURNS)
