"""Correct who is who in a recording's report: note it, and write the report again.

Only stages behind the correction run: what was heard stays as it is, and no model that hears is
loaded.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.config import Config
from pipeline.corrections import (
    Edit,
    Overlay,
    Resolved,
    correct,
    names_of,
    read_overlay,
    undo,
)
from pipeline.enrolment import Enrolment, checked_name, enrolled_people, same_name
from pipeline.errors import ConfigError, InputError
from pipeline.history import recall
from pipeline.models.device import Device
from pipeline.models.weights import locate
from pipeline.plan import Plan, Recording, plan, read_recording
from pipeline.records import PLAYBACK_NAME
from pipeline.records import speakers_of as in_call
from pipeline.run import Bench, Listener, Models, accounted, nobody, publish, results
from pipeline.store import Store, check_writable

_NEEDED = ("diarize", "transcribe", "turns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relabelled:
    """A report written again; `voices_skipped` where enrolled voices could not be looked at."""

    folder: Path
    report: Mapping[str, Any]
    overlay: Overlay
    resolved: Resolved
    ran: tuple[str, ...]
    voices_skipped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysed:
    """An analysis that can be corrected: what is stored of it, and where its report lies."""

    recording: Recording
    config: Config
    folder: Path
    store: Store
    earlier: Mapping[str, Any] | None = None

    @property
    def uncorrected(self) -> Plan:
        """The plan without any correction."""
        return plan(self.recording, config=self.config)

    @property
    def turns_key(self) -> str:
        """What the corrections of this analysis name it by."""
        return self.uncorrected.maker("turns").key

    def stored(self, stage_name: str) -> Any:
        """An artefact of the analysis, read. Raises InputError where it is not there."""
        task = self.uncorrected.maker(stage_name)
        output = task.stage.output
        path = self.store.get(stage=task.stage.name, key=task.key, suffix=output.suffix)
        if path is None:
            raise _not_analysed(self.recording.name)
        return output.read(path)

    @property
    def positional(self) -> Sequence[str]:
        """The names that speakers have by their order; a transcript's own where none were given."""
        if self.config.report.names or not self.recording.is_transcript:
            return self.config.report.names
        names: list[str] = self.stored("transcript")["speakers"]
        return names


def _not_analysed(name: str) -> InputError:
    return InputError(
        f"{name}: no stored analysis of this recording; run `parley analyze` on it first, "
        "with the same store (PARLEY_STORE or run.store)"
    )


def find_analysis(path: Path, *, store: Store) -> Analysed:
    """The last analysis of a recording: the file, its report's folder, or its report.json.

    Raises InputError (UnreadableAudio) where there is none.
    """
    folder = path if path.is_dir() else path.parent if path.name == "report.json" else None
    digest = _digest_in(folder) if folder else read_recording(path).digest
    known = recall(store.root, digest, folder=folder)
    if known is None:
        raise _not_analysed(path.name)
    found = Analysed(
        recording=Recording(path=known.path, name=known.name, digest=digest),
        config=known.config,
        folder=folder or known.folder,
        store=store,
        earlier=known.earlier,
    )
    heard = "transcript" if found.recording.is_transcript else "audio"
    tasks = [found.uncorrected.maker(name) for name in (heard, *_NEEDED)]
    if not all(store.has(stage=task.stage.name, key=task.key) for task in tasks):
        raise _not_analysed(path.name)
    return found


