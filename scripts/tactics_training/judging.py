"""Calibration, threshold, and who finds a tactic better: the rules, the classifier, or either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from pipeline.tactics.learned import EITHER, LEARNED, RULE

from .examples import Example

Bools = npt.NDArray[np.bool_]
THRESHOLDS = np.linspace(0.15, 0.85, 29)
MARGIN = 0.06
"""How much better than the rules a classifier must be: written examples flatter it, since they
come from the same hands as those it learned from."""
NARROWER = 0.02
"""How much worse "either" may be than the classifier alone: a rule's quote is narrower."""


RARE = 0.02
"""In talk where it was not looked for, a tactic may be found in this share of the turns, or in
twice the share in which the rules find it. Written examples hold far more of each tactic than any
call does, and a threshold chosen on them alone would see tactics everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """F1 on one part of the data."""

    name: str
    rule: float
    learned: float
    either: float
    judged: int
    present: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen for a tactic, and why."""

    tactic: str
    mode: str
    threshold: float
    scale: float
    shift: float
    parts: tuple[Part, ...]


def choose(tactic: str, scores: npt.NDArray[np.float64], examples: Sequence[Example]) -> Choice:
    """Calibrate the scores, then take the threshold and the mode with the best mean F1 of parts."""
    rows = [at for at, example in enumerate(examples) if tactic in example.labels]
    truth = np.array([examples[at].labels[tactic] for at in rows])
    by_rule = np.array([tactic in examples[at].by_rule for at in rows])
    parts = np.array([examples[at].part for at in rows])
    platt = LogisticRegression(C=100.0).fit(scores[rows, None], truth)
    scale, shift = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    likely = 1 / (1 + np.exp(-(scores[rows] * scale + shift)))
    names = [name for name in dict.fromkeys(parts) if truth[parts == name].sum() >= 3]

    def mean_f1(found: Bools) -> float:
        return float(np.mean([f1(truth[parts == n], found[parts == n]) for n in names]))

    ways = {RULE: (mean_f1(by_rule), 0.5)}
    for mode, handicap in ((LEARNED, MARGIN + NARROWER), (EITHER, MARGIN)):
        ways[mode] = max(
            (mean_f1(_found(mode, likely >= threshold, by_rule)) - handicap, float(threshold))
            for threshold in THRESHOLDS
        )
    mode = max(ways, key=lambda one: ways[one][0])
    threshold = ways[mode][1] if mode != RULE else ways[EITHER][1]
    over = likely >= threshold
    return Choice(
        tactic=tactic,
        mode=mode,
        threshold=round(threshold, 4),
        scale=scale,
        shift=shift,
        parts=tuple(
            Part(
                name=name,
                rule=f1(truth[parts == name], by_rule[parts == name]),
                learned=f1(truth[parts == name], over[parts == name]),
                either=f1(truth[parts == name], (over | by_rule)[parts == name]),
                judged=int((parts == name).sum()),
                present=int(truth[parts == name].sum()),
            )
            for name in names
        ),
    )


def held_back(choice: Choice, likely: npt.NDArray[np.float64], by_rule: Bools) -> Choice:
    """The choice with a threshold that keeps the tactic rare in a background of other talk.

    `likely` are the probabilities of its turns, `by_rule` whether the rules found it there.
    """
    share = max(RARE, 2 * float(by_rule.mean()))
    lowest = float(np.quantile(likely, 1 - share))
    threshold = min(0.999, max(choice.threshold, lowest))
    return replace(choice, threshold=round(threshold, 4))


def _found(mode: str, over: Bools, by_rule: Bools) -> Bools:
    return over | by_rule if mode == EITHER else over


def f1(truth: Bools, found: Bools) -> float:
    """F1 of what was found; 0 where nothing is there and nothing found."""
    whole = truth.sum() + found.sum()
    return float(2 * (truth & found).sum() / whole) if whole else 0.0
