"""Composed calls: what the reference says is exactly what was mixed, and the same every time."""

from __future__ import annotations

import itertools
import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from eval_calls.clips import Clip  # noqa: E402 - the scripts are no package
from eval_calls.compose import (  # noqa: E402
    CLIP_REPEATS,
    OWN_GAP_S,
    Line,
    deal_clips,
    place_clips,
    place_turns,
    speech_of,
)
from eval_calls.dialogue import Turn, enliven  # noqa: E402
from eval_calls.reference import (  # noqa: E402
    build_reference,
    dump_rows,
    rttm_of,
    seglst_of,
    stm_of,
)
from eval_calls.sounds import (  # noqa: E402
    RATE_HZ,
    Sound,
    Word,
    change_speed,
    close_gaps,
    sound_of_clip,
    sound_of_words,
)
from eval_calls.wording import Number, Sentence  # noqa: E402

LEAD_S = 0.1
WORD_S = 0.2


def fake_voice(speaker: int, text: str, key: str) -> Sound:
    """Each word is 0.2 s of a constant that names the speaker, after 0.1 s of silence."""
    count = len(text.split())
    samples = np.zeros(round((2 * LEAD_S + count * WORD_S) * RATE_HZ))
    samples[round(LEAD_S * RATE_HZ) : round((LEAD_S + count * WORD_S) * RATE_HZ)] = 1.0 + speaker
    words = [
        Word(text=word, start_s=LEAD_S + n * WORD_S, end_s=LEAD_S + (n + 1) * WORD_S)
        for n, word in enumerate(text.split())
    ]
    return sound_of_words(samples, words=words)


def turns(*texts: str) -> list[Turn]:
    """Turns of alternating speakers, one sentence each."""
    return [Turn(speaker=n % 2, sentences=(Sentence(text=text),)) for n, text in enumerate(texts)]


def line(*, speaker: int, at_s: float, text: str, kind: str = "turn", **more: object) -> Line:
    """A spoken line whose audio begins at that second."""
    parts = ((at_s, fake_voice(speaker, text, "")),)
    return Line(speaker=speaker, kind=kind, parts=parts, **more)  # type: ignore[arg-type]


def reference_of(lines: list[Line]) -> dict:
    """The reference of a 10 s call."""
    speakers = [{"name": "A"}, {"name": "B"}]
    return build_reference(lines, duration_s=10.0, speakers=speakers, recipe={})


LONG = "we could take two of the water and you keep all of the firewood"


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_no_speaker_talks_over_themselves(seed: int) -> None:
    """Whatever gaps are drawn, one speaker's lines keep apart by OWN_GAP_S."""
    said = turns(*([LONG, "yes", "that is fine"] * 6))
    lines = place_turns(said, speak=fake_voice, length_s=1e9, key=str(seed))
    for speaker in (0, 1):
        own = [one for one in lines if one.speaker == speaker]
        gaps = [after.start_s - before.end_s for before, after in itertools.pairwise(own)]
        assert min(gaps) >= OWN_GAP_S - 1e-9


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_backchannels_lie_inside_the_turn_they_answer(seed: int) -> None:
    """A backchannel starts after a word of the other's turn and ends before that turn does."""
    lines = place_turns(turns(*[LONG] * 10), speak=fake_voice, length_s=1e9, key=str(seed))
    for answer in (one for one in lines if one.kind == "backchannel"):
        around = [
            one
            for one in lines
            if one.speaker != answer.speaker
            and one.start_s < answer.start_s
            and answer.end_s < one.end_s
        ]
        assert len(around) == 1


def test_gaps_include_overlaps_and_long_pauses() -> None:
    """Among 400 turns some start before the other ends and some only after 2 s."""
    lines = place_turns(turns(*["yes we can"] * 400), speak=fake_voice, length_s=1e9, key="gaps")
    said = [one for one in lines if one.kind == "turn"]
    gaps = [after.start_s - before.end_s for before, after in itertools.pairwise(said)]
    assert min(gaps) < 0
    assert max(gaps) > 2
    assert min(gaps) >= -0.5 - 1e-9


def test_the_same_key_gives_the_same_times_and_another_key_others() -> None:
    """Placement depends on the key alone."""
    said = turns(LONG, "no", LONG, "yes", LONG)

    def starts(key: str) -> list[float]:
        placed = place_turns(said, speak=fake_voice, length_s=1e9, key=key)
        return [one.start_s for one in placed]

    assert starts("one") == starts("one")
    assert starts("one") != starts("two")


def test_audio_lies_where_the_reference_says() -> None:
    """A line at 1.0 s with a lead of 0.1 s speaks from 1.1 s, three words of 0.2 s long."""
    found = reference_of([line(speaker=0, at_s=1.0, text="that is right")])
    assert found["speech"] == {"A": [{"start_s": 1.1, "end_s": 1.7}], "B": []}
    assert found["words"][2] == {
        "text": "right",
        "start_s": 1.5,
        "end_s": 1.7,
        "speaker": "A",
        "turn": 0,
    }
    assert found["short_replies"] == [
        {"turn": 0, "speaker": "A", "start_s": 1.1, "end_s": 1.7, "text": "that is right"}
    ]


