"""Load the speaker-embedding network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError
from pipeline.models import quiet_dependencies

if TYPE_CHECKING:
    from torch import Tensor

    from pipeline.models.campplus import CamPlusPlus, FilterBanks

Floats = npt.NDArray[np.floating[Any]]

Embed = Callable[["Tensor"], "Tensor"]
"""(batch, samples) float32 in [-1, 1] at 16 kHz -> (batch, 192) float32, on any device."""


def load_embedding(path: Path, *, device: str = "cpu") -> Embed:
    """Load CAM++ from its safetensors file and return the function that embeds waveforms.

    The function takes (batch, samples) float32 in [-1, 1] at 16 kHz, all equally long, at
    least 0.07 s, and returns (batch, 192) float32 on the same device as its input. Raises
    ModelError when the file is not the weights of this network.
    """
    import torch

    network, banks = _load(path, device=device)

    def embed(waveforms: Tensor) -> Tensor:
        with torch.inference_mode():
            embeddings: Tensor = network(banks(waveforms.to(device)))
        return embeddings.to(waveforms.device)

    return embed


class VoiceNetwork(Protocol):
    """CAM++ in its two halves, so that frames can be pooled over any stretch."""

    def frames(self, waveforms: npt.NDArray[np.float32]) -> Floats:
        """(batch, samples) in [-1, 1] at 16 kHz, equally long -> (batch, 512, frames)."""

    def pooled(self, statistics: Floats) -> Floats:
        """Means and deviations over time, (stretches, 1024) -> embeddings (stretches, 192)."""


def load_voice_network(path: Path, *, device: str = "cpu") -> VoiceNetwork:
    """Load CAM++ from its safetensors file. Raises ModelError as load_embedding does."""
    network, banks = _load(path, device=device)
    return _TorchNetwork(network, banks, device)


class _TorchNetwork:
    """VoiceNetwork on torch."""

    def __init__(self, network: CamPlusPlus, banks: FilterBanks, device: str) -> None:
        self._network = network
        self._banks = banks
        self._device = device

    def frames(self, waveforms: npt.NDArray[np.float32]) -> Floats:
        import torch

        with torch.inference_mode():
            banks = self._banks(torch.from_numpy(waveforms).to(self._device))
            frames: Floats = self._network.frames(banks).cpu().numpy()
        return frames

    def pooled(self, statistics: Floats) -> Floats:
        import torch

        with torch.inference_mode():
            given = torch.from_numpy(statistics.astype(np.float32)).to(self._device)
            embeddings: Floats = self._network.pooled(given[..., None]).cpu().numpy()
        return embeddings


def _load(path: Path, *, device: str) -> tuple[CamPlusPlus, FilterBanks]:
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
    network = network.eval().to(device)
    # The two-dimensional convolutions run a tenth faster in this layout on AVX2.
    network.head.to(memory_format=torch.channels_last)
    return network, FilterBanks().to(device)
