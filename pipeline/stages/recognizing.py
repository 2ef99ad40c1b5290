"""How words are recognised: what the stage needs of a recogniser, and readings it does not trust.

Whisper fails on a chunk in two ways. It repeats itself or makes words up, which a second reading
with care mends, or it leaves most of the chunk out, one sentence of half a minute, which reading
the chunk in halves mends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pipeline.errors import ConfigError
from pipeline.models.recognizer import Decoded, joined
from pipeline.records import SAMPLE_RATE_HZ
from pipeline.stages.chunks import Chunk, halves
from pipeline.stages.doubts import repeated

Waveform = npt.NDArray[np.float32]
CAREFUL_MIN_S = 1.0
"""Shorter sounds hold a word or two: every temperature is tried and none is sure."""
SPARSE_MIN_S = 5.0
"""A shorter stretch may well hold a word or two."""
LIKELY_WORD = 0.5
"""What a word's probability must be for it to speak for a reading, not against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscribeConfig:
    """How words are recognised.

    Chunks of up to `max_chunk_s` are cut at the pauses of the speech map, each interval widened
    by `pad_s`, gaps over `max_gap_s` shortened to it. A chunk is decoded again with care when its
    text compresses better than `max_compression_ratio`, its mean log-probability a token is below
    `min_log_probability` (both Whisper's own limits), or it has more than `max_words_per_s`; and
    in halves when it has fewer than `min_words_per_s` of speech (on composed development calls
    one chunk in ten had 0.5 to 1.3, all of them read badly, and the others 1.8 and more).
    With `second_look`, speech without a word is decoded once more by itself, and kept where its
    words have at least `second_look_probability` in the mean.
    A language counts as heard from `language_certainty` on; whether it is the one set is looked
    at when the words' mean probability is below `unsure_probability`.
    """

    model: str = "base"
    language: str = "en"
    beam_size: int = 5
    max_chunk_s: float = 29.0
    pad_s: float = 0.4
    max_gap_s: float = 2.0
    max_compression_ratio: float = 2.4
    min_log_probability: float = -1.0
    max_words_per_s: float = 7.0
    min_words_per_s: float = 1.5
    second_look: bool = True
    second_look_probability: float = 0.4
    language_certainty: float = 0.8
    unsure_probability: float = 0.8

    def __post_init__(self) -> None:
        if not 5.0 <= self.max_chunk_s <= 30.0:
            raise ConfigError("transcribe.max_chunk_s must be 5 to 30 s, what Whisper can hear")
        if self.beam_size < 1:
            raise ConfigError("transcribe.beam_size must be at least 1")
        if not (self.language == "auto" or (self.language.isalpha() and len(self.language) <= 3)):
            raise ConfigError("transcribe.language must be a code such as en, or auto")


class Recognizing(Protocol):
    """What the stage needs of a recogniser; tests pass a fake."""

    @property
    def round_size(self) -> int: ...

    def language_of(self, chunk: Waveform) -> tuple[str, float]: ...

    def decode(
        self, chunks: Sequence[Waveform], *, language: str, beam_size: int
    ) -> list[Decoded]: ...

    def decode_carefully(self, chunks: Sequence[Waveform], *, language: str) -> list[Decoded]: ...


def read_again(
    chunks: Sequence[Chunk],
    sounds: Sequence[Waveform],
    heard: Sequence[Decoded],
    *,
    language: str,
    config: TranscribeConfig,
    model: Recognizing,
) -> list[Decoded]:
    """The text of chunks, decoded again where the first reading looks wrong or leaves much out.

    `sounds` are the waveforms of the chunks, `heard` their first readings.
    """
    whole = _in_halves(chunks, sounds, heard, language=language, config=config, model=model)
    return _with_care(sounds, whole, language=language, config=config, model=model)


def _in_halves(
    chunks: Sequence[Chunk],
    sounds: Sequence[Waveform],
    heard: Sequence[Decoded],
    *,
    language: str,
    config: TranscribeConfig,
    model: Recognizing,
) -> list[Decoded]:
    """Readings, those with too few words taken in halves where that finds more likely words."""
    sparse = [
        position
        for position, (chunk, decoded) in enumerate(zip(chunks, heard, strict=True))
        if chunk.speech_ms >= SPARSE_MIN_S * 1000
        and len(decoded.words) < config.min_words_per_s * chunk.speech_ms / 1000
    ]
    if not sparse:
        return list(heard)
    parts = [part for position in sparse for part in halves(sounds[position])]
    read = model.decode(parts, language=language, beam_size=config.beam_size)
    best = list(heard)
    for number, position in enumerate(sparse):
        first, second = read[2 * number : 2 * number + 2]
        both = joined([first, _later(second, len(parts[2 * number]) / SAMPLE_RATE_HZ)])
        looped = both.compression_ratio > config.max_compression_ratio
        if not looped and _worth(both) > _worth(best[position]):
            best[position] = both
    return best


def _later(decoded: Decoded, seconds: float) -> Decoded:
    words = tuple(
        replace(word, start_s=word.start_s + seconds, end_s=word.end_s + seconds)
        for word in decoded.words
    )
    return replace(decoded, words=words)


def _worth(decoded: Decoded) -> float:
    """How much was heard: likely words count for a reading and unlikely ones against it."""
    return sum(word.probability - LIKELY_WORD for word in decoded.words)


def _with_care(
    sounds: Sequence[Waveform],
    heard: Sequence[Decoded],
    *,
    language: str,
    config: TranscribeConfig,
    model: Recognizing,
) -> list[Decoded]:
    """Readings, those that look wrong decoded again with fallback to other temperatures."""
    wrong = [
        position
        for position, (decoded, sound) in enumerate(zip(heard, sounds, strict=True))
        if len(sound) >= CAREFUL_MIN_S * SAMPLE_RATE_HZ
        and _suspicious(decoded, seconds=len(sound) / SAMPLE_RATE_HZ, config=config)
    ]
    again = model.decode_carefully([sounds[position] for position in wrong], language=language)
    better = {
        position: careful
        for position, careful in zip(wrong, again, strict=True)
        if careful.words or not heard[position].words
    }
    return [better.get(position, decoded) for position, decoded in enumerate(heard)]


def _suspicious(decoded: Decoded, *, seconds: float, config: TranscribeConfig) -> bool:
    return (
        decoded.compression_ratio > config.max_compression_ratio
        or (bool(decoded.words) and decoded.mean_log_probability < config.min_log_probability)
        or len(decoded.words) > config.max_words_per_s * seconds
        or bool(repeated(decoded.words))
    )
