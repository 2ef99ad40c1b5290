"""Settings: TOML and options into one frozen Config, read once, at the edge."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import math
import os
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import ConfigError
from pipeline.models.registry import Weights, shipped_weights
from pipeline.perspective import with_perspective
from pipeline.stages.audio import AudioConfig
from pipeline.stages.diarize import DiarizeConfig
from pipeline.stages.metrics import MetricsConfig
from pipeline.stages.moments import MomentsConfig, Rulebook, rulebook_from_toml
from pipeline.stages.offers import OffersConfig
from pipeline.stages.page import PageConfig
from pipeline.stages.recognizing import TranscribeConfig
from pipeline.stages.replies import RepliesConfig, replies_from_toml
from pipeline.stages.report import Definition, ReportConfig
from pipeline.stages.tactics import TacticsConfig
from pipeline.stages.turns import TurnsConfig
from pipeline.stages.voices import VoicesConfig
from pipeline.tactics.codebook import Codebook, codebook_from_toml
from pipeline.tactics.measured import Measured, measured_from_toml


def configs_directory() -> Path:
    """The folder of the shipped TOML files: beside the package, or in it when installed."""
    packaged = Path(__file__).parent / "configs"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "configs"


def _read(path: Path) -> dict[str, Any]:
    """Parse a TOML file. Raises ConfigError."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as err:
        raise ConfigError(f"{path}: cannot be read ({err.strerror}); check --config") from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ConfigError(f"{path}: not valid TOML: {err}") from err


@cache
def shipped_codebook() -> Codebook:
    """The shipped codebook, configs/tactics.toml."""
    return codebook_from_toml(_read(configs_directory() / "tactics.toml"), trusted=True)


@cache
def measured_precision() -> tuple[Measured, ...]:
    """How often tags were right on test data, configs/tactics_accuracy.toml."""
    return measured_from_toml(_read(configs_directory() / "tactics_accuracy.toml"))


@cache
def shipped_rulebook() -> Rulebook:
    """The rules that find moments, configs/moments.toml."""
    return rulebook_from_toml(_read(configs_directory() / "moments.toml"))


@cache
def shipped_replies() -> RepliesConfig:
    """How replies are read, configs/replies.toml."""
    empathy = (tactic.id for tactic in shipped_codebook().tactics if tactic.family == "empathy")
    return replies_from_toml(_read(configs_directory() / "replies.toml"), empathy=tuple(empathy))


