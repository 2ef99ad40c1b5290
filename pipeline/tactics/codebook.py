"""The codebook as records: what a turn can be tagged with, and the cues that decide it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import ConfigError

FAMILIES = ("empathy", "inquiry", "assertion", "exchange", "risk", "conduct")
DETECTORS = ("rule", "learned", "ledger", "sequence", "audio")

ISSUES = (
    *("salary", "bonus", "equity", "vacation", "start_date", "title", "location", "hours"),
    *("price", "quantity", "other"),
)
UNITS = ("", "money", "percent", "minute", "hour", "day", "week", "month", "year", "mile")

_ISSUE_KEYS = ("id", "item", "name", "words", "units", "typical", "terms", "thousands")
_REQUIRED = ("id", "family", "name", "definition", "detector", "sources")
_LISTS = ("cues", "exclusions", "context_cues", "prompt_cues")
_OF_LEDGER = ("corrections", "mentions", "limits")
_KEYS = ("version", "vocabulary", "tactic", "issue", *_OF_LEDGER)
LIMIT_GROUP = "limit"
_NAME = re.compile(r"(?<!\?P)<([a-z][a-z0-9_]*)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tactic:
    """One row of the codebook.

    `cues`, `exclusions` and `context_cues` are regular expressions over the clean line of a
    turn (see text.py), read by the detector of the tactic's family. A context cue counts only
    where the turns before allow it; `prompt_cues` look at the other side's turn before.
    `detector` is rule, learned, ledger, sequence or audio. `sources` are the letters of the
    codebook's source list.
    """

    id: str
    family: str
    name: str
    definition: str
    detector: str
    sources: tuple[str, ...]
    cues: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    context_cues: tuple[str, ...] = ()
    prompt_cues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Something that is negotiated, as the offer ledger knows it.

    `item` says what exactly where an issue has several (pension and company car are both
    "other"). `words` name it; `units` are those its amounts may have ("" for a bare number),
    `typical` the bounds of bare numbers; `terms` are named options without a number, each with
    its patterns. `thousands`: people say 120 and mean 120,000.
    """

    id: str
    name: str
    words: tuple[str, ...]
    units: tuple[str, ...]
    item: str = ""
    typical: tuple[float, ...] = ()
    terms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    thousands: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """The issue and the item in it."""
        return self.id, self.item


