"""A batch of recordings in this process, two at a time: one bad recording never stops the rest."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Event, Lock
from typing import Any, Protocol

from pipeline.config import Config
from pipeline.corrections import read_overlay
from pipeline.earlier import EarlierCall, earlier_document
from pipeline.enrolment import enrolled_people
from pipeline.errors import ConfigError, PipelineError
from pipeline.history import Analysis, remember
from pipeline.models.device import usable_cores
from pipeline.plan import Plan, plan, read_recording
from pipeline.run import (
    Bench,
    accounted,
    check_playback,
    playback,
    publish,
    publish_playback,
    results,
)
from pipeline.store import check_writable

MOST_AT_ONCE = 2
"""One recording's model stages leave a core idle now and then, and its other stages all but one;
a second recording fills that. A third would find nothing left, and each takes memory."""
_MAX_NAME_BYTES = 100
_DIGEST_LETTERS = 8
_INTERRUPTIBLE_S = 0.5
"""Some systems hold Ctrl-C back from a thread that waits without an end."""


class Observer(Protocol):
    """Hears how a batch goes on, never from two threads at once.

    `number` says which recording is meant, as `recording_started` was told; None is the one that
    started last, for who works on one after the other.
    """

    def recording_started(self, path: Path, *, number: int, count: int) -> None: ...

    def stage_advanced(self, stage: str, share: float, *, number: int | None = None) -> None: ...

    def recording_ended(self, outcome: Outcome, *, number: int | None = None) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one recording ended: a report in `folder`, or an error."""

    path: Path
    seconds: float
    folder: Path | None = None
    report: dict[str, Any] | None = None
    error: PipelineError | None = None


def analyze(
    paths: Sequence[Path],
    *,
    config: Config,
    out: Path,
    bench: Bench,
    observer: Observer,
    at_once: int | None = None,
    earlier: Sequence[EarlierCall] = (),
) -> list[Outcome]:
    """Analyse recordings and write each one's files to a folder of its own under `out`.

    Reports compare with the `earlier` calls, their own recording left out.

    Works on up to `at_once` of them at a time, if None on as many as this machine has use for;
    files, folders and the order of the outcomes, that of `paths`, do not depend on it. Raises
    StoreError where `out` cannot be written, and ConfigError where `at_once` is below 1, before
    any work is done. A KeyboardInterrupt, or an error of the observer, ends the batch as soon as
    the stages that run come to their next step.
    """
    if at_once is not None and at_once < 1:
        raise ConfigError(f"{at_once} recordings at a time cannot be worked on; give 1 or more")
    check_writable(out)
    batch = _Batch(
        paths=tuple(paths),
        config=config,
        out=out,
        bench=bench,
        observer=observer,
        earlier=tuple(earlier),
        begun=tuple(Event() for _ in paths),
    )
    threads = min(at_once or default_at_once(), len(paths))
    if threads < 2:
        return [batch.analyze(number) for number in batch.numbers]
    return _side_by_side(batch, threads=threads)


def default_at_once() -> int:
    """How many recordings this machine has use for at a time: one on a single core."""
    return min(MOST_AT_ONCE, usable_cores())


def _side_by_side(batch: _Batch, *, threads: int) -> list[Outcome]:
    """Analyse the recordings of a batch in threads; none is left running, whatever happens."""
    with ThreadPoolExecutor(threads, thread_name_prefix="recording") as pool:
        try:
            futures = [pool.submit(batch.analyze, number) for number in batch.numbers]
            left = set(futures)
            while left:
                done, left = wait(left, timeout=_INTERRUPTIBLE_S, return_when=FIRST_EXCEPTION)
                for future in done:
                    if not isinstance(future.exception(), _Stopped):
                        future.result()
        except BaseException:
            batch.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


