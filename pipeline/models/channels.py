"""Where each of two people speaks, one voice a channel: not the other's voice, nor the room.

Segmentation hears a soft voice as well as a loud one, so it also hears what leaked in from the
other channel, and the people at the next desk. Whose turn it is tells them from speech: what a
channel holds while the other person talks is not its own voice. Where it follows the other
channel's level it is a leak, whose level follows from that of the other channel, band by band;
where it does not it is the background, and as loud as that it is in the rest of the call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.models.activity import Stretch, runs
from pipeline.models.speech_frames import (
    LEAST_ABOVE_DB,
    SURE_SILENCE,
    SURE_SPEECH,
    audible_speech,
    band_levels_db,
    frame_ms,
    frames_at_hundredths,
    smoothed,
    softest,
)
from pipeline.records import SAMPLE_RATE_HZ, Samples

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]

SpeechProbability = Callable[[Samples], Floats]
"""From int16 samples of one channel to the probability of speech in frames of FRAME_STEP_S."""

BACKGROUND_PERCENTILE = 95
LEAK_PERCENTILE = 90
"""Of what is heard while the other talks: as loud as that, it is not this channel's voice. Set, as
all figures here that name no other source, on composed development calls, on the demo call, and
on both with leaks of 8 to 32 dB added."""
AUDIBLE_BESIDE = 0.2
"""Loudness from which a channel's sound is its voice: a little more is lost than at that of one
track, and talk ratios are nearer the truth."""
FOLLOWS = 0.38
"""Correlation of the channels' levels while the other talks: the background comes to 0.33, a leak
of -32 dB to 0.5 in the mean, one of -18 dB to 0.7."""
ECHO_HUNDREDTHS = 25
"""How late a leak may come: the delay of an echo, and the tail of the room."""
BAND_ECHO_HUNDREDTHS = 12
ABOVE_LEAK_DB = 9.0
SURELY_LEAKED_DB = 8.0
"""Speech is this much above what a leak has in the median: in a band, and as a whole."""
SOFTER_DB = 15.0
"""Where no leak is known, what is this much softer than the other channel, each against its own
loud speech, is none of its voice's."""
LEAST_DB = 6.0
ENOUGH_HUNDREDTHS = 50
MAJORITY = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class _Channel:
    """One channel, a hundred entries a second; `probability` is by frames.

    `bands` are levels in dB, shape (hundredths, bands), `level` is their mean, smoothed;
    `loudness` is the level against the channel's loud speech; `certainty` is the probability of
    speech.
    """

    samples: Samples
    probability: Floats
    bands: Floats
    level: Floats
    loudness: Floats
    certainty: Floats


def channel_speech(samples: Samples, probability_of: SpeechProbability) -> list[list[Stretch]]:
    """The speech of each channel, without leaks of the other, background and pauses.

    `samples` is int16, shape (2, samples), 16 kHz, one voice a channel.
    """
    one, other = _channels(samples, [probability_of(channel) for channel in samples])
    return [_own_speech(one, beside=other), _own_speech(other, beside=one)]


def _channels(samples: Samples, probabilities: list[Floats]) -> tuple[_Channel, _Channel]:
    bands = [band_levels_db(channel) for channel in samples]
    levels = [smoothed(channel.mean(axis=1)) for channel in bands]
    certainty = [
        probability[frames_at_hundredths(len(levels[0]), len(probability))]
        for probability in probabilities
    ]
    loud = _loud_db(levels, certainty)
    one, other = (
        _Channel(
            samples=samples[number],
            probability=probabilities[number],
            bands=bands[number],
            level=levels[number],
            loudness=levels[number] - loud[number],
            certainty=certainty[number],
        )
        for number in (0, 1)
    )
    return one, other


def _loud_db(levels: list[Floats], certainty: list[Floats]) -> list[float]:
    """Level of each channel's loud speech: the 95th percentile where it is the louder channel.

    Who hardly talks has more of the other's voice on the channel than of their own, and is
    taken to be as loud as the other.
    """
    own = [
        levels[number][(certainty[number] >= 0.5) & (levels[number] >= levels[1 - number])]
        for number in (0, 1)
    ]
    known = [
        float(np.percentile(level, 95)) if len(level) > ENOUGH_HUNDREDTHS else None for level in own
    ]
    either = next((level for level in known if level is not None), 0.0)
    return [either if level is None else level for level in known]


