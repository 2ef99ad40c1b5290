"""Small calls as frames, tracks and sound, and fake models that understand that sound.

A call is a list of `Said`. As sound, each line is a tone whose pitch is the line's number, so
that the fakes find out from the samples alone who speaks when and what was said: the whole
pipeline runs on real files, without weights.
"""

from __future__ import annotations

import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.models.diarization import Interval
from pipeline.models.recognizer import Decoded, Heard
from pipeline.models.speech_frames import FRAME_CENTRE_S, FRAME_STEP_S
from pipeline.records import (
    METRICS,
    OFFERS,
    SAMPLE_RATE_HZ,
    SPEECH,
    TACTICS,
    TURNS,
    WORDS,
    Samples,
    Track,
)
from pipeline.stages.diarize import DiarizeModel

LOWEST_HZ, STEP_HZ = 400, 30
FRAME = SAMPLE_RATE_HZ // 100
ACTIVITY_FRAME = 512
LOUD = 0.02

Sound = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A line of a made-up call; `tags` are (tactic, quote)."""

    speaker: str
    text: str
    start_ms: int
    end_ms: int
    tags: tuple[tuple[str, str], ...] = ()
    kind: str = "turn"


def said(
    speaker: str,
    text: str,
    start_s: float,
    end_s: float,
    *tags: tuple[str, str],
    kind: str = "turn",
) -> Said:
    """A line in one short call, since tests write many."""
    start_ms, end_ms = round(start_s * 1000), round(end_s * 1000)
    return Said(speaker=speaker, text=text, start_ms=start_ms, end_ms=end_ms, tags=tags, kind=kind)


CALL = (
    said("S1", "Thank you for making the time today.", 1, 6, ("gratitude", "Thank you")),
    said("S2", "Of course. What matters most to you in this role?", 7, 15,
         ("open_question", "What matters most to you in this role?")),
    said("S1", "It seems like the budget is a worry for you.", 16, 23,
         ("label", "It seems like the budget is a worry for you.")),
    said("S2", "We could pay you ninety thousand a year.", 24, 31,
         ("offer", "We could pay you ninety thousand a year.")),
    said("S1", "How am I supposed to do that with two children?", 32, 39,
         ("calibrated_question", "How am I supposed to do that with two children?")),
    said("S2", "Is the start in March fine with you?", 40, 46,
         ("closed_question", "Is the start in March fine with you?")),
    said("S1", "If you add a signing bonus, I can start in March.", 47, 56,
         ("conditional_trade", "If you add a signing bonus, I can start in March.")),
    said("S2", "That works for me. Let us do that.", 57, 64, ("accept", "That works for me.")),
    said("S1", "I appreciate it. See you in March.", 65, 72, ("gratitude", "I appreciate it.")),
)  # fmt: skip
"""63 seconds of speech, so that no figure is withheld for want of it."""
NOBODY: tuple[Said, ...] = ()
LIVELY = (
    *CALL,
    said("S1", "So I was thinking about the um the salary and the bonus.", 74, 79),
    said("S2", "Mhm.", 76, 76.4, kind="backchannel"),
    said("S1", "What could you do there?", 81.5, 83, ("open_question", "What could you do there?")),
    said("S2", "Yes.", 83.2, 83.6),
    said("S2", "We can not go above ninety five.", 84, 88,
         ("boundary", "We can not go above ninety five.")),
    said("S1", "That is not what I had in mind at all.", 87, 91),
    said("S2", "Fine.", 95, 95.5),
)  # fmt: skip
"""The call with a backchannel, pauses short and long, an answer, an interruption and a filler."""


def length_ms(lines: Sequence[Said]) -> int:
    """How long a recording of the lines is: a second more than they are, three of silence."""
    return max((one.end_ms for one in lines), default=2000) + 1000


# --- frames


def _track_of(one: Said, lines: Sequence[Said], *, tracks: int) -> int:
    return sorted({other.speaker for other in lines}).index(one.speaker) % tracks


def speech(lines: Sequence[Said] = CALL, *, tracks: int = 1) -> pl.DataFrame:
    """The speech map of the lines; with two tracks each voice has one."""
    rows = [
        (one.start_ms, one.end_ms, one.speaker, 0.9, _track_of(one, lines, tracks=tracks))
        for one in lines
    ]
    return pl.DataFrame(rows, schema=SPEECH, orient="row")


def words(lines: Sequence[Said] = CALL, *, tracks: int = 1) -> pl.DataFrame:
    """The words of the lines, spread evenly over each line's time."""
    on = [_track_of(one, lines, tracks=tracks) for one in lines]
    rows = [
        (word, start_ms, end_ms, text, 0.9, on[line], "en", "")
        for word, (start_ms, line, end_ms, text) in enumerate(_in_order(lines))
    ]
    return pl.DataFrame(rows, schema=WORDS, orient="row")


