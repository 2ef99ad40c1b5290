"""Transcription, diarization, whole analyses and batches against the plain libraries."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.errors import PipelineError
from pipeline.evaluation.diarization import score_diarization
from pipeline.evaluation.formats import read_rttm
from pipeline.evaluation.hypothesis import Hypothesis
from pipeline.evaluation.reference import Reference
from pipeline.evaluation.spoken import Interval
from pipeline.executors.local import Outcome, analyze, default_at_once
from pipeline.models.device import usable_cores
from pipeline.models.segmentation import load_segmentation
from pipeline.models.weights import locate
from pipeline.records import SAMPLE_RATE_HZ, Track
from pipeline.run import Bench
from pipeline.stages.diarize import DiarizeConfig
from pipeline.stages.recognizing import TranscribeConfig
from pipeline.store import Store

from . import engines
from .figures import Bound, Row, by_turns, figure_row, ratios, seconds_of
from .material import (
    CALL_RATE_HZ,
    WARM_S,
    Setup,
    decoded,
    duration_s,
    floats,
    real_call,
    repair_folder,
    start_of,
    telephone_clip,
    turned,
    write_call,
)
from .phantom import phantom

EIGHT = 8


def transcription(setup: Setup) -> Iterator[Row]:
    """Our transcribe stage, given the speech map, against bare faster-whisper on the same call."""
    track = _real_track(setup)
    speech = engines.speech_of(track)
    config = TranscribeConfig()
    taken = by_turns(
        {
            "batched": lambda heard: engines.plain_batched(heard[1], beam=config.beam_size),
            "one reading": lambda heard: engines.plain_batched(heard[1]),
            "ours": lambda heard: engines.words_of(heard[0], speech, config=config),
            "sequential": lambda heard: engines.plain_sequential(heard[1]),
        },
        on=(track, floats(track)),
        warm=(start_of(track), floats(start_of(track))),
        runs=setup.runs,
    )
    for side, beam, bound in (
        ("batched", config.beam_size, Bound(least=0.95)),
        ("one reading", 1, Bound()),
    ):
        yield figure_row(
            f"transcription, speed / bare faster-whisper "
            f"(batched 8, beam {beam}, word times, its own VAD)",
            ratios(taken[side], taken["ours"]),
            bound=bound,
            more=f"{seconds_of(taken['ours'])} against {seconds_of(taken[side])}",
        )
    yield figure_row(
        "transcription, speed / sequential faster-whisper (beam 5, word times, no VAD)",
        ratios(taken["sequential"], taken["ours"]),
        bound=Bound(least=1.7),
        more=f"{seconds_of(taken['ours'])} against {seconds_of(taken['sequential'])}",
    )
    names = ("ours", "transcription"), ("batched", f"bare faster-whisper, beam {config.beam_size}")
    for side, name in names:
        yield _times_real_time(name, taken[side], track)


def _real_track(setup: Setup) -> Track:
    path = write_call(setup.folder / "real.wav", real_call(setup).mono)
    return decoded(path, folder=setup.folder)


def _times_real_time(
    what: str, taken: list[float], track: Track, *, bound: Bound | None = None
) -> Row:
    speeds = [duration_s(track) / seconds for seconds in taken]
    return figure_row(f"{what}, times real time", speeds, bound=bound or Bound(), digits=1)


def diarization(setup: Setup) -> Iterator[Row]:
    """Our diarize stage on the real call as mono, with what its accuracy is at that speed."""
    yield from _telephone(setup)
    track = _real_track(setup)
    taken = by_turns(
        {"ours": engines.speech_of, "segmentation": _segmented},
        on=track,
        warm=start_of(track),
        runs=setup.runs,
    )
    yield _times_real_time("diarization", taken["ours"], track, bound=Bound(least=60))
    yield _times_real_time(
        "segmentation alone, half-overlapping windows, all cores", taken["segmentation"], track
    )
    truth = repair_folder() / "silver.rttm"
    yield _error_row("real call, mono (machine-made reference)", track, truth)
    yield from phantom(real_call(setup), setup)


def _telephone(setup: Setup) -> Iterator[Row]:
    clip = telephone_clip()
    track, truth = decoded(clip, folder=setup.folder), clip.with_suffix(".rttm")
    yield _error_row("telephone clip, 2 speakers given", track, truth, most=5.0)
    config = DiarizeConfig(speakers="auto")
    yield _error_row("telephone clip, number not given", track, truth, most=6.0, config=config)


def _error_row(
    what: str,
    track: Track,
    truth: Path,
    *,
    most: float | None = None,
    config: DiarizeConfig = engines.TWO_SPEAKERS,
) -> Row:
    """The diarization error without collar, in percent, with its parts."""
    speech = engines.speech_of(track, config=config)
    error = diarization_error(speech, truth, duration_ms=track.duration_ms)
    parts = ", ".join(f"{name} {error[f'der_{name}']:.1f}" for name in ("missed", "confusion"))
    return figure_row(
        f"DER %, no collar, {what}",
        [error["der"]],
        bound=Bound(most=most),
        digits=1,
        more=f"{parts}, false alarm {error['der_false_alarm']:.1f}",
    )


def diarization_error(speech: pl.DataFrame, truth: Path, *, duration_ms: int) -> dict[str, float]:
    """DER and its parts in percent, for a speech map against an RTTM of one recording."""
    rows = speech.select("speaker", "start_ms", "end_ms").iter_rows()
    found = Hypothesis(
        duration_ms=duration_ms,
        words=(),
        speech=tuple(Interval(speaker=who, start_ms=a, end_ms=b) for who, a, b in rows),
        turns=(),
        figures={},
    )
    reference = Reference(speech=tuple(read_rttm(truth, recording=truth.stem)))
    scores = score_diarization(reference, found, duration_ms=duration_ms)
    return {score.measure: 100 * (score.value or 0.0) for score in scores}


def _segmented(track: Track) -> object:
    import torch

    with _all_cores():
        return _segmentation()(
            {"waveform": torch.from_numpy(floats(track))[None], "sample_rate": SAMPLE_RATE_HZ}
        )


@cache
def _segmentation() -> Any:
    from pyannote.audio import Inference

    model = load_segmentation(locate(DiarizeConfig().model))
    return Inference(model, duration=10.0, step=5.0, batch_size=8, skip_aggregation=True)


@contextmanager
def _all_cores() -> Iterator[None]:
    """torch on all cores; our diarizer has it use one and works on several batches at once."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(usable_cores())
    try:
        yield
    finally:
        torch.set_num_threads(before)


