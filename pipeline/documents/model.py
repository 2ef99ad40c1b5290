"""What a document is made of, whatever it is written as.

All texts are plain: whoever writes a document escapes them for its format.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.stages.page import wording

LANGUAGE = "en-GB"
QUOTE_LENGTH = 400
_BLANKS = re.compile("[^\\S\u00a0]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading; `level` 1 is the title of the document."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph; `lead` stands before it in bold."""

    text: str
    lead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """An unordered list."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What somebody said, and who and when."""

    text: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; every row has as many cells as `head`."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Items | Quote | Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole document; its title is its first block too."""

    title: str
    blocks: tuple[Block, ...]


def one_line(text: str) -> str:
    """The text as one line without what no document may hold: see wording.tidy."""
    return _BLANKS.sub(" ", wording.tidy(text)).strip()


def quoted(text: str) -> str:
    """What was said, cut where it is very long."""
    beginning = text[: 4 * QUOTE_LENGTH]  # a quote may be as long as the call
    return wording.shortened(one_line(beginning), length=QUOTE_LENGTH)


def joined(parts: Sequence[str], *, by: str = "; ") -> str:
    """Those of the parts that say something, in one line."""
    return by.join(part for part in parts if part)
