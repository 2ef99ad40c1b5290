"""Where the names on the page come from, when not from whoever ran the analysis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.stages.page import wording


def sources_of_names(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Sentences on names by voice and on corrections; none where there are neither."""
    return (*_by_voice(report), *_corrected(report))


def _by_voice(report: Mapping[str, Any]) -> Iterator[str]:
    used = [match for match in report.get("voice_matches", ()) if match["used"]]
    if used:
        named = ", ".join(
            f"{wording.isolated(wording.name_of(match['name']))} "
            f"(voice match {match['similarity']:.2f})"
            for match in used
        )
        yield f"Named by an enrolled voice: {named}."


def _corrected(report: Mapping[str, Any]) -> Iterator[str]:
    if report.get("corrections"):
        entries = report["corrections"]
        people = dict.fromkeys(wording.name_of(entry["author"]) for entry in entries)
        authors = ", ".join(wording.isolated(author) for author in people)
        count = wording.counted(sum(len(entry["changes"]) for entry in entries), "correction")
        yield f"This report holds {count} by {authors}; the method section lists them."
