"""Reports of long calls, made up by rule: as dense in turns, tags, questions and offers as talks
are, for tests of how much the page prints and weighs.
"""

from __future__ import annotations

from random import Random
from typing import Any

import report_builder as build

SENTENCES = (
    ("We have a band for each level, and budgets are tight this year.", "objective_criteria"),
    ("How did you arrive at that number?", "open_question"),
    ("Is the start date still open on your side?", "closed_question"),
    ("It sounds like the team has been carrying a lot.", "label"),
    ("I was wondering if maybe we could look at the bonus.", "hedged_ask"),
    ("We will see what we can do.", "vague_assurance"),
    ("I can't go above that on base.", "boundary"),
    ("If you could do more at signing, I could accept that base.", "conditional_trade"),
    ("Thank you for being open about it.", "gratitude"),
    ("I hear you.", "acknowledgement"),
    ("I do have another offer on the table.", "alternative"),
    ("The team plans together at the start of each week.", ""),
    ("Let me take that back to Finance and think it over.", ""),
)
ISSUES = (
    ("salary", "Salary", "USD", 90_000),
    ("bonus", "Bonus", "USD", 6_000),
    ("vacation", "Vacation", "day", 20),
    ("equity", "Equity", "percent", 2),
)
TURN_S = 6.0


def long_report(*, minutes: int, turn_s: float = TURN_S, tags_a_turn: int = 2) -> dict[str, Any]:
    """The report of a made-up call of that length with a turn every `turn_s` seconds."""
    chance = Random(minutes)
    count = round(minutes * 60 / turn_s)
    lines = [_line(number, turn_s=turn_s, tags=tags_a_turn, chance=chance)
             for number in range(count)]  # fmt: skip
    whole = build.report(
        lines=lines,
        recording=build.recording(duration_s=minutes * 60.0),
        totals=build.totals(turn_count=count, speech_s=minutes * 52.0, silence_s=minutes * 8.0),
    )
    full = build.full_report()
    found = {
        "offers": _offers(lines, chance=chance),
        "outcomes": [_outcome(*issue) for issue in ISSUES],
        "questions": _questions(whole, chance=chance),
        "effects": _effects(whole),
        "leanings": _quoted(whole, "hedged_ask", toward="over_empathy", signal="hedged_ask")
        + _quoted(whole, "boundary", toward="over_assertiveness", signal="unacknowledged_counter"),
        "vague_promises": _quoted(whole, "vague_assurance", request_turn=None, pinned=False),
        "pace": _pace(minutes, chance=chance),
        "readings": full["readings"],
        "moments": full["moments"],
    }
    return whole | found


def _line(number: int, *, turn_s: float, tags: int, chance: Random) -> build.Line:
    """A turn of four sentences or fewer, of which the first ones are tagged."""
    chosen = chance.sample(SENTENCES, k=tags)
    return build.line(
        f"S{number % 2}",
        " ".join(text for text, _ in chosen),
        number * turn_s,
        (number + 0.85) * turn_s,
        *((tactic, text) for text, tactic in chosen if tactic),
    )


def _offers(lines: list[build.Line], *, chance: Random) -> list[dict[str, Any]]:
    """A position about every minute, issue by issue, the two sides in turn and drawing near."""
    places = range(8, len(lines), max(len(lines) // 36, 1))
    return [_offer(lines, turn=turn, step=step, chance=chance) for step, turn in enumerate(places)]


def _offer(lines: list[build.Line], *, turn: int, step: int, chance: Random) -> dict[str, Any]:
    issue, name, unit, value = ISSUES[step % len(ISSUES)]
    turn -= (turn + step // len(ISSUES)) % 2
    side = 1 if turn % 2 == 0 else -1
    distance = max(0.16 - 0.03 * (step // len(ISSUES)), 0.01)
    return {
        "turn": turn, "speaker": lines[turn].speaker, "start_s": lines[turn].start_s,
        "issue": issue, "item": None, "name": name,
        "kind": "anchor" if step < len(ISSUES) else "concession",
        "value": round(value * (1 + side * distance), 1), "high": None, "unit": unit,
        "period": None, "option": None, "exact": chance.random() < 0.3, "rationale": None,
        "step": None, "gap_share": 0.3, "toward": None, "standing": False,
        "text": lines[turn].text[:30], "start_char": 0, "end_char": 30,
    }  # fmt: skip


def _outcome(issue: str, name: str, unit: str, value: float) -> dict[str, Any]:
    place = {"turn": 9, "speaker": "S1", "value": value, "high": None, "unit": unit,
             "period": None, "option": None}  # fmt: skip
    return {"issue": issue, "item": None, "name": name, "status": "agreed", "anchor": place,
            "agreed": place, "speakers": []}  # fmt: skip


def _questions(whole: dict[str, Any], *, chance: Random) -> list[dict[str, Any]]:
    """Every tagged question with a reply, some of which bring something new."""
    words = ("budget", "finance", "quarter", "team", "remote", "signing", "letter", "friday")
    kinds = {"open_question": "open", "closed_question": "closed"}
    asked = [tag for tag in whole["tactics"] if tag["tactic"] in kinds]
    return [
        _quote(tag) | {
            "kind": kinds[tag["tactic"]],
            "calibrated": chance.random() < 0.2,
            "follow_up": chance.random() < 0.4,
            "reply": {
                "turn": tag["turn"] + 1, "speaker": f"S{(tag['turn'] + 1) % 2}",
                "start_s": tag["end_s"], "latency_s": 0.6,
                "duration_s": round(chance.uniform(1, 20), 1),
                "word_count": chance.randint(2, 60),
                "new_word_count": (new := chance.randint(0, 8)),
                "new_words": list(words[:new]),
            },
        }
        for tag in asked if tag["turn"] + 1 < len(whole["turns"])
    ]  # fmt: skip


def _effects(whole: dict[str, Any]) -> list[dict[str, Any]]:
    counts = [
        (tactic, speaker, sum(tag["tactic"] == tactic and tag["speaker"] == speaker
                              for tag in whole["tactics"]))
        for tactic in {tag["tactic"]: None for tag in whole["tactics"]}
        for speaker in ("S0", "S1")
    ]  # fmt: skip
    return [
        {"tactic": tactic, "speaker": speaker, "count": count, "answered_count": count,
         "median_reply_words": 18, "median_new_words": 2, "other_reply_words": 16.5,
         "agreement_count": count // 4, "concession_count": count // 6}
        for tactic, speaker, count in counts
    ]  # fmt: skip


def _quoted(whole: dict[str, Any], tactic: str, **more: Any) -> list[dict[str, Any]]:
    """The quotes of a tactic, a third of them."""
    found = [tag for tag in whole["tactics"] if tag["tactic"] == tactic]
    return [_quote(tag) | more for tag in found[::3]]


def _quote(tag: dict[str, Any]) -> dict[str, Any]:
    keys = ("turn", "speaker", "start_s", "quote", "start_char", "end_char")
    return {key: tag[key] for key in keys}


def _pace(minutes: int, *, chance: Random) -> list[dict[str, Any]]:
    """A stretch of a minute each, of both."""
    return [
        {"speaker": speaker, "start_s": minute * 60.0, "end_s": minute * 60.0 + 60.0,
         "words_per_minute": round(chance.gauss(160, 15))}
        for speaker in ("S0", "S1") for minute in range(minutes)
    ]  # fmt: skip
