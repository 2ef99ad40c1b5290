"""Hand-made reports and the frames they come from, for tests of the page and the exports."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.records import METRICS, SPEECH, TURNS, WORDS

DIGEST = "ab" * 32
FAMILY = {
    "label": "empathy",
    "mirror": "empathy",
    "paraphrase": "empathy",
    "acknowledgement": "empathy",
    "gratitude": "empathy",
    "open_question": "inquiry",
    "closed_question": "inquiry",
    "calibrated_question": "inquiry",
    "offer": "assertion",
    "objective_criteria": "assertion",
    "boundary": "assertion",
    "alternative": "assertion",
    "accept": "assertion",
    "conditional_trade": "exchange",
    "hedged_ask": "risk",
    "vague_assurance": "risk",
    "interruption": "conduct",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a made-up call; `tags` are (tactic, quote) with the quote found in the text."""

    speaker: str
    text: str
    start_s: float
    end_s: float
    tags: tuple[tuple[str, str], ...] = ()
    kind: str = "turn"


def line(speaker: str, text: str, start_s: float, end_s: float, *tags: tuple[str, str]) -> Line:
    """A line in one short call, since tests write many."""
    return Line(speaker=speaker, text=text, start_s=start_s, end_s=end_s, tags=tags)


_FINDINGS = json.loads((Path(__file__).parent / "data" / "report_findings.json").read_text("utf-8"))
_CONTENT = tomllib.loads((Path(__file__).parent / "data" / "report_call.toml").read_text("utf-8"))

CALL = tuple(
    Line(**one | {"tags": tuple((tactic, quote) for tactic, quote in one.get("tags", ()))})
    for one in _CONTENT["line"]
)


def speaker(speaker_id: str, name: str, **changes: Any) -> dict[str, Any]:
    """A speaker with every figure; `changes` replaces some."""
    return {
        "id": speaker_id,
        "name": name,
        "is_me": False,
        "talk_time_s": 74.2,
        "talk_ratio": 0.5062,
        "talk_ratio_interval": [0.481, 0.532],
        "word_count": 214,
        "word_ratio": 0.518,
        "turn_count": 11,
        "question_count": 5,
        "open_question_count": 2,
        "closed_question_count": 3,
        "question_ratio": 0.4545,
        "open_question_share": 0.4,
        "questions_per_hour": 107.1,
        "reflection_to_question_ratio": 0.6,
        "longest_monologue_s": 10.9,
        "median_response_latency_s": 0.71,
        "interruption_count": 1,
        "backchannel_count": 2,
        "words_per_minute": 173.0,
        "filler_count": 0,
        "rates": {
            "empathy": 7.3, "inquiry": 6.4, "assertion": 4.5, "exchange": 0.9, "risk": 0.9,
        },
        "empathy_share": 0.615,
        "balance_by_thirds": [
            {"empathy_rate": 10.0, "assertion_rate": 0.0},
            {"empathy_rate": 5.0, "assertion_rate": 7.5},
            {"empathy_rate": 6.7, "assertion_rate": 3.3},
        ],
        "intervals": {
            "talk_ratio": [0.481, 0.532],
            "question_ratio": [0.246, 0.681],
            "open_question_share": [0.146, 0.724],
            "median_response_latency_s": [0.5, 1.1],
            "empathy_share": [0.4, 0.794],
        },
    } | changes  # fmt: skip


SPEAKERS = (
    speaker("S0", "Ana", is_me=True),
    speaker("S1", "Ben", talk_time_s=72.4, talk_ratio=0.4938, talk_ratio_interval=[0.468, 0.519],
            word_count=199, word_ratio=0.482, turn_count=11, question_count=4,
            open_question_count=1, open_question_share=0.25, question_ratio=0.3636,
            questions_per_hour=85.7, reflection_to_question_ratio=0.0, longest_monologue_s=17.5,
            median_response_latency_s=0.67, interruption_count=0, backchannel_count=0,
            words_per_minute=165.0, filler_count=3, empathy_share=0.25,
            rates={"empathy": 1.8, "inquiry": 3.6, "assertion": 5.5, "exchange": 0.0, "risk": 0.9},
            balance_by_thirds=[
                {"empathy_rate": 2.5, "assertion_rate": 5.0},
                {"empathy_rate": 2.5, "assertion_rate": 2.5},
                {"empathy_rate": 0.0, "assertion_rate": 6.7},
            ],
            intervals={
                "talk_ratio": [0.468, 0.519],
                "question_ratio": [0.174, 0.607],
                "open_question_share": [0.05, 0.62],
                "median_response_latency_s": [0.4, 0.9],
                "empathy_share": [0.09, 0.53],
            }),
)  # fmt: skip


