"""The synthetic voices: who there is, which set of calls they belong to, and how they speak."""

from __future__ import annotations

import ctypes
import functools
import random
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from make_demo_call import Flite

from eval_calls.espeak import Espeak
from eval_calls.piper import Piper, fetch_voice
from eval_calls.sounds import Sound, Word, change_speed, sound_of_words

VOICES_FOLDER = Path.home() / ".cache" / "parley" / "evaluation" / "voices"
STRETCH_RANGE = (0.94, 1.06)
PITCH_RANGE = (0.95, 1.05)
ESPEAK_RATE = 160
ESPEAK_PITCH = 50
# rms is the slower voice by itself.
FLITE_STRETCH = {"slt": 0.97, "rms": 0.9, "awb": 0.95, "kal16": 1.0}
# Spelt as the synthesisers say it; the reference keeps the word as people write it.
SAY_AS = {"mm-hmm": "umhum", "uh-huh": "uhhuh"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One speaker: a synthesiser's voice, played faster or slower to be somebody else.

    `speed` scales pitch and formants; `stretch` undoes part of its change of tempo.
    """

    name: str
    engine: str
    base: str
    sex: str
    speed: float = 1.0


def voice(engine: str, base: str, sex: str, speed: float = 1.0) -> Voice:
    """A voice, named after what it is made of."""
    name = f"{engine}-{base}" + ("" if speed == 1.0 else f"-x{speed:g}")
    return Voice(name=name, engine=engine, base=base, sex=sex, speed=speed)


# No voice is in both sets; a base that both use is played at other speeds. Chosen for being
# understood: Whisper base errs on at most 12 % of clean words of each (slt, rms, awb and joe 3 %).
TEST_VOICES = (
    voice("flite", "slt", "f"),
    voice("flite", "slt", "f", 1.12),
    voice("flite", "rms", "m"),
    voice("flite", "rms", "m", 1.1),
    voice("flite", "awb", "m", 0.94),
    voice("piper", "joe", "m"),
    voice("piper", "joe", "m", 0.9),
    voice("piper", "joe", "f", 1.24),
    voice("espeak", "en-us+f2", "f"),
    voice("espeak", "en-us+klatt2", "m"),
)
DEV_VOICES = (
    voice("flite", "slt", "f", 0.92),
    voice("flite", "awb", "m", 1.04),
    voice("flite", "kal16", "m"),
    voice("flite", "rms", "m", 0.92),
    voice("flite", "slt", "f", 1.06),
    voice("piper", "joe", "m", 1.08),
    voice("piper", "joe", "f", 1.18),
    voice("espeak", "en-us+f4", "f"),
    voice("espeak", "en-us+m7", "m"),
)


def voices_for(part: str) -> tuple[Voice, ...]:
    """The voices of the "test" or "dev" set."""
    return {"test": TEST_VOICES, "dev": DEV_VOICES}[part]


@functools.cache
def load_flite() -> Flite:
    """Flite with all its 16 kHz voices. Raises SystemExit where it is not installed."""
    return Flite(sorted(FLITE_STRETCH))


@functools.cache
def load_espeak() -> Espeak:
    """eSpeak NG. Raises SystemExit where it is not installed."""
    return Espeak()


@functools.cache
def load_piper() -> Piper:
    """The neural voice, fetched on first use."""
    return Piper(fetch_voice(VOICES_FOLDER), espeak=load_espeak())


def speak(text: str, *, speaker: Voice, key: str) -> Sound:
    """Speak one sentence; `key` seeds its tempo and pitch."""
    dice = random.Random(key)
    # Played faster, a voice would also talk faster: give half of that back.
    stretch = dice.uniform(*STRETCH_RANGE) * speaker.speed**0.5
    pitch = dice.uniform(*PITCH_RANGE)
    # flite's vocoder takes its noise from the C library, and onnxruntime takes from it in between.
    ctypes.CDLL(None).srand(zlib.crc32(key.encode()))
    said = respell(text)
    sound = ENGINES[speaker.engine](said, speaker=speaker, stretch=stretch, pitch=pitch)
    return change_speed(keep_spelling(sound, text=text), factor=speaker.speed)


def speak_flite(text: str, *, speaker: Voice, stretch: float, pitch: float) -> Sound:
    """One sentence by flite."""
    stretch = stretch * FLITE_STRETCH[speaker.base]
    sound = load_flite().speak(text, voice=speaker.base, stretch=stretch, pitch=pitch)
    words = (
        Word(text=w.text, start_s=w.start_s + sound.lead_s, end_s=w.end_s + sound.lead_s)
        for w in sound.words
    )
    return sound_of_words(sound.samples, words=words)


def speak_espeak(text: str, *, speaker: Voice, stretch: float, pitch: float) -> Sound:
    """One sentence by eSpeak NG."""
    return load_espeak().speak(
        text,
        voice=speaker.base,
        words_a_minute=round(ESPEAK_RATE / stretch),
        pitch=round(ESPEAK_PITCH * pitch),
    )


def speak_piper(text: str, *, speaker: Voice, stretch: float, pitch: float) -> Sound:
    """One sentence by the neural voice, whose pitch is its own."""
    del speaker, pitch
    return load_piper().speak(text, stretch=stretch)


ENGINES = {"flite": speak_flite, "espeak": speak_espeak, "piper": speak_piper}


def respell(text: str) -> str:
    """The text with words that no synthesiser knows replaced by ones that sound right."""
    for word, sound in SAY_AS.items():
        text = re.sub(rf"\b{word}\b", sound, text, flags=re.IGNORECASE)
    return text


def keep_spelling(sound: Sound, *, text: str) -> Sound:
    """The sound with its words as the text writes them."""
    words = (
        Word(text=written, start_s=word.start_s, end_s=word.end_s)
        for written, word in zip(text.split(), sound.words, strict=True)
    )
    return sound_of_words(sound.samples, words=words)
