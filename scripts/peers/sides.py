"""Who is measured: Parley in this process, each peer in one of its own; models are kept."""

from __future__ import annotations

import json
import os
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from pipeline.apps import scoring
from pipeline.evaluation.hypothesis import Hypothesis
from pipeline.evaluation.manifest import Entry
from pipeline.models.device import choose_device, usable_cores
from pipeline.models.weights import locate
from pipeline.run import Bench, Models
from pipeline.store import Store

PARLEY = "parley"
SCRIPTS = {
    "whisperx": "whisperx_peer.py",
    "sequential": "plain_peer.py",
    "batched": "plain_peer.py",
    "batched-timestamps": "plain_peer.py",
}
MODEL, COMPUTE_TYPE, BEAM_SIZE, BATCH_SIZE = "base", "int8", 5, 8
CLOSE_S = 60

Seconds = dict[str, float]
"""Seconds of a call by step; `audio_s` is how long the call is."""


class PeerError(Exception):
    """A peer could not be started, or could not do a job; the message names it and says why."""


class PeerEndedError(PeerError):
    """A peer's process is gone, so that no later call can be measured either."""


class Side(Protocol):
    """One who transcribes calls and gives the words to speakers."""

    versions: dict[str, str]

    def transcribe(self, entry: Entry) -> Seconds:
        """Transcribe a call, and say what took how long."""

    def write(self, entry: Entry, *, rttm: Path) -> None:
        """Write the words with speakers as <id>.seglst.json, for the speech map in `rttm`."""

    def close(self) -> None:
        """Let go of what was started."""


class OurSide:
    """Parley: its stages run afresh for every call. `write` makes the speech map for all."""

    def __init__(self, *, work: Path) -> None:
        self._work = work
        self._settings = scoring.settings(file=None, given=(), work=work / "store", speakers=None)
        self._models = Models(device=lambda: choose_device("cpu"), locate=locate)
        self._found: dict[str, Hypothesis] = {}
        packages = (PARLEY, "faster-whisper", "ctranslate2", "torch", "pyannote.audio")
        self.versions = {name: version(name) for name in packages}
        work.mkdir(parents=True, exist_ok=True)

    def transcribe(self, entry: Entry) -> Seconds:
        """The stages' own times; decoding the file is a stage of its own and not counted."""
        bench = Bench(store=Store(root=self._work / "store"), models=self._models, force=True)
        found = scoring.analyse(entry, config=self._settings.of(entry), bench=bench)
        self._found[entry.id] = found.hypothesis
        return {stage: found.seconds[stage] for stage in ("transcribe", "diarize")}

    def write(self, entry: Entry, *, rttm: Path) -> None:
        """Write the words, and the speech map to `rttm`."""
        found = self._found.pop(entry.id)
        segments = self._work / f"{entry.id}.seglst.json"
        segments.write_text(seglst_of(found, recording=entry.id), encoding="utf-8")
        rttm.write_text(rttm_of(found), encoding="utf-8")

    def close(self) -> None:
        """Nothing was started."""


def seglst_of(found: Hypothesis, *, recording: str) -> str:
    """The words one by one, so that each keeps its time."""
    rows = [
        {
            "session_id": recording,
            "speaker": word.speaker,
            "start_time": word.start_ms / 1000,
            "end_time": word.end_ms / 1000,
            "words": word.text,
        }
        for word in found.words
    ]
    return json.dumps(rows, indent=1) + "\n"


def rttm_of(found: Hypothesis) -> str:
    """The speech map; the file is of one call, so the call's name in it may be any."""
    lines = (
        f"SPEAKER call 1 {one.start_ms / 1000:.3f} {(one.end_ms - one.start_ms) / 1000:.3f} "
        f"<NA> <NA> {one.speaker} <NA> <NA>\n"
        for one in found.speech
    )
    return "".join(lines)


class TheirSide:
    """A peer: a process in another environment, asked line by line. Raises PeerError."""

    def __init__(self, *, name: str, env: Path, work: Path) -> None:
        python = env / "bin" / "python"
        if not python.exists():
            raise PeerError(f"{python}: not there; give another --peer-env, or none to make one")
        self._name, self._work = name, work
        work.mkdir(parents=True, exist_ok=True)
        job = work / "job.json"
        job.write_text(json.dumps(job_of(name, out=work)) + "\n", encoding="utf-8")
        command = [python.absolute(), Path(__file__).parent / SCRIPTS[name], job]
        with (work / "log.txt").open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
            )
        self.versions: dict[str, str] = self._answer()["versions"]

    def transcribe(self, entry: Entry) -> Seconds:
        """What the peer's own clock says; it decodes the file before."""
        answer = self._ask(do="transcribe", id=entry.id, audio=str(entry.audio.resolve()))
        return {"audio_s": answer["audio_s"], **answer["seconds"]}

    def write(self, entry: Entry, *, rttm: Path) -> None:
        """Copy the speech map beside the words that are written for it."""
        copy = self._work / rttm.name
        copy.write_bytes(rttm.read_bytes())
        self._ask(do="assign", id=entry.id, rttm=str(copy.resolve()))

    def close(self) -> None:
        """Tell the process that there are no more jobs, and wait for its end."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _ask(self, **job: str) -> dict[str, Any]:
        if self._process.stdin is None or self._process.poll() is not None:
            raise self._ended()
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise self._ended()
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PeerError(f"{self._name}: {answer['error']}")
        return answer

    def _ended(self) -> PeerEndedError:
        return PeerEndedError(f"{self._name} has ended; its log is {self._work / 'log.txt'}")


def job_of(name: str, *, out: Path) -> dict[str, Any]:
    """The job file of a peer: the weights of Parley's own cache, the same settings for all."""
    return {
        "model": str(locate(MODEL)),
        "mode": name,
        "out": str(out.resolve()),
        "threads": usable_cores(),
        "compute_type": COMPUTE_TYPE,
        "language": "en",
        "beam_size": BEAM_SIZE,
        "batch_size": BATCH_SIZE,
    }
