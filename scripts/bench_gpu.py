"""Real-time factor, memory and utilisation of a CUDA GPU; without one, the reason why not."""

from __future__ import annotations

import argparse
import datetime
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from core_bench.figures import HEADER, Bound, Row, Section, figure_row, section_markdown
from core_bench.gpu_watch import ask_gpu, watched
from core_bench.material import (
    CALL_RATE_HZ,
    ROOT,
    Setup,
    decoded,
    duration_s,
    real_call,
    repair_folder,
    silent,
    turned,
    write_call,
)
from core_bench.speed import diarization_error
from core_bench.table import word_errors

from pipeline.errors import InputError, ModelError
from pipeline.evaluation.normalise import normalised
from pipeline.models import quiet_dependencies
from pipeline.models.device import Device, choose_device, cublas_version, usable_cores
from pipeline.models.recognizer import load_recognizer
from pipeline.models.weights import locate
from pipeline.records import Track
from pipeline.stages import diarize, transcribe

LARGE, SMALL = "large-v3-turbo", "base"
DEMO = ROOT / "tests" / "data" / "demo_call" / "demo_call_mono.ogg"


def main() -> None:
    """Measure and write where a GPU works; else say why not, and write nothing."""
    options = _options(sys.argv[1:])
    quiet_dependencies()
    device = choose_device("auto")
    if device.kind != "cuda":
        print(no_gpu(device.reason))
        return
    with tempfile.TemporaryDirectory() as folder:
        section = measured(options, device=device, folder=Path(folder))
    text = "# Benchmark on a GPU\n\nPrinted by `scripts/bench_gpu`.\n\n" + section
    print(text)
    options.out.write_text(text, encoding="utf-8")


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="timed runs of each setting")
    parser.add_argument("--calls", type=int, default=4, help="calls in a row with one warm model")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of each call")
    parser.add_argument("--batch", type=int, nargs="+", default=[8, 16, 32], help="batch sizes")
    parser.add_argument("--model", help=f"Whisper model, default {LARGE}, else {SMALL}")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "benchmark-gpu.md")
    return parser.parse_args(arguments)


def no_gpu(reason: str) -> str:
    """The sentence to print where no GPU can be measured; `reason` is that of choose_device."""
    why = reason.removeprefix("running on the CPU").removeprefix(":").removeprefix(",").strip()
    return (
        f"No GPU was measured and no figure was written: {why or 'CUDA was not chosen'} "
        "(`parley doctor` looks at all that a GPU needs)."
    )


def measured(options: argparse.Namespace, *, device: Device, folder: Path) -> str:
    """Everything as Markdown."""
    tracks, source = calls(options, folder=folder)
    model, remark = recogniser_weights(options.model)
    rows = [*diarization_rows(tracks, device=device, runs=options.runs)]
    speech = [_speech(track, device=device) for track in tracks]
    _free(device)
    for batch in options.batch:
        rows += transcription_rows(
            tracks, speech, device=device, model=model, batch=batch, runs=options.runs
        )
    rows += agreement_rows(device=device, model=model, folder=folder)
    rows += _accuracy(device=device, folder=folder)
    section = Section(
        part="gpu",
        title=f"Transcription ({model}) and diarization",
        tables=([HEADER, *(row.cells() for row in rows)],),
        remarks=(remark, source),
    )
    return section_markdown(section, facts=_facts(device))


def calls(options: argparse.Namespace, *, folder: Path) -> tuple[list[Track], str]:
    """Mono calls of the length asked for, each beginning elsewhere, and what they are made of."""
    try:
        samples, source = real_call(Setup(folder=folder)).mono, "the real 245 s call"
    except InputError:
        track = decoded(DEMO, folder=folder)
        samples, source = track.samples[0][::2, None], "the demo call, as the real one is not here"
    length = round(options.minutes * 60 * CALL_RATE_HZ)
    paths = [
        write_call(folder / f"call-{number}.wav", call)
        for number, call in enumerate(turned(samples, count=options.calls, length=length))
    ]
    made = f"Calls of {options.minutes:g} minutes are made of {source}, again and again."
    return [decoded(path, folder=folder) for path in paths], made


def recogniser_weights(asked: str | None) -> tuple[str, str]:
    """The Whisper model to measure, and a sentence of why. Raises ModelError for one asked for."""
    if asked:
        locate(asked)
        return asked, f"Whisper {asked}, as asked."
    try:
        locate(LARGE)
    except ModelError:
        return SMALL, f"Whisper {SMALL}: the weights of {LARGE} could not be had."
    return LARGE, f"Whisper {LARGE}."


def transcription_rows(
    tracks: Sequence[Track],
    speech: Sequence[Any],
    *,
    device: Device,
    model: str,
    batch: int,
    runs: int,
) -> Iterator[Row]:
    """Transcription with one warm model: the first call several times, then all of them.

    `speech` is the speech map of each track.
    """
    heard = _transcriber(model, device=device, batch=batch)
    yield from _rows(
        f"transcription, batches of {batch}",
        [lambda a=track, b=own: heard(a, b) for track, own in zip(tracks, speech, strict=True)],
        tracks=tracks,
        runs=runs,
    )


