"""The speech map: channels that are speakers, tracks that the mapper looks at, and the names."""

from __future__ import annotations

from typing import Any, Literal

import frames
import numpy as np
import polars as pl
import pytest

from pipeline.errors import ConfigError, ContractError
from pipeline.models.diarization import Interval
from pipeline.models.speech_frames import FRAME_CENTRE_S, FRAME_STEP_S
from pipeline.records import SAMPLE_RATE_HZ, SPEECH, Samples, Track
from pipeline.stage import Progress
from pipeline.stages.diarize import DiarizeConfig, DiarizeModel, check, run, weights

FRAME_SAMPLES = 512


def speech_probability(samples: Samples) -> np.ndarray[Any, Any]:
    """0.95 in each frame of segmentation that is not silent."""
    times_s = np.arange(len(samples) / SAMPLE_RATE_HZ / FRAME_STEP_S) * FRAME_STEP_S
    at = ((times_s + FRAME_CENTRE_S) * SAMPLE_RATE_HZ).astype(int).clip(0, len(samples) - 1)
    return 0.95 * (samples[at] != 0)


class FakeMapper:
    """Answers with some intervals and keeps what it was asked."""

    def __init__(self, *intervals: tuple[int, int, int], confidence: float = 0.8) -> None:
        self.intervals = [
            Interval(start_ms=start, end_ms=end, voice=voice, confidence=confidence)
            for start, end, voice in intervals
        ]
        self.asked: list[tuple[tuple[int, ...], int | None, float]] = []

    def __call__(
        self, samples: Samples, *, speakers: int | None, step_s: float, progress: Progress
    ) -> list[Interval]:
        self.asked.append((samples.shape, speakers, step_s))
        progress(1.0)
        return self.intervals


def map_of(audio: Track, mapper: FakeMapper, config: DiarizeConfig | None = None) -> pl.DataFrame:
    """The speech map that the stage makes with fakes."""
    frame = run(
        audio=audio,
        config=config or DiarizeConfig(),
        model=DiarizeModel(speech_probability=speech_probability, mapper=mapper),
        progress=lambda _share: None,
    )
    check(frame)
    assert frame.schema == SPEECH
    return frame


def two_channels(*bursts: tuple[int, int, int]) -> Track:
    """A stereo call of 40 s in which (channel, first frame, last frame + 1) are loud."""
    samples = np.zeros((2, 40_000 * 16), dtype=np.int16)
    for channel, first, last in bursts:
        loud = slice(first * FRAME_SAMPLES, last * FRAME_SAMPLES)
        samples[channel, loud] = np.random.default_rng(7).choice([-8000, 8000], 640_000)[loud]
    return frames.track_of(samples)


class TestChannels:
    def test_channels_are_the_speakers(self) -> None:
        """Each channel's speech is one speaker's, on the track of the channel; nobody guesses."""
        mapper = FakeMapper()
        frame = map_of(two_channels((0, 100, 400), (1, 500, 800), (0, 900, 1100)), mapper)
        assert frame.select("speaker", "track").rows() == [("S1", 0), ("S2", 1), ("S1", 0)]
        assert mapper.asked == []

    def test_times_are_those_of_the_sound(self) -> None:
        """Frames 100 to 400 of 32 ms are 3.2 s to 12.8 s, within a tenth of a second."""
        frame = map_of(two_channels((0, 100, 400), (1, 500, 800)), FakeMapper())
        assert frame["start_ms"].to_list() == pytest.approx([3200, 16_000], abs=100)
        assert frame["end_ms"].to_list() == pytest.approx([12_800, 25_600], abs=100)

    def test_who_speaks_first_is_the_first_speaker(self) -> None:
        """Also on the second channel, whose number the track keeps."""
        frame = map_of(two_channels((1, 100, 400), (0, 500, 800)), FakeMapper())
        assert frame.select("speaker", "track").rows() == [("S1", 1), ("S2", 0)]

    def test_both_may_speak_at_once(self) -> None:
        """Overlapping speech is in the map twice."""
        frame = map_of(two_channels((0, 100, 400), (1, 300, 600)), FakeMapper())
        assert frame["end_ms"][0] > frame["start_ms"][1]
        assert frame["speaker"].to_list() == ["S1", "S2"]

    def test_silent_channels_have_no_speech(self) -> None:
        """An empty frame of the right schema."""
        assert map_of(two_channels(), FakeMapper()).height == 0


