"""How far two readers agree on a tactic, turn by turn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """In how many turns both readers saw a tactic, only one of them, or neither."""

    tactic: str
    both: int
    only_built_in: int
    only_reader: int
    neither: int

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa, (p_o - p_e) / (1 - p_e), from -1 to 1; 0 is what chance gives.

        p_o is the share of turns on which both say the same, p_e the share on which they would
        if each gave as many tags at random. None where p_e is 1: both always say the same one
        thing, as where neither ever saw the tactic.

        Source: J. Cohen, A coefficient of agreement for nominal scales, Educational and
        Psychological Measurement 20(1), 1960, 37-46.
        """
        turns = self.both + self.only_built_in + self.only_reader + self.neither
        built_in, reader = self.both + self.only_built_in, self.both + self.only_reader
        same = turns * (self.both + self.neither)
        by_chance = built_in * reader + (turns - built_in) * (turns - reader)
        whole = turns * turns
        return None if by_chance == whole else (same - by_chance) / (whole - by_chance)
