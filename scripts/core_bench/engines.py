"""The two sides, loaded once: our stages, and faster-whisper as its own page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config import Config, load_config
from pipeline.models.device import choose_device, usable_cores
from pipeline.models.weights import locate
from pipeline.plan import plan, read_recording
from pipeline.records import SAMPLE_RATE_HZ, Track
from pipeline.run import Bench, Models, results
from pipeline.stages import diarize, transcribe
from pipeline.store import Store

from .material import joined, silent

Waveform = npt.NDArray[np.float32]
TWO_SPEAKERS = diarize.DiarizeConfig(speakers=2)


@cache
def plain_whisper(name: str = "base") -> Any:
    """A bare WhisperModel: int8, all cores for one batch."""
    from faster_whisper import WhisperModel

    return WhisperModel(
        str(locate(name)), device="cpu", compute_type="int8", cpu_threads=usable_cores()
    )


def plain_batched(
    sound: Waveform | str,
    *,
    model: str = "base",
    beam: int = 1,
    batch: int = 8,
    words: bool = True,
    chunks: Sequence[Waveform] | None = None,
) -> str:
    """What bare faster-whisper hears, batched, on chunks of its own voice activity detector.

    `chunks` are decoded instead of `sound`, each as it is.
    """
    from faster_whisper import BatchedInferencePipeline

    segments, _ = BatchedInferencePipeline(plain_whisper(model)).transcribe(
        sound if chunks is None else np.concatenate(chunks),
        language="en",
        beam_size=beam,
        batch_size=batch,
        word_timestamps=words,
        **({} if chunks is None else {"vad_filter": False, "clip_timestamps": _clips(chunks)}),
    )
    return joined([segment.text for segment in segments])


def _clips(chunks: Sequence[Waveform]) -> list[dict[str, float]]:
    ends = np.cumsum([len(chunk) for chunk in chunks]) / SAMPLE_RATE_HZ
    starts = [0.0, *ends[:-1]]
    return [
        {"start": float(start), "end": float(end)} for start, end in zip(starts, ends, strict=True)
    ]


def plain_sequential(sound: Waveform | str, *, model: str = "base") -> str:
    """What the most careful plain faster-whisper hears: window after window, beam 5, no VAD."""
    segments, _ = plain_whisper(model).transcribe(
        sound, language="en", beam_size=5, word_timestamps=True, vad_filter=False
    )
    return joined([segment.text for segment in segments])


@cache
def recognizer(config: transcribe.TranscribeConfig) -> Any:
    """The model of the transcribe stage."""
    return transcribe.load(config=config, device=choose_device("cpu"), locate=locate)


@cache
def diarizer(config: diarize.DiarizeConfig = TWO_SPEAKERS) -> diarize.DiarizeModel:
    """The model of the diarize stage."""
    return diarize.load(config=config, device=choose_device("cpu"), locate=locate)


def speech_of(track: Track, *, config: diarize.DiarizeConfig = TWO_SPEAKERS) -> pl.DataFrame:
    """The speech map of a track by our stage."""
    return diarize.run(audio=track, config=config, model=diarizer(config), progress=silent)


def words_of(
    track: Track, speech: pl.DataFrame, *, config: transcribe.TranscribeConfig
) -> pl.DataFrame:
    """The words of a track by our stage."""
    return transcribe.run(
        audio=track, diarize=speech, config=config, model=recognizer(config), progress=silent
    )


@cache
def kept_models() -> Models:
    """The models of whole analyses, kept from one to the next."""
    return Models(device=lambda: choose_device("cpu"), locate=locate)


def analysis_config() -> Config:
    """The defaults, for calls of two."""
    return load_config(settings=["diarize.speakers=2"])


def analysed(path: Path, *, store: Path, models: Models) -> dict[str, bytes]:
    """The files of a whole analysis; nothing of it may lie in the store."""
    bench = Bench(store=Store(root=store), models=models, force=True)
    return results(plan(read_recording(path), config=analysis_config()), bench=bench)


def load_all(path: Path, *, models: Models) -> None:
    """Load every model that the analysis of a recording needs."""
    for task in plan(read_recording(path), config=analysis_config()).tasks:
        models.get(task)
