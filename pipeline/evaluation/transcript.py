"""Word error rates, by meeteval and jiwer, after Whisper's English normaliser.

Both sides are cut into utterances (words of one speaker without a gap over a second) and
normalised one by one, so that all rates of meeteval count the same words. The plain WER takes
the words of the whole call in order of their times, whoever said them: where two speak at once
their words interleave, in the reference as in the result, and small errors of time count as
errors of words there. ORC-WER is free of that and of speakers too: each reference utterance
may be found in any one found speaker's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from math import prod
from typing import TYPE_CHECKING

from pipeline.evaluation.hypothesis import Hypothesis
from pipeline.evaluation.measures import Observed
from pipeline.evaluation.normalise import normalised
from pipeline.evaluation.reference import Reference
from pipeline.evaluation.spoken import Said, in_order, of_nobody, speakers_of, spread, utterances

if TYPE_CHECKING:
    from meeteval.io import SegLST

COLLAR_S = 5
"""How far from its place a word may be found for the time-constrained rate."""
EXACT_STEPS = 200_000_000
"""The exact search for ORC-WER takes words times words of each found speaker; this is seconds."""
MOST_CHANNELS = 4


def score_words(reference: Reference, hypothesis: Hypothesis) -> Iterator[Observed]:
    """All word error rates that a reference with words allows."""
    if reference.words is None:
        return
    truth, found = _segments(reference.words), _segments(hypothesis.words)
    cp_errors, length = _cp(truth, found)
    orc_errors = _orc(truth, found)
    wer = _wer(reference.words, hypothesis.words)
    wer_errors = sum(wer[:3])
    yield Observed(measure="cpwer", part=cp_errors, whole=length)
    yield Observed(measure="tcpwer", part=_tcp(truth, found), whole=length)
    yield Observed(measure="orcwer", part=orc_errors, whole=length)
    yield Observed(measure="wer", part=wer_errors, whole=wer[3])
    for kind, count in zip(("substitutions", "deletions", "insertions"), wer[:3], strict=True):
        yield Observed(measure=f"wer_{kind}", part=count, whole=wer[3])
    # Utterance by utterance a few numbers normalise to other words than in the whole text.
    same_words = length / wer[3] if wer[3] else 1.0
    yield Observed(
        measure="cpwer_minus_wer", part=cp_errors - wer_errors * same_words, whole=length
    )
    yield Observed(measure="cpwer_minus_orcwer", part=cp_errors - orc_errors, whole=length)
    yield from _channels(truth, hypothesis.words)


def _segments(words: Sequence[Said]) -> list[Said]:
    """Utterances, normalised; those of which nothing is left, such as "um", are dropped."""
    plain = [
        Said(speaker=u.speaker, start_ms=u.start_ms, end_ms=u.end_ms, text=normalised(u.text))
        for u in utterances(words)
    ]
    return [utterance for utterance in plain if utterance.text]


def _count(segments: Sequence[Said]) -> int:
    return sum(len(segment.text.split()) for segment in segments)


def _seglst(segments: Sequence[Said]) -> SegLST:
    from meeteval.io import SegLST

    return SegLST(
        [
            {
                "session_id": "call",
                "speaker": segment.speaker,
                "words": segment.text,
                "start_time": segment.start_ms / 1000,
                "end_time": segment.end_ms / 1000,
            }
            for segment in segments
        ]
    )


def _cp(truth: Sequence[Said], found: Sequence[Said]) -> tuple[int, int]:
    """Errors with the best pairing of speakers, and reference words."""
    from meeteval.wer.wer.cp import cp_word_error_rate

    if not truth or not found:
        return _count(truth) + _count(found), _count(truth)
    rate = cp_word_error_rate(_seglst(truth), _seglst(found))
    return int(rate.errors), int(rate.length)


def _tcp(truth: Sequence[Said], found: Sequence[Said]) -> int:
    from meeteval.wer.wer.time_constrained import tcp_word_error_rate

    if not truth or not found:
        return _count(truth) + _count(found)
    rate = tcp_word_error_rate(
        _seglst(_single_words(truth)), _seglst(_single_words(found)), collar=COLLAR_S
    )
    return int(rate.errors)


def _single_words(segments: Sequence[Said]) -> list[Said]:
    """The normalised words, each with its part of the utterance's time."""
    return [
        word
        for s in segments
        for word in spread(s.text, speaker=s.speaker, start_ms=s.start_ms, end_ms=s.end_ms)
    ]


def _orc(truth: Sequence[Said], found: Sequence[Said]) -> int:
    """Errors with each reference utterance in the found stream that suits it best."""
    from meeteval.wer.wer.orc import greedy_orc_word_error_rate, orc_word_error_rate

    if not truth or not found:
        return _count(truth) + _count(found)
    streams = [_count(_of(found, speaker)) for speaker in speakers_of(found)]
    exact = _count(truth) * prod(streams) <= EXACT_STEPS
    search = orc_word_error_rate if exact else greedy_orc_word_error_rate
    return int(search(_seglst(truth), _seglst(found)).errors)


def _of(segments: Sequence[Said], speaker: str) -> list[Said]:
    return [segment for segment in segments if segment.speaker == speaker]


def _wer(truth: Sequence[Said], found: Sequence[Said]) -> tuple[int, int, int, int]:
    """Substitutions, deletions, insertions and reference words of the call as one text."""
    return _errors(_text(of_nobody(truth)), _text(of_nobody(found)))


def _text(words: Sequence[Said]) -> str:
    return normalised(" ".join(word.text for word in words))


def _errors(truth: str, found: str) -> tuple[int, int, int, int]:
    import jiwer

    if not truth:
        return 0, 0, len(found.split()), 0
    result = jiwer.process_words(truth, found)
    return result.substitutions, result.deletions, result.insertions, len(truth.split())


def _channels(truth: Sequence[Said], words: Sequence[Said]) -> Iterator[Observed]:
    """The rate of each channel against its speaker, for results with a channel a voice.

    Which channel is whose is decided by the fewest errors.
    """
    tracks = sorted({word.track for word in words})
    speakers = speakers_of(truth)
    if not 2 <= len(tracks) == len(speakers) <= MOST_CHANNELS:
        return
    own = [" ".join(u.text for u in _of(truth, speaker)) for speaker in speakers]
    heard = [
        " ".join(u.text for u in _segments(in_order(w for w in words if w.track == track)))
        for track in tracks
    ]
    table = [[sum(_errors(one, other)[:3]) for other in heard] for one in own]
    fewest = min(
        sum(table[row][column] for row, column in enumerate(order))
        for order in permutations(range(len(tracks)))
    )
    yield Observed(measure="channel_wer", part=fewest, whole=_count(truth))