class TestOneTrack:
    @pytest.mark.parametrize(("speakers", "asked"), [(2, 2), (3, 3), ("auto", None)])
    def test_the_mapper_is_told_the_number(
        self, speakers: int | Literal["auto"], asked: int | None
    ) -> None:
        """Of speakers; auto is for it to find."""
        mapper = FakeMapper()
        map_of(frames.track(1000), mapper, DiarizeConfig(speakers=speakers))
        assert [(shape, count) for shape, count, _ in mapper.asked] == [((16_000,), asked)]

    @pytest.mark.parametrize(
        ("duration_s", "step_s"), [(10, 1.0), (60, 1.0), (180, 3.0), (300, 5.0), (600, 5.0)]
    )
    def test_the_step_is_bounded(self, duration_s: int, step_s: float) -> None:
        """A sixtieth of the duration, but 1 s at least and 5 s at most."""
        mapper = FakeMapper()
        config = DiarizeConfig(step_min_s=1.0, step_max_s=5.0, windows=60)
        map_of(frames.track(duration_s * 1000), mapper, config)
        assert [step for _, _, step in mapper.asked] == [pytest.approx(step_s)]

    def test_speakers_are_named_by_first_speech(self) -> None:
        """Whatever the mapper's numbers and order, S1 speaks first; all are on track 0."""
        mapper = FakeMapper((5000, 7000, 0), (1000, 3000, 4), (6000, 9000, 2), (8000, 9000, 4))
        frame = map_of(frames.track(10_000), mapper)
        assert frame.select("speaker", "start_ms", "end_ms", "track").rows() == [
            ("S1", 1000, 3000, 0),
            ("S2", 5000, 7000, 0),
            ("S3", 6000, 9000, 0),
            ("S1", 8000, 9000, 0),
        ]

    def test_confidence_is_at_most_one(self) -> None:
        """Sums of probabilities may be a little more."""
        frame = map_of(frames.track(1000), FakeMapper((0, 1000, 0), confidence=1.0000001))
        assert frame["confidence"].to_list() == [1.0]

    def test_no_speech_is_an_empty_map(self) -> None:
        """Of the right schema."""
        assert map_of(frames.track(1000), FakeMapper()).equals(pl.DataFrame(schema=SPEECH))

    def test_progress_comes_from_the_mapper(self) -> None:
        """It is handed through."""
        shares: list[float] = []
        run(
            audio=frames.track(1000),
            config=DiarizeConfig(),
            model=DiarizeModel(speech_probability=speech_probability, mapper=FakeMapper()),
            progress=shares.append,
        )
        assert shares == [1.0]


class TestConfig:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"speakers": 0}, "speakers"),
            ({"speakers": 9}, "speakers"),
            ({"step_min_s": 0.4}, "step_min_s"),
            ({"step_min_s": 4.0, "step_max_s": 3.0}, "step_max_s"),
            ({"step_max_s": 9.5}, "step_max_s"),
            ({"windows": 0}, "windows"),
        ],
    )
    def test_impossible_settings_are_refused(self, changes: dict[str, Any], message: str) -> None:
        """The message names the setting."""
        with pytest.raises(ConfigError, match=message):
            DiarizeConfig(**changes)

    def test_weights_depend_on_the_model(self) -> None:
        """community-1 brings its own embedding; channels need segmentation all the same."""
        assert weights(DiarizeConfig()) == ("segmentation-3.0", "campplus")
        assert weights(DiarizeConfig(model="community-1")) == (
            "segmentation-3.0",
            "pyannote/speaker-diarization-community-1",
        )


class TestCheck:
    MAP = frames.speech(("S1", 0, 1000), ("S2", 500, 2000))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (pl.col("start_ms").reverse(), "sorted"),
            (pl.col("start_ms").alias("end_ms"), "without length"),
            (pl.lit(1.1, dtype=pl.Float32).alias("confidence"), "confidence"),
        ],
    )
    def test_a_broken_map_is_refused(self, change: pl.Expr, message: str) -> None:
        """Each promise of the frame is looked at."""
        check(self.MAP)
        with pytest.raises(ContractError, match=message):
            check(self.MAP.with_columns(change))
