"""ELAN's annotation format (EAF 3.0): tiers of turns, words and tactics for each speaker.

Tactics are terms of a controlled vocabulary, made of the codebook of the report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pipeline.stages.exports.call import Call
from pipeline.stages.exports.naming import plain_line, unlike
from pipeline.stages.exports.tiers import Interval, Voice, layers, voices

_DATE = "1970-01-01T00:00:00+00:00"
"""The format wants one; the same report is to give the same file at any time."""
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_UNDETERMINED = "http://cdb.iso.org/lg/CDB-00130975-001"
_VOCABULARY = "tactics"
_TYPES = ("turns", "words", "tactics")
_MIME_TYPES = {
    ".wav": "audio/x-wav",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A tier of ELAN: its name is its own, its intervals do not overlap."""

    name: str
    speaker: str
    kind: str
    intervals: tuple[Interval, ...]


def eaf(call: Call) -> str:
    """The call, whose turns have times, as an EAF document.

    A tier holds no overlaps: what overlaps on one goes to a further tier, with its own times.
    """
    tiers = _tiers(voices(call))
    terms = _terms(call.report)
    root = Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "",
            "DATE": _DATE,
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": _XSI,
            "xsi:noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    _add_header(root, call.report, last=sum(len(tier.intervals) for tier in tiers))
    _add_tiers(root, tiers, terms=terms)
    _add_types(root)
    _add_vocabulary(root, terms)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _tiers(among: Sequence[Voice]) -> list[Tier]:
    tiers: list[Tier] = []
    for voice in among:
        for kind, name, intervals in _layers_of(voice):
            own = unlike(name, taken=[tier.name for tier in tiers])
            tiers.append(Tier(name=own, speaker=voice.name, kind=kind, intervals=intervals))
    return tiers


def _layers_of(voice: Voice) -> Iterator[tuple[str, str, tuple[Interval, ...]]]:
    """Kind, name and intervals of each tier."""
    yield from (("turns", voice.name, layer) for layer in layers(voice.turns))
    if voice.words:
        yield from (("words", f"{voice.name} words", layer) for layer in layers(voice.words))
    yield from (("tactics", f"{voice.name} tactics", layer) for layer in layers(voice.tactics))


def _terms(report: Mapping[str, Any]) -> dict[str, str]:
    """Each tactic that occurs with its definition, empty where the codebook has none."""
    defined = {one["tactic"]: one["definition"] for one in report["codebook"]}
    tactics = dict.fromkeys([*defined, *(tag["tactic"] for tag in report["tactics"])])
    return {plain_line(tactic): plain_line(defined.get(tactic, "")) for tactic in tactics}


def _add_header(root: Element, report: Mapping[str, Any], *, last: int) -> None:
    header = SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    if report.get("transcript") is None:
        # relative, by its name alone: ELAN looks beside the file, then asks where it is
        name = plain_line(report["recording"]["name"]).replace("\\", "/").rpartition("/")[2]
        url = f"./{quote(name)}"
        mime_type = _MIME_TYPES.get(PurePosixPath(name).suffix.lower(), "unknown")
        SubElement(
            header,
            "MEDIA_DESCRIPTOR",
            MEDIA_URL=url,
            MIME_TYPE=mime_type,
            RELATIVE_MEDIA_URL=url,
        )
    SubElement(header, "PROPERTY", NAME="lastUsedAnnotationId").text = str(last)


def _add_tiers(root: Element, tiers: Sequence[Tier], *, terms: Mapping[str, str]) -> None:
    """The tiers; each annotation has two time slots of its own, by its number."""
    entries = {term: f"cve{number}" for number, term in enumerate(terms)}
    slots = _add_times(root, [one for tier in tiers for one in tier.intervals])
    numbers = count(1)
    for tier in tiers:
        names = {"PARTICIPANT": tier.speaker, "TIER_ID": tier.name}
        element = SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": tier.kind, **names})
        for one in tier.intervals:
            number = next(numbers)
            start, end = slots[2 * number - 2 : 2 * number]
            attributes = {
                "ANNOTATION_ID": f"a{number}",
                "TIME_SLOT_REF1": start,
                "TIME_SLOT_REF2": end,
            }
            if tier.kind == _VOCABULARY:
                attributes["CVE_REF"] = entries[one.label]
            holder = SubElement(element, "ANNOTATION")
            annotation = SubElement(holder, "ALIGNABLE_ANNOTATION", attributes)
            SubElement(annotation, "ANNOTATION_VALUE").text = one.label


def _add_times(root: Element, intervals: Sequence[Interval]) -> list[str]:
    """The time slots, in order of time; returns their ids, two for each interval."""
    times = [time for one in intervals for time in (one.start_ms, one.end_ms)]
    order = SubElement(root, "TIME_ORDER")
    ids = [""] * len(times)
    for number, place in enumerate(sorted(range(len(times)), key=times.__getitem__), start=1):
        ids[place] = f"ts{number}"
        SubElement(order, "TIME_SLOT", TIME_SLOT_ID=ids[place], TIME_VALUE=str(times[place]))
    return ids


def _add_types(root: Element) -> None:
    for kind in _TYPES:
        attributes = {
            "LINGUISTIC_TYPE_ID": kind,
            "TIME_ALIGNABLE": "true",
            "GRAPHIC_REFERENCES": "false",
        }
        if kind == _VOCABULARY:
            attributes["CONTROLLED_VOCABULARY_REF"] = _VOCABULARY
        SubElement(root, "LINGUISTIC_TYPE", attributes)


def _add_vocabulary(root: Element, terms: Mapping[str, str]) -> None:
    SubElement(
        root,
        "LANGUAGE",
        LANG_ID="und",
        LANG_DEF=_UNDETERMINED,
        LANG_LABEL="undetermined (und)",
    )
    vocabulary = SubElement(root, "CONTROLLED_VOCABULARY", CV_ID=_VOCABULARY)
    SubElement(vocabulary, "DESCRIPTION", LANG_REF="und").text = "Negotiation tactics of Parley"
    for number, (term, definition) in enumerate(terms.items()):
        entry = SubElement(vocabulary, "CV_ENTRY_ML", CVE_ID=f"cve{number}")
        value = SubElement(entry, "CVE_VALUE", LANG_REF="und", DESCRIPTION=definition)
        value.text = term
