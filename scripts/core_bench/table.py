"""Every way to decode composed calls, by word errors and speed: from it the defaults are chosen."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import polars as pl

from pipeline.errors import InputError
from pipeline.evaluation.manifest import Entry, choose, read_manifest
from pipeline.evaluation.normalise import normalised
from pipeline.evaluation.reference import read_reference
from pipeline.evaluation.spoken import of_nobody
from pipeline.records import WITHHELD_DOUBTS, Track
from pipeline.stages.chunks import cut, waveform
from pipeline.stages.recognizing import TranscribeConfig

from . import engines
from .figures import Cells, spread
from .material import Setup, as_mono, decoded, floats, joined, start_of

BATCHES = (4, 8, 16)
TABLE_HEADER: Cells = (
    *("model", "decoding", "beam", "batch", "word times", "chunks"),
    *("WER %", "speed / bare base, batched 8, beam 1", "knee"),
)
Chunking = Literal["our map", "built-in VAD", "none"]
Decoding = Literal["batched", "sequential", "our stage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One way to decode."""

    model: str
    decoding: Decoding = "batched"
    beam: int = 1
    batch: int = 8
    words: bool = True
    chunks: Chunking = "our map"

    def cells(self) -> Cells:
        """The setting as the first cells of its row."""
        batch = "" if self.decoding == "sequential" else str(self.batch)
        words = "yes" if self.words else "no"
        return self.model, self.decoding, str(self.beam), batch, words, self.chunks


