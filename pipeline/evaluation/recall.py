"""What must not be lost: amounts, short replies, fillers, and speech as such."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.evaluation.alignment import match
from pipeline.evaluation.derived import speech_map, word_frame
from pipeline.evaluation.hypothesis import Hypothesis
from pipeline.evaluation.measures import Observed
from pipeline.evaluation.normalise import values
from pipeline.evaluation.reference import Amount, Reference
from pipeline.evaluation.spoken import Interval, Said, bare, of_nobody, utterances
from pipeline.spans import length_ms
from pipeline.stages.metrics.wordless import speech_without_words_ms

AMOUNT_NEAR_MS = 10_000
WORD_NEAR_MS = 500
"""Word times of recognisers are off by up to half a second."""
COVERED_SHARE = 0.5
_FILLER = re.compile(r"u+h*m+|u+h+|e+r+m?|a+h+|h+m+|m+h*m+|mm+")
_LISTENING = re.compile(r"(?:m+h+m*|u+h+h+u+h+|m+|h+m+|a+h+a*)")
_SAME_REPLY = {"ok": "okay", "yep": "yeah", "yup": "yeah", "allright": "alright"}

Speakers = Mapping[str, str]
"""From reference speakers to those found."""


# --- amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """Numbers in a row of a result."""

    values: tuple[float, ...]
    speaker: str
    at_ms: int


def score_amounts(
    reference: Reference, hypothesis: Hypothesis, *, speakers: Speakers
) -> Iterator[Observed]:
    """Amounts found at all, and found at the right speaker; both of all that can be read."""
    if reference.numbers is None:
        return
    wanted = [(amount, _readings(amount)) for amount in reference.numbers]
    readable = [(amount, readings) for amount, readings in wanted if readings]
    lengths = sorted({len(reading) for _, readings in readable for reading in readings})
    own = _heard(utterances(hypothesis.words), lengths=lengths)
    anyone = _heard(utterances(of_nobody(hypothesis.words)), lengths=lengths)
    attributed = match(readable, own, cost=lambda one, other: _apart(one, other, speakers))
    found = {*attributed, *match(readable, own, cost=lambda one, other: _apart(one, other, None))}
    found |= set(match(readable, anyone, cost=lambda one, other: _apart(one, other, None)))
    yield Observed(measure="numbers_found", part=len(found), whole=len(readable))
    yield Observed(measure="numbers_attributed", part=len(attributed), whole=len(readable))
    if len(readable) < len(wanted):
        unread = len(wanted) - len(readable)
        yield Observed(measure="numbers_unread", part=unread, whole=1)


def _readings(amount: Amount) -> frozenset[tuple[float, ...]]:
    """What the forms of an amount say, by value; empty where no form holds a number."""
    return frozenset(filter(None, (values(form) for form in amount.forms)))


def _heard(segments: Sequence[Said], *, lengths: Sequence[int]) -> list[_Heard]:
    """The numbers of utterances, in rows of some lengths, timed by their place in the row."""
    return [
        _Heard(
            values=found[first : first + length],
            speaker=segment.speaker,
            at_ms=segment.start_ms
            + (segment.end_ms - segment.start_ms) * (2 * first + length) // (2 * len(found)),
        )
        for segment in segments
        for found in (values(segment.text),)
        for length in lengths
        for first in range(len(found) - length + 1)
    ]


def _apart(
    wanted: tuple[Amount, frozenset[tuple[float, ...]]], heard: _Heard, speakers: Speakers | None
) -> float | None:
    """How far two mentions of an amount lie apart, in milliseconds; None where they differ."""
    amount, readings = wanted
    if heard.values not in readings:
        return None
    if speakers is not None and speakers.get(amount.said.speaker) != heard.speaker:
        return None
    apart_ms = max(amount.said.start_ms - heard.at_ms, heard.at_ms - amount.said.end_ms, 0)
    return apart_ms if apart_ms <= AMOUNT_NEAR_MS else None


# --- short replies and fillers


def score_replies(
    reference: Reference, hypothesis: Hypothesis, *, speakers: Speakers
) -> Iterator[Observed]:
    """Short replies that left a word, whether at the right speaker, and on the speech map."""
    if reference.short_replies is None:
        return
    replies = reference.short_replies
    words = [_words_of(reply, reference, hypothesis.words) for reply in replies]
    heard = [(reply, found) for reply, found in zip(replies, words, strict=True) if found]
    right = [
        reply
        for reply, found in heard
        if 2 * sum(word.speaker == speakers.get(reply.speaker) for word in found) >= len(found)
    ]
    mapped = [reply for reply in replies if _is_mapped(reply, hypothesis.speech, speakers)]
    yield Observed(measure="replies_heard", part=len(heard), whole=len(replies))
    yield Observed(measure="replies_attributed", part=len(right), whole=len(heard))
    yield Observed(measure="replies_mapped", part=len(mapped), whole=len(replies))


def _words_of(reply: Said, reference: Reference, words: Sequence[Said]) -> list[Said]:
    """The words of a result that stand for a reply.

    Words of the same text near it; else, where nobody else speaks in its time, whatever words
    lie in it: heard wrongly, but heard.
    """
    texts = {_reply_word(word) for word in reply.text.split()}
    near = [word for word in words if _within(word, reply, near_ms=WORD_NEAR_MS)]
    same = [word for word in near if _reply_word(word.text) in texts]
    if same or _is_covered(reply, reference):
        return same
    return [word for word in words if _within(word, reply, near_ms=0)]


def _reply_word(text: str) -> str:
    """A word of a reply; all ways to write "mm-hm" are one."""
    word = bare(text)
    return "mhm" if _LISTENING.fullmatch(word) else _SAME_REPLY.get(word, word)


def _within(word: Said, said: Said, *, near_ms: int) -> bool:
    return said.start_ms - near_ms <= word.middle_ms <= said.end_ms + near_ms


def _is_covered(reply: Said, reference: Reference) -> bool:
    """Whether somebody else speaks during a reply."""
    others = reference.speech if reference.speech is not None else reference.words
    return any(
        other.speaker != reply.speaker
        and other.start_ms < reply.end_ms
        and reply.start_ms < other.end_ms
        for other in others or ()
    )


def _is_mapped(reply: Said, speech: Sequence[Interval], speakers: Speakers) -> bool:
    """Whether the map shows the right speaker for at least half of a reply."""
    own = [(i.start_ms, i.end_ms) for i in speech if i.speaker == speakers.get(reply.speaker)]
    inside = [
        (max(start_ms, reply.start_ms), min(end_ms, reply.end_ms))
        for start_ms, end_ms in own
        if start_ms < reply.end_ms and reply.start_ms < end_ms
    ]
    return length_ms(inside) > 0 and length_ms(inside) >= COVERED_SHARE * (
        reply.end_ms - reply.start_ms
    )


def score_fillers(reference: Reference, hypothesis: Hypothesis) -> Iterator[Observed]:
    """Fillers that are in the transcript, each for one of the reference."""
    if reference.fillers is None:
        return
    kept = [word for word in hypothesis.words if _FILLER.fullmatch(bare(word.text))]
    found = match(reference.fillers, kept, cost=_filler_apart)
    yield Observed(measure="fillers_found", part=len(found), whole=len(reference.fillers))


def _filler_apart(filler: Said, word: Said) -> float | None:
    near = _within(word, filler, near_ms=WORD_NEAR_MS)
    return abs(word.start_ms - filler.start_ms) if near else None


# --- speech


def score_unheard(reference: Reference, hypothesis: Hypothesis) -> Iterator[Observed]:
    """True speech in or near which no word was found, as speech_without_words_s has it."""
    if reference.speech is None:
        return
    one_track = dict.fromkeys((*reference.speakers, *hypothesis.speakers), 0)
    unheard_ms = speech_without_words_ms(
        speech_map(reference.speech, tracks=one_track),
        word_frame(hypothesis.words, tracks=one_track),
    )
    yield Observed(measure="unheard_speech_s", part=unheard_ms / 1000, whole=1)
