"""How far two readers agree, by hand."""

from __future__ import annotations

import pytest

from pipeline.reader.agreement import Agreement


@pytest.mark.parametrize(
    ("counts", "kappa"),
    [
        ((20, 5, 10, 15), 0.4),  # p_o 0.7, p_e 0.5 * 0.6 + 0.5 * 0.4 = 0.5
        ((5, 0, 0, 5), 1.0),
        ((0, 1, 1, 0), -1.0),  # p_o 0, p_e 0.5
        ((1, 1, 1, 1), 0.0),
        ((0, 0, 1, 9), 0.0),  # the built-in tagger never saw it: what chance gives
        ((0, 0, 0, 10), None),
        ((10, 0, 0, 0), None),
        ((0, 0, 0, 0), None),
    ],
)
def test_kappa(counts: tuple[int, int, int, int], kappa: float | None) -> None:
    """(p_o - p_e) / (1 - p_e), and none where both always say the same one thing."""
    both, only_built_in, only_reader, neither = counts
    found = Agreement(
        tactic="threat",
        both=both,
        only_built_in=only_built_in,
        only_reader=only_reader,
        neither=neither,
    ).kappa
    assert found == (None if kappa is None else pytest.approx(kappa, abs=1e-12))
