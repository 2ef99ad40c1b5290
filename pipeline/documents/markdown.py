"""A document as Markdown: CommonMark, and tables as GitHub and most wikis write them.

What people said is escaped twice over: no mark of Markdown is left, and none of HTML, since many
wikis let HTML through.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import singledispatch

from pipeline.documents.model import (
    Block,
    Document,
    Heading,
    Items,
    Paragraph,
    Quote,
    Table,
    one_line,
)

_ENTITIES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
_MARKS = re.compile(r"([\\`*_\[\]{}|~$])")
_LINKS = re.compile(r":(?=//)|(?<=www)\.", re.IGNORECASE)
_OPENING = re.compile(r"[#+=:-]|\d{1,9}(?=[.)](?:\s|$))")


def markdown(document: Document) -> str:
    """The document as UTF-8 text with a line end at its end."""
    return "\n\n".join(_written(block) for block in document.blocks) + "\n"


def escaped(text: str) -> str:
    """Text that reads as it is and marks nothing up, wherever it stands in a line.

    `<`, `>` and `&` become entities, marks of Markdown get a backslash, and addresses one that
    keeps readers from making links of them.
    """
    plain = _MARKS.sub(r"\\\1", one_line(text)).translate(_ENTITIES)
    unlinked = _LINKS.sub(lambda found: f"\\{found[0]}", plain)
    return _opened(unlinked)


def _opened(text: str) -> str:
    """The text with a first mark that would begin a heading, a list or a rule made plain."""
    found = _OPENING.match(text)
    if not found:
        return text
    begun = found[0]
    if begun.isdigit():
        return f"{begun}\\{text[len(begun) :]}"
    return f"\\{text}"


@singledispatch
def _written(block: Block) -> str:
    raise TypeError(f"no block of a document: {type(block).__name__}")


@_written.register
def _(block: Heading) -> str:
    return f"{'#' * block.level} {escaped(block.text)}"


@_written.register
def _(block: Paragraph) -> str:
    return f"**{escaped(block.lead)}** {escaped(block.text)}" if block.lead else escaped(block.text)


@_written.register
def _(block: Items) -> str:
    return "\n".join(f"- {escaped(text)}" for text in block.texts)


@_written.register
def _(block: Quote) -> str:
    return f"> “{escaped(block.text)}”\n>\n> — {escaped(block.by)}"


@_written.register
def _(block: Table) -> str:
    return "\n".join([_row(block.head), _row(["---"] * len(block.head), plain=True)]
                     + [_row(row) for row in block.rows])  # fmt: skip


def _row(cells: Sequence[str], *, plain: bool = False) -> str:
    return f"| {' | '.join(cells if plain else map(escaped, cells))} |"
