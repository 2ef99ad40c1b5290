"""Dialogues tagged by several processes: in their order, with little in hand at a time."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pipeline.transcripts.lines import Line

T = TypeVar("T")
Dialogue = Sequence[Line]
Tagger = Callable[[Dialogue], T]
"""Tags one dialogue; it is sent to the processes, so it must pickle."""

_BATCH_TURNS, _BATCH_CHARS = 500, 200_000
_BATCHES_A_PROCESS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch(Generic[T]):
    """Dialogues on their way; kept so that they can be tagged here should a process die."""

    dialogues: tuple[Dialogue, ...]
    done: Future[list[T]]


def tag_side_by_side(
    dialogues: Iterable[Dialogue], *, tagger: Tagger[T], processes: int
) -> Iterator[T]:
    """Each dialogue tagged, in the order in which they came.

    What was read before a failure to read comes out before the failure is raised.
    """
    source = iter(_batches(dialogues))
    waiting: deque[_Batch[T]] = deque()
    # spawned, since threads of libraries do not survive a fork
    pool = ProcessPoolExecutor(
        max_workers=processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(tagger,),
    )
    failure: Exception | None = None
    try:
        is_more = True
        while is_more or waiting:
            while is_more and len(waiting) < _BATCHES_A_PROCESS * processes:
                try:
                    batch = next(source, None)
                except Exception as err:  # noqa: BLE001 - raised below, in its turn
                    failure, batch = err, None
                is_more = batch is not None
                if batch is not None:
                    waiting.append(_sent(pool, batch))
            if waiting:
                yield from _received(waiting.popleft(), tagger)
        if failure is not None:
            raise failure
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _batches(dialogues: Iterable[Dialogue]) -> Iterator[tuple[Dialogue, ...]]:
    batch: list[Dialogue] = []
    turns = chars = 0
    try:
        for dialogue in dialogues:
            batch.append(dialogue)
            turns += len(dialogue)
            chars += sum(len(line.text) for line in dialogue)
            if turns >= _BATCH_TURNS or chars >= _BATCH_CHARS:
                full, batch = tuple(batch), []
                turns = chars = 0
                yield full
    except Exception:
        if batch:
            yield tuple(batch)
        raise
    if batch:
        yield tuple(batch)


def _sent(pool: ProcessPoolExecutor, batch: tuple[Dialogue, ...]) -> _Batch[Any]:
    try:
        return _Batch(dialogues=batch, done=pool.submit(_tag_batch, batch))
    except BrokenProcessPool as err:
        done: Future[list[Any]] = Future()
        done.set_exception(err)
        return _Batch(dialogues=batch, done=done)


def _received(batch: _Batch[T], tagger: Tagger[T]) -> list[T]:
    """What a process made of a batch; made here where the process died, for want of memory."""
    try:
        return batch.done.result()
    except BrokenProcessPool:
        return [tagger(dialogue) for dialogue in batch.dialogues]


# --- in the other process


_taggers: list[Tagger[Any]] = []
"""The one of this process: sent once, not with every batch."""


def _start(tagger: Tagger[Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others
    _taggers[:] = [tagger]


def _tag_batch(dialogues: Iterable[Dialogue]) -> list[Any]:
    (tagger,) = _taggers
    return [tagger(dialogue) for dialogue in dialogues]
