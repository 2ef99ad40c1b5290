"""Profiles read from TOML: what is wrong with one is said by file, entry and key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from pipeline.errors import ConfigError
from pipeline.tactics.profiles import FIGURE, ROLES, Known, Profile, Reading, laid_over

_MOST_WEIGHT = 10.0
_FARTHEST = 1e12
_MOST_TEXT = 1000
_MOST_READINGS = 500
_KEYS = ("id", "name", "description", "sources", "extends", "mute", "reading", "moments", "role")
_READING_KEYS = (
    *("about", "id", "lens", "stance", "text", "source", "setting", "role"),
    *("at_least", "below"),
)
_STANCES = ("strength", "risk", "neutral")
_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")


def profile_from_toml(
    data: Mapping[str, Any],
    *,
    known: Known,
    where: str,
    base_of: Callable[[str], Profile] | None = None,
) -> Profile:
    """The profile that parsed TOML describes, with what it extends below it.

    `base_of` finds the profile of an id. Raises ConfigError, naming the file, the entry and the
    key, for unknown keys and ids, values of a wrong kind, and a reading without a source.
    """
    _refuse_unknown(data, known=_KEYS, where=where, what="key")
    mute = _texts(data.get("mute", []), where=f"{where}: mute")
    for one in mute:
        _check_id(one, known=(*known.tactics, *known.metrics), where=where, what="tactic or metric")
    profile = Profile(
        id=_own_id(data, where),
        name=_text(data, "name", where=where),
        description=_text(data, "description", where=where),
        sources=_texts(data.get("sources", []), where=f"{where}: sources"),
        readings=_read_readings(data.get("reading", []), known=known, where=where),
        moments=_weights(data.get("moments", {}), known=known, where=f"{where}: [moments]"),
        role_moments=_read_roles(data.get("role", {}), known=known, where=where),
        mute=mute,
    )
    if "extends" not in data:
        return profile
    base = _text(data, "extends", where=where)
    if base_of is None:
        raise ConfigError(f"{where}: `extends` has no place here; remove it")
    return laid_over(base_of(base), profile)


def _own_id(data: Mapping[str, Any], where: str) -> str:
    own = _text(data, "id", where=where)
    if not _ID.fullmatch(own):
        raise ConfigError(f"{where}: id {own!r}: use small letters, digits and _, 64 at most")
    return own


def _read_readings(rows: object, *, known: Known, where: str) -> tuple[Reading, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise ConfigError(f"{where}: each reading must be a table, headed [[reading]]")
    if len(rows) > _MOST_READINGS:
        raise ConfigError(f"{where}: {len(rows)} readings; {_MOST_READINGS} are the most")
    readings = tuple(
        _reading(row, known=known, where=f"{where}: reading {number}")
        for number, row in enumerate(rows, start=1)
    )
    places = [one.place for one in readings]
    for number, one in enumerate(readings, start=1):
        if places.index(one.place) < number - 1:
            raise ConfigError(
                f"{where}: reading {number}: {one.lens} reads {one.id} twice; keep one of them"
            )
    return readings


def _reading(row: Mapping[str, Any], *, known: Known, where: str) -> Reading:
    _refuse_unknown(row, known=_READING_KEYS, where=where, what="key")
    about = _one_of(row, "about", ("metric", "tactic"), where=where)
    own = _text(row, "id", where=where)
    where = f"{where} ({own})"
    ids = known.metrics if about == "metric" else known.tactics
    _check_id(own, known=ids, where=where, what=about)
    reading = Reading(
        about=about,
        id=own,
        lens=_text(row, "lens", where=where),
        stance=_one_of(row, "stance", _STANCES, where=where),
        text=_text(row, "text", where=where),
        source=_text(row, "source", where=where),
        setting=_text(row, "setting", where=where) if "setting" in row else "",
        role=_one_of(row, "role", ROLES, where=where) if "role" in row else "",
        at_least=_bound(row, "at_least", where=where),
        below=_bound(row, "below", where=where),
    )
    _check_reading(reading, where=where)
    return reading


def _check_reading(reading: Reading, *, where: str) -> None:
    is_metric = reading.about == "metric"
    bounds = (reading.at_least, reading.below)
    if not is_metric and (any(bound is not None for bound in bounds) or FIGURE in reading.text):
        raise ConfigError(f"{where}: `at_least`, `below` and {FIGURE} are for metrics; remove them")
    if None not in bounds and not bounds[0] < bounds[1]:  # type: ignore[operator]
        raise ConfigError(f"{where}: `at_least` must be less than `below`")
    if set("{}") & set(reading.text.replace(FIGURE, "")):
        raise ConfigError(f"{where}: text: of braces there is {FIGURE} only")


def _read_roles(table: object, *, known: Known, where: str) -> tuple[tuple[str, str, float], ...]:
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where}: roles stand in tables, as in [role.candidate.moments]")
    _refuse_unknown(table, known=ROLES, where=where, what="role")
    found: list[tuple[str, str, float]] = []
    for role, content in table.items():
        here = f"{where}: [role.{role}]"
        if not isinstance(content, Mapping):
            raise ConfigError(f"{here}: write it as a table, [role.{role}.moments]")
        _refuse_unknown(content, known=("moments",), where=here, what="key")
        weights = _weights(content.get("moments", {}), known=known, where=here)
        found += [(role, rule, weight) for rule, weight in weights]
    return tuple(found)


def _weights(table: object, *, known: Known, where: str) -> tuple[tuple[str, float], ...]:
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where}: must be a table of rules and weights")
    for rule, weight in table.items():
        _check_id(rule, known=known.rules, where=where, what="rule")
        if not _is_number(weight) or not 0 <= weight <= _MOST_WEIGHT:
            raise ConfigError(
                f"{where}: {rule}: a weight is a number from 0 (off) to {_MOST_WEIGHT:g}"
            )
    return tuple((str(rule), float(weight)) for rule, weight in table.items())


# --- values


def _text(table: Mapping[str, Any], key: str, *, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        state = "missing" if key not in table else "no text, or empty"
        raise ConfigError(f"{where}: `{key}` is {state}")
    if len(value) > _MOST_TEXT:
        raise ConfigError(f"{where}: `{key}` is longer than {_MOST_TEXT} characters")
    return " ".join(value.split())


def _texts(value: object, *, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ConfigError(f"{where}: must be a list of texts")
    return tuple(value)


def _one_of(row: Mapping[str, Any], key: str, allowed: Sequence[str], *, where: str) -> str:
    value = _text(row, key, where=where)
    if value not in allowed:
        raise ConfigError(f"{where}: {key} {value!r} is not one of {', '.join(allowed)}")
    return value


def _bound(row: Mapping[str, Any], key: str, *, where: str) -> float | None:
    value = row.get(key)
    if value is not None and not _is_number(value):
        raise ConfigError(f"{where}: `{key}` must be a number")
    return None if value is None else float(value)


def _is_number(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and -_FARTHEST <= value <= _FARTHEST  # type: ignore[operator]


def _refuse_unknown(
    table: Mapping[str, Any], *, known: Collection[str], where: str, what: str
) -> None:
    for key in table:
        _check_id(key, known=known, where=where, what=what)


def _check_id(found: str, *, known: Collection[str], where: str, what: str) -> None:
    """Refuse an id that there is not, with the nearest that there is. Raises ConfigError."""
    if found in known:
        return
    close = difflib.get_close_matches(found, list(known), n=1, cutoff=0.6)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(known))}"
    raise ConfigError(f"{where}: there is no {what} {found!r}; {hint}")
