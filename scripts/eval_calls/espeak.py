"""eSpeak NG through its library: speech with word times, and phonemes for the neural voice."""

from __future__ import annotations

import ctypes
import itertools
from typing import Any

import numpy as np

from eval_calls.sounds import RATE_HZ, Samples, Sound, Word, resample, sound_of_words

LIBRARY = "libespeak-ng.so.1"
SYNCHRONOUS, UTF8, IPA = 2, 1, 2
RATE_PARAMETER, PITCH_PARAMETER = 1, 3
WORD_EVENT, END_OF_LIST = 1, 0
# A word ends with its last sound, not where the next begins: this far below the piece's peak.
SILENCE_DB = -40.0
FRAME_S = 0.005


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Espeak:
    """Debian's libespeak-ng; one instance a process, since the library holds one state."""

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL(LIBRARY)
        except OSError as err:
            raise SystemExit(f"{LIBRARY} not found: install Debian's package espeak-ng") from err
        self._rate_hz = self._library.espeak_Initialize(SYNCHRONOUS, 0, None, 0)
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._heard: list[Any] = []
        self._starts: list[tuple[int, int]] = []
        self._callback = _CALLBACK(self._take)
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, *, voice: str, words_a_minute: int, pitch: int) -> Sound:
        """Speak one piece of blank-separated words; `pitch` is eSpeak's 0 to 99."""
        self._heard, self._starts = [], []
        self._library.espeak_SetVoiceByName(voice.encode())
        self._library.espeak_SetParameter(RATE_PARAMETER, words_a_minute, 0)
        self._library.espeak_SetParameter(PITCH_PARAMETER, pitch, 0)
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, UTF8, None, None)
        samples = np.concatenate(self._heard).astype(np.float64) / 32768
        samples = resample(samples, from_hz=self._rate_hz, to_hz=RATE_HZ)
        starts_s = word_starts_s(text, starts=self._starts, rate_hz=self._rate_hz)
        return sound_of_words(samples, words=end_words(samples, text.split(), starts_s))

    def phonemes(self, text: str) -> str:
        """The text's phonemes in the International Phonetic Alphabet, words apart by blanks."""
        self._library.espeak_SetVoiceByName(b"en-us")
        rest, found = ctypes.c_char_p(text.encode()), []
        while rest.value:
            clause = self._library.espeak_TextToPhonemes(ctypes.byref(rest), UTF8, IPA)
            found.append(clause.decode())
        return " ".join(found).strip()

    def _take(self, samples: Any, count: int, events: Any) -> int:
        """Keep what the library has spoken, and where its words begin."""
        if samples and count:
            self._heard.append(np.ctypeslib.as_array(samples, (count,)).copy())
        for event in itertools.takewhile(
            lambda event: event.type != END_OF_LIST, (events[at] for at in itertools.count())
        ):
            if event.type == WORD_EVENT:
                self._starts.append((event.text_position - 1, event.sample))
        return 0


def word_starts_s(text: str, *, starts: list[tuple[int, int]], rate_hz: int) -> list[float | None]:
    """Start in seconds of each blank-separated word; None where eSpeak ran two together.

    `starts` are (offset in the text, sample). eSpeak reports the parts of a hyphenated word one
    by one; the first counts.
    """
    offsets = itertools.accumulate((len(word) + 1 for word in text.split()), initial=0)
    bounds = list(itertools.pairwise(offsets))
    return [
        next((sample / rate_hz for at, sample in starts if begin <= at < end), None)
        for begin, end in bounds
    ]


def end_words(samples: Samples, texts: list[str], starts_s: list[float | None]) -> list[Word]:
    """Words with their ends found: the last sound before the next word's start."""
    # eSpeak may give no event for a first word that it runs into the second.
    starts_s = [starts_s[0] or 0.0, *starts_s[1:]]
    filled = fill_starts(starts_s, end_s=last_sound_s(samples, 0.0, len(samples) / RATE_HZ))
    bounds = itertools.pairwise([*filled, len(samples) / RATE_HZ])
    return [
        Word(text=text, start_s=start_s, end_s=last_sound_s(samples, start_s, next_s))
        for text, (start_s, next_s) in zip(texts, bounds, strict=True)
    ]


def fill_starts(starts_s: list[float | None], *, end_s: float) -> list[float]:
    """Every start in order, those unknown spread evenly between their neighbours."""
    at = [index for index, start in enumerate(starts_s) if start is not None]
    known = [start for start in starts_s if start is not None]
    found = np.interp(range(len(starts_s)), [*at, len(starts_s)], [*known, end_s])
    # eSpeak's event of a word that it runs into the next may come after the next one's.
    return [float(start) for start in np.maximum.accumulate(found)]


def last_sound_s(samples: Samples, start_s: float, end_s: float) -> float:
    """Where the last frame above SILENCE_DB of the piece's peak ends, within the bounds."""
    part = np.abs(samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)])
    loud = np.flatnonzero(part > np.abs(samples).max() * 10 ** (SILENCE_DB / 20))
    if not len(loud):
        return end_s
    return min(end_s, start_s + int(loud[-1] + 1) / RATE_HZ + FRAME_S)
