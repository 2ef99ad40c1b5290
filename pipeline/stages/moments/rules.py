"""The rules that find moments, as records: what to look for, why it matters, what to say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any, Literal

from pipeline.errors import ConfigError

STRENGTH, MISSED = "strength", "missed"
KINDS = (STRENGTH, MISSED)
PATTERN = "pattern"
SLOTS = frozenset(
    {"turned", "echo", "promise", "plain_ask", "ask", "own_figure", "their_figure", "open_terms"}
)
"""What a line one could have said may be made of; suggestions.py says what each is."""

FINDERS: Mapping[str, tuple[str, ...]] = {
    PATTERN: (),
    "emotion": (),
    "vague": (),
    "limit": ("within",),
    "filled_silence": ("pause_s", "words"),
    "only_salary": (),
    "unasked": ("turns",),
}
"""How a rule may find, and the thresholds that each way needs; finders.py has the functions."""
_WORDS_OF = {"emotion": "strain", "vague": "vague", "plain_ask": "softeners"}
"""The list of words that a finder or a slot reads, whatever rule it is used by."""
_LISTS = ("sources", "suggestions")
_CLAUSE_LISTS = ("tags", "ledger", "words", "without", "after")
_CLAUSE_COUNTS = ("min_words", "min_new_words", "within")

_NAME = re.compile(r"<([a-z_]+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What a stretch of the floor must be like; what is empty or 0 asks for nothing.

    One of `tags`, or one of the `ledger`'s kinds of lines, or one of the `words` (names of lists
    of patterns) must be there, and none of `without`. `after` is one of the tags that the other
    side's stretch before must have.
    """

    by: Literal["me", "other"]
    tags: tuple[str, ...] = ()
    ledger: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    min_words: int = 0
    min_new_words: int = 0
    within: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of moment.

    With the `finder` "pattern", a moment is a stretch that fits `on`, where one of the next
    stretches (of the side that the clause names, as many as `within`) fits `then`, if there is
    one, and none fits `unless`, nor, of those before, `unless_before`. Other finders are
    functions of finders.py, with the `thresholds` they name. `needs` must have come before.
    `weight` ranks it, `suggestions` are lines one could have said, the first that can be made.
    """

    id: str
    kind: Literal["strength", "missed"]
    name: str
    why: str
    sources: tuple[str, ...]
    next_time: str
    weight: float
    finder: str = PATTERN
    on: Clause | None = None
    then: Clause | None = None
    unless: Clause | None = None
    needs: Clause | None = None
    unless_before: Clause | None = None
    suggestions: tuple[str, ...] = ()
    thresholds: tuple[tuple[str, float], ...] = ()

    def threshold(self, name: str) -> float:
        """A threshold by its name."""
        return dict(self.thresholds)[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """All rules, the lists of patterns they use, and how many moments are shown.

    `words` are regular expressions over the clean line of a turn (pipeline/tactics/text.py),
    `terms` what a package may hold: issues of the ledger, in words.
    """

    version: int
    rules: tuple[Rule, ...]
    words: tuple[tuple[str, tuple[str, ...]], ...]
    terms: tuple[tuple[str, str], ...] = ()
    most: int = 7
    most_strengths: int = 3
    most_missed: int = 4
    most_of_a_rule: int = 2
    min_score: float = 1.0

    def patterns(self, name: str) -> tuple[str, ...]:
        """The patterns of a list."""
        return dict(self.words)[name]


def rulebook_from_toml(data: Mapping[str, Any]) -> Rulebook:
    """The rules that parsed TOML describes; `<name>` in a pattern stands for a list above it.

    Raises ConfigError, naming the rule and the key, for what is unknown, missing, given twice,
    or no regular expression.
    """
    words = _words(data.get("words", {}))
    rules = tuple(_rule(row, words) for row in data.get("rule", ()))
    ids = [rule.id for rule in rules]
    if twins := {one for one in ids if ids.count(one) > 1}:
        raise ConfigError(f"moments: {sorted(twins)[0]} is there twice")
    limits = data.get("limits", {})
    for key, value in limits.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ConfigError(f"moments: limits.{key} is {value!r}; it is a number from 0")
    try:
        return Rulebook(
            version=int(data["version"]),
            rules=rules,
            words=tuple(words.items()),
            terms=tuple(data.get("terms", {}).items()),
            **limits,
        )
    except (KeyError, TypeError, ValueError) as err:
        raise ConfigError(f"moments: `version` or `[limits]` is not as it must be: {err}") from err


def _words(table: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    for name, patterns in table.items():
        if not _is_texts(patterns):
            raise ConfigError(f"moments: words.{name} is not a list of patterns")
        words[name] = tuple(_expanded(pattern, words, where=name) for pattern in patterns)
        for pattern in words[name]:
            _check_pattern(pattern, where=name)
    return words


def _expanded(pattern: str, words: Mapping[str, Sequence[str]], *, where: str) -> str:
    unknown = [name for name in _NAME.findall(pattern) if name not in words]
    if unknown:
        raise ConfigError(f"moments: words.{where}: <{unknown[0]}> is not among the words above it")
    return _NAME.sub(lambda found: f"(?:{'|'.join(words[found[1]])})", pattern)


def _check_pattern(pattern: str, *, where: str) -> None:
    try:
        empty = re.match(pattern, "")
    except re.error as err:
        raise ConfigError(f"moments: words.{where}: {pattern!r} is no pattern: {err}") from err
    if empty:
        raise ConfigError(f"moments: words.{where}: {pattern!r} matches the empty text")


def _rule(row: Mapping[str, Any], words: Mapping[str, Sequence[str]]) -> Rule:
    where = f"moments: rule {row.get('id', '(no id)')}"
    clauses = ("on", "then", "unless", "needs", "unless_before")
    for key in _LISTS:
        if not _is_texts(row.get(key, [])):
            raise ConfigError(f"{where}: {key} is not a list of texts")
    try:
        rule = Rule(
            **{key: _plain(value) for key, value in row.items() if key not in clauses}
            | {key: _clause(row[key], key=key) for key in clauses if key in row}
        )
    except (TypeError, ValueError) as err:
        raise ConfigError(f"{where}: {err}") from err
    _check(rule, words, where=where)
    return rule


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple((str(key), float(one)) for key, one in value.items())
    return tuple(value) if isinstance(value, list) else value


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def _clause(table: Any, *, key: str) -> Clause:
    if not isinstance(table, Mapping):
        raise TypeError(f'{key} is not a table such as {{ by = "me" }}')
    for name in _CLAUSE_LISTS:
        if not _is_texts(table.get(name, ())):
            raise TypeError(f"{key}.{name} is not a list of texts")
    for name in _CLAUSE_COUNTS:
        if not isinstance(table.get(name, 0), int):
            raise TypeError(f"{key}.{name} is not a whole number")
    if table.get("by") not in ("me", "other"):
        raise TypeError(f"{key}.by is {table.get('by')!r}; it is me or other")
    try:
        return Clause(**{name: _plain(value) for name, value in table.items()})
    except TypeError as err:
        raise TypeError(f"{key}: {err}") from err


def _check(rule: Rule, words: Mapping[str, Sequence[str]], *, where: str) -> None:
    if rule.kind not in KINDS:
        raise ConfigError(f"{where}: kind is {rule.kind}; it is strength or missed")
    if isinstance(rule.weight, bool) or not isinstance(rule.weight, int | float):
        raise ConfigError(f"{where}: weight is not a number")
    _check_finder(rule, words, where=where)
    if not rule.sources or not rule.why or not rule.next_time:
        raise ConfigError(f"{where}: say why it matters, who says so, and what to do next time")
    if rule.finder == PATTERN and rule.on is None:
        raise ConfigError(f"{where}: it finds by pattern, but has no `on`")
    for clause in (rule.on, rule.then, rule.unless, rule.needs, rule.unless_before):
        for name in clause.words if clause else ():
            if name not in words:
                raise ConfigError(f"{where}: there is no list of words called {name}")
    for text in rule.suggestions:
        _check_suggestion(text, words, where=where)


def _check_finder(rule: Rule, words: Mapping[str, Sequence[str]], *, where: str) -> None:
    if rule.finder not in FINDERS:
        raise ConfigError(f"{where}: finder is {rule.finder}; it is one of {', '.join(FINDERS)}")
    missing = set(FINDERS[rule.finder]) - set(dict(rule.thresholds))
    if missing:
        raise ConfigError(f"{where}: thresholds has no {sorted(missing)[0]}")
    if _WORDS_OF.get(rule.finder, "") not in {"", *words}:
        raise ConfigError(f"{where}: finder {rule.finder} needs words.{_WORDS_OF[rule.finder]}")


def _check_suggestion(text: str, words: Mapping[str, Sequence[str]], *, where: str) -> None:
    try:
        slots = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as err:
        raise ConfigError(f"{where}: suggestions: {text!r} has a brace too many: {err}") from err
    if unknown := slots - SLOTS:
        raise ConfigError(f"{where}: suggestions: nothing is known of {{{sorted(unknown)[0]}}}")
    for slot in slots:
        if _WORDS_OF.get(slot, "") not in {"", *words}:
            raise ConfigError(f"{where}: suggestions: {{{slot}}} needs words.{_WORDS_OF[slot]}")
