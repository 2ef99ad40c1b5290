"""Everything that was found about a call as one document: report.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.errors import ConfigError
from pipeline.quotes import quote_ms
from pipeline.records import Track, language_of, speakers_of
from pipeline.stage import Document, Stage
from pipeline.stages import report_names as names
from pipeline.stages.report_accuracy import (
    hidden_document,
    precision_document,
    shown_replies,
    shown_tags,
)
from pipeline.stages.report_earlier import compared
from pipeline.stages.report_figures import (
    Figures,
    rounded,
    seconds,
    speaker_document,
    totals_document,
)
from pipeline.stages.report_offers import offers_document, outcomes_document
from pipeline.stages.report_preparation import preparation_document
from pipeline.stages.report_quality import quality_document
from pipeline.stages.report_questions import Call
from pipeline.stages.report_readings import profile_document, readings_document, users_of
from pipeline.tactics.codebook import Codebook
from pipeline.tactics.measured import PRECISION_BAR, Measured, below_bar
from pipeline.tactics.preparation import Matching, Preparation
from pipeline.tactics.profiles import GENERAL, NO_LAYER, NO_PROFILE, Culture, Profile, Role

SCHEMA_VERSION = "1.4.0"
"""1.1 added `corrections` and `voice_matches`, 1.2 the offer ledger, 1.3 `transcript` and what
tags are worth: precision, and what is hidden for it; 1.4 what feedback is made of: moments,
replies, effects, readings, intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFact:
    """Weights that a stage used; `sha256` is empty for weights that are not pinned."""

    stage: str
    name: str
    licence: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a metric means, in words, with a caution or an empty note."""

    metric: str
    definition: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportConfig:
    """What the report says beyond the stages' results.

    `names` are for the speakers in order of first speech; `me` is one of them, or a speaker's
    id such as S1. Tags of tactics `measured` below `precision_bar` are experimental, and shown
    with `all_tags` only. `profile` is a shipped one or a file, `role` that of `me`, `plan` the
    file of what one had prepared; `profile_text` and `plan_text` are what these files held. The
    rest is filled in by the plan of a recording.
    """

    names: tuple[str, ...] = ()
    me: str = ""
    all_tags: bool = False
    precision_bar: float = PRECISION_BAR
    profile: str = GENERAL
    culture: Culture = "none"
    role: Role = "none"
    plan: str = ""
    profile_text: str = ""
    plan_text: str = ""
    reading: Profile = NO_PROFILE
    preparation: Preparation | None = None
    matching: Matching = Matching()  # noqa: RUF009 - frozen
    recording_name: str = ""
    digest: str = ""
    models: tuple[ModelFact, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    definitions: tuple[Definition, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    codebook: Codebook = Codebook(version=0, tactics=())  # noqa: RUF009 - frozen
    measured: tuple[Measured, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.precision_bar <= 1:
            raise ConfigError(f"report.precision_bar is {self.precision_bar}; give a share, 0 to 1")
        if not all(self.names):
            raise ConfigError('a name is empty; write names as in --names "Ana,Ben"')
        if not self.me and self.role != NO_LAYER:
            raise ConfigError(f"--role {self.role} is that of one speaker; say who, with --me")
        if not self.me and self.plan:
            raise ConfigError(f"--plan {self.plan} is that of one speaker; say whose, with --me")
        if self.me and self.names.count(self.me) > 1:
            raise ConfigError(f"--me {self.me}: two speakers have that name; use an id such as S1")
        if self.me and self.names and self.me not in self.names and not _is_speaker_id(self.me):
            known = ", ".join(self.names)
            raise ConfigError(f"--me {self.me} is not among the names ({known})")

    def check_me(self, names: Sequence[str]) -> None:
        """`me` is an id, or one of the names that are known. Raises ConfigError."""
        if self.me and not names and not _is_speaker_id(self.me):
            raise ConfigError(f"--me {self.me} needs --names, to know which voice that is")
        if self.me and self.me not in names and not _is_speaker_id(self.me):
            raise ConfigError(f"--me {self.me} is not among the names ({', '.join(names)})")


def _is_speaker_id(text: str) -> bool:
    return text[:1] == "S" and text[1:].isdigit()


def run(
    *,
    diarize: pl.DataFrame,
    transcribe: pl.DataFrame,
    turns: pl.DataFrame,
    tactics: pl.DataFrame,
    offers: pl.DataFrame,
    metrics: pl.DataFrame,
    replies: Mapping[str, Any],
    moments: Mapping[str, Any],
    config: ReportConfig,
    audio: Track | None = None,
    transcript: Mapping[str, Any] | None = None,
    labels: Mapping[str, Any] | None = None,
    voices: Mapping[str, Any] | None = None,
    earlier: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The report as plain data, valid under schemas/report.schema.json.

    `labels` says what people corrected (`names`, `merges`, `entries`, `ignored`), `voices` which
    speakers sound like somebody enrolled (`matches`), `earlier` holds figures of earlier `calls`;
    they are there only in plans that have them. There is either `audio` or a `transcript`. Raises
    ConfigError where nobody in a transcript is called `me`.
    """
    positional = config.names or (tuple(transcript["speakers"]) if transcript else ())
    if transcript:
        config.check_me(positional)
    figures = Figures(metrics)
    experimental = below_bar(config.measured, bar=config.precision_bar)
    shown = shown_tags(tactics, experimental=experimental, all_tags=config.all_tags)
    named = names.named(
        speakers_of(speech=diarize, turns=turns),
        positional=positional,
        me=config.me,
        labels=labels,
        voices=voices,
    )
    history, unknown = compared(earlier, named) if earlier else (None, [])
    return {
        "schema_version": SCHEMA_VERSION,
        "recording": _recording(audio, transcript, transcribe, config),
        "speakers": [speaker_document(one, figures=figures) for one in named],
        "totals": totals_document(figures),
        "turns": [_turn(row) for row in turns.iter_rows(named=True)],
        "speech": [
            {"speaker": who, "start_s": start / 1000, "end_s": end / 1000}
            for start, end, who in diarize.select("start_ms", "end_ms", "speaker").iter_rows()
        ],
        "tactics": [
            {**tag, "experimental": tag["tactic"] in experimental}
            for tag in _tags(shown, turns, transcribe, config.codebook)
        ],
        "offers": offers_document(offers, turns, config.codebook),
        "outcomes": outcomes_document(offers, config.codebook),
        "moments": _moments(moments, named),
        **shown_replies(replies, experimental=experimental, all_tags=config.all_tags),
        "profile": profile_document(config.reading, culture=config.culture, role=config.role),
        "readings": readings_document(
            config.reading,
            figures=figures,
            speaker=_main(named),
            tactics=users_of(shown, turns),
        ),
        "quality": quality_document(
            figures,
            audio=audio,
            transcript=transcript,
            words=transcribe,
            speakers=len(named),
            names_given=len(config.names),
            reasons=dict(config.reasons),
            ignored=labels["ignored"] if labels else 0,
            further=unknown,
        ),
        "definitions": [
            {"metric": d.metric, "definition": d.definition, "note": d.note}
            for d in config.definitions
        ],
        "codebook": [
            {
                **entry,
                **precision_document(entry["tactic"], config.measured),
                "experimental": entry["tactic"] in experimental,
            }
            for entry in _codebook(shown, config.codebook, names=dict(config.sources))
        ],
        "hidden_tactics": hidden_document(tactics, shown, config.codebook, config.measured),
        "models": [
            {
                "stage": fact.stage,
                "name": fact.name,
                "licence": fact.licence,
                "sha256": fact.sha256 or None,
            }
            for fact in config.models
        ],
        "versions": dict(config.versions),
        **preparation_document(
            config.preparation,
            matching=config.matching,
            role=config.role,
            codebook=config.codebook,
            call=Call(
                speaker=_main(named),
                turns=turns.rows(named=True),
                tactics=tactics,
                offers=offers.rows(named=True),
                language=language_of(transcribe),
            ),
        ),
        **({"transcript": _transcript(transcript)} if transcript else {}),
        **({"earlier": history} if history else {}),
        **({"corrections": list(labels["entries"])} if labels else {}),
        **({"voice_matches": names.voice_matches(named, voices)} if voices else {}),
    }


