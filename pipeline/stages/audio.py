"""Any upload -> 16 kHz audio, one track for each voice source, and the facts of the file.

The recording is untrusted: it is decoded by audio_decode.py in a process of its own, with
limits, which is handed an open file and nothing else. What it gives back is raw samples, so
nothing that a recording says about itself reaches this process but four checked facts.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from pipeline.errors import InputError, NoAudioTrack, StoreError, TooLong, UnreadableAudio
from pipeline.records import SAMPLE_RATE_HZ, Samples, Track
from pipeline.stages.audio_channels import Sources, mixed, voice_sources

_DECODER = Path(__file__).with_name("audio_decode.py")
_BLOCK = SAMPLE_RATE_HZ * 60
# What the decoder may know of this process: how to find its libraries, and no more. Tokens and
# passwords that lie in the environment stay here.
_ENVIRONMENT = (
    "PATH HOME LANG LC_ALL PYTHONPATH PYTHONHOME PYTHONUSERBASE VIRTUAL_ENV LD_LIBRARY_PATH "
    "DYLD_LIBRARY_PATH SYSTEMROOT TEMP TMP TMPDIR"
)
_ERRORS = {"NoAudioTrack": NoAudioTrack, "TooLong": TooLong, "UnreadableAudio": UnreadableAudio}
_REMEDIES = {
    "NoAudioTrack": "Export the recording with its sound.",
    "TooLong": "Cut it, or raise audio.max_duration_s.",
    "UnreadableAudio": "Export it again as WAV, MP3, M4A, FLAC or OGG.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioConfig:
    """Limits of decoding, and thresholds of the judgement about two channels.

    The thresholds were set on a real two-channel call, clean, with crosstalk at -10 and -15 dB,
    echo, and noise at 10 to 30 dB, against the same voices panned and in simulated rooms.
    """

    # Decoded audio, 4 h: longer than any negotiation sitting; stops small files of much silence.
    max_duration_s: int = 14_400
    # Of the decoding process: libraries take about 250 MB of address space, decoders far less.
    memory_limit_mb: int = 1024
    # 4 h of anything decode in about a minute.
    cpu_limit_s: int = 600
    wall_limit_s: int = 900
    # Copies reach 0.99 even with separate noise; voices panned 3 dB apart 0.94, which mix too.
    copy_correlation: float = 0.95
    # More alike than chance, and turned over: mixing as they are would cancel.
    inverted_correlation: float = -0.3
    # Crosstalk leaves 10 dB or more between channels; panned voices and rooms give 0 to 6 dB.
    separation_db: float = 9.0
    # Two voices: 0.67 (both read at once) to 1.0 of the active frames; rooms: 0.01.
    separated_share: float = 0.5
    # Of the active frames: someone who only listened still said a few words.
    voice_share: float = 0.01
    voice_min_ms: int = 500
    # Frames this far below the loudest count as pauses.
    active_range_db: float = 30.0
    # A channel whose loudest moments stay below this holds nothing that anyone would hear.
    silent_dbfs: float = -60.0
    # Loudest against quietest moments: noise and hum 0 to 2 dB, speech in bad noise 16 dB.
    noise_range_db: float = 10.0


def run(*, recording: Path, out: Path, config: AudioConfig) -> None:
    """Decode a recording of any supported kind and write its tracks and facts to `out`.

    `out` becomes a safetensors file: int16 `samples` of shape (tracks, samples) at 16 kHz, and
    the facts as metadata. Mono gives one track. Two channels give two tracks when each carries
    a voice of its own, else one (see `voice_sources`). More channels are averaged into one. Of
    several audio streams the best is taken. Where part of the audio is damaged the rest is
    kept, and the facts say `truncated`. Raises UnreadableAudio, NoAudioTrack, TooLong, and
    StoreError when `out` cannot be written.
    """
    name = _shown(recording)
    with (
        _opened(recording, name) as file,
        _translated(out),
        tempfile.TemporaryDirectory(
            dir=out.parent, prefix=".decode-", ignore_cleanup_errors=True
        ) as folder,
    ):
        raw, draft = Path(folder) / "raw", Path(folder) / "draft"
        facts = _decode(file, raw, config=config, name=name)
        _write_artefact(raw, draft, facts=facts, config=config)
        draft.replace(out)


def read_track(path: Path) -> Track:
    """Read what `run` wrote; the samples stay on disk and are mapped into memory read-only."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    facts = json.loads(header["__metadata__"]["facts"])
    shape = tuple(header["samples"]["shape"])
    samples = np.memmap(path, dtype="<i2", mode="r", offset=8 + length, shape=shape)
    return Track(
        samples=samples,
        channels=facts["channels"],
        sample_rate_hz=facts["sample_rate_hz"],
        codec=facts["codec"],
        container=facts["container"],
        truncated=facts["truncated"],
    )


def _shown(recording: Path) -> str:
    """The file's name as one printable line, whatever bytes it is made of."""
    text = recording.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


@contextlib.contextmanager
def _opened(recording: Path, name: str) -> Iterator[IO[bytes]]:
    """The recording, open. Raises UnreadableAudio for what is missing, empty or forbidden."""
    if recording.exists() and not recording.is_file():
        raise UnreadableAudio(f"{name}: not a file. Name a recording, not a folder or a device.")
    try:
        file = recording.open("rb")
    except OSError as err:
        raise UnreadableAudio(
            f"{name}: cannot be opened ({err.strerror}). Check the path and its permissions."
        ) from err
    with file:
        if os.fstat(file.fileno()).st_size == 0:
            raise UnreadableAudio(f"{name}: the file is empty. Copy or export it again.")
        yield file


