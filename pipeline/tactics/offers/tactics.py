"""Tactics that the ledger decides: concessions, first offers taken, counters, further terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

from pipeline.tactics.codebook import Tag
from pipeline.tactics.offers.ledger import AGREED, ANCHOR, CONCESSION, POSITIONS, Entry
from pipeline.tactics.offers.moves import LIMIT, OFFER, PROPOSING, Said

METHOD = "ledger"
PREMATURE, UNASKED = "premature_acceptance", "counter_without_question"
PACKAGE = "package_option"
_ASKED = frozenset({"open_question", "closed_question"})
_HEARD = frozenset(
    {
        *("acknowledgement", "label", "mirror", "paraphrase", "summary", "gratitude", "empathy"),
        *("accept", "accusation_audit"),
    }
)
_COUNTERS = POSITIONS - {ANCHOR}


def ledger_tags(said: Sequence[Said], entries: Sequence[Entry]) -> list[Tag]:
    """The tags that the ledger adds to those of wording; a turn and tactic once."""
    found = [
        *_offers(said),
        *_taken_up(said),
        *_concessions(entries),
        *_premature(said, entries),
        *_unasked(said, entries),
        *_further_terms(entries),
    ]
    return list({(tag.turn, tag.tactic): tag for tag in reversed(found)}.values())


def _tag(tactic: str, turn: int, start_char: int, end_char: int) -> Tag:
    return Tag(
        turn=turn,
        tactic=tactic,
        score=0.7,
        start_char=start_char,
        end_char=end_char,
        method=METHOD,
    )


def _offers(said: Sequence[Said]) -> Iterator[Tag]:
    """Positions that only their place in the talk shows: "nine hundred, then"."""
    for turn in said:
        if not turn.tactics & PROPOSING:
            for move in turn.moves:
                if move.act == OFFER:
                    yield _tag("offer", move.turn, move.start_char, move.end_char)


def _taken_up(said: Sequence[Said]) -> Iterator[Tag]:
    """The other side's own number said back as one's own position."""
    for turn in said:
        if turn.accepted and "accept" not in turn.tactics:
            yield _tag("accept", turn.utterance.turn, *turn.accepted)


def _concessions(entries: Sequence[Entry]) -> Iterator[Tag]:
    for entry in entries:
        if entry.kind == CONCESSION:
            move = entry.move
            yield _tag(CONCESSION, move.turn, move.start_char, move.end_char)


def _premature(said: Sequence[Said], entries: Sequence[Entry]) -> Iterator[Tag]:
    """The first number taken as it came: no position, no question, by the one who takes it."""
    taken: dict[int, list[Entry | None]] = {}
    positions: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        seen = positions.setdefault(entry.move.thing.key, [])
        if entry.kind == AGREED:
            taken.setdefault(entry.move.turn, []).append(_only_offer(entry, seen))
        elif entry.kind in POSITIONS or entry.kind == LIMIT:
            seen.append(entry)
    for at, turn in enumerate(said):
        anchors = taken.get(turn.utterance.turn, [])
        firsts = [anchor for anchor in anchors if anchor is not None]
        if firsts and len(firsts) == len(anchors):
            since = min(anchor.move.turn for anchor in firsts)
            if not _has_tried(said, at, since=since):
                yield _answer_tag(PREMATURE, turn)


def _only_offer(accepted: Entry, named: Sequence[Entry]) -> Entry | None:
    """The other side's anchor, or its limit, where the issue has seen no other number of anyone."""
    only = len(named) == 1 and named[0].kind in (ANCHOR, LIMIT)
    return named[0] if only and named[0].move.speaker != accepted.move.speaker else None


def _has_tried(said: Sequence[Said], at: int, *, since: int) -> bool:
    """Whether the one who accepts asked, turned down, proposed or limited anything since then."""
    speaker = said[at].utterance.speaker
    after = takewhile(lambda other: other.utterance.turn > since, _backwards(said, at))
    return any(
        other.tactics & (_ASKED | {"reject"})
        or any(move.act in (OFFER, LIMIT) for move in other.moves)
        for other in after
        if other.utterance.speaker == speaker
    )


def _backwards(said: Sequence[Said], at: int) -> Iterator[Said]:
    """From a turn back to the first."""
    return (said[place] for place in range(at, -1, -1))


def _answer_tag(tactic: str, turn: Said) -> Tag:
    """A tag on the words of acceptance, or on the whole turn."""
    start, end = turn.accepted or (0, len(turn.utterance.text))
    return _tag(tactic, turn.utterance.turn, start, end)


def _unasked(said: Sequence[Said], entries: Sequence[Entry]) -> Iterator[Tag]:
    """A proposal answered at once by another on the same issue, with nothing asked or heard."""
    by_turn: dict[int, list[Entry]] = {}
    for entry in entries:
        by_turn.setdefault(entry.move.turn, []).append(entry)
    for before, turn in pairwise(said):
        if before.utterance.speaker == turn.utterance.speaker or turn.tactics & _HEARD:
            continue
        proposed = {
            e.move.thing.key for e in by_turn.get(before.utterance.turn, []) if e.kind in POSITIONS
        }
        for entry in by_turn.get(turn.utterance.turn, []):
            counters = entry.kind in _COUNTERS and entry.move.thing.key in proposed
            move = entry.move
            if counters and not (entry.toward or turn.asked or move.corrects):
                yield _tag(UNASKED, move.turn, move.start_char, move.end_char)


def _further_terms(entries: Sequence[Entry]) -> Iterator[Tag]:
    """The first position on an issue while another one, from an earlier turn, is still open."""
    is_open: dict[tuple[str, str], int] = {}
    for entry in entries:
        key = entry.move.thing.key
        fresh = entry.kind == ANCHOR and any(
            turn < entry.move.turn for other, turn in is_open.items() if other != key
        )
        if fresh and key != ("other", ""):
            yield _tag(PACKAGE, entry.move.turn, entry.move.start_char, entry.move.end_char)
        if entry.kind == AGREED:
            is_open.pop(key, None)
        elif entry.kind in POSITIONS:
            is_open[key] = entry.move.turn
