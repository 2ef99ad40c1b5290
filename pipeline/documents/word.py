"""A document as a Word file (.docx): real headings, tables with header rows, nothing linked."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from functools import singledispatch
from typing import Any

from pipeline.documents.model import (
    LANGUAGE,
    Block,
    Document,
    Heading,
    Items,
    Paragraph,
    Quote,
    Table,
    one_line,
)

_PAGE_MM = (210, 297)
_MARGIN_MM = 20
_TEXT_PT, _TABLE_PT = 10.5, 9


def word(document: Document, *, made: datetime | None = None) -> bytes:
    """The bytes of a .docx; `made` is the time that its properties tell, now by default."""
    import docx

    file = docx.Document()
    _set_page(file)
    _set_language(file)
    _set_properties(file, title=document.title, made=made or datetime.now(UTC))
    for block in document.blocks:
        _add(block, file)
    content = io.BytesIO()
    file.save(content)
    return content.getvalue()


def _set_page(file: Any) -> None:
    from docx.shared import Mm, Pt

    section = file.sections[0]
    section.page_width, section.page_height = map(Mm, _PAGE_MM)
    section.left_margin = section.right_margin = Mm(_MARGIN_MM)
    section.top_margin = section.bottom_margin = Mm(_MARGIN_MM)
    file.styles["Normal"].font.size = Pt(_TEXT_PT)


def _set_language(file: Any) -> None:
    """The language that spelling is checked in and that screen readers speak."""
    from docx.oxml.ns import qn

    for language in file.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), LANGUAGE)
    for language in file.settings.element.iter(qn("w:themeFontLang")):
        language.set(qn("w:val"), LANGUAGE)


def _set_properties(file: Any, *, title: str, made: datetime) -> None:
    properties = file.core_properties
    properties.title = one_line(title)[:255]  # no property may be longer
    properties.language = LANGUAGE
    properties.author = "Parley"
    properties.comments = ""
    properties.created = properties.modified = made.replace(tzinfo=None)


@singledispatch
def _add(block: Block, _file: Any) -> None:
    raise TypeError(f"no block of a document: {type(block).__name__}")


@_add.register
def _(block: Heading, file: Any) -> None:
    file.add_heading(one_line(block.text), level=block.level)


@_add.register
def _(block: Paragraph, file: Any) -> None:
    paragraph = file.add_paragraph()
    if block.lead:
        paragraph.add_run(f"{one_line(block.lead)} ").bold = True
    paragraph.add_run(one_line(block.text))


@_add.register
def _(block: Items, file: Any) -> None:
    for text in block.texts:
        file.add_paragraph(one_line(text), style="List Bullet")


@_add.register
def _(block: Quote, file: Any) -> None:
    file.add_paragraph(f"“{one_line(block.text)}” — {one_line(block.by)}", style="Quote")


@_add.register
def _(block: Table, file: Any) -> None:
    table = file.add_table(rows=1 + len(block.rows), cols=len(block.head), style="Table Grid")
    for number, (row, texts) in enumerate(zip(table.rows, (block.head, *block.rows), strict=True)):
        _mark_row(row, is_header=number == 0)
        for cell, text in zip(row.cells, texts, strict=True):
            _fill(cell, one_line(text), is_header=number == 0)
    file.add_paragraph()  # else Word makes one table of two that follow each other


def _mark_row(row: Any, *, is_header: bool) -> None:
    """A header row stands again on each page, and screen readers know it; no row is torn apart."""
    from docx.oxml import OxmlElement

    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    if is_header:
        properties.append(OxmlElement("w:tblHeader"))


def _fill(cell: Any, text: str, *, is_header: bool) -> None:
    from docx.shared import Pt

    run = cell.paragraphs[0].add_run(text)
    run.font.size = Pt(_TABLE_PT)
    run.bold = is_header
