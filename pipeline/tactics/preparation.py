"""A plan of a negotiation: what one had prepared, read from TOML.

Amounts are read as the offer ledger reads what is said, so that both compare.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import ConfigError
from pipeline.tactics.codebook import Issue
from pipeline.tactics.offers.issues import Thing, Topic, read_things
from pipeline.tactics.text import Span, read_passage

_KEYS = ("target", "walk_away", "issues", "questions", "avoid")
_MOST_ENTRIES = 100
_MOST_CHARACTERS = 300
_LARGEST = 1e12
_NOWHERE = Span(first=0, last=0)

IssueKey = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """How a plan is compared with a call, configs/preparation.toml.

    `question_share` of a planned question's words that carry meaning must be in a question asked;
    `light` words count half, the words of each of `same` count as one. `candidate_wants_more`
    are issues or items.
    """

    question_share: float = 1.0
    light: tuple[str, ...] = ()
    same: tuple[tuple[str, ...], ...] = ()
    candidate_wants_more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What one had prepared.

    `target` and `walk_away` are values or options by issue; `issues` are in order of priority;
    `avoid` are phrases not to say.
    """

    target: tuple[Thing, ...] = ()
    walk_away: tuple[Thing, ...] = ()
    issues: tuple[IssueKey, ...] = ()
    questions: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()


def matching_from_toml(data: Mapping[str, Any]) -> Matching:
    """The comparison that parsed TOML describes. Raises ConfigError."""
    share, same = data.get("question_share"), data.get("same", [])
    if not isinstance(share, float) or not 0 < share <= 1:
        raise ConfigError("configs/preparation.toml: question_share must be a share, over 0 to 1.0")
    return Matching(
        question_share=share,
        light=tuple(data.get("light", [])),
        same=tuple(tuple(words) for words in same),
        candidate_wants_more=tuple(data.get("candidate_wants_more", [])),
    )


def preparation_from_toml(
    data: Mapping[str, Any], *, issues: Sequence[Issue], where: str
) -> Preparation:
    """The plan that parsed TOML describes; `where` names the file.

    `issues` are what the ledger knows. Raises ConfigError, naming the entry, for unknown keys and
    issues (with the nearest), values of a wrong kind, amounts that cannot be read, and a plan
    with nothing in it.
    """
    for key in data:
        if key not in _KEYS:
            raise ConfigError(f"{where}: there is no key {key!r}; {_nearest(key, _KEYS)}")
    plan = Preparation(
        target=_aims(data.get("target", {}), issues=issues, where=f"{where}: target"),
        walk_away=_aims(data.get("walk_away", {}), issues=issues, where=f"{where}: walk_away"),
        issues=_ordered(data.get("issues", []), issues=issues, where=f"{where}: issues"),
        questions=_sentences(data.get("questions", []), where=f"{where}: questions"),
        avoid=_sentences(data.get("avoid", []), where=f"{where}: avoid"),
    )
    if plan == Preparation():
        raise ConfigError(f"{where}: the plan is empty; docs/plan.example.toml shows what it holds")
    return plan


def _aims(table: object, *, issues: Sequence[Issue], where: str) -> tuple[Thing, ...]:
    if not isinstance(table, Mapping):
        raise ConfigError(f'{where} must be a table of issues, such as salary = "115,000"')
    aims = [
        _aim(value, issue=_issue(name, issues=issues, where=where), where=f"{where}.{name}")
        for name, value in table.items()
    ]
    _refuse_twins([aim.key for aim in aims], where=where)
    return tuple(aims)


def _ordered(names: object, *, issues: Sequence[Issue], where: str) -> tuple[IssueKey, ...]:
    keys = [_issue(name, issues=issues, where=where).key for name in _sentences(names, where=where)]
    _refuse_twins(keys, where=where)
    return tuple(keys)


def _refuse_twins(keys: Sequence[IssueKey], *, where: str) -> None:
    for key in keys:
        if keys.count(key) > 1:
            raise ConfigError(f"{where}: {key[1] or key[0]} is there twice; keep one of them")


def _issue(name: str, *, issues: Sequence[Issue], where: str) -> Issue:
    """The issue of an id, an item or a name, in any case. Raises ConfigError."""
    by_name = {_plain(word): one for one in issues for word in (one.name, one.item or one.id)}
    found = by_name.get(_plain(name))
    if found is None:
        raise ConfigError(f"{where}: there is no issue {name!r}; {_nearest(_plain(name), by_name)}")
    return found


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()


def _nearest(name: str, known: Mapping[str, Any] | Sequence[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(known))}"


def _aim(value: object, *, issue: Issue, where: str) -> Thing:
    """A value or option of an issue, as the ledger reads it from the same words."""
    text = _said(value, where=where)
    topic = Topic(named=(issue.key,))
    things = [
        one for one in read_things(read_passage(text), (issue,), topic) if one.key == issue.key
    ]
    if len(things) == 1:
        return Thing(
            span=_NOWHERE,
            issue=issue.id,
            item=issue.item,
            value=things[0].value,
            high=things[0].high,
            unit=things[0].unit,
            period=things[0].period,
            option=things[0].option,
        )
    if not things and not issue.units and read_passage(text).clean:
        option = read_passage(text).clean
        return Thing(span=_NOWHERE, issue=issue.id, item=issue.item, option=option)
    problem = "more than one amount" if things else "no amount or term of this issue"
    raise ConfigError(
        f'{where}: {text!r} holds {problem}; write one, such as 115000, "115,000" or "3 weeks"'
    )


def _said(value: object, *, where: str) -> str:
    """A value of the plan as somebody would say it."""
    if isinstance(value, str):
        return _sentence(value, where=where)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise ConfigError(f'{where} must be a number from 0, or a text such as "3 weeks"')
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _sentences(value: object, *, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ConfigError(f"{where} must be a list of texts")
    if len(value) > _MOST_ENTRIES:
        raise ConfigError(f"{where}: {len(value)} entries; {_MOST_ENTRIES} are the most")
    return tuple(
        dict.fromkeys(
            _sentence(one, where=f"{where}, entry {number}")
            for number, one in enumerate(value, start=1)
        )
    )


def _sentence(value: object, *, where: str) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not text:
        raise ConfigError(f"{where} must be a text that is not empty")
    if len(text) > _MOST_CHARACTERS:
        raise ConfigError(f"{where} is longer than {_MOST_CHARACTERS} characters")
    return text
