"""CAM++, a speaker-embedding network, and the filter banks it listens to.

Architecture and parameter names: Wang et al. 2023 (arXiv 2303.00332) and their 3D-Speaker
project (Apache-2.0), whose weights `embedding.py` loads. The definition here is our own.
This module imports torch, so it is itself imported only inside load functions.
"""

from __future__ import annotations

import math
from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

SAMPLE_RATE_HZ = 16_000
MEL_BINS = 80
_WINDOW, _HOP, _FFT = 400, 160, 512  # 25 ms, 10 ms at 16 kHz
_LOWEST_HZ = 20.0
_SEGMENT = 100  # frames that share one context vector in the masks
_BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers and dilation of each dense block


def mel_weights() -> Tensor:
    """Kaldi's triangular mel filters as a (257, 80) matrix; the last row, Nyquist, is zero.

    Single precision in the same order as Kaldi, so that quiet bands agree as well.
    """
    lowest = 1127.0 * math.log(1.0 + _LOWEST_HZ / 700.0)
    highest = 1127.0 * math.log(1.0 + SAMPLE_RATE_HZ / 2 / 700.0)
    step = (highest - lowest) / (MEL_BINS + 1)
    hertz = SAMPLE_RATE_HZ / _FFT * torch.arange(_FFT // 2)
    mels = (1127.0 * (1.0 + hertz / 700.0).log())[:, None]
    left = lowest + torch.arange(MEL_BINS) * step
    centre, right = left + step, left + 2 * step
    rising, falling = (mels - left) / (centre - left), (right - mels) / (right - centre)
    return functional.pad(torch.minimum(rising, falling).clamp(min=0), (0, 0, 0, 1))


class FilterBanks(nn.Module):
    """Kaldi log-mel filter banks of many equally long waveforms at once, mean-normalised.

    (batch, samples) in [-1, 1] at 16 kHz -> (batch, frames, 80). Equals
    torchaudio.compliance.kaldi.fbank(num_mel_bins=80, dither=0) minus its mean over time.
    """

    window: Tensor
    mel: Tensor

    def __init__(self) -> None:
        super().__init__()
        hann = torch.hann_window(_WINDOW, periodic=False, dtype=torch.float64)
        self.register_buffer("window", hann.pow(0.85).float(), persistent=False)
        self.register_buffer("mel", mel_weights(), persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        frames = waveforms.unfold(-1, _WINDOW, _HOP)
        frames = frames - frames.mean(dim=-1, keepdim=True)
        before = torch.cat([frames[..., :1], frames[..., :-1]], dim=-1)
        spectrum = torch.fft.rfft((frames - 0.97 * before) * self.window, n=_FFT)
        energy = spectrum.real.square() + spectrum.imag.square()
        floor = torch.finfo(torch.float32).eps
        banks: Tensor = (energy @ self.mel).clamp(min=floor).log()
        return banks - banks.mean(dim=1, keepdim=True)


def _normed(channels: int) -> nn.Sequential:
    """Batch norm, then ReLU; named so that the parameters fit the published weights."""
    return nn.Sequential(
        OrderedDict(batchnorm=nn.BatchNorm1d(channels), relu=nn.ReLU(inplace=True))
    )


class _Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut; `stride` shrinks the frequency axis only."""

    def __init__(self, *, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, (stride, 1), 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut.append(nn.Conv2d(channels, channels, 1, (stride, 1), bias=False))
            self.shortcut.append(nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class _Head(nn.Module):
    """The convolution module in front: (batch, 80, frames) -> (batch, 320, frames)."""

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.layer1 = self._pair(channels)
        self.layer2 = self._pair(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, (2, 1), 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    @staticmethod
    def _pair(channels: int) -> nn.Sequential:
        return nn.Sequential(
            _Residual(channels=channels, stride=2), _Residual(channels=channels, stride=1)
        )

    def forward(self, banks: Tensor) -> Tensor:
        x = functional.relu(self.bn1(self.conv1(banks.unsqueeze(1))))
        x = self.layer2(self.layer1(x))
        return functional.relu(self.bn2(self.conv2(x))).flatten(1, 2)


class _MaskedConvolution(nn.Module):
    """A convolution whose output is masked by what its neighbourhood and the whole hold."""

    def __init__(self, *, channels: int, growth: int, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(
            channels, growth, 3, padding=dilation, dilation=dilation, bias=False
        )
        self.linear1 = nn.Conv1d(channels, channels // 2, 1)
        self.linear2 = nn.Conv1d(channels // 2, growth, 1)

    def forward(self, x: Tensor) -> Tensor:
        segments = functional.avg_pool1d(x, _SEGMENT, _SEGMENT, ceil_mode=True)
        context = functional.relu(self.linear1(segments + x.mean(-1, keepdim=True)))
        mask = torch.sigmoid(self.linear2(context))
        local: Tensor = self.linear_local(x)
        return local * mask.repeat_interleave(_SEGMENT, -1)[..., : x.shape[-1]]


class _DenseLayer(nn.Module):
    """Bottleneck, then the masked convolution; adds `growth` channels to what it is given."""

    def __init__(self, *, channels: int, growth: int, dilation: int) -> None:
        super().__init__()
        width = 4 * growth
        self.nonlinear1 = _normed(channels)
        self.linear1 = nn.Conv1d(channels, width, 1, bias=False)
        self.nonlinear2 = _normed(width)
        self.cam_layer = _MaskedConvolution(channels=width, growth=growth, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        added = self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(x))))
        return torch.cat([x, added], dim=1)


def _dense_block(*, channels: int, growth: int, layers: int, dilation: int) -> nn.Sequential:
    """A chain of dense layers, each fed with everything before it."""
    return nn.Sequential(
        OrderedDict(
            (
                f"tdnnd{index + 1}",
                _DenseLayer(channels=channels + index * growth, growth=growth, dilation=dilation),
            )
            for index in range(layers)
        )
    )


class _Statistics(nn.Module):
    """Mean and standard deviation over time: (batch, channels, frames) -> (…, 2 channels, 1)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x.mean(-1), x.std(-1)], dim=-1).unsqueeze(-1)


