"""Speech recognition with faster-whisper: chunks of audio in, words with times out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError
from pipeline.models import quiet_dependencies
from pipeline.models.device import usable_cores
from pipeline.models.memory import share_arenas
from pipeline.records import SAMPLE_RATE_HZ
from pipeline.stage import Place

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

Waveform = npt.NDArray[np.float32]
Given = TypeVar("Given")
Result = TypeVar("Result")

_CPU_COMPUTE_TYPE = "int8"
FALLBACK_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8)
MAX_TOKENS = 224
"""Whisper's own limit for a window (openai/whisper, DecodingOptions.sample_len). The engine's is
twice that, which a chunk in a loop fills while the whole batch waits for it."""
MAX_CPU_WORKERS = 4
"""More than this and a call of a few minutes has too few chunks to go round."""
_LOGGER = logging.getLogger("parley")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One recognised word; times are seconds from the start of its chunk."""

    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What was heard in one chunk, and how sure the model was of it as a whole.

    `mean_log_probability` is over tokens; `compression_ratio` is of the text, by zlib.
    """

    words: tuple[Heard, ...]
    mean_log_probability: float
    no_speech_probability: float
    compression_ratio: float


class Recognizer:
    """A Whisper model with its batch size, which shrinks when a GPU runs out of memory.

    On a CPU `workers` batches are decoded side by side, each on its share of the cores: the
    decoder's steps are too small to be shared out, so this is faster than one batch on all.
    """

    def __init__(
        self,
        *,
        open_model: Callable[[str, str], WhisperModel],
        device: Place,
        batch_size: int,
        workers: int = 1,
    ) -> None:
        self._open_model = open_model
        self._batch_size = batch_size
        self._cpu_workers = workers
        self._use(device.kind, device.compute_type)

    def _use(self, kind: str, compute_type: str) -> None:
        self._kind = kind
        self._model: WhisperModel = self._open_model(kind, compute_type)

    @property
    def _workers(self) -> int:
        return self._cpu_workers if self._kind == "cpu" else 1

    @property
    def round_size(self) -> int:
        """How many chunks keep the engine busy; more at once only take memory."""
        return self._batch_size * self._workers

    def language_of(self, chunk: Waveform) -> tuple[str, float]:
        """The language that the first 30 s of a chunk sound like, and its probability."""
        if not self._model.model.is_multilingual:
            return "en", 1.0
        language, probability, _ = self._where_it_fits(lambda: self._model.detect_language(chunk))
        return language, float(probability)

    def decode(self, chunks: Sequence[Waveform], *, language: str, beam_size: int) -> list[Decoded]:
        """Decode chunks of at most 30 s together, without fallback.

        On a GPU without enough memory the batch is halved, and at one chunk the CPU takes over.
        Raises ModelError for any other failure of the engine.
        """
        return self._where_it_fits(
            lambda: self._decode(chunks, language=language, beam_size=beam_size)
        )

    def _where_it_fits(self, work: Callable[[], Result]) -> Result:
        """Do some work of the engine, with less memory or on the CPU where it must be."""
        while True:
            try:
                return work()
            except RuntimeError as err:
                if "out of memory" not in str(err).lower() or self._kind == "cpu":
                    raise ModelError(f"speech recognition failed: {err}") from err
                self._shrink()

    def _shrink(self) -> None:
        if self._batch_size > 1:
            self._batch_size //= 2
            _LOGGER.warning("GPU memory is full: batches of %d from here on", self._batch_size)
        else:
            _LOGGER.warning("GPU memory is full: recognition goes on with the CPU")
            self._use("cpu", _CPU_COMPUTE_TYPE)

    def _decode(
        self, chunks: Sequence[Waveform], *, language: str, beam_size: int
    ) -> list[Decoded]:
        shares = [chunks[first :: self._workers] for first in range(self._workers)]
        heard = self._side_by_side(
            lambda share: self._decode_share(share, language=language, beam_size=beam_size),
            [share for share in shares if share],
        )
        return [heard[n % self._workers][n // self._workers] for n in range(len(chunks))]

    def _side_by_side(
        self, work: Callable[[Given], Result], items: Sequence[Given]
    ) -> list[Result]:
        """Do some work on each item, `workers` at a time, results in order."""
        with ThreadPoolExecutor(self._workers) as pool:
            return list(pool.map(work, items))

    def _decode_share(
        self, chunks: Sequence[Waveform], *, language: str, beam_size: int
    ) -> list[Decoded]:
        from faster_whisper import BatchedInferencePipeline

        ends = np.cumsum([len(chunk) for chunk in chunks])
        starts = ends - [len(chunk) for chunk in chunks]
        # the pipeline carries state from call to call, so each call has one of its own
        segments, _ = BatchedInferencePipeline(self._model).transcribe(
            np.concatenate(chunks),
            language=language,
            beam_size=beam_size,
            temperature=0.0,
            word_timestamps=True,
            without_timestamps=True,
            vad_filter=False,
            max_new_tokens=MAX_TOKENS,
            clip_timestamps=[
                {"start": start / SAMPLE_RATE_HZ, "end": end / SAMPLE_RATE_HZ}
                for start, end in zip(starts, ends, strict=True)
            ],
            batch_size=self._batch_size,
        )
        decoded = [_EMPTY] * len(chunks)
        for segment in segments:
            chunk = int(np.searchsorted(ends / SAMPLE_RATE_HZ, segment.seek / 100 + 0.015, "right"))
            offset_s = float(starts[chunk]) / SAMPLE_RATE_HZ
            decoded[chunk] = joined([decoded[chunk], _decoded([segment], offset_s=offset_s)])
        return decoded

    def decode_carefully(self, chunks: Sequence[Waveform], *, language: str) -> list[Decoded]:
        """Decode chunks with beam search, and hotter where the text repeats or is unsure.

        Memory and errors are as with `decode`.
        """
        return self._where_it_fits(
            lambda: self._side_by_side(
                lambda chunk: self._decode_carefully(chunk, language=language), chunks
            )
        )

    def _decode_carefully(self, chunk: Waveform, *, language: str) -> Decoded:
        segments, _ = self._model.transcribe(
            chunk,
            language=language,
            beam_size=5,
            temperature=FALLBACK_TEMPERATURES,
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=False,
        )
        return _decoded(list(segments), offset_s=0.0)


_EMPTY = Decoded(
    words=(), mean_log_probability=0.0, no_speech_probability=0.0, compression_ratio=0.0
)


def _decoded(segments: Sequence[Any], *, offset_s: float) -> Decoded:
    """faster-whisper's segments of one chunk as one record."""
    words = tuple(
        word for segment in segments for word in _words(segment.words or (), offset_s=offset_s)
    )
    return Decoded(
        words=words,
        mean_log_probability=_mean(segment.avg_logprob for segment in segments),
        no_speech_probability=_mean(segment.no_speech_prob for segment in segments),
        compression_ratio=max((segment.compression_ratio for segment in segments), default=0.0),
    )