def _digest_in(folder: Path) -> str:
    """The digest of the recording whose report lies in a folder. Raises InputError."""
    path = folder / "report.json"
    try:
        digest = json.loads(path.read_text(encoding="utf-8"))["recording"]["digest"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as err:
        raise InputError(
            f"{path}: not a report of Parley; name the recording, or the folder of its report"
        ) from err
    if not isinstance(digest, str) or len(digest) != 64 or not digest.isalnum():
        raise InputError(f"{path}: its digest is none; run `parley analyze` on the recording again")
    return digest


def relabel(analysed: Analysed, *, edits: Sequence[Edit], author: str) -> Relabelled:
    """Note edits and write the report again.

    Raises ConfigError for speakers and turns that the call does not have, for a speaker merged
    with itself, and for names that are none or somebody else's.
    """
    speakers, turns = speakers_of(analysed), analysed.stored("turns")
    read = tuple(_checked(edit, speakers=speakers, turns=turns.height) for edit in edits)
    check_writable(analysed.folder)

    def check(resolved: Resolved) -> None:
        _check(resolved, edits=read, speakers=speakers, positional=analysed.positional)

    overlay = correct(
        analysed.store.root,
        analysed.recording.digest,
        edits=read,
        author=author,
        turns_key=analysed.turns_key,
        check=check,
    )
    return rewrite(analysed, overlay=overlay)


def take_back(analysed: Analysed, *, author: str) -> Relabelled:
    """Undo the last correction in force and write the report again. Raises ConfigError."""
    check_writable(analysed.folder)
    overlay = undo(
        analysed.store.root,
        analysed.recording.digest,
        author=author,
        turns_key=analysed.turns_key,
    )
    return rewrite(analysed, overlay=overlay)


def speakers_of(analysed: Analysed) -> list[str]:
    """The ids of the uncorrected speakers, by first speech."""
    speech: pl.DataFrame = analysed.stored("diarize")
    turns: pl.DataFrame = analysed.stored("turns")
    return in_call(speech=speech, turns=turns)


def _checked(edit: Edit, *, speakers: Sequence[str], turns: int) -> Edit:
    """An edit whose speakers and turn exist and whose name is one. Raises ConfigError."""
    for speaker in _speakers_in(edit):
        if speaker not in speakers:
            known = ", ".join(speakers) or "none: nobody speaks"
            raise ConfigError(f"there is no speaker {speaker} in this call; its speakers: {known}")
    if edit.kind == "turn" and not (edit.of.isdecimal() and int(edit.of) < turns):
        last = f"they go from 0 to {turns - 1}" if turns else "it has none"
        raise ConfigError(f"there is no turn {edit.of} in this call; {last}, `--show` lists them")
    if edit.kind == "merge" and edit.of == edit.to:
        raise ConfigError(f"{edit.of} cannot be merged with itself; name two speakers, as S1,S3")
    of = str(int(edit.of)) if edit.kind == "turn" else edit.of
    return Edit(kind=edit.kind, of=of, to=checked_name(edit.to) if edit.kind == "name" else edit.to)


def _speakers_in(edit: Edit) -> tuple[str, ...]:
    return {"name": (edit.of,), "turn": (edit.to,), "merge": (edit.of, edit.to)}[edit.kind]


def _check(
    resolved: Resolved,
    *,
    edits: Sequence[Edit],
    speakers: Sequence[str],
    positional: Sequence[str],
) -> None:
    """What would hold makes sense. Raises ConfigError."""
    for speaker, into in resolved.merges:
        if speaker == into or into in dict(resolved.merges):
            raise ConfigError(f"{speaker} and {into} are merged already, the other way round")
    for edit in edits:
        for speaker in _speakers_in(edit):
            into = resolved.root(speaker)
            if into != speaker and edit.kind != "merge":
                raise ConfigError(
                    f"{speaker} was merged into {into}; write {into}, or undo the merge"
                )
    _check_names(resolved, speakers=speakers, positional=positional)


def _check_names(resolved: Resolved, *, speakers: Sequence[str], positional: Sequence[str]) -> None:
    """No two people have one name. Raises ConfigError."""
    corrected = names_of(resolved)
    shown: dict[str, str] = {}
    for number, speaker in enumerate(speakers):
        if resolved.root(speaker) != speaker:
            continue
        given = positional[number] if number < len(positional) else f"Speaker {number + 1}"
        name = corrected.get(speaker, given)
        twin = next((who for who, other in shown.items() if same_name(name, other)), None)
        if twin and (twin in corrected or speaker in corrected):
            raise ConfigError(
                f"{twin} and {speaker} would both be called {name}; "
                f"choose another name, or write --merge {twin},{speaker} if they are one person"
            )
        shown[speaker] = name


def rewrite(analysed: Analysed, *, overlay: Overlay) -> Relabelled:
    """Write the report's files again, as the overlay has it; nothing is heard again.

    The text encoder alone is loaded, and only where turns have changed.
    """
    whole, skipped = current(analysed, overlay=overlay)
    ran: dict[str, None] = {}
    bench = deaf_bench(analysed, listener=lambda stage, _: ran.update({stage: None}))
    with accounted("the correction"):
        files = results(whole, bench=bench)
        publish(files, folder=analysed.folder)
    return Relabelled(
        folder=analysed.folder,
        report=json.loads(files["report.json"]),
        overlay=overlay,
        resolved=overlay.resolved(analysed.turns_key),
        ran=tuple(ran),
        voices_skipped=skipped,
    )


def current(analysed: Analysed, *, overlay: Overlay) -> tuple[Plan, bool]:
    """The plan as corrections and enrolled voices have it; true where voices had to be left out."""
    enrolled = enrolled_people(analysed.config)
    whole = _planned(analysed, overlay=overlay, enrolled=enrolled)
    if not enrolled or _voices_stored(whole, store=analysed.store):
        return whole, False
    return _planned(analysed, overlay=overlay, enrolled=()), True


def deaf_bench(analysed: Analysed, *, listener: Listener = nobody) -> Bench:
    """What makes everything but what has to hear: there is no model for that."""
    models = Models(device=_on_cpu, locate=partial(_encoder_alone, analysed.config))
    return Bench(store=analysed.store, models=models, listener=listener)


def _planned(analysed: Analysed, *, overlay: Overlay, enrolled: Sequence[Enrolment]) -> Plan:
    return plan(
        analysed.recording,
        config=_as_it_lies(analysed.config, folder=analysed.folder),
        overlay=overlay,
        enrolled=enrolled,
        earlier=analysed.earlier,
    )


def _as_it_lies(config: Config, *, folder: Path) -> Config:
    """The settings, with a page that plays nothing where its sound was taken away.

    A correction changes no sound: it makes none and removes none.
    """
    if config.page.audio != "link" or (folder / PLAYBACK_NAME).is_file():
        return config
    return dataclasses.replace(config, page=dataclasses.replace(config.page, audio="none"))


def _voices_stored(whole: Plan, *, store: Store) -> bool:
    return all(
        store.has(stage=task.stage.name, key=task.key)
        for task in whole.tasks
        if task.stage.name == "voices"
    )


def _on_cpu() -> Device:
    return Device(kind="cpu", compute_type="int8", reason="a correction needs no more")


def _encoder_alone(config: Config, name: str) -> Path:
    """Stands where models are looked for: any but the text encoder means damaged results."""
    if name != config.tactics.model:
        raise InputError(
            "a stored result of this recording is damaged or gone; run `parley analyze` on it again"
        )
    directory = Path(config.run.models).expanduser() if config.run.models else None
    return locate(name, directory=directory, offline=config.run.offline or None)


def history_of(analysed: Analysed) -> tuple[Overlay, Resolved]:
    """All corrections of the recording, and what holds for this analysis. Raises StoreError."""
    overlay = read_overlay(analysed.store.root, analysed.recording.digest)
    return overlay, overlay.resolved(analysed.turns_key)
