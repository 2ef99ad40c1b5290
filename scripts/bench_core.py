"""Speed of the transcription core, each figure a ratio of things measured by turns in one run."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from core_bench.figures import (
    HEADER,
    Cells,
    Row,
    Section,
    merged,
    section_markdown,
)
from core_bench.long import long
from core_bench.material import ROOT, Setup
from core_bench.speed import batch, diarization, transcription, whole
from core_bench.table import table

from pipeline.errors import InputError
from pipeline.models import quiet_dependencies
from pipeline.models.device import usable_cores

HEAD = """# Benchmark of the transcription core

Printed by `scripts/bench_core`. Ratios are of things measured by turns in one run, models loaded
before the clock starts: the median, and how far the runs reach. Whisper base, int8, on the CPU
where nothing else is said. Each part has its own date; `scripts/bench_core --parts NAME` measures
one again and leaves the others as they are.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the benchmark; those that are not `usual` take long and run when asked for."""

    title: str
    measure: Callable[[Setup], Iterable[Row | Cells]]
    usual: bool = True


PARTS = {
    "transcription": Part(title="Transcription of the real call", measure=transcription),
    "diarization": Part(title="Diarization of one track with two voices", measure=diarization),
    "whole": Part(title="Whole analysis of the real call", measure=whole),
    "batch": Part(title="Eight calls in one batch", measure=batch),
    "long": Part(title="A long call", measure=long, usual=False),
    "table": Part(title="Ways to decode", measure=table, usual=False),
}


def main() -> None:
    """Measure the parts asked for; each is printed and written as soon as it is done."""
    options = _options(sys.argv[1:])
    quiet_dependencies()
    failed = False
    for name in options.parts:
        with tempfile.TemporaryDirectory() as folder:
            section = measured(name, PARTS[name], _setup(options, folder=Path(folder)))
        failed |= section.problem.startswith("Failed")
        text = section_markdown(section, facts=_facts(options, part=PARTS[name]))
        print(text, flush=True)
        _write(options.out, {name: text})
    sys.exit(int(failed))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    usual = [name for name, part in PARTS.items() if part.usual]
    parser.add_argument(
        "--parts", nargs="+", choices=[*PARTS], default=usual, help="default: %(default)s"
    )
    parser.add_argument("--runs", type=_count, default=3, help="timed runs of each side")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "benchmark-core.md")
    parser.add_argument(
        "--seconds", type=_length, help="a quick look: only so much of the real call"
    )
    parser.add_argument("--batch-seconds", type=_length, default=120.0, help="each call of batch")
    parser.add_argument("--long-minutes", type=_length, default=120.0, help="the call of long")
    parser.add_argument("--manifest", type=Path, help="composed calls for table")
    parser.add_argument("--calls", type=_count, default=4, help="how many of them")
    parser.add_argument("--models", nargs="+", default=["tiny.en", "base"], help="of table")
    options = parser.parse_args(arguments)
    if options.manifest is not None and not options.manifest.is_file():
        parser.error(f"--manifest: no such file: {options.manifest}")
    return options


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _length(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError("must be above 0")
    return number


def _setup(options: argparse.Namespace, *, folder: Path) -> Setup:
    return Setup(
        folder=folder,
        runs=options.runs,
        seconds=options.seconds,
        batch_seconds=options.batch_seconds,
        long_minutes=options.long_minutes,
        manifest=options.manifest,
        calls=options.calls,
        models=tuple(options.models),
    )


def measured(name: str, part: Part, setup: Setup) -> Section:
    """What a part finds; a part that cannot be measured, or fails on the way, says so.

    Figures found before it failed are kept.
    """
    rows: list[Cells] = []
    problem = ""
    try:
        for row in part.measure(setup):
            cells = row.cells() if isinstance(row, Row) else row
            print(" | ".join(cells), flush=True)
            rows.append(cells)
    except InputError as err:
        problem = f"Not measured: {err}."
    except Exception as err:  # noqa: BLE001 - whatever one part does, the others go on
        traceback.print_exc()
        problem = f"Failed: {type(err).__name__}, {_place(err)}."
    with_header = rows if name == "table" or not rows else [HEADER, *rows]
    remark = (part.measure.__doc__ or "").partition("\n")[0]
    return Section(
        part=name,
        title=part.title,
        tables=(with_header,) if len(with_header) > 1 else (),
        remarks=(remark,) if remark else (),
        problem=problem,
    )


def _place(error: Exception) -> str:
    """File and line where an error arose; its own text may quote what was said in a call."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


def _facts(options: argparse.Namespace, *, part: Part) -> list[str]:
    """When, where and how a part was measured."""
    runs = f", timed runs of each side: {options.runs}" if part.usual else ""
    shortened = "" if options.seconds is None else f", first {options.seconds:g} s of the call only"
    libraries = ("faster-whisper", "ctranslate2", "pyannote.audio", "torch")
    return [
        f"- {datetime.datetime.now(datetime.UTC):%Y-%m-%d}{runs}{shortened}",
        f"- {_processor()}, {usable_cores()} cores used, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}, "
        f"load at the end {os.getloadavg()[0]:.1f}",
        "- " + ", ".join(f"{name} {version(name)}" for name in libraries),
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _write(out: Path, sections: dict[str, str]) -> None:
    written = out.read_text(encoding="utf-8") if out.is_file() else ""
    out.write_text(merged(written, head=HEAD, new=sections, order=[*PARTS]), encoding="utf-8")


if __name__ == "__main__":
    main()
