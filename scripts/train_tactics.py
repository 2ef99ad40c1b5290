"""Train the classifier of tactics; see scripts/train_tactics.

Three steps. `--prepare` reads everything that may train, with what the rules find in it; the
networks are tuned by fit_tactics.py, which runs wherever there is a graphics card; `--finish`
chooses thresholds from scores by networks that never saw the dialogue, and from the development
cases, never from test data.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from tactics_training.choosing import Choice, Floats, choose
from tactics_training.examples import BACKGROUND, Example, read_examples, write_examples
from tactics_training.report import folded, report

from pipeline.config import shipped_codebook
from pipeline.models.weights import locate

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "pipeline" / "weights"
REPORT = ROOT / "reports" / "tactics-training.md"
FOLDS = ROOT / "reports" / "tactics-folds.json"
MIN_PRESENT = 30
"""A tactic that fewer examples hold is left to the rules."""


def main() -> None:
    """The steps that were asked for; without a choice all of them."""
    options = _options()
    options.work.mkdir(parents=True, exist_ok=True)
    book = shipped_codebook()
    hits = tuple(tactic.id for tactic in book.tactics if tactic.detector != "audio")
    examples = read_examples(options.data / "corpora", ROOT, codebook=book, hits=hits)
    print(f"{len(examples)} examples", flush=True)
    rest = not (options.prepare or options.finish)
    if options.prepare or rest:
        write_examples(examples, options.work / "examples.jsonl.gz")
    if rest:
        _fit(options.work)
    if options.finish or rest:
        _finish(examples, hits, options.work)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("PARLEY_EVAL_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with corpora/")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "tactics")
    parser.add_argument("--prepare", action="store_true", help="write the examples, no more")
    parser.add_argument("--finish", action="store_true", help="what follows fit_tactics.py")
    options = parser.parse_args()
    if not (options.data / "corpora").is_dir():
        parser.error(f"no corpora in {options.data}; give --data")
    return options


def _fit(work: Path) -> None:
    """Tune the networks here."""
    encoder = locate("all-MiniLM-L6-v2")
    fit = ROOT / "scripts" / "fit_tactics.py"
    given = ["--examples", work / "examples.jsonl.gz", "--encoder", encoder, "--out", work]
    subprocess.run([sys.executable, fit, *given], check=True)


def _finish(examples: list[Example], hits: tuple[str, ...], work: Path) -> None:
    """Thresholds and modes; the weights and what they mean into the package."""
    labels, scores, teachers = _scores(work, len(examples))
    tactics = [label for label in labels if label in hits and _is_learnable(examples, label)]
    choices = [choose(tactic, scores[:, labels.index(tactic)], examples) for tactic in tactics]
    by_tactic = {choice.tactic: choice for choice in choices}
    facts = {
        "hits": hits,
        # outputs that no tactic uses keep their place, and are never found
        "tactics": {label: _facts(by_tactic.get(label)) for label in labels},
    }
    WEIGHTS.mkdir(exist_ok=True)
    shutil.copyfile(work / "tactics.onnx", WEIGHTS / "tactics.onnx")
    text = json.dumps(facts, indent=1) + "\n"
    (WEIGHTS / "tactics.json").write_text(text, encoding="utf-8")
    figures = json.dumps(folded(examples, labels, scores), indent=1)
    FOLDS.write_text(figures + "\n", encoding="utf-8")
    REPORT.write_text(report(choices, examples, labels, scores, teachers), encoding="utf-8")
    size = (WEIGHTS / "tactics.onnx").stat().st_size
    print(f"{len(choices)} tactics, {size / 1e6:.1f} MB; {REPORT.relative_to(ROOT)}")


def _scores(work: Path, count: int) -> tuple[list[str], Floats, Floats]:
    """What the networks that never saw an example's dialogue say of it: scores, and teachers'."""
    parts = [np.load(path) for path in sorted(work.glob("scores_*.npz"))]
    labels = parts[0]["labels"].tolist()
    rows = np.concatenate([part["rows"] for part in parts])
    # development cases are in every fold's file; those of the whole come last and stay
    found = {
        name: np.full((count, len(labels)), np.nan, dtype=np.float32)
        for name in ("scores", "teachers")
    }
    if rows.max() != count - 1:
        raise SystemExit("the scores are not of these examples: prepare and fit again")
    for part in parts:
        for name, table in found.items():
            table[part["rows"]] = part[name]
    if any(np.isnan(table).any() for table in found.values()):
        raise SystemExit("not every example has scores: fit again")
    return labels, found["scores"], found["teachers"]


def _is_learnable(examples: list[Example], tactic: str) -> bool:
    present = sum(
        example.labels.get(tactic, False) for example in examples if example.part != BACKGROUND
    )
    return present >= MIN_PRESENT


def _facts(choice: Choice | None) -> dict[str, object]:
    if choice is None:
        return {"mode": "rule", "threshold": 1.0, "scale": 1.0, "shift": 0.0}
    return {
        "mode": choice.mode,
        "threshold": choice.threshold,
        "scale": round(choice.scale, 5),
        "shift": round(choice.shift, 5),
    }


if __name__ == "__main__":
    main()
