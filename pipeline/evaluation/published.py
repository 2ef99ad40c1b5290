"""Each tactic's precision on test data as one figure, and the file that it is published in."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from pipeline.errors import InputError
from pipeline.evaluation.corpora import Judged
from pipeline.evaluation.summary import QUANTILES, RESAMPLES, SEED
from pipeline.evaluation.tactics import Counts, Found, counts_by_dialogue
from pipeline.sampling import wilson
from pipeline.tactics.measured import Measured

ANNOMI = "AnnoMI"
_QUESTIONS = frozenset({"open_question", "closed_question"})
DEVELOPMENT = frozenset({"cases: dev"})
"""Parts that rules and thresholds were made with: a figure from them would flatter."""
RULE = (
    "How often the tags of each tactic are right on test data. Made by the command below, never "
    "by hand; the report prints these figures, and tactics below report.precision_bar are "
    "experimental.",
    "A tactic's figure is over everything given to the command that judges the tactic, but for "
    "the cases it was developed with (dev.toml): right and wrong finds are summed over the parts, "
    "and precision is right / (right + wrong). A corpus's label that is no tactic of the codebook "
    "(AnnoMI's reflection, CaSiNo's non-strategic) gives none. A tactic that no data judges, or "
    "that was never found in it, has no figure and is not measured; few finds are no reason to "
    "leave one out. Where AnnoMI calls a turn an open question, nobody looked whether it holds a "
    "closed one too, and the other way round: such a turn is not counted.",
    "precision_low to precision_high is a 90 % interval: the wider, at each end, of the bootstrap "
    "over dialogues, which knows that tags of one dialogue resemble each other, and of Wilson's "
    "score interval, which knows how little a few finds say (of 3 right finds of 3, every "
    "resample is right). support counts the finds that precision rests on; present how often the "
    "tactic was there, found or not; f1 is over the same data.",
)


def pooled(
    pairs: Iterable[tuple[Judged, Found]], *, tactics: Sequence[str]
) -> tuple[Measured, ...]:
    """The figures of those tactics that the test data among the pairs judges and that were found.

    Raises InputError where none of the data is test data.
    """
    tested = [
        (_of_one_kind(judged), found) for judged, found in pairs if judged.part not in DEVELOPMENT
    ]
    if not tested:
        raise InputError("no test data to publish figures of: give --data, or other --cases")
    found = (_measured(tactic, tested) for tactic in tactics)
    return tuple(one for one in found if one is not None)


def _of_one_kind(judged: Judged) -> Judged:
    """AnnoMI gives a turn one kind of question: where it names one, nobody looked for the other."""
    if judged.part != ANNOMI:
        return judged
    asked = {at for at, found in judged.present.items() if found & _QUESTIONS}
    absent = {
        at: tactics - _QUESTIONS if at in asked else tactics
        for at, tactics in judged.absent.items()
    }
    return replace(judged, absent=absent)


def _measured(tactic: str, pairs: Sequence[tuple[Judged, Found]]) -> Measured | None:
    by_part: dict[str, list[tuple[Judged, Found]]] = {}
    for judged, found in pairs:
        by_part.setdefault(judged.part, []).append((judged, found))
    counts = {part: counts_by_dialogue(own, tactic) for part, own in by_part.items()}
    judged_in = {part: rows for part, rows in counts.items() if len(rows)}
    if not judged_in:
        return None
    rows = np.concatenate(list(judged_in.values()))
    right, wrong, missed = (int(count) for count in rows.sum(axis=0))
    if right + wrong == 0:
        return None
    low, high = _interval(rows)
    return Measured(
        tactic=tactic,
        precision=round(right / (right + wrong), 4),
        precision_low=round(low, 4),
        precision_high=round(high, 4),
        support=right + wrong,
        present=right + missed,
        f1=round(2 * right / (2 * right + wrong + missed), 4),
        data=tuple(judged_in),
    )


def _interval(counts: Counts) -> tuple[float, float]:
    """The wider of bootstrap and Wilson interval, at each end; see RULE."""
    right, wrong, _ = (int(count) for count in counts.sum(axis=0))
    random = np.random.default_rng(SEED)
    weights = random.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), RESAMPLES)
    drawn = weights @ counts
    finds = drawn[:, 0] + drawn[:, 1]
    # a resample without any find says nothing of precision
    shares = drawn[finds > 0, 0] / finds[finds > 0]
    low, high = np.quantile(shares, QUANTILES)
    wilson_low, wilson_high = wilson(right, right + wrong)
    return min(float(low), wilson_low), max(float(high), wilson_high)


def as_toml(
    measured: Sequence[Measured], *, command: str, codebook: int, classifier: str, model: str
) -> str:
    """The file of figures, with the rule they follow and the tagger that they are of.

    `codebook` is its version, `classifier` the sha256 of its weights, `model` the text encoder.
    """
    head = [line for part in RULE for line in ("#", *_wrapped(part))][1:]
    lines = [
        *head,
        "#",
        f"# {command}",
        "",
        "# The tagger that was measured.",
        f"codebook = {codebook}",
        f"model = {json.dumps(model)}",
        f"classifier = {json.dumps(classifier)}",
    ]
    return "\n".join([*lines, *(line for one in measured for line in _entry(one))]) + "\n"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, width=98, initial_indent="# ", subsequent_indent="# ")


def _entry(one: Measured) -> list[str]:
    return [
        "",
        "[[tactic]]",
        f'tactic = "{one.tactic}"',
        f"precision = {one.precision}",
        f"precision_low = {one.precision_low}",
        f"precision_high = {one.precision_high}",
        f"support = {one.support}",
        f"present = {one.present}",
        f"f1 = {one.f1}",
        f"data = {json.dumps(one.data)}",
    ]
