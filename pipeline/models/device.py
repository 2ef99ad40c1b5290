"""Choose between GPU and CPU, so that a GPU is used only where it works from end to end.

Two libraries share the GPU: torch, which brings its own CUDA 13 and cuDNN, and ctranslate2,
which needs cuBLAS of CUDA 12 from elsewhere and fails in the middle of a recording when that
is missing. It is therefore loaded and looked at here, before any of them starts to work.
(ctranslate2 4.8 does not use cuDNN, so cuDNN for CUDA 12 must not be installed: its files
would replace those of torch.)
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pipeline.errors import ConfigError, ModelError

DEVICES = ("auto", "cpu", "cuda")
# In the order they must be loaded: the second is linked against the first.
_CUBLAS = ("libcublasLt.so.12", "libcublas.so.12")
_INSTALL = "install it with `pip install 'parley[gpu]'`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where models run. `compute_type` is ctranslate2's; `reason` is one plain line of why."""

    kind: str
    compute_type: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaFacts:
    """What was found of CUDA.

    `driver`: NVIDIA's driver is there. `gpu`: the name of the GPU that torch can compute on,
    empty when it cannot, with the reason in `torch_error`. `missing`: libraries that
    ctranslate2 needs and that cannot be loaded. `compute_types`: what ctranslate2 can do on
    the GPU, empty when it sees none.
    """

    driver: bool
    gpu: str = ""
    torch_error: str = ""
    missing: tuple[str, ...] = ()
    compute_types: frozenset[str] = frozenset()


def choose_device(requested: str, *, probe: Callable[[], CudaFacts] | None = None) -> Device:
    """Choose where models run: `requested` is auto, cpu or cuda.

    auto takes CUDA when it works from end to end, else the CPU, and says why. Raises
    ConfigError for another word, and ModelError when CUDA was asked for and does not work.
    """
    if requested not in DEVICES:
        raise ConfigError(f"device is {requested!r}; it must be one of {', '.join(DEVICES)}.")
    if requested == "cpu":
        return Device(kind="cpu", compute_type="int8", reason="running on the CPU, as asked")
    facts = (probe or probe_cuda)()
    problem = cuda_problem(facts)
    if not problem:
        return Device(
            kind="cuda", compute_type=_compute_type(facts), reason=f"running on {facts.gpu}"
        )
    if requested == "cuda":
        raise ModelError(f"device is cuda, but {problem}. Or choose device = cpu.")
    return Device(kind="cpu", compute_type="int8", reason=f"running on the CPU: {problem}")


def cuda_problem(facts: CudaFacts) -> str:
    """Why CUDA cannot be used, with what to do where something can be done; empty if it can."""
    if not facts.driver:
        return "no NVIDIA driver was found"
    if not facts.gpu:
        return f"torch cannot use the GPU ({facts.torch_error})"
    if facts.missing:
        return f"{' and '.join(facts.missing)} cannot be loaded; {_INSTALL}"
    if not facts.compute_types:
        return "ctranslate2 finds no GPU; update the NVIDIA driver"
    return ""


def _compute_type(facts: CudaFacts) -> str:
    """Half precision where the GPU has it; older ones store int8 and compute in float32."""
    wanted = ("float16", "int8_float16", "int8_float32")
    return next((name for name in wanted if name in facts.compute_types), "float32")


def probe_cuda() -> CudaFacts:
    """Look at this machine. Without a driver it ends at once and imports nothing heavy."""
    if not _loads(("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1",)):
        return CudaFacts(driver=False)
    missing = preload_cublas()
    gpu, error = _torch_gpu()
    types = _ctranslate2_types() if gpu and not missing else frozenset[str]()
    return CudaFacts(driver=True, gpu=gpu, torch_error=error, missing=missing, compute_types=types)


def usable_cores() -> int:
    """The processor cores that this process may use; more threads only get in the way."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def preload_cublas() -> tuple[str, ...]:
    """Load cuBLAS 12 so that ctranslate2 finds it later; returns what could not be loaded.

    Call it before ctranslate2 is imported. Takes the libraries of the nvidia-cublas-cu12
    package, which are on no search path, else those of the system.
    """
    if sys.platform != "linux":
        return ()
    folders = _package_folders("nvidia.cublas")
    return tuple(
        name
        for name in _CUBLAS
        if not _loads([*(str(folder / "lib" / name) for folder in folders), name])
    )


def cublas_version() -> str:
    """The version of the cuBLAS that ctranslate2 computes with, as the library itself gives it.

    Empty when none was loaded: the CPU is used, or the system is not Linux.
    """
    if sys.platform != "linux":
        return ""
    try:
        library = ctypes.CDLL(_CUBLAS[-1], mode=os.RTLD_NOW | os.RTLD_NOLOAD)
        parts = [_property(library, number) for number in range(3)]
    except (OSError, AttributeError):
        return ""
    return ".".join(map(str, parts))


def _property(library: ctypes.CDLL, number: int) -> int:
    """The major (0), minor (1) or patch (2) number of a cuBLAS library."""
    value = ctypes.c_int()
    library.cublasGetProperty(number, ctypes.byref(value))
    return value.value


def _package_folders(package: str) -> Sequence[Path]:
    """Where a package's files lie; nowhere when it is not installed."""
    try:
        spec = find_spec(package)
    except ModuleNotFoundError:
        return ()
    places = spec.submodule_search_locations if spec else None
    return [Path(place) for place in places or ()]


def _loads(candidates: Sequence[str]) -> bool:
    """Load the first of some libraries that can be loaded, for all of this process."""
    for candidate in candidates:
        try:
            ctypes.CDLL(candidate, mode=ctypes.RTLD_GLOBAL)
        except OSError:
            continue
        return True
    return False


def _torch_gpu() -> tuple[str, str]:
    """The GPU's name, if torch can really compute on it, and else the reason.

    torch is told to compute in full single precision there: in TF32, its default for
    convolutions, a stretch of speech can fall to another voice than on the CPU, and results
    are kept without regard to the device. It cost no time that could be measured.
    """
    import torch

    if not torch.cuda.is_available():
        return "", "it finds none, or was built without CUDA"
    torch.backends.cudnn.allow_tf32 = False
    try:
        works = torch.ones(2, device="cuda").sum().item() == 2.0
        return (torch.cuda.get_device_name(), "") if works else ("", "it computes wrongly")
    except RuntimeError as err:
        return "", str(err).splitlines()[0]


def _ctranslate2_types() -> frozenset[str]:
    """What ctranslate2 can compute with on the GPU; nothing when it sees none."""
    import ctranslate2

    if ctranslate2.get_cuda_device_count() == 0:
        return frozenset()
    return frozenset(ctranslate2.get_supported_compute_types("cuda"))
