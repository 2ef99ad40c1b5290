"""From a recording and a Config to the ordered tasks with their keys, before any model runs."""

from __future__ import annotations

import dataclasses
import glob
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.config import Config, metrics_version, weights
from pipeline.errors import InputError, UnreadableAudio
from pipeline.models.registry import find_weights
from pipeline.stage import Stage, recipe, recipe_key
from pipeline.stages import STAGES
from pipeline.stages.report import ModelFact, ReportConfig
from pipeline.store import file_sha256

RECORDING = "recording"
AUDIO_SUFFIXES = frozenset(
    {
        *(".wav", ".wave", ".mp3", ".m4a", ".aac", ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".mka"),
        *(".ogg", ".oga", ".opus", ".flac", ".amr", ".3gp", ".aif", ".aiff", ".au", ".g712"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """An uploaded file: its identity is the sha256 of its bytes, its name is for people."""

    path: Path
    name: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One stage of one recording. `inputs` maps input names to keys (or the recording's digest)."""

    stage: Stage
    config: Any
    inputs: Mapping[str, str]
    recipe: Mapping[str, Any]
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All tasks of one recording, in an order in which every input comes before its use."""

    recording: Recording
    tasks: tuple[Task, ...]

    def task(self, stage_name: str) -> Task:
        """The task of that stage."""
        return next(task for task in self.tasks if task.stage.name == stage_name)


def read_recording(path: Path) -> Recording:
    """Identify a file by its bytes. Raises UnreadableAudio where it cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnreadableAudio(
                f"{path}: not a regular file; give a recording or a folder of them"
            )
        digest = file_sha256(path)
    except (FileNotFoundError, NotADirectoryError) as err:
        raise UnreadableAudio(f"{path}: there is no such file; check the path") from err
    except OSError as err:
        raise UnreadableAudio(
            f"{path}: cannot be read ({err.strerror}); check the path and its permissions"
        ) from err
    return Recording(path=path, name=_printable(path.name), digest=digest)


def _printable(name: str) -> str:
    """A file name as valid text: bytes that are not UTF-8 become replacement marks."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def find_recordings(patterns: Iterable[str]) -> tuple[Path, ...]:
    """The files that paths, folders and glob patterns name, each once, in the order given.

    A folder stands for the audio and video files in it, at any depth; a path that does not
    exist is kept, so that its error names it. Raises InputError for a folder without recordings.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        found.update(dict.fromkeys(_expand(pattern)))
    return tuple(found)


def _expand(pattern: str) -> list[Path]:
    path = Path(pattern)
    # os.path, since Path raises for names that are too long or lie where one may not look
    if os.path.isdir(path):  # noqa: PTH112
        return _recordings_in(path)
    if os.path.lexists(path) or not glob.has_magic(pattern):
        return [path]
    found = sorted(glob.iglob(pattern, recursive=True))  # noqa: PTH207 - may be absolute
    files = [Path(match) for match in found if Path(match).is_file()]
    if not files:
        raise InputError(f"{pattern}: no file matches; check the pattern")
    return files


def _recordings_in(folder: Path) -> list[Path]:
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in AUDIO_SUFFIXES
        and not path.name.startswith(".")
        and not path.is_dir()
    )
    if not files:
        raise InputError(f"{folder}: no audio or video file in this folder; name the files instead")
    return files


def plan(recording: Recording, *, config: Config) -> Plan:
    """The tasks of one recording with their keys; no model is looked for, nothing is run."""
    keys = {RECORDING: recording.digest}
    tasks = []
    for stage in STAGES:
        stage_config = getattr(config, stage.name)
        if isinstance(stage_config, ReportConfig):
            stage_config = _report_config(stage_config, recording, config)
        tasks.append(_task(stage, config=stage_config, keys=keys))
        keys[stage.name] = tasks[-1].key
    return Plan(recording=recording, tasks=tuple(tasks))


def _task(stage: Stage, *, config: Any, keys: Mapping[str, str]) -> Task:
    inputs = {name: keys[name] for name in stage.inputs}
    fingerprints = {name: _fingerprint(name) for name in stage.weights(config)}
    what = recipe(stage=stage, config=config, weights=fingerprints, inputs=inputs)
    return Task(stage=stage, config=config, inputs=inputs, recipe=what, key=recipe_key(what))


def _fingerprint(name: str) -> str:
    """The sha256 of weights that are pinned; else the name, and what a path holds."""
    pinned = find_weights(name, weights=weights())
    if pinned:
        return pinned.digest
    model = Path(name) / "model.bin"
    return file_sha256(model) if model.is_file() else f"unpinned:{name}"


def _report_config(report: ReportConfig, recording: Recording, config: Config) -> ReportConfig:
    """The report's settings with the facts of this recording and of what is installed."""
    return dataclasses.replace(
        report,
        recording_name=recording.name,
        digest=recording.digest,
        models=tuple(_model_facts(config)),
        versions=(
            ("parley", __version__),
            ("codebook", str(config.tactics.codebook.version)),
            ("metrics", str(metrics_version())),
            *((name, version(name)) for name in ("faster-whisper", "pyannote.audio", "polars")),
        ),
    )


def _model_facts(config: Config) -> Iterable[ModelFact]:
    for stage in STAGES:
        for name in stage.weights(getattr(config, stage.name)):
            pinned = find_weights(name, weights=weights())
            yield ModelFact(
                stage=stage.name,
                name=name,
                licence=pinned.licence if pinned else "unknown",
                sha256=pinned.digest if pinned else "",
            )
