"""The ledger: who stood where on each issue, who moved and how far, and what was agreed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.tactics.offers.amounts import is_exact
from pipeline.tactics.offers.comparing import gap, is_same, on_one_scale
from pipeline.tactics.offers.issues import NAMELESS
from pipeline.tactics.offers.moves import ACCEPT, LIMIT, MENTION, OFFER, REJECT, Move, Said

ANCHOR, COUNTER, CONCESSION = "anchor", "counter", "concession"
RETREAT, REPEAT, REVISION, CORRECTED = "retreat", "repeat", "revision", "corrected"
AGREED = "accept"
POSITIONS = frozenset((ANCHOR, COUNTER, CONCESSION, RETREAT, REPEAT, REVISION))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the ledger.

    `kind` is anchor (the first position of anyone), counter (the other side's first), concession
    (toward the other side), retreat (away from it), repeat, revision (changed where nobody can tell
    which way: the other side has no position, or the two cannot be compared), corrected (a slip of
    the tongue, put right later), limit (what the speaker will not go past: no position), accept,
    reject or mention. `step` is the size of a move, of a
    range by its end that faces the other side; a year's worth where rates differ. `gap_share` is
    what part of the gap to the other side it closed. `toward` is the speaker whose position was
    taken up.
    """

    move: Move
    kind: str
    step: float | None = None
    gap_share: float | None = None
    toward: str = ""

    @property
    def exact(self) -> bool | None:
        """Whether its number is precise; None for an option."""
        return None if self.move.thing.value is None else is_exact(self.move.thing.value)


@dataclass(slots=True)
class _Issue:
    """Where an issue stands while the call is read.

    `before` are the positions that the present ones took the place of, `limits` the last limit of
    each speaker, `agreeing` the speakers whose agreement stands.
    """

    positions: dict[str, Entry] = field(default_factory=dict)
    limits: dict[str, Entry] = field(default_factory=dict)
    before: dict[str, Entry | None] = field(default_factory=dict)
    rejected_since: set[str] = field(default_factory=set)
    agreeing: set[str] = field(default_factory=set)

    def stand(self, entry: Entry, *, before: Entry | None) -> None:
        speaker = entry.move.speaker
        self.positions[speaker] = entry
        self.before[speaker] = before


def build_ledger(said: Sequence[Said]) -> list[Entry]:
    """The ledger of a call, in the order in which things were said."""
    entries: list[Entry] = []
    issues: dict[tuple[str, str], _Issue] = {}
    for turn in said:
        taken = _accept(turn, entries, issues) if turn.accepted else set()
        for move in turn.moves:
            if not (move.act == ACCEPT and move.thing.key in taken):
                _enter(move, entries, issues.setdefault(move.thing.key, _Issue()), turn)
        if REJECT in turn.tactics:
            _reject(turn, issues)
    return entries


# --- positions


def _enter(move: Move, entries: list[Entry], issue: _Issue, turn: Said) -> None:
    """Add a line; words of acceptance for what nobody proposed are a position too."""
    slip = _last_line(move, entries) if move.corrects else None
    if move.act == LIMIT or (slip is not None and entries[slip].kind == LIMIT):
        _limit(move, entries, issue, slip=slip)
        return
    if move.act not in (OFFER, ACCEPT) or (move.act == ACCEPT and move.thing.key == NAMELESS):
        entries.append(Entry(move=move, kind=MENTION if move.act == ACCEPT else move.act))
        return
    own = issue.positions.get(move.speaker)
    if own and move.corrects:
        before = issue.before[move.speaker]
        entry = _corrected(own, before, move, entries, issue)
    else:
        before = own
        pushed = move.speaker in issue.rejected_since or CONCESSION in turn.tactics
        entry = _position(own, move, _other_position(move.speaker, issue), pushed=pushed)
    if not any(is_same(entry.move.thing, p.move.thing) for p in issue.positions.values()):
        issue.agreeing.clear()
    issue.stand(entry, before=before)
    issue.rejected_since.discard(move.speaker)
    entries.append(entry)


def _limit(move: Move, entries: list[Entry], issue: _Issue, *, slip: int | None) -> None:
    """Add a limit, which changes no position; the limit that it corrects was a slip."""
    if slip is not None:
        entries[slip] = replace(entries[slip], kind=CORRECTED)
    issue.limits[move.speaker] = Entry(move=move, kind=LIMIT)
    entries.append(issue.limits[move.speaker])


def _last_line(move: Move, entries: Sequence[Entry]) -> int | None:
    """Where the speaker's last position or limit on the issue stands."""
    for at in range(len(entries) - 1, -1, -1):
        entry, one = entries[at], entries[at].move
        own = (one.speaker, one.thing.key) == (move.speaker, move.thing.key)
        if own and (entry.kind in POSITIONS or entry.kind in (LIMIT, AGREED)):
            return at
    return None


def _position(own: Entry | None, move: Move, other: Entry | None, *, pushed: bool) -> Entry:
    if own is None:
        return Entry(move=move, kind=COUNTER if other else ANCHOR, toward=_taken_up(move, other))
    if is_same(own.move.thing, move.thing):
        return Entry(move=move, kind=REPEAT)
    return _change(own, move, other, pushed=pushed)


def _corrected(
    own: Entry, before: Entry | None, move: Move, entries: list[Entry], issue: _Issue
) -> Entry:
    """The line as if the slip had not been made; the old line says that it was one."""
    at = max(index for index, entry in enumerate(entries) if entry is own)
    entries[at] = replace(own, kind=CORRECTED, step=None, gap_share=None, toward="")
    other = _other_position(move.speaker, issue)
    if own.kind in (ANCHOR, COUNTER):
        return Entry(move=move, kind=own.kind, toward=_taken_up(move, other))
    return _position(before, move, other, pushed=own.kind == CONCESSION)