def report(
    lines: Sequence[Line] = CALL, speakers: Sequence[dict[str, Any]] = SPEAKERS, **changes: Any
) -> dict[str, Any]:
    """A whole report of those lines; `changes` replaces top-level keys."""
    tags = [tag for index, one in enumerate(lines) for tag in _tags(index, one)]
    return {
        "schema_version": "1.4.0",
        "recording": recording(),
        "speakers": [dict(one) for one in speakers],
        "totals": totals(),
        "turns": [_turn(index, one) for index, one in enumerate(lines)],
        "speech": [
            {"speaker": one.speaker, "start_s": one.start_s, "end_s": one.end_s} for one in lines
        ],
        "tactics": tags,
        "offers": [],
        "moments": [],
        "questions": [],
        "effects": [],
        "leanings": [],
        "vague_promises": [],
        "pace": [],
        "profile": profile(),
        "readings": [],
        "quality": quality(),
        "definitions": _CONTENT["definition"],
        "codebook": [_entry(tactic) for tactic in FAMILY if tactic in {t["tactic"] for t in tags}],
        "hidden_tactics": [],
        "models": _CONTENT["model"],
        "versions": {"parley": "0.1.0", "codebook": 1, "metrics": 1},
    } | changes  # fmt: skip


def full_report() -> dict[str, Any]:
    """The made-up call with everything that a report can hold since 1.4; figures made up too."""
    return report(**copy.deepcopy(_FINDINGS))


def transcript_report() -> dict[str, Any]:
    """The same call as a transcript without times gives it: what only sound can tell is null."""
    unheard = {
        "talk_time_s", "talk_ratio", "talk_ratio_interval", "questions_per_hour",
        "longest_monologue_s", "median_response_latency_s", "interruption_count",
        "backchannel_count", "words_per_minute",
    }  # fmt: skip
    whole = untimed(full_report())
    for listed in ("tactics", "codebook"):
        whole[listed] = [one for one in whole[listed] if one["family"] != "conduct"]
    for one in whole["speakers"]:
        one.update(dict.fromkeys(unheard))
        one["intervals"] = {
            name: bounds for name, bounds in one["intervals"].items() if name not in unheard
        }
    reason = "a transcript has no audio, and so no times of speech"
    missing = [*sorted(unheard - {"talk_ratio_interval"}), "silence_s"]
    facts = dict.fromkeys(("duration_s", "channels", "sample_rate_hz"))
    return whole | {
        "recording": recording(name="call.txt", container="text", codec="txt", **facts),
        "transcript": {
            "format": "txt", "timed": False, "unread_line_count": 0, "unread_lines": [],
        },
        "totals": dict.fromkeys(totals()) | {"turn_count": 22, "question_ratio": 0.409},
        "speech": [],
        "pace": [],
        "quality": quality(
            speech_without_words_s=None,
            mean_word_probability=None,
            doubtful_word_count=None,
            withheld=[
                {"scope": "call", "metric": metric, "reason": reason} for metric in missing
            ],
        ),
    }  # fmt: skip


def untimed(value: Any) -> Any:
    """The same without a time in it."""
    timed = {"start_s", "end_s", "overlap_s", "latency_s", "duration_s"}
    if isinstance(value, dict):
        return {key: None if key in timed else untimed(one) for key, one in value.items()}
    return [untimed(one) for one in value] if isinstance(value, list | tuple) else value


def profile(**changes: Any) -> dict[str, Any]:
    """The profile that a report is read by."""
    return {
        "profile": "job_offer",
        "culture": "low_context",
        "role": "candidate",
        "name": "Job offer",
        "description": "An offer of work, its salary and its other terms.",
    } | changes


def silent_report() -> dict[str, Any]:
    """A report of a recording in which nobody speaks."""
    return report(
        lines=(),
        speakers=(),
        recording=recording(language=None),
        totals=dict.fromkeys(totals()) | {"silence_s": 168.0, "turn_count": 0},
        quality=quality(mean_word_probability=None, warnings=["No speech was found."]),
    )


def recording(**changes: Any) -> dict[str, Any]:
    """Facts of the recording."""
    return {
        "name": "salary-call.m4a",
        "digest": DIGEST,
        "duration_s": 168.0,
        "channels": 1,
        "sample_rate_hz": 8000,
        "container": "mp4",
        "codec": "aac",
        "language": "en",
    } | changes


