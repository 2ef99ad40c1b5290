"""How often tags are right: precision, recall and F1 of each tactic, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.evaluation.corpora import NON_STRATEGIC, UNIONS, Judged
from pipeline.evaluation.summary import QUANTILES, RESAMPLES, SEED

Integers = npt.NDArray[np.int64]
Counts = Integers
"""Of shape (dialogues, 3): found rightly, found wrongly, missed."""
Found = Mapping[int, Set[str]]
"""The tactics found in each turn of a dialogue."""
MEAN = "mean of tactics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """A tactic on some data; `low` to `high` is the 90 % interval of F1 over dialogues."""

    part: str
    tactic: str
    precision: float
    recall: float
    f1: float
    low: float
    high: float
    support: int
    judged: int


def accuracies(pairs: Iterable[tuple[Judged, Found]]) -> list[Accuracy]:
    """Each tactic that a part of the data judges, in the order of first sight."""
    by_part: dict[str, list[tuple[Judged, Found]]] = {}
    for judged, found in pairs:
        by_part.setdefault(judged.part, []).append((judged, found))
    return [
        accuracy
        for part, own in by_part.items()
        for tactic in _tactics(judged for judged, _ in own)
        if (accuracy := _accuracy(part, tactic, own)) is not None
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """F1 of a tactic on what was typed and on what was recognised of the same turns.

    `low` to `high` is the 90 % interval of the loss over dialogues, drawn alike for both.
    """

    part: str
    tactic: str
    clean_f1: float
    recognised_f1: float
    low: float
    high: float
    support: int

    @property
    def loss(self) -> float:
        """What recognition costs; below 0 where tags are better with it."""
        return self.clean_f1 - self.recognised_f1


def losses(dialogues: Iterable[tuple[Judged, Found, Found]]) -> list[Loss]:
    """For each part its tactics, then their MEAN: what is found in clean and recognised text.

    The dialogue of each is either text's: only what is present and absent is looked at.
    """
    by_part: dict[str, list[tuple[Judged, Found, Found]]] = {}
    for one in dialogues:
        by_part.setdefault(one[0].part, []).append(one)
    return [loss for part, own in by_part.items() for loss in _losses(part, own)]


def _losses(part: str, own: Sequence[tuple[Judged, Found, Found]]) -> list[Loss]:
    """The tactics of a part that are ever there, and their mean."""
    supports = {
        tactic: sum(tactic in held for judged, _, _ in own for held in judged.present.values())
        for tactic in _tactics(judged for judged, _, _ in own)
    }
    there = {tactic: support for tactic, support in supports.items() if support}
    if not there:
        return []
    counts = np.array([_counts_of_both(own, tactic) for tactic in there])
    f1 = _f1(counts.sum(axis=2))
    drawn = _f1(np.einsum("rd,tvdc->tvrc", _draws(len(own)), counts))
    falls = drawn[:, 0] - drawn[:, 1]
    intervals = np.quantile([*falls, falls.mean(axis=0)], QUANTILES, axis=1).T
    rows = zip(
        [*there, MEAN],
        [*f1, f1.mean(axis=0)],
        intervals,
        [*there.values(), sum(there.values())],
        strict=True,
    )
    return [
        Loss(
            part=part,
            tactic=tactic,
            clean_f1=float(clean),
            recognised_f1=float(recognised),
            low=float(low),
            high=float(high),
            support=support,
        )
        for tactic, (clean, recognised), (low, high), support in rows
    ]


def _counts_of_both(
    own: Sequence[tuple[Judged, Found, Found]], tactic: str
) -> list[list[tuple[int, int, int]]]:
    """What `_counts` gives by text, clean before recognised, and dialogue."""
    return [[_counts(judged, texts[text], tactic) for judged, *texts in own] for text in (0, 1)]


def macro_f1(found: Sequence[Accuracy]) -> float:
    """The mean F1 of tactics, each counting alike."""
    return sum(one.f1 for one in found) / len(found) if found else 0.0


def _tactics(dialogues: Iterable[Judged]) -> list[str]:
    judged = {
        tactic
        for dialogue in dialogues
        for table in (dialogue.present, dialogue.absent)
        for tactics in table.values()
        for tactic in tactics
    }
    return sorted(judged)


def _accuracy(part: str, tactic: str, pairs: Sequence[tuple[Judged, Found]]) -> Accuracy | None:
    """None where the data never holds the tactic: then there is no recall, and no F1."""
    counts = np.array([_counts(judged, found, tactic) for judged, found in pairs])
    right, wrong, missed = counts.sum(axis=0)
    if right + missed == 0:
        return None
    low, high = _interval(counts)
    return Accuracy(
        part=part,
        tactic=tactic,
        precision=right / max(right + wrong, 1),
        recall=right / max(right + missed, 1),
        f1=float(_f1(counts.sum(axis=0))),
        low=low,
        high=high,
        support=int(right + missed),
        judged=sum(_looked_at(judged, tactic) for judged, _ in pairs),
    )


def _looked_at(judged: Judged, tactic: str) -> int:
    present = sum(tactic in tactics for tactics in judged.present.values())
    return present + sum(tactic in tactics for tactics in judged.absent.values())


def _counts(judged: Judged, found: Found, tactic: str) -> tuple[int, int, int]:
    right = wrong = missed = 0
    for place, tactics in judged.present.items():
        if tactic in tactics:
            hit = is_found(found.get(place, frozenset()), tactic)
            right, missed = right + hit, missed + (not hit)
    for place, tactics in judged.absent.items():
        if tactic in tactics:
            wrong += is_found(found.get(place, frozenset()), tactic)
    return right, wrong, missed


def is_found(found: Set[str], tactic: str) -> bool:
    """Whether a turn was tagged with a tactic, or with one of those that a corpus calls by it.

    CaSiNo's "non-strategic" is found where none of its nine strategies is.
    """
    if tactic == NON_STRATEGIC:
        return not found & _CASINO
    return bool(found & UNIONS.get(tactic, frozenset({tactic})))


_CASINO = frozenset(
    {
        *("rapport", "own_need", "other_need", "no_need", "elicit_preference"),
        *("undervalue_partner", "fairness_appeal", "empathy", "coordination"),
    }
)


def _f1(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    right, wrong, missed = counts[..., 0], counts[..., 1], counts[..., 2]
    whole = 2 * right + wrong + missed
    return np.where(whole > 0, 2 * right / np.maximum(whole, 1), 0.0)


def _interval(counts: Counts) -> tuple[float, float]:
    """The 90 % interval of F1 when dialogues are drawn anew, with replacement."""
    low, high = np.quantile(_f1(_draws(len(counts)) @ counts), QUANTILES)
    return float(low), float(high)


def counts_by_dialogue(pairs: Iterable[tuple[Judged, Found]], tactic: str) -> Counts:
    """Right, wrong and missed finds of a tactic in each dialogue that was judged for it."""
    rows = [_counts(judged, found, tactic) for judged, found in pairs if _looked_at(judged, tactic)]
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def _draws(dialogues: int) -> Integers:
    """How often each dialogue is in each resample, shape (RESAMPLES, dialogues)."""
    random = np.random.default_rng(SEED)
    return random.multinomial(dialogues, np.full(dialogues, 1 / dialogues), RESAMPLES)
