"""When a quote is said: from characters of a turn's text to the times of its words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

WordTimes = Sequence[tuple[int | None, int | None, str]]
"""(start_ms, end_ms, text) of every word of a call, by its id."""


def quote_ms(
    turn: Mapping[str, Any], words: WordTimes, *, start_char: int, end_char: int
) -> tuple[int | None, int | None]:
    """Start of the first and end of the last word of a quote, in milliseconds.

    `turn` is a row of TURNS, whose words join by blanks. Of words without times, the turn's.
    """
    word_ids: Sequence[int] = turn["words"]
    starts = [0]
    for number in word_ids[:-1]:
        starts.append(starts[-1] + len(words[number][2]) + 1)
    first = max(0, bisect_right(starts, start_char) - 1)
    last = max(first, bisect_right(starts, max(start_char, end_char - 1)) - 1)
    start_ms, end_ms = words[word_ids[first]][0], words[word_ids[last]][1]
    if start_ms is None or end_ms is None:
        return turn["start_ms"], turn["end_ms"]
    return start_ms, max(start_ms, end_ms)
