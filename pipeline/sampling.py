"""How far a sample fixes a figure: 90 % intervals of a share and of a median."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

_Z90 = 1.6448536269514722  # the normal distribution's 95 % quantile: 5 % lie beyond each end


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 90 % score interval of a share (Wilson, 1927); `whole` is 1 or more."""
    share, z2 = part / whole, _Z90**2
    centre = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    spread = share * (1 - share) / whole + z2 / (4 * whole**2)
    half = _Z90 * sqrt(spread) / (1 + z2 / whole)
    return max(0.0, centre - half), min(1.0, centre + half)


def median_interval(values: Iterable[float]) -> tuple[float, float] | None:
    """The interval of a median that holds in at least 90 % of samples, whatever their shape.

    The k-th lowest to the k-th highest value: the median lies outside if fewer than k of n values
    fall on one side of it, which is binomial with one half (Thompson, 1936). k is the largest that
    keeps 90 %; None where even lowest to highest does not, with fewer than 5 values.
    """
    ordered = sorted(values)
    beyond = _beyond(len(ordered))
    return (ordered[beyond - 1], ordered[-beyond]) if beyond else None


def _beyond(count: int) -> int:
    """The largest k for which 2 P(fewer than k of `count`) stays within 10 %; 0 if there is none.

    In whole numbers, since 2 ** count is beyond a float from 1,024 values on.
    """
    allowed = 2**count // 20  # 5 % of all outcomes at each side
    ways, outcomes, k = 1, 1, 0
    while outcomes <= allowed:
        k += 1
        ways = ways * (count - k + 1) // k
        outcomes += ways
    return k
