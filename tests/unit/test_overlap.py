"""Recordings worked on side by side: in turn where it matters, never in each other's way."""

from __future__ import annotations

import gc
import json
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier, Event, Lock
from types import SimpleNamespace
from typing import Any

import builders as build
import pytest

from pipeline.config import load_config
from pipeline.errors import ConfigError, ContractError, ModelError, StoreError, UnreadableAudio
from pipeline.executors.local import Outcome, analyze, default_at_once
from pipeline.plan import Plan, Task
from pipeline.run import Bench, Models, execute
from pipeline.stage import Document, Stage
from pipeline.stages.diarize import DiarizeModel
from pipeline.store import Store

PATIENCE_S = 60
"""What no test takes: waiting so long means that what was to happen side by side did not."""

Results = Callable[[Plan, Bench], None]


@dataclass(slots=True, kw_only=True)
class Log:
    """Writes down what it hears, as (number, what); is never called by two threads at once."""

    heard: list[tuple[int | None, str]] = field(default_factory=list)
    started: dict[int, Event] = field(default_factory=dict)
    ended: dict[int, Event] = field(default_factory=dict)
    _inside: Lock = field(default_factory=Lock)

    def recording_started(self, path: Path, *, number: int, count: int) -> None:
        self._note(number, f"start {path.name}")
        self.start_of(number).set()

    def stage_advanced(self, stage: str, share: float, *, number: int | None = None) -> None:
        self._note(number, stage)

    def recording_ended(self, outcome: Outcome, *, number: int | None = None) -> None:
        assert number is not None
        self._note(number, "failed" if outcome.error else "end")
        self.end_of(number).set()

    def start_of(self, number: int) -> Event:
        return self.started.setdefault(number, Event())

    def end_of(self, number: int) -> Event:
        return self.ended.setdefault(number, Event())

    def of(self, number: int) -> list[str]:
        """What was heard of one recording."""
        return [what for about, what in self.heard if about == number]

    def _note(self, number: int | None, what: str) -> None:
        assert self._inside.acquire(blocking=False), "two threads tell at once"
        self.heard.append((number, what))
        self._inside.release()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Callable[[Results], None]:
    """Puts a function in the place of all the stages of a recording."""

    def install(work: Results) -> None:
        def results(whole: Plan, *, bench: Bench) -> Mapping[str, bytes]:
            work(whole, bench)
            report = {"recording": {"digest": whole.recording.digest}}
            return {"report.json": json.dumps(report).encode()}

        monkeypatch.setattr("pipeline.executors.local.results", results)
        monkeypatch.setattr("pipeline.executors.local.playback", lambda *_, **__: None)

    return install


def recordings(tmp_path: Path, *names: str) -> list[Path]:
    """Files of any bytes, each with its own; the stages that would mind are not run."""
    paths = [tmp_path / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(path.relative_to(tmp_path)))
    return paths


def batch(
    paths: Sequence[Path], tmp_path: Path, *, at_once: int | None = 2, log: Any = None, **bench: Any
) -> list[Outcome]:
    """Analyse recordings to tmp_path/out with the store of tmp_path."""
    given = {"store": Store(root=tmp_path / "store"), "models": build.FakeModels()}
    return analyze(
        paths,
        config=load_config(),
        out=tmp_path / "out",
        bench=Bench(**given | bench),
        observer=log or Log(),
        at_once=at_once,
    )


def number_of(whole: Plan) -> int:
    """The number in the name of a recording, as in 3.wav."""
    return int(whole.recording.path.stem)


# --- how many at a time


@dataclass(slots=True, kw_only=True)
class Crowd:
    """How many are inside at a time; each who enters waits at the gate, if there is one."""

    gate: Barrier | None = None
    inside: int = 0
    most: int = 0
    threads: set[threading.Thread] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, whole: Plan, bench: Bench) -> None:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.threads.add(threading.current_thread())
        if self.gate:
            self.gate.wait(PATIENCE_S)
        with self._lock:
            self.inside -= 1