class CamPlusPlus(nn.Module):
    """The whole network: mean-normalised banks (batch, frames, 80) -> (batch, 192).

    Not of unit length. Half the frames are skipped at the first layer, and at least 4 are
    needed; below about 0.4 s of speech the embedding says little about the speaker.
    """

    def __init__(self, *, embedding_size: int = 192, growth: int = 32) -> None:
        super().__init__()
        self.head = _Head()
        channels = 128
        first = nn.Conv1d(320, channels, 5, stride=2, padding=2, bias=False)
        layers: list[tuple[str, nn.Module]] = [
            ("tdnn", nn.Sequential(OrderedDict(linear=first, nonlinear=_normed(channels))))
        ]
        for index, (depth, dilation) in enumerate(_BLOCKS, start=1):
            block = _dense_block(channels=channels, growth=growth, layers=depth, dilation=dilation)
            channels += depth * growth
            layers += [(f"block{index}", block), (f"transit{index}", _halved(channels))]
            channels //= 2
        last = nn.Conv1d(channels * 2, embedding_size, 1, bias=False)
        norm = nn.Sequential(OrderedDict(batchnorm=nn.BatchNorm1d(embedding_size, affine=False)))
        layers += [
            ("out_nonlinear", _normed(channels)),
            ("stats", _Statistics()),
            ("dense", nn.Sequential(OrderedDict(linear=last, nonlinear=norm))),
        ]
        self.xvector = nn.Sequential(OrderedDict(layers))

    def forward(self, banks: Tensor) -> Tensor:
        embedding: Tensor = self.xvector(self.head(banks.transpose(1, 2)))
        return embedding.squeeze(-1)

    def frames(self, banks: Tensor) -> Tensor:
        """What is pooled over time: (batch, frames, 80) -> (batch, 512, half the frames)."""
        x: Tensor = self.head(banks.transpose(1, 2))
        for name, layer in self.xvector.named_children():
            if name == "stats":
                break
            x = layer(x)
        return x

    def pooled(self, statistics: Tensor) -> Tensor:
        """Means and deviations over time, (batch, 1024, 1) -> the embedding, (batch, 192)."""
        embedding: Tensor = self.xvector.get_submodule("dense")(statistics)
        return embedding.squeeze(-1)


def _halved(channels: int) -> nn.Sequential:
    """The transition between blocks: half the channels."""
    narrower = nn.Conv1d(channels, channels // 2, 1, bias=False)
    return nn.Sequential(OrderedDict(nonlinear=_normed(channels), linear=narrower))
