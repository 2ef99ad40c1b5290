"""When the words of a quote were said."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

Time = tuple[int | None, int | None]
"""(start_ms, end_ms), null where nobody knows."""


def quote_ms(
    start_char: int,
    end_char: int,
    *,
    words: Sequence[int],
    spoken: Sequence[tuple[int | None, int | None, str]],
    turn_ms: Time,
) -> Time:
    """Start of the first and end of the last word of a quote; of words without times, its turn's.

    `words` are the turn's, whose text joins them by blanks; `spoken` has (start_ms, end_ms, text)
    of every word of the call.
    """
    starts = [0]
    for number in words[:-1]:
        starts.append(starts[-1] + len(spoken[number][2]) + 1)
    first = max(0, bisect_right(starts, start_char) - 1)
    last = max(first, bisect_right(starts, max(start_char, end_char - 1)) - 1)
    start_ms, end_ms = spoken[words[first]][0], spoken[words[last]][1]
    if start_ms is None or end_ms is None:
        return turn_ms
    return start_ms, max(start_ms, end_ms)