def test_two_recordings_are_worked_on_at_a_time(
    made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two cores each recording meets another one, and never two others."""
    monkeypatch.setattr("pipeline.executors.local.usable_cores", lambda: 2)
    crowd = Crowd(gate=Barrier(2))
    made(crowd)
    paths = recordings(tmp_path, *(f"{number}.wav" for number in range(1, 7)))
    outcomes = batch(paths, tmp_path, at_once=None)
    assert [outcome.error for outcome in outcomes] == [None] * 6
    assert crowd.most == 2


@pytest.mark.parametrize(
    ("count", "at_once", "cores"), [(3, None, 1), (1, None, 8), (1, 2, 8), (3, 1, 8)]
)
def test_one_at_a_time_needs_no_thread(
    count: int,
    at_once: int | None,
    cores: int,
    made: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One core, one recording, or being told so: all is done where the call was made."""
    monkeypatch.setattr("pipeline.executors.local.usable_cores", lambda: cores)
    crowd = Crowd()
    made(crowd)
    paths = recordings(tmp_path, *(f"{number}.wav" for number in range(count)))
    assert len(batch(paths, tmp_path, at_once=at_once)) == count
    assert crowd.threads == {threading.current_thread()}


@pytest.mark.parametrize(("cores", "at_once"), [(1, 1), (2, 2), (64, 2)])
def test_as_many_as_the_machine_has_use_for(
    cores: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two where there are two cores; more than two only take memory."""
    monkeypatch.setattr("pipeline.executors.local.usable_cores", lambda: cores)
    assert default_at_once() == at_once


@pytest.mark.parametrize("at_once", [0, -1])
def test_fewer_than_one_at_a_time_is_refused(at_once: int, tmp_path: Path) -> None:
    """Before anything is made."""
    with pytest.raises(ConfigError, match="1 or more"):
        batch([tmp_path / "call.wav"], tmp_path, at_once=at_once)
    assert list(tmp_path.iterdir()) == []


def test_no_recordings_give_no_outcomes(tmp_path: Path) -> None:
    """An empty batch is over at once."""
    assert batch([], tmp_path) == []


# --- order


def test_what_ends_later_keeps_its_place(made: Any, tmp_path: Path) -> None:
    """Outcomes are in the order of the arguments, although the second one ends first."""
    log = Log()

    def first_waits(whole: Plan, bench: Bench) -> None:
        if number_of(whole) == 1:
            assert log.end_of(2).wait(PATIENCE_S)

    made(first_waits)
    paths = recordings(tmp_path, "1.wav", "2.wav")
    outcomes = batch(paths, tmp_path, log=log)
    assert [outcome.path for outcome in outcomes] == paths
    assert [what for _, what in log.heard] == ["start 1.wav", "start 2.wav", "end", "end"]
    assert [number for number, _ in log.heard] == [1, 2, 2, 1]


def test_folders_are_given_in_the_order_of_the_arguments(made: Any, tmp_path: Path) -> None:
    """Of recordings with one name the first has it plain, whichever ends first."""
    log = Log()

    def first_waits(whole: Plan, bench: Bench) -> None:
        if whole.recording.path.parent.name == "x":
            assert log.end_of(2).wait(PATIENCE_S)

    made(first_waits)
    paths = recordings(tmp_path, "x/call.wav", "y/call.wav")
    first, second = batch(paths, tmp_path, log=log)
    assert first.folder == tmp_path / "out" / "call"
    assert second.folder is not None
    assert second.folder.name.startswith("call-")


def test_all_that_is_heard_says_which_recording_it_is_about(made: Any, tmp_path: Path) -> None:
    """Of each recording its start, its stages and its end, in that order and with its number."""
    meeting = Barrier(2)

    def work(whole: Plan, bench: Bench) -> None:
        meeting.wait(PATIENCE_S)
        for _ in range(200):
            bench.listener(f"stage of {number_of(whole)}", 0.5)

    made(work)
    log = Log()
    batch(recordings(tmp_path, "1.wav", "2.wav"), tmp_path, log=log)
    for number in (1, 2):
        middle = [f"stage of {number}"] * 200
        assert log.of(number) == [f"start {number}.wav", *middle, "end"]


def test_the_bench_that_was_given_stays_as_it_was(made: Any, tmp_path: Path) -> None:
    """A recording's listener is its own, what was made and loaded is everybody's."""
    seen: list[Bench] = []
    made(lambda whole, bench: seen.append(bench))
    bench = Bench(store=Store(root=tmp_path / "store"), models=build.FakeModels())
    listener = bench.listener
    paths = recordings(tmp_path, "1.wav", "2.wav")
    analyze(paths, config=load_config(), out=tmp_path, bench=bench, observer=Log(), at_once=2)
    assert bench.listener is listener
    assert all(one.fresh is bench.fresh and one.lanes is bench.lanes for one in seen)


# --- failures


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MemoryError(), StoreError),
        (ModelError("m"), ModelError),
        (UnreadableAudio("u"), UnreadableAudio),
        (KeyError("bug"), ContractError),
    ],
)
def test_one_failure_stops_no_other(
    error: Exception, kind: type[Exception], made: Any, tmp_path: Path
) -> None:
    """What one recording raises is its own, while another one is in progress and after."""
    meeting = Barrier(2)

    def work(whole: Plan, bench: Bench) -> None:
        if number_of(whole) in (1, 2):
            meeting.wait(PATIENCE_S)
        if number_of(whole) == 1:
            raise error

    made(work)
    paths = recordings(tmp_path, "1.wav", "2.wav", "3.wav")
    outcomes = batch([*paths, tmp_path / "missing.wav"], tmp_path)
    assert [type(one.error) for one in outcomes] == [
        kind, type(None), type(None), UnreadableAudio,
    ]  # fmt: skip


def test_a_failure_holds_no_samples(made: Any, tmp_path: Path) -> None:
    """An outcome keeps where a recording failed, but not what the failed work had in hand."""

    class Samples:
        """Stands for what is large."""

    held: list[weakref.ref[Samples]] = []

    def work(whole: Plan, bench: Bench) -> None:
        try:
            cause(Samples())
        except MemoryError as err:
            raise ModelError("out of memory") from err

    def cause(samples: Samples) -> None:
        held.append(weakref.ref(samples))
        raise MemoryError

    made(work)
    outcomes = batch(recordings(tmp_path, "1.wav", "2.wav"), tmp_path)
    gc.collect()
    assert [reference() for reference in held] == [None, None]
    assert all(one.error and one.error.__traceback__ for one in outcomes)


@pytest.mark.parametrize("at_once", [1, 2])
def test_an_observer_that_fails_ends_the_batch(at_once: int, made: Any, tmp_path: Path) -> None:
    """A broken pipe under the progress is not a recording's error: no further one is begun."""

    class Broken(Log):
        def recording_ended(self, outcome: Outcome, *, number: int | None = None) -> None:
            raise SystemExit(1)

    def work(whole: Plan, bench: Bench) -> None:
        while number_of(whole) == 2:  # until the batch is stopped
            bench.listener("audio", 0.5)

    made(work)
    log = Broken()
    with pytest.raises(SystemExit):
        batch(recordings(tmp_path, "1.wav", "2.wav", "3.wav"), tmp_path, log=log, at_once=at_once)
    assert 3 not in log.started


# --- the same recording twice


def test_copies_of_a_recording_wait_for_each_other(made: Any, tmp_path: Path) -> None:
    """While a recording is worked on its copy has begun, but nothing of it is made."""
    log, crowd = Log(), Crowd()
    finished: list[str] = []

    def work(whole: Plan, bench: Bench) -> None:
        crowd(whole, bench)
        assert log.start_of(2).wait(PATIENCE_S)
        assert crowd.most == 1
        finished.append(whole.recording.name)

    made(work)
    paths = recordings(tmp_path, "1.wav", "2.wav", "3.wav")
    for path in paths:
        path.write_text("the same")
    outcomes = batch(paths, tmp_path, log=log)
    assert [one.error for one in outcomes] == [None] * 3
    assert crowd.most == 1
    assert finished == ["1.wav", "2.wav", "3.wav"]


@pytest.mark.parametrize("force", [False, True])
def test_nothing_of_a_copy_is_made_twice(force: bool, tmp_path: Path) -> None:
    """The copy finds the stages of the first, also where everything is to be made anew."""
    first = build.write_call(tmp_path / "a.wav", build.CALL[:2])
    copy = tmp_path / "b.wav"
    copy.write_bytes(first.read_bytes())
    models = build.FakeModels()
    outcomes = batch([first, copy, first], tmp_path, models=models, force=force)
    assert [one.error for one in outcomes] == [None] * 3
    assert sorted(models.asked) == ["diarize", "tactics", "transcribe"]
    assert [one.folder and one.folder.name for one in outcomes] == ["a", "b", "a"]


# --- Ctrl-C


@pytest.fixture(autouse=True)
def _ctrl_c_interrupts() -> Iterator[None]:
    """Programs started in the background ignore it, and Python then leaves that as it is."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    """Send this process what Ctrl-C sends."""
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_ends_a_batch_and_leaves_no_thread(made: Any, tmp_path: Path) -> None:
    """Work in progress ends at its next step, what has not begun never does."""
    before = set(threading.enumerate())
    meeting = Barrier(2, action=interrupt)
    stopped: list[int] = []

    def work(whole: Plan, bench: Bench) -> None:
        meeting.wait(PATIENCE_S)
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            try:
                bench.listener("transcribe", 0.5)
            except BaseException:
                stopped.append(number_of(whole))
                raise

    made(work)
    log = Log()
    with pytest.raises(KeyboardInterrupt):
        batch(recordings(tmp_path, "1.wav", "2.wav", "3.wav", "4.wav"), tmp_path, log=log)
    assert sorted(stopped) == [1, 2]
    assert sorted(log.started) == [1, 2]
    assert set(threading.enumerate()) == before
    assert list((tmp_path / "out").iterdir()) == []


class Interrupting(build.FakeModels):
    """Models whose diarizer is interrupted, and works on until it is stopped."""

    def get(self, task: Task) -> Any:
        def mapper(_samples: Any, *, progress: Callable[[float], None], **_: Any) -> Any:
            interrupt()
            end_s = time.monotonic() + PATIENCE_S
            while time.monotonic() < end_s:
                progress(0.5)

        if task.stage.name == "diarize":
            return DiarizeModel(speech_probability=build.speech_probability, mapper=mapper)
        return super().get(task)


def test_ctrl_c_keeps_what_is_finished_and_nothing_half_made(tmp_path: Path) -> None:
    """Stopped in a stage: its draft is gone, those before it are kept, the next run goes on."""
    paths = [
        build.write_call(tmp_path / name, build.CALL[:count])
        for name, count in (("a.wav", 2), ("b.wav", 3), ("c.wav", 4))
    ]
    root = tmp_path / "store"
    with pytest.raises(KeyboardInterrupt):
        batch(paths, tmp_path, models=Interrupting())
    assert not list(root.glob(".draft-*"))
    assert {path.name for path in root.iterdir()} == {"audio"}
    assert list((tmp_path / "out").iterdir()) == []
    kept = len(list((root / "audio").iterdir()))
    log = Log()
    outcomes = batch(paths, tmp_path, log=log)
    assert [one.error for one in outcomes] == [None] * 3
    assert [what for _, what in log.heard].count("audio") == 2 * (3 - kept)


# --- one stage, one recording at a time


def toy(name: str, run: Callable[..., Any], *, key: str = "a") -> Task:
    """A task without inputs whose stage is a function."""
    stage = Stage(name=name, version=1, inputs=(), output=Document(), config=type(None), run=run)
    return Task(stage=stage, config=None, inputs={}, recipe={}, key=key * 64)


def in_threads(*work: Callable[[], Any]) -> None:
    """Do all of some work at the same time; the first error of any is raised."""
    with ThreadPoolExecutor(len(work)) as pool:
        for future in [pool.submit(one) for one in work]:
            future.result(PATIENCE_S)


def test_different_stages_run_at_the_same_time(tmp_path: Path) -> None:
    """While one recording is transcribed another one is diarized: each waits for the other."""
    bench = Bench(store=Store(root=tmp_path), models=build.FakeModels())
    meeting = Barrier(2)

    def meet(config: None) -> dict[str, int]:
        return {"place": meeting.wait(PATIENCE_S) % 1}

    tasks = [toy("diarize", meet), toy("transcribe", meet)]
    in_threads(*(lambda task=task: execute(task, inputs={}, bench=bench) for task in tasks))
    assert all(bench.store.has(stage=task.stage.name, key=task.key) for task in tasks)


def test_a_stage_works_on_one_recording_at_a_time(tmp_path: Path) -> None:
    """Of many that want one stage each finds it free; who waits has not started it."""
    inside, started, run = Lock(), [], []

    def listen(stage: str, share: float) -> None:
        if share == 0.0:
            started.append(stage)

    def alone(config: None) -> dict[str, str]:
        assert inside.acquire(blocking=False)
        run.append(1)
        assert len(started) == len(run)
        inside.release()
        return {}

    bench = Bench(store=Store(root=tmp_path), models=build.FakeModels(), listener=listen)
    tasks = [toy("diarize", alone, key=key) for key in "abcdef"]
    in_threads(*(lambda task=task: execute(task, inputs={}, bench=bench) for task in tasks))
    assert len(list((tmp_path / "diarize").iterdir())) == 6


def test_a_stage_is_free_again_after_a_failure(tmp_path: Path) -> None:
    """An error inside a stage does not keep the next recording out of it."""
    bench = Bench(store=Store(root=tmp_path), models=build.FakeModels())

    def fail(config: None) -> None:
        raise ModelError("broken")

    with pytest.raises(ModelError):
        execute(toy("diarize", fail), inputs={}, bench=bench)
    assert not bench.lane("diarize").locked()


def test_a_model_is_loaded_once_for_all_threads() -> None:
    """Two threads that want one model get the same one, and no two are loaded at a time."""
    loading, loaded = Lock(), []

    def load(*, config: Any, device: Any, locate: Any) -> object:
        assert loading.acquire(blocking=False)
        loaded.append(config)
        loading.release()
        return object()

    def task(name: str) -> Any:
        return SimpleNamespace(stage=SimpleNamespace(name=name, load=load), config=name)

    models = Models(device=lambda: SimpleNamespace(kind="cpu"), locate=Path)
    together, given = Barrier(4), []

    def ask(name: str) -> None:
        together.wait(PATIENCE_S)
        given.append((name, models.get(task(name))))

    in_threads(*(lambda name=name: ask(name) for name in ["a", "b", "a", "b"]))
    assert sorted(loaded) == ["a", "b"]
    assert len(set(given)) == 2
