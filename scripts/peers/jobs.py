"""What every peer does: take jobs as JSON lines, keep what was heard, give words to speakers.

Runs in the peer's own environment and imports nothing of Parley. A job file says what to load:

    {"model": FOLDER, "mode": "batched", "out": FOLDER, "threads": 2, "compute_type": "int8",
     "language": "en", "beam_size": 5, "batch_size": 8}

Then each line of standard input asks for one thing and is answered by one line:

    {"do": "transcribe", "id": "a", "audio": PATH}  ->  {"id", "audio_s", "seconds": {NAME: s}}
    {"do": "assign", "id": "a", "rttm": PATH}       ->  {"id", "written": NAME of the SegLST file}
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

SAMPLE_RATE_HZ = 16_000
NOBODY = "UNKNOWN"
"""The speaker of words where the speech map is empty."""

_OFFLINE = {
    "PYANNOTE_METRICS_ENABLED": "0",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "OTEL_SDK_DISABLED": "true",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a peer is started with. `model` is a folder with a Whisper model of ctranslate2."""

    model: str
    mode: str
    out: str
    threads: int
    compute_type: str = "int8"
    language: str = "en"
    beam_size: int = 5
    batch_size: int = 8


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of somebody's speech, in seconds."""

    start_s: float
    end_s: float
    speaker: str


@dataclass(frozen=True, kw_only=True)
class Text:
    """Words with their time, in seconds; a segment or a single word."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A transcript as the peer made it, and what the making took: seconds by step."""

    transcript: Any
    seconds: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A loaded peer: how it transcribes samples, and gives the words to speakers."""

    transcribe: Callable[[Any], Heard]
    assign: Callable[[Any, Sequence[Span]], list[tuple[str, Text]]]


def read_settings(path: Path) -> Settings:
    """The settings in a job file. Raises ValueError for unknown, missing or mistyped ones."""
    told = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(told, dict):
        raise ValueError(f"{path}: must hold one JSON object")  # noqa: TRY004 - as all the others
    kinds = {field.name: {"str": str, "int": int}[str(field.type)] for field in fields(Settings)}
    for name, value in told.items():
        if name not in kinds:
            raise ValueError(f"{path}: {name!r} is no setting; there are {', '.join(kinds)}")
        if type(value) is not kinds[name]:
            raise ValueError(f"{path}: {name!r} must be of type {kinds[name].__name__}")
    try:
        return Settings(**told)
    except TypeError as err:
        raise ValueError(f"{path}: {err}") from err


def read_rttm(path: Path) -> list[Span]:
    """The SPEAKER lines of an RTTM file of one recording."""
    rows = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return [
        Span(start_s=float(row[3]), end_s=float(row[3]) + float(row[4]), speaker=row[7])
        for row in rows
        if row and row[0] == "SPEAKER"
    ]


def speaker_of(text: Text, speech: Sequence[Span]) -> str:
    """Who overlaps most of it; where nobody does, whose speech is nearest."""
    if not speech:
        return NOBODY
    shared: dict[str, float] = {}
    for span in speech:
        overlap_s = min(span.end_s, text.end_s) - max(span.start_s, text.start_s)
        if overlap_s > 0:
            shared[span.speaker] = shared.get(span.speaker, 0.0) + overlap_s
    if shared:
        return max(shared, key=lambda speaker: shared[speaker])
    distance = {
        n: max(s.start_s - text.end_s, text.start_s - s.end_s) for n, s in enumerate(speech)
    }
    return speech[min(distance, key=lambda number: distance[number])].speaker


def write_seglst(said: Iterable[tuple[str, Text]], *, path: Path, recording: str) -> None:
    """Write words with speakers as SegLST, in the order and pieces given."""
    rows = [
        {
            "session_id": recording,
            "speaker": speaker,
            "start_time": round(float(text.start_s), 3),
            "end_time": round(float(max(text.start_s, text.end_s)), 3),
            "words": text.text.strip(),
        }
        for speaker, text in said
        if text.text.strip()
    ]
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def serve(load: Callable[[Settings], Peer], *, packages: Sequence[str]) -> None:
    """Load the peer that the job file of the command line wants, then do jobs until the end."""
    os.environ.update(_OFFLINE)
    # Libraries print to standard output; answers go to a copy of it, the rest to standard error.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        settings = read_settings(Path(sys.argv[1]))
        peer = load(settings)
        _answer(answers, {"ready": True, "versions": {name: version(name) for name in packages}})
        kept: dict[str, Any] = {}
        for line in sys.stdin:
            _answer(answers, answer_to(json.loads(line), peer=peer, settings=settings, kept=kept))


def _answer(answers: IO[str], answer: Mapping[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def answer_to(
    job: Mapping[str, Any], *, peer: Peer, settings: Settings, kept: dict[str, Any]
) -> dict[str, Any]:
    """Do one job; a failure is an answer too, told by type and place, since texts may be private.

    `kept` holds transcripts between their making and their assignment.
    """
    try:
        work = {
            "transcribe": lambda: _transcribe(job, peer=peer, kept=kept),
            "assign": lambda: _assign(job, peer=peer, settings=settings, kept=kept),
        }
        return work[job["do"]]()
    except Exception as err:  # noqa: BLE001 - one bad call must not end hours of measuring
        last = traceback.extract_tb(err.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        return {"id": job.get("id"), "error": f"{type(err).__name__}, {place}"}


def _transcribe(job: Mapping[str, Any], *, peer: Peer, kept: dict[str, Any]) -> dict[str, Any]:
    from faster_whisper import decode_audio

    kept.clear()  # of a call that failed elsewhere, and so was never assigned
    samples = decode_audio(job["audio"], sampling_rate=SAMPLE_RATE_HZ)  # before all clocks
    heard = peer.transcribe(samples)
    kept[job["id"]] = heard.transcript
    return {
        "id": job["id"],
        "audio_s": len(samples) / SAMPLE_RATE_HZ,
        "seconds": dict(heard.seconds),
    }


def _assign(
    job: Mapping[str, Any], *, peer: Peer, settings: Settings, kept: dict[str, Any]
) -> dict[str, Any]:
    said = peer.assign(kept.pop(job["id"]), read_rttm(Path(job["rttm"])))
    path = Path(settings.out) / f"{job['id']}.seglst.json"
    write_seglst(said, path=path, recording=job["id"])
    return {"id": job["id"], "written": path.name}
