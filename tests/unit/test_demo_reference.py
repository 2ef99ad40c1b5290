"""The demo call's reference agrees with itself, with the codebook and with its audio files."""

from __future__ import annotations

import itertools
import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import av
import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "data" / "demo_call"
CODEBOOK = ROOT / "configs" / "tactics.toml"
CHANNEL_COUNTS = {"demo_call_stereo.ogg": 2, "demo_call_mono.ogg": 1}
ROUNDING_S = 0.002
QUESTIONS = ("open_question", "closed_question")
FIRST_SET = {
    *QUESTIONS,
    *("calibrated_question", "label", "mirror", "paraphrase", "acknowledgement", "gratitude"),
    *("offer", "hedged_ask", "boundary", "objective_criteria", "conditional_trade"),
    *("alternative", "threat", "accept", "reject"),
}

Reference = dict[str, Any]


@pytest.fixture(scope="module")
def reference() -> Reference:
    """The committed reference, parsed."""
    return json.loads((FOLDER / "reference.json").read_text(encoding="utf-8"))


def rows_of(reference: Reference, table: str, *, turn: int) -> list[dict[str, Any]]:
    """The rows of one table that belong to one turn."""
    return [row for row in reference[table] if row["turn"] == turn]


def tag_counts(reference: Reference, *, speaker: str) -> Counter[str]:
    """How often each tactic is tagged on a speaker's turns."""
    return Counter(row["tactic"] for row in reference["tactics"] if row["speaker"] == speaker)


