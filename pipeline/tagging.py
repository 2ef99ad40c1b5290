"""Tagging of transcripts without audio: dialogue by dialogue, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.reader.reply import METHOD as READER
from pipeline.reader.second import SecondReader
from pipeline.records import BACKCHANNEL
from pipeline.tactics import Learned, read_call
from pipeline.tactics.codebook import Codebook, Tag, Utterance
from pipeline.tactics.offers.document import ledger_document
from pipeline.transcripts.lines import Line, Refused, dialogues


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """A dialogue with its turns as they go out, and its ledger."""

    turns: tuple[Mapping[str, Any], ...]
    offers: Mapping[str, Any]


def tag_dialogues(
    lines: Iterable[Line | Refused],
    *,
    codebook: Codebook,
    refuse: Callable[[Refused], None],
    learned: Learned | None = None,
    second: SecondReader | None = None,
) -> Iterator[Tagged]:
    """Each dialogue tagged as soon as it has been read; `refuse` is told of unreadable lines.

    Without a classifier (`learned`) the rules alone speak. Where a second reader is given, its
    tags stand beside the others; the ledger does not see them.

    A dialogue too long for memory comes in parts, each with a ledger of its own; see `dialogues`.
    """
    for dialogue in dialogues(_readable(lines, refuse)):
        yield _tagged(dialogue, codebook, learned, second)


def _readable(lines: Iterable[Line | Refused], refuse: Callable[[Refused], None]) -> Iterator[Line]:
    for line in lines:
        if isinstance(line, Refused):
            refuse(line)
        else:
            yield line


def _tagged(
    lines: Sequence[Line],
    codebook: Codebook,
    learned: Learned | None,
    second: SecondReader | None,
) -> Tagged:
    # numbered by place: what a transcript calls its turns may repeat
    utterances = [
        Utterance(turn=place, speaker=line.speaker, text=line.text)
        for place, line in enumerate(lines)
        if line.given.get("kind") != BACKCHANNEL
    ]
    reading = read_call(utterances, codebook, learned)
    added = second.added(lines[0].dialogue, utterances, reading.tags) if second else []
    by_turn: dict[int, list[Tag]] = {}
    for tag in sorted((*reading.tags, *added), key=lambda tag: tag.start_char):
        by_turn.setdefault(tag.turn, []).append(tag)
    turns = tuple(_turn(line, by_turn.get(place, ())) for place, line in enumerate(lines))
    numbers, texts = [line.turn for line in lines], [line.text for line in lines]
    ledger = ledger_document(reading.entries, turns=numbers, texts=texts)
    return Tagged(turns=turns, offers={"dialogue": turns[0]["dialogue"], **ledger})


def _turn(line: Line, tags: Iterable[Tag]) -> dict[str, Any]:
    """What the line held as it was, what it left out in our words, and its tags.

    A tag whose score was never held against anything says so.
    """
    return {
        "dialogue": line.dialogue,
        "turn": line.turn,
        "speaker": line.speaker,
        **line.given,
        "tactics": [
            {
                "tactic": tag.tactic,
                "score": round(tag.score, 4),
                "quote": line.text[tag.start_char : tag.end_char],
                "start_char": tag.start_char,
                "end_char": tag.end_char,
                "method": tag.method,
                **({"calibrated": False} if tag.method == READER else {}),
            }
            for tag in tags
        ],
    }
