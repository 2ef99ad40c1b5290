"""Recordings for the tests of the audio stage, made on the spot."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from pipeline.records import Track
from pipeline.stages.audio import AudioConfig, read_track, run

Tone = npt.NDArray[np.int16]


def tone(*, seconds: float, rate: int = 16_000, hertz: float = 440.0) -> Tone:
    """A sine of half full scale."""
    times = np.arange(round(seconds * rate)) / rate
    return (np.sin(2 * np.pi * hertz * times) * 16_000).astype(np.int16)


def write_wav(path: Path, samples: Tone, *, rate: int = 16_000) -> Path:
    """16-bit PCM; `samples` is (samples,) or (samples, channels)."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def encode(
    path: Path,
    samples: Tone,
    *,
    codec: str,
    rate: int = 16_000,
    container: str | None = None,
    layout: str = "mono",
) -> Path:
    """Encode mono samples (repeated on each channel) with libav."""
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout=layout)
        channels = stream.codec_context.layout.nb_channels
        packed = np.repeat(samples[:, None], channels, axis=1).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            format=stream.codec_context.format,
            layout=layout,
            rate=stream.codec_context.sample_rate,
            frame_size=stream.codec_context.frame_size or None,
        )
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            file.mux(stream.encode(part))
    return path


def decoded(path: Path, tmp_path: Path, config: AudioConfig | None = None) -> Track:
    """Run the stage and read the result."""
    out = tmp_path / "out.safetensors"
    run(recording=path, out=out, config=config or AudioConfig())
    return read_track(out)


def loudest_hertz(samples: Tone) -> float:
    """The frequency that holds most energy."""
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64) * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * 16_000 / len(samples)
