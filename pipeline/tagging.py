"""Tagging of transcripts without audio: dialogue by dialogue, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pipeline.reader.reply import METHOD as READER
from pipeline.reader.second import SecondReader
from pipeline.records import BACKCHANNEL, ENGLISH
from pipeline.tactics import Learned, Reading, read_call
from pipeline.tactics.codebook import Codebook, Tag, Utterance
from pipeline.tactics.offers.document import ledger_document
from pipeline.tagging_pool import tag_side_by_side
from pipeline.transcripts.language import language_of_text
from pipeline.transcripts.lines import Line, Refused, dialogues

_ALONE_TURNS = 10_000
"""So much is tagged before other processes, which take seconds to start, can be worth it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """A dialogue with its turns as they go out, its ledger, and how many tags are not shown.

    Turns and ledger are empty of finds in another `language` than English, which neither rules
    nor classifier know.
    """

    turns: tuple[Mapping[str, Any], ...]
    offers: Mapping[str, Any]
    language: str = ENGLISH
    hidden_count: int = 0


def tag_dialogues(
    lines: Iterable[Line | Refused],
    *,
    codebook: Codebook,
    refuse: Callable[[Refused], None],
    learned: Learned | None = None,
    experimental: Set[str] = frozenset(),
    all_tags: bool = False,
    processes: int = 1,
    second: SecondReader | None = None,
) -> Iterator[Tagged]:
    """Each dialogue tagged as soon as it has been read; `refuse` is told of unreadable lines.

    Without a classifier (`learned`) the rules alone speak; then a long transcript is shared among
    so many `processes`. The classifier keeps all cores busy by itself. Tags of conduct need a
    speech map, which a transcript has not, even with times: they are absent, never guessed. Where
    a second reader is given, its tags stand beside the others; the ledger does not see them.

    Tags of `experimental` tactics are left out of the turns, or with `all_tags` marked; the ledger
    rests on all tags in either case. The bar does not concern the second reader's.

    A dialogue too long for memory comes in parts, each with a ledger of its own; see `dialogues`.
    """
    source = dialogues(_readable(lines, refuse))
    for tagged in _all_tagged(source, codebook, learned, second, processes=processes):
        yield _judged(tagged, experimental=experimental, all_tags=all_tags)


def _all_tagged(
    source: Iterator[Sequence[Line]],
    codebook: Codebook,
    learned: Learned | None,
    second: SecondReader | None,
    *,
    processes: int,
) -> Iterator[Tagged]:
    """All dialogues, of a long transcript by several processes."""
    side_by_side = processes > 1 and learned is None and second is None
    turn_count = 0
    for dialogue in source:
        yield _tagged(dialogue, codebook, learned, second)
        turn_count += len(dialogue)
        if side_by_side and turn_count >= _ALONE_TURNS:
            break
    if side_by_side:
        tagger = partial(_tagged, codebook=codebook, learned=None, second=None)
        yield from tag_side_by_side(source, tagger=tagger, processes=processes)


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
    language = language_of_text(line.text for line in lines)
    reading, added = Reading(tags=(), entries=()), []
    if language == ENGLISH:
        reading = read_call(utterances, codebook, learned)
        added = second.added(lines[0].dialogue, utterances, reading.tags) if second else []
    by_turn: dict[int, list[Tag]] = {}
    for tag in sorted((*reading.tags, *added), key=lambda tag: tag.start_char):
        by_turn.setdefault(tag.turn, []).append(tag)
    turns = tuple(_turn(line, by_turn.get(place, ())) for place, line in enumerate(lines))
    numbers, texts = [line.turn for line in lines], [line.text for line in lines]
    ledger = ledger_document(reading.entries, turns=numbers, texts=texts)
    offers = {"dialogue": turns[0]["dialogue"], **ledger}
    return Tagged(turns=turns, offers=offers, language=language)


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


def _judged(tagged: Tagged, *, experimental: Set[str], all_tags: bool) -> Tagged:
    """The dialogue without its experimental tags, or with these marked."""
    turns = tuple(
        {**turn, "tactics": _shown(turn["tactics"], experimental=experimental, all_tags=all_tags)}
        for turn in tagged.turns
    )
    hidden = sum(
        len(turn["tactics"]) - len(shown["tactics"])
        for turn, shown in zip(tagged.turns, turns, strict=True)
    )
    return replace(tagged, turns=turns, hidden_count=hidden)


def _shown(
    tags: Iterable[Mapping[str, Any]], *, experimental: Set[str], all_tags: bool
) -> list[dict[str, Any]]:
    # how often the second reader is right was not measured: the bar is the built-in tagger's
    marked = [(tag, tag["tactic"] in experimental and tag["method"] != READER) for tag in tags]
    return [
        {**tag, "experimental": True} if unsure else {**tag}
        for tag, unsure in marked
        if all_tags or not unsure
    ]
