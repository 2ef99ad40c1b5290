"""Accuracy and speed beside whisperX and plain faster-whisper; see scripts/bench_peers."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from peers.sides import (
    PARLEY,
    SCRIPTS,
    OurSide,
    PeerEndedError,
    PeerError,
    Seconds,
    Side,
    TheirSide,
)
from peers.table import MONO, STEREO, TELEPHONE, Report, Result, markdown

from pipeline.apps import scoring
from pipeline.errors import PipelineError
from pipeline.evaluation.manifest import Entry, choose, read_manifest
from pipeline.evaluation.measures import DIARIZATION, TRANSCRIPT
from pipeline.models import quiet_dependencies

ROOT = Path(__file__).parent.parent
OWN = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "parley" / "peers"
DEFAULT_PEERS = ("whisperx", "sequential", "batched")
SETTLE_S = 0.5
"""OpenMP's threads spin for a while after their work; the next one's clock waits for that."""
CLIP_NAMES = {"Diane": "speaker90", "Sheila": "speaker91"}
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "PARLEY_OFFLINE": "1"}

Times = dict[str, dict[str, Seconds]]
"""Seconds by side, by call, by step."""


def main() -> None:
    """Run everybody over the calls in turn, score what was heard, and write the report."""
    options = _options()
    quiet_dependencies()
    os.environ.update(_OFFLINE)  # the weights are there; nothing is fetched while clocks run
    try:
        calls = choose(read_manifest(options.manifest), groups=options.group, calls=options.calls)
        report = measure(calls, options=options)
    except (PipelineError, PeerError) as err:
        raise SystemExit(f"bench_peers: {err}") from err
    text = markdown(report)
    print(text)
    options.out.write_text(text, encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench_peers", description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.jsonl of the calls")
    parser.add_argument("--calls", type=int, help="only so many, spread evenly over the manifest")
    parser.add_argument("--group", action="append", default=[], help="only this group; repeatable")
    parser.add_argument("--peers", nargs="+", choices=SCRIPTS, default=DEFAULT_PEERS)
    parser.add_argument("--peer-env", type=Path, default=OWN / "whisperx", help="the peers' venv")
    parser.add_argument("--work", type=Path, default=OWN / "results", help="results and times")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "peers.md")
    options = parser.parse_args()
    if options.calls is not None and options.calls < 1:
        parser.error("--calls must be at least 1")
    return options


def measure(calls: Sequence[Entry], *, options: argparse.Namespace) -> Report:
    """Everybody's scores and times over the calls and the telephone clip."""
    work: Path = options.work
    clip = telephone_clip(work)
    sides: dict[str, Side] = {}
    try:
        sides[PARLEY] = OurSide(work=work / PARLEY)
        for name in dict.fromkeys(options.peers):
            sides[name] = TheirSide(name=name, env=options.peer_env, work=work / name)
        times, failed = run([clip, *calls], sides=sides, work=work)
    finally:
        for side in sides.values():
            side.close()
    layouts = {**layouts_of(options.manifest), clip.id: TELEPHONE}
    results = []
    for block in (MONO, STEREO, TELEPHONE):
        kept = [e for e in (*calls, clip) if layouts[e.id] == block and e.id not in failed]
        results += _scored(kept, block=block, times=times, work=work) if kept else []
    unscored = {call: why for one in results for call, why in one.score["failed"].items()}
    return Report(
        results=results,
        failed={**failed, **dict.fromkeys(unscored, "could not be scored")},
        versions={name: side.versions for name, side in sides.items()},
        command=shown_command(sys.argv[1:]),
    )


def shown_command(arguments: Sequence[str]) -> str:
    """The command as typed, but for folders above those that say something to others."""
    short = ["/".join(Path(one).parts[-2:]) if one.startswith("/") else one for one in arguments]
    return shlex.join(["scripts/bench_peers", *short])


def layouts_of(manifest: Path) -> dict[str, str]:
    """Whether each call is mono or stereo: of two channels, peers hear the mix."""
    rows = map(json.loads, filter(str.strip, manifest.read_text(encoding="utf-8").splitlines()))
    return {row["id"]: STEREO if row.get("layout") == "stereo" else MONO for row in rows}