REFERENCE = Setting(model="base", chunks="built-in VAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One setting on one call: word errors, reference words, and speed beside REFERENCE."""

    setting: Setting
    errors: int
    words: int
    speed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A composed call, ready to be decoded: mono, with its speech map and its true words."""

    track: Track
    speech: pl.DataFrame
    truth: str


def blocks(models: Sequence[str]) -> list[tuple[Setting, ...]]:
    """The settings, in blocks that are each timed right after one run of REFERENCE."""
    every = itertools.product(models, ("our map", "built-in VAD"), (1, 5), (True, False))
    batched = [
        tuple(
            Setting(model=model, beam=beam, batch=batch, words=words, chunks=chunks)
            for batch in BATCHES
        )
        for model, chunks, beam, words in every
    ]
    whole: list[tuple[Setting, ...]] = [
        (
            Setting(model=model, decoding="our stage", beam=TranscribeConfig().beam_size),
            Setting(model=model, decoding="sequential", beam=5, chunks="none"),
        )
        for model in models
    ]
    return batched + whole


def table(setup: Setup) -> Iterator[Cells]:
    """Composed calls as mono, best WER first. The speech map is made before the clock starts.

    The header, then a row for each setting. Raises InputError.
    """
    if setup.manifest is None:
        raise InputError(
            "the table needs composed calls: give --manifest; scripts/make_eval_calls makes them"
        )
    yield TABLE_HEADER
    trials: list[Trial] = []
    for entry in choose(read_manifest(setup.manifest), calls=setup.calls):
        heard = _heard(entry, setup)
        _warm_up(heard, setup.models)
        for block in blocks(setup.models):
            trials.extend(_tried(block, heard))
        print(f"  {entry.id}: {len(trials)} trials so far", flush=True)
    yield from table_rows(trials)


def _warm_up(heard: Heard, models: Sequence[str]) -> None:
    """Decode the start of a call with each model, so that nothing is loaded on the clock."""
    start = floats(start_of(heard.track))
    for model in {REFERENCE.model, *models}:
        engines.plain_batched(start, model=model)


def _heard(entry: Entry, setup: Setup) -> Heard:
    reference = read_reference(entry.references, recording=entry.id)
    if not reference.words:
        raise InputError(f"{entry.id}: its reference holds no words; WER needs them")
    track = as_mono(decoded(entry.audio, folder=setup.folder))
    truth = " ".join(word.text for word in of_nobody(reference.words))
    return Heard(track=track, speech=engines.speech_of(track), truth=normalised(truth))


def _tried(block: Sequence[Setting], heard: Heard) -> Iterator[Trial]:
    """The settings of a block on a call, with REFERENCE run just before."""
    _, beside_s = _timed(REFERENCE, heard)
    for setting in block:
        text, seconds = _timed(setting, heard)
        errors, words = word_errors(heard.truth, normalised(text))
        yield Trial(setting=setting, errors=errors, words=words, speed=beside_s / seconds)


def _timed(setting: Setting, heard: Heard) -> tuple[str, float]:
    """The text and the seconds; the model is loaded before the clock starts."""
    decode = _decoder(setting, heard)
    started = time.perf_counter()
    text = decode()
    return text, time.perf_counter() - started


def _decoder(setting: Setting, heard: Heard) -> Callable[[], str]:
    """What decodes a call, its model loaded."""
    if setting.decoding == "our stage":
        config = TranscribeConfig(model=setting.model)
        engines.recognizer(config)
        return lambda: _stage_text(heard, config)
    engines.plain_whisper(setting.model)
    if setting.decoding == "sequential":
        return partial(engines.plain_sequential, floats(heard.track), model=setting.model)
    return lambda: engines.plain_batched(
        floats(heard.track),
        model=setting.model,
        beam=setting.beam,
        batch=setting.batch,
        words=setting.words,
        chunks=_map_chunks(heard) if setting.chunks == "our map" else None,
    )


def _stage_text(heard: Heard, config: TranscribeConfig) -> str:
    words = engines.words_of(heard.track, heard.speech, config=config)
    kept = words.filter(~pl.col("doubt").is_in(WITHHELD_DOUBTS))
    return joined(kept["text"].to_list())


def _map_chunks(heard: Heard) -> list[engines.Waveform] | None:
    """The chunks that our stage would decode; None where the map is empty."""
    config, samples = TranscribeConfig(), heard.track.samples[0]
    chunks = cut(
        heard.speech.select("start_ms", "end_ms").rows(),
        samples=samples,
        track=0,
        max_chunk_ms=round(config.max_chunk_s * 1000),
        pad_ms=round(config.pad_s * 1000),
        max_gap_ms=round(config.max_gap_s * 1000),
    )
    return [waveform(chunk, samples) for chunk in chunks] or None


def word_errors(truth: str, found: str) -> tuple[int, int]:
    """Errors and reference words of two normalised texts, by jiwer."""
    import jiwer

    if not truth:
        return len(found.split()), 0
    result = jiwer.process_words(truth, found)
    errors = result.substitutions + result.deletions + result.insertions
    return errors, len(truth.split())


def table_rows(trials: Iterable[Trial]) -> list[Cells]:
    """A row for each setting: WER over all words, speed as the median of the calls.

    "yes" marks the frontier: no setting is both at least as fast and at least as right, and
    better in one.
    """
    by_setting: dict[Setting, list[Trial]] = {}
    for trial in trials:
        by_setting.setdefault(trial.setting, []).append(trial)
    points = {
        setting: (_wer_percent(own), statistics.median(trial.speed for trial in own))
        for setting, own in by_setting.items()
    }
    best_first = sorted(points, key=lambda setting: (points[setting][0], -points[setting][1]))
    return [
        (
            *setting.cells(),
            f"{points[setting][0]:.2f}",
            spread([trial.speed for trial in by_setting[setting]]).shown(),
            "yes" if on_frontier(points[setting], points.values()) else "",
        )
        for setting in best_first
    ]


def _wer_percent(trials: Sequence[Trial]) -> float:
    words = sum(trial.words for trial in trials)
    return 100 * sum(trial.errors for trial in trials) / words if words else 0.0


def on_frontier(point: tuple[float, float], points: Iterable[tuple[float, float]]) -> bool:
    """Whether no other (errors, speed) is at least as good in both and better in one."""
    errors, speed = point
    return not any(other != point and other[0] <= errors and other[1] >= speed for other in points)
