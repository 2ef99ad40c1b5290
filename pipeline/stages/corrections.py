"""What people corrected, carried into the speech map and the turns; the originals stay.

Two small stages between turns and tactics, in a plan only where somebody moved a turn or merged
voices. Numbers of turns and ids of speakers are those of the uncorrected call: first the turns
move, then voices merge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.records import BACKCHANNEL, SPEECH, TURN, TURNS

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionsConfig:
    """Corrections have no settings: what was corrected is an input of its own."""


def corrected_speech(
    *,
    corrections: Mapping[str, Any],
    diarize: pl.DataFrame,
    turns: pl.DataFrame,
    config: CorrectionsConfig,
) -> pl.DataFrame:
    """The speech map, schema SPEECH, in which a moved turn's speech is its new speaker's.

    `corrections` holds `turns`, pairs of a turn's number and the id of who said it, and
    `merges`, pairs of a speaker's id and the id it becomes. Only what the turn's first speaker
    says within its time moves; stretches of one speaker that then touch become one.
    """
    del config
    rows = diarize.to_dicts()
    spoken = {row["turn"]: row for row in turns.iter_rows(named=True)}
    for number, speaker in corrections["turns"]:
        rows = [part for row in rows for part in _moved(row, turn=spoken[number], to=speaker)]
    merged = dict(corrections["merges"])
    named = [{**row, "speaker": merged.get(row["speaker"], row["speaker"])} for row in rows]
    return pl.DataFrame(_united(named), schema=SPEECH, orient="row")


def _moved(row: Row, *, turn: Mapping[str, Any], to: str) -> Iterator[Row]:
    """A stretch of speech, cut at the edges of a turn; the part within it is said by `to`."""
    first, last = max(row["start_ms"], turn["start_ms"]), min(row["end_ms"], turn["end_ms"])
    if row["speaker"] != turn["speaker"] or first >= last:
        yield row
        return
    if row["start_ms"] < first:
        yield {**row, "end_ms": first}
    yield {**row, "start_ms": first, "end_ms": last, "speaker": to}
    if last < row["end_ms"]:
        yield {**row, "start_ms": last}


def _united(rows: Sequence[Row]) -> list[Row]:
    """Stretches of one speaker on one track that touch as one, by start.

    The confidence of a united stretch is the mean of its parts, weighted by their lengths.
    """
    united: list[Row] = []
    weights: list[int] = []
    latest: dict[tuple[str, int], int] = {}
    for row in sorted(rows, key=lambda row: (row["start_ms"], row["end_ms"], row["speaker"])):
        voice, length_ms = (row["speaker"], row["track"]), row["end_ms"] - row["start_ms"]
        place = latest.get(voice)
        if place is None or united[place]["end_ms"] < row["start_ms"]:
            latest[voice] = len(united)
            united.append(row)
            weights.append(length_ms)
            continue
        before, weight = united[place], weights[place]
        total = before["confidence"] * weight + row["confidence"] * length_ms
        united[place] = {
            **before,
            "end_ms": max(before["end_ms"], row["end_ms"]),
            "confidence": min(1.0, total / (weight + length_ms)),
        }
        weights[place] = weight + length_ms
    return united


def corrected_turns(
    *,
    corrections: Mapping[str, Any],
    turns: pl.DataFrame,
    transcribe: pl.DataFrame,
    corrected_speech: pl.DataFrame,
    config: CorrectionsConfig,
) -> pl.DataFrame:
    """The turns, schema TURNS, with their right speakers, numbered anew.

    What one speaker then says without another taking the floor between is one turn. Turns that
    no correction touches keep their words, times and kind.
    """
    del config
    moved, merged = dict(corrections["turns"]), dict(corrections["merges"])
    spoken = []
    for row in turns.iter_rows(named=True):
        told = moved.get(row["turn"], row["speaker"])
        speaker = merged.get(told, told)
        spoken.append({**row, "speaker": speaker, "touched": speaker != row["speaker"]})
    joined = _joined(spoken, texts=transcribe["text"].to_list())
    numbered = [
        {**row, "turn": number, "overlap_ms": _overlap_ms(row, corrected_speech)}
        for number, row in enumerate(sorted(joined, key=lambda row: row["start_ms"] or 0))
    ]
    columns = [{name: row[name] for name in TURNS} for row in numbered]
    return pl.DataFrame(columns, schema=TURNS, orient="row")


def _joined(spoken: Sequence[Row], *, texts: Sequence[str]) -> list[Row]:
    """The turns in order, those of one speaker as one where a correction made them neighbours."""
    joined: list[Row] = []
    for row in spoken:
        place = _continued(row, joined)
        if place is None:
            joined.append(row)
        else:
            joined[place] = _union(joined[place], row, texts=texts)
    return joined


def _continued(row: Row, before: Sequence[Row]) -> int | None:
    """The place of the turn that a turn goes on from, or None.

    That is its speaker's last one, where nobody has taken the floor since: a backchannel does
    not take it, nor does what is said and over while the first speaker goes on.
    """
    for place in reversed(range(len(before))):
        other = before[place]
        if other["speaker"] == row["speaker"]:
            between = before[place + 1 :]
            held = all(one["kind"] == BACKCHANNEL or _is_within(one, other) for one in between)
            return place if held and (other["touched"] or row["touched"]) else None
    return None


def _is_within(one: Row, other: Row) -> bool:
    """Whether a turn is over before another ends; not known of turns without times."""
    if one["end_ms"] is None or other["end_ms"] is None:
        return False
    return bool(one["end_ms"] <= other["end_ms"])


def _union(one: Row, other: Row, *, texts: Sequence[str]) -> Row:
    """Two turns of one speaker as one, their words in order of time (ids of words are)."""
    words = sorted({*one["words"], *other["words"]})
    return {
        **one,
        "end_ms": _latest(one["end_ms"], other["end_ms"]),
        "text": " ".join(texts[word] for word in words),
        "words": words,
        "kind": TURN if TURN in (one["kind"], other["kind"]) else BACKCHANNEL,
        "touched": True,
    }


def _latest(one_ms: int | None, other_ms: int | None) -> int | None:
    return None if one_ms is None or other_ms is None else max(one_ms, other_ms)


def _overlap_ms(row: Row, speech: pl.DataFrame) -> int | None:
    """How long the others speak within a turn, overlaps among them counted once.

    Not known of a transcript, which has no speech map.
    """
    if speech.is_empty():
        return None
    others = speech.filter(
        pl.col("speaker") != row["speaker"],
        pl.col("start_ms") < row["end_ms"],
        pl.col("end_ms") > row["start_ms"],
    )
    shared, reached = 0, row["start_ms"]
    for start_ms, end_ms in others.select("start_ms", "end_ms").iter_rows():
        first, last = max(start_ms, reached), min(end_ms, row["end_ms"])
        if first < last:
            shared, reached = shared + last - first, last
    return int(shared)
