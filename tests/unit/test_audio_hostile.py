"""A hostile upload is refused with its name and what to do, and opens nothing."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import av
import numpy as np
import pytest
from audio_files import decoded, encode, tone, write_wav

from pipeline.errors import InputError, UnreadableAudio


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.wav", b""),
        ("text.wav", b"Dear Ana,\n\nplease find the recording attached.\n" * 50),
        ("zeros.mp3", bytes(5_000)),
        ("half-a-header.wav", b"RIFF\x24\x00\x00\x00WAVEfmt "),
        (
            "no-samples.wav",
            b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\0\0\0\0",
        ),
        ("image.m4a", b"\x89PNG\r\n\x1a\n" + bytes(200)),
        ("page.ogg", b"<!doctype html><html><body>404</body></html>" * 20),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """Empty, text, damaged headers, images: refused with the name and what to do."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableAudio, match="again") as caught:
        decoded(path, tmp_path)
    assert str(caught.value).startswith(name)


def test_random_bytes_never_do_harm(tmp_path: Path) -> None:
    """Noise behind the magic bytes of every container is refused or decoded, never worse."""
    noise = np.random.default_rng(5).bytes(20_000)
    for magic in (
        b"RIFF\xff\xff\xff\xffWAVE",
        b"fLaC",
        b"OggS",
        b"ID3\x04",
        b"#!AMR\n",
        b"\x1aE\xdf\xa3",
    ):
        path = tmp_path / "noise.bin"
        path.write_bytes(magic + noise)
        with contextlib.suppress(InputError):
            decoded(path, tmp_path)


def test_missing_folder_and_device(tmp_path: Path) -> None:
    """A path that is no file says so."""
    for path in (tmp_path / "none.wav", tmp_path, Path(os.devnull)):
        with pytest.raises(UnreadableAudio, match=r"Check the path|not a file"):
            decoded(path, tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_forbidden_file(tmp_path: Path) -> None:
    """A file without read permission says so."""
    path = write_wav(tmp_path / "a.wav", tone(seconds=0.2))
    path.chmod(0)
    with pytest.raises(UnreadableAudio, match="permissions"):
        decoded(path, tmp_path)


@pytest.fixture
def hits(socket_enabled: None) -> Iterator[tuple[str, list[str]]]:
    """A web server on this machine and the list of what was asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def playlist(kind: str, target: str) -> str:
    """A text that makes FFmpeg open `target` when it is let."""
    return {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile '{target}'\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">'
        f'<Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1">'
        f"<BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=audio 5004 RTP/AVP 0\n",
    }[kind]


@pytest.mark.parametrize("suffix", ["m3u8", "wav"])
@pytest.mark.parametrize("kind", ["hls", "concat", "dash", "sdp"])
def test_playlists_open_no_local_file(tmp_path: Path, kind: str, suffix: str) -> None:
    """A playlist that names a readable recording beside it is refused; nothing is decoded.

    libav itself, left to its defaults, does open the target of the first two kinds.
    """
    encode(tmp_path / "target.mp3", tone(seconds=1), codec="mp3")
    path = tmp_path / f"list.{suffix}"
    path.write_text(playlist(kind, "target.mp3"))
    if kind in ("hls", "concat") and suffix == "m3u8":
        with av.open(str(path)) as container:
            assert container.streams.audio
    for target in ("target.mp3", str(tmp_path / "target.mp3"), f"file://{tmp_path}/target.mp3"):
        path.write_text(playlist(kind, target))
        with pytest.raises(UnreadableAudio):
            decoded(path, tmp_path)


@pytest.mark.parametrize("kind", ["hls", "concat"])
def test_playlists_reach_no_address(tmp_path: Path, hits: tuple[str, list[str]], kind: str) -> None:
    """A playlist that names a web address is refused, and the server there is never asked.

    libav itself, when all protocols are allowed, does ask.
    """
    address, asked = hits
    path = tmp_path / "list.mp3"
    path.write_text(playlist(kind, f"{address}/secret.mp3"))
    careless = {"protocol_whitelist": "file,http,tcp", "safe": "0"}
    with contextlib.suppress(av.FFmpegError):
        av.open(str(path), format=kind, container_options=careless).close()
    assert asked
    asked.clear()
    with pytest.raises(UnreadableAudio):
        decoded(path, tmp_path)
    assert asked == []


def test_the_name_is_never_read_as_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file called like a protocol is the file, not the protocol."""
    monkeypatch.chdir(tmp_path)
    path = write_wav(tmp_path / "a.wav", tone(seconds=0.5)).rename(tmp_path / "concat:b|c.wav")
    assert decoded(Path(path.name), tmp_path).duration_ms == 500


@pytest.mark.parametrize(
    "name",
    [
        'it\'s "quoted".wav',
        "two\nlines.wav",
        "🙂 négociation.wav",
        "<script>alert(1)<script>.wav",
        "-i.wav",
        "%s%n{0}.wav",
        "x" * 251 + ".wav",
        os.fsdecode(b"not-utf8-\xff.wav"),
    ],
)
def test_strange_names_are_only_names(tmp_path: Path, name: str) -> None:
    """Quotes, newlines, emoji, tags, 255 bytes, bytes that are no UTF-8: decoded like any other."""
    try:
        path = write_wav(tmp_path / "a.wav", tone(seconds=0.3)).rename(tmp_path / name)
    except OSError as err:
        pytest.skip(f"this file system refuses the name: {err}")
    assert decoded(path, tmp_path).duration_ms == 300
    path.write_bytes(b"broken")
    with pytest.raises(UnreadableAudio) as caught:
        decoded(path, tmp_path)
    assert str(caught.value).isprintable()
