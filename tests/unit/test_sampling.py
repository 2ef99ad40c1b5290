"""Intervals of a share and of a median: by hand, and what holds for all of them."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.sampling import median_interval, wilson

COUNTS = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
VALUES = st.lists(st.integers(-5000, 60_000), min_size=1, max_size=60)
ROUNDING = 1e-12


# --- a share


def test_all_of_three_leave_half_open() -> None:
    """3 of 3: the lower end is 3 / (3 + 1.645²) = 3 / 5.706 = 0.526, the upper one 1."""
    low, high = wilson(3, 3)
    assert low == pytest.approx(3 / 5.7055, abs=1e-4)
    assert high == pytest.approx(1)


def test_half_of_ten() -> None:
    """5 of 10: z² = 2.7055; half-width sqrt(0.025 + 2.7055/400) · 1.645 / 1.27055 = 0.2307."""
    assert wilson(5, 10) == pytest.approx((0.2693, 0.7307), abs=1e-4)


@given(COUNTS)
def test_the_score_interval_holds_the_share(counts: tuple[int, int]) -> None:
    """Inside 0 to 1, around the share, and the mirror image of the rest."""
    part, whole = counts
    low, high = wilson(part, whole)
    assert 0 <= low <= part / whole + ROUNDING
    assert part / whole - ROUNDING <= high <= 1
    assert wilson(whole - part, whole) == pytest.approx((1 - high, 1 - low))


@given(COUNTS, st.integers(2, 20))
def test_more_of_the_same_narrows_a_share(counts: tuple[int, int], times: int) -> None:
    """The same share of more cases has a narrower interval."""
    part, whole = counts
    low, high = wilson(part, whole)
    narrow_low, narrow_high = wilson(part * times, whole * times)
    assert narrow_high - narrow_low < high - low


# --- a median


@pytest.mark.parametrize("values", [[], [7], [1, 2], [1, 2, 3], [4, 3, 2, 1]])
def test_four_values_fix_no_median(values: list[float]) -> None:
    """Lowest to highest of 4 holds in 1 - 2/16 = 87.5 % of samples only."""
    assert median_interval(values) is None


def test_five_values_give_lowest_to_highest() -> None:
    """1 - 2/32 = 93.75 %; the second lowest would leave 1 - 2 · 6/32 = 62.5 %."""
    assert median_interval([3, 1, 9, -2, 4]) == (-2, 9)


def test_eight_values_give_the_second_from_each_end() -> None:
    """1 - 2 · (1 + 8)/256 = 93 %; the third would leave 1 - 2 · 37/256 = 71 %."""
    assert median_interval(range(1, 9)) == (2, 7)


@given(VALUES)
def test_the_interval_holds_the_median_at_90_percent(values: list[int]) -> None:
    """Its ends are values, as far from both ends; one step further in holds in less than 90 %."""
    found = median_interval(values)
    count, ordered = len(values), sorted(values)
    if found is None:
        assert count < 5
        return
    low, high = found
    middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    assert ordered[0] <= low <= middle <= high <= ordered[-1]
    k = next(k for k in range(1, count) if covered(k + 1, count) < 0.9)
    assert covered(k, count) >= 0.9
    assert (low, high) == (ordered[k - 1], ordered[-k])


def covered(k: int, count: int) -> float:
    """The share of samples in which the k-th value from each end encloses the median."""
    return 1 - 2 * sum(comb(count, i) for i in range(k)) / 2**count


@given(VALUES, st.integers(2, 8))
def test_more_of_the_same_widens_no_median(values: list[int], times: int) -> None:
    """Each value said several times over gives an interval that is as wide or narrower."""
    found = median_interval(values)
    assume(found is not None)
    narrow = median_interval(values * times)
    assert found
    assert narrow
    assert found[0] <= narrow[0] <= narrow[1] <= found[1]


def test_a_long_call_has_one_too() -> None:
    """2 ** 5000 is beyond a float; the interval lies about 1.645 · sqrt(5000) / 2 = 58 off."""
    found = median_interval(range(5000))
    assert found == pytest.approx((2500 - 58, 2499 + 58), abs=2)
