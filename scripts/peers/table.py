"""The comparison as Markdown."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MONO, STEREO, TELEPHONE = "mono", "stereo", "telephone"
OURS, WHISPERX, SEQUENTIAL = "parley", "whisperx", "sequential"
EVERYTHING = "all"
NONE = "–"
TITLES = {
    MONO: "Mono calls",
    STEREO: "Stereo calls (the peers hear the mix of both channels)",
    TELEPHONE: "Telephone clip (30 s, real, human reference)",
}
NAMES = {
    OURS: "Parley",
    WHISPERX: "whisperX",
    SEQUENTIAL: "faster-whisper, sequential",
    "batched": "faster-whisper, batched",
    "batched-timestamps": "faster-whisper, batched, timestamps on",
}
COLUMNS = (
    "peer", "calls", "hours", "WER %", "cpWER %", "cpWER − WER, points", "DER % (same map)",
    "short replies heard %", "of these right %", "numbers recalled %", "speed, x real time",
    "with word times", "speed / whisperX",
)  # fmt: skip
FIGURES = (
    "wer", "cpwer", "cpwer_minus_wer", "der", "replies_heard", "replies_attributed",
    "numbers_found",
)  # fmt: skip
NOTES = """\
- All hear the same 16 kHz samples, decoded before the clock, with the same Whisper weights, \
int8, on the same cores; one after the other on each call, another one first each time. Models \
are loaded, and one recording done, before the clock. A ratio is the median over calls, with its \
range.
- Speech map: whisperX's diarization weights cannot be had from package registries, so everybody's \
words are given to speakers by Parley's speech map, and DER is the same for all; nobody's speed \
holds the making of it. whisperX's and Parley's speeds do not compare in VAD: whisperX's holds \
its own (pyannote's, bundled), and Parley cuts by the map.
- Word times: whisperX's forced-alignment weights cannot be had from package registries; its \
words get their times from Whisper's cross-attention on its own chunks (faster-whisper's \
function), which needs the encoder once more. That is not in "speed", and "with word times" is \
dearer than it would be with the encoder's output kept. Parley's speed holds its word times. The \
others make none.
- whisperX: batch 8, beam 5, its own VAD and chunks; words to speakers by its \
assign_word_speakers; a word without a speaker takes its sentence's, else the nearest. Sentences \
end at . ? or !, since its splitter (nltk's) is a download too.
- faster-whisper: beam 5, language given, all else as it comes; sequential without VAD; batched 8 \
with its silero VAD. Each segment goes whole to the speaker who overlaps most of it. The batched \
pipeline's segments are its chunks of up to 30 s, in which both speak: its cpWER says what that \
costs, its WER how it hears.
- Word errors, replies and numbers are counted by the code of `parley eval` for everybody, from \
SegLST files; words without times of their own (plain faster-whisper) get them by their letters \
within the segment, which costs "short replies heard" and, where two speak at once, WER."""

Seconds = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One peer on one block of calls: the JSON of `parley eval`, and seconds by call and step."""

    peer: str
    block: str
    score: Mapping[str, Any]
    times: Mapping[str, Seconds]

    def figure(self, measure: str, *, group: str = EVERYTHING) -> float | None:
        """A pooled measure of the calls of a group; None where no reference gives it."""
        rows = (row for part in self.score["summaries"].values() for row in part)
        wanted = (measure, group)
        found = (row["value"] for row in rows if (row["measure"], row["group"]) == wanted)
        return next(found, None)

    def calls(self, group: str) -> dict[str, float]:
        """The hours of each call of a group."""
        return {
            row["id"]: row["duration_s"] / 3600
            for row in self.score["recordings"]
            if group in (EVERYTHING, row["group"])
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that was measured, the calls that failed, and what with."""

    results: Sequence[Result]
    failed: Mapping[str, str]
    versions: Mapping[str, Mapping[str, str]]
    command: str


def speed(result: Result, *, ids: Collection[str], steps: Sequence[str]) -> float | None:
    """Seconds of audio per second of work; None where a step was not timed."""
    times = [result.times[call] for call in ids]
    if not times or any(step not in one for one in times for step in steps):
        return None
    return sum(one["audio_s"] for one in times) / sum(one[step] for one in times for step in steps)


def ratios(one: Result, other: Result, *, ids: Collection[str]) -> list[float]:
    """How many times as fast as another a peer transcribes, call by call."""
    return [other.times[call]["transcribe"] / one.times[call]["transcribe"] for call in ids]


def markdown(report: Report) -> str:
    """The tables, the bounds, the notes, and how it was made."""
    lines = ["# Beside other tools", "", "Printed by `scripts/bench_peers`, all in one run.", ""]
    for block, title in TITLES.items():
        results = [one for one in report.results if one.block == block]
        if results:
            lines += [f"## {title}", "", *_tables(results)]
    lines += ["## Bounds", "", *_bounds(report.results), "", "## How", "", NOTES, ""]
    failed = [f"- {_plain(call)}: {_plain(why)}" for call, why in report.failed.items()]
    lines += ["## Calls left out for everybody", "", *(failed or ["None."]), ""]
    return "\n".join([*lines, *_made(report)]) + "\n"


def _tables(results: Sequence[Result]) -> Iterator[str]:
    groups = dict.fromkeys(row["group"] for row in results[0].score["recordings"])
    for group in (EVERYTHING, *(groups if len(groups) > 1 else ())):
        if group != EVERYTHING:
            yield from (f"Only {_plain(group)}:", "")
        yield _row(COLUMNS)
        yield _row(["---", *["---:"] * (len(COLUMNS) - 1)])
        yield from (_row(_cells(one, results, group=group)) for one in results)
        yield ""
    yield from (line for one in results if one.peer == OURS for line in (_map_line(one), ""))


def _map_line(ours: Result) -> str:
    """What the speech map costs, which is in nobody's speed."""
    ids = ours.calls(EVERYTHING)
    alone, both = (
        _shown(speed(ours, ids=ids, steps=steps), digits=1)
        for steps in (["diarize"], ["transcribe", "diarize"])
    )
    return f"Parley's speech map is made at {alone} x real time; map and transcript at {both} x."


def _cells(one: Result, results: Sequence[Result], *, group: str) -> Iterator[str]:
    hours = one.calls(group)
    yield NAMES[one.peer]
    yield str(len(hours))
    yield f"{sum(hours.values()):.2f}"
    for measure in FIGURES:
        yield _shown(one.figure(measure, group=group), digits=1, times=100)
    yield _shown(speed(one, ids=hours, steps=["transcribe"]), digits=1)
    steps = ["transcribe"] if one.peer == OURS else ["transcribe", "words"]
    yield _shown(speed(one, ids=hours, steps=steps), digits=1)
    base = next((result for result in results if result.peer == WHISPERX), None)
    yield _spread(ratios(one, base, ids=hours)) if base else NONE


def _shown(value: float | None, *, digits: int, times: float = 1) -> str:
    return NONE if value is None else f"{times * value:.{digits}f}"


def _spread(values: Sequence[float]) -> str:
    if not values:
        return NONE
    middle = f"{statistics.median(values):.2f}"
    return f"{middle} ({min(values):.2f} to {max(values):.2f})" if len(set(values)) > 1 else middle


# --- what must be


def _bounds(results: Sequence[Result]) -> Iterator[str]:
    yield from (_row(["what", "measured", "must be", "met"]), _row(["---"] * 4))
    mono = {one.peer: one for one in results if one.block == MONO}
    clip = {one.peer: one for one in results if one.block == TELEPHONE}
    if OURS in mono and WHISPERX in mono:
        yield from _beside_whisperx(mono[OURS], mono[WHISPERX])
    if OURS in mono and SEQUENTIAL in mono:
        yield from _beside_sequential(mono[OURS], mono[SEQUENTIAL])
    if OURS in clip:
        theirs = [one.figure("cpwer") for peer, one in clip.items() if peer != OURS]
        best = min((value for value in theirs if value is not None), default=None)
        ours = clip[OURS].figure("cpwer")
        yield _bound("cpWER %, telephone clip", ours, best, says="below {}, the best peer's",
                     met=lambda a, b: a < b)  # fmt: skip


def _beside_whisperx(ours: Result, theirs: Result) -> Iterator[str]:
    yield _bound("WER %, mono", ours.figure("wer"), theirs.figure("wer"),
                 says="below {}, whisperX's", met=lambda a, b: a < b)  # fmt: skip
    yield _faster("whisperX", ratios(ours, theirs, ids=ours.calls(EVERYTHING)), least=1.8)


def _beside_sequential(ours: Result, theirs: Result) -> Iterator[str]:
    yield _bound("WER %, mono", ours.figure("wer"), theirs.figure("wer"),
                 says="at most 1 point above {}, sequential's",
                 met=lambda a, b: a <= b + 0.01)  # fmt: skip
    yield _bound("numbers recalled %, mono", ours.figure("numbers_found"),
                 theirs.figure("numbers_found"), says="at least 97 % of {}, sequential's",
                 met=lambda a, b: a >= 0.97 * b)  # fmt: skip
    yield _faster("sequential", ratios(ours, theirs, ids=ours.calls(EVERYTHING)), least=1.7)


def _bound(what: str, ours: float | None, theirs: float | None, *, says: str, met: Any) -> str:
    """A bound on shares."""
    shown = [_shown(value, digits=1, times=100) for value in (ours, theirs)]
    verdict = "no figure"
    if ours is not None and theirs is not None:
        verdict = "yes" if met(ours, theirs) else "no"
    return _row([what, shown[0], says.format(shown[1]), verdict])


def _faster(whom: str, found: Sequence[float], *, least: float) -> str:
    kept = bool(found) and statistics.median(found) >= least
    what = f"transcription speed / {whom}'s, mono"
    return _row([what, _spread(found), f"at least {least}", "yes" if kept else "no"])


# --- how it was made


def _made(report: Report) -> Iterator[str]:
    yield from ("## Made by", "", "```", report.command, "```", "")
    yield f"- date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield f"- machine: {_cpu()}, {cores} cores, {platform.system()} {platform.machine()}"
    for peer, versions in report.versions.items():
        yield f"- {NAMES[peer]}: " + ", ".join(f"{what} {of}" for what, of in versions.items())


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), "?")


def _row(cells: Sequence[str] | Iterator[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _plain(text: str) -> str:
    """Text of strangers that cannot become Markdown of ours."""
    printable = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return "".join(f"\\{one}" if one in "\\`*_|<>[]#" else one for one in printable)
