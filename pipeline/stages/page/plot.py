"""Where data stand in a drawing: from values to pixels, and round ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

Drawn = list[dict[str, Any]]

TICK_STEPS_S = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
TICK_SPACE_PX = 62
DECADES = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """The part of a drawing that holds the data, in pixels, with the range of values it shows."""

    left: float
    top: float
    right: float
    bottom: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x(self, value: float) -> float:
        """Where that value is from the left."""
        low, high = self.x_range
        return round(self.left + (value - low) / (high - low) * (self.right - self.left), 2)

    def y(self, value: float) -> float:
        """Where that value is from the top; larger values are higher."""
        low, high = self.y_range
        return round(self.bottom - (value - low) / (high - low) * (self.bottom - self.top), 2)


def time_step(*, second_px: float) -> int:
    """The shortest round step in seconds whose labels have room beside each other."""
    fitting = (step for step in TICK_STEPS_S if step * second_px >= TICK_SPACE_PX)
    return next(fitting, TICK_STEPS_S[-1])


def round_step(span: float, *, most: int) -> float:
    """The smallest of …, 0.5, 1, 2, 5, 10, … that divides `span` into at most `most`."""
    decade = 10.0 ** math.floor(math.log10(span / most))
    return next(one * decade for one in DECADES if one * decade * most >= span * (1 - 1e-9))


def rounded_range(low: float, high: float, *, most: int) -> tuple[float, float, float]:
    """A range of round numbers around `low` and `high`, and the step of its ticks."""
    step = round_step(max(high - low, 1e-9), most=most)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def steps(low: float, high: float, *, step: float) -> list[float]:
    """The ticks from `low` to `high`, both included."""
    return [low + number * step for number in range(round((high - low) / step) + 1)]
