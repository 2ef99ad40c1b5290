"""Carry out the tasks of a plan: look up, run, check, store."""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from pipeline.errors import ConfigError, ContractError, PipelineError, StoreError
from pipeline.plan import RECORDING, Plan, Task
from pipeline.records import PLAYBACK_NAME
from pipeline.stage import Document, File, Frame, Locate, Place, Text
from pipeline.stages import PLAYBACK
from pipeline.stages.exports import export_files
from pipeline.store import Store, translated, write_atomic

_LOGGER = logging.getLogger("parley")

Listener = Callable[[str, float], None]
"""Called with a stage's name and the share of it that is done."""


def nobody(_stage: str, _share: float) -> None:
    """A listener that does not listen."""


@dataclass(slots=True, kw_only=True)
class Models:
    """Loaded models, kept from one recording to the next; loaded when first needed.

    Threads may share it: a model is loaded once, and one after the other, since model libraries
    import each other in circles, which two threads at once may find half imported.
    """

    device: Callable[[], Place]
    locate: Locate
    _loaded: dict[tuple[str, Any], Any] = field(default_factory=dict)
    _loading: Lock = field(default_factory=Lock)

    def get(self, task: Task) -> Any:
        """The model of a task's stage and settings. Raises ModelError."""
        if task.stage.load is None:
            return None
        slot = (task.stage.name, task.config)
        with self._loading:
            if slot not in self._loaded:
                self._loaded[slot] = task.stage.load(
                    config=task.config, device=self.device(), locate=self.locate
                )
            return self._loaded[slot]


@dataclass(slots=True, kw_only=True)
class Bench:
    """What tasks are carried out with. `fresh` collects the keys that this run has made.

    Threads that work on different recordings have a bench each, with a listener of its own and
    all else shared. `lanes` then lets one of them at a time into each stage: models and
    libraries of one stage are never asked to work on two recordings at once.
    """

    store: Store
    models: Models
    listener: Listener = nobody
    force: bool = False
    fresh: set[str] = field(default_factory=set)
    lanes: dict[str, Lock] = field(default_factory=dict)

    def lane(self, stage_name: str) -> Lock:
        """What to hold while a stage runs."""
        return self.lanes.setdefault(stage_name, Lock())


def obtain(stage_name: str, *, plan: Plan, bench: Bench) -> Path:
    """The path of a stage's artefact, made now with all it needs where it is not there whole.

    With `force`, everything is made once more, but nothing twice in a run.
    """
    task = plan.task(stage_name)
    if not bench.force or task.key in bench.fresh:
        stored = bench.store.get(stage=stage_name, key=task.key, suffix=task.stage.output.suffix)
        if stored:
            return stored
    inputs = {name: _input(name, task=task, plan=plan, bench=bench) for name in task.inputs}
    path = execute(task, inputs=inputs, bench=bench)
    bench.fresh.add(task.key)
    return path


def _input(name: str, *, task: Task, plan: Plan, bench: Bench) -> Any:
    """What a task takes under a name: the recording, what people gave, or a stage's artefact."""
    if name == RECORDING:
        return plan.recording.path
    if name in plan.given:
        return plan.given[name]
    return _value(task.sources.get(name, name), plan=plan, bench=bench)


def _value(stage_name: str, *, plan: Plan, bench: Bench) -> Any:
    """A stage's artefact, read."""
    path = obtain(stage_name, plan=plan, bench=bench)
    return plan.task(stage_name).stage.output.read(path)


def execute(task: Task, *, inputs: Mapping[str, Any], bench: Bench) -> Path:
    """Run a stage, check what it returns, and store it; waits while it works on another recording.

    Raises the stage's own error as it is; anything else is a bug and becomes a ContractError.
    """
    name = task.stage.name
    with bench.lane(name):
        bench.listener(name, 0.0)
        path = _stored(task, inputs=inputs, bench=bench)
    bench.listener(name, 1.0)
    return path


def _stored(task: Task, *, inputs: Mapping[str, Any], bench: Bench) -> Path:
    """The path of what a stage returns, checked and stored."""
    name = task.stage.name
    with (
        accounted(f"stage {name}"),
        bench.store.draft(suffix=task.stage.output.suffix) as draft,
    ):
        _make(task, inputs=inputs, draft=draft, bench=bench)
        if bench.force:
            bench.store.discard(stage=name, key=task.key)
        return bench.store.put(stage=name, key=task.key, draft=draft, recipe=task.recipe)


