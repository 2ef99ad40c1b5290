"""Speed, memory and accuracy of `parley analyze`, in one run; see scripts/bench_analyze."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config import load_config
from pipeline.models import quiet_dependencies
from pipeline.models.device import choose_device
from pipeline.models.recognizer import usable_cores
from pipeline.models.weights import locate
from pipeline.plan import plan, read_recording
from pipeline.run import Bench, Models, results
from pipeline.store import Store

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "tests" / "data" / "demo_call"
DATA = Path(os.environ.get("PARLEY_EVAL_DATA", ROOT.parent / "shared" / "data"))
REPAIR = DATA / "audio" / "auto_repair_40"

Spans = dict[str, list[tuple[float, float]]]
"""Speech of each speaker, (start, end) in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured figure and what it must be."""

    what: str
    found: str
    bound: str
    met: bool


def main() -> None:
    """Measure everything, print the table, write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="timed runs of each side")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "benchmark.md")
    options = parser.parse_args()
    quiet_dependencies()
    with tempfile.TemporaryDirectory() as folder:
        calls = _calls(Path(folder))
        models = Models(device=lambda: choose_device("cpu"), locate=locate)
        accuracy = [*_accuracy(Path(folder), calls, models)]  # loads the models, too
        rows = [*_speed(_timed_calls(calls), models, runs=options.runs, folder=Path(folder))]
        rows += [*_again(calls, Path(folder)), *accuracy]
    text = _markdown(rows, runs=options.runs)
    print(text)
    options.out.write_text(text, encoding="utf-8")


def _calls(folder: Path) -> dict[str, Path]:
    """The calls by name: the demo call, and the real 245 s call where the data is there."""
    calls = {
        "demo mono": DEMO / "demo_call_mono.ogg",
        "demo stereo": DEMO / "demo_call_stereo.ogg",
    }
    if REPAIR.is_dir():
        agent, caller = (_samples(REPAIR / f"{name}.wav") for name in ("agent", "caller"))
        length = min(len(agent), len(caller))
        both = np.stack([agent[:length], caller[:length]], axis=1)
        calls["real mono"] = _write(folder / "real_mono.wav", both.sum(axis=1, keepdims=True))
        calls["real stereo"] = _write(folder / "real_stereo.wav", both)
    return calls


def _samples(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int32)


def _write(path: Path, samples: np.ndarray) -> Path:
    """Write int16 samples of shape (samples, channels) at 8 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.clip(-32768, 32767).astype("<i2").tobytes())
    return path


def _timed_calls(calls: dict[str, Path]) -> dict[str, Path]:
    """The real call, mono and stereo, where it is there, else the demo call."""
    real = {name: path for name, path in calls.items() if name.startswith("real")}
    return real or calls


def _speed(calls: dict[str, Path], models: Models, *, runs: int, folder: Path) -> Iterable[Row]:
    """Wall time against faster-whisper alone, run by turns; peak memory of a fresh process."""
    plain = _plain_whisper()
    for name, path in calls.items():
        ratios, ours, theirs = [], [], []
        for number in range(runs):
            theirs.append(_timed(lambda path=path: plain(path)))
            store = folder / f"{name}-{number}"
            ours.append(
                _timed(lambda path=path, store=store: _analyze(path, models=models, store=store))
            )
            ratios.append(ours[-1] / theirs[-1])
        bound = 1.3 if "stereo" in name else 1.6
        yield Row(
            what=f"whole analysis / faster-whisper alone, {name}",
            found=(
                f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); "
                f"{statistics.median(ours):.1f} s against {statistics.median(theirs):.1f} s"
            ),
            bound=f"at most {bound}",
            met=statistics.median(ratios) <= bound,
        )
    for name, path in calls.items():
        peak = _peak_mib(path, folder / "memory")
        yield Row(
            what=f"peak memory, {name}",
            found=f"{peak:.0f} MiB",
            bound="under 2.5 GB",
            met=peak < 2.5e9 / 2**20,
        )


def _plain_whisper() -> Callable[[Path], None]:
    """faster-whisper as its own page shows it: batched 8, beam 1, word times, same model."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    model = WhisperModel(
        str(locate("base")), device="cpu", compute_type="int8", cpu_threads=usable_cores()
    )
    batched = BatchedInferencePipeline(model)

    def transcribe(path: Path) -> None:
        segments, _ = batched.transcribe(
            str(path), language="en", beam_size=1, batch_size=8, word_timestamps=True
        )
        list(segments)

    return transcribe