@dataclass(frozen=True, slots=True, kw_only=True)
class Codebook:
    """Every tactic, in the order reports list them. `version` names the set of ids and rules.

    `issues`, `corrections` (words that take back what was just said), `mentions` (words that
    make a number a fact rather than a position) and `limits` (words that make it one's limit; the
    number is their group `limit`) are the ledger's.
    """

    version: int
    tactics: tuple[Tactic, ...]
    issues: tuple[Issue, ...] = ()
    corrections: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    def __getitem__(self, tactic_id: str) -> Tactic:
        """The tactic of that id. Raises KeyError when the codebook has none."""
        for tactic in self.tactics:
            if tactic.id == tactic_id:
                return tactic
        raise KeyError(tactic_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One turn as the detectors see it; `turn` is its number in the call."""

    turn: int
    speaker: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One tactic found: the quote is text[start_char:end_char] of the turn's own text."""

    turn: int
    tactic: str
    score: float
    start_char: int
    end_char: int
    method: str


PatternCheck = Callable[[str, str], None]
"""Takes a pattern and where it stands."""


def codebook_from_toml(data: Mapping[str, Any], *, trusted: bool = False) -> Codebook:
    """The codebook that parsed TOML describes; `<name>` in a cue stands for a vocabulary entry.

    Raises ConfigError, naming the tactic and the key, for unknown or missing keys, a family or
    detector that does not exist, an id given twice, and a cue that is no regular expression. The
    last is not looked at in `trusted` data: compiling the shipped cues takes a second, which
    every start would pay, and the tests have done it.
    """
    _refuse_unknown(data, allowed=_KEYS, where="the codebook")
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise ConfigError("codebook: `version` must be a whole number, such as `version = 1`")
    rows = data.get("tactic", [])
    if not isinstance(rows, list) or not rows:
        raise ConfigError("codebook: no `[[tactic]]` entry found")
    check = _no_check if trusted else _check_cue
    vocabulary = _read_vocabulary(data.get("vocabulary", {}))
    tactics = tuple(_read_tactic(row, vocabulary, check) for row in rows)
    _refuse_twins([tactic.id for tactic in tactics])
    issues = tuple(_read_issue(row, vocabulary, check) for row in data.get("issue", []))
    _refuse_twins([" ".join(issue.key).strip() for issue in issues])
    of_ledger = {
        name: _read_cues(data.get(name, []), vocabulary, name, check) for name in _OF_LEDGER
    }
    _refuse_unmarked(of_ledger["limits"])
    return Codebook(version=version, tactics=tactics, issues=issues, **of_ledger)


def _read_vocabulary(table: object) -> dict[str, str]:
    """Vocabulary entries as non-capturing groups; each may use the names above it."""
    if not isinstance(table, Mapping):
        raise ConfigError("codebook: `[vocabulary]` must be a table of names and patterns")
    vocabulary: dict[str, str] = {}
    for name, value in table.items():
        parts = [value] if isinstance(value, str) else value
        pattern = "|".join(_text_list(parts, where=f"vocabulary.{name}"))
        expanded = f"(?:{_expand(pattern, vocabulary, where=f'vocabulary.{name}')})"
        _compiled(expanded, f"vocabulary.{name}")
        vocabulary[name] = expanded
    return vocabulary


def _read_tactic(row: object, vocabulary: Mapping[str, str], check: PatternCheck) -> Tactic:
    if not isinstance(row, Mapping):
        raise ConfigError("codebook: each `[[tactic]]` must be a table")
    where = f"tactic {row.get('id', '(no id)')}"
    _refuse_unknown(row, allowed=(*_REQUIRED, *_LISTS), where=where)
    missing = [key for key in _REQUIRED if key not in row]
    if missing:
        raise ConfigError(f"codebook: {where} lacks {', '.join(missing)}")
    for key in ("id", "family", "name", "definition", "detector"):
        if not isinstance(row[key], str) or not row[key]:
            raise ConfigError(f"codebook: {where}: `{key}` must be text")
    _refuse_other(row["family"], allowed=FAMILIES, where=f"{where}: family")
    _refuse_other(row["detector"], allowed=DETECTORS, where=f"{where}: detector")
    cues = {
        key: _read_cues(row.get(key, []), vocabulary, f"{where}: {key}", check) for key in _LISTS
    }
    return Tactic(
        id=row["id"],
        family=row["family"],
        name=row["name"],
        definition=row["definition"],
        detector=row["detector"],
        sources=_text_list(row["sources"], where=f"{where}: sources"),
        **cues,
    )


def _read_issue(row: object, vocabulary: Mapping[str, str], check: PatternCheck) -> Issue:
    if not isinstance(row, Mapping):
        raise ConfigError("codebook: each `[[issue]]` must be a table")
    where = f"issue {row.get('id', '(no id)')}"
    _refuse_unknown(row, allowed=_ISSUE_KEYS, where=where)
    _refuse_other(str(row.get("id", "")), allowed=ISSUES, where=f"{where}: id")
    terms, typical = row.get("terms", {}), row.get("typical", [])
    if not isinstance(terms, Mapping):
        raise ConfigError(f"codebook: {where}: `terms` must be a table of names and patterns")
    if not (isinstance(typical, list) and len(typical) in (0, 2)):
        raise ConfigError(f"codebook: {where}: `typical` must be a lowest and a highest number")
    return Issue(
        id=row["id"],
        item=str(row.get("item", "")),
        name=str(row.get("name", row["id"])),
        words=_read_cues(row.get("words", []), vocabulary, f"{where}: words", check),
        units=_units(row.get("units", []), where),
        typical=tuple(float(bound) for bound in typical),
        terms=tuple(
            (name, _read_cues(cues, vocabulary, f"{where}: terms", check))
            for name, cues in terms.items()
        ),
        thousands=row.get("thousands") is True,
    )


def _units(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not set(map(str, value)) <= set(UNITS):
        known = ", ".join(filter(None, UNITS))
        raise ConfigError(f'codebook: {where}: `units` must be of: {known}, or "" for no unit')
    return tuple(map(str, value))


def _read_cues(
    value: object, vocabulary: Mapping[str, str], where: str, check: PatternCheck
) -> tuple[str, ...]:
    cues = tuple(_expand(cue, vocabulary, where=where) for cue in _text_list(value, where=where))
    for cue in cues:
        check(cue, where)
    return cues


def _text_list(value: object, *, where: str) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ConfigError(f"codebook: {where} must be a list of text")
    if not all(isinstance(item, str) and item for item in value):
        raise ConfigError(f"codebook: {where} must hold only text that is not empty")
    return tuple(value)


def _expand(pattern: str, vocabulary: Mapping[str, str], *, where: str) -> str:
    unknown = [name for name in _NAME.findall(pattern) if name not in vocabulary]
    if unknown:
        raise ConfigError(f"codebook: {where}: <{unknown[0]}> is not in the vocabulary above it")
    return _NAME.sub(lambda match: vocabulary[match[1]], pattern)


def _no_check(pattern: str, where: str) -> None:
    """Take the pattern as it is."""


def _check_cue(pattern: str, where: str) -> None:
    """Refuse what is no regular expression, or finds something in nothing."""
    if _compiled(pattern, where).match(""):
        raise ConfigError(f"codebook: {where}: {pattern!r} matches the empty text")


def _compiled(pattern: str, where: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as err:
        raise ConfigError(f"codebook: {where}: bad regular expression {pattern!r}: {err}") from err


def _refuse_unknown(table: Mapping[str, Any], *, allowed: Sequence[str], where: str) -> None:
    unknown = sorted(set(table) - set(allowed))
    if unknown:
        known = ", ".join(allowed)
        raise ConfigError(f"codebook: unknown key `{unknown[0]}` in {where}; known keys: {known}")


def _refuse_other(value: str, *, allowed: Sequence[str], where: str) -> None:
    if value not in allowed:
        raise ConfigError(f"codebook: {where} {value!r} is not one of {', '.join(allowed)}")


def _refuse_twins(ids: Sequence[str]) -> None:
    twins = sorted({name for name in ids if ids.count(name) > 1})
    if twins:
        raise ConfigError(f"codebook: the id {twins[0]!r} is given twice")


def _refuse_unmarked(limits: Sequence[str]) -> None:
    marked = f"(?P<{LIMIT_GROUP}>"
    unmarked = [cue for cue in limits if marked not in cue]
    if unmarked:
        raise ConfigError(f"codebook: limits: {unmarked[0]!r} has no group `{marked}…)`")
