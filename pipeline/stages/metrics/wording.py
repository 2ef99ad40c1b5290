"""Metrics of words and of tags: counts, ratios and rates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

QUESTIONS = ("open_question", "closed_question")
REFLECTIONS = ("label", "paraphrase", "summary")
FAMILIES = {
    "empathy_rate": "empathy",
    "inquiry_rate": "inquiry",
    "assertion_rate": "assertion",
    "exchange_rate": "exchange",
    "risk_rate": "risk",
}
_FILLERS = re.compile(
    r"\b(?:u+m+|u+h+|e+r+m?)\b|\byou know\b(?!\s+(?:what|how|why|who|where|when|if|that)\b)"
    r"|,\s*like\s*,|\bi mean\s*,",
    re.IGNORECASE,
)
_PER_TURNS = 10


def filler_count(texts: Iterable[str]) -> int:
    """Um, uh, er, "you know", and "like" and "I mean" set off by commas."""
    return sum(len(_FILLERS.findall(text)) for text in texts)


def share(part: float, whole: float) -> float | None:
    """part / whole; None where the whole is nothing."""
    return part / whole if whole else None


def turns_with(tags: Sequence[tuple[int, str]], tactics: Sequence[str]) -> int:
    """How many turns carry at least one of some tactics; tags are (turn, tactic)."""
    return len({turn for turn, tactic in tags if tactic in tactics})


def tag_count(tags: Sequence[tuple[int, str]], tactics: Sequence[str]) -> int:
    """How many tags are of some tactics."""
    return sum(tactic in tactics for _, tactic in tags)


def family_count(
    tags: Sequence[tuple[int, str]], *, family: str, families: Mapping[str, str]
) -> int:
    """How many tags are of a family; `families` maps tactics to families."""
    return sum(families.get(tactic) == family for _, tactic in tags)


def family_rate(
    tags: Sequence[tuple[int, str]], *, family: str, families: Mapping[str, str], turns: int
) -> float | None:
    """Tags of a family per 10 own turns; `families` maps tactics to families."""
    count = family_count(tags, family=family, families=families)
    return _PER_TURNS * count / turns if turns else None
