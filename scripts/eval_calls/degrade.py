"""What a telephone line, a room and a codec do to clean voices."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import av
import numpy as np

from eval_calls.compose import Line, speech_of
from eval_calls.sounds import (
    RATE_HZ,
    Samples,
    close_gaps,
    decibels,
    keep_band,
    resample,
    rms_of,
)

SPEECH_DB = -22.0
PEAK = 0.8
BANDS_HZ = {8_000: (300.0, 3_400.0), 16_000: (60.0, 7_500.0)}
OPUS_BIT_RATE = 12_000
CODEC_LAG_LIMIT_S = 0.1
HUM_HZ, HUM_HARMONICS = 50.0, 24
BABBLE_VOICES = 8
MASKING, MASKING_LEAST_SNR_DB = ("hum", "babble"), 15.0
WIDE_SHARE, CLEAN_SHARE, ECHO_SHARE, CROSSTALK_SHARE = 0.25, 0.35, 0.4, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What is done to one call. `quieter` is the speaker lowered by `level_difference_db`."""

    rate_hz: int
    codec: str
    noise: str
    snr_db: float
    level_difference_db: float
    quieter: int
    rt60_s: float | None = None
    direct_to_reverb_db: float | None = None
    crosstalk_db: float | None = None
    crosstalk_delay_ms: float | None = None


def draw_conditions(group: str, *, similar_level: bool, dice: random.Random) -> Conditions:
    """The conditions of a call of that group."""
    noisy, stereo = group.startswith("noisy"), group.endswith("stereo")
    rate_hz = 16_000 if not noisy and dice.random() < WIDE_SHARE else 8_000
    # In-band hum and babble below 15 dB leave nothing to recognise, for people either.
    noise = dice.choice(("white", "pink") if noisy else ("white", "pink", "hum", "babble"))
    clean, echo = dice.random() < CLEAN_SHARE, dice.random() < ECHO_SHARE
    snr_db = dice.uniform(*((5, 10) if noisy else (20, 35) if clean else (10, 20)))
    crosstalk = stereo and dice.random() < CROSSTALK_SHARE
    return Conditions(
        rate_hz=rate_hz,
        codec=dice.choice(
            ("mulaw", "opus12", "mulaw", "opus12", "none")
            if rate_hz == 8_000
            else ("opus12", "none")
        ),
        noise=noise,
        snr_db=round(max(snr_db, MASKING_LEAST_SNR_DB) if noise in MASKING else snr_db, 1),
        level_difference_db=round(dice.uniform(0, 2 if similar_level else 9), 1),
        quieter=dice.randrange(2),
        rt60_s=round(dice.uniform(0.2, 0.6), 2) if echo else None,
        direct_to_reverb_db=round(dice.uniform(8, 16), 1) if echo else None,
        crosstalk_db=round(dice.uniform(-40, -25), 1) if crosstalk else None,
        crosstalk_delay_ms=round(dice.uniform(0, 120), 1) if crosstalk else None,
    )


def render(
    lines: Sequence[Line],
    *,
    duration_s: float,
    layout: str,
    conditions: Conditions,
    babble: Iterable[Samples],
    seed: int,
) -> Samples:
    """The call as recorded: shape (channels, samples) at conditions.rate_hz, in [-1, 1]."""
    length = round(duration_s * RATE_HZ)
    dice = np.random.default_rng(seed)
    voices = [
        render_voice(lines, speaker=speaker, length=length, conditions=conditions, dice=dice)
        for speaker in (0, 1)
    ]
    channels = cross(voices, conditions=conditions) if layout == "stereo" else [sum(voices)]
    spoken = close_gaps(
        [span for speaker in (0, 1) for span in speech_of(lines, speaker=speaker)],
        shorter_than_s=0.0,
    )
    rate_hz = conditions.rate_hz
    lowered = [on_line(channel, rate_hz=rate_hz) for channel in channels]
    # The ratio holds in the line's band: what the line cuts off masks no noise.
    heard = on_line(np.asarray(sum(voices)), rate_hz=rate_hz)
    level = rms_of(heard, speech=spoken, rate_hz=rate_hz)
    sources = list(babble)
    noisy = [
        channel
        + make_noise(conditions, length=len(channel), dice=dice, babble=sources)
        * (level * decibels(-conditions.snr_db))
        for channel in lowered
    ]
    scale = PEAK / max(float(np.abs(channel).max()) for channel in noisy)
    return np.stack(
        [CODECS[conditions.codec](channel * min(scale, 1.0), rate_hz) for channel in noisy]
    )