def telephone_clip(work: Path) -> Entry:
    """The 30 s of a real telephone call that come with pyannote.audio. Raises PeerError.

    Its STM names the speakers otherwise than its RTTM, so a copy with the same names is made.
    """
    spec = importlib.util.find_spec("pyannote.audio")
    if spec is None or not spec.submodule_search_locations:
        raise PeerError("pyannote.audio is not installed; start with scripts/bench_peers")
    sample = Path(spec.submodule_search_locations[0]) / "sample" / "sample"
    stm = work / "telephone-clip.stm"
    stm.parent.mkdir(parents=True, exist_ok=True)
    told = sample.with_suffix(".stm").read_text(encoding="utf-8")
    stm.write_text(renamed_stm(told, names=CLIP_NAMES), encoding="utf-8")
    return Entry(
        id="telephone-clip",
        audio=sample.with_suffix(".wav"),
        references={"rttm": sample.with_suffix(".rttm"), "stm": stm},
        group=TELEPHONE,
        speakers=2,
    )


def renamed_stm(text: str, *, names: Mapping[str, str]) -> str:
    """An STM file with other names of speakers, its third field."""
    rows = [line.split(maxsplit=5) for line in text.splitlines()]
    return "".join(" ".join([*r[:2], names.get(r[2], r[2]), *r[3:]]) + "\n" for r in rows if r[2:])


# --- the run


def run(
    entries: Sequence[Entry], *, sides: Mapping[str, Side], work: Path
) -> tuple[Times, dict[str, str]]:
    """Times of everybody for each recording, and the recordings that somebody could not do.

    Those count for nobody, so that all figures are of the same calls. The first recording is
    done once before, to load models and to fill caches.
    """
    times: Times = {name: {} for name in sides}
    failed: dict[str, str] = {}
    transcribe_in_turn(entries[0], sides=sides, number=0)
    for number, entry in enumerate(entries):
        started_s = time.monotonic()
        try:
            found = transcribe_in_turn(entry, sides=sides, number=number)
            _write(entry, sides=sides, work=work)
        except PeerEndedError:
            raise
        except (PipelineError, PeerError) as err:
            print(f"{entry.id}: {err}", file=sys.stderr)
            failed[entry.id] = type(err).__name__
            continue
        for name, seconds in found.items():
            times[name][entry.id] = seconds
        _write_times(times, work=work)  # each time: a run of hours may be broken off
        spent_s = time.monotonic() - started_s
        print(f"{number + 1} of {len(entries)} {entry.id}: {spent_s:.0f} s", file=sys.stderr)
    return times, failed


def transcribe_in_turn(
    entry: Entry, *, sides: Mapping[str, Side], number: int
) -> dict[str, Seconds]:
    """Everybody once, another one first each time, since the machine's speed drifts."""
    names = list(sides)
    first = number % len(names)
    found: dict[str, Seconds] = {}
    for name in (*names[first:], *names[:first]):
        time.sleep(SETTLE_S)
        found[name] = sides[name].transcribe(entry)
    audio_s = max(seconds.get("audio_s", 0.0) for seconds in found.values())
    return {name: {**found[name], "audio_s": audio_s} for name in names}


def _write(entry: Entry, *, sides: Mapping[str, Side], work: Path) -> None:
    """Parley first: its speech map is the one that everybody's words are given out by."""
    rttm = work / PARLEY / f"{entry.id}.rttm"
    for name in sorted(sides, key=lambda name: name != PARLEY):
        sides[name].write(entry, rttm=rttm)


def _write_times(times: Times, *, work: Path) -> None:
    for name, calls in times.items():
        text = json.dumps(calls, indent=1) + "\n"
        (work / name / "times.json").write_text(text, encoding="utf-8")


# --- the scores


def _scored(entries: Sequence[Entry], *, block: str, times: Times, work: Path) -> list[Result]:
    """What `parley eval` says about everybody's files."""
    manifest = work / f"{block}.jsonl"
    lines = [json.dumps(_manifest_row(entry)) + "\n" for entry in entries]
    manifest.write_text("".join(lines), encoding="utf-8")
    return [
        Result(
            peer=name,
            block=block,
            score=_score(manifest, folder=work / name),
            times={entry.id: own[entry.id] for entry in entries},
        )
        for name, own in times.items()
    ]


def _manifest_row(entry: Entry) -> dict[str, Any]:
    references = {kind: str(path.resolve()) for kind, path in entry.references.items()}
    audio = str(entry.audio.resolve())
    return {"id": entry.id, "audio": audio, "group": entry.group, **references}


def _score(manifest: Path, *, folder: Path) -> dict[str, Any]:
    out = folder / f"{manifest.stem}.scores.json"
    request = scoring.Request(
        manifest=manifest,
        parts=(TRANSCRIPT, DIARIZATION),
        groups=(),
        calls=None,
        hypotheses=folder,
        out=None,
        json=out,
        force=False,
        quiet=True,
        command="",
    )
    settings = scoring.settings(file=None, given=(), work=None, speakers=None)
    scoring.evaluate(request, settings=settings)
    score: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return score


if __name__ == "__main__":
    main()
