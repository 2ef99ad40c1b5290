"""Features of all examples, and logistic regression on them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression

from pipeline.tactics.learned import (
    BUCKETS,
    Encode,
    dense_features,
    in_shares,
    sparse_features,
)

from .examples import DEV, Example

FOLDS = 5
MIN_EXAMPLES = 2
"""A bucket that fewer examples fill is left out."""
REGULARISATION = 1.0
SEED = 20_261


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Features: (examples, dense + used buckets); `used` are the buckets that count."""

    rows: scipy.sparse.csr_matrix
    dense_width: int
    used: npt.NDArray[np.int64]
    idf: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Weights of one tactic."""

    dense: npt.NDArray[np.float64]
    sparse: npt.NDArray[np.float64]
    bias: float


def features(examples: Sequence[Example], *, encode: Encode, hits: Sequence[str]) -> Matrix:
    """The features as pipeline/tactics/learned.py lays them out."""
    places = {name: place for place, name in enumerate(hits)}
    turns = [example.turn for example in examples]
    dense = dense_features(turns, encode=encode, places=places)
    found = [sparse_features(turn) for turn in turns]
    trains = np.array([example.part != DEV for example in examples])
    seen = np.zeros(3 * BUCKETS)
    for (buckets, _), counts in zip(found, trains, strict=True):
        if counts:
            seen[buckets] += 1
    used = np.flatnonzero(seen >= MIN_EXAMPLES)
    idf = np.where(seen >= MIN_EXAMPLES, np.log((1 + trains.sum()) / (1 + seen)) + 1, 0.0)
    column = np.full(3 * BUCKETS, -1)
    column[used] = np.arange(len(used))
    rows = [_sparse_row(buckets, shares, idf, column, len(used)) for buckets, shares in found]
    both = scipy.sparse.hstack([scipy.sparse.csr_matrix(dense), scipy.sparse.vstack(rows)])
    return Matrix(rows=both.tocsr(), dense_width=dense.shape[1], used=used, idf=idf)


def _sparse_row(
    buckets: npt.NDArray[np.int64],
    shares: npt.NDArray[np.float32],
    idf: npt.NDArray[np.float64],
    column: npt.NDArray[np.int64],
    width: int,
) -> scipy.sparse.csr_matrix:
    weights = in_shares(buckets, shares * idf[buckets])
    kept = column[buckets] >= 0
    at = (np.zeros(int(kept.sum()), dtype=int), column[buckets[kept]])
    return scipy.sparse.csr_matrix((weights[kept], at), shape=(1, width))


def fold_of(dialogue: str) -> int:
    """The fold of a dialogue, the same in every run."""
    return int(hashlib.sha256(dialogue.encode()).hexdigest(), 16) % FOLDS


def folded(
    matrix: Matrix, examples: Sequence[Example], tactics: Sequence[str]
) -> npt.NDArray[np.float64]:
    """(examples, tactics): scores by models that did not see the example's dialogue."""
    folds = np.array([fold_of(example.dialogue) for example in examples])
    jobs = [
        (column, tactic, fold) for column, tactic in enumerate(tactics) for fold in range(FOLDS)
    ]
    fits = Parallel(n_jobs=2)(
        delayed(_fit)(matrix, examples, tactic, folds != fold) for _, tactic, fold in jobs
    )
    scores = np.zeros((len(examples), len(tactics)))
    for (column, _, fold), model in zip(jobs, fits, strict=True):
        own = folds == fold
        scores[own, column] = model.decision_function(matrix.rows[own])
    return scores


def fitted(matrix: Matrix, examples: Sequence[Example], tactic: str) -> Fit:
    """The weights of a tactic from everything that may train."""
    model = _fit(matrix, examples, tactic, np.ones(len(examples), dtype=bool))
    weights = model.coef_[0]
    return Fit(
        dense=weights[: matrix.dense_width],
        sparse=weights[matrix.dense_width :],
        bias=float(model.intercept_[0]),
    )


def _fit(
    matrix: Matrix, examples: Sequence[Example], tactic: str, chosen: npt.NDArray[np.bool_]
) -> LogisticRegression:
    rows = np.array(
        [
            at
            for at, example in enumerate(examples)
            if chosen[at] and example.part != DEV and tactic in example.labels
        ]
    )
    truth = np.array([examples[at].labels[tactic] for at in rows])
    model = LogisticRegression(
        C=REGULARISATION,
        class_weight="balanced",
        solver="liblinear",
        max_iter=300,
        random_state=SEED,
    )
    return model.fit(matrix.rows[rows], truth)
