"""Whole analyses of real sound with real weights, held against what was really said."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import wave
from collections.abc import Iterator
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import numpy.typing as npt
import pytest
from analyses import Analysis, Analyze, Spans
from conftest import DemoCall

from pipeline.evaluation.moments import planted_found
from pipeline.models.device import choose_device
from pipeline.run import publish

pytestmark = pytest.mark.e2e

SCHEMA = json.loads((files("pipeline") / "schemas" / "report.schema.json").read_text("utf-8"))
FILES = {
    "report.html", "report.json", "transcript.txt", "transcript.srt", "transcript.vtt",
    "words.ctm", "speech.rttm", "turns.csv", "tactics.csv", "offers.csv", "metrics.csv",
}  # fmt: skip

Flags = npt.NDArray[np.bool_]


def write_wav(path: Path, samples: npt.NDArray[Any], *, rate: int = 16_000) -> Path:
    """16-bit PCM; `samples` is (samples,) or (samples, channels), clipped to what fits."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.clip(-32768, 32767).astype("<i2").tobytes())
    return path


def read_wav(path: Path) -> npt.NDArray[np.int32]:
    """The samples of a mono 16-bit file, wide enough to add two of them."""
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int32)


# --- measures


def rttm(path: Path) -> Spans:
    """The speech that an RTTM file describes."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for line in path.read_text("utf-8").splitlines():
        fields = line.split()
        start_s = float(fields[3])
        spans.setdefault(fields[7], []).append((start_s, start_s + float(fields[4])))
    return spans


def in_ms(spans: Spans, *, length_ms: int) -> dict[str, Flags]:
    """Whether each speaker speaks, for every millisecond."""
    flags = {who: np.zeros(length_ms, dtype=bool) for who in spans}
    for who, own in spans.items():
        for start_s, end_s in own:
            flags[who][round(start_s * 1000) : round(end_s * 1000)] = True
    return flags


def matched(reference: Spans, found: Spans) -> tuple[dict[str, Flags], dict[str, Flags]]:
    """Both by millisecond, the found voices named after those they speak along with most."""
    ends = [end_s for spans in (reference, found) for own in spans.values() for _, end_s in own]
    length_ms = round(max(ends) * 1000)
    true, heard = (in_ms(spans, length_ms=length_ms) for spans in (reference, found))
    names = list(true) + [f"nobody {number}" for number in range(len(heard) - len(true))]
    orders = list(itertools.permutations(names, len(heard)))
    silence = np.zeros(length_ms, dtype=bool)
    best = max(
        orders,
        key=lambda order: sum(
            int((true.get(name, silence) & own).sum())
            for name, own in zip(order, heard.values(), strict=True)
        ),
    )
    return true, dict(zip(best, heard.values(), strict=True))


def talk_ratio_error(reference: Spans, found: Spans) -> float:
    """The largest difference of a speaker's share of all talk time."""
    true, heard = matched(reference, found)
    shares = [
        {who: own.sum() / sum(one.sum() for one in flags.values()) for who, own in flags.items()}
        for flags in (true, heard)
    ]
    return max(abs(share - shares[1].get(who, 0.0)) for who, share in shares[0].items())


def stretches_lacking(
    reference: Spans, found: Spans, *, who: str, least_s: float
) -> Iterator[tuple[float, float]]:
    """Speech of one speaker that was found and of which nothing is in the reference."""
    true, heard = matched(reference, found)
    extra = heard[who] & ~true[who]
    edges = np.flatnonzero(np.diff(extra, prepend=False, append=False)) / 1000
    for start_s, end_s in zip(edges[::2], edges[1::2], strict=True):
        if end_s - start_s >= least_s:
            yield float(start_s), float(end_s)


def word_middles_s(call: Analysis, *, channel: int) -> list[float]:
    """The middles of the words of a channel, the first of which is 1."""
    lines = [line.split() for line in call.files["words.ctm"].decode("utf-8").splitlines()]
    return [float(one[2]) + float(one[3]) / 2 for one in lines if one[1] == str(channel)]


