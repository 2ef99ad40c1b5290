"""Tune the networks; see scripts/train_tactics. Runs without the rest of the project.

For each fold, and once for all examples: teachers with different seeds; then one network of the
same size that learns the labels and, where nobody labelled, what the teachers think together.
Written to --out: scores_*.npz with every example's scores by networks that never saw its dialogue,
and the layers as ONNX in int8.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
from tactics_training.exporting import write_layers
from tactics_training.fitting import Floats, Recipe, Task, read_task, scores_of, tuned

ALL = -1
"""In place of a fold: nothing is left out."""
_SEED = 20_261
_STUDENT_EPOCHS = 9


def main() -> None:
    """Teachers, then students; every fold and the whole at once where there is a GPU."""
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    given = (options.examples, options.encoder, options.device)
    task = read_task(options.examples, options.encoder)
    folds = [ALL, *sorted({row["fold"] for row in task.rows})]
    jobs = [(fold, seed) for fold in folds for seed in range(options.teachers)]
    workers = options.workers if options.device == "cuda" else 1
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        opinions = list(pool.map(_teach, [given] * len(jobs), jobs))
        together = [
            np.mean([one for job, one in zip(jobs, opinions, strict=True) if job[0] == fold], 0)
            for fold in folds
        ]
        repeated = [given] * len(folds), folds, together, [options.out] * len(folds)
        list(pool.map(_learn, *repeated))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=Path, required=True, help="from train_tactics --prepare")
    parser.add_argument("--encoder", type=Path, required=True, help="folder of MiniLM")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--teachers", type=int, default=2)
    parser.add_argument("--workers", type=int, default=12, help="processes that share a GPU")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def _trains(task: Task, fold: int, *, unlabelled: bool) -> list[int]:
    """The rows that may teach when a fold is left out; development cases never do."""
    return [
        at
        for at, row in enumerate(task.rows)
        if row["part"] != "dev"
        and row["fold"] != fold
        and (unlabelled or row["labels"] or row["auxiliary"])
    ]


def _teach(given: tuple[Path, Path, str], job: tuple[int, int]) -> Floats:
    """(rows, outputs): the probabilities of one teacher for every row."""
    (examples, encoder, device), (fold, seed) = given, job
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // 12))
    started = time.monotonic()
    task = read_task(examples, encoder)
    network = tuned(
        task,
        _trains(task, fold, unlabelled=False),
        recipe=Recipe(),
        seed=_SEED + seed,
        device=device,
    )
    scores = scores_of(network, task, range(len(task.rows)), device=device)
    print(f"teacher {seed} of fold {fold}: {time.monotonic() - started:.0f} s", flush=True)
    return (1 / (1 + np.exp(-scores))).astype(np.float32)


def _learn(given: tuple[Path, Path, str], fold: int, taught: Floats, out: Path) -> None:
    """Tune the network that learns from a fold's teachers, and write what it says."""
    examples, encoder, device = given
    started = time.monotonic()
    task = read_task(examples, encoder)
    chosen = _trains(task, fold, unlabelled=True)
    network = tuned(
        task,
        chosen,
        recipe=Recipe(epochs=_STUDENT_EPOCHS),
        seed=_SEED,
        device=device,
        taught=taught[chosen],
    )
    scores = scores_of(network, task, range(len(task.rows)), device=device)
    _save(task, fold, scores, taught, out)
    if fold == ALL:
        write_layers(network.float().cpu(), task.labels, out / "tactics.onnx")
    print(f"student of fold {fold}: {time.monotonic() - started:.0f} s", flush=True)


def _save(task: Task, fold: int, scores: Floats, taught: Floats, out: Path) -> None:
    """Scores and the teachers' opinions of what the networks of a fold never saw.

    That is the fold's own dialogues, or, where nothing was left out, the development cases.
    """
    parts = [(row["part"] == "dev", row["fold"]) for row in task.rows]
    rows = [at for at, (dev, own) in enumerate(parts) if (dev if fold == ALL else own == fold)]
    labels = len(task.labels)
    np.savez_compressed(
        out / f"scores_{'all' if fold == ALL else fold}.npz",
        rows=np.array(rows),
        labels=np.array(task.labels),
        scores=scores[rows, :labels].astype(np.float16),
        teachers=taught[rows, :labels].astype(np.float16),
    )


if __name__ == "__main__":
    main()
