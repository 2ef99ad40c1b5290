"""Look at everything that an analysis needs on this machine, one line each."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.models import quiet_dependencies, telemetry_is_off
from pipeline.models.device import CudaFacts, cuda_problem, probe_cuda
from pipeline.models.registry import Weights, shipped_weights
from pipeline.models.weights import FileState, models_directory, verify

_PYTHONS = ((3, 11), (3, 14))  # from, and up to but without
_ROOM_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at. `remedy` says what to do, and is empty when all is well."""

    name: str
    status: Literal["ok", "problem"]
    detail: str
    remedy: str = ""


def examine(
    *,
    directory: Path | None = None,
    registry: Sequence[Weights] | None = None,
    probe: Callable[[], CudaFacts] = probe_cuda,
) -> tuple[Check, ...]:
    """Look at Python, CPU, GPU, FFmpeg, each set of weights, free disk and telemetry.

    Weights are hashed in full. Nothing is fetched or changed.
    """
    quiet_dependencies()
    directory = models_directory() if directory is None else directory
    registry = shipped_weights() if registry is None else registry
    return (
        check_python(sys.version_info[:2]),
        check_cpu(platform.machine(), flags=cpu_flags()),
        check_gpu(probe()),
        check_ffmpeg(),
        *(check_weights(weights, verify(weights, directory)) for weights in registry),
        check_disk(directory),
        check_telemetry(),
    )


def _check(name: str, detail: str, *, remedy: str = "") -> Check:
    return Check(name=name, status="problem" if remedy else "ok", detail=detail, remedy=remedy)


def check_python(version: tuple[int, ...]) -> Check:
    """Whether this Python is one that Parley is made for."""
    first, end = _PYTHONS
    fits = first <= version < end
    remedy = "" if fits else f"use Python {first[0]}.{first[1]} to {end[0]}.{end[1] - 1}"
    return _check("Python", ".".join(map(str, version)), remedy=remedy)


def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str] | None:
    """The CPU's features as Linux lists them, None where that is not known."""
    try:
        lines = cpuinfo.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return None
    rows = (line.partition(":") for line in lines)
    found = [value for name, _, value in rows if name.strip() in ("flags", "Features")]
    return frozenset(found[0].split()) if found else None


def check_cpu(machine: str, *, flags: frozenset[str] | None) -> Check:
    """Whether the CPU has the instructions that make recognition fast."""
    if flags is None or machine.lower() not in ("x86_64", "amd64"):
        return _check("CPU", machine)
    wide = [name for name in ("avx2", "avx512f") if name in flags]
    remedy = "" if wide else "expect it to be several times slower, or use another machine"
    return _check("CPU", f"{machine}, {', '.join(wide) or 'no AVX2'}", remedy=remedy)


def check_gpu(facts: CudaFacts) -> Check:
    """Whether a GPU is used; none at all is fine, one that cannot be used is a problem."""
    problem = cuda_problem(facts)
    if not problem:
        return _check("GPU", f"{facts.gpu}, cuBLAS 12 found")
    if not facts.driver:
        return _check("GPU", f"none ({problem}); the CPU is used")
    remedy = "pip install 'parley[gpu]'" if facts.missing else "update the NVIDIA driver"
    return _check("GPU", problem, remedy=remedy)


def check_ffmpeg() -> Check:
    """Which FFmpeg libraries decode recordings; PyAV brings them along."""
    try:
        import av
    except ImportError as err:
        return _check("FFmpeg", f"PyAV cannot be loaded ({err})", remedy="pip install av")
    versions = av.library_versions
    names = ("libavformat", "libavcodec", "libswresample")
    numbers = (f"{name} {'.'.join(map(str, versions[name]))}" for name in names)
    return _check("FFmpeg", f"{', '.join(numbers)} (PyAV {av.__version__})")


def check_weights(weights: Weights, states: Sequence[FileState]) -> Check:
    """Whether weights are there and right; only the default ones have to be there."""
    name = f"weights {weights.name}"
    remedy = f"parley models fetch {weights.name}"
    wrong = [state.path.name for state in states if state.state == "wrong"]
    missing = [state.path.name for state in states if state.state == "missing"]
    if wrong:
        return _check(name, f"sha256 differs: {', '.join(wrong)}", remedy=remedy)
    if missing and weights.default:
        return _check(name, f"missing: {', '.join(missing)}", remedy=remedy)
    if missing:
        return _check(name, f"not fetched, not needed by default ({remedy})")
    return _check(name, f"{weights.bytes / 1e6:.0f} MB, sha256 right")


def check_disk(directory: Path) -> Check:
    """Whether there is room where weights are kept."""
    place = next(path for path in (directory, *directory.parents) if path.exists())
    free = shutil.disk_usage(place).free
    remedy = "" if free >= _ROOM_BYTES else "free some space, or set PARLEY_MODELS elsewhere"
    return _check("disk", f"{free / 1e9:.1f} GB free at {directory}", remedy=remedy)


def check_telemetry() -> Check:
    """Whether every library's reports to its makers are switched off."""
    if telemetry_is_off():
        return _check("telemetry", "off")
    return _check("telemetry", "on in some library", remedy="report this: Parley turns it off")
