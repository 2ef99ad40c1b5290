"""From a recording and a Config to the ordered tasks with their keys, before any model runs."""

from __future__ import annotations

import dataclasses
import glob
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.config import Config, weights
from pipeline.corrections import Overlay, Resolved, label_document, turned_document
from pipeline.enrolment import Enrolment, enrolled_document
from pipeline.errors import InputError, UnreadableAudio
from pipeline.models.registry import find_weights
from pipeline.records import PLAYBACK_NAME
from pipeline.report_facts import with_facts
from pipeline.stage import Stage, recipe, recipe_key
from pipeline.stages import (
    CORRECTED_SPEECH,
    CORRECTED_TURNS,
    PLAYBACK,
    STAGES,
    TRANSCRIPT,
    TRANSCRIPT_STAGES,
    VOICES,
)
from pipeline.stages.corrections import CorrectionsConfig
from pipeline.stages.metrics import MetricsConfig
from pipeline.stages.playback import PlaybackConfig
from pipeline.stages.report import ReportConfig
from pipeline.stages.transcript import TranscriptConfig
from pipeline.stages.voices import EMBEDDING
from pipeline.store import file_sha256
from pipeline.transcripts.formats import READERS

RECORDING = "recording"
AUDIO_SUFFIXES = frozenset(
    {
        *(".wav", ".wave", ".mp3", ".m4a", ".aac", ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".mka"),
        *(".ogg", ".oga", ".opus", ".flac", ".amr", ".3gp", ".aif", ".aiff", ".au", ".g712"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """An uploaded file: its identity is the sha256 of its bytes, its name is for people.

    It may be a transcript in the place of audio, which the ending of its name says.
    """

    path: Path
    name: str
    digest: str

    @property
    def suffix(self) -> str:
        """The ending of the file's name in small letters, with the dot."""
        return self.path.suffix.lower()

    @property
    def is_transcript(self) -> bool:
        """Whether this is a transcript, and no audio."""
        return is_transcript(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One stage of one recording. `inputs` maps input names to keys (or the recording's digest).

    `sources` says which stage an input comes from where that is not the one of its name.
    """

    stage: Stage
    config: Any
    inputs: Mapping[str, str]
    recipe: Mapping[str, Any]
    key: str
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All tasks of one recording, in an order in which every input comes before its use.

    `given` holds the inputs that no stage makes: what people corrected, who has enrolled, and
    earlier calls. `sources` says which stage has the last word on a name: after a correction,
    another one.
    """

    recording: Recording
    tasks: tuple[Task, ...]
    given: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    def task(self, stage_name: str) -> Task:
        """The task of that stage."""
        return next(task for task in self.tasks if task.stage.name == stage_name)

    def maker(self, name: str) -> Task:
        """The task that has the last word on a name: see `sources`."""
        return self.task(self.sources.get(name, name))


def is_transcript(path: Path) -> bool:
    """Whether a file is a transcript, by the ending of its name."""
    return path.suffix.lower() in READERS


def read_recording(path: Path) -> Recording:
    """Identify a file by its bytes. Raises UnreadableAudio where it cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnreadableAudio(
                f"{path}: not a regular file; give a recording, a folder of them, or a transcript"
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
    matches = [Path(match) for match in found]
    files = [path for path in matches if path.is_file() and not _is_playback(path)]
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
        and not _is_playback(path)
    )
    if not files:
        raise InputError(f"{folder}: no audio or video file in this folder; name the files instead")
    return files


def _is_playback(path: Path) -> bool:
    """Whether a file is the sound that a report plays, and no recording of its own."""
    return path.name == PLAYBACK_NAME and path.with_name("report.html").is_file()


_BEFORE_CORRECTIONS = ("audio", "diarize", "transcribe", "turns")


def plan(
    recording: Recording,
    *,
    config: Config,
    overlay: Overlay | None = None,
    enrolled: Sequence[Enrolment] = (),
    earlier: Mapping[str, Any] | None = None,
) -> Plan:
    """The tasks of one recording with their keys; no model is looked for, nothing is run.

    Without corrections in the overlay, without enrolled voices and with a page that plays nothing
    these are STAGES and no more; for a transcript, with TRANSCRIPT_STAGES in the place of those
    that need audio. `earlier` is what the report compares with, as pipeline.earlier makes it.
    Raises ConfigError where it cannot be known whose feedback it is to be.
    """
    draft = _Draft(recording=recording, config=config, keys={RECORDING: recording.digest})
    if recording.is_transcript:
        draft.add_read()
    else:
        config.report.check_me(config.report.names)
        draft.add_heard(enrolled)
    draft.add_corrections((overlay or Overlay()).resolved(draft.key("turns")))
    draft.add_earlier(earlier)
    for stage in STAGES:
        if stage.name not in _BEFORE_CORRECTIONS:
            draft.add(stage)
    return Plan(
        recording=recording,
        tasks=tuple(draft.tasks),
        given=draft.given,
        sources=draft.sources,
    )


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A plan that grows task by task; `extra` are inputs that the report takes besides its own."""

    recording: Recording
    config: Config
    keys: dict[str, str]
    tasks: list[Task] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    extra: tuple[str, ...] = ()

    def key(self, name: str) -> str:
        """The key of what has the last word on a name."""
        return self.keys[self.sources.get(name, name)]

    def add(self, stage: Stage) -> None:
        """Add a stage's task; its inputs come from what is newest."""
        name = stage.name
        if self.recording.is_transcript:
            stage = _unheard(stage)
        if name == "report":
            stage = dataclasses.replace(stage, inputs=(*stage.inputs, *self.extra))
        if name == "page":
            stage = _sounding(stage, audio=self._audio)
        self.tasks.append(
            _task(
                stage,
                config=self._config_of(stage),
                keys={name: self.key(name) for name in stage.inputs},
                sources={name: self.sources[name] for name in stage.inputs if name in self.sources},
            )
        )
        self.keys[stage.name] = self.tasks[-1].key
        if stage.name != name:
            self.sources[name] = stage.name

    def add_heard(self, enrolled: Sequence[Enrolment]) -> None:
        """Add the stages that hear a call, and the comparison with enrolled voices."""
        for stage in STAGES:
            if stage.name in _BEFORE_CORRECTIONS:
                self.add(stage)
        self.add_voices(enrolled)
        if self._audio != "none":
            self.add(PLAYBACK)

    def add_read(self) -> None:
        """Add the stages that read a transcript, whose facts the report takes."""
        self.add(TRANSCRIPT)
        for stage in STAGES:
            if stage.name in _BEFORE_CORRECTIONS and stage.name in TRANSCRIPT_STAGES:
                self.add(stage)
        self.extra += (TRANSCRIPT.name,)

    def add_voices(self, enrolled: Sequence[Enrolment]) -> None:
        """Compare the speakers with the voices enrolled, if there are any of today's weights."""
        document = enrolled_document(enrolled, sha256=_fingerprint(EMBEDDING))
        if document:
            self._give("enrolled", document)
            self.add(VOICES)
            self.extra += ("voices",)

    def add_corrections(self, resolved: Resolved) -> None:
        """Let all that follows take the corrected speech map and turns, and the report the names.

        The two stages themselves take what they correct.
        """
        turned, labels = turned_document(resolved), label_document(resolved)
        if turned:
            self._give("corrections", turned)
            self.add(CORRECTED_SPEECH)
            self.add(CORRECTED_TURNS)
            self.sources |= {"diarize": CORRECTED_SPEECH.name, "turns": CORRECTED_TURNS.name}
        if labels:
            self._give("labels", labels)
            self.extra += ("labels",)

    def add_earlier(self, document: Mapping[str, Any] | None) -> None:
        """Let the report compare with earlier calls, if there are any."""
        if document:
            self._give("earlier", document)
            self.extra += ("earlier",)

    @property
    def _audio(self) -> str:
        """How the page plays the call, see PageConfig; a transcript has nothing to play."""
        return "none" if self.recording.is_transcript else self.config.page.audio

    def _give(self, name: str, document: Mapping[str, Any]) -> None:
        self.given[name] = document
        self.keys[name] = recipe_key(document)

    def _config_of(self, stage: Stage) -> Any:
        if stage.config is CorrectionsConfig:
            return CorrectionsConfig()
        if stage.config is PlaybackConfig:
            return PlaybackConfig()
        if stage.config is TranscriptConfig:
            return TranscriptConfig(format=self.recording.suffix.removeprefix("."))
        if stage.config is MetricsConfig:
            return self.config.metrics
        config = getattr(self.config, stage.name)
        if not isinstance(config, ReportConfig):
            return config
        stages = [task.stage for task in self.tasks]
        return with_facts(
            dataclasses.replace(
                config, recording_name=self.recording.name, digest=self.recording.digest
            ),
            config=self.config,
            stages=stages,
            is_heard=not self.recording.is_transcript,
        )


def _unheard(stage: Stage) -> Stage:
    """What stands for a stage where there is no audio; the report goes without."""
    if stage.name == "report":
        inputs = tuple(name for name in stage.inputs if name != "audio")
        return dataclasses.replace(stage, inputs=inputs)
    return TRANSCRIPT_STAGES.get(stage.name, stage)


def _sounding(stage: Stage, *, audio: str) -> Stage:
    """The page with the inputs that playing takes: the times of words, and the sound within it."""
    inputs = {
        "none": ("report",),
        "link": stage.inputs,
        "embed": (*stage.inputs, PLAYBACK.name),
    }[audio]
    return dataclasses.replace(stage, inputs=inputs)


def _task(
    stage: Stage, *, config: Any, keys: Mapping[str, str], sources: Mapping[str, str]
) -> Task:
    inputs = {name: keys[name] for name in stage.inputs}
    fingerprints = {name: _fingerprint(name) for name in stage.weights(config)}
    what = recipe(stage=stage, config=config, weights=fingerprints, inputs=inputs)
    return Task(
        stage=stage,
        config=config,
        inputs=inputs,
        recipe=what,
        key=recipe_key(what),
        sources=sources,
    )


def _fingerprint(name: str) -> str:
    """The sha256 of weights that are pinned; else the name, and what a path holds."""
    pinned = find_weights(name, weights=weights())
    if pinned:
        return pinned.digest
    model = Path(name) / "model.bin"
    return file_sha256(model) if model.is_file() else f"unpinned:{name}"