def _in_order(lines: Sequence[Said]) -> list[tuple[int, int, int, str]]:
    """(start, number of the line, end, text) of every word, by start."""
    timed = [(number, word) for number, one in enumerate(lines) for word in _timed(one)]
    return sorted((start, number, end, text) for number, (text, start, end) in timed)


def _timed(one: Said) -> list[tuple[str, int, int]]:
    texts = one.text.split(" ")
    edges = np.linspace(one.start_ms, one.end_ms, len(texts) + 1).round().astype(int).tolist()
    return list(zip(texts, edges, edges[1:], strict=False))


def turns(lines: Sequence[Said] = CALL) -> pl.DataFrame:
    """A turn for each line, over `words(lines)`."""
    owners = [number for _, number, _, _ in _in_order(lines)]
    rows = [
        (
            number,
            one.speaker,
            one.start_ms,
            one.end_ms,
            one.text,
            [word for word, owner in enumerate(owners) if owner == number],
            0,
            one.kind,
        )
        for number, one in enumerate(lines)
    ]
    return pl.DataFrame(rows, schema=TURNS, orient="row")


def tactics(lines: Sequence[Said] = CALL) -> pl.DataFrame:
    """The tags of the lines, each where its quote stands."""
    rows = [
        (number, tactic, 0.8, one.text.index(quote), one.text.index(quote) + len(quote), "rule")
        for number, one in enumerate(lines)
        for tactic, quote in one.tags
    ]
    return pl.DataFrame(rows, schema=TACTICS, orient="row")


def offers(lines: Sequence[Said] = CALL) -> pl.DataFrame:
    """A ledger of one line: the first words of the first turn as an option."""
    rows = [
        {
            **dict.fromkeys(OFFERS, None),
            **dict.fromkeys(("unit", "period", "rationale", "toward", "item"), ""),
            "turn": 0,
            "speaker": line.speaker,
            "issue": "other",
            "kind": "anchor",
            "option": "car",
            "standing": False,
            "start_char": 0,
            "end_char": 2,
        }
        for line in lines[:1]
    ]
    return pl.DataFrame(rows, schema=OFFERS)


SPEAKER_FIGURES = (
    "talk_time_s", "talk_ratio", "word_count", "word_ratio", "words_per_minute", "filler_count",
    "turn_count", "question_count", "open_question_count", "closed_question_count",
    "question_ratio", "open_question_share", "questions_per_hour", "reflection_to_question_ratio",
    "longest_monologue_s", "median_response_latency_s", "interruption_count", "backchannel_count",
    "empathy_share", "empathy_rate", "inquiry_rate", "assertion_rate", "exchange_rate",
    "risk_rate",
)  # fmt: skip
CALL_FIGURES = (
    "speech_s", "silence_s", "longest_silence_s", "overlap_s", "turn_count", "switches_per_hour",
    "question_ratio", "speech_without_words_s", "doubtful_word_count", "mean_word_probability",
)  # fmt: skip
SHARES = ("_ratio", "_share", "_probability")


