"""The recogniser around faster-whisper: memory that runs out, and words put together."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ModelError
from pipeline.models.recognizer import Decoded, Heard, Recognizer

OUT_OF_MEMORY = "CUDA failed with error out of memory"


@dataclass
class FakeWhisper:
    """Stands for a loaded model; a batch over `fits` is too large for its memory."""

    kind: str
    fits: int = 100
    error: str = OUT_OF_MEMORY
    segments: list[Any] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    clips: list[int] = field(default_factory=list)
    asked: dict[str, Any] = field(default_factory=dict)
    multilingual: bool = True
    reads: bool = False

    @property
    def model(self) -> SimpleNamespace:
        return SimpleNamespace(is_multilingual=self.multilingual)

    def check_memory(self, batch_size: int) -> None:
        if batch_size > self.fits:
            raise RuntimeError(self.error)

    def detect_language(self, _chunk: Any) -> tuple[str, float, list[Any]]:
        return "de", np.float32(0.75), []

    def transcribe(self, chunk: Any, **asked: Any) -> tuple[Any, None]:
        self.asked = asked
        self.check_memory(1)
        return iter(self.segments or self.reading(chunk, [{"start": 0.0}])), None

    def reading(self, audio: Any, clips: Any) -> list[Any]:
        """Where `reads` is set, a word a chunk: the first sample in hundredths."""
        return [
            segment(
                round(clip["start"] * 100),
                (f" {audio[round(clip['start'] * 16_000)] * 100:.0f}", clip["start"], 0.0, 0.9),
            )
            for clip in (clips if self.reads else ())
        ]


class FakeBatched:
    """faster-whisper's batched pipeline: its errors come while the segments are read."""

    def __init__(self, whisper: FakeWhisper) -> None:
        self.whisper = whisper
        self.calls = 0

    def transcribe(self, audio: Any, *, batch_size: int, **asked: Any) -> tuple[Any, None]:
        self.calls += 1
        assert self.calls == 1, "the pipeline carries state from call to call"
        self.whisper.batches.append(batch_size)
        self.whisper.clips.append(len(asked["clip_timestamps"]))
        self.whisper.asked = asked
        heard = self.whisper.segments or self.whisper.reading(audio, asked["clip_timestamps"])

        def segments() -> Any:
            for number, segment in enumerate([*heard, None]):
                if number == 1 or segment is None:
                    self.whisper.check_memory(batch_size)
                if segment is not None:
                    yield segment

        return segments(), None


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the fake in the place of faster-whisper's pipeline."""
    import faster_whisper

    monkeypatch.setattr(faster_whisper, "BatchedInferencePipeline", FakeBatched)


def recognizer_of(
    *models: FakeWhisper, batch_size: int = 8, workers: int = 1
) -> tuple[Recognizer, list[Any]]:
    """A recogniser that opens these models in order, and the list of what it opens."""
    opened: list[tuple[str, str]] = []
    waiting = iter(models)

    def open_model(kind: str, compute_type: str) -> Any:
        opened.append((kind, compute_type))
        return next(waiting)

    device = SimpleNamespace(
        kind=models[0].kind, compute_type="float16" if models[0].kind == "cuda" else "int8"
    )
    recognizer = Recognizer(
        open_model=open_model, device=device, batch_size=batch_size, workers=workers
    )
    return recognizer, opened


def segment(seek: int, *words: tuple[str, float, float, float], **facts: float) -> SimpleNamespace:
    """A segment as faster-whisper gives it, its words of (text, start, end, probability)."""
    sure = {"avg_logprob": -0.2, "no_speech_prob": 0.1, "compression_ratio": 1.0}
    return SimpleNamespace(
        seek=seek,
        words=[
            SimpleNamespace(word=text, start=start, end=end, probability=probability)
            for text, start, end, probability in words
        ],
        **sure | facts,
    )


def seconds(*lengths: float) -> list[Any]:
    """Silent chunks of some lengths."""
    return [np.zeros(round(length * 16_000), dtype=np.float32) for length in lengths]


def decode(recognizer: Recognizer, *lengths: float) -> list[Decoded]:
    """What is heard in silent chunks."""
    return recognizer.decode(seconds(*lengths), language="en", beam_size=1)


