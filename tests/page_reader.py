"""Reads a rendered page as a browser would: elements with their attributes and their text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "br", "wbr", "input", "img", "hr"}


@dataclass(slots=True)
class Element:
    """One element; `text` joins the text of all that it holds."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(one if isinstance(one, str) else one.text for one in self.children)

    @property
    def words(self) -> str:
        """The text with every run of blanks as one."""
        return " ".join(self.text.split())

    def everything(self) -> Iterator[Element]:
        """This element and all inside, in order."""
        yield self
        for one in self.children:
            if isinstance(one, Element):
                yield from one.everything()

    def find(self, tag: str | None = None, **attributes: str) -> list[Element]:
        """The elements inside with that tag and these attributes; `class_` asks for a class."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            one
            for one in self.everything()
            if (tag is None or one.tag == tag)
            and all(_has(one, name, value) for name, value in wanted.items())
        ]

    def one(self, tag: str | None = None, **attributes: str) -> Element:
        (only,) = self.find(tag, **attributes)
        return only


def _has(element: Element, name: str, value: str) -> bool:
    present = element.attributes.get(name)
    if name == "class":
        return value in (present or "").split()
    return present == value


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element(tag="root", attributes={})
        self.stack = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag=tag, attributes={name: value or "" for name, value in attrs})
        self.stack[-1].children.append(element)
        if tag not in VOID:
            self.stack.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.stack[-1].children.append(Element(tag=tag, attributes=attributes))

    def handle_endtag(self, tag: str) -> None:
        opened = self.stack.pop()
        assert opened.tag == tag, f"<{opened.tag}> closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        self.stack[-1].children.append(data)


def read(html: str) -> Element:
    """The page as a tree. Raises AssertionError where elements are not closed in order."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    assert [one.tag for one in builder.stack] == ["root"]
    return builder.root


def page_of(report: dict[str, Any]) -> Element:
    """The report rendered and read."""
    from pipeline.stages.page import PageConfig, run

    return read(run(report=report, config=PageConfig()))
