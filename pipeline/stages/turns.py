"""Who said what: words and their speakers become turns and backchannels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.errors import ContractError
from pipeline.records import BACKCHANNEL, TURN, TURNS
from pipeline.stage import Frame, Stage
from pipeline.stages.word_speakers import Word, assign_speakers

Integers = npt.NDArray[np.int64]

MIN_PAUSE_MS = 200
"""Less than this between two words is no pause that anybody could take up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnsConfig:
    """How words become turns.

    A speaker's words stay together over pauses of up to `max_pause_ms` in which nobody else
    talks. A backchannel is at most `backchannel_max_words` words of `backchannel_words`, at most
    `backchannel_max_ms` long, by someone who neither answers a question nor goes on. Turn edges
    move to an edge of the speech map within `snap_ms`, since word times are coarser than it.
    """

    max_pause_ms: int = 1500
    backchannel_max_ms: int = 1500
    backchannel_max_words: int = 4
    backchannel_words: tuple[str, ...] = (
        "ah", "aha", "all", "alright", "cool", "exactly", "fine", "gotcha", "great", "hm", "hmm",
        "huh", "mhm", "mm", "mmhmm", "mmm", "oh", "ok", "okay", "really", "right", "sure", "true",
        "uh", "uhhuh", "um", "wow", "yeah", "yep", "yes", "yup",
    )  # fmt: skip
    snap_ms: int = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """Words of one speaker in order, without a longer pause and with nobody else between."""

    words: tuple[Word, ...]

    @property
    def speaker(self) -> str:
        return self.words[0].speaker

    @property
    def start_ms(self) -> int:
        return self.words[0].start_ms

    @property
    def end_ms(self) -> int:
        return max(word.end_ms for word in self.words)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


def run(*, transcribe: pl.DataFrame, diarize: pl.DataFrame, config: TurnsConfig) -> pl.DataFrame:
    """Turns and backchannels, schema TURNS: every word that is not withheld is in exactly one."""
    words = assign_speakers(transcribe, diarize)
    utterances = build_utterances(words, max_pause_ms=config.max_pause_ms)
    spoken = build_turns(utterances, config=config)
    return _frame(spoken, diarize, snap_ms=config.snap_ms)