def overlaps(row: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two rows with times share some of it."""
    return row["start_s"] < other["end_s"] and other["start_s"] < row["end_s"]


def test_turns_are_numbered_in_the_order_they_start(reference: Reference) -> None:
    """Turn indexes count up from 0 and starts never go back."""
    turns = reference["turns"]
    assert [turn["index"] for turn in turns] == list(range(len(turns)))
    assert turns == sorted(turns, key=lambda turn: turn["start_s"])


def test_turns_lie_inside_the_call(reference: Reference) -> None:
    """Every turn has a length, starts after 0 and ends before the audio does."""
    for turn in reference["turns"]:
        assert 0 <= turn["start_s"] < turn["end_s"] <= reference["duration_s"], turn


def test_words_make_up_their_turns(reference: Reference) -> None:
    """A turn's words, joined by blanks, are its text, and span exactly its time."""
    for turn in reference["turns"]:
        words = rows_of(reference, "words", turn=turn["index"])
        assert " ".join(word["text"] for word in words) == turn["text"]
        assert (words[0]["start_s"], words[-1]["end_s"]) == (turn["start_s"], turn["end_s"])


def test_words_of_a_turn_follow_each_other(reference: Reference) -> None:
    """Each word has a length, belongs to its turn's speaker and ends before the next starts."""
    for turn in reference["turns"]:
        words = rows_of(reference, "words", turn=turn["index"])
        assert {word["speaker"] for word in words} == {turn["speaker"]}
        assert all(word["start_s"] < word["end_s"] for word in words)
        assert all(a["end_s"] <= b["start_s"] for a, b in itertools.pairwise(words))


def test_no_word_is_left_out_of_the_turns(reference: Reference) -> None:
    """Words are sorted by start and all of them belong to a turn."""
    starts_s = [word["start_s"] for word in reference["words"]]
    assert starts_s == sorted(starts_s)
    assert len(starts_s) == sum(len(turn["text"].split()) for turn in reference["turns"])


def test_speech_intervals_are_split_only_at_long_pauses(reference: Reference) -> None:
    """A speaker's intervals are sorted, and the pauses between them reach speech_split_s."""
    for intervals in reference["speech"].values():
        assert all(row["start_s"] < row["end_s"] for row in intervals)
        for before, after in itertools.pairwise(intervals):
            pause_s = after["start_s"] - before["end_s"]
            assert pause_s >= reference["speech_split_s"] - ROUNDING_S


def test_speech_is_where_the_words_are(reference: Reference) -> None:
    """Every word lies in one speech interval of its speaker, and none is without words."""
    held: Counter[tuple[str, int]] = Counter()
    for word in reference["words"]:
        intervals = reference["speech"][word["speaker"]]
        inside = [i for i, row in enumerate(intervals) if contains(row, word)]
        assert len(inside) == 1, word
        held[word["speaker"], inside[0]] += 1
    assert len(held) == sum(map(len, reference["speech"].values()))


def contains(interval: dict[str, Any], word: dict[str, Any]) -> bool:
    """Whether the word lies inside the interval, ends included."""
    return interval["start_s"] <= word["start_s"] and word["end_s"] <= interval["end_s"]


def test_talk_time_is_the_length_of_the_speech(reference: Reference) -> None:
    """talk_time_s is the sum of a speaker's intervals; the ratios are shares of it and add to 1."""
    total_s = sum(speaker["talk_time_s"] for speaker in reference["speakers"])
    for speaker in reference["speakers"]:
        intervals = reference["speech"][speaker["name"]]
        length_s = sum(row["end_s"] - row["start_s"] for row in intervals)
        assert speaker["talk_time_s"] == pytest.approx(length_s, abs=len(intervals) * ROUNDING_S)
        assert speaker["talk_ratio"] == pytest.approx(speaker["talk_time_s"] / total_s, abs=1e-4)
    ratios = [speaker["talk_ratio"] for speaker in reference["speakers"]]
    assert sum(ratios) == pytest.approx(1.0, abs=1e-4)


def test_speaker_counts_match_the_rows(reference: Reference) -> None:
    """Words, turns and backchannels counted per speaker are those of the tables."""
    for speaker in reference["speakers"]:
        name = speaker["name"]
        kinds = Counter(t["kind"] for t in reference["turns"] if t["speaker"] == name)
        assert (kinds["turn"], kinds["backchannel"]) == (
            speaker["turn_count"],
            speaker["backchannel_count"],
        )
        assert speaker["word_count"] == sum(w["speaker"] == name for w in reference["words"])


def test_question_counts_match_the_tags(reference: Reference) -> None:
    """question_count is the open and closed questions tagged, each question once."""
    for speaker in reference["speakers"]:
        tags = tag_counts(reference, speaker=speaker["name"])
        counted = [speaker[f"{tactic}_count"] for tactic in QUESTIONS]
        assert counted == [tags[tactic] for tactic in QUESTIONS]
        assert speaker["question_count"] == sum(counted)


def test_no_question_is_both_open_and_closed(reference: Reference) -> None:
    """The same stretch of a turn is never tagged open and closed."""
    spans = Counter(
        (row["turn"], row["start_char"])
        for row in reference["tactics"]
        if row["tactic"] in QUESTIONS
    )
    assert set(spans.values()) == {1}


def test_calibrated_questions_are_open(reference: Reference) -> None:
    """Whatever is tagged calibrated_question is tagged open_question too."""
    spans = {
        tactic: {(r["turn"], r["quote"]) for r in reference["tactics"] if r["tactic"] == tactic}
        for tactic in ("calibrated_question", "open_question")
    }
    assert spans["calibrated_question"] <= spans["open_question"]


@pytest.mark.parametrize(("table", "text"), [("tactics", "quote"), ("offers", "text")])
def test_quotes_are_the_text_at_their_offsets(reference: Reference, table: str, text: str) -> None:
    """A quote equals its turn's text between start_char and end_char, and is its speaker's."""
    for row in reference[table]:
        turn = reference["turns"][row["turn"]]
        assert row[text]
        assert turn["text"][row["start_char"] : row["end_char"]] == row[text]
        assert turn["speaker"] == row["speaker"]


def test_tactics_are_ids_of_the_codebook(reference: Reference) -> None:
    """No tag uses an id the codebook does not have."""
    codebook = tomllib.loads(CODEBOOK.read_text(encoding="utf-8"))
    known = {tactic["id"] for tactic in codebook["tactic"]}
    assert {row["tactic"] for row in reference["tactics"]} <= known


def test_every_tactic_of_the_first_set_occurs(reference: Reference) -> None:
    """The call has at least one example of each tactic the first rules look for."""
    assert {row["tactic"] for row in reference["tactics"]} >= FIRST_SET


def test_dynamic_silences_last_two_seconds(reference: Reference) -> None:
    """After a turn tagged dynamic_silence nobody speaks for 2 s, then the other side does."""
    for row in reference["tactics"]:
        if row["tactic"] == "dynamic_silence":
            own, answer = reference["turns"][row["turn"] : row["turn"] + 2]
            assert answer["start_s"] - own["end_s"] >= 2.0
            assert answer["speaker"] != own["speaker"]


def test_an_interruption_cuts_off_the_other_side(reference: Reference) -> None:
    """A turn tagged interruption starts while the other side's turn before it still runs."""
    tagged = [row for row in reference["tactics"] if row["tactic"] == "interruption"]
    assert tagged
    for row in tagged:
        before, own = reference["turns"][row["turn"] - 1 : row["turn"] + 1]
        assert overlaps(before, own)
        assert before["end_s"] < own["end_s"]


def test_backchannels_fall_inside_a_turn_of_the_other_side(reference: Reference) -> None:
    """Each backchannel starts and ends while the other side holds the floor."""
    turns = [turn for turn in reference["turns"] if turn["kind"] == "turn"]
    for row in reference["turns"]:
        if row["kind"] == "backchannel":
            hosts = [turn for turn in turns if contains(turn, row)]
            assert [turn["speaker"] != row["speaker"] for turn in hosts] == [True], row


def test_numbers_are_spoken_in_their_turns(reference: Reference) -> None:
    """Each planted number stands in its turn in words, and has a form in digits."""
    for number in reference["numbers"]:
        assert number["spoken"] in reference["turns"][number["turn"]]["text"]
        assert any(character.isdigit() for character in "".join(number["written"]))


def test_offers_use_the_kinds_of_the_ledger(reference: Reference) -> None:
    """Every offer is of a known kind, and the first move on an issue is its anchor."""
    kinds = {"anchor", "counter", "concession", "restated", "limit", "mention", "agreed"}
    assert {offer["kind"] for offer in reference["offers"]} <= kinds
    first = {offer["issue"]: offer["kind"] for offer in reversed(reference["offers"])}
    assert set(first.values()) == {"anchor"}


@pytest.mark.parametrize(("name", "channel_count"), tuple(CHANNEL_COUNTS.items()))
def test_audio_is_as_long_as_the_reference(
    reference: Reference, name: str, channel_count: int
) -> None:
    """Each file has the channels its name says and the reference's duration within 0.05 s."""
    with av.open(str(FOLDER / name)) as container:
        stream = container.streams.audio[0]
        assert stream.channels == channel_count
        assert container.duration / av.time_base == pytest.approx(reference["duration_s"], abs=0.05)


def test_audio_is_small_enough_to_commit() -> None:
    """The two files together stay under 2 MB, so that a clone stays quick."""
    assert sum((FOLDER / name).stat().st_size for name in CHANNEL_COUNTS) < 2_000_000


def test_six_moments_are_planted_three_of_each_kind(reference: Reference) -> None:
    """Every planted moment is for Maria, quotes its turn, and says what it is."""
    texts = {turn["index"]: turn["text"] for turn in reference["turns"]}
    planted = reference["moments"]
    assert Counter(moment["kind"] for moment in planted) == {"strength": 3, "missed": 3}
    for moment in planted:
        quoted = texts[moment["turn"]][moment["start_char"] : moment["end_char"]]
        assert (moment["speaker"], moment["quote"]) == ("Maria", quoted)
        assert moment["what"]