def _transcriber(model: str, *, device: Device, batch: int) -> Callable[[Track, Any], Any]:
    """The transcription stage with a model loaded once: a track and its speech map to WORDS."""
    config = transcribe.TranscribeConfig(model=model)
    recognizer = load_recognizer(locate(model), device=device, batch_size=batch)
    return lambda track, speech: transcribe.run(
        audio=track, diarize=speech, config=config, model=recognizer, progress=silent
    )


_DIARIZE = diarize.DiarizeConfig(speakers=2)
_loaded: dict[str, diarize.DiarizeModel] = {}


def _speech(track: Track, *, device: Device) -> Any:
    if device.kind not in _loaded:
        _loaded[device.kind] = diarize.load(config=_DIARIZE, device=device, locate=locate)
    model = _loaded[device.kind]
    return diarize.run(audio=track, config=_DIARIZE, model=model, progress=silent)


def _free(device: Device) -> None:
    """Give up the diarizer and torch's memory, so that what is measured next stands alone."""
    _loaded.clear()
    if device.kind == "cuda":
        import torch

        torch.cuda.empty_cache()


def diarization_rows(tracks: Sequence[Track], *, device: Device, runs: int) -> Iterator[Row]:
    """Diarization with one warm model, and the memory that torch took for it."""
    yield from _rows(
        "diarization",
        [lambda one=track: _speech(one, device=device) for track in tracks],
        tracks=tracks,
        runs=runs,
    )
    if device.kind == "cuda":
        import torch

        peak = torch.cuda.max_memory_allocated() / 2**20
        yield figure_row("diarization, peak memory of torch on the GPU, MiB", [peak], digits=0)


def _rows(
    what: str, works: Sequence[Callable[[], object]], *, tracks: Sequence[Track], runs: int
) -> Iterator[Row]:
    """Times real time of the first call, and of all in a row; what the GPU did meanwhile.

    The first call is gone through once before: a GPU chooses and loads its kernels by the size
    of what it is given, so a shorter warming would leave that to the first timed run.
    """
    works[0]()
    with watched() as watch:
        first = [duration_s(tracks[0]) / _seconds(works[:1]) for _ in range(runs)]
        every = sum(duration_s(track) for track in tracks) / _seconds(works)
    yield figure_row(f"{what}, one call, times real time", first, digits=1, bound=Bound())
    yield figure_row(
        f"{what}, {len(tracks)} calls with one warm model, times real time", [every], digits=1
    )
    yield Row(what=f"{what}, the GPU meanwhile", found=watch.shown())


def _seconds(works: Sequence[Callable[[], object]]) -> float:
    started = time.perf_counter()
    for work in works:
        work()
    return time.perf_counter() - started


_CPU_INT8 = Device(kind="cpu", compute_type="int8", reason="")
_CPU_FLOAT32 = Device(kind="cpu", compute_type="float32", reason="")


def agreement_rows(*, device: Device, model: str, folder: Path) -> Iterator[Row]:
    """How many words of the demo call come out otherwise than on the CPU, the cuts the same.

    A CPU computes in int8 when nothing else is said; in float32 it has the weights unrounded.
    """
    track = decoded(DEMO, folder=folder)
    speech = _speech(track, device=device)

    def text(place: Device) -> str:
        words = _transcriber(model, device=place, batch=transcribe.BATCH_SIZE)(track, speech)
        return normalised(" ".join(words["text"]))

    here = text(device)
    for place in (_CPU_INT8, _CPU_FLOAT32):
        errors, words = word_errors(text(place), here)
        yield figure_row(
            f"demo call, words that differ from the CPU's in {place.compute_type}, %",
            [100 * errors / max(1, words)],
            digits=1,
        )


def _accuracy(*, device: Device, folder: Path) -> Iterator[Row]:
    """The diarization error on the GPU and on the CPU, where the real call is here."""
    try:
        path = write_call(folder / "real.wav", real_call(Setup(folder=folder)).mono)
    except InputError:
        return
    track = decoded(path, folder=folder)
    truth = repair_folder() / "silver.rttm"
    for place in (device, _CPU_INT8):
        speech = _speech(track, device=place)
        error = diarization_error(speech, truth, duration_ms=track.duration_ms)["der"]
        name = f"DER %, no collar, real call (machine-made reference), on {place.kind}"
        yield figure_row(name, [error], digits=1)


def _facts(device: Device) -> list[str]:
    from importlib.metadata import version

    names = ("faster-whisper", "ctranslate2", "pyannote.audio", "torch")
    libraries = [*(f"{name} {version(name)}" for name in names), _cublas()]
    driver = ask_gpu("driver_version").strip()
    machine = [
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        device.reason,
        device.compute_type,
        *([f"driver {driver}"] if driver else []),
        f"{usable_cores()} processor cores",
    ]
    return [f"- {', '.join(machine)}", f"- {', '.join(libraries)}"]


def _cublas() -> str:
    """The cuBLAS of ctranslate2, as it gives its own version; torch brings another."""
    found = cublas_version()
    return f"cuBLAS {found} for ctranslate2" if found else "no cuBLAS loaded for ctranslate2"


if __name__ == "__main__":
    main()
