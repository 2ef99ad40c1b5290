"""The perspective a report is written from: profile, culture and role, and the plan of the talk.

The files that people bring are kept as text in the settings, so that a correction made later finds
what the report was made with, though the file has changed or gone.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.stages.report import ReportConfig
from pipeline.tactics.preparation import matching_from_toml, preparation_from_toml
from pipeline.tactics.profile_files import profile_from_toml
from pipeline.tactics.profiles import NO_LAYER, Known, Profile, merged

PROFILES = ("general", "job_offer", "networking", "influence")
CULTURES = ("low_context", "high_context")

_SUFFIX = ".toml"
_MOST_BYTES = 1_000_000


def with_perspective(report: ReportConfig, *, configs: Path) -> ReportConfig:
    """The report's settings with what the files that they name say.

    `configs` is the folder of the shipped files; the codebook must be there already. Raises
    ConfigError for a profile that there is not, and for files that are not sound.
    """
    profile_text = report.profile_text or _own_text(report.profile, option="--profile")
    plan_text = report.plan_text or (_text_of(report.plan, option="--plan") if report.plan else "")
    known = frozenset(tactic.id for tactic in report.codebook.tactics)
    if profile_text:
        profile = _own(profile_text, known=known, configs=configs, where=report.profile)
    else:
        profile = shipped_profile(report.profile, known=known, configs=configs)
    culture = None
    if report.culture != NO_LAYER:
        culture = shipped_profile(report.culture, known=known, configs=configs)
    changed: dict[str, Any] = {
        "profile_text": profile_text,
        "plan_text": plan_text,
        "reading": merged(profile, culture=culture, role=report.role),
    }
    if plan_text:
        data = _parsed(plan_text, where=report.plan)
        issues = report.codebook.issues
        changed["preparation"] = preparation_from_toml(data, issues=issues, where=report.plan)
        path = configs / f"preparation{_SUFFIX}"
        changed["matching"] = matching_from_toml(_parsed(path.read_text("utf-8"), where=path.name))
    return dataclasses.replace(report, **changed)


@cache
def shipped_profile(name: str, *, known: frozenset[str], configs: Path) -> Profile:
    """A shipped profile or culture; `known` are the tactics. Raises ConfigError."""
    path = configs / "profiles" / f"{name}{_SUFFIX}"
    return profile_from_toml(
        _parsed(path.read_text("utf-8"), where=path.name),
        known=Known(tactics=known),
        where=path.name,
        base_of=lambda base: shipped_profile(base, known=known, configs=configs),
    )


def _own(text: str, *, known: frozenset[str], configs: Path, where: str) -> Profile:
    def base_of(base: str) -> Profile:
        if base not in PROFILES:
            raise ConfigError(f"{where}: extends {base!r}: {_nearest(base)}")
        return shipped_profile(base, known=known, configs=configs)

    return profile_from_toml(
        _parsed(text, where=where), known=Known(tactics=known), where=where, base_of=base_of
    )


def _own_text(name: str, *, option: str) -> str:
    """The text of a profile of one's own; "" for a shipped one. Raises ConfigError."""
    if name in PROFILES:
        return ""
    if name in CULTURES:
        raise ConfigError(f"{option} {name}: this is a culture; write --culture {name}")
    if not name.endswith(_SUFFIX):
        raise ConfigError(f"{option} {name}: there is no such profile; {_nearest(name)}")
    return _text_of(name, option=option)


def _nearest(name: str) -> str:
    close = difflib.get_close_matches(name, PROFILES, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]}?"
    return f"choose {', '.join(PROFILES)}, or a file that ends in {_SUFFIX}"


def _text_of(path: str, *, option: str) -> str:
    """What a file holds. Raises ConfigError."""
    try:
        with Path(path).expanduser().open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        text = content.decode("utf-8")
    except UnicodeDecodeError as err:
        raise ConfigError(f"{option} {path}: not text in UTF-8; save it as such") from err
    except (OSError, ValueError, RuntimeError) as err:
        reason = getattr(err, "strerror", None) or err
        raise ConfigError(f"{option} {path}: cannot be read ({reason}); check the path") from err
    if len(content) > _MOST_BYTES:
        raise ConfigError(f"{option} {path}: larger than 1 MB; this is no such file")
    if not text.strip():
        raise ConfigError(f"{option} {path}: the file is empty")
    return text


def _parsed(text: str, *, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as err:
        raise ConfigError(f"{where}: not valid TOML: {str(err)[:200]}") from err
