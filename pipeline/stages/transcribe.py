"""What was said: words with times and probabilities, from the speech that the map shows.

Only speech is recognised, so silence cannot be filled with invented text; a reading that looks
wrong is done again (recognizing.py); and words that still look made up are flagged, never dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from pipeline.errors import ContractError
from pipeline.models.recognizer import Decoded, load_recognizer
from pipeline.records import (
    OTHER_LANGUAGE,
    OUTSIDE_SPEECH,
    REPETITION,
    WORDS,
    Track,
)
from pipeline.stage import Frame, Locate, Place, Progress, Stage
from pipeline.stages.chunks import Chunk, cut, waveform
from pipeline.stages.doubts import outside_speech, repeated
from pipeline.stages.recognizing import Recognizing, TranscribeConfig, read_again
from pipeline.stages.unheard import unheard


def weights(config: TranscribeConfig) -> tuple[str, ...]:
    """The weights that a config uses."""
    return (config.model,)


def load(*, config: TranscribeConfig, device: Place, locate: Locate) -> Recognizing:
    """Load the Whisper model. Raises ModelError."""
    batch_size = GPU_BATCH_SIZE if device.kind == "cuda" else BATCH_SIZE
    return load_recognizer(locate(config.model), device=device, batch_size=batch_size)


BATCH_SIZE, GPU_BATCH_SIZE = 8, 32
"""Chunks decoded at once, by a core and by a GPU (reports/benchmark-gpu.md: half as fast again as
with 8). No setting of the result: on the CPU no word depends on it, on a GPU one in a thousand."""
FIRST_LOOK_SHARE = 0.9
SECOND_LOOK_WORDS_PER_S = 5.0
"""People speak 2 to 4 words a second; more in a short stretch are made up. On composed development
calls what is left after both limits brought back a quarter of the deleted words."""


def run(
    *,
    audio: Track,
    diarize: pl.DataFrame,
    config: TranscribeConfig,
    model: Recognizing,
    progress: Progress,
) -> pl.DataFrame:
    """The words of all tracks, schema WORDS, by start."""
    chunks = [
        chunk
        for track in range(len(audio.samples))
        for chunk in _cut(audio, diarize, track, config)
    ]
    if not chunks:
        return pl.DataFrame(schema=WORDS)
    language = _language(chunks, audio, config=config, model=model)

    share = FIRST_LOOK_SHARE if config.second_look else 1.0
    rows: list[dict[str, Any]] = []
    size = model.round_size  # as it is now: it may shrink while a round is decoded
    for first in range(0, len(chunks), size):
        batch = chunks[first : first + size]
        sounds = [waveform(chunk, audio.samples[chunk.track]) for chunk in batch]
        heard = model.decode(sounds, language=language, beam_size=config.beam_size)
        read = read_again(batch, sounds, heard, language=language, config=config, model=model)
        for chunk, decoded in zip(batch, read, strict=True):
            rows.extend(_rows(chunk, decoded, language=language))
        progress(share * min(1.0, (first + len(batch)) / len(chunks)))
    words = _words(rows, diarize)
    if config.second_look:
        more = _second_look(words, diarize, audio, language=language, config=config, model=model)
        words = _words([*rows, *more], diarize)
        progress(1.0)
    return _in_doubt(words) if _other_language(words, chunks, audio, config, model) else words


def _second_look(
    words: pl.DataFrame,
    speech: pl.DataFrame,
    audio: Track,
    *,
    language: str,
    config: TranscribeConfig,
    model: Recognizing,
) -> list[dict[str, Any]]:
    """Words, as rows, of speech in which none was heard: those that are likely and not too many.

    There is no fallback to other temperatures: what it finds in half a second is invented.
    """
    missed = [
        chunk
        for track in range(len(audio.samples))
        for chunk in unheard(
            words,
            speech,
            track=track,
            duration_ms=audio.duration_ms,
            max_chunk_ms=round(config.max_chunk_s * 1000),
        )
    ]
    rows: list[dict[str, Any]] = []
    size = model.round_size
    for first in range(0, len(missed), size):
        batch = missed[first : first + size]
        sounds = [waveform(chunk, audio.samples[chunk.track]) for chunk in batch]
        heard = model.decode(sounds, language=language, beam_size=config.beam_size)
        for chunk, decoded in zip(batch, heard, strict=True):
            if decoded.compression_ratio <= config.max_compression_ratio:
                rows.extend(_likely(chunk, _rows(chunk, decoded, language=language), config))
    return rows


def _likely(
    chunk: Chunk, rows: Sequence[dict[str, Any]], config: TranscribeConfig
) -> list[dict[str, Any]]:
    """The words of those pieces of a chunk whose words are likely, and not more than can be."""
    kept: list[dict[str, Any]] = []
    for piece in chunk.pieces:
        own = [row for row in rows if piece.start_ms <= row["start_ms"] < piece.end_ms]
        if not own or len(own) > SECOND_LOOK_WORDS_PER_S * (piece.end_ms - piece.start_ms) / 1000:
            continue
        if sum(row["probability"] for row in own) >= config.second_look_probability * len(own):
            kept.extend(own)
    return kept


def _cut(audio: Track, speech: pl.DataFrame, track: int, config: TranscribeConfig) -> list[Chunk]:
    own = speech.filter(pl.col("track") == track).select("start_ms", "end_ms")
    return cut(
        own.rows(),
        samples=audio.samples[track],
        track=track,
        max_chunk_ms=round(config.max_chunk_s * 1000),
        pad_ms=round(config.pad_s * 1000),
        max_gap_ms=round(config.max_gap_s * 1000),
    )


def _language(
    chunks: Sequence[Chunk], audio: Track, *, config: TranscribeConfig, model: Recognizing
) -> str:
    """The language to decode in: the one set, or the one heard with certainty, or English."""
    if config.language != "auto":
        return config.language
    found, probability = _heard_language(chunks, audio, model)
    return found if probability >= config.language_certainty else "en"


def _heard_language(chunks: Sequence[Chunk], audio: Track, model: Recognizing) -> tuple[str, float]:
    """The language of the longest chunk, and how probable it is."""
    longest = max(chunks, key=lambda chunk: chunk.length_ms)
    return model.language_of(waveform(longest, audio.samples[longest.track]))


def _other_language(
    words: pl.DataFrame,
    chunks: Sequence[Chunk],
    audio: Track,
    config: TranscribeConfig,
    model: Recognizing,
) -> bool:
    """Whether the call is in another language than the one set.

    Looked at only where the words are unsure, since it costs a window of the recogniser.
    """
    probability = words["probability"].mean()
    unsure = not isinstance(probability, float) or probability < config.unsure_probability
    if config.language == "auto" or not unsure:
        return False
    found, certainty = _heard_language(chunks, audio, model)
    return found != config.language and certainty >= config.language_certainty


def _in_doubt(words: pl.DataFrame) -> pl.DataFrame:
    """Words that bear no doubt yet, flagged as of another language."""
    flagged = pl.when(pl.col("doubt") == "").then(pl.lit(OTHER_LANGUAGE))
    return words.with_columns(doubt=flagged.otherwise(pl.col("doubt")))


def _rows(chunk: Chunk, decoded: Decoded, *, language: str) -> list[dict[str, Any]]:
    """The words of a chunk with times of the track."""
    loops = repeated(decoded.words)
    spans = [chunk.track_span(word.start_s * 1000, word.end_s * 1000) for word in decoded.words]
    return [
        {
            "start_ms": start_ms,
            "end_ms": end_ms,
            "text": word.text,
            "probability": min(1.0, max(0.0, word.probability)),
            "track": chunk.track,
            "language": language,
            "doubt": REPETITION if position in loops else "",
        }
        for position, (word, (start_ms, end_ms)) in enumerate(
            zip(decoded.words, spans, strict=True)
        )
    ]


def _words(rows: Sequence[dict[str, Any]], speech: pl.DataFrame) -> pl.DataFrame:
    """Rows as WORDS: sorted, numbered, and flagged where no speech is near."""
    schema = {name: dtype for name, dtype in WORDS.items() if name != "word"}
    frame = pl.DataFrame(rows, schema=schema).with_columns(
        end_ms=pl.max_horizontal("start_ms", "end_ms")
    )
    frame = frame.sort("start_ms", "track", maintain_order=True)
    outside = outside_speech(frame, speech)
    doubts = pl.when(outside).then(pl.lit(OUTSIDE_SPEECH))
    flagged = frame.with_columns(doubt=doubts.otherwise(pl.col("doubt")))
    return flagged.with_row_index("word").select(pl.col(name) for name in WORDS).cast(WORDS)


def check(words: pl.DataFrame) -> None:
    """Numbered from 0, sorted by start, start not after end, text in every word."""
    if words["word"].to_list() != list(range(words.height)):
        raise ContractError("words are not numbered from 0")
    if (
        not words["start_ms"].is_sorted()
        or words.filter(pl.col("start_ms") > pl.col("end_ms")).height
    ):
        raise ContractError("words are not in order of time")
    if words.filter(pl.col("text").str.strip_chars() == "").height:
        raise ContractError("a word has no text")


STAGE = Stage(
    name="transcribe",
    version=4,
    inputs=("audio", "diarize"),
    output=Frame(schema=WORDS, check=check),
    config=TranscribeConfig,
    run=run,
    load=load,
    weights=weights,
    gpus=0.5,
)
