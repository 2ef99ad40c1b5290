"""The offer ledger against NegoChat: are issue and value of every offer right?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.evaluation.corpora import corpus_lines
from pipeline.tactics import Learned, read_call
from pipeline.tactics.codebook import Codebook, Utterance
from pipeline.tactics.offers.issues import Thing
from pipeline.tactics.offers.ledger import POSITIONS, Entry

Slot = tuple[str, str]
"""Issue and value, as NegoChat writes them, in lower case."""

_ISSUES = {
    ("salary", ""): "salary",
    ("title", ""): "job description",
    ("hours", ""): "working hours",
    ("other", "pension"): "pension fund",
    ("other", "company car"): "leased car",
    ("other", "promotion"): "promotion possibilities",
}
_OPTIONS = {
    "with": "with leased car",
    "without": "without leased car",
    "fast track": "fast promotion track",
    "slow track": "slow promotion track",
    "no pension": "0%",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMatch:
    """Turns with offers whose issues and values are all right, and the counts of single ones."""

    turns: int
    exact_turns: int
    right: int
    wrong: int
    missed: int

    @property
    def exact(self) -> float:
        """The share of turns with offers of which everything is right."""
        return self.exact_turns / max(self.turns, 1)

    def shown(self) -> str:
        """The figures as a sentence."""
        f1 = 2 * self.right / max(2 * self.right + self.wrong + self.missed, 1)
        return (
            f"Of {self.turns} turns with offers, {self.exact:.3f} have "
            f"every issue and value right and none too many; single offers: F1 {f1:.3f}."
        )


def negochat_offers(corpora: Path, codebook: Codebook, learned: Learned | None) -> OfferMatch:
    """Compare every turn of both roles. Raises InputError where the corpus is not here."""
    found = list(_compared(corpora, codebook, learned))
    with_offers = [(truth, own) for truth, own in found if truth]
    return OfferMatch(
        turns=len(with_offers),
        exact_turns=sum(truth == own for truth, own in with_offers),
        right=sum(len(truth & own) for truth, own in found),
        wrong=sum(len(own - truth) for truth, own in found),
        missed=sum(len(truth - own) for truth, own in found),
    )


def _compared(
    corpora: Path, codebook: Codebook, learned: Learned | None
) -> Iterator[tuple[set[Slot], set[Slot]]]:
    for row in corpus_lines(corpora / "negochat" / "train.jsonl"):
        turns = row["turns"]
        utterances = [
            Utterance(turn=place, speaker=turn["role"], text=turn["text"])
            for place, turn in enumerate(turns)
        ]
        own = _slots(read_call(utterances, codebook, learned).entries)
        for place, turn in enumerate(turns):
            yield _truth(turn), own.get(place, set())


def _truth(turn: Mapping[str, Any]) -> set[Slot]:
    offers = [output["Offer"] for output in turn["output"] if "Offer" in output]
    return {
        (issue.lower(), str(value).lower())
        for offer in offers
        if isinstance(offer, Mapping)
        for issue, value in offer.items()
    }


def _slots(entries: tuple[Entry, ...]) -> dict[int, set[Slot]]:
    found: dict[int, set[Slot]] = {}
    for entry in entries:
        slot = _slot(entry.move.thing) if entry.kind in POSITIONS else None
        if slot:
            found.setdefault(entry.move.turn, set()).add(slot)
    return found


def _slot(thing: Thing) -> Slot | None:
    issue = _ISSUES.get(thing.key)
    if issue is None:
        return None
    if thing.value is None:
        return issue, _OPTIONS.get(thing.option, thing.option)
    unit = {"salary": f"{thing.value:,.0f} usd", "pension fund": f"{thing.value:g}%"}
    return issue, unit.get(issue, f"{thing.value:g} hours")
