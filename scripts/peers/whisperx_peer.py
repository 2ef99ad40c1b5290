"""whisperX with its own VAD and its own rule for words and speakers.

Two of its parts need weights that no package registry has, so:
- words get their times from Whisper's cross-attention (faster-whisper's, in the same
  environment) on whisperX's own chunks, not from whisperX's forced alignment; timed apart;
- the speech map is handed in, not made by its diarization.
Sentences end at . ? or !, since whisperX's splitter needs a download too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jobs import SAMPLE_RATE_HZ, Heard, Peer, Settings, Span, Text, serve, speaker_of

Word = dict[str, Any]
"""As in whisperX: word, start, end, and speaker once that is known."""

FRAMES_PER_S = 100
MAX_FRAMES = 3000
SENTENCE_ENDS = (".", "?", "!")


def load(settings: Settings) -> Peer:
    """Load the model and whisperX's bundled VAD.

    The VAD's checkpoint holds pickled classes, which torch's weights_only loading would refuse.
    No class is allow-listed here: pyannote.audio 4 itself reads it with weights_only=False, and
    the file comes inside whisperX's own wheel.
    """
    import torch
    import whisperx

    torch.set_num_threads(settings.threads)
    pipeline = whisperx.load_model(
        settings.model,
        device="cpu",
        compute_type=settings.compute_type,
        threads=settings.threads,
        language=settings.language,
        asr_options={"beam_size": settings.beam_size},
        local_files_only=True,
    )
    return Peer(
        transcribe=lambda samples: hear(samples, pipeline=pipeline, settings=settings),
        assign=assign,
    )


def hear(samples: Any, *, pipeline: Any, settings: Settings) -> Heard:
    """Sentences with timed words; the transcription and the word times are timed apart."""
    started_s = time.perf_counter()
    chunks = pipeline.transcribe(samples, batch_size=settings.batch_size)["segments"]
    heard_s = time.perf_counter()
    words = align(chunks, samples=samples, pipeline=pipeline, batch_size=settings.batch_size)
    seconds = {"transcribe": heard_s - started_s, "words": time.perf_counter() - heard_s}
    return Heard(transcript=[s for own in words for s in sentences(own)], seconds=seconds)


def align(
    chunks: Iterable[Mapping[str, Any]], *, samples: Any, pipeline: Any, batch_size: int
) -> list[list[Word]]:
    """The words of each chunk with times in the call, by Whisper's cross-attention."""
    full = [chunk for chunk in chunks if chunk["text"].strip()]
    found: list[list[Word]] = []
    last_s = 0.0
    for first in range(0, len(full), batch_size):
        segments = [[_segment(one, pipeline)] for one in full[first : first + batch_size]]
        last_s = pipeline.model.add_word_timestamps(
            segments,
            pipeline.tokenizer,
            pipeline.model.encode(_features(segments, samples)),
            [_frames(one) for (one,) in segments],
            pipeline.options.prepend_punctuations,
            pipeline.options.append_punctuations,
            last_s,
        )
        found += [whole_words(one.get("words", ())) for (one,) in segments]
    return found


def _segment(chunk: Mapping[str, Any], pipeline: Any) -> dict[str, Any]:
    """A chunk as faster-whisper's function wants it: with tokens, and `seek` in frames."""
    return {
        "start": chunk["start"],
        "end": chunk["end"],
        "seek": int(chunk["start"] * FRAMES_PER_S),
        "tokens": pipeline.tokenizer.encode(chunk["text"]),
    }


def _frames(segment: Mapping[str, Any]) -> int:
    return min(MAX_FRAMES, round((segment["end"] - segment["start"]) * FRAMES_PER_S))


def _features(segments: Sequence[Sequence[Mapping[str, Any]]], samples: Any) -> Any:
    """The spectrograms of chunks, each filled up to 30 s as whisperX does it."""
    import torch
    from whisperx.audio import N_SAMPLES, log_mel_spectrogram

    # a chunk may be some hundredths longer than the 30 s that Whisper hears
    sounds = [
        samples[int(one["start"] * SAMPLE_RATE_HZ) : int(one["end"] * SAMPLE_RATE_HZ)][:N_SAMPLES]
        for (one,) in segments
    ]
    return torch.stack(
        [log_mel_spectrogram(sound, n_mels=80, padding=N_SAMPLES - len(sound)) for sound in sounds]
    )


def whole_words(parts: Iterable[Mapping[str, Any]]) -> list[Word]:
    """faster-whisper's words; what it splits without a blank ("high", "-end") becomes one."""
    words: list[Word] = []
    for part in parts:
        before = words.pop() if words and not part["word"].startswith(" ") else None
        words.append(
            {
                "word": (before["word"] if before else "") + part["word"].strip(),
                "start": float(before["start"] if before else part["start"]),
                "end": float(part["end"]),
            }
        )
    return words


def sentences(words: Sequence[Word]) -> list[dict[str, Any]]:
    """Words as whisperX's segments: up to the end of a sentence each."""
    found: list[list[Word]] = []
    for word in words:
        if not found or found[-1][-1]["word"].endswith(SENTENCE_ENDS):
            found.append([])
        found[-1].append(word)
    return [
        {"start": own[0]["start"], "end": max(w["end"] for w in own), "words": own} for own in found
    ]


def assign(segments: Sequence[Mapping[str, Any]], speech: Sequence[Span]) -> list[tuple[str, Text]]:
    """Each word to the speaker whom whisperX gives it; one without takes its sentence's.

    Where the sentence has none either, the nearest speech decides, as for the other peers.
    """
    import pandas
    import whisperx

    rows = [{"start": one.start_s, "end": one.end_s, "speaker": one.speaker} for one in speech]
    result = whisperx.assign_word_speakers(pandas.DataFrame(rows), {"segments": list(segments)})
    return said(result["segments"], speech)


def said(segments: Iterable[Mapping[str, Any]], speech: Sequence[Span]) -> list[tuple[str, Text]]:
    """Words with speakers, one by one: a longer piece would lose the times of its words."""
    return [
        (word.get("speaker") or segment.get("speaker") or speaker_of(text, speech), text)
        for segment in segments
        for word in segment["words"]
        for text in [Text(start_s=word["start"], end_s=word["end"], text=word["word"])]
    ]


if __name__ == "__main__":
    serve(load, packages=("whisperx", "faster-whisper", "ctranslate2", "torch", "pyannote.audio"))
