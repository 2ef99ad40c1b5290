"""Measure the tactics and write every report of it; see scripts/eval_tactics."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.evaluation.tactics import MEAN

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "data" / "tactics_cases"
DEMO = ROOT / "tests" / "data" / "demo_call" / "reference.json"
FOLDS = ROOT / "reports" / "tactics-folds.json"
CARD = ROOT / "reports" / "evaluation.md"
HEADING = "## Tactics and offers: the goals"
MIN_CASES = 5
GOAL_OF_A_TACTIC = 0.9

Row = dict[str, Any]


def main() -> None:
    """Run `parley eval tactics`, then put the goals beside what was reached."""
    options = _options()
    figures = ROOT / "build" / "tactics-figures.json"
    figures.parent.mkdir(exist_ok=True)
    given = [
        *("--data", _shown(options.data)),
        *(part for path in _cases() for part in ("--cases", _shown(path))),
        *(("--spoken", str(options.spoken)) if options.spoken else ()),
        *("--publish", "configs/tactics_accuracy.toml", "--out", "reports/tactics.md"),
        *("--json", _shown(figures)),
    ]
    parley = str(Path(sys.executable).with_name("parley"))
    subprocess.run([parley, "eval", "tactics", *given], check=True, cwd=ROOT)
    found = json.loads(figures.read_text("utf-8"))
    folds = json.loads(FOLDS.read_text("utf-8"))
    _write(_table(found, folds))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("PARLEY_EVAL_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with corpora/")
    parser.add_argument("--spoken", type=Path, help="spoken.jsonl of scripts/speak_corpora")
    options = parser.parse_args()
    if not (options.data / "corpora").is_dir():
        parser.error(f"no corpora in {options.data}; give --data")
    return options


def _cases() -> list[Path]:
    return [*sorted(CASES.glob("*.toml")), DEMO]


def _shown(path: Path) -> str:
    """As it is written in reports: from the project's folder."""
    return os.path.relpath(path, ROOT)


def _table(found: Row, folds: Row) -> list[str]:
    return [
        HEADING,
        "",
        "Printed by `scripts/eval_tactics` from [tactics.md](tactics.md), which has every tactic",
        "with its interval, and from the folds of [tactics-training.md](tactics-training.md).",
        "",
        "| data | measure | goal | reached |",
        "|---|---|---|---|",
        *(
            f"| {data} | {what} | {goal} | {got} |"
            for data, what, goal, got in _goals(found, folds)
        ),
    ]


def _goals(found: Row, folds: Row) -> Iterator[tuple[str, str, str, str]]:
    parts: dict[str, dict[str, Row]] = {}
    for row in found["tactics"]:
        parts.setdefault(row["part"], {})[row["tactic"]] = row
    yield "CaSiNo train, 5 folds", "macro F1 of ten labels", "0.72", f"{_mean(folds['CaSiNo']):.3f}"
    valid = [row["f1"] for row in parts["CaSiNo valid"].values()]
    yield "CaSiNo valid", "macro F1", "0.72", f"{sum(valid) / len(valid):.3f}"
    annomi = parts["AnnoMI"]
    for tactic, goal in (("open_question", "0.80"), ("closed_question", "0.72")):
        yield "AnnoMI", f"{tactic}, F1", goal, f"{annomi[tactic]['f1']:.3f}"
    yield "AnnoMI", "reflection, F1", "0.72", f"{annomi['reflection']['f1']:.3f}"
    for tactic, f1 in folds["NegoChat"].items():
        yield "NegoChat, 5 folds", f"{tactic}, F1", "0.92", f"{f1:.3f}"
    exact = found["offers"]["exact"]
    yield "NegoChat", "issue and value of offers exact", "0.90", f"{exact:.3f}"
    for part, rows in parts.items():
        if part.startswith(("cases: ", "call: ")) and part != "cases: dev":
            yield part, "F1 of each tactic", "0.90 each", _each(list(rows.values()))
    for row in found["spoken"]:
        if row["tactic"] == MEAN:
            name = f"{row['part']}, spoken and recognised"
            yield name, "mean loss of F1", "at most 0.05", f"{row['loss']:.3f}"


def _mean(figures: Row) -> float:
    return sum(figures.values()) / len(figures)


def _each(rows: Sequence[Row]) -> str:
    enough = [row for row in rows if row["support"] >= MIN_CASES] or list(rows)
    reached = sum(row["f1"] >= GOAL_OF_A_TACTIC for row in enough)
    mean = sum(row["f1"] for row in enough) / len(enough)
    return f"{reached} of {len(enough)} tactics; mean {mean:.2f}"


def _write(table: Sequence[str]) -> None:
    """The table in place of an older one, at the end of the evaluation."""
    before = CARD.read_text("utf-8").partition(HEADING)[0].rstrip()
    CARD.write_text("\n".join([before, "", *table]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
