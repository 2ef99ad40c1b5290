"""Who speaks when: the speech map of a recording.

Two voices on two channels need no guessing: each channel's speech is its speaker's. One track
goes through the diarizer. The map comes before recognition, because it also decides where the
audio is cut for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import polars as pl

from pipeline.errors import ConfigError, ContractError
from pipeline.models.channels import SpeechProbability, channel_speech
from pipeline.models.community import Community, load_community
from pipeline.models.diarization import Diarizer, Interval, load_diarizer
from pipeline.models.segmenter import load_segmenter
from pipeline.records import SAMPLE_RATE_HZ, SPEECH, Samples, Track
from pipeline.stage import Frame, Locate, Place, Progress, Stage

SEGMENTATION = "segmentation-3.0"
COMMUNITY = "community-1"
_COMMUNITY_WEIGHTS = "pyannote/speaker-diarization-community-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiarizeConfig:
    """`speakers` is how many people talk, or "auto" to find the number.

    `step_min_s` and `step_max_s` bound how far apart the diarizer's windows of 10 s start;
    between them the step is the duration over `windows`, so that a short recording, where each
    second counts, is looked at more often for the same work.
    """

    speakers: int | Literal["auto"] = 2
    model: str = SEGMENTATION
    embedding: str = "campplus"
    step_min_s: float = 1.0
    step_max_s: float = 5.0
    windows: int = 48

    def __post_init__(self) -> None:
        if self.speakers != "auto" and not 1 <= self.speakers <= 8:
            raise ConfigError("diarize.speakers must be 1 to 8, or auto")
        if not 0.5 <= self.step_min_s <= self.step_max_s <= 9.0:
            raise ConfigError("diarize: step_min_s to step_max_s must lie between 0.5 and 9 s")
        if self.windows < 1:
            raise ConfigError("diarize.windows must be at least 1")


class SpeechMapper(Protocol):
    """Finds the intervals of each voice on one track."""

    def __call__(
        self, samples: Samples, *, speakers: int | None, step_s: float, progress: Progress
    ) -> list[Interval]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DiarizeModel:
    """What the stage keeps between recordings: one for channels, one for a shared track."""

    speech_probability: SpeechProbability
    mapper: SpeechMapper


def weights(config: DiarizeConfig) -> tuple[str, ...]:
    """The weights that a config uses."""
    if config.model == COMMUNITY:
        return (SEGMENTATION, _COMMUNITY_WEIGHTS)
    return (config.model, config.embedding)


def load(*, config: DiarizeConfig, device: Place, locate: Locate) -> DiarizeModel:
    """Load the segmentation and the diarizer. Raises ModelError."""
    community = config.model == COMMUNITY
    segmenter = load_segmenter(
        locate(SEGMENTATION if community else config.model), device=device.kind
    )
    mapper: Community | Diarizer
    if community:
        mapper = load_community(locate(_COMMUNITY_WEIGHTS), device=device.kind)
    else:
        mapper = load_diarizer(
            segmenter=segmenter, embedding=locate(config.embedding), device=device.kind
        )
    return DiarizeModel(speech_probability=segmenter.speech_probability, mapper=mapper)


def run(
    *, audio: Track, config: DiarizeConfig, model: DiarizeModel, progress: Progress
) -> pl.DataFrame:
    """The speech map, schema SPEECH; speakers are S1, S2, ... by first speech."""
    if audio.samples.shape[0] > 1:
        intervals = _channel_intervals(audio.samples, model.speech_probability)
    else:
        intervals = model.mapper(
            audio.samples[0],
            speakers=None if config.speakers == "auto" else config.speakers,
            step_s=_step_s(audio, config),
            progress=progress,
        )
    return _speech(intervals, by_channel=audio.samples.shape[0] > 1)


def _step_s(audio: Track, config: DiarizeConfig) -> float:
    duration_s = float(audio.samples.shape[1]) / SAMPLE_RATE_HZ
    return min(config.step_max_s, max(config.step_min_s, duration_s / config.windows))


def _channel_intervals(samples: Samples, probability_of: SpeechProbability) -> list[Interval]:
    """The intervals of two channels; the voice is the number of the channel."""
    return [
        Interval(
            start_ms=stretch.start_ms,
            end_ms=stretch.end_ms,
            voice=channel,
            confidence=stretch.confidence,
        )
        for channel, stretches in enumerate(channel_speech(samples, probability_of))
        for stretch in stretches
    ]


def _speech(intervals: list[Interval], *, by_channel: bool) -> pl.DataFrame:
    """Intervals as a speech map, voices named by their first speech."""
    ordered = sorted(intervals, key=lambda interval: (interval.start_ms, interval.voice))
    names = {
        voice: f"S{number}"
        for number, voice in enumerate(dict.fromkeys(i.voice for i in ordered), start=1)
    }
    rows: list[dict[str, Any]] = [
        {
            "start_ms": interval.start_ms,
            "end_ms": interval.end_ms,
            "speaker": names[interval.voice],
            "confidence": min(1.0, interval.confidence),
            "track": interval.voice if by_channel else 0,
        }
        for interval in ordered
    ]
    return pl.DataFrame(rows, schema=SPEECH)


def check(speech: pl.DataFrame) -> None:
    """Sorted by start, no empty interval, confidence between 0 and 1. Raises ContractError."""
    if not speech["start_ms"].is_sorted():
        raise ContractError("the speech map is not sorted by start")
    if speech.filter(pl.col("start_ms") >= pl.col("end_ms")).height:
        raise ContractError("the speech map holds an interval without length")
    if speech.filter(~pl.col("confidence").is_between(0, 1)).height:
        raise ContractError("a confidence of the speech map lies outside 0 to 1")


STAGE = Stage(
    name="diarize",
    version=3,
    inputs=("audio",),
    output=Frame(schema=SPEECH, check=check),
    config=DiarizeConfig,
    run=run,
    load=load,
    weights=weights,
    gpus=0.5,
)