@contextlib.contextmanager
def _translated(out: Path) -> Iterator[None]:
    """File-system errors of writing as StoreError."""
    try:
        yield
    except OSError as err:
        raise _unwritable(out, err.strerror or str(err)) from err


def _unwritable(out: Path, why: str) -> StoreError:
    return StoreError(
        f"The decoded audio cannot be written to {out.parent}: {why}. Free some space (2 MB a "
        "minute and channel, twice while it is made), or choose another folder."
    )


def _decode(file: IO[bytes], raw: Path, *, config: AudioConfig, name: str) -> dict[str, Any]:
    """Have the recording decoded to raw samples; returns the decoder's facts."""
    with raw.open("wb") as target:
        code, last_line = _run_decoder(file, target, config=config, name=name)
    answer = _answer(last_line)
    if answer is None:
        raise _refusal(name, "UnreadableAudio", f"{_ending(code)} while it was decoded")
    if answer.get("error") == "StoreError":
        raise _unwritable(raw.parent, str(answer.get("why")))
    if "error" in answer:
        raise _refusal(name, str(answer["error"]), str(answer.get("why")))
    return _facts(answer)


def _answer(last_line: str) -> dict[str, Any] | None:
    """What the decoder said at its end, or None when it did not get so far."""
    try:
        answer = json.loads(last_line)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _facts(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The facts, each of its own type and short, since the decoder has read untrusted data."""
    return {
        "channels": int(answer["channels"]),
        "sample_rate_hz": int(answer["sample_rate_hz"]),
        "codec": str(answer["codec"])[:40],
        "container": str(answer["container"])[:40],
        "truncated": bool(answer["truncated"]),
        "decoded_channels": 2 if answer["decoded_channels"] == 2 else 1,
    }


def _refusal(name: str, error: str, why: str) -> InputError:
    kind = error if error in _ERRORS else "UnreadableAudio"
    return _ERRORS[kind](f"{name}: {why}. {_REMEDIES[kind]}")


def _ending(code: int) -> str:
    """How a decoder that gave no answer came to its end, in words."""
    if -code in {getattr(signal, "SIGXCPU", None), getattr(signal, "SIGKILL", None)}:
        return "the decoder was stopped for using too much processor time or memory"
    return f"the decoder crashed (exit status {code})"


def _run_decoder(
    file: IO[bytes], target: IO[bytes], *, config: AudioConfig, name: str
) -> tuple[int, str]:
    """Run the decoder on open files; returns its exit status and its last line of output."""
    limits = {
        "max_duration_s": config.max_duration_s,
        "memory_limit_mb": config.memory_limit_mb,
        "cpu_limit_s": config.cpu_limit_s,
    }
    known = _ENVIRONMENT.split()
    environment = {key: value for key, value in os.environ.items() if key in known}
    decoder = subprocess.Popen(  # noqa: S603 - our own interpreter and our own program
        [sys.executable, "-P", "-B", str(_DECODER), json.dumps(limits)],
        stdin=file,
        stdout=target,
        stderr=subprocess.PIPE,
        env=environment | {"OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,
    )
    with decoder:
        try:
            _, errors = decoder.communicate(timeout=config.wall_limit_s)
        except subprocess.TimeoutExpired as err:
            why = f"decoding took more than {config.wall_limit_s} s and was stopped"
            raise _refusal(name, "UnreadableAudio", why) from err
        finally:
            _end(decoder)
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return decoder.returncode, lines[-1] if lines else ""


def _end(decoder: subprocess.Popen[bytes]) -> None:
    """End the decoder and whatever it may have started, if it still runs."""
    if decoder.poll() is not None:
        return
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(decoder.pid, signal.SIGKILL)
    else:
        decoder.kill()


def _write_artefact(raw: Path, draft: Path, *, facts: dict[str, Any], config: AudioConfig) -> None:
    """Turn interleaved raw samples into the artefact, one minute at a time."""
    channels = facts["decoded_channels"]
    samples = raw.stat().st_size // (2 * channels)
    sources: Sources = "left"
    if channels == 2:
        sources = voice_sources(_blocks(raw, channels=2), config=config)
    tracks = 2 if sources == "two_voices" else 1
    with draft.open("wb") as file:
        file.write(_header(facts | {"sources": sources}, shape=(tracks, samples)))
        for track in range(tracks):
            for block in _blocks(raw, channels=channels):
                file.write(_track_of(block, sources, track).tobytes())
        file.flush()
        os.fsync(file.fileno())


def _blocks(raw: Path, *, channels: int) -> Iterator[Samples]:
    """The raw samples, (samples, channels), a minute at a time; read, since a mapping counts
    as memory of this process for as long as it lives."""
    with raw.open("rb") as file:
        while (block := np.fromfile(file, "<i2", _BLOCK * channels)).size:
            yield block.reshape(-1, channels)


def _track_of(block: Samples, sources: Sources, track: int) -> Samples:
    """The samples of one track in a block of shape (samples, channels)."""
    if sources in ("mix", "mix_inverted"):
        return mixed(block, inverted=sources == "mix_inverted")
    return block[:, 1 if sources == "right" else track]


def _header(facts: dict[str, Any], *, shape: tuple[int, int]) -> bytes:
    """The safetensors header: one tensor, and the facts as metadata."""
    tensor = {"dtype": "I16", "shape": shape, "data_offsets": [0, shape[0] * shape[1] * 2]}
    content = {"__metadata__": {"facts": json.dumps(facts)}, "samples": tensor}
    header = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header