def _own_speech(own: _Channel, *, beside: _Channel) -> list[Stretch]:
    """The speech of a channel's own voice."""
    duration_ms = len(own.samples) * 1000 // SAMPLE_RATE_HZ
    speech = audible_speech(
        _loudness(own, beside), probability=own.probability, audible_from=AUDIBLE_BESIDE
    )
    return [
        Stretch(
            start_ms=frame_ms(first),
            end_ms=min(duration_ms, frame_ms(last)),
            confidence=float(own.probability[first:last].mean()),
        )
        for first, last in runs(speech)
        if frame_ms(first) < duration_ms
    ]


def _loudness(own: _Channel, beside: _Channel) -> Floats:
    """Loudness of the own voice, a hundred times a second: 1 as speech usually has it, and 0 as
    what is there while the other talks."""
    if not len(own.level):
        return np.zeros(0)
    listening = (beside.certainty > SURE_SPEECH) & (beside.loudness > own.loudness + LEAST_DB)
    if _follows(own, beside):
        above, silent, foreign = _above_leak(own, beside, listening)
        percentile = LEAK_PERCENTILE
    else:
        above, silent, foreign = _above_background(own, beside, listening)
        percentile = BACKGROUND_PERCENTILE
    floor = float(np.percentile(above[silent], percentile))
    speech = (own.certainty > SURE_SPEECH) & (own.loudness > beside.loudness - LEAST_DB)
    usual = float(np.percentile(above[speech] if speech.sum() > ENOUGH_HUNDREDTHS else above, 60))
    loudness = (above - floor) / max(usual - floor, LEAST_ABOVE_DB)
    around = np.convolve(np.pad(foreign, MAJORITY // 2), np.ones(MAJORITY), mode="valid")
    return np.where(around > MAJORITY / 2, 0.0, loudness)


def _follows(own: _Channel, beside: _Channel) -> bool:
    """Whether a channel's level follows that of the other, at once or a little later."""
    hot = (beside.certainty > SURE_SPEECH) & (beside.level > own.level)
    if hot.sum() < 2 * ENOUGH_HUNDREDTHS:
        return False
    levels = [np.roll(own.level, -late)[hot] for late in range(0, ECHO_HUNDREDTHS + 1, 2)]
    if min(beside.level[hot].std(), *(level.std() for level in levels)) < 1e-6:
        return False
    return max(float(np.corrcoef(beside.level[hot], level)[0, 1]) for level in levels) > FOLLOWS


def _above_leak(own: _Channel, beside: _Channel, listening: Flags) -> tuple[Floats, Flags, Flags]:
    """Level above noise and leak, where there is nothing but them, and what is a leak for sure."""
    if not listening.any():
        listening = beside.certainty > SURE_SPEECH
    heard = _held(beside.bands, BAND_ECHO_HUNDREDTHS)
    leak = heard + np.median((own.bands - heard)[listening], axis=0) + ABOVE_LEAK_DB
    nobody = (own.certainty < SURE_SILENCE) & (beside.certainty < SURE_SILENCE)
    if nobody.sum() < ENOUGH_HUNDREDTHS:
        nobody = softest(own.level)
    noise = np.median(own.bands[nobody], axis=0)
    above = smoothed(np.maximum(own.bands - np.maximum(noise, leak), 0).mean(axis=1))
    softer_db = own.loudness - _held(beside.loudness, ECHO_HUNDREDTHS)
    usual_db = float(np.median(softer_db[listening]))
    return above, nobody | listening, softer_db < min(-LEAST_DB, usual_db + SURELY_LEAKED_DB)


def _above_background(
    own: _Channel, beside: _Channel, listening: Flags
) -> tuple[Floats, Flags, Flags]:
    """Level above the background, where there is nothing else, and what is too soft for sure."""
    silent = listening | (own.certainty < SURE_SILENCE)
    if silent.sum() < ENOUGH_HUNDREDTHS:
        silent = softest(own.level)
    background = np.median(own.bands[silent], axis=0)
    above = smoothed(np.maximum(own.bands - background, 0).mean(axis=1))
    softer_db = own.loudness - _held(beside.loudness, ECHO_HUNDREDTHS)
    return above, silent, softer_db < -SOFTER_DB


def _held(levels: Floats, hundredths: int) -> Floats:
    """The loudest of the entries up to so many hundredths before each one."""
    loudest = levels.copy()
    for late in range(1, min(hundredths, len(levels) - 1) + 1):
        np.maximum(loudest[late:], levels[:-late], out=loudest[late:])
    return loudest