def _tactics_config() -> TacticsConfig:
    """The shipped codebook, and what the shipped classifier is known by."""
    weights = files("pipeline") / "weights"
    parts = [(weights / name).read_bytes() for name in ("tactics.onnx", "tactics.json")]
    return TacticsConfig(
        codebook=shipped_codebook(), classifier=hashlib.sha256(b"".join(parts)).hexdigest()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """Where things run and lie; nothing here changes a result, so none of it is in a key.

    An empty `store` or `models` means the user's cache folder, see `store_directory`; an empty
    `voices` the user's data folder, see `voices_directory`.
    """

    device: Literal["auto", "cpu", "cuda"] = "auto"
    store: str = ""
    models: str = ""
    voices: str = ""
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every setting: one dataclass a stage, and where to run."""

    audio: AudioConfig = field(default_factory=AudioConfig)
    diarize: DiarizeConfig = field(default_factory=DiarizeConfig)
    transcribe: TranscribeConfig = field(default_factory=TranscribeConfig)
    turns: TurnsConfig = field(default_factory=TurnsConfig)
    tactics: TacticsConfig = field(default_factory=_tactics_config)
    offers: OffersConfig = field(default_factory=lambda: OffersConfig(codebook=shipped_codebook()))
    metrics: MetricsConfig = field(default_factory=MetricsConfig)
    replies: RepliesConfig = field(default_factory=shipped_replies)
    moments: MomentsConfig = field(
        default_factory=lambda: MomentsConfig(rulebook=shipped_rulebook())
    )
    report: ReportConfig = field(default_factory=ReportConfig)
    page: PageConfig = field(default_factory=PageConfig)
    voices: VoicesConfig = field(default_factory=VoicesConfig)
    run: RunConfig = field(default_factory=RunConfig)


SETTABLE = {
    "audio": tuple(f.name for f in dataclasses.fields(AudioConfig)),
    "diarize": tuple(f.name for f in dataclasses.fields(DiarizeConfig)),
    "transcribe": tuple(f.name for f in dataclasses.fields(TranscribeConfig)),
    "turns": tuple(f.name for f in dataclasses.fields(TurnsConfig)),
    "tactics": ("model",),
    "metrics": tuple(f.name for f in dataclasses.fields(MetricsConfig) if f.name != "families"),
    "report": ("names", "me", "all_tags", "precision_bar", "profile", "culture", "role", "plan"),
    "page": tuple(f.name for f in dataclasses.fields(PageConfig)),
    "voices": tuple(f.name for f in dataclasses.fields(VoicesConfig)),
    "run": tuple(f.name for f in dataclasses.fields(RunConfig)),
}
"""The settings that people may give, by section; the rest is filled in from data files."""

_REMEMBERED = {"report": ("profile_text", "plan_text")}
"""What was in files that people gave, remembered with the settings of an analysis."""


@cache
def _metric_data() -> dict[str, Any]:
    return _read(configs_directory() / "metrics.toml")


def metrics_version() -> int:
    """The version of the metric definitions."""
    return int(_metric_data()["version"])


def definitions() -> tuple[Definition, ...]:
    """What each metric means, configs/metrics.toml."""
    return tuple(Definition(**row) for row in _metric_data()["metrics"])


def reasons() -> tuple[tuple[str, str], ...]:
    """Why a metric is withheld: code and words."""
    return tuple(_metric_data()["reasons"].items())


def moment_weights(report: ReportConfig) -> tuple[tuple[str, float], ...]:
    """How much each rule of the moments weighs under a report's profile, culture and role.

    Rules that keep their weight of 1 are left out, so that the moments' key stays as it is.
    """
    return tuple((rule, weight) for rule, weight in report.reading.moments if weight != 1.0)


def sources() -> tuple[tuple[str, str], ...]:
    """What the codebook's letters of sources stand for, configs/sources.toml."""
    return tuple(_read(configs_directory() / "sources.toml")["sources"].items())


def weights() -> tuple[Weights, ...]:
    """The shipped list of weights, configs/models.toml."""
    return shipped_weights()


def store_directory(config: Config, environment: Mapping[str, str] = os.environ) -> Path:
    """Where artefacts are kept: run.store, PARLEY_STORE, or the user's cache folder."""
    chosen = config.run.store or environment.get("PARLEY_STORE", "")
    if chosen:
        return Path(chosen).expanduser()
    cache_home = environment.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache_home).expanduser() / "parley" / "artefacts"


def voices_directory(config: Config, environment: Mapping[str, str] = os.environ) -> Path:
    """Where enrolled voices are kept: run.voices, PARLEY_VOICES, or the user's data folder."""
    chosen = config.run.voices or environment.get("PARLEY_VOICES", "")
    if chosen:
        return Path(chosen).expanduser()
    data_home = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data_home).expanduser() / "parley" / "voices"


def settings_of(config: Config) -> dict[str, dict[str, Any]]:
    """The settings that differ from the defaults, as `config_of` reads them.

    With what was in the files that they name.
    """
    default = Config()
    changed = {
        section: {
            key: getattr(getattr(config, section), key)
            for key in (*keys, *_REMEMBERED.get(section, ()))
            if getattr(getattr(config, section), key) != getattr(getattr(default, section), key)
        }
        for section, keys in SETTABLE.items()
    }
    return {section: table for section, table in changed.items() if table}


def config_of(settings: Mapping[str, Mapping[str, Any]]) -> Config:
    """The defaults, changed by settings as `settings_of` gives them. Raises ConfigError."""
    values: dict[str, dict[str, Any]] = {}
    for section, table in settings.items():
        for key, value in table.items():
            if key in _REMEMBERED.get(section, ()):
                values.setdefault(section, {})[key] = value
            else:
                _put(values, f"{section}.{key}", value)
    return _config(values)


def load_config(*, file: Path | None = None, settings: Iterable[str] = ()) -> Config:
    """The defaults, changed by a TOML file, then by `stage.key=value` texts, the last one wins.

    Raises ConfigError for an unknown section or key, naming the nearest real one, and for a
    value of the wrong kind.
    """
    values: dict[str, dict[str, Any]] = {}
    for section, table in (_read(file) if file else {}).items():
        if not isinstance(table, dict):
            raise ConfigError(f"{section}: settings stand in sections, as in [diarize]")
        for key, value in table.items():
            _put(values, f"{section}.{key}", value)
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set {setting}: write it as stage.key=value")
        _put(values, name.strip(), _Text(text.strip()))
    return _config(values)


