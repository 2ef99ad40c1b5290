"""What a composed call holds, written in the formats that scoring tools read."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eval_calls.compose import Line, speech_of
from eval_calls.dialogue import FILLER, SHORT_REPLY_WORDS
from eval_calls.sounds import SPEECH_SPLIT_S, Samples

Row = dict[str, Any]
NAMES = ("A", "B")


def seconds(value_s: float) -> float:
    """Seconds to the millisecond, as the reference writes them."""
    return round(float(value_s), 3)


def build_reference(
    lines: Sequence[Line], *, duration_s: float, speakers: Sequence[Row], recipe: Row
) -> Row:
    """Everything the call holds; times in seconds to the millisecond, lines sorted by start."""
    return {
        "duration_s": seconds(duration_s),
        "speech_split_s": SPEECH_SPLIT_S,
        "speakers": list(speakers),
        "speech": {
            name: [
                {"start_s": seconds(start_s), "end_s": seconds(end_s)}
                for start_s, end_s in speech_of(lines, speaker=number)
            ]
            for number, name in enumerate(NAMES)
        },
        "turns": [
            {"index": index, **heard(line), "kind": line.kind} for index, line in enumerate(lines)
        ],
        **word_table(lines),
        "numbers": [
            {
                "turn": index,
                "speaker": NAMES[line.speaker],
                "spoken": number.spoken,
                "written": list(number.written),
            }
            for index, line in enumerate(lines)
            for number in line.numbers
        ],
        "short_replies": [
            {"turn": index, **heard(line)}
            for index, line in enumerate(lines)
            if len(line.text.split()) <= SHORT_REPLY_WORDS
        ],
        "fillers": [row for index, line in enumerate(lines) for row in filler_rows(line, index)],
        "recipe": recipe,
    }


def heard(line: Line) -> Row:
    """Who said what when."""
    return {
        "speaker": NAMES[line.speaker],
        "start_s": seconds(line.start_s),
        "end_s": seconds(line.end_s),
        "text": line.text,
    }


def word_table(lines: Sequence[Line]) -> Row:
    """The table of words by start; left out where a line's words have no times."""
    if not all(line.words for line in lines):
        return {}
    rows = [
        {
            "text": word.text,
            "start_s": seconds(word.start_s),
            "end_s": seconds(word.end_s),
            "speaker": NAMES[line.speaker],
            "turn": index,
        }
        for index, line in enumerate(lines)
        for word in line.words
    ]
    return {"words": sorted(rows, key=lambda row: (row["start_s"], row["turn"]))}


def filler_rows(line: Line, index: int) -> Iterable[Row]:
    """The line's fillers, timed by their words or, where those have no times, by the line."""
    words, text = line.words, line.text
    for found in FILLER.finditer(text):
        first = len(text[: found.start()].split())
        last = first + len(found[0].split()) - 1
        span = (words[first].start_s, words[last].end_s) if words else (line.start_s, line.end_s)
        yield {
            "turn": index,
            "speaker": NAMES[line.speaker],
            "start_s": seconds(span[0]),
            "end_s": seconds(span[1]),
            "text": found[0].lower(),
        }


def rttm_of(reference: Row, *, name: str) -> str:
    """The speech map as RTTM."""
    return "".join(
        f"SPEAKER {name} 1 {span['start_s']:.3f} {span['end_s'] - span['start_s']:.3f} "
        f"<NA> <NA> {speaker} <NA> <NA>\n"
        for speaker, spans in reference["speech"].items()
        for span in spans
    )


def stm_of(reference: Row, *, name: str) -> str:
    """The turns as STM, without the optional label, which meeteval would read as a word."""
    return "".join(
        f"{name} 1 {turn['speaker']} {turn['start_s']:.3f} {turn['end_s']:.3f} {turn['text']}\n"
        for turn in reference["turns"]
    )


def seglst_of(reference: Row, *, name: str) -> list[Row]:
    """The turns as SegLST rows."""
    return [
        {
            "session_id": name,
            "speaker": turn["speaker"],
            "start_time": turn["start_s"],
            "end_time": turn["end_s"],
            "words": turn["text"],
        }
        for turn in reference["turns"]
    ]


def write_wave(path: Path, channels: Samples, *, rate_hz: int) -> None:
    """16-bit PCM; `channels` has shape (channels, samples) and lies in [-1, 1]."""
    pcm = np.clip(np.round(channels * 32767), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setnchannels(len(pcm))
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(pcm.T.tobytes())


def write_json(path: Path, value: Any) -> None:
    """JSON, one row of each table a line."""
    path.write_text(dump_rows(value) + "\n", encoding="utf-8")


def dump_rows(value: Any) -> str:
    """The value with lists of objects one object a line."""
    if not isinstance(value, dict):
        return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in value) + "\n]"
    tables = [f"{json.dumps(key)}: {dump_table(held)}" for key, held in value.items()]
    return "{\n" + ",\n".join(tables) + "\n}"


def dump_table(held: Any) -> str:
    """One value of an object: a list of objects one a line, anything else on one line."""
    rows = isinstance(held, list) and held and isinstance(held[0], dict)
    return dump_rows(held) if rows else json.dumps(held, ensure_ascii=False)
