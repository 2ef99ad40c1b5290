"""By which words an answer is judged: agreeing, asking for something firm, firm, vague."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from pipeline.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class RepliesConfig:
    """How replies are read: cues over the clean line of a turn (configs/replies.toml).

    `agreement` are openings that agree, `not_agreement` what takes that back; `request` is what
    a follow-up question has that asks for something firm; answers are firm by `concrete` and
    vague by `vague`. `empathy` are the tactics of that family.
    """

    agreement: tuple[str, ...] = ()
    not_agreement: tuple[str, ...] = ()
    request: tuple[str, ...] = ()
    concrete: tuple[str, ...] = ()
    vague: tuple[str, ...] = ()
    empathy: tuple[str, ...] = ()


def replies_from_toml(data: Mapping[str, Any], *, empathy: tuple[str, ...]) -> RepliesConfig:
    """The cues that parsed TOML holds. Raises ConfigError, naming the key."""
    names = [field.name for field in fields(RepliesConfig) if field.name != "empathy"]
    for name in sorted(set(names) ^ set(data)):
        raise ConfigError(f"replies: `{name}` is {'missing' if name in names else 'unknown'}")
    return RepliesConfig(**{name: _cues(name, data[name]) for name in names}, empathy=empathy)


def _cues(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(cue, str) and cue for cue in value):
        raise ConfigError(f"replies: `{name}` must be a list of texts that are not empty")
    for cue in value:
        try:
            empty = re.compile(cue).match("")
        except re.error as err:
            raise ConfigError(f"replies: {name}: bad regular expression {cue!r}: {err}") from err
        if empty:
            raise ConfigError(f"replies: {name}: {cue!r} matches the empty text")
    return tuple(value)
