"""Synthesisers say what is written and know when; plans share nothing between the two sets."""

from __future__ import annotations

import ctypes
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from eval_calls import clips, voices  # noqa: E402
from eval_calls.espeak import end_words, fill_starts, word_starts_s  # noqa: E402
from eval_calls.piper import clauses_of, words_from  # noqa: E402
from eval_calls.plan import plan_calls  # noqa: E402
from eval_calls.sounds import RATE_HZ, close_gaps, speech_by_energy  # noqa: E402

DATA = Path(os.environ.get("PARLEY_EVAL_DATA", ROOT.parent / "shared" / "data"))
LIBRARIES = {"flite": "libflite.so.1", "espeak": "libespeak-ng.so.1"}
TEXT = "Mm-hmm, I would like one hundred twenty thousand, um, a year."

needs_data = pytest.mark.skipif(
    not (DATA / "corpora").is_dir(), reason=f"no evaluation data at {DATA} (PARLEY_EVAL_DATA)"
)


def is_installed(engine: str) -> bool:
    """Whether the synthesiser's library can be loaded."""
    try:
        ctypes.CDLL(LIBRARIES[engine])
    except OSError:
        return False
    return True


@pytest.mark.parametrize("engine", sorted(LIBRARIES))
def test_synthesised_words_lie_on_the_sound(engine: str) -> None:
    """Words keep the text's spelling, follow one another and cover where the energy is."""
    if not is_installed(engine):
        pytest.skip(f"{LIBRARIES[engine]} is not installed")
    speaker = next(one for one in voices.TEST_VOICES if one.engine == engine)
    sound = voices.speak(TEXT, speaker=speaker, key="k")
    assert [word.text for word in sound.words] == TEXT.split()
    for word, following in itertools.pairwise(sound.words):
        assert word.start_s < word.end_s <= following.start_s + 0.011
    energy = close_gaps(speech_by_energy(sound.samples), shorter_than_s=0.25)
    assert sound.start_s == pytest.approx(energy[0][0], abs=0.08)
    assert sound.end_s == pytest.approx(energy[-1][1], abs=0.15)


def test_flite_says_the_same_whatever_was_said_before() -> None:
    """Its noise comes from the C library's random numbers, which others draw from too."""
    if not is_installed("flite"):
        pytest.skip(f"{LIBRARIES['flite']} is not installed")
    speaker = next(one for one in voices.TEST_VOICES if one.engine == "flite")
    once = voices.speak(TEXT, speaker=speaker, key="k")
    ctypes.CDLL(None).rand()
    again = voices.speak(TEXT, speaker=speaker, key="k")
    assert np.array_equal(once.samples, again.samples)


@pytest.mark.parametrize("engine", sorted(LIBRARIES))
def test_a_fresh_process_speaks_the_same_samples(engine: str) -> None:
    """The synthesisers keep state between texts; from a fresh start the sound is the same."""
    if not is_installed(engine):
        pytest.skip(f"{LIBRARIES[engine]} is not installed")
    code = (
        "import hashlib; from eval_calls import voices;"
        f"speaker = next(one for one in voices.TEST_VOICES if one.engine == {engine!r});"
        f"sounds = [voices.speak(text, speaker=speaker, key='k') for text in ({TEXT!r}, 'Yes.')];"
        "print(*(hashlib.sha256(sound.samples.tobytes()).hexdigest() for sound in sounds))"
    )
    command = [sys.executable, "-c", code]
    once, again = (
        subprocess.run(command, cwd=ROOT / "scripts", capture_output=True, text=True, check=True)
        for _ in range(2)
    )
    assert once.stdout == again.stdout


def test_word_starts_are_found_by_place_in_the_text() -> None:
    """A hyphenated word starts with its first part; a word without an event has no start."""
    starts = [(0, 0), (5, 800), (10, 2400)]
    found = word_starts_s("well-done of the", starts=starts, rate_hz=8_000)
    assert found == [0.0, 0.3, None]


def test_unknown_starts_are_spread_between_their_neighbours() -> None:
    """Two unknown words between 1 s and 4 s start at 2 s and 3 s."""
    assert fill_starts([1.0, None, None, 4.0], end_s=5.0) == [1.0, 2.0, 3.0, 4.0]
    assert fill_starts([1.0, None], end_s=3.0) == [1.0, 2.0]


def test_a_word_ends_with_its_sound() -> None:
    """A word of 0.3 s before 0.7 s of silence ends after 0.3 s and one frame."""
    samples = np.zeros(RATE_HZ)
    samples[: round(0.3 * RATE_HZ)] = 0.5
    (word,) = end_words(samples, ["yes"], [0.0])
    assert word.end_s == pytest.approx(0.305)


def test_a_neural_word_spans_its_symbols() -> None:
    """A word begins where the symbol before its first one ends."""
    words = words_from("a b", owners=[None, 0, 0, None, 1], ends_s=[0.1, 0.2, 0.3, 0.5, 0.9])
    assert [(word.start_s, word.end_s) for word in words] == [(0.1, 0.3), (0.5, 0.9)]
    assert clauses_of("Well, I see. Yes") == [["Well,"], ["I", "see."], ["Yes"]]


@needs_data
def test_plans_fill_forty_calls_and_never_change() -> None:
    """The default set has every group, both layouts, same-sex pairs, and the same plan twice."""
    plans = list(plan_calls(seed=20, calls=44, data=DATA))
    assert len({plan.id for plan in plans}) == 44
    assert {plan.group for plan in plans} == {
        *("spoken-mono", "spoken-stereo", "real-mono", "real-stereo", "noisy-mono")
    }
    assert any(plan.same_sex and plan.conditions.level_difference_db <= 2 for plan in plans)
    assert [plan.recipe for plan in plan_calls(seed=20, calls=10, data=DATA)] == [
        plan.recipe for plan in plans[:10]
    ]
    assert all(plan.speakers[0].name != plan.speakers[1].name for plan in plans)


@needs_data
def test_test_and_development_sets_share_no_voice_and_no_dialogue() -> None:
    """Whatever is tuned on the odd seed has seen nothing of the even one."""
    test, dev = (list(plan_calls(seed=seed, calls=44, data=DATA)) for seed in (20, 1))

    def names(plans: list) -> set[str]:
        speakers = {one.name for plan in plans for one in plan.speakers}
        return speakers | {one.name for plan in plans for one in plan.dialogues}

    assert not names(test) & names(dev)


@needs_data
def test_recorded_clips_hold_speech_from_near_their_start_to_near_their_end() -> None:
    """Every clip in clips.toml is cut so that its text can fit: 1.2 to 6 words a second."""
    for part in ("test", "dev"):
        for person in clips.people_for(part):
            for clip in person.clips:
                sound = clips.cut_clip(clip, speed=1.0, audio=DATA / "audio")
                pace = len(clip.text.split()) / (sound.end_s - sound.start_s)
                assert 1.2 < pace < 6.5, (person.name, clip.text, pace)
