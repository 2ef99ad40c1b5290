"""A dialogue of a corpus as a telephone call: every turn spoken, and where each of them lies."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from eval_calls import voices
from eval_calls.compose import EDGE_S, Line, move, speak_turn
from eval_calls.degrade import Conditions, render
from eval_calls.dialogue import Turn
from eval_calls.sounds import Interval, resample
from eval_calls.voices import DEV_VOICES, TEST_VOICES, Voice
from eval_calls.wording import Sentence, split_sentences, tidy_sentence

from pipeline.evaluation.corpora import Judged
from pipeline.records import SAMPLE_RATE_HZ

LINE_RATE_HZ = 8_000
CODECS = ("mulaw", "opus12")
NOISES = ("white", "pink", "hum")
SNR_RANGE_DB = (20.0, 35.0)
"""The range of the composed calls that count as clean (eval_calls/degrade.py)."""
LEVEL_DIFFERENCE_RANGE_DB = (0.0, 6.0)
PAUSE_RANGE_S = (0.5, 1.2)
"""Between turns; none overlap, so that what is lost is lost by recognition."""
TAIL_S = 0.7
TYPED = (
    (re.compile(r"[:;=]-?[)(DPp]+(?!\w)"), " "),  # what a face says, nobody speaks
    (re.compile(r"(?<=\d)\.00\b"), ""),
    (re.compile(r"(?<=\d),00\b(?!,\d)"), ",000"),  # "120,00" lost a nought
    (re.compile(r"(?<=\d):(?=\d)"), " to "),
    (re.compile(r"\bw/(?=\s)"), "with"),
)
"""Undone first: eval_calls/wording.py leaves out sentences that nobody can say, and here a turn
has to be whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A spoken dialogue.

    `samples` is the mono call, int16, at 16 kHz; `texts` are what was said in each turn, empty
    where there was nothing to say; `speech` maps the turns that were spoken to their intervals.
    """

    samples: npt.NDArray[np.int16]
    texts: tuple[str, ...]
    speech: dict[int, tuple[Interval, ...]]


def sayable(typed: str) -> tuple[Sentence, ...]:
    """The sentences to speak for a typed turn.

    Numbers are spelt out, shorthand ("u", "thx") is undone, emoji, faces and laughter are left
    out. Words that are spelt wrongly are spoken as they are spelt.
    """
    for pattern, said in TYPED:
        typed = pattern.sub(said, typed)
    sentences = (tidy_sentence(part) for part in split_sentences(typed))
    return tuple(_without_marks(sentence) for sentence in sentences if sentence)


def _without_marks(sentence: Sentence) -> Sentence:
    """The sentence without words that are only marks, for which Piper has no sound."""
    words = [word for word in sentence.text.split() if any(map(str.isalpha, word))]
    return replace(sentence, text=" ".join(words))


def speak_dialogue(dialogue: Judged) -> Call:
    """The dialogue spoken by two voices over a telephone line; the same bytes in every process
    that has spoken nothing before.
    """
    key = f"{dialogue.part} {dialogue.dialogue}"
    dice = random.Random(key)
    speakers, conditions = draw_voices(dice), draw_conditions(dice)
    names = list(dict.fromkeys(turn.speaker for turn in dialogue.turns))
    turns = {
        turn.turn: Turn(speaker=names.index(turn.speaker), sentences=sentences)
        for turn in dialogue.turns
        if (sentences := sayable(turn.text))
    }
    lines = _in_a_row(turns, speakers=speakers, key=key, dice=dice)
    samples = render(
        list(lines.values()),
        duration_s=max(line.end_s for line in lines.values()) + EDGE_S + TAIL_S,
        layout="mono",
        conditions=conditions,
        babble=(),
        seed=int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big"),
    )
    return Call(
        samples=_as_recorded(samples[0], rate_hz=conditions.rate_hz),
        texts=tuple(turns[t.turn].text if t.turn in turns else "" for t in dialogue.turns),
        speech={turn: tuple(line.speech) for turn, line in lines.items()},
    )


def draw_voices(dice: random.Random) -> tuple[Voice, Voice]:
    """Two voices that are not the same voice at two speeds."""
    pool = (*TEST_VOICES, *DEV_VOICES)
    return dice.choice([(one, two) for one in pool for two in pool if one.base != two.base])


def draw_conditions(dice: random.Random) -> Conditions:
    """A narrow-band line with mild noise, as most of the composed calls have."""
    return Conditions(
        rate_hz=LINE_RATE_HZ,
        codec=dice.choice(CODECS),
        noise=dice.choice(NOISES),
        snr_db=dice.uniform(*SNR_RANGE_DB),
        level_difference_db=dice.uniform(*LEVEL_DIFFERENCE_RANGE_DB),
        quieter=dice.randrange(2),
    )


def _in_a_row(
    turns: dict[int, Turn], *, speakers: Sequence[Voice], key: str, dice: random.Random
) -> dict[int, Line]:
    """The turns spoken one after the other, with a pause between them."""
    placed: dict[int, Line] = {}
    now_s = EDGE_S
    for number, turn in turns.items():
        line = speak_turn(
            turn,
            speak=lambda who, text, said: voices.speak(text, speaker=speakers[who], key=said),
            key=f"{key} {number}",
        )
        placed[number] = move(line, start_s=now_s)
        now_s = placed[number].end_s + dice.uniform(*PAUSE_RANGE_S)
    return placed


def _as_recorded(samples: npt.NDArray[np.float64], *, rate_hz: int) -> npt.NDArray[np.int16]:
    """What decoding the call gives: int16 at the rate that the pipeline works at."""
    at_rate = resample(samples, from_hz=rate_hz, to_hz=SAMPLE_RATE_HZ)
    return np.clip(np.round(at_rate * 32767), -32768, 32767).astype(np.int16)