class _Stopped(BaseException):
    """Another thread has ended the batch; no Exception, so that no stage takes it for an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """A batch in progress, whose recordings different threads may work on.

    Recordings begin in the order of `paths`, so that a folder's name (`taken`) depends on that
    alone; `begun` says that one has its folder. Of recordings with the same bytes one waits for
    the other, by `latest`, and then finds its results.
    """

    paths: tuple[Path, ...]
    config: Config
    out: Path
    bench: Bench
    observer: Observer
    earlier: tuple[EarlierCall, ...]
    begun: tuple[Event, ...]
    taken: dict[Path, str] = field(default_factory=dict)
    latest: dict[str, Event] = field(default_factory=dict)
    telling: Lock = field(default_factory=Lock)
    stopped: Event = field(default_factory=Event)

    @property
    def numbers(self) -> range:
        return range(1, len(self.paths) + 1)

    def analyze(self, number: int) -> Outcome:
        """Analyse the recording of that number, once those before it have begun."""
        if number > 1:
            self.begun[number - 2].wait()
        try:
            self._start(number)
            outcome = self._outcome(number)
            with self.telling:
                self.observer.recording_ended(outcome, number=number)
        except BaseException:
            self.stopped.set()  # no recording's own error is raised here
            raise
        finally:
            self.begun[number - 1].set()  # whatever became of it, the next one need not wait
        return outcome

    def _start(self, number: int) -> None:
        self._go_on()
        with self.telling:
            self.observer.recording_started(
                self.paths[number - 1], number=number, count=len(self.paths)
            )

    def _go_on(self) -> None:
        """Raise _Stopped where the batch has ended: Ctrl-C reaches the main thread only."""
        if self.stopped.is_set():
            raise _Stopped

    def _listen(self, stage: str, share: float, *, number: int) -> None:
        self._go_on()
        with self.telling:
            self.observer.stage_advanced(stage, share, number=number)

    def _outcome(self, number: int) -> Outcome:
        path, started_s = self.paths[number - 1], time.monotonic()
        try:
            with accounted("the analysis"):
                whole = self._planned(path)
                folder = _folder(whole, out=self.out, taken=self.taken)
                check_playback(folder, recording=path)
                with self._one_of_a_kind(whole.recording.digest, number=number):
                    report = self._published(whole, folder=folder, number=number)
        except PipelineError as err:
            _forget_values(err)
            return Outcome(path=path, seconds=time.monotonic() - started_s, error=err)
        return Outcome(
            path=path, seconds=time.monotonic() - started_s, folder=folder, report=report
        )

    def _planned(self, path: Path) -> Plan:
        recording = read_recording(path)
        return plan(
            recording,
            config=self.config,
            overlay=read_overlay(self.bench.store.root, recording.digest),
            enrolled=enrolled_people(self.config),
            earlier=earlier_document(self.earlier, digest=recording.digest),
        )

    @contextmanager
    def _one_of_a_kind(self, digest: str, *, number: int) -> Iterator[None]:
        """Let the next recording begin; wait for an earlier one of the same bytes."""
        before, done = self.latest.get(digest), Event()
        self.latest[digest] = done
        self.begun[number - 1].set()
        try:
            if before:
                before.wait()
            yield
        finally:
            done.set()

    def _published(self, whole: Plan, *, folder: Path, number: int) -> dict[str, Any]:
        """The report of a recording, all its files written."""
        bench = replace(self.bench, listener=partial(self._listen, number=number))
        files = results(whole, bench=bench)
        sound = playback(whole, bench=bench)
        publish(files, folder=folder)
        publish_playback(sound, recording=whole.recording.path, folder=folder)
        _remember(whole, config=self.config, folder=folder, bench=bench)
        report: dict[str, Any] = json.loads(files["report.json"])
        return report


def _forget_values(error: BaseException) -> None:
    """Let go of what failed work held, a call's samples perhaps, but not of where it failed."""
    link: BaseException | None = error
    while link:
        traceback.clear_frames(link.__traceback__)
        link = link.__cause__ or link.__context__


def _remember(whole: Plan, *, config: Config, folder: Path, bench: Bench) -> None:
    """Note the analysis, so that it can be corrected later without being described again."""
    recording = whole.recording
    analysis = Analysis(
        path=recording.path,
        name=recording.name,
        config=config,
        folder=folder,
        earlier=whole.given.get("earlier"),
    )
    remember(bench.store.root, recording.digest, analysis)


def _folder(whole: Plan, *, out: Path, taken: dict[Path, str]) -> Path:
    """The folder of a recording: its name, with part of its digest where another has the name."""
    digest = whole.recording.digest
    plain = out / folder_name(whole.recording.name)
    own = plain.with_name(f"{plain.name}-{digest[:_DIGEST_LETTERS]}")
    holder = taken.get(plain) or _digest_in(plain)
    folder = plain if holder in (None, digest) else own
    taken[folder] = digest
    return folder


def _digest_in(folder: Path) -> str | None:
    """The digest of the recording whose report lies in a folder; None where none does."""
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        return str(report["recording"]["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def folder_name(recording_name: str) -> str:
    """A recording's name without suffix as a folder name that is safe on every system.

    Letters, digits, blanks and -_.() of any script stay, everything else becomes an underscore;
    a name over 100 bytes is cut and gets part of its hash.
    """
    stem = Path(recording_name).stem
    kept = "".join(letter if letter.isalnum() or letter in " -_.()" else "_" for letter in stem)
    name = kept.strip(" .") or "recording"
    if name.upper().partition(".")[0] in _RESERVED:
        name = f"_{name}"
    if len(name.encode()) <= _MAX_NAME_BYTES:
        return name
    cut = name.encode()[: _MAX_NAME_BYTES - _DIGEST_LETTERS - 1].decode("utf-8", "ignore")
    return f"{cut}-{sha256(recording_name.encode()).hexdigest()[:_DIGEST_LETTERS]}"


_RESERVED = frozenset(
    ["CON", "PRN", "AUX", "NUL", *(f"{kind}{n}" for kind in ("COM", "LPT") for n in range(1, 10))]
)


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """0 where all went well; the error's code where all errors have the same; else 1."""
    codes = {code for code in _codes(outcomes) if code}
    return codes.pop() if len(codes) == 1 else int(bool(codes))


def _codes(outcomes: Iterable[Outcome]) -> Iterator[int]:
    for outcome in outcomes:
        yield outcome.error.exit_code if outcome.error else 0