def totals(**changes: Any) -> dict[str, Any]:
    """Figures of the call."""
    return {
        "speech_s": 144.9,
        "silence_s": 23.1,
        "longest_silence_s": 3.4,
        "overlap_s": 1.4,
        "turn_count": 22,
        "switches_per_hour": 450.0,
        "question_ratio": 0.409,
    } | changes


def quality(**changes: Any) -> dict[str, Any]:
    """A recording with nothing to warn about."""
    return {
        "speech_without_words_s": 0.8,
        "mean_word_probability": 0.93,
        "doubtful_word_count": 1,
        "warnings": [],
        "withheld": [],
    } | changes


def _turn(index: int, one: Line) -> dict[str, Any]:
    return {
        "index": index,
        "speaker": one.speaker,
        "start_s": one.start_s,
        "end_s": one.end_s,
        "overlap_s": 0.0,
        "kind": one.kind,
        "text": one.text,
    }


def _tags(index: int, one: Line) -> list[dict[str, Any]]:
    return [_tag(index, one, tactic=tactic, quote=quote) for tactic, quote in one.tags]


def _tag(index: int, one: Line, *, tactic: str, quote: str) -> dict[str, Any]:
    start = one.text.index(quote)
    return {
        "turn": index,
        "speaker": one.speaker,
        "tactic": tactic,
        "family": FAMILY[tactic],
        "score": 0.9,
        "quote": quote,
        "start_char": start,
        "end_char": start + len(quote),
        "start_s": one.start_s,
        "end_s": one.end_s,
        "method": "rule",
        "experimental": False,
    }


def _entry(tactic: str) -> dict[str, Any]:
    return {
        "tactic": tactic,
        "family": FAMILY[tactic],
        "name": tactic.replace("_", " "),
        "definition": f"What the codebook says of {tactic.replace('_', ' ')}.",
        "sources": ["Voss, Never Split the Difference, 2016"],
        "precision": 0.87,
        "precision_low": 0.78,
        "precision_high": 0.93,
        "support": 41,
        "experimental": False,
    }


def words(lines: Sequence[Line] = CALL) -> pl.DataFrame:
    """The words of the lines, spread evenly over each line's time."""
    rows = [word for one in lines for word in _timed_words(one)]
    return pl.DataFrame(
        [{"word": number} | row for number, row in enumerate(rows)], schema=WORDS, orient="row"
    )


def _timed_words(one: Line) -> list[dict[str, Any]]:
    texts = one.text.split(" ")
    step = (one.end_s - one.start_s) * 1000 / len(texts)
    return [
        {
            "start_ms": round(one.start_s * 1000 + place * step),
            "end_ms": round(one.start_s * 1000 + (place + 1) * step),
            "text": text,
            "probability": 0.9,
            "track": 0,
            "language": "en",
            "doubt": "",
        }
        for place, text in enumerate(texts)
    ]


def turns(lines: Sequence[Line] = CALL) -> pl.DataFrame:
    """The lines as a frame of turns over `words(lines)`."""
    rows, first = [], 0
    for index, one in enumerate(lines):
        count = len(one.text.split(" "))
        rows.append(
            {
                "turn": index,
                "speaker": one.speaker,
                "start_ms": round(one.start_s * 1000),
                "end_ms": round(one.end_s * 1000),
                "text": one.text,
                "words": list(range(first, first + count)),
                "overlap_ms": 0,
                "kind": one.kind,
            }
        )
        first += count
    return pl.DataFrame(rows, schema=TURNS, orient="row")


def speech(lines: Sequence[Line] = CALL) -> pl.DataFrame:
    """The speech map of the lines."""
    rows = [
        {
            "start_ms": round(one.start_s * 1000),
            "end_ms": round(one.end_s * 1000),
            "speaker": one.speaker,
            "confidence": 0.9,
            "track": 0,
        }
        for one in lines
    ]
    return pl.DataFrame(rows, schema=SPEECH, orient="row")


def metrics() -> pl.DataFrame:
    """A few figures, one of them withheld and one negative."""
    return pl.DataFrame(
        [
            ("call", "S0", "talk_ratio", 0.5062, 0.481, 0.532, "share", ""),
            ("call", "S1", "median_response_latency_s", -0.2, None, None, "s", ""),
            ("first", "S1", "empathy_rate", None, None, None, "per 10 turns", "too short"),
            ("call", None, "silence_s", 23.1, None, None, "s", ""),
        ],
        schema=METRICS,
        orient="row",
    )