def metrics(speakers: Sequence[str] = ("S1", "S2")) -> pl.DataFrame:
    """Every figure a report needs, each another number; the last one of the call is withheld."""
    keys = [
        *(("call", who, figure) for who in speakers for figure in SPEAKER_FIGURES),
        *(
            (third, who, rate)
            for who in speakers
            for third in ("first", "middle", "last")
            for rate in ("empathy_rate", "assertion_rate")
        ),
        *(("call", None, figure) for figure in CALL_FIGURES),
    ]
    rows = [
        (*key, number / 100 if key[2].endswith(SHARES) else float(number), None, None, "", "")
        for number, key in enumerate(keys, start=1)
    ]
    rows[-1] = (*keys[-1], None, None, None, "", "no_cases")
    return pl.DataFrame(rows, schema=METRICS, orient="row")


def track(samples: Samples) -> Track:
    """Decoded audio; `samples` is (tracks, samples)."""
    return Track(
        samples=samples,
        channels=samples.shape[0],
        sample_rate_hz=SAMPLE_RATE_HZ,
        codec="pcm_s16le",
        container="wav",
        truncated=False,
    )


# --- text


def write_subtitles(path: Path, lines: Sequence[Said] = CALL) -> Path:
    """The lines as SubRip or, by the path's suffix, WebVTT, a cue each, "Name: ..." in it."""
    cues = [
        f"{_clock(one.start_ms)} --> {_clock(one.end_ms)}\n{one.speaker}: {one.text}\n"
        for one in lines
    ]
    head = "WEBVTT\n\n" if path.suffix == ".vtt" else ""
    path.write_text(head + "\n".join(cues), encoding="utf-8")
    return path


def _clock(time_ms: int) -> str:
    return f"00:{time_ms // 60_000:02}:{time_ms % 60_000 / 1000:06.3f}"


# --- sound


