"""Calibration, threshold, and who finds a tactic better: the rules, the network, or either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from pipeline.tactics.learned import EITHER, LEARNED, RULE

from .examples import BACKGROUND, CASINO, DEV, JUDGED, NEGOCHAT, TALK, Example

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
THRESHOLDS = np.linspace(0.1, 0.9, 33)
MARGIN = 0.03
"""How much better than the rules a network must be: written examples flatter it, since they
come from the same hands as those it learned from."""
RARE = 0.03
"""In talk where it was not looked for, a tactic may be found in this share of the turns, or in
twice the share in which the rules find it. Written cases hold far more of each tactic than any
call does, and a threshold chosen on them alone would see tactics everywhere."""
WELL_KNOWN = 40
"""Conversations that were labelled turn by turn show how rare a tactic is; from so many finds of it
in them, the bound above is not needed."""
MIN_PRESENT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """F1 on one part of the data, with the threshold that was chosen for all."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The turns judged for a tactic: whether it is there, how likely it seems, the rules' finds."""

    truth: Bools
    likely: Floats
    by_rule: Bools
    parts: npt.NDArray[np.str_]

    @property
    def names(self) -> list[str]:
        """The parts that hold the tactic often enough to judge by."""
        names = dict.fromkeys(self.parts.tolist())
        return [name for name in names if self.truth[self.parts == name].sum() >= MIN_PRESENT]

    def mean_f1(self, found: Bools) -> float:
        """Each part counts alike, however large."""
        of_parts = [f1(self.truth[own], found[own]) for own in map(self._own, self.names)]
        return float(np.mean(of_parts)) if of_parts else 0.0

    def part(self, name: str, threshold: float) -> Part:
        """F1 of each way in one part."""
        own, over = self._own(name), self.likely >= threshold
        return Part(
            name=name,
            rule=f1(self.truth[own], self.by_rule[own]),
            learned=f1(self.truth[own], over[own]),
            either=f1(self.truth[own], (over | self.by_rule)[own]),
            judged=int(own.sum()),
            present=int(self.truth[own].sum()),
        )

    def _own(self, name: str) -> Bools:
        return np.asarray(self.parts == name)


def choose(tactic: str, scores: Floats, examples: Sequence[Example]) -> Choice:
    """Calibrate the scores, then take the threshold and the mode with the best mean F1 of parts."""
    rows = [at for at, one in enumerate(examples) if is_judged(one, tactic)]
    truth = np.array([examples[at].labels[tactic] for at in rows])
    platt = LogisticRegression(C=100.0).fit(scores[rows, None], truth)
    scale, shift = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    likely = 1 / (1 + np.exp(-(scores * scale + shift)))
    seen = _Seen(
        truth=truth,
        likely=likely[rows],
        by_rule=np.array([tactic in examples[at].by_rule for at in rows]),
        parts=np.array([examples[at].part for at in rows]),
    )
    known = sum(one.part == TALK and one.labels.get(tactic, False) for one in examples)
    lowest = lowest_threshold(tactic, likely, examples) if known < WELL_KNOWN else 0.0
    mode, threshold = _best(seen, [one for one in THRESHOLDS if one > lowest] or [lowest])
    return Choice(
        tactic=tactic,
        mode=mode,
        threshold=round(threshold, 4),
        scale=scale,
        shift=shift,
        parts=tuple(seen.part(name, threshold) for name in seen.names),
    )


def _best(seen: _Seen, thresholds: Sequence[float]) -> tuple[str, float]:
    """Mode and threshold. "either" must be better than the network, which sees the rules' finds."""
    ways = {
        mode: max(
            (seen.mean_f1(_found(mode, seen.likely >= threshold, seen.by_rule)), float(threshold))
            for threshold in thresholds
        )
        for mode in (LEARNED, EITHER)
    }
    by_rule = seen.mean_f1(seen.by_rule)
    mode = max(ways, key=lambda one: ways[one][0])
    return (mode if ways[mode][0] - MARGIN > by_rule else RULE), ways[mode][1]


def is_judged(example: Example, tactic: str) -> bool:
    """Whether people looked for the tactic; that it is taken to be absent is no judgement."""
    return tactic in example.labels and example.part in (*JUDGED, DEV)


def lowest_threshold(tactic: str, likely: Floats, examples: Sequence[Example]) -> float:
    """The least threshold that keeps the tactic rare in each part that was not judged for it."""
    lowest = 0.0
    for part in (BACKGROUND, NEGOCHAT, CASINO):
        rows = [
            at for at, one in enumerate(examples) if one.part == part and not is_judged(one, tactic)
        ]
        if rows:
            by_rule = np.mean([tactic in examples[at].by_rule for at in rows])
            share = max(RARE, 2 * float(by_rule))
            lowest = max(lowest, float(np.quantile(likely[rows], max(0.0, 1 - share))))
    return min(0.999, lowest)


def _found(mode: str, over: Bools, by_rule: Bools) -> Bools:
    return over | by_rule if mode == EITHER else over


def f1(truth: Bools, found: Bools) -> float:
    """F1 of what was found; 0 where nothing is there and nothing found."""
    whole = truth.sum() + found.sum()
    return float(2 * (truth & found).sum() / whole) if whole else 0.0


def folded_f1(label: str, part: str, scores: Floats, examples: Sequence[Example]) -> float:
    """F1 of a label in a part, each fold with the threshold that is best on the other folds."""
    rows = [at for at, one in enumerate(examples) if one.part == part and label in one.labels]
    truth = np.array([examples[at].labels[label] for at in rows])
    fold = np.array([examples[at].fold for at in rows])
    own = scores[rows]
    steps = np.quantile(own, np.linspace(0.3, 0.998, 80))
    found = np.zeros(len(rows), dtype=bool)
    for one in np.unique(fold):
        rest = fold != one
        best = max(steps, key=lambda step: f1(truth[rest], own[rest] >= step))
        found[~rest] = own[~rest] >= best
    return f1(truth, found)
