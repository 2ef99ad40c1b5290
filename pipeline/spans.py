"""Stretches of time, and how long they are together."""

from __future__ import annotations

from collections.abc import Sequence

Span = tuple[int, int]
"""(start_ms, end_ms)."""


def union(spans: Sequence[Span]) -> list[Span]:
    """The same time as stretches that do not touch, by start."""
    merged: list[Span] = []
    for start_ms, end_ms in sorted(spans):
        if merged and start_ms <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end_ms))
        else:
            merged.append((start_ms, end_ms))
    return merged


def length_ms(spans: Sequence[Span]) -> int:
    """How long a union is."""
    return sum(end_ms - start_ms for start_ms, end_ms in union(spans))