def build_utterances(words: Sequence[Word], *, max_pause_ms: int) -> list[Utterance]:
    """Words of each speaker joined over pauses in which nobody else talks, by start."""
    middles = np.array(sorted((w.start_ms + w.end_ms) // 2 for w in words), dtype=np.int64)
    utterances: list[Utterance] = []
    for speaker in dict.fromkeys(word.speaker for word in words):
        own = [word for word in words if word.speaker == speaker]
        breaks = [
            number
            for number, (one, other) in enumerate(pairwise(own), start=1)
            if other.start_ms - one.end_ms > max_pause_ms
            or _taken_up(middles, one.end_ms, other.start_ms)
        ]
        for first, last in pairwise([0, *breaks, len(own)]):
            utterances.append(Utterance(words=tuple(own[first:last])))
    return sorted(utterances, key=lambda u: (u.start_ms, u.words[0].id))


def _taken_up(middles: Integers, start_ms: int, end_ms: int) -> bool:
    """Whether a word has its middle strictly inside a pause (so it is somebody else's)."""
    if end_ms - start_ms < MIN_PAUSE_MS:
        return False
    first = int(np.searchsorted(middles, start_ms, side="right"))
    return first < len(middles) and int(middles[first]) < end_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A turn or a backchannel: its utterances, by start."""

    kind: str
    utterances: tuple[Utterance, ...]

    @property
    def speaker(self) -> str:
        return self.utterances[0].speaker


def build_turns(utterances: Sequence[Utterance], *, config: TurnsConfig) -> list[Spoken]:
    """Turns and backchannels, by start.

    A turn lasts until another speaker takes the floor. A backchannel does not take it, nor does
    what is said and over while the other goes on talking; the latter is a turn of its own.
    """
    spoken: list[list[Utterance]] = []
    kinds: list[str] = []
    floor: int | None = None
    for position, utterance in enumerate(utterances):
        holder = spoken[floor] if floor is not None else None
        following = utterances[position + 1] if position + 1 < len(utterances) else None
        if holder and holder[0].speaker == utterance.speaker:
            holder.append(utterance)
            continue
        spoken.append([utterance])
        silent = holder is not None and _is_backchannel(
            utterance, before=holder[-1], following=following, config=config
        )
        kinds.append(BACKCHANNEL if silent else TURN)
        if not silent and not (holder and utterance.end_ms <= holder[-1].end_ms):
            floor = len(spoken) - 1
    return [
        Spoken(kind=kind, utterances=tuple(parts))
        for kind, parts in zip(kinds, spoken, strict=True)
    ]


def _is_backchannel(
    utterance: Utterance, *, before: Utterance, following: Utterance | None, config: TurnsConfig
) -> bool:
    """Whether an utterance only shows that its speaker listens.

    `before` is what the holder of the floor said last. An answer to a question is no
    backchannel, nor is what its speaker goes on from.
    """
    words = [_bare(word.text) for word in utterance.words]
    known = all(word in config.backchannel_words for word in words)
    short = utterance.end_ms - utterance.start_ms <= config.backchannel_max_ms
    answers = before.text.endswith("?") and before.end_ms <= utterance.start_ms + 300
    yielding = before.end_ms <= utterance.end_ms
    goes_on = following is None or following.speaker == utterance.speaker
    few = len(words) <= config.backchannel_max_words
    return known and few and short and not answers and not (yielding and goes_on)


def _bare(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalpha())


def _frame(spoken: Sequence[Spoken], speech: pl.DataFrame, *, snap_ms: int) -> pl.DataFrame:
    rows = [_row(part, speech, snap_ms=snap_ms) for part in spoken]
    schema = {name: dtype for name, dtype in TURNS.items() if name != "turn"}
    in_order = pl.col("start_ms").cum_max().over("speaker")  # snapping must not swap turns
    frame = (
        pl.DataFrame(rows, schema=schema)
        .with_columns(in_order)
        .with_columns(end_ms=pl.max_horizontal("start_ms", "end_ms"))
        .sort("start_ms", maintain_order=True)
    )
    return frame.with_row_index("turn").select(TURNS.names()).cast(TURNS)


def _row(part: Spoken, speech: pl.DataFrame, *, snap_ms: int) -> dict[str, object]:
    words = [word for utterance in part.utterances for word in utterance.words]
    own = speech.filter(pl.col("speaker") == part.speaker)
    others = speech.filter(pl.col("speaker") != part.speaker)
    start_ms, end_ms = _edges(words, own, snap_ms=snap_ms)
    return {
        "speaker": part.speaker,
        "start_ms": start_ms,
        "end_ms": end_ms,
        "text": " ".join(word.text for word in words),
        "words": [word.id for word in words],
        "overlap_ms": _overlap_ms(start_ms, end_ms, others),
        "kind": part.kind,
    }


def _edges(words: Sequence[Word], own: pl.DataFrame, *, snap_ms: int) -> tuple[int, int]:
    """Start and end of a turn at the speaker's own edges of the map, none of its words left out.

    The first word ends after the start and the last begins before the end; where the edges that
    are left cross each other, in a gap of the map, the times of the words stand.
    """
    first, last = words[0], max(words, key=lambda word: word.end_ms)
    starts = own["start_ms"].filter(own["start_ms"] < first.end_ms)
    ends = own["end_ms"].filter(own["end_ms"] > last.start_ms)
    start_ms = _snapped(first.start_ms, starts, snap_ms=snap_ms)
    end_ms = _snapped(last.end_ms, ends, snap_ms=snap_ms)
    return (start_ms, end_ms) if start_ms < end_ms else (first.start_ms, last.end_ms)


def _snapped(time_ms: int, edges: pl.Series, *, snap_ms: int) -> int:
    """The nearest edge of the speech map, or the time itself where none is near."""
    distances = np.abs(edges.to_numpy().astype(np.int64) - time_ms)
    if not len(distances) or distances.min() > snap_ms:
        return time_ms
    return int(edges[int(distances.argmin())])


def _overlap_ms(start_ms: int, end_ms: int, others: pl.DataFrame) -> int:
    """How long the others speak within a stretch, overlaps among them counted once."""
    shared, reached = 0, start_ms
    for first, last in others.select("start_ms", "end_ms").iter_rows():
        first, last = max(first, reached), min(last, end_ms)
        if first < last:
            shared, reached = shared + last - first, last
    return shared


def check(turns: pl.DataFrame) -> None:
    """Numbered from 0, sorted by start, start not after end, no word in two turns."""
    if turns["turn"].to_list() != list(range(turns.height)):
        raise ContractError("turns are not numbered from 0")
    if not turns["start_ms"].is_sorted() or (turns["start_ms"] > turns["end_ms"]).any():
        raise ContractError("turns are not in order of time")
    words = [number for numbers in turns["words"] for number in numbers]
    if len(set(words)) < len(words):
        raise ContractError("a word is in two turns")
    if not turns["kind"].is_in([TURN, BACKCHANNEL]).all():
        raise ContractError("a turn is neither a turn nor a backchannel")


STAGE = Stage(
    name="turns",
    version=3,
    inputs=("transcribe", "diarize"),
    output=Frame(schema=TURNS, check=check),
    config=TurnsConfig,
    run=run,
)
