"""From a chart to an SVG that lives in the page: themed, described, the same every time."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

from pipeline.stages.page import palette

_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_GEOMETRY = frozenset({"d", "transform", "x", "y", "x1", "y1", "x2", "y2", "width", "height"})
_DROPPED = frozenset({"class", "role", "font-family", "stroke-miterlimit"})


def inline_svg(chart: Any, *, label: str) -> Markup:
    """The Altair chart as SVG markup for an HTML page; `label` is its text alternative.

    Colours become CSS variables, text takes the page's font, and the size follows the page.
    """
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(chart.to_dict(validate=False), allowed_base_urls=[])
    return Markup(from_vega(drawn, label=label))  # noqa: S704 -- ElementTree escaped it


def from_vega(svg: str, *, label: str) -> str:
    """The SVG that Vega wrote, made fit for the page.

    Raises ValueError when the drawing refers to anything by id, which the page could not
    keep apart from other drawings' ids.
    """
    root = ET.fromstring(svg)  # noqa: S314 -- written by vl-convert just now, not an upload
    for element in root.iter():
        _adapt(element)
    _prune(root)
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "role": "img",
        "aria-label": label,
        "focusable": "false",
    }
    return ET.tostring(root, encoding="unicode")


def _adapt(element: ET.Element) -> None:
    """Local names, page colours, short numbers; nothing that assistive software would read."""
    element.tag = element.tag.rpartition("}")[2]
    if "id" in element.attrib or "clip-path" in element.attrib:
        raise ValueError("a chart of the page must not clip or use ids")
    kept = {
        name: value
        for name, value in element.attrib.items()
        if name not in _DROPPED and not name.startswith("aria-")
    }
    element.attrib = {name: _attribute(name, value) for name, value in kept.items()}


def _attribute(name: str, value: str) -> str:
    if name in {"fill", "stroke"}:
        return palette.VARIABLES.get(value, value)
    return _LONG_NUMBER.sub(_rounded, value) if name in _GEOMETRY else value


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match[0]):.2f}".rstrip("0").rstrip(".")


def _prune(element: ET.Element) -> None:
    """Remove what draws nothing: unpainted paths and groups left empty."""
    for child in list(element):
        _prune(child)
        unpainted = child.tag == "path" and not {"fill", "stroke"} & child.attrib.keys()
        if unpainted or (child.tag in {"g", "defs"} and len(child) == 0):
            element.remove(child)