def _other_position(speaker: str, issue: _Issue) -> Entry | None:
    """The latest position of anyone else."""
    others = [entry for name, entry in issue.positions.items() if name != speaker]
    return max(others, key=lambda entry: entry.move.turn, default=None)


def _taken_up(move: Move, other: Entry | None) -> str:
    return other.move.speaker if other and is_same(other.move.thing, move.thing) else ""


def _change(own: Entry, move: Move, other: Entry | None, *, pushed: bool) -> Entry:
    """A changed position: toward the other side's, away from it, or neither to be told."""
    taken_up = _taken_up(move, other)
    moved = on_one_scale(own.move.thing, move.thing)
    if moved is None:
        kind = CONCESSION if taken_up else REVISION
        return Entry(move=move, kind=kind, gap_share=1.0 if taken_up else None, toward=taken_up)
    scaled = on_one_scale(own.move.thing, move.thing, other.move.thing) if other else None
    open_gap = gap(scaled[0], scaled[2]) if scaled else 0.0
    if scaled is None or open_gap == 0:
        step = max(abs(now - then) for then, now in zip(*moved, strict=True))
        return Entry(move=move, kind=CONCESSION if pushed else REVISION, step=step)
    facing = 1 if open_gap > 0 else 0
    closed = (scaled[1][facing] - scaled[0][facing]) / open_gap
    step = abs(moved[1][facing] - moved[0][facing])
    if not closed:
        return Entry(move=move, kind=REVISION)
    if closed < 0:
        return Entry(move=move, kind=RETREAT, step=step)
    share = min(closed, 1.0)
    return Entry(move=move, kind=CONCESSION, step=step, gap_share=share, toward=taken_up)


# --- answers


def _accept(
    turn: Said, entries: list[Entry], issues: dict[tuple[str, str], _Issue]
) -> set[tuple[str, str]]:
    """Enter what a turn accepts; the issues on which nothing is left to say, confirmed or agreed.

    It accepts what its words name, else what the other side proposed last. What both have agreed
    on already is not agreed again. A limit that is accepted becomes its speaker's position.
    """
    speaker = turn.utterance.speaker
    named = {m.thing.key: m for m in turn.moves if m.act == ACCEPT}
    on_table = _on_table(turn, issues, named)
    wanted = (set(named) | set(turn.answered)) & set(on_table)
    if not wanted:
        latest = max((entry.move.turn for entry in on_table.values()), default=-1)
        wanted = {key for key, entry in on_table.items() if entry.move.turn == latest}
    taken = {key for key in wanted if _is_taken(named.get(key), on_table[key])}
    for key in on_table:
        if key in taken and speaker not in issues[key].agreeing:
            entry = _agreement(turn, on_table[key], named.get(key))
            entries.append(entry)
            issues[key].stand(entry, before=issues[key].positions.get(speaker))
            other = on_table[key].move.speaker
            if on_table[key].kind == LIMIT:
                issues[key].stand(on_table[key], before=issues[key].positions.get(other))
            issues[key].agreeing |= {speaker, other}
    return taken


def _on_table(
    turn: Said, issues: dict[tuple[str, str], _Issue], named: Mapping[tuple[str, str], Move]
) -> dict[tuple[str, str], Entry]:
    """The other side's latest position on each issue, from an earlier turn.

    A limit is on the table for who names its number, or where its speaker has no position.
    """
    return {
        key: other
        for key, issue in issues.items()
        if (other := _proposed(turn.utterance.speaker, issue, named.get(key))) is not None
        and other.move.turn < turn.utterance.turn
    }


def _proposed(speaker: str, issue: _Issue, words: Move | None) -> Entry | None:
    others = [entry for name, entry in issue.limits.items() if name != speaker]
    limit = max(others, key=lambda entry: entry.move.turn, default=None)
    position = _other_position(speaker, issue)
    if limit is None or position is None:
        return position or limit
    meant = words is not None and is_same(words.thing, limit.move.thing)
    return limit if meant and not _is_taken(words, position) else position


def _is_taken(words: Move | None, position: Entry) -> bool:
    """Whether words of acceptance take up a position: "118 is fine" does not take up 120."""
    if words is None:
        return True
    said, proposed = words.thing, position.move.thing
    if said.option and proposed.option:
        one, other = set(said.option.split()), set(proposed.option.split())
        return one <= other or other <= one
    ends = on_one_scale(said, proposed)
    return ends is None or gap(*ends) == 0


def _agreement(turn: Said, position: Entry, words: Move | None) -> Entry:
    """An acceptance: of what the other side proposed, or of the number named in its range."""
    thing = position.move.thing
    if words and words.thing.value is not None and thing.high is not None:
        thing = replace(thing, value=words.thing.value, high=words.thing.high)
    whole = (0, len(turn.utterance.text))
    start, end = (words.start_char, words.end_char) if words else turn.accepted or whole
    move = Move(
        turn=turn.utterance.turn,
        speaker=turn.utterance.speaker,
        thing=thing,
        act=ACCEPT,
        start_char=start,
        end_char=end,
    )
    return Entry(move=move, kind=AGREED, toward=position.move.speaker)


def _reject(turn: Said, issues: dict[tuple[str, str], _Issue]) -> None:
    """Remember who was turned down: a change of their position after it is a concession."""
    speaker = turn.utterance.speaker
    for issue in issues.values():
        issue.rejected_since |= {name for name in issue.positions if name != speaker}
