"""Real-time factor, memory and utilisation of a CUDA GPU; without one, the reason why not."""

from __future__ import annotations

import argparse
import datetime
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core_bench.figures import HEADER, Bound, Row, Section, figure_row, section_markdown
from core_bench.material import (
    CALL_RATE_HZ,
    ROOT,
    Setup,
    decoded,
    duration_s,
    real_call,
    repair_folder,
    silent,
    start_of,
    turned,
    write_call,
)
from core_bench.speed import diarization_error

from pipeline.errors import InputError, ModelError
from pipeline.models import quiet_dependencies
from pipeline.models.device import Device, choose_device
from pipeline.models.recognizer import load_recognizer
from pipeline.models.weights import locate
from pipeline.records import Track
from pipeline.stages import diarize, transcribe

LARGE, SMALL = "large-v3-turbo", "base"
DEMO = ROOT / "tests" / "data" / "demo_call" / "demo_call_mono.ogg"
EVERY_S = 0.2


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What nvidia-smi says at one moment: share of time at work (percent), memory in MiB."""

    busy_percent: float
    memory_mib: float


def read_sample(line: str) -> Sample | None:
    """A line "37, 5120" of nvidia-smi; None where the GPU does not tell ("[N/A]")."""
    try:
        busy, memory = (float(part) for part in line.split(","))
    except ValueError:
        return None
    return Sample(busy_percent=busy, memory_mib=memory)


@dataclass(slots=True, kw_only=True)
class Watch:
    """Samples of the GPU taken while something runs."""

    samples: list[Sample] = field(default_factory=list)

    def shown(self) -> str:
        """Mean utilisation and peak memory in words."""
        if not self.samples:
            return "nvidia-smi gave no figures"
        busy = statistics.mean(sample.busy_percent for sample in self.samples)
        memory = max(sample.memory_mib for sample in self.samples)
        return (
            f"utilisation {busy:.0f} % (mean of {len(self.samples)} samples), "
            f"GPU memory in use at most {memory:.0f} MiB"
        )


@contextmanager
def watched(ask: Callable[[], str] | None = None) -> Iterator[Watch]:
    """Ask nvidia-smi again and again while the body runs."""
    watch, ended = Watch(), threading.Event()

    def keep_asking() -> None:
        while not ended.wait(EVERY_S):
            sample = read_sample((ask or _ask)())
            if sample:
                watch.samples.append(sample)

    thread = threading.Thread(target=keep_asking, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()


def _ask() -> str:
    """The line of the first GPU; empty where nvidia-smi cannot be run."""
    query = "--query-gpu=utilization.gpu,memory.used"
    command = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout.splitlines() or [""])[0]


def measured(options: argparse.Namespace, *, device: Device, folder: Path) -> str:
    """Everything as Markdown."""
    tracks, source = calls(options, folder=folder)
    model, remark = recogniser_weights(options.model)
    rows = [*diarization_rows(tracks, device=device, runs=options.runs)]
    rows += _accuracy(device=device, folder=folder)
    for batch in options.batch:
        rows += transcription_rows(
            tracks, device=device, model=model, batch=batch, runs=options.runs
        )
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
    tracks: Sequence[Track], *, device: Device, model: str, batch: int, runs: int
) -> Iterator[Row]:
    """Transcription with one warm model: the first call several times, then all of them."""
    speech = [_speech(track, device=device) for track in tracks]
    config = transcribe.TranscribeConfig(model=model)
    recognizer = load_recognizer(locate(model), device=device, batch_size=batch)

    def heard(track: Track, own_speech: Any) -> object:
        return transcribe.run(
            audio=track, diarize=own_speech, config=config, model=recognizer, progress=silent
        )

    heard(start_of(tracks[0]), speech[0])
    yield from _rows(
        f"transcription, batches of {batch}",
        [lambda a=track, b=own: heard(a, b) for track, own in zip(tracks, speech, strict=True)],
        tracks=tracks,
        runs=runs,
    )


_DIARIZE = diarize.DiarizeConfig(speakers=2)
_loaded: dict[str, diarize.DiarizeModel] = {}


def _speech(track: Track, *, device: Device) -> Any:
    if device.kind not in _loaded:
        _loaded[device.kind] = diarize.load(config=_DIARIZE, device=device, locate=locate)
    model = _loaded[device.kind]
    return diarize.run(audio=track, config=_DIARIZE, model=model, progress=silent)


def diarization_rows(tracks: Sequence[Track], *, device: Device, runs: int) -> Iterator[Row]:
    """Diarization with one warm model, and the memory that torch took for it."""
    _speech(start_of(tracks[0]), device=device)
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
    """Times real time of the first call, and of all in a row; what the GPU did meanwhile."""
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


def _accuracy(*, device: Device, folder: Path) -> Iterator[Row]:
    """The diarization error on the GPU, where the real call is here."""
    try:
        path = write_call(folder / "real.wav", real_call(Setup(folder=folder)).mono)
    except InputError:
        return
    track = decoded(path, folder=folder)
    truth = repair_folder() / "silver.rttm"
    speech = _speech(track, device=device)
    error = diarization_error(speech, truth, duration_ms=track.duration_ms)["der"]
    yield figure_row("DER %, no collar, real call (machine-made reference)", [error], digits=1)


def _facts(device: Device) -> list[str]:
    from importlib.metadata import version

    names = ("faster-whisper", "ctranslate2", "pyannote.audio", "torch")
    return [
        f"- {datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {device.reason}, {device.compute_type}",
        "- " + ", ".join(f"{name} {version(name)}" for name in names),
    ]


if __name__ == "__main__":
    main()
