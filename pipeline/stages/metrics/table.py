"""All metrics of a call as one table, withheld where what they rest on is too thin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline import floor
from pipeline.records import BACKCHANNEL, METRICS, SPEECH, Track
from pipeline.sampling import median_interval, wilson
from pipeline.spans import length_ms
from pipeline.stages.metrics import timing, wording
from pipeline.stages.metrics.call import Call, Voice, call_of
from pipeline.stages.metrics.gates import (
    NO_CASES,
    MetricsConfig,
    heard_gates,
    read_gates,
)
from pipeline.stages.metrics.wordless import speech_without_words_ms

MS_PER_MINUTE = 60_000
THIRDS = ("first", "middle", "last")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of METRICS before it has a speaker."""

    metric: str
    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    scope: str = "call"


def run(
    *,
    audio: Track,
    diarize: pl.DataFrame,
    transcribe: pl.DataFrame,
    turns: pl.DataFrame,
    tactics: pl.DataFrame,
    config: MetricsConfig,
) -> pl.DataFrame:
    """All metrics, schema METRICS: each speaker's, then the call's (speaker null)."""
    call = call_of(
        duration_ms=audio.duration_ms,
        speech=diarize,
        turns=turns,
        tactics=tactics,
        families=dict(config.families),
    )
    wordless_ms = speech_without_words_ms(diarize, transcribe)
    shared = diarize.group_by("track").agg(pl.col("speaker").n_unique())["speaker"].gt(1).any()
    gates = heard_gates(call, transcribe, wordless_ms=wordless_ms, shared=shared, config=config)
    quality = [_row(figure, None, {}) for figure in _quality(transcribe, wordless_ms)]
    return pl.DataFrame([*_rows(call, gates, config=config), *quality], schema=METRICS)


def run_unheard(
    *,
    transcribe: pl.DataFrame,
    turns: pl.DataFrame,
    tactics: pl.DataFrame,
    config: MetricsConfig,
) -> pl.DataFrame:
    """All metrics of a transcript without audio, schema METRICS, those of time withheld."""
    call = call_of(
        duration_ms=0,
        speech=pl.DataFrame(schema=SPEECH),
        turns=turns,
        tactics=tactics,
        families=dict(config.families),
    )
    gates = read_gates(transcribe, config=config)
    quality = [_row(figure, None, gates) for figure in _quality(transcribe, 0)]
    return pl.DataFrame([*_rows(call, gates, config=config), *quality], schema=METRICS)


def _rows(call: Call, gates: Mapping[str, str], *, config: MetricsConfig) -> list[dict[str, Any]]:
    """Each speaker's figures, then the call's."""
    rows: list[dict[str, Any]] = []
    for voice in call.voices:
        figures = [
            *_talk(call, voice),
            *_floor(call, voice, config=config),
            *_words(call, voice),
            *_questions(call, voice),
            *_balance(call, voice),
        ]
        rows.extend(_row(figure, voice.name, gates) for figure in figures)
    rows.extend(_row(figure, None, gates) for figure in _totals(call))
    return rows


def _talk(call: Call, voice: Voice) -> Iterator[Figure]:
    total_ms = sum(other.talk_ms for other in call.voices)
    others = [other.spans for other in call.voices if other is not voice]
    low, high = timing.talk_ratio_interval(voice.spans, others)
    yield Figure(metric="talk_time_s", value=voice.talk_ms / 1000, unit="s")
    yield Figure(
        metric="talk_ratio",
        value=wording.share(voice.talk_ms, total_ms),
        low=low,
        high=high,
        unit="share",
    )


def _floor(call: Call, voice: Voice, *, config: MetricsConfig) -> Iterator[Figure]:
    latency_ms = timing.median_latency_ms(call.floor, speaker=voice.name)
    latencies_ms = timing.latencies_ms(call.floor, speaker=voice.name)
    low_ms, high_ms = median_interval(latencies_ms) or (None, None)
    longest_ms = max((t.length_ms for t in call.floor if t.speaker == voice.name), default=0)
    interrupting = floor.interruptions(
        call.floor,
        min_overlap_ms=config.interruption_overlap_ms,
        min_length_ms=config.interruption_length_ms,
    )
    interruptions = sum(turn.speaker == voice.name for turn in interrupting)
    backchannels = voice.turns.filter(pl.col("kind") == BACKCHANNEL).height
    yield Figure(metric="longest_monologue_s", value=longest_ms / 1000, unit="s")
    yield Figure(
        metric="median_response_latency_s",
        value=_seconds(latency_ms),
        low=_seconds(low_ms),
        high=_seconds(high_ms),
        unit="s",
    )
    yield Figure(metric="interruption_count", value=interruptions, unit="count")
    yield Figure(metric="backchannel_count", value=backchannels, unit="count")


def _seconds(time_ms: float | None) -> float | None:
    return None if time_ms is None else time_ms / 1000


