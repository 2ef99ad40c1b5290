"""Two voices on one timeline: gaps, overlaps, backchannels, each with its exact times."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from eval_calls.clips import Clip
from eval_calls.dialogue import Turn
from eval_calls.sounds import SPEECH_SPLIT_S, Interval, Sound, Word, close_gaps
from eval_calls.wording import Number

Speak = Callable[[int, str, str], Sound]
"""(speaker, text, key that seeds tempo and pitch) -> sound."""

EDGE_S = 0.5
SENTENCE_PAUSE_RANGE_S = (0.2, 0.45)
LONG_PAUSE_SHARE, LONG_PAUSE_RANGE_S = 0.08, (2.0, 4.0)
OVERLAP_SHARE, OVERLAP_RANGE_S = 0.15, (-0.5, -0.05)
GAP_RANGE_S, GAP_MODE_S = (0.0, 1.5), 0.35
OWN_GAP_S = 0.3
HEARD_BEFORE_OVERLAP = 0.5
BACKCHANNELS = ("mm-hmm", "right", "okay", "yeah", "I see", "uh-huh")
BACKCHANNEL_SHARE = 0.35
BACKCHANNEL_DELAY_RANGE_S = (0.03, 0.25)
BACKCHANNEL_MARGIN_WORDS = 3
BACKCHANNEL_LEAST_WORDS = 9
CLIP_REPEATS = 3
SAME_SPEAKER_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A turn or backchannel; `parts` are sounds with the call second of their first sample."""

    speaker: int
    kind: str
    parts: tuple[tuple[float, Sound], ...]
    numbers: tuple[Number, ...] = ()

    @property
    def text(self) -> str:
        """What is said."""
        return " ".join(sound.text for _, sound in self.parts)

    @property
    def words(self) -> list[Word]:
        """The words in seconds of the call; empty where their times are unknown."""
        return [
            replace(word, start_s=word.start_s + at_s, end_s=word.end_s + at_s)
            for at_s, sound in self.parts
            for word in sound.words
        ]

    @property
    def speech(self) -> list[Interval]:
        """The speech intervals in seconds of the call."""
        return [
            (start_s + at_s, end_s + at_s)
            for at_s, sound in self.parts
            for start_s, end_s in sound.speech
        ]

    @property
    def start_s(self) -> float:
        """Where its speech begins."""
        at_s, sound = self.parts[0]
        return sound.start_s + at_s

    @property
    def end_s(self) -> float:
        """Where its speech ends."""
        at_s, sound = self.parts[-1]
        return sound.end_s + at_s


def move(line: Line, *, start_s: float) -> Line:
    """The line, moved so that its speech begins then."""
    by_s = start_s - line.start_s
    return replace(line, parts=tuple((at_s + by_s, sound) for at_s, sound in line.parts))


def speak_turn(turn: Turn, *, speak: Speak, key: str) -> Line:
    """The turn spoken, with pauses between its sentences, from second 0."""
    dice, parts, now_s = random.Random(f"{key} pauses"), [], 0.0
    for number, sentence in enumerate(turn.sentences):
        sound = speak(turn.speaker, sentence.text, f"{key} {number}")
        parts.append((now_s - sound.start_s, sound))
        now_s += sound.end_s - sound.start_s + dice.uniform(*SENTENCE_PAUSE_RANGE_S)
    numbers = tuple(number for sentence in turn.sentences for number in sentence.numbers)
    return Line(speaker=turn.speaker, kind="turn", parts=tuple(parts), numbers=numbers)


def draw_gap_s(dice: random.Random) -> float:
    """Seconds from the end of a turn to the next one's start; negative is an overlap."""
    kind = dice.random()
    if kind < LONG_PAUSE_SHARE:
        return dice.uniform(*LONG_PAUSE_RANGE_S)
    if kind < LONG_PAUSE_SHARE + OVERLAP_SHARE:
        return dice.uniform(*OVERLAP_RANGE_S)
    return dice.triangular(*GAP_RANGE_S, GAP_MODE_S)


