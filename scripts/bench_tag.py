"""Speed of `parley tag` on turns of NegoChat and CaSiNo, and how its memory grows."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from pipeline.evaluation.corpora import casino, negochat
from pipeline.models.device import usable_cores
from pipeline.tactics.codebook import Utterance

RUNS = 3
RULES_TURNS, LEARNED_TURNS = 100_000, 10_000
MEMORY_TURNS = (100_000, 1_000_000)
_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024
"""Of what `ru_maxrss` counts."""


def main() -> None:
    """Print each figure as soon as it is measured."""
    options = _options()
    dialogues = list(_dialogues(options.data / "corpora"))
    print(f"{usable_cores()} cores; {sum(map(len, dialogues))} turns of NegoChat and CaSiNo, "
          "again and again; a run is a whole `parley tag`, start and files included")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        _print_speed(dialogues, Path(folder), turns=options.turns or RULES_TURNS, rules=True)
        if not options.rules:
            turns = options.turns or LEARNED_TURNS
            _print_speed(dialogues, Path(folder), turns=turns, rules=False)
        if options.memory:
            _print_memory(dialogues, Path(folder))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    data = Path(os.environ.get("PARLEY_EVAL_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data, help="folder that holds corpora/")
    parser.add_argument("--rules", action="store_true", help="the rules alone")
    parser.add_argument("--memory", action="store_true", help="also the growth of memory")
    parser.add_argument("--turns", type=int, help="turns a run, instead of the usual numbers")
    return parser.parse_args()


def _dialogues(corpora: Path) -> Iterator[tuple[Utterance, ...]]:
    if not (corpora / "casino").is_dir():
        sys.exit(f"no corpora in {corpora}; name the folder with --data or PARLEY_EVAL_DATA")
    for judged in (*negochat(corpora), *casino(corpora, part="train")):
        yield tuple(judged.turns)


def _print_speed(
    dialogues: list[tuple[Utterance, ...]], folder: Path, *, turns: int, rules: bool
) -> None:
    transcript = _transcript(dialogues, folder / f"{turns}.jsonl", turns=turns)
    speeds = [turns / _run(transcript, rules=rules)[0] for _ in range(RUNS)]
    what = "rules alone" if rules else "rules and classifier"
    reach = f"{min(speeds):,.0f} to {max(speeds):,.0f}"
    print(f"{what}: {statistics.median(speeds):,.0f} turns/s (median of {RUNS} runs of "
          f"{turns:,} turns; {reach})", flush=True)  # fmt: skip


def _print_memory(dialogues: list[tuple[Utterance, ...]], folder: Path) -> None:
    peaks = []
    for turns in MEMORY_TURNS:
        transcript = _transcript(dialogues, folder / f"{turns}.jsonl", turns=turns)
        seconds, peak_mib = _run(transcript, rules=True)
        peaks.append(peak_mib)
        print(f"{turns:,} turns: peak memory {peak_mib:.0f} MiB, {turns / seconds:,.0f} turns/s",
              flush=True)  # fmt: skip
    print(f"growth: {peaks[-1] - peaks[0]:.0f} MiB")


def _transcript(dialogues: list[tuple[Utterance, ...]], path: Path, *, turns: int) -> Path:
    """The dialogues as JSON lines, repeated until there are so many turns."""
    rows = (
        {"dialogue": f"d{at}", "turn": said.turn, "speaker": said.speaker, "text": said.text}
        for at, dialogue in enumerate(cycle(dialogues))
        for said in dialogue
    )
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in islice(rows, turns))
    return path


def _run(transcript: Path, *, rules: bool) -> tuple[float, float]:
    """Seconds that `parley tag` takes, and the most memory that any one of its processes took.

    In MiB. Its helpers are waited for by itself, so that they count.
    """
    program = "from pipeline.apps.cli import main; main()"
    measured = (
        "import resource, subprocess, sys;"
        "code = subprocess.call(sys.argv[1:]);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss);"
        "sys.exit(code)"
    )
    command = [
        sys.executable,
        "-c",
        program,
        "tag",
        str(transcript),
        "--out",
        os.devnull,
        "--quiet",
    ]
    command += ["--rules"] if rules else []
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", measured, *command], capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(done.stderr)
    return seconds, int(done.stdout) * _UNIT_BYTES / 2**20


if __name__ == "__main__":
    main()
