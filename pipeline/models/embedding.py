"""Load the speaker-embedding network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import ModelError
from pipeline.models import quiet_dependencies

if TYPE_CHECKING:
    from torch import Tensor

Embed = Callable[["Tensor"], "Tensor"]
"""(batch, samples) float32 in [-1, 1] at 16 kHz -> (batch, 192) float32, on any device."""


def load_embedding(path: Path, *, device: str = "cpu") -> Embed:
    """Load CAM++ from its safetensors file and return the function that embeds waveforms.

    The function takes (batch, samples) float32 in [-1, 1] at 16 kHz, all equally long, at
    least 0.07 s, and returns (batch, 192) float32 on the same device as its input. Raises
    ModelError when the file is not the weights of this network.
    """
    quiet_dependencies()
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from pipeline.models.campplus import CamPlusPlus, FilterBanks

    network = CamPlusPlus()
    try:
        network.load_state_dict(load_file(path), strict=True)
    except (OSError, SafetensorError, RuntimeError) as err:
        raise ModelError(
            f"{path}: not the weights of CAM++ ({err}). Run `parley models fetch`."
        ) from err
    banks = FilterBanks().to(device)
    network = network.eval().to(device)
    # The two-dimensional convolutions run a tenth faster in this layout on AVX2.
    network.head.to(memory_format=torch.channels_last)

    def embed(waveforms: Tensor) -> Tensor:
        with torch.inference_mode():
            embeddings: Tensor = network(banks(waveforms.to(device)))
        return embeddings.to(waveforms.device)

    return embed
