"""Conduct: what the timing of a call shows, as tags: silence held, cutting in, listening sounds.

Only a recording has these: without a speech map (a transcript, with times or without) nothing
is guessed, and there is none of these tags.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.floor import Turn, interruptions, transfers
from pipeline.records import BACKCHANNEL as BACKCHANNEL_KIND
from pipeline.records import TURN
from pipeline.tactics.codebook import Tag
from pipeline.tactics.text import MAX_CLAUSE_TOKENS, Span, read_passage, sentences, words

DYNAMIC_SILENCE, INTERRUPTION, BACKCHANNEL = "dynamic_silence", "interruption", "backchannel"
METHOD = "audio"
SCORE = 0.8
"""One mark for all: the definitions hold on the speech map, and only that may be wrong."""
SILENCE_MS = 2000
"""What the codebook calls a dynamic silence, at the least."""
ASKING = frozenset(
    {
        *("label", "mirror", "open_question", "closed_question", "calibrated_question"),
        *("no_oriented_question", "follow_up_question"),
    }
)
"""Labels, mirrors and questions of every form: what a silence can wait on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard(Turn):
    """A turn or backchannel with its number in the call, its words and its kind."""

    number: int
    text: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """An interval of the speech map."""

    speaker: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Speech without a gap, whoever speaks; `opener` is who broke the silence before it."""

    opener: str
    start_ms: int
    end_ms: int


def find_conduct(
    heard: Sequence[Heard],
    tags: Iterable[Tag],
    speech: Sequence[Sound],
    *,
    min_overlap_ms: int,
    min_length_ms: int,
) -> list[Tag]:
    """The tags of conduct; `heard` and `speech` by start, `tags` are those of wording.

    What cuts in is what `floor.interruptions` says, by `min_overlap_ms` and `min_length_ms`.
    Without a speech map there are none.
    """
    if not speech:
        return []
    turns = [one for one in heard if one.kind == TURN]
    cut_in = interruptions(turns, min_overlap_ms=min_overlap_ms, min_length_ms=min_length_ms)
    listening = [one for one in heard if one.kind == BACKCHANNEL_KIND]
    return [
        *_held_silences(turns, tags, speech),
        *(_tag(one, INTERRUPTION, _opening(one.text)) for one in cut_in if one.text),
        *(_tag(one, BACKCHANNEL, (0, len(one.text))) for one in listening if one.text),
    ]


def _tag(turn: Heard, tactic: str, quote: tuple[int, int]) -> Tag:
    start_char, end_char = quote
    return Tag(
        turn=turn.number,
        tactic=tactic,
        score=SCORE,
        start_char=start_char,
        end_char=end_char,
        method=METHOD,
    )


def _opening(text: str) -> tuple[int, int]:
    """The first sentence, or as much of it as a clause may have; where there is none, all."""
    passage = read_passage(text)
    first = next(iter(sentences(passage)), None)
    if first is None:
        return 0, len(text)
    last = min(first.last, first.first + MAX_CLAUSE_TOKENS - 1)
    return passage.chars(Span(first=first.first, last=last))


# --- silence


def _held_silences(
    turns: Sequence[Heard], tags: Iterable[Tag], speech: Sequence[Sound]
) -> Iterator[Tag]:
    """Asked, then left to the other: at least SILENCE_MS in which nobody speaks.

    The asking is the last thing in its turn, the floor goes to another speaker, and whoever
    breaks the silence is not the one who asked. A listening sound within SILENCE_MS breaks it
    too. A silence to the end of the recording is none: nobody answered it, and a recording may
    run on after the call.
    """
    asked = _asked(tags)
    stretches = _stretches(speech)
    own = {
        speaker: [one.start_ms for one in speech if one.speaker == speaker]
        for speaker in {one.speaker for one in speech}
    }
    for one, two in transfers(turns):
        span = _last_words(one.text, asked.get(one.number, ()))
        if span and _is_left(one, two, own.get(one.speaker, ()), stretches):
            yield _tag(one, DYNAMIC_SILENCE, span)


def _asked(tags: Iterable[Tag]) -> Mapping[int, list[Tag]]:
    """The labels, mirrors and questions of each turn."""
    asked: dict[int, list[Tag]] = {}
    for tag in tags:
        if tag.tactic in ASKING:
            asked.setdefault(tag.turn, []).append(tag)
    return asked


def _last_words(text: str, asked: Sequence[Tag]) -> tuple[int, int] | None:
    """The span that ends a turn, the longest one; None where something is said after it."""
    if not asked:
        return None
    start_char, end_char = max(
        ((tag.start_char, tag.end_char) for tag in asked), key=lambda span: (span[1], -span[0])
    )
    goes_on = words(read_passage(text[end_char:]).clean)
    return None if goes_on else (start_char, end_char)


def _stretches(speech: Sequence[Sound]) -> list[_Stretch]:
    """Speech of anybody as stretches with silence between them, by start."""
    found: list[_Stretch] = []
    for one in speech:
        opener, start_ms, end_ms = one.speaker, one.start_ms, one.end_ms
        if found and start_ms <= found[-1].end_ms:
            last = found.pop()
            opener, start_ms, end_ms = last.opener, last.start_ms, max(last.end_ms, end_ms)
        found.append(_Stretch(opener=opener, start_ms=start_ms, end_ms=end_ms))
    return found


def _is_left(one: Turn, two: Turn, own: Sequence[int], stretches: Sequence[_Stretch]) -> bool:
    """Whether the other has a silence to answer in; `own` are the starts of the asker's speech.

    The silence begins with the end of the stretch that holds the asker's last sound, since the
    end of a turn may be that of a word, which a recogniser draws out over the pause.
    """
    sounds = bisect_left(own, one.end_ms)
    if not sounds:
        return False
    after = bisect_left(stretches, own[sounds - 1] + 1, key=lambda stretch: stretch.start_ms)
    if after == len(stretches):
        return False
    before, following = stretches[after - 1], stretches[after]
    return (
        following.start_ms - before.end_ms >= SILENCE_MS
        and following.opener != one.speaker
        and two.start_ms > before.end_ms
    )
