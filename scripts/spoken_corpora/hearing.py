"""What the project's recogniser makes of a spoken dialogue, turn by turn."""

from __future__ import annotations

from typing import Any

import polars as pl

from pipeline.models import quiet_dependencies
from pipeline.models.device import choose_device
from pipeline.models.recognizer import Recognizer
from pipeline.models.weights import locate
from pipeline.records import SPEECH, Track
from pipeline.stages import transcribe
from pipeline.stages.recognizing import Recognizing, TranscribeConfig
from pipeline.stages.word_speakers import assign_speakers

from .saying import LINE_RATE_HZ, Call

CONFIG = TranscribeConfig()


def load_recogniser() -> Recognizing:
    """Whisper base in int8 on one core of the CPU: another one speaks the next dialogue."""
    quiet_dependencies()
    from faster_whisper import WhisperModel

    path = str(locate(CONFIG.model))
    return Recognizer(
        open_model=lambda kind, compute_type: WhisperModel(
            path, device=kind, compute_type=compute_type, cpu_threads=1, local_files_only=True
        ),
        device=choose_device("cpu"),
        batch_size=transcribe.BATCH_SIZE,
    )


def hear(call: Call, *, model: Recognizing) -> list[str]:
    """The words recognised in each turn, in the order of `call.texts`.

    Chunks, decoding, second readings and the words' owners are the pipeline's own; only the
    speech map is the true one, with a speaker for each turn, so that every word has its turn.
    """
    speech = _speech_map(call)
    track = Track(
        samples=call.samples[None, :],
        channels=1,
        sample_rate_hz=LINE_RATE_HZ,
        codec="",
        container="",
        truncated=False,
    )
    words = transcribe.run(
        audio=track, diarize=speech, config=CONFIG, model=model, progress=lambda _: None
    )
    heard: dict[str, list[str]] = {}
    for word in assign_speakers(words, speech):
        heard.setdefault(word.speaker, []).append(word.text)
    return [" ".join(heard.get(str(turn), ())) for turn in range(len(call.texts))]


def _speech_map(call: Call) -> pl.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "start_ms": round(start_s * 1000),
            "end_ms": round(end_s * 1000),
            "speaker": str(turn),
            "confidence": 1.0,
            "track": 0,
        }
        for turn, intervals in call.speech.items()
        for start_s, end_s in intervals
    ]
    return pl.DataFrame(rows, schema=SPEECH).sort("start_ms")
