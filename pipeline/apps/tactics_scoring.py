"""`parley eval tactics`: how often tags are right, on annotated corpora and hand-written cases."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from rich.table import Table

from pipeline.apps import console
from pipeline.apps.tactics_publishing import publish
from pipeline.config import Config, load_config
from pipeline.errors import InputError
from pipeline.evaluation.corpora import (
    Judged,
    annomi,
    annotated_call,
    as_heard,
    cases,
    casino,
    negochat,
)
from pipeline.evaluation.ledger import OfferMatch, negochat_offers
from pipeline.evaluation.tactics import Accuracy, Found, Loss, accuracies, losses, macro_f1
from pipeline.models.weights import locate
from pipeline.stages.tactics import load_learned
from pipeline.tactics import Learned, read_call

HEADER = ("tactic", "precision", "recall", "F1", "90 %", "present", "judged")
SPOKEN_HEADER = ("tactic", "F1 typed", "F1 recognised", "loss", "90 % of the loss", "present")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to measure: a folder with corpora (or none), files of cases; and where to write.

    `publish` is the file of precision that the package ships; `spoken` is the file of
    scripts/speak_corpora, for what recognition costs.
    """

    data: Path | None
    cases: Sequence[Path]
    spoken: Path | None
    out: Path | None
    as_json: Path | None
    command: str
    publish: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Everything that was measured."""

    tactics: Sequence[Accuracy]
    losses: Sequence[Loss]
    offers: OfferMatch | None
    pairs: Sequence[tuple[Judged, Found]]


def evaluate(request: Request, *, model: str | None) -> int:
    """Tag everything, print and write the tables. Raises InputError where nothing was given."""
    given = () if model is None else (f"tactics.model={model}",)
    config = load_config(settings=given)
    tables = _measured(request, config, load_learned(config.tactics, locate=locate))
    for part, rows in groupby(tables.tactics, key=lambda one: one.part):
        console.STDOUT.print(_table(part, list(rows)))
    for part, fallen in groupby(tables.losses, key=lambda one: one.part):
        console.STDOUT.print(_loss_table(part, list(fallen)))
    if request.out:
        request.out.write_text(_markdown(tables, request.command), encoding="utf-8")
    if request.as_json:
        document = {
            "tactics": [asdict(one) for one in tables.tactics],
            "spoken": [{**asdict(one), "loss": one.loss} for one in tables.losses],
            "offers": {"exact": tables.offers.exact} if tables.offers else {},
        }
        request.as_json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if request.publish:
        publish(tables.pairs, path=request.publish, config=config, command=request.command)
    return 0


def _measured(request: Request, config: Config, learned: Learned | None) -> Tables:
    if request.spoken and not request.data:
        raise InputError(
            "--spoken has the texts of turns, and the corpora what is in them: give --data too"
        )
    judged = list(_judged(request))
    if not judged:
        raise InputError("nothing to measure: give --data or --cases")
    # before the tags of everything, since a file that does not fit should say so at once
    spoken = list(_spoken(request))
    pairs = [(one, _found(one, config, learned)) for one in judged]
    return Tables(
        tactics=accuracies(pairs),
        pairs=pairs,
        losses=losses(
            (clean, _found(clean, config, learned), _found(heard, config, learned))
            for clean, heard in spoken
        ),
        offers=negochat_offers(request.data / "corpora", config.tactics.codebook, learned)
        if request.data
        else None,
    )


def _judged(request: Request) -> Iterator[Judged]:
    """Every dialogue asked for. NegoChat is not among them: it trained the classifier."""
    if request.data:
        corpora = request.data / "corpora"
        yield from annomi(corpora)
        yield from casino(corpora, part="valid")
    for path in request.cases:
        yield from annotated_call(path) if path.suffix == ".json" else cases(path)


def _spoken(request: Request) -> Sequence[tuple[Judged, Judged]]:
    """CaSiNo valid and NegoChat as typed and as recognised.

    NegoChat's typed turns trained the classifier, so that what is lost on it is rather too much.
    Raises InputError where the file does not fit the corpora, or holds nothing of CaSiNo valid.
    """
    if not (request.spoken and request.data):
        return ()
    corpora = request.data / "corpora"
    found = list(as_heard(request.spoken, casino(corpora, part="valid")))
    if not found:
        raise InputError(
            f"{request.spoken.name}: no dialogue of CaSiNo valid; run scripts/speak_corpora"
        )
    return [*found, *as_heard(request.spoken, negochat(corpora))]


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


def _loss_cells(one: Loss) -> tuple[str, ...]:
    return (
        one.tactic,
        f"{one.clean_f1:.2f}",
        f"{one.recognised_f1:.2f}",
        f"{one.loss:.3f}",
        f"{one.low:.2f} to {one.high:.2f}",
        str(one.support),
    )


def _table(part: str, rows: Sequence[Accuracy]) -> Table:
    return _filled(f"{part}: mean F1 {macro_f1(rows):.2f}", HEADER, map(_cells, rows))


def _loss_table(part: str, rows: Sequence[Loss]) -> Table:
    return _filled(f"{part}, spoken and recognised", SPOKEN_HEADER, map(_loss_cells, rows))


def _filled(title: str, header: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left")
    for at, name in enumerate(header):
        table.add_column(name, justify="left" if at == 0 else "right")
    for cells in rows:
        table.add_row(*cells)
    return table


def _markdown(tables: Tables, command: str) -> str:
    lines = [
        "# How often the tags are right",
        "",
        f"Printed by `{command}`.",
        "",
        "Precision, recall and F1 of each tactic, with the 90 % bootstrap interval of F1 over",
        "dialogues. *judged* counts the turns that were looked at for the tactic.",
    ]
    for part, group in groupby(tables.tactics, key=lambda one: one.part):
        rows = list(group)
        lines += ["", f"## {part}", "", f"Mean F1 of the tactics: {macro_f1(rows):.2f}.", ""]
        lines += _markdown_table(HEADER, map(_cells, rows))
    if tables.losses:
        lines += _SPOKEN_LINES
    for part, fallen in groupby(tables.losses, key=lambda one: one.part):
        lines += ["", f"### {part}", ""]
        lines += _markdown_table(SPOKEN_HEADER, map(_loss_cells, fallen))
    if tables.offers:
        lines += ["", "## The ledger on NegoChat", "", tables.offers.shown()]
    return "\n".join(lines) + "\n"


_SPOKEN_LINES = (
    "",
    "## Spoken and recognised",
    "",
    "The same dialogues as they were typed, and as Parley's recogniser wrote them when",
    "`scripts/speak_corpora` had them spoken over a telephone line. The loss is the first F1 less",
    "the second; its interval draws the same dialogues for both. The typed turns of NegoChat",
    "trained the classifier, so that its first F1 is flattering and the loss rather too large.",
)


def _markdown_table(header: Sequence[str], rows: Iterable[tuple[str, ...]]) -> list[str]:
    shown = ("| " + " | ".join(cells) + " |" for cells in rows)
    return ["| " + " | ".join(header) + " |", "|" + "---|" * len(header), *shown]
