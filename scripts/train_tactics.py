"""Train the classifier of tactics; see scripts/train_tactics.

Logistic regression for each tactic on the examples that judged it: our own written ones, CaSiNo
and NegoChat (attribution in docs/tactics-model.md). Five folds by dialogue give every example a
score by a model that never saw its dialogue; from those scores, and never from test data, come
the calibration, the thresholds and the choice between rule and classifier.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np
from tactics_training.examples import BACKGROUNDS, Example, is_judged, read_examples
from tactics_training.fitting import Fit, Matrix, features, fitted, folded
from tactics_training.judging import Choice, choose, held_back

from pipeline.config import shipped_codebook
from pipeline.models.text_encoder import load_text_encoder
from pipeline.models.weights import locate
from pipeline.tactics.learned import BUCKETS

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "pipeline" / "weights" / "tactics.safetensors"
REPORT = ROOT / "reports" / "tactics-training.md"


def main() -> None:
    """Read, fit five times and once on everything, choose, write."""
    options = _options()
    warnings.filterwarnings("ignore", category=FutureWarning)
    book = shipped_codebook()
    examples = read_examples(options.data / "corpora", ROOT, codebook=book)
    hits = tuple(tactic.id for tactic in book.tactics if tactic.detector != "audio")
    print(f"{len(examples)} examples", flush=True)
    encode = load_text_encoder(locate("all-MiniLM-L6-v2"))
    matrix = features(examples, encode=encode, hits=hits)
    tactics = tuple(tactic for tactic in hits if _is_learnable(examples, tactic))
    held_out = folded(matrix, examples, tactics)
    choices = [
        choose(tactic, held_out[:, column], examples) for column, tactic in enumerate(tactics)
    ]
    fits = [fitted(matrix, examples, tactic) for tactic in tactics]
    choices = [
        _held_back(choice, fit, matrix, examples) for choice, fit in zip(choices, fits, strict=True)
    ]
    _save(matrix, tactics, hits, fits, choices)
    _report(choices, len(examples))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("PARLEY_EVAL_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with corpora/")
    options = parser.parse_args()
    if not (options.data / "corpora").is_dir():
        parser.error(f"no corpora in {options.data}; give --data")
    return options


def _is_learnable(examples: list[Example], tactic: str) -> bool:
    return sum(example.labels.get(tactic, False) for example in examples) >= 30


def _held_back(choice: Choice, fit: Fit, matrix: Matrix, examples: list[Example]) -> Choice:
    """The choice, with the tactic kept rare in each background that did not judge it."""
    weights = np.concatenate([fit.dense, fit.sparse])
    for background in BACKGROUNDS:
        rows = [
            at
            for at, one in enumerate(examples)
            if one.dialogue.startswith(background) and not is_judged(one, choice.tactic)
        ]
        if rows:
            raw = (matrix.rows[rows] @ weights + fit.bias) * choice.scale + choice.shift
            by_rule = np.array([choice.tactic in examples[at].by_rule for at in rows])
            choice = held_back(choice, 1 / (1 + np.exp(-raw)), by_rule)
    return choice


def _save(
    matrix: Matrix,
    tactics: tuple[str, ...],
    hits: tuple[str, ...],
    fits: list[Fit],
    choices: list[Choice],
) -> None:
    from safetensors.numpy import save_file

    dense = np.stack([fit.dense for fit in fits], axis=1)
    sparse = np.zeros((3 * BUCKETS, len(tactics)), dtype=np.float16)
    sparse[matrix.used] = np.stack([fit.sparse for fit in fits], axis=1).astype(np.float16)
    facts = {
        "tactics": tactics,
        "hits": hits,
        "modes": {choice.tactic: choice.mode for choice in choices},
        "thresholds": {choice.tactic: choice.threshold for choice in choices},
    }
    OUT.parent.mkdir(exist_ok=True)
    save_file(
        {
            "dense": dense.astype(np.float16),
            "sparse": sparse,
            "idf": matrix.idf.astype(np.float16),
            "bias": np.array([fit.bias for fit in fits], dtype=np.float32),
            "scale": np.array([choice.scale for choice in choices], dtype=np.float32),
            "shift": np.array([choice.shift for choice in choices], dtype=np.float32),
        },
        OUT,
        metadata={"classifier": json.dumps(facts)},
    )
    print(f"{OUT.relative_to(ROOT)}: {OUT.stat().st_size / 1e6:.1f} MB")


def _report(choices: list[Choice], count: int) -> None:
    lines = [
        "# Training of the classifier of tactics",
        "",
        "Printed by `scripts/train_tactics`. F1 of each tactic on the data that may train: each",
        "example scored by a model that never saw its dialogue (five folds). Thresholds were",
        "chosen on these scores and on the development cases, so the figures are a little",
        f"flattering; those to believe are in tactics.md. {count} examples.",
        "",
        "| tactic | data | rule | classifier | either | chosen | judged | of them present |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for choice in choices:
        lines += [
            f"| {choice.tactic} | {part.name} | {part.rule:.2f} | {part.learned:.2f} | "
            f"{part.either:.2f} | {choice.mode} | {part.judged} | {part.present} |"
            for part in choice.parts
        ]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
