"""Any upload becomes 16 kHz audio; a damaged one is decoded as far as it goes."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest
from audio_files import decoded, encode, loudest_hertz, tone, write_wav

from pipeline.errors import NoAudioTrack, UnreadableAudio
from pipeline.stages.audio import AudioConfig, run

KINDS = [
    ("a.wav", "pcm_s16le", 8_000, None),
    ("a.wav", "pcm_s24le", 48_000, None),
    ("a.wav", "pcm_f32le", 44_100, None),
    ("a.wav", "pcm_u8", 11_025, None),
    ("alaw.wav", "pcm_alaw", 8_000, None),
    ("mulaw.wav", "pcm_mulaw", 8_000, None),
    ("adpcm.wav", "adpcm_ima_wav", 16_000, None),
    ("a.w64", "pcm_s16le", 16_000, "w64"),
    ("a.aiff", "pcm_s16be", 44_100, None),
    ("a.au", "pcm_mulaw", 8_000, "au"),
    ("a.mp3", "mp3", 44_100, None),
    ("a.m4a", "aac", 48_000, "ipod"),
    ("a.aac", "aac", 44_100, "adts"),
    ("a.mov", "aac", 48_000, None),
    ("a.mp4", "aac", 48_000, None),
    ("a.webm", "libopus", 48_000, None),
    ("a.mkv", "pcm_s16le", 48_000, None),
    ("a.ogg", "libopus", 48_000, None),
    ("a.flac", "flac", 44_100, None),
    ("a.amr", "libopencore_amrnb", 8_000, "amr"),
    ("a.3gp", "libopencore_amrnb", 8_000, None),
    ("named-wrong.mp3", "pcm_s16le", 16_000, "wav"),
]


@pytest.mark.parametrize(("name", "codec", "rate", "container"), KINDS)
def test_every_kind_keeps_length_and_pitch(
    tmp_path: Path, name: str, codec: str, rate: int, container: str | None
) -> None:
    """Each container and codec gives 16 kHz audio of the right length and the right pitch."""
    if codec not in av.codecs_available:
        pytest.skip(f"this libav cannot write {codec}")
    samples = tone(seconds=2.0, rate=rate)
    track = decoded(
        encode(tmp_path / name, samples, codec=codec, rate=rate, container=container), tmp_path
    )
    assert track.samples.shape[0] == track.channels == 1
    assert track.sample_rate_hz == rate
    assert track.duration_ms == pytest.approx(2000, abs=130)
    assert loudest_hertz(track.samples[0]) == pytest.approx(440, abs=5)
    assert not track.truncated


def test_samples_at_16_khz_are_kept_exactly(tmp_path: Path) -> None:
    """Audio that needs no conversion is not changed by a single bit."""
    samples = tone(seconds=1.5)
    assert np.array_equal(
        decoded(write_wav(tmp_path / "a.wav", samples), tmp_path).samples[0], samples
    )


def test_nothing_above_the_new_band_folds_back(tmp_path: Path) -> None:
    """A 10 kHz tone at 48 kHz is gone at 16 kHz and does not come back as a 6 kHz one."""
    path = write_wav(tmp_path / "a.wav", tone(seconds=1, rate=48_000, hertz=10_000), rate=48_000)
    assert np.abs(decoded(path, tmp_path).samples[0, 800:-800]).max() < 40


def test_six_channels_become_their_mean(tmp_path: Path) -> None:
    """More than two channels are averaged into one track, and the facts keep their number."""
    samples = np.zeros((16_000, 6), np.int16)
    samples[:, 0] = tone(seconds=1)
    track = decoded(write_wav(tmp_path / "a.wav", samples), tmp_path)
    assert (track.samples.shape, track.channels) == ((1, 16_000), 6)
    assert np.allclose(track.samples[0], samples[:, 0] / 6, atol=2)


def test_a_short_clip_is_no_error(tmp_path: Path) -> None:
    """0.2 s, and even a few samples, decode; whether that is enough is for others to say."""
    assert decoded(write_wav(tmp_path / "a.wav", tone(seconds=0.2)), tmp_path).duration_ms == 200
    stereo = np.ones((5, 2), np.int16)
    assert decoded(write_wav(tmp_path / "b.wav", stereo), tmp_path).samples.shape == (1, 5)


def test_the_track_is_mapped_not_loaded(tmp_path: Path) -> None:
    """What is read back is a read-only view of the file."""
    track = decoded(write_wav(tmp_path / "a.wav", tone(seconds=0.5)), tmp_path)
    assert isinstance(track.samples, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        track.samples[0, 0] = 1


def test_only_the_artefact_is_left(tmp_path: Path) -> None:
    """No draft stays behind, neither after success nor after a refusal."""
    folder = tmp_path / "out"
    folder.mkdir()
    run(
        recording=write_wav(tmp_path / "a.wav", tone(seconds=0.5)),
        out=folder / "x",
        config=AudioConfig(),
    )
    (tmp_path / "bad.wav").write_text("no")
    with pytest.raises(UnreadableAudio):
        run(recording=tmp_path / "bad.wav", out=folder / "y", config=AudioConfig())
    assert [path.name for path in folder.iterdir()] == ["x"]


def test_video_without_sound(tmp_path: Path) -> None:
    """A video with no audio track is refused as that."""
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=10, width=64, height=64, pix_fmt="yuv420p")
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    with pytest.raises(NoAudioTrack, match=r"a\.mp4: it has no audio track\. Export"):
        decoded(path, tmp_path)


def test_video_with_sound_gives_its_sound(tmp_path: Path) -> None:
    """Only the audio of a video is decoded."""
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as file:
        video = file.add_stream("mpeg4", rate=10, width=64, height=64, pix_fmt="yuv420p")
        sound = file.add_stream("aac", rate=16_000, layout="mono")
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            file.mux(video.encode(frame))
        block = av.AudioFrame.from_ndarray(
            tone(seconds=1)[None, :].astype(np.float32) / 32768, format="fltp", layout="mono"
        )
        block.sample_rate = 16_000
        file.mux([*sound.encode(block), *sound.encode(None), *video.encode(None)])
    track = decoded(path, tmp_path)
    assert (track.codec, track.duration_ms // 100) == ("aac", pytest.approx(10, abs=1))


def test_truncated_mp3_keeps_what_is_there(tmp_path: Path) -> None:
    """The first part of an MP3 cut in the middle is decoded, and marked as truncated."""
    path = encode(tmp_path / "a.mp3", tone(seconds=20), codec="mp3")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    track = decoded(path, tmp_path)
    assert track.truncated
    assert track.duration_ms == pytest.approx(10_000, abs=500)


def test_truncated_wav_keeps_what_is_there(tmp_path: Path) -> None:
    """A WAV whose transfer broke off is decoded as far as it goes, and marked."""
    path = write_wav(tmp_path / "a.wav", tone(seconds=20))
    path.write_bytes(path.read_bytes()[:320_000])
    track = decoded(path, tmp_path)
    assert track.truncated
    assert track.duration_ms == pytest.approx(10_000, abs=20)


@pytest.mark.parametrize(("share", "truncated"), [(0.002, False), (0.3, True)])
def test_damage_in_the_middle_is_skipped(tmp_path: Path, share: float, truncated: bool) -> None:
    """Bad frames cost only themselves; what follows is decoded, and a real loss is marked."""
    path = encode(tmp_path / "a.flac", tone(seconds=20), codec="flac")
    content = bytearray(path.read_bytes())
    start, size = len(content) // 2, int(len(content) * share)
    content[start : start + size] = bytes(size)
    path.write_bytes(content)
    track = decoded(path, tmp_path)
    assert track.truncated == truncated
    assert track.duration_ms == pytest.approx(20_000 * (1 - share), abs=800)
    assert loudest_hertz(track.samples[0, -16_000:]) == pytest.approx(440, abs=5)


def test_a_streamed_wav_claims_nonsense_and_is_decoded(tmp_path: Path) -> None:
    """A header that claims 37 h, as recorders write that do not know the end, is not believed."""
    path = write_wav(tmp_path / "a.wav", tone(seconds=2, rate=8_000), rate=8_000)
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(content)
    assert decoded(path, tmp_path).duration_ms == 2000
