"""From report.json's dict to the page's HTML."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2
import polars as pl
from markupsafe import Markup

from pipeline.records import ENGLISH
from pipeline.stages.page import (
    accuracy,
    figures,
    ledger,
    limits,
    marks,
    moments,
    naming,
    palette,
    player,
    preparation,
    sections,
    tags,
    timeline,
    top,
    transcript,
    wording,
)

_SCRIPTS, _PLAYING = ("report_keys.js", "report_text.js", "report.js"), ("report_player.js",)
"""The files of the page's script, joined in this order; the last one where it plays the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageConfig:
    """How the page is laid out and what it plays; none of it changes a figure.

    `audio`: the sound of the call is a file beside the page, within it, or left out.
    """

    timeline_width_px: int = 860
    timeline_phone_width_px: int = 348
    quotes_per_tactic: int = 2
    audio: player.Audio = "link"


def run(
    *,
    report: Mapping[str, Any],
    config: PageConfig,
    transcribe: pl.DataFrame | None = None,
    turns: pl.DataFrame | None = None,
    playback: bytes | None = None,
    with_transcript: bool = True,
    print_transcript: bool = False,
) -> str:
    """The report as one self-contained HTML page.

    `report` is what report.json holds (schemas/report.schema.json). With `transcribe` (WORDS) and
    `turns` (TURNS) it plays the call, from `playback` (an MP3) where `config.audio` is embed,
    else from the file beside it. Without the transcript it is shorter; a printer gets it with
    `print_transcript`, or where the reader ticks so. The same inputs give the same bytes.
    """
    sound = player.sound(report, audio=config.audio, words=transcribe, turns=turns, mp3=playback)
    environment = _environment()
    style = environment.get_template("report.css.jinja").render(
        light=palette.LIGHT,
        dark=palette.DARK,
        families=palette.FAMILIES,
        speaker_count=max(len(report["speakers"]), 1),
    )
    script = "".join(_source(name) for name in (*_SCRIPTS, *(_PLAYING if sound else ())))
    return environment.get_template("report.html.jinja").render(
        style=Markup(style),  # noqa: S704 -- our own stylesheet, filled from the palette only
        script=Markup(script),  # noqa: S704 -- our own file
        style_hash=_csp_hash(style),
        script_hash=_csp_hash(script),
        with_transcript=with_transcript,
        print_transcript=print_transcript,
        sound=sound,
        **_content(report, config=config),
    )


def _content(report: Mapping[str, Any], *, config: PageConfig) -> dict[str, Any]:
    """Everything the template shows, worded and in order."""
    everyone = wording.people(report)
    heard = wording.is_heard(report)
    shown = moments.moments(report)
    groups = tags.family_groups(report, quotes=config.quotes_per_tactic)
    return {
        "report": report,
        "title": wording.name_of(report["recording"]["name"]),
        "facts": facts(report),
        "people": everyone,
        "sources_of_names": naming.sources_of_names(report),
        "main": wording.main_person(everyone),
        "headlines": top.headlines(report),
        "moments": shown,
        "strongest": moments.strongest(shown),
        "to_try": moments.to_try(shown),
        "row_groups": figures.row_groups(report),
        "withheld": figures.withheld_groups(report),
        "heard": heard,
        "tactics_withheld": tactics_withheld(report),
        "families": timeline.used_families(report),
        "family_groups": groups,
        "ring": marks.RING,
        "speaker_marks": tuple(marks.marks(report).values()),
        "limits": limits.limits(report),
        "tagged": tags.how_tagged(report),
        "accuracies": accuracy.accuracies(report),
        "hidden_tactics": accuracy.hidden(report),
        "issue_rows": ledger.issue_rows(report),
        "preparation": preparation.preparation(report),
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


def facts(report: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
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


def tactics_withheld(report: Mapping[str, Any]) -> str:
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