def whole(setup: Setup) -> Iterator[Row]:
    """A whole analysis from file to page, mono and stereo, against bare faster-whisper."""
    call, beam = real_call(setup), TranscribeConfig().beam_size
    warm = round(WARM_S * CALL_RATE_HZ)
    files = {
        (kind, length): write_call(setup.folder / f"{kind}-{length}.wav", samples[:length])
        for kind, samples in (("mono", call.mono), ("stereo", call.samples))
        for length in (warm, len(call.samples))
    }
    taken = by_turns(
        {
            "same settings": lambda length: _bare(files["mono", length], beam=beam),
            "one reading": lambda length: _bare(files["mono", length], beam=1),
            "mono": lambda length: _analysed(files["mono", length], setup),
            "stereo": lambda length: _analysed(files["stereo", length], setup),
        },
        on=len(call.samples),
        warm=warm,
        runs=setup.runs,
    )
    for side, size, mono, stereo in (
        ("same settings", beam, Bound(most=1.35), Bound(most=1.15)),
        ("one reading", 1, Bound(), Bound()),
    ):
        for kind, bound in (("mono", mono), ("stereo", stereo)):
            yield figure_row(
                f"whole analysis, {kind}, time / bare faster-whisper (beam {size}) on the mono mix",
                ratios(taken[kind], taken[side]),
                bound=bound,
                more=f"{seconds_of(taken[kind])} against {seconds_of(taken[side])}",
            )


def _bare(path: Path, *, beam: int) -> object:
    return engines.plain_batched(str(path), beam=beam)


def _analysed(path: Path, setup: Setup) -> object:
    with _fresh_folder(setup) as folder:
        return engines.analysed(path, store=folder, models=engines.kept_models())


@contextmanager
def _fresh_folder(setup: Setup) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=setup.folder) as folder:
        yield Path(folder)


def batch(setup: Setup) -> Iterator[Row]:
    """Eight calls handed over together against the same eight one by one, in one process.

    Each run of a side begins with an empty store; the models are loaded before, and shared.
    """
    length = round(setup.batch_seconds * CALL_RATE_HZ)
    calls = turned(real_call(setup).mono, count=EIGHT, length=length)
    paths = [
        write_call(setup.folder / f"call-{number}.wav", samples)
        for number, samples in enumerate(calls, start=1)
    ]
    taken = by_turns(
        {
            "together": lambda some: _batch_analysed([some], setup),
            "one by one": lambda some: _batch_analysed([[path] for path in some], setup),
        },
        on=paths,
        warm=paths[:2],
        runs=setup.runs,
    )
    together, alone = taken["together"], taken["one by one"]
    yield figure_row(
        f"{EIGHT} calls of {setup.batch_seconds:.0f} s, throughput of a batch / one after another",
        ratios(alone, together),
        bound=Bound(least=1.1),
        more=f"{seconds_of(together)} against {seconds_of(alone)}, {default_at_once()} at a time",
    )


class _Nobody:
    """Watches a batch and says nothing."""

    def recording_started(self, path: Path, *, number: int, count: int) -> None: ...

    def stage_advanced(self, stage: str, share: float, *, number: int | None = None) -> None: ...

    def recording_ended(self, outcome: Outcome, *, number: int | None = None) -> None: ...


def _batch_analysed(batches: list[list[Path]], setup: Setup) -> None:
    """Analyse each list of recordings with a call of its own. Raises the first error of any."""
    with _fresh_folder(setup) as folder:
        for paths in batches:
            outcomes = analyze(
                paths,
                config=engines.analysis_config(),
                out=folder / "out",
                bench=Bench(store=Store(root=folder / "store"), models=engines.kept_models()),
                observer=_Nobody(),
            )
            errors: list[PipelineError] = [one.error for one in outcomes if one.error]
            if errors:
                raise errors[0]