class _Text(str):
    """A value typed by a person, to be read as whatever type the setting has."""

    __slots__ = ()


def _put(values: dict[str, dict[str, Any]], name: str, value: Any) -> None:
    section, _, key = name.partition(".")
    if key not in SETTABLE.get(section, ()):
        raise ConfigError(f"{name}: there is no such setting{_nearest(name)}")
    values.setdefault(section, {})[key] = value


def _nearest(name: str) -> str:
    """A hint at the real setting that a name resembles."""
    real = [f"{section}.{key}" for section, keys in SETTABLE.items() for key in keys]
    by_key = {full.partition(".")[2]: full for full in real}
    close = difflib.get_close_matches(name, real, n=1, cutoff=0.5)
    close += [
        by_key[key]
        for key in difflib.get_close_matches(name.rpartition(".")[2], by_key, n=1, cutoff=0.6)
    ]
    return f"; did you mean {close[0]}?" if close else "; configs/default.toml lists them all"


def _config(values: Mapping[str, Mapping[str, Any]]) -> Config:
    default = Config()
    stages = {section: getattr(default, section) for section in SETTABLE}
    changed = {
        section: dataclasses.replace(
            stages[section],
            **{
                key: _typed(value, stage=stages[section], section=section, key=key)
                for key, value in table.items()
            },
        )
        for section, table in values.items()
    }
    return dataclasses.replace(default, **_with_data(changed, default=default))


def _with_data(stages: dict[str, Any], *, default: Config) -> dict[str, Any]:
    """The stages' settings with what comes from data files, and from each other."""
    book = shipped_codebook()
    families = tuple((tactic.id, tactic.family) for tactic in book.tactics)
    metrics = stages.get("metrics", default.metrics)
    report = stages.get("report", default.report)
    tactics = dataclasses.replace(
        stages.get("tactics", default.tactics),
        interruption_overlap_ms=metrics.interruption_overlap_ms,
        interruption_length_ms=metrics.interruption_length_ms,
    )
    report = with_perspective(
        dataclasses.replace(
            report,
            definitions=definitions(),
            reasons=reasons(),
            sources=sources(),
            codebook=book,
            measured=measured_precision(),
        ),
        configs=configs_directory(),
    )
    return {
        **stages,
        "tactics": tactics,
        "metrics": dataclasses.replace(metrics, families=families),
        "moments": dataclasses.replace(default.moments, weights=moment_weights(report)),
        "report": report,
    }


def _typed(value: Any, *, stage: Any, section: str, key: str) -> Any:
    """A value as the type of its setting. Raises ConfigError."""
    kind = typing.get_type_hints(type(stage))[key]
    found = _as(value, kind)
    if found is None:
        raise ConfigError(f"{section}.{key}: {value!r} is not {_described(kind)}")
    return found


def _as(value: Any, kind: Any) -> Any:
    """The value read as a type, or None where it cannot be."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        read = (_as(value, option) for option in arguments)
        return next((found for found in read if found is not None), None)
    if origin is Literal:
        return str(value) if value in arguments else None
    if origin is tuple:
        parts = (value.split(",") if value else []) if isinstance(value, str) else value
        return tuple(str(part).strip() for part in parts) if _is_list(parts) else None
    return _scalar(value, kind)


def _is_list(parts: Any) -> bool:
    return isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts)


def _scalar(value: Any, kind: type) -> Any:
    if kind is bool:
        known = {"true": True, "false": False}
        return known.get(value.lower()) if isinstance(value, str) else _same(value, bool)
    if isinstance(value, bool):
        return None
    if isinstance(value, _Text) and kind in (int, float):
        try:
            value = kind(value)
        except ValueError:
            return None
    if kind is float and isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    return str(value) if kind is str and isinstance(value, str) else _same(value, kind)


def _same(value: Any, kind: type) -> Any:
    return value if type(value) is kind else None


def _described(kind: Any) -> str:
    """A type in words, for error messages."""
    if typing.get_origin(kind) is Literal:
        return "one of " + ", ".join(typing.get_args(kind))
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    if kind in names:
        return names[kind]
    options = [_described(option) for option in typing.get_args(kind)]
    return "a list of texts" if typing.get_origin(kind) is tuple else " or ".join(options)
