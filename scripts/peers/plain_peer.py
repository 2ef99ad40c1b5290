"""Plain faster-whisper, and each segment whole to the speaker who overlaps most of it.

That is what the tutorials of pyannote do with a transcript and a speech map. Three modes:
sequential (no VAD), batched (as it comes: chunks of up to 30 s from its silero VAD, which are
its segments), and batched-timestamps (the same with Whisper's own segment times).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from jobs import Heard, Peer, Settings, Span, Text, serve, speaker_of

Transcribing = Callable[[Any], tuple[Iterable[Any], Any]]


def load(settings: Settings) -> Peer:
    """Load the model. Raises ValueError for a mode that is not there."""
    transcribe = _transcribing(settings)
    return Peer(transcribe=lambda samples: hear(samples, transcribe=transcribe), assign=assign)


def _transcribing(settings: Settings) -> Transcribing:
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    options: dict[str, Any] = {"language": settings.language, "beam_size": settings.beam_size}
    model = WhisperModel(
        settings.model,
        device="cpu",
        compute_type=settings.compute_type,
        cpu_threads=settings.threads,
        local_files_only=True,
    )
    if settings.mode == "sequential":
        return lambda samples: model.transcribe(samples, vad_filter=False, **options)
    if settings.mode not in ("batched", "batched-timestamps"):
        raise ValueError(f"there is no mode {settings.mode!r}")
    batched = BatchedInferencePipeline(model)
    options |= {"batch_size": settings.batch_size}
    options |= {"without_timestamps": False} if settings.mode == "batched-timestamps" else {}
    return lambda samples: batched.transcribe(samples, **options)


def hear(samples: Any, *, transcribe: Transcribing) -> Heard:
    """The segments of a call; faster-whisper works while they are read, so that is timed too."""
    started_s = time.perf_counter()
    segments, _ = transcribe(samples)
    texts = [Text(start_s=one.start, end_s=one.end, text=one.text) for one in segments]
    return Heard(transcript=texts, seconds={"transcribe": time.perf_counter() - started_s})


def assign(segments: Sequence[Text], speech: Sequence[Span]) -> list[tuple[str, Text]]:
    """Each segment whole to one speaker."""
    return [(speaker_of(segment, speech), segment) for segment in segments]


if __name__ == "__main__":
    serve(load, packages=("faster-whisper", "ctranslate2"))
