"""What was done of a plan: terms against what was agreed, issues, questions, phrases to avoid."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.records import ENGLISH, TURN
from pipeline.stages.report_questions import Call, Row, asked_questions, quote_of
from pipeline.tactics.codebook import Codebook
from pipeline.tactics.offers.comparing import on_one_scale
from pipeline.tactics.offers.issues import Thing, find_mentions
from pipeline.tactics.preparation import IssueKey, Matching, Preparation
from pipeline.tactics.text import Span, read_passage

_NOT_ENGLISH = "offers and questions are recognised in English only"
_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'"})


def preparation_document(
    plan: Preparation | None,
    *,
    matching: Matching,
    role: str,
    codebook: Codebook,
    call: Call,
) -> dict[str, Any]:
    """The key `preparation` with the plan against the call, or nothing where there was no plan.

    In another language than English only phrases are looked for.
    """
    if plan is None:
        return {}
    is_read = call.language in (ENGLISH, None)
    read = plan if is_read else Preparation()
    names = {issue.key: issue.name for issue in codebook.issues}
    issues = _issues(read.issues, names=names, codebook=codebook, call=call)
    document = {
        "speaker": call.speaker,
        "withheld": "" if is_read else _NOT_ENGLISH,
        "terms": _terms(read, names=names, matching=matching, role=role, call=call),
        "issues": issues,
        "in_order": _in_order(issues),
        "questions": [
            {"text": text, "asked": asked}
            for text, asked in asked_questions(read.questions, matching=matching, call=call)
        ],
        "question_share": matching.question_share,
        "avoid": [{"text": text, "said": _said(text, call=call)} for text in plan.avoid],
    }
    return {"preparation": document}


# --- terms


def _terms(
    plan: Preparation,
    *,
    names: Mapping[IssueKey, str],
    matching: Matching,
    role: str,
    call: Call,
) -> list[dict[str, Any]]:
    targets = {aim.key: aim for aim in plan.target}
    limits = {aim.key: aim for aim in plan.walk_away}
    agreed = {(row["issue"], row["item"]): row for row in call.offers if row["standing"]}
    return [
        _term(
            key,
            target=targets.get(key),
            limit=limits.get(key),
            agreed=agreed.get(key),
            wants=_wants(targets.get(key), limits.get(key), key=key, matching=matching, role=role),
        )
        | {"name": names.get(key, "Other")}
        for key in dict.fromkeys((*targets, *limits))
    ]


def _wants(
    target: Thing | None, limit: Thing | None, *, key: IssueKey, matching: Matching, role: str
) -> str | None:
    """Whether more or less is better: by target against walk-away, else by role; else unknown."""
    ends = on_one_scale(target, limit) if target and limit else None
    if ends and ends[0] != ends[1]:
        return "more" if ends[0] > ends[1] else "less"
    if (key[1] or key[0]) not in matching.candidate_wants_more:
        return None
    return {"candidate": "more", "employer": "less"}.get(role)


def _term(
    key: IssueKey,
    *,
    target: Thing | None,
    limit: Thing | None,
    agreed: Row | None,
    wants: str | None,
) -> dict[str, Any]:
    found = _thing(agreed) if agreed else None
    return {
        "issue": key[0],
        "item": key[1] or None,
        "target": _value(target) if target else None,
        "walk_away": _value(limit) if limit else None,
        "wants": wants,
        "status": "agreed" if agreed else "open",
        "agreed": {
            "turn": agreed["turn"],
            "speaker": agreed["speaker"],
            **_value(_thing(agreed)),
        }
        if agreed
        else None,
        "target_reached": _reached(found, target, wants=wants),
        "within_walk_away": _reached(found, limit, wants=wants),
    }


def _thing(row: Row) -> Thing:
    keys = ("issue", "item", "value", "high", "unit", "period", "option")
    return Thing(span=Span(first=0, last=0), **{key: row[key] for key in keys})


def _value(thing: Thing) -> dict[str, Any]:
    return {
        "value": thing.value,
        "high": thing.high,
        "unit": thing.unit or None,
        "period": thing.period or None,
        "option": thing.option or None,
    }


def _reached(agreed: Thing | None, aim: Thing | None, *, wants: str | None) -> bool | None:
    """Whether what was agreed is as good as an aim; None where nobody can tell.

    Of a range that was agreed the worse end counts, of one that was aimed at the end that is
    easier to reach. Options are reached where one names the other.
    """
    if agreed is None or aim is None:
        return None
    if agreed.option or aim.option:
        one, other = set(agreed.option.casefold().split()), set(aim.option.casefold().split())
        return bool(one and other) and (one <= other or other <= one)
    ends = on_one_scale(agreed, aim)
    if ends is None:
        return None
    (low, high), (least, most) = ends
    if wants is None:
        return True if least <= low and high <= most else None
    return low >= least if wants == "more" else high <= most


# --- issues


def _issues(
    keys: Sequence[IssueKey], *, names: Mapping[IssueKey, str], codebook: Codebook, call: Call
) -> list[dict[str, Any]]:
    """The issues in order of priority, each with where it was first raised, by whomever."""
    raised = _first_raised(keys, codebook=codebook, call=call)
    order = sorted(raised, key=lambda key: (raised[key]["turn"], raised[key]["start_char"]))
    return [
        {
            "issue": key[0],
            "item": key[1] or None,
            "name": names.get(key, "Other"),
            "priority": priority,
            "place": order.index(key) + 1 if key in raised else None,
            "raised": raised.get(key),
        }
        for priority, key in enumerate(keys, start=1)
    ]


def _first_raised(
    keys: Sequence[IssueKey], *, codebook: Codebook, call: Call
) -> dict[IssueKey, dict[str, Any]]:
    """Where each issue is first named, or first has an amount or term in the ledger."""
    wanted = tuple(issue for issue in codebook.issues if issue.key in keys)
    in_ledger: dict[int, list[tuple[IssueKey, int, int]]] = {}
    for row in call.offers:
        place = ((row["issue"], row["item"]), row["start_char"], row["end_char"])
        in_ledger.setdefault(row["turn"], []).append(place)
    raised: dict[IssueKey, dict[str, Any]] = {}
    for turn in call.turns if wanted else ():
        if turn["kind"] != TURN:
            continue
        passage = read_passage(turn["text"])
        named = [
            (mention.issue.key, *passage.chars(mention.span))
            for mention in find_mentions(passage, wanted)
        ]
        for key, start, end in sorted((*named, *in_ledger.get(turn["turn"], ())), key=_by_start):
            if key in keys:
                raised.setdefault(key, quote_of(turn, start, end))
    return raised


def _by_start(found: tuple[IssueKey, int, int]) -> tuple[int, int]:
    return found[1], found[2]


def _in_order(issues: Sequence[Mapping[str, Any]]) -> bool | None:
    """Whether those that were raised came in order of priority; None for fewer than two."""
    places = [one["place"] for one in issues if one["place"] is not None]
    return None if len(places) < 2 else places == sorted(places)


# --- phrases


def _said(phrase: str, *, call: Call) -> list[dict[str, Any]]:
    """Where the plan's owner said a phrase: in any case, with any blanks, as whole words."""
    parts = [re.escape(part) for part in phrase.translate(_STRAIGHT).split()]
    pattern = re.compile(r"(?<!\w)" + r"\s+".join(parts) + r"(?!\w)", re.IGNORECASE)
    return [
        quote_of(turn, match.start(), match.end())
        for turn in call.turns
        if turn["speaker"] == call.speaker
        for match in pattern.finditer(turn["text"].translate(_STRAIGHT))
    ]
