"""What the top of the page says of earlier calls."""

from __future__ import annotations

from typing import Any

import pytest
import report_builder as build

from pipeline.stages.page.top import headlines
from pipeline.stages.page.wording import isolated


def after_one_call(*, is_me: bool) -> dict[str, Any]:
    """A report whose first speaker, Ana, had one earlier call."""
    speakers = [
        build.speaker("S0", "Ana", is_me=is_me, talk_ratio=0.5),
        build.speaker("S1", "Ben", is_me=False, talk_ratio=0.5),
    ]
    figure = {"count": 1, "median": 0.4, "low": 0.4, "high": 0.4}
    return build.full_report() | {
        "speakers": speakers,
        "earlier": {"call_count": 1, "figures": {"talk_ratio": figure}},
    }


@pytest.mark.parametrize(
    ("is_me", "whose"), [(True, "in your earlier call"), (False, f"in {isolated('Ana')}’s earlier")]
)
def test_an_earlier_call_is_that_of_whom_the_report_is_for(is_me: bool, whose: str) -> None:
    """Where nobody is marked as "you", whoever spoke first was compared by name."""
    card = next(one for one in headlines(after_one_call(is_me=is_me)) if one.metric == "talk_ratio")
    assert whose in card.earlier
    assert ("your" in card.earlier) == is_me