def diarization_error(reference: Spans, found: Spans) -> float:
    """Missed, invented and confused speech over all speech, overlaps counted, no collar."""
    true, heard = matched(reference, found)
    spoken = np.sum(list(true.values()), axis=0)
    claimed = np.sum(list(heard.values()), axis=0)
    right = np.sum([own & heard[who] for who, own in true.items() if who in heard], axis=0)
    return float((np.maximum(spoken, claimed) - right).sum() / spoken.sum())


def test_the_measures_measure() -> None:
    """Two speakers of 10 s, one of them heard 2 s too long, names exchanged."""
    reference = {"a": [(0.0, 10.0)], "b": [(10.0, 20.0)]}
    found = {"S2": [(0.0, 10.0)], "S1": [(10.0, 22.0)]}
    assert diarization_error(reference, found) == pytest.approx(2 / 20)
    assert talk_ratio_error(reference, found) == pytest.approx(12 / 22 - 0.5)
    assert diarization_error(reference, {"S1": [(0.0, 20.0)]}) == pytest.approx(10 / 20)
    assert diarization_error(reference, reference) == 0


# --- the demo call


@pytest.fixture(params=["stereo", "mono"])
def demo(request: pytest.FixtureRequest, demo_call: DemoCall, analyze: Analyze) -> Analysis:
    """The demo call analysed, once from each file."""
    return analyze(getattr(demo_call, request.param))


def demo_speech(demo_call: DemoCall) -> Spans:
    """Who really speaks when in the demo call."""
    return {
        who: [(one["start_s"], one["end_s"]) for one in own]
        for who, own in demo_call.reference["speech"].items()
    }


def test_demo_talk_ratio(demo: Analysis, demo_call: DemoCall) -> None:
    """Each speaker's talk ratio is within 0.02 of the truth, by the map and in the figures."""
    assert talk_ratio_error(demo_speech(demo_call), demo.speech) <= 0.02
    shares = sorted(speaker["talk_ratio"] for speaker in demo.report["speakers"])
    truth = sorted(speaker["talk_ratio"] for speaker in demo_call.reference["speakers"])
    assert shares == pytest.approx(truth, abs=0.02)


def test_demo_questions(demo: Analysis, demo_call: DemoCall) -> None:
    """The questions found in the call are within 10 % of those asked."""
    found, asked = (
        sum(speaker["question_count"] for speaker in speakers)
        for speakers in (demo.report["speakers"], demo_call.reference["speakers"])
    )
    assert abs(found - asked) <= 0.1 * asked


def plain(text: str) -> str:
    """Text without what writers of the same number do differently."""
    return re.sub(r"[$,]", "", text.lower()).replace("-", " ")


def test_demo_numbers(demo: Analysis, demo_call: DemoCall) -> None:
    """Every planted number is in the transcript within 2 s of where it was said, in figures or
    words; whose turn it landed in is another question."""
    turns = demo_call.reference["turns"]
    missing = []
    for number in demo_call.reference["numbers"]:
        turn = turns[number["turn"]]
        text = plain(demo.text(turn["start_s"] - 2.0, turn["end_s"] + 2.0))
        forms = [plain(form) for form in (number["spoken"], *number["written"])]
        if not any(re.search(rf"(?<![\d.]){re.escape(form)}(?!\d)", text) for form in forms):
            missing.append((number["spoken"], text))
    assert missing == []


def test_demo_report_keeps_its_contract(demo: Analysis) -> None:
    """report.json is valid, and every quote stands in its turn at its offsets."""
    report = demo.report
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    assert report["tactics"]
    for tag in report["tactics"]:
        text = report["turns"][tag["turn"]]["text"]
        assert text[tag["start_char"] : tag["end_char"]] == tag["quote"]


