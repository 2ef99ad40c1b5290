"""What stands in the report as a document, section by section."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipeline.documents import bargaining, measures, method, opening, preparation, tactics
from pipeline.documents.model import Block, Document
from pipeline.documents.opening import Report

SECTIONS: tuple[Callable[[Report], Iterator[Block]], ...] = (
    opening.head,
    opening.cautions,
    opening.five_numbers,
    opening.best_and_next,
    opening.moments,
    preparation.plan_and_call,
    measures.by_speaker,
    measures.of_call,
    measures.pace,
    measures.questions,
    tactics.tactics,
    tactics.effects,
    bargaining.offers,
    bargaining.promises,
    bargaining.balance,
    tactics.readings,
    method.quality,
    method.method,
)
"""In the order of the document; a section that has nothing to say yields nothing."""


def document(report: Report, *, transcript: bool = False) -> Document:
    """The report as a document, with the whole transcript at its end where asked for.

    `report` is what report.json holds; sections that an older report lacks are left out.
    """
    sections = (*SECTIONS, method.spoken) if transcript else SECTIONS
    return Document(
        title=opening.title_of(report),
        blocks=tuple(block for section in sections for block in section(report)),
    )
