"""Decode one untrusted recording; run as a program of its own, in a process with limits.

Standard input is the recording, open for reading and seekable; standard output takes raw
int16 samples at 16 kHz, one or two channels interleaved; the last line of standard error is
JSON: the facts, or {"error": …, "why": …}. The only argument is the limits as JSON. So the
program is told no path and needs none, and the recording's name can mean nothing to it.

Nothing of the package is imported here: the process is small, and starts fast.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any

RATE_HZ = 16_000

# Containers that hold their own data. Playlists and everything else that names other files or
# addresses (hls, concat, dash, sdp, image2, …) are not here, and so cannot be opened.
FORMATS = (
    "wav,w64,mp3,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,flac,aac,amr,amrnb,amrwb,aiff,au,caf,asf"
)
CODECS = (
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_u8,pcm_s8,pcm_f32le,pcm_f32be,"
    "pcm_f64le,pcm_f64be,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,adpcm_g722,"
    "adpcm_g726,gsm,gsm_ms,mp3float,mp3,mp2float,mp2,aac,aac_fixed,alac,flac,opus,libopus,vorbis,"
    "libvorbis,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,wmav1,wmav2,wmapro,ac3,eac3"
)
# Bad packets in a row after which the rest counts as lost: about 10 s of most codecs.
_BAD_IN_A_ROW = 500
# Claimed and decoded lengths differ a little in every codec; more than this is a loss.
_LOST_S, _LOST_SHARE = 2.0, 0.02


class Refused(Exception):  # noqa: N818 - it carries the name of the real error to the parent
    """The recording cannot be used: the name of one of the package's errors, and why."""

    def __init__(self, error: str, why: str) -> None:
        super().__init__(why)
        self.error = error


@dataclass(slots=True, kw_only=True)
class Count:
    """What has been decoded so far; `seconds` at the recording's own sample rate."""

    seconds: float = 0.0
    bad: int = 0
    bad_in_a_row: int = 0
    cut_short: bool = False


class _Bytes:
    """The recording as read, seek and tell only, so that libav is given no name to judge by."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def limit_this_process(limits: dict[str, int]) -> None:
    """Bound memory, CPU time and the size of what is written, where the system can do that."""
    try:
        import resource
    except ImportError:  # Windows: the parent's wall-clock limit remains
        return
    wanted = {
        resource.RLIMIT_AS: limits["memory_limit_mb"] << 20,
        resource.RLIMIT_CPU: limits["cpu_limit_s"],
        resource.RLIMIT_FSIZE: (limits["max_duration_s"] + 60) * RATE_HZ * 2 * 2,
        resource.RLIMIT_CORE: 0,
    }
    for what, value in wanted.items():
        _, hard = resource.getrlimit(what)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(OSError, ValueError):  # macOS refuses some of them
            resource.setrlimit(what, (bound, bound))


def _refuse_to_open(*_: object, **__: object) -> None:
    """libav asks for a second file or an address: never."""
    raise PermissionError(errno.EACCES, "a recording may not open other files")


def _open(file: IO[bytes]) -> Any:
    """The recording as a PyAV container, with every way to other files closed."""
    import av

    file.seek(0)
    options = {"format_whitelist": FORMATS, "codec_whitelist": CODECS, "protocol_whitelist": "none"}
    closed = {"io_open": _refuse_to_open, "metadata_errors": "replace"}
    try:
        return av.open(_Bytes(file), container_options=options, **closed)
    except (av.FFmpegError, ValueError) as err:
        why = "it is no recording in a known format, or its beginning is damaged"
        raise Refused("UnreadableAudio", why) from err


def _audio_stream(container: Any) -> Any:
    """The best audio stream. Raises Refused when there is none, or no decoder for it."""
    stream = container.streams.best("audio")
    if stream is None:
        raise Refused("NoAudioTrack", "it has no audio track")
    context = stream.codec_context
    if context is None or context.name not in CODECS.split(","):
        name = "unknown" if context is None else context.name
        raise Refused("UnreadableAudio", f"its audio codec ({name}) is not supported")
    context.thread_count = 1
    return stream


def _frames(container: Any, stream: Any, count: Count) -> Iterator[Any]:
    """Decoded frames in order. Damaged packets are skipped; a broken end ends them early."""
    import av

    packets = container.demux(stream)
    while count.bad_in_a_row < _BAD_IN_A_ROW:
        try:
            packet = next(packets, None)
        except MemoryError:
            raise
        except av.FFmpegError:
            break
        if packet is None:
            return
        try:
            frames = packet.decode()
        except MemoryError:  # of libav, which makes it an FFmpegError too
            raise
        except av.FFmpegError:
            count.bad += 1
            count.bad_in_a_row += 1
            continue
        count.bad_in_a_row = 0 if frames else count.bad_in_a_row
        yield from frames
    count.cut_short = True


def _mixed(frame: Any) -> Any:
    """More than two channels as one: their plain mean, as a float frame of the same rate."""
    import av
    import numpy as np

    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    whole = np.issubdtype(samples.dtype, np.integer)
    scale = float(np.iinfo(samples.dtype).max) if whole else 1.0
    centre = 128.0 if samples.dtype == np.uint8 else 0.0
    mean = (samples.mean(axis=0, dtype=np.float32, keepdims=True) - centre) / (scale - centre)
    mono = av.AudioFrame.from_ndarray(mean, format="fltp", layout="mono")
    mono.sample_rate = frame.sample_rate
    return mono


def _resampled(frames: Iterator[Any], *, channels: int) -> Iterator[bytes]:
    """Frames at any rate as interleaved int16 at 16 kHz, by libav's own resampler.

    A change of format in the middle starts a new resampler after the old one is drained, and
    gaps in the timestamps are closed.
    """
    import av

    resampler, source = None, None
    for frame in frames:
        frame.pts = None
        shape = (frame.format.name, frame.sample_rate, frame.layout.nb_channels)
        if shape != source:
            yield from _payloads(resampler, None)
            layout = "stereo" if channels == 2 else "mono"
            resampler = av.AudioResampler(format="s16", layout=layout, rate=RATE_HZ)
            source = shape
        yield from _payloads(resampler, _mixed(frame) if frame.layout.nb_channels > 2 else frame)
    yield from _payloads(resampler, None)


def _payloads(resampler: Any, frame: Any) -> Iterator[bytes]:
    """What the resampler makes of a frame, or still holds (None): samples without padding."""
    for ready in resampler.resample(frame) if resampler is not None else ():
        yield bytes(ready.planes[0])[: ready.samples * ready.layout.nb_channels * 2]


def _counted(frames: Iterator[Any], count: Count, limit_s: int) -> Iterator[Any]:
    """Pass frames on, and stop at once when there is more audio than the limit."""
    for frame in frames:
        count.seconds += frame.samples / frame.sample_rate
        if count.seconds > limit_s:
            raise _too_long(limit_s)
        yield frame


def _too_long(limit_s: int) -> Refused:
    return Refused("TooLong", f"it holds more than {limit_s / 3600:g} h of audio")


def _claimed_s(container: Any, stream: Any) -> float:
    """The length that the container claims, 0 when it claims none."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else 0.0