@pytest.mark.parametrize("kind", ["stereo", "mono"])
def test_demo_moments_are_those_that_were_planted(
    kind: str, demo_call: DemoCall, analyze: Analyze
) -> None:
    """At least five of the six planted moments are shown, and at most one that was not."""
    whose = ("report.names=Ben,Maria", "report.me=Maria")
    report = analyze(getattr(demo_call, kind), *whose).report
    found, planted, other = planted_found(demo_call.reference, report)
    assert planted == 6
    assert found >= 5
    assert other <= 1


def test_demo_files_are_all_there(demo: Analysis, tmp_path: Path) -> None:
    """The eleven files are published, and each has something in it."""
    publish(demo.files, folder=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert all(path.stat().st_size for path in tmp_path.iterdir())


def test_two_voices_on_two_channels_are_not_guessed(demo_call: DemoCall, analyze: Analyze) -> None:
    """From stereo nobody is mistaken for the other: all confusion lies at the edges."""
    speech = analyze(demo_call.stereo).speech
    assert diarization_error(demo_speech(demo_call), speech) <= 0.12
    true, heard = matched(demo_speech(demo_call), speech)
    maria, ben = (heard[who] & ~true[who] & true[other]
                  for who, other in (("Maria", "Ben"), ("Ben", "Maria")))  # fmt: skip
    assert maria.sum() + ben.sum() <= 0.01 * sum(own.sum() for own in true.values())


def test_the_second_run_does_no_work(demo_call: DemoCall, analyze: Analyze) -> None:
    """The same call again runs no stage, and gives the same files."""
    first = analyze(demo_call.stereo)
    second = analyze(demo_call.stereo)
    assert second.ran == ()
    assert second.files == first.files


def test_another_name_touches_no_model(demo_call: DemoCall, analyze: Analyze) -> None:
    """Names are written into the report; nothing is recognised again."""
    analyze(demo_call.stereo)
    named = analyze(demo_call.stereo, "report.names=Benjamin,Mary", "report.me=Mary")
    assert named.ran == ("report", "page")
    assert [(one["name"], one["is_me"]) for one in named.report["speakers"]] == [
        ("Benjamin", False),
        ("Mary", True),
    ]


# --- real voices


@pytest.fixture(scope="session")
def repair_call(eval_data: Path) -> Path:
    """The real two-person call, one file a speaker."""
    folder = eval_data / "audio" / "auto_repair_40"
    if not folder.is_dir():
        pytest.skip("no audio/auto_repair_40 in the evaluation data")
    return folder


def real_call(repair_call: Path, analyze: Analyze, folder: Path, *, channels: int) -> Analysis:
    """The analysis of the real call, a channel each or both added up."""
    sides = [read_wav(repair_call / f"{name}.wav") for name in ("agent", "caller")]
    length = min(map(len, sides))
    both = np.stack([side[:length] for side in sides], axis=1)
    samples = both if channels == 2 else both.sum(axis=1)
    return analyze(write_wav(folder / "call.wav", samples, rate=8000))


@pytest.mark.parametrize(
    ("channels", "bound"),
    [
        pytest.param(
            2,
            0.01,
            marks=pytest.mark.xfail(
                strict=True,
                raises=AssertionError,
                reason="missed, 0.02: the reference lacks speech that has words (next test)",
            ),
        ),
        (1, 0.03),
    ],
    ids=["stereo", "mono"],
)
def test_a_real_call(
    channels: int, bound: float, repair_call: Path, analyze: Analyze, tmp_path: Path
) -> None:
    """Talk ratio within 0.01 (stereo) and 0.03 (mono) of the silver reference."""
    call = real_call(repair_call, analyze, tmp_path, channels=channels)
    jsonschema.Draft202012Validator(SCHEMA).validate(call.report)
    assert talk_ratio_error(rttm(repair_call / "silver.rttm"), call.speech) <= bound


def test_what_the_reference_of_the_real_call_lacks_is_speech(
    repair_call: Path, analyze: Analyze, tmp_path: Path
) -> None:
    """The silver reference is one detector's opinion of each channel.

    Of the stretches that the map has beside it, four of five hold a word on that very channel;
    and the talk ratio is no further off than they make it.
    """
    silver = rttm(repair_call / "silver.rttm")
    call = real_call(repair_call, analyze, tmp_path, channels=2)
    jsonschema.Draft202012Validator(SCHEMA).validate(call.report)
    spoken = [
        any(start_s <= at <= end_s for at in word_middles_s(call, channel=channel))
        for channel, who in enumerate(("agent", "caller"), start=1)
        for start_s, end_s in stretches_lacking(silver, call.speech, who=who, least_s=0.5)
    ]
    assert sum(spoken) >= 0.8 * len(spoken)
    assert talk_ratio_error(silver, call.speech) <= 0.02


def test_a_real_telephone_clip(analyze: Analyze) -> None:
    """pyannote's own clip, two speakers given: diarization error at most 7 %, no collar."""
    spec = find_spec("pyannote.audio")
    assert spec is not None
    assert spec.origin is not None
    sample = Path(spec.origin).parent / "sample" / "sample.wav"
    found = analyze(sample).speech
    assert diarization_error(rttm(sample.with_suffix(".rttm")), found) <= 0.07


def test_a_real_dialogue_with_known_text(eval_data: Path, analyze: Analyze) -> None:
    """Two people are found, and nine of ten words of the text are in the transcript."""
    folder = eval_data / "audio" / "conversations"
    if not (folder / "katiesteve.wav").is_file():
        pytest.skip("no audio/conversations/katiesteve.wav in the evaluation data")
    known = json.loads((folder / "katiesteve.reference.json").read_text("utf-8"))["turns"]
    report = analyze(folder / "katiesteve.wav").report
    heard = set(words_of(" ".join(turn["text"] for turn in report["turns"])))
    said = words_of(" ".join(text for _, text in known))
    assert len(report["speakers"]) == 2
    assert sum(word in heard for word in said) >= 0.9 * len(said)


def words_of(text: str) -> list[str]:
    """Words without their marks."""
    return re.findall(r"[a-z0-9']+", text.lower())


# --- where there is nothing to hear


def chords(*, seconds: int) -> npt.NDArray[np.float64]:
    """Something like music: a chord that changes each second and swells."""
    times = np.arange(seconds * 16_000) / 16_000
    root = 220 * 2 ** (np.array([0, 5, 7, 0, 9, 5])[times.astype(int) % 6] / 12)
    phase = 2 * np.pi * np.cumsum(root) / 16_000
    chord = sum(np.sin(ratio * phase) for ratio in (1.0, 1.25, 1.5, 2.0))
    return 3000 * chord * (0.6 + 0.4 * np.sin(2 * np.pi * 0.5 * times))


def noise(*, seconds: int) -> npt.NDArray[np.float64]:
    """Steady noise, the same every time."""
    return np.random.default_rng(0).normal(0, 800, seconds * 16_000)


@pytest.mark.parametrize(
    "samples",
    [np.zeros(10 * 16_000), noise(seconds=10), chords(seconds=20), np.zeros((160_000, 2))],
    ids=["silence", "noise", "music", "stereo silence"],
)
def test_where_nobody_speaks_nothing_is_invented(
    samples: npt.NDArray[Any], analyze: Analyze, tmp_path: Path
) -> None:
    """A recording without speech gives a valid report with no word in it, which says why."""
    report = analyze(write_wav(tmp_path / "quiet.wav", samples)).report
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    assert report["turns"] == []
    assert report["quality"]["warnings"]


def test_a_fifth_of_a_second(demo_call: DemoCall, analyze: Analyze, tmp_path: Path) -> None:
    """0.2 s of speech give a valid report that withholds its ratios and says why."""
    report = analyze(cut(demo_call, tmp_path / "clip.wav", start_s=2.0, end_s=2.2)).report
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    assert report["recording"]["duration_s"] == pytest.approx(0.2, abs=0.01)
    assert all(speaker["talk_ratio"] is None for speaker in report["speakers"])
    assert report["quality"]["warnings"] or report["quality"]["withheld"]


def test_one_voice_is_not_made_two(demo_call: DemoCall, analyze: Analyze, tmp_path: Path) -> None:
    """A stretch in which one person speaks alone warns that shares mean nothing."""
    clip = cut(demo_call, tmp_path / "alone.wav", start_s=0.0, end_s=5.5)
    report = analyze(clip, "diarize.speakers=auto").report
    assert len(report["speakers"]) == 1
    assert any("one voice" in warning for warning in report["quality"]["warnings"])


def cut(demo_call: DemoCall, path: Path, *, start_s: float, end_s: float) -> Path:
    """A piece of the mono demo call as a WAV file."""
    import av

    with av.open(str(demo_call.mono)) as file:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
        parts = [
            part.to_ndarray()[0]
            for frame in file.decode(audio=0)
            for part in resampler.resample(frame)
        ]
    samples = np.concatenate(parts)[round(start_s * 16_000) : round(end_s * 16_000)]
    return write_wav(path, samples)


# --- the command, without a network

NO_NETWORK = """
import socket, sys

def blocked(*arguments, **options):
    with open({log!r}, "a") as log:
        print("network", arguments[1:], file=log)
    raise OSError("there is no network in this test")

socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = blocked
socket.getaddrinfo = socket.gethostbyname = blocked
"""


def test_the_command_needs_no_network(demo_call: DemoCall, models: Path, tmp_path: Path) -> None:
    """`parley analyze`, as a person runs it, tries no connection and writes all its files."""
    clip = cut(demo_call, tmp_path / "clip.wav", start_s=0.0, end_s=20.0)
    log = tmp_path / "network.log"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NO_NETWORK.format(log=str(log)))
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from pipeline.apps.cli import main; main()"),
            *("analyze", str(clip), "--out", str(tmp_path / "out"), "--device", "cpu", "--json"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site"), "PARLEY_MODELS": str(models)},
    )
    assert done.returncode == 0, done.stderr
    assert not log.exists(), log.read_text()
    assert json.loads(done.stdout)[0]["status"] == "ok"
    assert {path.name for path in (tmp_path / "out" / "clip").iterdir()} == {*FILES, "call.mp3"}


