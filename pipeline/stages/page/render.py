"""From report.json's dict to the page's HTML."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from pipeline.records import ENGLISH
from pipeline.stages.page import (
    accuracy,
    figures,
    ledger,
    marks,
    naming,
    palette,
    sections,
    tags,
    timeline,
    transcript,
    wording,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageConfig:
    """How the page is laid out; none of it changes a figure."""

    timeline_width_px: int = 860
    timeline_phone_width_px: int = 348
    quotes_per_tactic: int = 2


def run(*, report: Mapping[str, Any], config: PageConfig) -> str:
    """The report as one self-contained HTML page.

    `report` is what report.json holds (schemas/report.schema.json). The same report gives the
    same bytes.
    """
    environment = _environment()
    style = environment.get_template("report.css.jinja").render(
        light=palette.LIGHT,
        dark=palette.DARK,
        families=palette.FAMILIES,
        speaker_count=max(len(report["speakers"]), 1),
    )
    script = _source("report.js")
    return environment.get_template("report.html.jinja").render(
        style=Markup(style),  # noqa: S704 -- our own stylesheet, filled from the palette only
        script=Markup(script),  # noqa: S704 -- our own file
        style_hash=_csp_hash(style),
        script_hash=_csp_hash(script),
        **_content(report, config=config),
    )


def _content(report: Mapping[str, Any], *, config: PageConfig) -> dict[str, Any]:
    """Everything the template shows, worded and in order."""
    everyone = wording.people(report)
    heard = wording.is_heard(report)
    groups = tags.family_groups(report, quotes=config.quotes_per_tactic)
    return {
        "report": report,
        "title": wording.name_of(report["recording"]["name"]),
        "facts": _facts(report),
        "people": everyone,
        "sources_of_names": naming.sources_of_names(report),
        "main": wording.main_person(everyone),
        "cards": figures.cards(report),
        "row_groups": figures.row_groups(report),
        "withheld": figures.withheld_groups(report),
        "heard": heard,
        "tactics_withheld": _tactics_withheld(report),
        "families": timeline.used_families(report),
        "family_groups": groups,
        "ring": marks.RING,
        "speaker_marks": tuple(marks.marks(report).values()),
        "tagged": tags.how_tagged(report),
        "accuracies": accuracy.accuracies(report),
        "hidden_tactics": accuracy.hidden(report),
        "issue_rows": ledger.issue_rows(report),
        "turns": transcript.turns(report),
        "labels": transcript.labels_of(report),
        "definitions": figures.definitions(report),
        "talk": sections.talk_section(
            report, wide=config.timeline_width_px, narrow=config.timeline_phone_width_px
        ),
        "questions": sections.questions_section(report),
        "tactics": sections.tactics_section(report, groups=groups),
        "ledger": sections.ledger_section(report),
        "balance": sections.balance_section(report),
    }


def _facts(report: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What is known of the recording, for the head of the page."""
    recording = report["recording"]
    if not wording.is_heard(report):
        return (
            ("Made from", f"a transcript (.{recording['codec']})"),
            ("Turns", str(len(report["turns"]))),
            ("Language", wording.language_name(recording["language"])),
            ("Speakers", str(len(report["speakers"]))),
            ("Date of the call", "not known"),
        )
    channels = {1: "mono", 2: "stereo"}.get(
        recording["channels"], wording.counted(recording["channels"], "channel")
    )
    return (
        ("Duration", wording.clock(recording["duration_s"])),
        ("Language", wording.language_name(recording["language"])),
        ("Voices", str(len(report["speakers"]))),
        ("Date of the call", "not known"),
        ("Sound", f"{channels}, {recording['sample_rate_hz'] / 1000:g} kHz"),
    )


def _tactics_withheld(report: Mapping[str, Any]) -> str:
    """Why no tactics are shown, or nothing where they are."""
    language = report["recording"]["language"]
    if language in (ENGLISH, None) or report["tactics"]:
        return ""
    name = wording.language_name(language)
    return f"Withheld: tactics are recognised in English only, and this call is in {name}."


@cache
def _environment() -> jinja2.Environment:
    """Templates of the package, everything escaped, a misspelt name an error."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )


def _finalized(value: Any) -> Any:
    """Text without what no document may hold; markup and numbers as they are."""
    return wording.plain(value) if type(value) is str else value


def _source(name: str) -> str:
    """A file of the templates as it stands."""
    loader, environment = jinja2.PackageLoader("pipeline", "templates"), _environment()
    return loader.get_source(environment, name)[0]


def _csp_hash(text: str) -> str:
    """The source expression that lets exactly this inline text through the page's policy."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