@contextlib.contextmanager
def accounted(what: str) -> Iterator[None]:
    """Errors of the tree pass as they are; anything else is a bug and becomes a ContractError."""
    try:
        yield
    except PipelineError:
        raise
    except MemoryError as err:
        raise StoreError(f"{what}: not enough memory; close other programs") from err
    except Exception as err:
        raise ContractError(
            f"{what} failed unexpectedly: {type(err).__name__}, {_place(err)}; please report this"
        ) from err


def _place(error: Exception) -> str:
    """File and line where an error arose; its own text may quote what was said in a call."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


def _make(task: Task, *, inputs: Mapping[str, Any], draft: Path, bench: Bench) -> None:
    """Call the stage's function and write what it returns to the draft."""
    arguments: dict[str, Any] = {**inputs, "config": task.config}
    if task.stage.load is not None:
        arguments["model"] = bench.models.get(task)
        # The end is announced when the result is stored, not before.
        arguments["progress"] = lambda share: bench.listener(task.stage.name, min(share, 0.99))
    match task.stage.output:
        case File():
            task.stage.run(**arguments, out=draft)
        case Frame() | Document() | Text() as output:
            value = task.stage.run(**arguments)
            with translated("write to the artefact store", bench.store.root):
                output.save(value, draft)


def made(plan: Plan, *, bench: Bench) -> dict[str, Any]:
    """What files are made of, corrections included, its stages run where needed.

    The report (a document) and, by name, WORDS, SPEECH, TURNS and METRICS of records.
    """
    stages = {
        "report": "report",
        "words": "transcribe",
        "speech": "diarize",
        "turns": "turns",
        "metrics": "metrics",
    }
    return {
        name: _value(plan.maker(stage).stage.name, plan=plan, bench=bench)
        for name, stage in stages.items()
    }


def results(plan: Plan, *, bench: Bench) -> dict[str, bytes]:
    """Every file of a recording's report by name, its stages run where needed."""
    page = obtain("page", plan=plan, bench=bench)
    report_file = obtain("report", plan=plan, bench=bench)
    exported = export_files(**made(plan, bench=bench))
    with translated("read from the artefact store", bench.store.root):
        return {
            "report.html": page.read_bytes(),
            "report.json": report_file.read_bytes(),
            **{name: text.encode("utf-8", "replace") for name, text in exported.items()},
        }


def playback(plan: Plan, *, bench: Bench) -> bytes | None:
    """The sound that lies beside the page, made where needed; None where nothing is to lie there.

    A correction has no part in it: it leaves what lies there, or was taken away.
    """
    names = {task.stage.name for task in plan.tasks}
    if PLAYBACK.name not in names or PLAYBACK.name in plan.task("page").inputs:
        return None
    with translated("read from the artefact store", bench.store.root):
        return obtain(PLAYBACK.name, plan=plan, bench=bench).read_bytes()


def check_playback(folder: Path, *, recording: Path) -> None:
    """Whether a call.mp3 in a folder may be replaced or removed: that of a report that lies there.

    The recording itself is left alone, so it may lie there too. Raises ConfigError for anything
    else, which somebody would lose, and StoreError.
    """
    path = folder / PLAYBACK_NAME
    with translated("look at", path):
        is_ours = (folder / "report.json").is_file()
        is_recording = path.exists() and recording.exists() and path.samefile(recording)
        if path.exists() and not is_ours and not is_recording:
            raise ConfigError(
                f"{path}: would be lost, since the sound of the report is called so; move it, or "
                "choose another --out"
            )


def publish_playback(sound: bytes | None, *, recording: Path, folder: Path) -> None:
    """Write the sound beside the page, or remove that of an earlier analysis. Raises StoreError.

    The recording itself may lie there under the same name; it is never touched. Any other file
    of that name is for `check_playback` to see, before the report is written.
    """
    path = folder / PLAYBACK_NAME
    with translated("replace", path):
        if path.exists() and recording.exists() and path.samefile(recording):
            return
        if sound is None:
            path.unlink(missing_ok=True)
    if sound is not None:
        write_atomic(path, sound)


def publish(files: Mapping[str, bytes], *, folder: Path) -> None:
    """Write the files of a report to its folder, each whole or not at all. Raises StoreError."""
    for name, content in files.items():
        write_atomic(folder / name, content)