def place_turns(turns: Iterable[Turn], *, speak: Speak, length_s: float, key: str) -> list[Line]:
    """Spoken turns and backchannels on the call's timeline until `length_s`, by start."""
    placed: list[Line] = []
    before: Line | None = None
    for number, turn in enumerate(turns):
        line = speak_turn(turn, speak=speak, key=f"{key} turn {number}")
        line = place_after(line, before=before, placed=placed, key=f"{key} gap {number}")
        answers = list(backchannels_in(line, speak=speak, placed=placed, key=f"{key} {number}"))
        placed += [line, *answers]
        before = line
        if line.end_s > length_s:
            break
    return sorted(placed, key=lambda line: line.start_s)


def place_after(line: Line, *, before: Line | None, placed: Sequence[Line], key: str) -> Line:
    """The line, a drawn gap after the turn before it, and never over its own speaker."""
    if before is None:
        return move(line, start_s=EDGE_S)
    own = [other.end_s + OWN_GAP_S for other in placed if other.speaker == line.speaker]
    heard_s = before.start_s + HEARD_BEFORE_OVERLAP * (before.end_s - before.start_s)
    drawn_s = before.end_s + draw_gap_s(random.Random(key))
    return move(line, start_s=max(drawn_s, heard_s, *own))


def backchannels_in(
    turn: Line, *, speak: Speak, placed: Sequence[Line], key: str
) -> Iterator[Line]:
    """The listener's short sounds over a placed turn: none, or one inside it."""
    dice, words = random.Random(f"{key} backchannel"), turn.words
    if len(words) < BACKCHANNEL_LEAST_WORDS or dice.random() >= BACKCHANNEL_SHARE:
        return
    after = dice.randrange(BACKCHANNEL_MARGIN_WORDS, len(words) - BACKCHANNEL_MARGIN_WORDS)
    sound = speak(1 - turn.speaker, dice.choice(BACKCHANNELS), f"{key} backchannel")
    start_s = words[after].end_s + dice.uniform(*BACKCHANNEL_DELAY_RANGE_S)
    said = Line(speaker=1 - turn.speaker, kind="backchannel", parts=((0.0, sound),))
    said = move(said, start_s=start_s)
    own = [other.end_s + OWN_GAP_S for other in placed if other.speaker == said.speaker]
    if start_s >= max(own, default=0.0) and said.end_s < turn.end_s:
        yield said


def deal_clips(
    decks: Sequence[Sequence[Clip]], *, dice: random.Random
) -> Iterator[tuple[int, Clip]]:
    """Who says which recorded utterance next; each is said CLIP_REPEATS times at most.

    Turns mostly alternate; when one side has nothing left, the call ends.
    """
    rounds = [
        itertools.chain(*(shuffled(deck, dice=dice) for _ in range(CLIP_REPEATS))) for deck in decks
    ]
    speaker = dice.randrange(2)
    while (clip := next(rounds[speaker], None)) is not None:
        yield speaker, clip
        speaker = speaker if dice.random() < SAME_SPEAKER_SHARE else 1 - speaker


def shuffled(deck: Sequence[Clip], *, dice: random.Random) -> list[Clip]:
    """The deck in random order."""
    return dice.sample(deck, len(deck))


def place_clips(
    dealt: Iterable[tuple[int, Clip]],
    *,
    cut: Callable[[int, Clip], Sound],
    length_s: float,
    key: str,
) -> list[Line]:
    """Recorded utterances on the call's timeline until `length_s`, by start."""
    placed: list[Line] = []
    before: Line | None = None
    for number, (speaker, clip) in enumerate(dealt):
        line = Line(speaker=speaker, kind="turn", parts=((0.0, cut(speaker, clip)),))
        before = place_after(line, before=before, placed=placed, key=f"{key} gap {number}")
        placed.append(before)
        if before.end_s > length_s:
            break
    return sorted(placed, key=lambda line: line.start_s)


def speech_of(lines: Iterable[Line], *, speaker: int) -> list[Interval]:
    """One speaker's speech map in seconds: gaps shorter than SPEECH_SPLIT_S are closed."""
    intervals = (span for line in lines if line.speaker == speaker for span in line.speech)
    return close_gaps(intervals, shorter_than_s=SPEECH_SPLIT_S)
