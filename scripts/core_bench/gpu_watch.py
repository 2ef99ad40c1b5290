"""What nvidia-smi says of the GPU while something runs."""

from __future__ import annotations

import statistics
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

EVERY_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What nvidia-smi says at one moment: share of time at work (percent), memory in MiB."""

    busy_percent: float
    memory_mib: float


def read_sample(line: str) -> Sample | None:
    """A line "37, 5120" of nvidia-smi; None where the GPU does not tell ("[N/A]")."""
    try:
        busy, memory = (float(part) for part in line.split(","))
    except ValueError:
        return None
    return Sample(busy_percent=busy, memory_mib=memory)


@dataclass(slots=True, kw_only=True)
class Watch:
    """Samples of the GPU taken while something runs."""

    samples: list[Sample] = field(default_factory=list)

    def shown(self) -> str:
        """Mean utilisation and peak memory in words."""
        if not self.samples:
            return "nvidia-smi gave no figures"
        busy = statistics.mean(sample.busy_percent for sample in self.samples)
        memory = max(sample.memory_mib for sample in self.samples)
        return (
            f"utilisation {busy:.0f} % (mean of {len(self.samples)} samples), "
            f"GPU memory in use at most {memory:.0f} MiB"
        )


@contextmanager
def watched(ask: Callable[[], str] | None = None) -> Iterator[Watch]:
    """Ask nvidia-smi again and again while the body runs."""
    watch, ended = Watch(), threading.Event()

    def keep_asking() -> None:
        while not ended.wait(EVERY_S):
            sample = read_sample((ask or ask_gpu)())
            if sample:
                watch.samples.append(sample)

    thread = threading.Thread(target=keep_asking, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()


def ask_gpu(what: str = "utilization.gpu,memory.used") -> str:
    """What nvidia-smi says of the first GPU; empty where it cannot be run."""
    command = ["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout.splitlines() or [""])[0]