def _main(named: Sequence[names.Named]) -> str | None:
    """The id of whom the report is for."""
    main = names.main_of(named)
    return main.id if main else None


def _moments(moments: Mapping[str, Any], named: Sequence[names.Named]) -> list[dict[str, Any]]:
    """The moments of whom the report is for."""
    main = _main(named)
    return [moment for moment in moments["moments"] if moment["speaker"] == main]


def _recording(
    audio: Track | None,
    transcript: Mapping[str, Any] | None,
    words: pl.DataFrame,
    config: ReportConfig,
) -> dict[str, Any]:
    return {
        "name": config.recording_name,
        "digest": config.digest,
        "duration_s": audio.duration_ms / 1000 if audio else None,
        "channels": audio.channels if audio else None,
        "sample_rate_hz": audio.sample_rate_hz if audio else None,
        "container": audio.container if audio else "text",
        "codec": audio.codec if audio else str(transcript["format"]) if transcript else "",
        "language": language_of(words),
    }


def _transcript(transcript: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be known of a transcript beside its turns."""
    return {
        "format": transcript["format"],
        "timed": transcript["timed"],
        "unread_line_count": transcript["unread_count"],
        "unread_lines": list(transcript["unread"]),
    }


def _turn(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "index": row["turn"],
        "speaker": row["speaker"],
        "start_s": seconds(row["start_ms"]),
        "end_s": seconds(row["end_ms"]),
        "overlap_s": seconds(row["overlap_ms"]),
        "kind": row["kind"],
        "text": row["text"],
    }


def _tags(
    tactics: pl.DataFrame, turns: pl.DataFrame, words: pl.DataFrame, codebook: Codebook
) -> list[dict[str, Any]]:
    """Every tag with its quote, and the times of the words that the quote covers.

    Of words without times, it is the turn's.
    """
    by_turn = {row["turn"]: row for row in turns.iter_rows(named=True)}
    times = words.select("start_ms", "end_ms", "text").rows()
    tags = []
    for tag in tactics.iter_rows(named=True):
        turn = by_turn[tag["turn"]]
        start_ms, end_ms = quote_ms(
            turn, times, start_char=tag["start_char"], end_char=tag["end_char"]
        )
        tags.append(
            {
                "turn": tag["turn"],
                "speaker": turn["speaker"],
                "tactic": tag["tactic"],
                "family": codebook[tag["tactic"]].family,
                "score": rounded(tag["score"]),
                "quote": turn["text"][tag["start_char"] : tag["end_char"]],
                "start_char": tag["start_char"],
                "end_char": tag["end_char"],
                "start_s": seconds(start_ms),
                "end_s": seconds(end_ms),
                "method": tag["method"],
            }
        )
    return tags


def _codebook(
    tactics: pl.DataFrame, codebook: Codebook, *, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The tactics that were found; letters of sources as the works they stand for."""
    used = set(tactics["tactic"])
    return [
        {
            "tactic": tactic.id,
            "family": tactic.family,
            "name": tactic.name,
            "definition": tactic.definition,
            "sources": [names.get(letter, letter) for letter in tactic.sources],
        }
        for tactic in codebook.tactics
        if tactic.id in used
    ]


STAGE = Stage(
    name="report",
    version=8,
    inputs=(
        "audio",
        "diarize",
        "transcribe",
        "turns",
        "tactics",
        "offers",
        "metrics",
        "replies",
        "moments",
    ),
    output=Document(),
    config=ReportConfig,
    run=run,
)