def tones(lines: Sequence[Said] = CALL, *, channels: int = 1) -> Samples:
    """The lines as tones, int16, (channels, samples); with two channels each voice has one."""
    sound = np.zeros((channels, length_ms(lines) * SAMPLE_RATE_HZ // 1000))
    for number, one in enumerate(lines):
        first, last = (ms * SAMPLE_RATE_HZ // 1000 for ms in (one.start_ms, one.end_ms))
        times = np.arange(last - first) / SAMPLE_RATE_HZ
        tone = 8000 * np.sin(2 * np.pi * (LOWEST_HZ + STEP_HZ * number) * times)
        sound[_track_of(one, lines, tracks=channels), first:last] += tone
    return sound.astype(np.int16)


def write_call(path: Path, lines: Sequence[Said] = CALL, *, channels: int = 1) -> Path:
    """The lines as a WAV file of 16-bit PCM."""
    samples = tones(lines, channels=channels)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(samples.T.tobytes())
    return path


def tones_heard(sound: Sound) -> list[tuple[int, int, int]]:
    """(first sample, last sample, number of the line) of each tone; full scale is 1."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    loud = np.abs(frames).max(axis=1, initial=0.0) > LOUD
    edges = np.flatnonzero(np.diff(loud, prepend=False, append=False)) * FRAME
    return [
        (int(first), int(last), _line_number(sound[first:last]))
        for first, last in zip(edges[::2], edges[1::2], strict=True)
        if last - first > 5 * FRAME
    ]


def _line_number(tone: Sound) -> int:
    second = tone[:SAMPLE_RATE_HZ]
    strongest = int(np.abs(np.fft.rfft(second)).argmax()) * SAMPLE_RATE_HZ / len(second)
    return round((strongest - LOWEST_HZ) / STEP_HZ)


# --- fake models


def activity(samples: Samples) -> Sound:
    """Speech wherever there is sound, in frames of 32 ms."""
    padded = np.zeros(-(-len(samples) // ACTIVITY_FRAME) * ACTIVITY_FRAME)
    padded[: len(samples)] = samples / 32768
    loudest = np.abs(padded.reshape(-1, ACTIVITY_FRAME)).max(axis=1, initial=0.0)
    return (loudest > LOUD).astype(float)


def speech_probability(samples: Samples) -> Sound:
    """Speech wherever there is sound, in the frames of segmentation."""
    by_activity = activity(samples)
    count = int(len(samples) / SAMPLE_RATE_HZ / FRAME_STEP_S) + 1
    at_s = np.arange(count) * FRAME_STEP_S + FRAME_CENTRE_S
    at = (at_s * SAMPLE_RATE_HZ / ACTIVITY_FRAME).astype(int)
    return 0.95 * by_activity[np.minimum(at, len(by_activity) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneMapper:
    """Knows each tone's voice; hears as many voices as it is told to."""

    lines: Sequence[Said] = CALL

    def __call__(
        self, samples: Samples, *, speakers: int | None, step_s: float, progress: Any
    ) -> list[Interval]:
        voices = sorted({one.speaker for one in self.lines})
        progress(1.0)
        return [
            Interval(
                start_ms=first * 1000 // SAMPLE_RATE_HZ,
                end_ms=last * 1000 // SAMPLE_RATE_HZ,
                voice=voices.index(self.lines[number].speaker) % (speakers or len(voices)),
                confidence=0.9,
            )
            for first, last, number in tones_heard(samples / 32768)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneRecognizer:
    """Knows each tone's words, and spreads them evenly over it; of a tone that is cut, its part."""

    lines: Sequence[Said] = CALL
    round_size: int = 8

    def language_of(self, chunk: Sound) -> tuple[str, float]:
        """English, for certain."""
        return "en", 1.0

    def decode(self, chunks: Sequence[Sound], *, language: str, beam_size: int) -> list[Decoded]:
        """The words of each chunk."""
        return self.decode_carefully(chunks, language=language)

    def decode_carefully(self, chunks: Sequence[Sound], *, language: str) -> list[Decoded]:
        """The words of each chunk."""
        return [self._decoded(chunk) for chunk in chunks]

    def _decoded(self, chunk: Sound) -> Decoded:
        heard = [
            Heard(text=text, start_s=float(start), end_s=float(end), probability=0.9)
            for first, last, number in tones_heard(chunk)
            for text, start, end in self._timed(number, first, last)
        ]
        return Decoded(
            words=tuple(heard),
            mean_log_probability=-0.2,
            no_speech_probability=0.0,
            compression_ratio=1.2,
        )

    def _timed(self, number: int, first: int, last: int) -> list[tuple[str, float, float]]:
        texts = self.lines[number].text.split(" ")
        line_s = (self.lines[number].end_ms - self.lines[number].start_ms) / 1000
        count = min(len(texts), round(len(texts) * (last - first) / SAMPLE_RATE_HZ / line_s))
        texts = texts[len(texts) - count :] if first == 0 else texts[:count]
        edges = np.linspace(first, last, len(texts) + 1) / SAMPLE_RATE_HZ
        return list(zip(texts, edges, edges[1:], strict=False))


@dataclass(slots=True, kw_only=True)
class FakeModels:
    """Stands for pipeline.run.Models; `asked` lists the stages that wanted a model."""

    lines: Sequence[Said] = CALL
    asked: list[str] = field(default_factory=list)

    def get(self, task: Any) -> Any:
        """The fake of a stage, or None where it needs none."""
        fakes = fake_models(self.lines)
        if task.stage.name not in fakes:
            return None
        self.asked.append(task.stage.name)
        return fakes[task.stage.name]


def fake_models(lines: Sequence[Said] = CALL) -> Mapping[str, Any]:
    """A fake for each stage that has a model."""
    return {
        "diarize": DiarizeModel(
            speech_probability=speech_probability, mapper=ToneMapper(lines=lines)
        ),
        "transcribe": ToneRecognizer(lines=lines),
        "tactics": None,
    }