def _ends_early(file: IO[bytes]) -> bool:
    """Whether a RIFF header promises more bytes than the file has; libav does not tell.

    Sizes near the largest possible are what recorders write that do not know the end.
    """
    file.seek(0)
    head = file.read(8)
    promised = int.from_bytes(head[4:], "little") + 8
    return head[:4] == b"RIFF" and file.seek(0, os.SEEK_END) + 4096 < promised < 0x7FFFF000


def _reaches(file: IO[bytes], limit_s: int) -> bool:
    """Whether there really is audio past the limit where a container claims some.

    Claims can be wrong (recorders that stream write the largest number a WAV header can hold),
    so this jumps there and looks, and 10 h of silence in a small file ends at once.
    """
    import av

    with _open(file) as container:
        stream = _audio_stream(container)
        start = stream.start_time or 0
        target = start + int(limit_s / stream.time_base)
        try:
            container.seek(target, stream=stream, backward=True)
            frame = next(_frames(container, stream, Count()), None)
        except av.FFmpegError:
            return False
        near = target - int(60 / stream.time_base)
        return frame is not None and frame.pts is not None and bool(frame.pts >= near)


def decode(file: IO[bytes], out: IO[bytes], limits: dict[str, int]) -> dict[str, Any]:
    """Decode `file` to `out` and return the facts. Raises Refused."""
    limit_s = limits["max_duration_s"]
    with _open(file) as container:
        stream = _audio_stream(container)
        claimed_s = _claimed_s(container, stream)
    if claimed_s > limit_s + 60 and _reaches(file, limit_s):
        raise _too_long(limit_s)
    count = Count()
    with _open(file) as container:
        stream = _audio_stream(container)
        frames = _counted(_frames(container, stream, count), count, limit_s)
        first = next(frames, None)
        if first is None:
            raise Refused("UnreadableAudio", "no sound in it could be decoded: it is damaged")
        channels = 2 if first.layout.nb_channels == 2 else 1
        facts = _facts(container, stream, first)
        for payload in _resampled(chain([first], frames), channels=channels):
            out.write(payload)
    out.flush()
    lost_s = claimed_s - count.seconds
    lost = lost_s > max(_LOST_S, _LOST_SHARE * claimed_s) and claimed_s <= limit_s + 60
    truncated = count.cut_short or lost or count.bad > 0 or _ends_early(file)
    return facts | {"decoded_channels": channels, "truncated": truncated, "bad": count.bad}


def _facts(container: Any, stream: Any, first: Any) -> dict[str, Any]:
    """What the recording is, as the report states it."""
    return {
        "channels": first.layout.nb_channels,
        "sample_rate_hz": first.sample_rate,
        "codec": stream.codec_context.codec.canonical_name,
        "container": container.format.name,
    }


def main(arguments: list[str]) -> dict[str, Any]:
    """Decode standard input to standard output; returns the facts or the error."""
    limits = json.loads(arguments[0])
    limit_this_process(limits)
    import av

    av.logging.set_level(av.logging.PANIC)
    try:
        file, out = os.fdopen(0, "rb", closefd=False), os.fdopen(1, "wb", closefd=False)
        with file, out:
            return decode(file, out, limits)
    except Refused as err:
        return {"error": err.error, "why": str(err)}
    except MemoryError:
        return {"error": "UnreadableAudio", "why": "decoding it takes more memory than allowed"}
    except av.FFmpegError as err:
        return {"error": "UnreadableAudio", "why": f"it is damaged ({err.strerror})"}
    except OSError as err:
        return {"error": "StoreError", "why": err.strerror or str(err)}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])), file=sys.stderr)
