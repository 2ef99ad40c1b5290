"""`parley eval tactics`: how often tags are right, on annotated corpora and hand-written cases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from rich.table import Table

from pipeline.apps import console
from pipeline.apps.tactics_publishing import publish
from pipeline.config import Config, load_config
from pipeline.errors import InputError
from pipeline.evaluation.corpora import Judged, annomi, cases, casino
from pipeline.evaluation.ledger import OfferMatch, negochat_offers
from pipeline.evaluation.tactics import Accuracy, Found, accuracies, macro_f1
from pipeline.models.weights import locate
from pipeline.stages.tactics import load_learned
from pipeline.tactics import Learned, read_call

HEADER = ("tactic", "precision", "recall", "F1", "90 %", "present", "judged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to measure: a folder with corpora (or none), files of cases; and where to write.

    `publish` is the file of precision that the package ships.
    """

    data: Path | None
    cases: Sequence[Path]
    out: Path | None
    as_json: Path | None
    command: str
    publish: Path | None = None


def evaluate(request: Request, *, model: str | None) -> int:
    """Tag everything, print and write the tables. Raises InputError where nothing was given."""
    given = () if model is None else (f"tactics.model={model}",)
    config = load_config(settings=given)
    learned = load_learned(config.tactics, locate=locate)
    judged = list(_judged(request))
    if not judged:
        raise InputError("nothing to measure: give --data or --cases")
    pairs = [(one, _found(one, config, learned)) for one in judged]
    found = accuracies(pairs)
    offers = (
        negochat_offers(request.data / "corpora", config.tactics.codebook, learned)
        if request.data
        else None
    )
    for part, rows in groupby(found, key=lambda one: one.part):
        console.STDOUT.print(_table(part, list(rows)))
    if request.out:
        request.out.write_text(_markdown(found, offers, request.command), encoding="utf-8")
    if request.as_json:
        document = {"tactics": [asdict(one) for one in found]}
        request.as_json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if request.publish:
        publish(pairs, path=request.publish, config=config, command=request.command)
    return 0


def _judged(request: Request) -> Iterator[Judged]:
    """Every dialogue asked for. NegoChat is not among them: it trained the classifier."""
    if request.data:
        corpora = request.data / "corpora"
        yield from annomi(corpora)
        yield from casino(corpora, part="valid")
    for path in request.cases:
        yield from cases(path)


def _found(judged: Judged, config: Config, learned: Learned | None) -> Found:
    tags = read_call(judged.turns, config.tactics.codebook, learned).tags
    found: dict[int, set[str]] = {}
    for tag in tags:
        found.setdefault(tag.turn, set()).add(tag.tactic)
    return found


def _cells(one: Accuracy) -> tuple[str, ...]:
    return (
        one.tactic,
        f"{one.precision:.2f}",
        f"{one.recall:.2f}",
        f"{one.f1:.2f}",
        f"{one.low:.2f} to {one.high:.2f}",
        str(one.support),
        str(one.judged),
    )


def _table(part: str, rows: Sequence[Accuracy]) -> Table:
    table = Table(title=f"{part}: mean F1 {macro_f1(rows):.2f}", title_justify="left")
    for at, name in enumerate(HEADER):
        table.add_column(name, justify="left" if at == 0 else "right")
    for row in rows:
        table.add_row(*_cells(row))
    return table


def _markdown(found: Sequence[Accuracy], offers: OfferMatch | None, command: str) -> str:
    lines = [
        "# How often the tags are right",
        "",
        f"Printed by `{command}`.",
        "",
        "Precision, recall and F1 of each tactic, with the 90 % bootstrap interval of F1 over",
        "dialogues. *judged* counts the turns that were looked at for the tactic.",
    ]
    for part, group in groupby(found, key=lambda one: one.part):
        rows = list(group)
        lines += ["", f"## {part}", "", f"Mean F1 of the tactics: {macro_f1(rows):.2f}.", ""]
        lines += ["| " + " | ".join(HEADER) + " |", "|" + "---|" * len(HEADER)]
        lines += ["| " + " | ".join(_cells(row)) + " |" for row in rows]
    if offers:
        lines += ["", "## The ledger on NegoChat", "", offers.shown()]
    return "\n".join(lines) + "\n"