def render_voice(
    lines: Iterable[Line], *, speaker: int, length: int, conditions: Conditions, dice: Any
) -> Samples:
    """One speaker's lines on a silent channel, at the speaker's level and in the room."""
    own = [line for line in lines if line.speaker == speaker]
    channel = np.zeros(length)
    for at_s, sound in (part for line in own for part in line.parts):
        add_at(channel, sound.samples, start=round(at_s * RATE_HZ))
    quieter_db = conditions.level_difference_db if speaker == conditions.quieter else 0.0
    wanted = decibels(SPEECH_DB - quieter_db)
    channel *= wanted / rms_of(channel, speech=speech_of(own, speaker=speaker))
    return in_room(channel, conditions=conditions, dice=dice)


def add_at(channel: Samples, samples: Samples, *, start: int) -> None:
    """Mix samples into a channel in place, cut where they reach over its ends."""
    begin, end = max(start, 0), min(start + len(samples), len(channel))
    channel[begin:end] += samples[begin - start : end - start]


def in_room(samples: Samples, *, conditions: Conditions, dice: Any) -> Samples:
    """The voice with an exponentially decaying tail; the direct sound stays where it is."""
    if conditions.rt60_s is None or conditions.direct_to_reverb_db is None:
        return samples
    from scipy.signal import fftconvolve

    time_s = np.arange(round(conditions.rt60_s * RATE_HZ)) / RATE_HZ
    # 60 dB down after RT60: amplitude 10 ** (-3 t / RT60).
    tail = dice.standard_normal(len(time_s)) * 10 ** (-3 * time_s / conditions.rt60_s)
    tail[0] = 0.0
    tail *= decibels(-conditions.direct_to_reverb_db) / np.sqrt(np.sum(tail**2))
    return np.asarray(samples + fftconvolve(samples, tail)[: len(samples)])


def cross(voices: Sequence[Samples], *, conditions: Conditions) -> list[Samples]:
    """Each channel with the other's voice bleeding into it, late and low."""
    if conditions.crosstalk_db is None or conditions.crosstalk_delay_ms is None:
        return list(voices)
    delay = round(conditions.crosstalk_delay_ms / 1000 * RATE_HZ)
    gain = decibels(conditions.crosstalk_db)
    late = [np.concatenate([np.zeros(delay), voice])[: len(voice)] for voice in voices]
    return [voices[0] + gain * late[1], voices[1] + gain * late[0]]