class TestMemory:
    def test_the_batch_is_halved_until_it_fits(self, caplog: pytest.LogCaptureFixture) -> None:
        """8, then 4, then 2, each with a notice; it stays at 2 afterwards."""
        gpu = FakeWhisper("cuda", fits=3)
        recognizer, opened = recognizer_of(gpu)
        with caplog.at_level(logging.WARNING, logger="parley"):
            decode(recognizer, 1.0)
            decode(recognizer, 1.0)
        assert gpu.batches == [8, 4, 2, 2]
        assert recognizer.round_size == 2
        assert opened == [("cuda", "float16")]
        notices = [record.getMessage() for record in caplog.records]
        assert ["batches of 4" in notices[0], "batches of 2" in notices[1]] == [True, True]
        assert len(notices) == 2

    def test_the_cpu_takes_over_where_one_chunk_does_not_fit(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The model is opened once more, on the CPU as int8, and goes on from there."""
        gpu, cpu = FakeWhisper("cuda", fits=0), FakeWhisper("cpu")
        recognizer, opened = recognizer_of(gpu, cpu, batch_size=2)
        with caplog.at_level(logging.WARNING, logger="parley"):
            decode(recognizer, 1.0)
        assert gpu.batches == [2, 1]
        assert cpu.batches == [1]
        assert opened == [("cuda", "float16"), ("cpu", "int8")]
        assert "CPU" in caplog.records[-1].getMessage()

    def test_what_was_heard_before_memory_ran_out_is_not_heard_twice(self) -> None:
        """It runs out after the first segment; the chunks are read again from the first."""
        gpu = FakeWhisper(
            "cuda",
            fits=1,
            segments=[segment(0, (" one", 0.0, 0.5, 0.9)), segment(100, (" two", 1.0, 1.5, 0.9))],
        )
        recognizer, _ = recognizer_of(gpu, batch_size=2)
        heard = decode(recognizer, 1.0, 1.0)
        assert gpu.batches == [2, 1]
        assert [[word.text for word in chunk.words] for chunk in heard] == [["one"], ["two"]]

    @pytest.mark.parametrize(
        ("kind", "error"), [("cpu", OUT_OF_MEMORY), ("cuda", "CUBLAS_STATUS_NOT_SUPPORTED")]
    )
    def test_any_other_failure_is_a_model_error(self, kind: str, error: str) -> None:
        """Also memory of the CPU, which there is no smaller place for."""
        recognizer, opened = recognizer_of(FakeWhisper(kind, fits=0, error=error))
        with pytest.raises(ModelError, match=error):
            decode(recognizer, 1.0)
        assert len(opened) == 1

    def test_a_careful_reading_moves_to_the_cpu_too(self) -> None:
        """One chunk that does not fit on the GPU is read on the CPU."""
        gpu = FakeWhisper("cuda", fits=0)
        cpu = FakeWhisper("cpu", segments=[segment(0, (" one", 0.0, 0.5, 0.9))])
        recognizer, _ = recognizer_of(gpu, cpu, batch_size=1)
        (heard,) = recognizer.decode_carefully(seconds(1.0), language="en")
        assert [word.text for word in heard.words] == ["one"]

    def test_a_failing_careful_reading_is_a_model_error(self) -> None:
        """As the failing first reading is."""
        recognizer, _ = recognizer_of(FakeWhisper("cpu", fits=0, error="engine broke"))
        with pytest.raises(ModelError, match="engine broke"):
            recognizer.decode_carefully(seconds(1.0), language="en")


def numbered(count: int) -> list[Any]:
    """Chunks of 1 s and more, no two of a length, each full of its number in hundredths."""
    return [
        np.full(16_000 + 800 * number, number / 100, dtype=np.float32) for number in range(count)
    ]


def texts(decoded: list[Decoded]) -> list[list[str]]:
    """The words of each chunk."""
    return [[word.text for word in chunk.words] for chunk in decoded]


class TestWorkers:
    @settings(max_examples=40, deadline=None)
    @given(count=st.integers(1, 13), workers=st.integers(1, 5))
    def test_results_are_in_the_order_of_the_chunks(self, count: int, workers: int) -> None:
        """However chunks are shared out, evenly or not: one call of the engine a worker."""
        cpu = FakeWhisper("cpu", reads=True)
        recognizer, _ = recognizer_of(cpu, workers=workers)
        heard = recognizer.decode(numbered(count), language="en", beam_size=1)
        assert texts(heard) == [[str(number)] for number in range(count)]
        assert all(word.start_s < 0.03 for chunk in heard for word in chunk.words)
        assert len(cpu.clips) == min(count, workers)
        assert sum(cpu.clips) == count
        assert max(cpu.clips) - min(cpu.clips) <= 1

    def test_no_chunks_no_calls(self) -> None:
        """Nothing to decode is not an error, first reading or second."""
        cpu = FakeWhisper("cpu")
        recognizer, _ = recognizer_of(cpu, workers=3)
        assert recognizer.decode([], language="en", beam_size=1) == []
        assert recognizer.decode_carefully([], language="en") == []
        assert cpu.batches == []

    def test_a_round_gives_each_worker_a_batch(self) -> None:
        """3 workers with 8 chunks each."""
        recognizer, _ = recognizer_of(FakeWhisper("cpu"), workers=3)
        assert recognizer.round_size == 24

    def test_a_gpu_has_one_worker(self) -> None:
        """Its memory is halved chunk by chunk as if there were no others, in one call each."""
        gpu = FakeWhisper("cuda", fits=3, reads=True)
        recognizer, _ = recognizer_of(gpu, workers=3)
        assert recognizer.round_size == 8
        heard = recognizer.decode(numbered(5), language="en", beam_size=1)
        assert texts(heard) == [["0"], ["1"], ["2"], ["3"], ["4"]]
        assert gpu.batches == [8, 4, 2]
        assert gpu.clips == [5, 5, 5]
        assert recognizer.round_size == 2

    def test_the_cpu_that_takes_over_has_all_its_workers(self) -> None:
        """The chunks are shared out anew, and nothing changes its place."""
        gpu, cpu = FakeWhisper("cuda", fits=0), FakeWhisper("cpu", reads=True)
        recognizer, _ = recognizer_of(gpu, cpu, batch_size=1, workers=2)
        heard = recognizer.decode(numbered(5), language="en", beam_size=1)
        assert texts(heard) == [["0"], ["1"], ["2"], ["3"], ["4"]]
        assert sorted(cpu.clips) == [2, 3]
        assert recognizer.round_size == 2

    @pytest.mark.parametrize("workers", [1, 3])
    def test_careful_readings_are_in_order(self, workers: int) -> None:
        """As many side by side as there are workers."""
        recognizer, _ = recognizer_of(FakeWhisper("cpu", reads=True), workers=workers)
        heard = recognizer.decode_carefully(numbered(7), language="en")
        assert texts(heard) == [[str(number)] for number in range(7)]

    def test_a_failing_worker_is_a_model_error(self) -> None:
        """Also when others have finished their shares."""
        recognizer, _ = recognizer_of(FakeWhisper("cpu", fits=0, error="engine broke"), workers=3)
        with pytest.raises(ModelError, match="engine broke"):
            recognizer.decode(numbered(5), language="en", beam_size=1)


class TestWords:
    def test_words_go_to_their_chunks(self) -> None:
        """Chunks of 1 s, 2.005 s and 1 s: what begins at 3.005 s is the third's, from its start."""
        whisper = FakeWhisper(
            "cpu",
            segments=[
                segment(0, (" a", 0.2, 0.4, 0.9)),
                segment(100, (" b", 1.5, 2.0, 0.8), (" c", 2.0, 2.5, 0.7)),
                segment(300, (" d", 3.105, 3.505, 0.6)),
            ],
        )
        recognizer, _ = recognizer_of(whisper)
        chunks = decode(recognizer, 1.0, 2.005, 1.0)
        assert [[(w.text, w.probability) for w in chunk.words] for chunk in chunks] == [
            [("a", 0.9)],
            [("b", 0.8), ("c", 0.7)],
            [("d", 0.6)],
        ]
        assert [(w.start_s, w.end_s) for w in chunks[1].words] == [
            pytest.approx((0.5, 1.0)),
            pytest.approx((1.0, 1.5)),
        ]
        assert (chunks[2].words[0].start_s, chunks[2].words[0].end_s) == pytest.approx((0.1, 0.5))

    def test_the_engine_is_told_where_the_chunks_are(self) -> None:
        """One after the other, in seconds, and no voice detection of its own."""
        whisper = FakeWhisper("cpu")
        recognizer, _ = recognizer_of(whisper)
        decode(recognizer, 1.0, 2.5)
        assert whisper.asked["clip_timestamps"] == [
            {"start": 0.0, "end": 1.0},
            {"start": 1.0, "end": 3.5},
        ]
        assert whisper.asked["vad_filter"] is False
        assert whisper.asked["word_timestamps"] is True

    def test_a_chunk_without_segments_is_empty(self) -> None:
        """It keeps its place among the others."""
        whisper = FakeWhisper("cpu", segments=[segment(100, (" b", 1.5, 2.0, 0.8))])
        recognizer, _ = recognizer_of(whisper)
        first, second = decode(recognizer, 1.0, 1.0)
        assert first.words == ()
        assert [word.text for word in second.words] == ["b"]

    def test_parts_without_a_blank_are_one_word(self) -> None:
        """From the start of the first to the end of the last, as sure as the least sure."""
        whisper = FakeWhisper(
            "cpu",
            segments=[
                segment(
                    0, (" high", 0.0, 0.5, 0.9), ("-end", 0.5, 0.8, 0.4), (" pay", 1.0, 1.4, 0.8)
                )
            ],
        )
        recognizer, _ = recognizer_of(whisper)
        (heard,) = decode(recognizer, 2.0)
        assert heard.words == (
            Heard(text="high-end", start_s=0.0, end_s=0.8, probability=0.4),
            Heard(text="pay", start_s=1.0, end_s=1.4, probability=0.8),
        )

    def test_words_without_text_are_left_out(self) -> None:
        """The engine sometimes gives blanks times of their own."""
        whisper = FakeWhisper(
            "cpu", segments=[segment(0, (" ", 0.0, 0.1, 0.9), (" pay", 0.1, 0.5, 0.8))]
        )
        recognizer, _ = recognizer_of(whisper)
        assert [word.text for word in decode(recognizer, 1.0)[0].words] == ["pay"]

    def test_a_chunk_of_two_segments_is_judged_as_a_whole(self) -> None:
        """Log-probabilities are averaged, of the compression ratios the worse one counts."""
        whisper = FakeWhisper(
            "cpu",
            segments=[
                segment(0, (" a", 0.0, 0.5, 0.9), avg_logprob=-0.2, compression_ratio=1.0),
                segment(0, (" b", 0.5, 0.9, 0.9), avg_logprob=-0.6, compression_ratio=3.0),
            ],
        )
        recognizer, _ = recognizer_of(whisper)
        (heard,) = decode(recognizer, 1.0)
        assert [word.text for word in heard.words] == ["a", "b"]
        assert heard.mean_log_probability == pytest.approx(-0.4)
        assert heard.compression_ratio == 3.0

    def test_a_careful_reading_searches_and_falls_back(self) -> None:
        """A wider beam, several temperatures, and no text carried over."""
        whisper = FakeWhisper("cpu", segments=[segment(0, (" a", 0.2, 0.4, 0.9))])
        recognizer, _ = recognizer_of(whisper)
        (heard,) = recognizer.decode_carefully(seconds(1.0), language="de")
        assert [word.text for word in heard.words] == ["a"]
        assert whisper.asked["language"] == "de"
        assert whisper.asked["beam_size"] > 1
        assert len(whisper.asked["temperature"]) > 1
        assert whisper.asked["condition_on_previous_text"] is False


class TestLanguage:
    def test_the_language_is_the_models(self) -> None:
        """With its probability as a plain number."""
        recognizer, _ = recognizer_of(FakeWhisper("cpu"))
        assert recognizer.language_of(seconds(1.0)[0]) == ("de", 0.75)

    def test_an_english_model_hears_english(self) -> None:
        """It cannot be asked."""
        recognizer, _ = recognizer_of(FakeWhisper("cpu", multilingual=False))
        assert recognizer.language_of(seconds(1.0)[0]) == ("en", 1.0)
