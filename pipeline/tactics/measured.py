"""How often the tags of each tactic were right on test data, as the package publishes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pipeline.errors import ConfigError

PRECISION_BAR = 0.6
"""Tags of a tactic with a lower measured precision are experimental (issue 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A tactic's precision on test data, with the 90 % interval `precision_low` to `_high`.

    `support` counts the finds that precision rests on, right and wrong ones; `present` how often
    the tactic was there, found or not, for `f1`. `data` names the parts that judged it.
    """

    tactic: str
    precision: float
    precision_low: float
    precision_high: float
    support: int
    present: int
    f1: float
    data: tuple[str, ...]

    def __post_init__(self) -> None:
        shares = (self.precision_low, self.precision, self.precision_high)
        if not (0 <= shares[0] <= shares[1] <= shares[2] <= 1 and 0 <= self.f1 <= 1):
            raise ConfigError(f"tactic {self.tactic}: precision is not inside its interval, 0 to 1")
        if self.support < 1 or self.present < 0:
            raise ConfigError(f"tactic {self.tactic}: a precision rests on one find at least")


def below_bar(measured: Iterable[Measured], *, bar: float) -> frozenset[str]:
    """The experimental tactics: those measured below the bar; one not measured is none."""
    return frozenset(one.tactic for one in measured if one.precision < bar)


def measured_from_toml(data: Mapping[str, Any]) -> tuple[Measured, ...]:
    """The figures that parsed TOML holds. Raises ConfigError, naming the tactic and the key."""
    rows = data.get("tactic", [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise ConfigError("measured precision: each `[[tactic]]` must be a table")
    measured = tuple(_read(row) for row in rows)
    ids = [one.tactic for one in measured]
    twice = sorted({tactic for tactic in ids if ids.count(tactic) > 1})
    if twice:
        raise ConfigError(f"measured precision: {', '.join(twice)} stands there twice")
    return measured


_KINDS = {
    "tactic": str,
    "support": int,
    "present": int,
    "data": list,
    **dict.fromkeys(("precision", "precision_low", "precision_high", "f1"), float),
}


def _read(row: Mapping[str, Any]) -> Measured:
    where = f"measured precision: tactic {row.get('tactic', '(no id)')}"
    names = [field.name for field in fields(Measured)]
    for name in sorted(set(names) ^ set(row)):
        raise ConfigError(f"{where}: `{name}` is {'missing' if name in names else 'unknown'}")
    for name, kind in _KINDS.items():
        if type(row[name]) is not kind and not (kind is float and type(row[name]) is int):
            raise ConfigError(f"{where}: `{name}` must be a {kind.__name__}")
    if not all(isinstance(part, str) for part in row["data"]):
        raise ConfigError(f"{where}: `data` must be a list of texts")
    return Measured(**{**row, "data": tuple(row["data"])})