def _words(call: Call, voice: Voice) -> Iterator[Figure]:
    total = sum(other.word_count for other in call.voices)
    fillers = wording.filler_count(voice.turns["text"])
    per_minute = wording.share(voice.word_count * MS_PER_MINUTE, voice.talk_ms)
    yield Figure(metric="word_count", value=voice.word_count, unit="count")
    yield Figure(metric="word_ratio", value=wording.share(voice.word_count, total), unit="share")
    yield Figure(metric="words_per_minute", value=per_minute, unit="per_minute")
    yield Figure(metric="filler_count", value=fillers, unit="count")


def _questions(call: Call, voice: Voice) -> Iterator[Figure]:
    opened = wording.tag_count(voice.tags, ("open_question",))
    closed = wording.tag_count(voice.tags, ("closed_question",))
    asking = wording.turns_with(voice.tags, wording.QUESTIONS)
    reflections = wording.tag_count(voice.tags, wording.REFLECTIONS)
    count = voice.question_count
    yield Figure(metric="turn_count", value=voice.own_turns.height, unit="count")
    yield Figure(metric="question_count", value=count, unit="count")
    yield Figure(metric="open_question_count", value=opened, unit="count")
    yield Figure(metric="closed_question_count", value=closed, unit="count")
    yield _share("question_ratio", asking, voice.own_turns.height)
    yield _share("open_question_share", opened, count)
    yield Figure(metric="questions_per_hour", value=call.per_hour(count), unit="per_hour")
    yield Figure(
        metric="reflection_to_question_ratio",
        value=wording.share(reflections, count),
        unit="ratio",
    )


def _share(metric: str, part: int, whole: int) -> Figure:
    """A share of what was counted, with the interval that counting so few leaves."""
    low, high = wilson(part, whole) if whole else (None, None)
    value = wording.share(part, whole)
    return Figure(metric=metric, value=value, low=low, high=high, unit="share")


def _balance(call: Call, voice: Voice) -> Iterator[Figure]:
    """Rates of the families and the share of empathy, over the call and by thirds of it."""
    numbers = voice.own_turns["turn"].to_list()
    yield from _rates(voice.tags, len(numbers), call.families, scope="call")
    empathy = wording.family_count(voice.tags, family="empathy", families=call.families)
    assertion = wording.family_count(voice.tags, family="assertion", families=call.families)
    yield _share("empathy_share", empathy, empathy + assertion)
    for third, scope in enumerate(THIRDS):
        inside = {turn for turn in numbers if call.thirds[turn] == third}
        tags = [tag for tag in voice.tags if tag[0] in inside]
        yield from _rates(tags, len(inside), call.families, scope=scope)


def _rates(
    tags: Sequence[tuple[int, str]], turns: int, families: Mapping[str, str], *, scope: str
) -> Iterator[Figure]:
    for metric, family in wording.FAMILIES.items():
        rate = wording.family_rate(tags, family=family, families=families, turns=turns)
        yield Figure(metric=metric, value=rate, unit="per_10_turns", scope=scope)


def _totals(call: Call) -> Iterator[Figure]:
    speech_ms = length_ms(call.spans)
    silence_ms = max(0, call.duration_ms - speech_ms)
    longest_ms = timing.longest_silence_ms(call.spans, duration_ms=call.duration_ms)
    overlap_ms = timing.overlap_ms([[span for span, _ in voice.spans] for voice in call.voices])
    asking = sum(wording.turns_with(voice.tags, wording.QUESTIONS) for voice in call.voices)
    switches = call.per_hour(len(floor.transfers(call.floor)))
    yield Figure(metric="speech_s", value=speech_ms / 1000, unit="s")
    yield Figure(metric="silence_s", value=silence_ms / 1000, unit="s")
    yield Figure(metric="longest_silence_s", value=longest_ms / 1000, unit="s")
    yield Figure(metric="overlap_s", value=overlap_ms / 1000, unit="s")
    yield Figure(metric="turn_count", value=len(call.floor), unit="count")
    yield Figure(metric="switches_per_hour", value=switches, unit="per_hour")
    ratio = wording.share(asking, len(call.floor))
    yield Figure(metric="question_ratio", value=ratio, unit="share")


def _quality(words: pl.DataFrame, wordless_ms: int) -> Iterator[Figure]:
    doubtful = words.filter(pl.col("doubt") != "").height
    probability = words["probability"].mean()
    yield Figure(metric="speech_without_words_s", value=wordless_ms / 1000, unit="s")
    yield Figure(metric="doubtful_word_count", value=doubtful, unit="count")
    yield Figure(
        metric="mean_word_probability",
        value=float(probability) if isinstance(probability, float) else None,
        unit="share",
    )


def _row(figure: Figure, speaker: str | None, gates: Mapping[str, str]) -> dict[str, Any]:
    reason = gates.get(figure.metric, "" if figure.value is not None else NO_CASES)
    shown = reason == ""
    return {
        "scope": figure.scope,
        "speaker": speaker,
        "metric": figure.metric,
        "value": float(figure.value) if shown and figure.value is not None else None,
        "low": figure.low if shown else None,
        "high": figure.high if shown else None,
        "unit": figure.unit,
        "withheld": reason,
    }
