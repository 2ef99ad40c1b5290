"""Decoding happens in a process of its own, with limits, and its failures have names."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from audio_files import decoded, tone, write_wav

from pipeline.errors import StoreError, TooLong, UnreadableAudio
from pipeline.stages import audio
from pipeline.stages.audio import AudioConfig, run


def test_too_long_by_its_samples(tmp_path: Path) -> None:
    """More audio than the limit is refused, whatever the container claims."""
    path = write_wav(tmp_path / "a.wav", tone(seconds=12))
    with pytest.raises(TooLong, match=r"a\.wav: it holds more than .* h of audio"):
        decoded(path, tmp_path, AudioConfig(max_duration_s=10))


def test_long_silence_in_a_small_file_ends_quickly(tmp_path: Path) -> None:
    """A small FLAC of 40 times the limit is refused without decoding it up to the limit."""
    path = tmp_path / "a.flac"
    block = np.zeros((1, 8_000 * 60), np.int16)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("flac", rate=8_000, layout="mono")
        for minute in range(40):
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate, frame.pts = 8_000, minute * 480_000
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    assert path.stat().st_size < 500_000
    with pytest.raises(TooLong, match=r"0\.0166667 h"):
        decoded(path, tmp_path, AudioConfig(max_duration_s=60))


def test_out_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Without a folder to write to, the error is the store's and says what to do."""
    path = write_wav(tmp_path / "a.wav", tone(seconds=0.3))
    with pytest.raises(StoreError, match="another folder"):
        run(recording=path, out=tmp_path / "gone" / "x", config=AudioConfig())


def _fake_decoder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    """Have a few lines of Python play the decoder."""
    program = tmp_path / "decoder.py"
    program.write_text(code)
    monkeypatch.setattr(audio, "_DECODER", program)


@pytest.mark.parametrize(
    ("code", "error", "says"),
    [
        ("import os; os.abort()", UnreadableAudio, "crashed"),
        ("print('oh no')", UnreadableAudio, "crashed"),
        ("import time; time.sleep(60)", UnreadableAudio, "more than 1 s"),
        (
            """import sys; sys.exit('{"error": "StoreError", "why": "No space left"}')""",
            StoreError,
            "No space left",
        ),
    ],
)
def test_a_decoder_that_fails_is_reported(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    error: type[Exception],
    says: str,
) -> None:
    """Crash, nonsense, hanging and a full disk in the decoder each get their own error."""
    path = write_wav(tmp_path / "a.wav", tone(seconds=0.3))
    _fake_decoder(monkeypatch, tmp_path, code)
    with pytest.raises(error, match=says):
        decoded(path, tmp_path, AudioConfig(wall_limit_s=1))


def test_the_decoder_sees_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens in the environment do not reach the process that reads untrusted data."""
    path = write_wav(tmp_path / "a.wav", tone(seconds=0.3))
    monkeypatch.setenv("HF_TOKEN", "s3cret")
    seen = tmp_path / "seen"
    _fake_decoder(
        monkeypatch, tmp_path, f"import os; open({str(seen)!r}, 'w').write(str(os.environ))"
    )
    with pytest.raises(UnreadableAudio):
        decoded(path, tmp_path)
    assert "s3cret" not in seen.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not enforce these limits")
@pytest.mark.parametrize(
    ("config", "says"),
    [(AudioConfig(cpu_limit_s=1), "processor time"), (AudioConfig(memory_limit_mb=400), "memory")],
)
def test_limits_stop_a_decoder_gone_wild(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: AudioConfig, says: str
) -> None:
    """Limits of processor time and memory hold in the real decoder's process."""
    path = write_wav(tmp_path / "a.wav", tone(seconds=0.3))
    wild = "while True: pass" if "processor" in says else "bytearray(500 << 20)"
    source = audio._DECODER.read_text().replace(
        "def decode(", f"def decode(*_):\n    {wild}\n\n\ndef unused_decode("
    )
    _fake_decoder(monkeypatch, tmp_path, source)
    with pytest.raises(UnreadableAudio, match=says):
        decoded(path, tmp_path, config)


def test_a_full_disk_is_the_stores_error(
    tmp_path: Path, small_disk: Callable[[], Path | None]
) -> None:
    """Where the disk fills up while decoding, the error is the store's and nothing is left."""
    folder = small_disk()
    if folder is None:
        pytest.skip("no small file system can be mounted here")
    path = write_wav(tmp_path / "a.wav", tone(seconds=120))
    with pytest.raises(StoreError, match="No space left"):
        run(recording=path, out=folder / "x", config=AudioConfig())
    assert list(folder.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[], Path | None]]:
    """Mounts a file system of 1 MB, where that is allowed."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted: list[bool] = []

    def mount() -> Path | None:
        command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except OSError:
            return None
        mounted.append(done.returncode == 0)
        return folder if mounted[-1] else None

    yield mount
    if any(mounted):
        subprocess.run(["umount", str(folder)], check=False)


def test_the_decoder_needs_no_heavy_library(tmp_path: Path) -> None:
    """The decoding process imports neither torch nor polars nor this package."""
    code = (
        "import runpy, sys\n"
        f'sys.argv = [\'x\', \'{{"memory_limit_mb": 9999, "cpu_limit_s": 99, '
        '"max_duration_s": 99}\']\n'
        f"runpy.run_path({str(audio._DECODER)!r}, run_name='__main__')\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    path = write_wav(tmp_path / "a.wav", tone(seconds=0.3))
    with path.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", code], stdin=file, capture_output=True, check=True
        )
    loaded = done.stderr.decode().split()
    assert "av" in loaded
    assert not {"torch", "polars", "pipeline", "numpy"} & set(loaded)
