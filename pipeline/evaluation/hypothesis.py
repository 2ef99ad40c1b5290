"""What was found in a recording: our artefacts or report, or another tool's files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from pipeline.errors import InputError
from pipeline.evaluation import formats
from pipeline.evaluation.derived import (
    Definitions,
    Figure,
    Figures,
    call_figures,
    derive,
    turn_intervals,
)
from pipeline.evaluation.documents import Node, parse_json, read_text
from pipeline.evaluation.spoken import Interval, Said, in_order, last_ms, speakers_of, spread
from pipeline.records import TURN

_MS_PER_S = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """A result to score: words with speakers, the speech map, turns and figures of a call."""

    duration_ms: int
    words: tuple[Said, ...]
    speech: tuple[Interval, ...]
    turns: tuple[Interval, ...]
    figures: Figures

    @property
    def speakers(self) -> tuple[str, ...]:
        """Everybody who was found."""
        return speakers_of((*self.speech, *self.words))


def from_artefacts(
    *, speech: pl.DataFrame, words: pl.DataFrame, turns: pl.DataFrame, metrics: pl.DataFrame
) -> Hypothesis:
    """The result of our own stages: frames SPEECH, WORDS, TURNS and METRICS."""
    figures = call_figures(metrics)
    speaker_of = {
        word: who for who, ids in turns.select("speaker", "words").iter_rows() for word in ids
    }
    return Hypothesis(
        duration_ms=_duration_ms(figures),
        words=tuple(
            Said(speaker=speaker_of[word], start_ms=start_ms, end_ms=end_ms, text=text, track=track)
            for word, start_ms, end_ms, text, track in words.select(
                "word", "start_ms", "end_ms", "text", "track"
            ).iter_rows()
            if word in speaker_of
        ),
        speech=tuple(
            Interval(speaker=who, start_ms=start_ms, end_ms=end_ms)
            for who, start_ms, end_ms in speech.select("speaker", "start_ms", "end_ms").iter_rows()
        ),
        turns=turn_intervals(turns),
        figures=figures,
    )


def _duration_ms(figures: Figures) -> int:
    """Speech and silence make up the call; neither is ever withheld."""
    return round(_MS_PER_S * (figures[None, "speech_s"].value + figures[None, "silence_s"].value))


def read_hypothesis(folder: Path, *, recording: str, definitions: Definitions) -> Hypothesis:
    """A ready-made result: <id>.json as our report.json, or <id>.seglst.json and <id>.rttm.

    Without the RTTM the segments are the speech map. Raises InputError.
    """
    report, segments = folder / f"{recording}.json", folder / f"{recording}.seglst.json"
    if report.exists():
        return _from_report(parse_json(read_text(report), where=str(report)))
    if not segments.exists():
        raise InputError(f"{report}: there is no such file, nor {segments.name} beside it")
    words = formats.read_seglst(segments, recording=recording)
    rttm = folder / f"{recording}.rttm"
    speech = formats.read_rttm(rttm, recording=recording) if rttm.exists() else _as_speech(words)
    return _from_words(words, speech, definitions=definitions)


def _as_speech(words: list[Said]) -> list[Interval]:
    return [
        Interval(speaker=word.speaker, start_ms=word.start_ms, end_ms=word.end_ms)
        for word in words
        if word.start_ms < word.end_ms
    ]


def _from_words(
    words: list[Said], speech: list[Interval], *, definitions: Definitions
) -> Hypothesis:
    """Another tool's result, its figures by our definitions and without intervals of its own."""
    duration_ms = last_ms(words, speech)
    derived = derive(words=words, speech=speech, duration_ms=duration_ms, definitions=definitions)
    return Hypothesis(
        duration_ms=duration_ms,
        words=tuple(words),
        speech=tuple(speech),
        turns=derived.turns,
        figures={
            key: replace(figure, low=None, high=None) for key, figure in derived.figures.items()
        },
    )


def _from_report(report: Node) -> Hypothesis:
    """Our report.json; it has no times of words, so they are spread over their turn."""
    turns = [(row.get("kind").text(), _turn(row)) for row in report.get("turns").items()]
    return Hypothesis(
        duration_ms=report.get("recording").get("duration_s").ms(),
        words=tuple(in_order(word for _, turn in turns for word in _spread(turn))),
        speech=tuple(_interval(row) for row in report.get("speech").items()),
        turns=tuple(
            Interval(speaker=turn.speaker, start_ms=turn.start_ms, end_ms=turn.end_ms)
            for kind, turn in turns
            if kind == TURN
        ),
        figures=dict(_report_figures(report)),
    )


def _turn(row: Node) -> Said:
    start_ms, end_ms = row.span_ms()
    speaker, text = row.get("speaker").name(), row.get("text").text()
    return Said(speaker=speaker, start_ms=start_ms, end_ms=end_ms, text=text)


def _spread(turn: Said) -> list[Said]:
    return spread(turn.text, speaker=turn.speaker, start_ms=turn.start_ms, end_ms=turn.end_ms)


def _interval(row: Node) -> Interval:
    start_ms, end_ms = row.span_ms()
    return Interval(speaker=row.get("speaker").name(), start_ms=start_ms, end_ms=end_ms)


def _report_figures(report: Node) -> Iterator[tuple[tuple[str | None, str], Figure]]:
    for speaker in report.get("speakers").items():
        for metric, value in _plain(speaker):
            low, high = _interval_of(speaker) if metric == "talk_ratio" else (None, None)
            yield (speaker.get("id").name(), metric), Figure(value=value, low=low, high=high)
    for part in ("totals", "quality"):
        for metric, value in _plain(report.get(part)):
            yield (None, metric), Figure(value=value)


def _plain(table: Node) -> Iterator[tuple[str, float]]:
    """The members of an object that are numbers."""
    for name, member in table.members():
        if isinstance(member.value, int | float) and not isinstance(member.value, bool):
            yield name, member.number()


def _interval_of(speaker: Node) -> tuple[float | None, float | None]:
    if "talk_ratio_interval" not in speaker:
        return None, None
    edges = [edge.number() for edge in speaker.get("talk_ratio_interval").items()]
    if len(edges) != 2:
        raise speaker.get("talk_ratio_interval").wrong("a pair of numbers")
    return edges[0], edges[1]
