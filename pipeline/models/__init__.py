"""Weights: find, fetch, verify, load; and the network definitions that the weights need."""

from __future__ import annotations

import os
import warnings

_QUIET = {
    "PYANNOTE_METRICS_ENABLED": "0",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "OTEL_SDK_DISABLED": "true",
}


def quiet_dependencies() -> None:
    """Switch off what the libraries would send or print; call it before importing them.

    Sets environment variables of this process, so children inherit them, and silences two
    warnings of pyannote.audio: that torchcodec cannot load (recordings are never handed over
    as paths, so it is not needed), and that TF32 was switched off on a GPU.
    """
    os.environ.update(_QUIET)
    warnings.filterwarnings("ignore", message=r"\s*torchcodec is not installed correctly")
    warnings.filterwarnings("ignore", message=r"\s*TensorFloat-32 \(TF32\) has been disabled")


def telemetry_is_off() -> bool:
    """Whether every switch of `quiet_dependencies` is set in this process."""
    return all(os.environ.get(name) == value for name, value in _QUIET.items())
