"""Load the speaker-segmentation network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import ModelError
from pipeline.models import quiet_dependencies
from pipeline.models.checkpoint import read_settings

if TYPE_CHECKING:
    from pyannote.audio import Model


def load_segmentation(path: Path, *, device: str = "cpu") -> Model:
    """Load a PyanNet from its safetensors file, ready for pyannote.audio.Inference.

    Shapes: (batch, 1, samples) float32 at 16 kHz -> (batch, frames, 7) log-probabilities of
    the sets of at most 2 of 3 speakers, for chunks of 10 s (read from the file's settings).
    Raises ModelError when the file is not the weights of this network.
    """
    quiet_dependencies()
    from pyannote.audio.models.segmentation import PyanNet
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        settings = read_settings(path)
        model = PyanNet(**_architecture(settings["hyper_parameters"]))
        model.specifications = _specifications(settings["specifications"])
        model.build()
        model.load_state_dict(load_file(path), strict=True)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as err:
        raise ModelError(
            f"{path}: not the weights of a PyanNet ({err}). Run `parley models fetch`."
        ) from err
    return model.eval().to(device)


def _architecture(hyper_parameters: dict[str, Any]) -> dict[str, Any]:
    """The arguments that PyanNet takes, out of what was saved at training."""
    names = ("sincnet", "lstm", "linear", "sample_rate", "num_channels")
    return {name: hyper_parameters[name] for name in names}


def _specifications(saved: dict[str, Any]) -> Any:
    """What the network was trained for, as pyannote's Specifications."""
    from pyannote.audio.core.task import Problem, Resolution, Specifications

    return Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=saved["duration"],
        warm_up=tuple(saved["warm_up"]),
        classes=saved["classes"],
        powerset_max_classes=saved["powerset_max_classes"],
        permutation_invariant=saved["permutation_invariant"],
    )