def on_line(samples: Samples, *, rate_hz: int) -> Samples:
    """The samples in the line's band at the line's rate."""
    limited = keep_band(samples, rate_hz=RATE_HZ, band_hz=BANDS_HZ[rate_hz])
    return limited[:: RATE_HZ // rate_hz]


def make_noise(
    conditions: Conditions, *, length: int, dice: Any, babble: Sequence[Samples]
) -> Samples:
    """Noise of the conditions' kind within the line's band, at a root mean square of 1."""
    rate_hz = conditions.rate_hz
    if conditions.noise == "babble":
        noise = make_babble(babble, length=length, rate_hz=rate_hz, dice=dice)
    elif conditions.noise == "hum":
        noise = make_hum(length, rate_hz=rate_hz, dice=dice)
    else:
        noise = make_coloured(
            length, exponent=0.5 if conditions.noise == "pink" else 0.0, dice=dice
        )
    low_hz, high_hz = BANDS_HZ[rate_hz]
    limited = keep_band(noise, rate_hz=rate_hz, band_hz=(low_hz, high_hz))
    return limited / np.sqrt(np.mean(limited**2))


def make_coloured(length: int, *, exponent: float, dice: Any) -> Samples:
    """Noise whose amplitude falls with frequency to that exponent: 0 white, 0.5 pink."""
    spectrum = np.fft.rfft(dice.standard_normal(length))
    weight = np.maximum(np.arange(len(spectrum)), 1.0) ** -exponent
    return np.asarray(np.fft.irfft(spectrum * weight, length))


def make_hum(length: int, *, rate_hz: int, dice: Any) -> Samples:
    """Mains hum with its harmonics, and a hiss so that it is not silent between them."""
    time_s = np.arange(length) / rate_hz
    harmonics = range(1, HUM_HARMONICS + 1)
    hum = sum(np.sin(2 * np.pi * HUM_HZ * k * time_s + k * k) / k**0.5 for k in harmonics)
    return np.asarray(hum + 0.5 * dice.standard_normal(length))


def make_babble(sources: Sequence[Samples], *, length: int, rate_hz: int, dice: Any) -> Samples:
    """Many voices at once, played backwards: speech in sound and rhythm, with no words in it."""
    babble = np.zeros(length)
    for _ in range(BABBLE_VOICES):
        source = sources[dice.integers(len(sources))][::-1]
        at_rate = resample(source, from_hz=RATE_HZ, to_hz=rate_hz)
        repeated = np.tile(at_rate, length // len(at_rate) + 2)
        start = int(dice.integers(len(at_rate)))
        babble += repeated[start : start + length] / np.sqrt(np.mean(at_rate**2))
    return babble


def through_codec(
    samples: Samples, *, rate_hz: int, container: str, codec: str, options: dict[str, str]
) -> Samples:
    """The samples encoded and decoded, moved back by what the codec delays them."""
    pcm = np.clip(np.round(samples * 32767), -32768, 32767).astype(np.int16)
    held = io.BytesIO()
    with av.open(held, "w", format=container, container_options={"fflags": "bitexact"}) as out:
        stream = out.add_stream(codec, rate=rate_hz, options=options)
        stream.layout = "mono"
        if codec == "libopus":
            stream.bit_rate = OPUS_BIT_RATE
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = rate_hz
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    held.seek(0)
    return undo_lag(decode_mono(held, rate_hz=rate_hz), like=samples, rate_hz=rate_hz)


def decode_mono(held: io.BytesIO, *, rate_hz: int) -> Samples:
    """The only channel of an encoded file at that rate."""
    to_rate = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
    with av.open(held) as source:
        frames = [*source.decode(audio=0), None]
        parts = [part.to_ndarray()[0] for frame in frames for part in to_rate.resample(frame)]
    return np.concatenate(parts).astype(np.float64)


def lag_of(samples: Samples, *, like: Samples, limit: int) -> int:
    """By how many samples the first comes later than the second: the cross-correlation's peak."""
    size = 1 << (len(samples) + len(like) - 1).bit_length()
    product = np.fft.rfft(samples, size) * np.conj(np.fft.rfft(like, size))
    correlation = np.fft.irfft(product, size)
    lags = np.arange(-limit, limit + 1)
    return int(lags[np.argmax(correlation[lags])])


def undo_lag(samples: Samples, *, like: Samples, rate_hz: int) -> Samples:
    """The samples shifted and cut to lie on `like`."""
    lag = lag_of(samples, like=like, limit=round(CODEC_LAG_LIMIT_S * rate_hz))
    aligned = np.zeros(len(like))
    add_at(aligned, samples, start=-lag)
    return aligned


def mulaw(samples: Samples, rate_hz: int) -> Samples:
    """G.711 mu-law, 64 kbit/s at 8 kHz."""
    return through_codec(samples, rate_hz=rate_hz, container="wav", codec="pcm_mulaw", options={})


def opus12(samples: Samples, rate_hz: int) -> Samples:
    """Opus at 12 kbit/s as telephony uses it."""
    options = {"application": "voip"}
    return through_codec(
        samples, rate_hz=rate_hz, container="ogg", codec="libopus", options=options
    )


def uncoded(samples: Samples, rate_hz: int) -> Samples:
    """No codec at all."""
    del rate_hz
    return samples


CODECS: dict[str, Callable[[Samples, int], Samples]] = {
    "mulaw": mulaw,
    "opus12": opus12,
    "none": uncoded,
}