def test_speech_closes_gaps_below_a_quarter_second_only() -> None:
    """Gaps of 0.2 s are closed, gaps of 0.3 s are kept."""
    assert close_gaps([(0, 1), (1.2, 2), (2.3, 3)], shorter_than_s=0.25) == [(0, 2), (2.3, 3)]
    near = [line(speaker=0, at_s=0.0, text="a"), line(speaker=0, at_s=0.4, text="b")]
    far = [line(speaker=0, at_s=0.0, text="a"), line(speaker=0, at_s=0.5, text="b")]
    assert len(speech_of(near, speaker=0)) == 1
    assert len(speech_of(far, speaker=0)) == 2


def test_fillers_and_numbers_are_recorded() -> None:
    """A filler has its words' times; a number has its spoken and written forms."""
    number = Number(spoken="ten percent", written=("10%", "10 percent"))
    said = line(
        speaker=1, at_s=0.0, text="Well, you know, ten percent, um, fine.", numbers=(number,)
    )
    found = reference_of([said])
    assert found["fillers"] == [
        {"turn": 0, "speaker": "B", "start_s": 0.3, "end_s": 0.7, "text": "you know"},
        {"turn": 0, "speaker": "B", "start_s": 1.1, "end_s": 1.3, "text": "um"},
    ]
    assert found["numbers"] == [
        {"turn": 0, "speaker": "B", "spoken": "ten percent", "written": ["10%", "10 percent"]}
    ]


def test_lines_without_word_times_give_no_word_table() -> None:
    """Recorded clips have a speech map and turns, but no words."""
    tone = np.concatenate([np.zeros(8000), np.sin(np.arange(16000) / 4), np.zeros(8000)])
    clip = sound_of_clip(tone, text="hello there")
    found = reference_of([Line(speaker=0, kind="turn", parts=((2.0, clip),))])
    assert "words" not in found
    (speech,) = found["speech"]["A"]
    assert speech["start_s"] == pytest.approx(2.5, abs=0.03)
    assert speech["end_s"] == pytest.approx(3.5, abs=0.03)


def test_formats_hold_the_same_times() -> None:
    """RTTM has start and duration, STM and SegLST start, end and words."""
    found = reference_of([line(speaker=1, at_s=1.0, text="no deal")])
    assert rttm_of(found, name="x") == "SPEAKER x 1 1.100 0.400 <NA> <NA> B <NA> <NA>\n"
    assert stm_of(found, name="x") == "x 1 B 1.100 1.500 no deal\n"
    assert seglst_of(found, name="x") == [
        {"session_id": "x", "speaker": "B", "start_time": 1.1, "end_time": 1.5, "words": "no deal"}
    ]
    assert json.loads(dump_rows(found)) == found
    assert json.loads(dump_rows(seglst_of(found, name="x"))) == seglst_of(found, name="x")


def test_faster_voices_keep_words_and_audio_together() -> None:
    """At 1.25 times the speed every time shrinks by 1.25, in the audio as in the words."""
    sound = change_speed(fake_voice(0, "one two three", ""), factor=1.25)
    assert sound.words[0].start_s == pytest.approx(0.08)
    assert sound.end_s == pytest.approx(0.56)
    loud = np.flatnonzero(sound.samples > 0.5) / RATE_HZ
    assert loud[0] == pytest.approx(0.08, abs=0.002)
    assert loud[-1] == pytest.approx(0.56, abs=0.002)


def test_each_clip_is_said_a_few_times_at_most() -> None:
    """The call ends rather than repeat an utterance more than CLIP_REPEATS times."""
    decks = [[Clip(file="a", text="a"), Clip(file="b", text="b")], [Clip(file="c", text="c")]]
    dealt = list(deal_clips(decks, dice=random.Random(1)))
    counts = {name: sum(clip.file == name for _, clip in dealt) for name in "abc"}
    assert max(counts.values()) <= CLIP_REPEATS
    assert counts["c"] == CLIP_REPEATS or counts["a"] + counts["b"] == 2 * CLIP_REPEATS


def test_clips_are_placed_until_the_length_is_reached() -> None:
    """Placement stops with the first line that ends after `length_s`."""
    clips = ((n % 2, Clip(file="", text="a b c")) for n in range(100))
    lines = place_clips(
        clips, cut=lambda who, clip: fake_voice(who, clip.text, ""), length_s=8.0, key="k"
    )
    assert lines[-1].end_s > 8.0
    assert all(one.end_s <= 8.0 for one in lines[:-1])


def test_short_replies_part_a_turn_and_lose_no_sentence() -> None:
    """Enlivening adds words and replies but keeps each sentence's own words in order."""
    sentences = tuple(Sentence(text=f"Sentence number {n} for the other side.") for n in range(3))
    many = [Turn(speaker=0, sentences=sentences)] * 40
    lively = list(enliven(many, dice=random.Random(3)))
    replies = [turn for turn in lively if turn.speaker == 1]
    kept = " ".join(turn.text for turn in lively if turn.speaker == 0).lower()
    assert len(replies) > 5
    assert kept.count("other side.") == 120
    assert {"um,", "uh,", "know,"} <= set(kept.split())