def test_the_network_block_blocks(tmp_path: Path) -> None:
    """The stand-in of the test above is in force, and writes down what was tried."""
    log = tmp_path / "network.log"
    (tmp_path / "sitecustomize.py").write_text(NO_NETWORK.format(log=str(log)))
    program = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True)
    assert done.returncode != 0
    assert "network" in log.read_text()


# --- on a GPU


@pytest.fixture(scope="session")
def gpu() -> None:
    """Only where CUDA works from end to end."""
    device = choose_device("auto")
    if device.kind != "cuda":
        pytest.skip(f"no CUDA here: {device.reason}")


@pytest.mark.gpu
@pytest.mark.usefixtures("gpu")
def test_a_gpu_finds_what_the_cpu_finds(demo_call: DemoCall, analyze: Analyze) -> None:
    """On CUDA the mono demo call keeps its bounds, and every stage that uses a GPU has run."""
    on_gpu = analyze(demo_call.mono, device="cuda", force=True)
    assert {"diarize", "transcribe"} <= set(on_gpu.ran)
    assert talk_ratio_error(demo_speech(demo_call), on_gpu.speech) <= 0.02
    asked = sum(speaker["question_count"] for speaker in demo_call.reference["speakers"])
    found = sum(speaker["question_count"] for speaker in on_gpu.report["speakers"])
    assert abs(found - asked) <= 0.1 * asked