def _analyze(path: Path, *, models: Models, store: Path, speakers: int = 2) -> dict[str, Any]:
    """The report of a recording; nothing of it stored before."""
    config = load_config(settings=[f"diarize.speakers={speakers}"])
    bench = Bench(store=Store(root=store), models=models, force=True)
    files = results(plan(read_recording(path), config=config), bench=bench)
    report: dict[str, Any] = json.loads(files["report.json"])
    return report


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _peak_mib(path: Path, folder: Path) -> float:
    """The largest process of `parley analyze`, in MiB."""
    program = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [*_parley(), "analyze", str(path), "--out", str(folder), "--force", "--quiet"]
    environment = {**os.environ, "PARLEY_STORE": str(folder / "store")}
    answer = subprocess.run(
        [sys.executable, "-c", program, *command],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    per_mib = 2**20 if sys.platform == "darwin" else 2**10
    return int(answer.stdout.split()[-1]) / per_mib


def _parley() -> list[str]:
    return [sys.executable, "-c", "from pipeline.apps.cli import main; main()"]


def _accuracy(folder: Path, calls: dict[str, Path], models: Models) -> Iterable[Row]:
    """Talk ratio, questions and numbers of the demo call; the real call; the telephone clip."""
    reference = json.loads((DEMO / "reference.json").read_text(encoding="utf-8"))
    for name, path in calls.items():
        report = _analyze(path, models=models, store=folder / "accuracy")
        if name.startswith("demo"):
            yield from _demo_rows(name, report, reference)
        else:
            bound = 0.01 if "stereo" in name else 0.03
            yield _talk_row(name, report, _rttm(REPAIR / "silver.rttm"), bound=bound)
    yield _telephone_row(folder, models)


def _demo_rows(name: str, report: dict[str, Any], reference: dict[str, Any]) -> Iterable[Row]:
    spans = {
        who: [(span["start_s"], span["end_s"]) for span in spans]
        for who, spans in reference["speech"].items()
    }
    yield _talk_row(name, report, spans, bound=0.02)
    asked = sum(speaker["question_count"] for speaker in reference["speakers"])
    heard = sum(speaker["question_count"] for speaker in report["speakers"])
    yield Row(
        what=f"question_count, {name}",
        found=f"{heard}, reference {asked}",
        bound="within 10 %",
        met=abs(heard - asked) <= 0.1 * asked,
    )
    text = _plain(" ".join(turn["text"] for turn in report["turns"]))
    missing = [
        number["spoken"]
        for number in reference["numbers"]
        if not any(_holds(text, form) for form in (number["spoken"], *number["written"]))
    ]
    count = len(reference["numbers"])
    yield Row(
        what=f"planted numbers in the transcript, {name}",
        found=f"{count - len(missing)} of {count}",
        bound="all",
        met=not missing,
    )


def _holds(text: str, form: str) -> bool:
    """Whether a number stands in a text by itself: 20,000 is not in 120,000."""
    return re.search(rf"(?<![\d.]){re.escape(_plain(form))}(?!\d)", text) is not None


def _plain(text: str) -> str:
    return text.lower().replace("$", "").replace(",", "").replace("-", " ")


def _talk_row(name: str, report: dict[str, Any], spans: Spans, *, bound: float) -> Row:
    """The talk ratio's largest error, speakers matched by whom they overlap most."""
    from pyannote.metrics.diarization import DiarizationErrorRate

    reference = _annotation(spans)
    match = DiarizationErrorRate().optimal_mapping(reference, _found(report))
    shares = {match[speaker["id"]]: speaker["talk_ratio"] for speaker in report["speakers"]}
    total = sum(end - start for own in spans.values() for start, end in own)
    error = max(
        abs(shares[who] - sum(end - start for start, end in own) / total)
        for who, own in spans.items()
    )
    return Row(
        what=f"talk_ratio error, {name}",
        found=f"{error:.3f}",
        bound=f"at most {bound}",
        met=error <= bound,
    )


def _annotation(spans: Spans) -> Any:
    from pyannote.core import Annotation, Segment

    annotation = Annotation()
    for who, own in spans.items():
        for number, (start, end) in enumerate(own):
            annotation[Segment(start, end), f"{who} {number}"] = who
    return annotation


def _found(report: dict[str, Any]) -> Any:
    spans: Spans = {}
    for span in report["speech"]:
        spans.setdefault(span["speaker"], []).append((span["start_s"], span["end_s"]))
    return _annotation(spans)


def _rttm(path: Path) -> Spans:
    spans: Spans = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = line.split()
        start = float(fields[3])
        spans.setdefault(fields[7], []).append((start, start + float(fields[4])))
    return spans


def _telephone_row(folder: Path, models: Models) -> Row:
    """Diarization error of pyannote's own telephone clip against its human reference."""
    import pyannote.audio
    from pyannote.metrics.diarization import DiarizationErrorRate

    sample = Path(pyannote.audio.__file__).parent / "sample" / "sample"
    report = _analyze(sample.with_suffix(".wav"), models=models, store=folder / "telephone")
    reference = _annotation(_rttm(sample.with_suffix(".rttm")))
    error = DiarizationErrorRate(collar=0.0)(reference, _found(report))
    return Row(
        what="diarization error (no collar, 2 speakers given), pyannote's telephone clip",
        found=f"{100 * error:.1f} %",
        bound="at most 7 %",
        met=error <= 0.07,
    )


def _again(calls: dict[str, Path], folder: Path) -> Iterable[Row]:
    """The same call once more, beyond the start of the command."""
    path = calls["demo stereo"]
    environment = {**os.environ, "PARLEY_STORE": str(folder / "again")}
    command = [*_parley(), "analyze", str(path), "--out", str(folder / "out"), "--quiet"]
    subprocess.run(command, env=environment, check=True)
    seconds = min(
        _timed(lambda: subprocess.run(command, env=environment, check=True)) for _ in range(3)
    )
    start = min(
        _timed(lambda: subprocess.run([*_parley(), "--version"], check=True, capture_output=True))
        for _ in range(3)
    )
    yield Row(
        what="the same call again, beyond start-up",
        found=f"{seconds - start:.1f} s",
        bound="under 2 s",
        met=seconds - start < 2,
    )


def _markdown(rows: Iterable[Row], *, runs: int) -> str:
    lines = [
        "# Benchmark",
        "",
        "Printed by `scripts/bench_analyze`, all in one run. Ratios are medians of "
        f"{runs} pairs run by turns, models loaded, with their range; "
        "faster-whisper alone is batched 8, beam 1, word timestamps, the same model and threads.",
        "The demo call is 239 s of synthetic speech, the real call 245 s between two people "
        "(its reference is machine-made), the telephone clip 30 s (human reference).",
        "",
        f"- date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        f"- machine: {_cpu()}, {usable_cores()} cores used, {_memory_gib():.0f} GiB, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "- libraries: "
        + ", ".join(
            f"{name} {version(name)}"
            for name in ("faster-whisper", "ctranslate2", "pyannote.audio", "torch")
        ),
        "- model: Whisper base, int8, on the CPU",
        "",
        "| what | measured | must be | met |",
        "|---|---|---|---|",
        *(f"| {r.what} | {r.found} | {r.bound} | {'yes' if r.met else 'no'} |" for r in rows),
        "",
        "The core beside the plain libraries: [benchmark-core.md](benchmark-core.md).",
        "",
    ]
    return "\n".join(lines)


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), "?")


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


if __name__ == "__main__":
    main()