def _words(parts: Iterable[Any], *, offset_s: float) -> list[Heard]:
    """faster-whisper's words; what it splits without a blank ("high", "-end") becomes one."""
    words: list[Heard] = []
    for part in parts:
        before = words.pop() if words and not part.word.startswith(" ") else None
        words.append(
            Heard(
                text=(before.text if before else "") + part.word.strip(),
                start_s=before.start_s if before else max(0.0, part.start - offset_s),
                end_s=max(0.0, part.end - offset_s),
                probability=min(before.probability if before else 1.0, float(part.probability)),
            )
        )
    return [word for word in words if word.text]


def joined(parts: Sequence[Decoded]) -> Decoded:
    """Readings of one chunk's parts as one."""
    full = [part for part in parts if part.words]
    if len(full) < 2:
        return full[0] if full else parts[-1]
    return Decoded(
        words=tuple(word for part in full for word in part.words),
        mean_log_probability=_mean(part.mean_log_probability for part in full),
        no_speech_probability=_mean(part.no_speech_probability for part in full),
        compression_ratio=max(part.compression_ratio for part in full),
    )


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return float(sum(known) / len(known)) if known else 0.0


def load_recognizer(path: Path, *, device: Place, batch_size: int) -> Recognizer:
    """Load a Whisper model in ctranslate2 form from its folder. Raises ModelError."""
    quiet_dependencies()
    share_arenas()
    from faster_whisper import WhisperModel

    workers = max(1, min(MAX_CPU_WORKERS, usable_cores()))

    def open_model(kind: str, compute_type: str) -> WhisperModel:
        try:
            return WhisperModel(
                str(path),
                device=kind,
                compute_type=compute_type,
                cpu_threads=usable_cores() // workers,
                num_workers=workers if kind == "cpu" else 1,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as err:
            raise ModelError(
                f"{path}: the Whisper model cannot be loaded on {kind} ({err}). "
                "Run `parley doctor`."
            ) from err

    return Recognizer(open_model=open_model, device=device, batch_size=batch_size, workers=workers)
