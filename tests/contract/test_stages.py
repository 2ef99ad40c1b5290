"""What every stage promises, whatever it does: schema, purity, keys, and an honest version."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import os
import pickle
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import builders as build
import jsonschema
import numpy as np
import polars as pl
import pytest
from frames import nothing_found

from pipeline.config import load_config
from pipeline.plan import RECORDING, Recording, plan
from pipeline.records import Track
from pipeline.stage import File, Frame, Stage, recipe, recipe_key
from pipeline.stages import OPTIONAL_STAGES, STAGES, TRANSCRIPT, TRANSCRIPT_STAGES
from pipeline.stages.corrections import CorrectionsConfig
from pipeline.stages.metrics import MetricsConfig
from pipeline.stages.playback import PlaybackConfig
from pipeline.stages.transcript import TranscriptConfig
from pipeline.tactics.measured import Measured

GOLDEN = Path(__file__).with_name("golden.json")
RENEW = "PARLEY_RENEW_GOLDEN"
GUARDED = (
    *("turns", "tactics", "offers", "metrics", "replies", "report"),
    *("corrected_speech", "corrected_turns"),
    *("transcript", "transcript_words", "transcript_turns", "transcript_metrics"),
)
ALL = (*STAGES, *OPTIONAL_STAGES, TRANSCRIPT, *TRANSCRIPT_STAGES.values())
GIVEN = ("corrections", "enrolled")
"""Inputs that people give, and no stage makes."""
CORRECTED = {"turns": [[3, "S1"], [4, "S3"]], "merges": [["S3", "S2"]]}
CONFIG = load_config()
RECORDED = Recording(path=Path("call.wav"), name="call.wav", digest="a" * 64)

MEASURED = tuple(
    Measured(
        tactic=tactic,
        precision=precision,
        precision_low=0.25,
        precision_high=0.875,
        support=8,
        present=9,
        f1=0.5,
        data=("AnnoMI",),
    )
    for tactic, precision in (("offer", 0.75), ("gratitude", 0.5))
)
"""Figures of the tests' own: those that the package ships change with each new classifier."""

by_name = pytest.mark.parametrize("stage", ALL, ids=lambda stage: stage.name)
on_calls = pytest.mark.parametrize("lines", [build.CALL, build.NOBODY], ids=["call", "nobody"])


def default_of(stage: Stage) -> Any:
    """The default settings of a stage."""
    if stage.config is CorrectionsConfig:
        return CorrectionsConfig()
    if stage.config is TranscriptConfig:
        return TranscriptConfig(format="srt")
    if stage.config is PlaybackConfig:
        return PlaybackConfig()
    return CONFIG.metrics if stage.config is MetricsConfig else getattr(CONFIG, stage.name)


def config_of(stage: Stage) -> Any:
    """The default settings of a stage; the report's with facts that no installation and no
    training changes."""
    config = default_of(stage)
    if stage.name != "report":
        return config
    versions = (("parley", "0.1.0"), ("codebook", "1"), ("metrics", "1"))
    return dataclasses.replace(
        config,
        recording_name=RECORDED.name,
        digest=RECORDED.digest,
        versions=versions,
        measured=MEASURED,
    )


def run(stage: Stage, *, inputs: Mapping[str, Any], folder: Path) -> Any:
    """A stage's value, made as the runner makes it, the models faked, saved and read back."""
    arguments = {**inputs, "config": config_of(stage)}
    if stage.load is not None:
        arguments["model"] = {**build.fake_models(), "voices": same_voice}[stage.name]
        arguments["progress"] = lambda share: None
    out = folder / f"data{stage.output.suffix}"
    if isinstance(stage.output, File):
        stage.run(**arguments, out=out)
    else:
        stage.output.save(stage.run(**arguments), out)
    return stage.output.read(out)


def same_voice(waveforms: Any) -> Any:
    """A fake network to which everybody sounds the same."""
    import torch

    return torch.ones(len(waveforms), 192)


def inputs_of(stage: Stage, lines: tuple[build.Said, ...], *, folder: Path) -> dict[str, Any]:
    """What the stage takes, for a call of those lines; made by hand, not by other stages."""
    made = {
        RECORDING: lambda: recording_of(stage, lines, folder=folder),
        "transcript": lambda: transcript_of(lines),
        "audio": lambda: build.track(build.tones(lines, channels=2)),
        "diarize": lambda: build.speech(lines, tracks=2),
        "transcribe": lambda: build.words(lines, tracks=2),
        "turns": lambda: build.turns(lines),
        "tactics": lambda: build.tactics(lines),
        "offers": lambda: build.offers(lines),
        "metrics": lambda: build.metrics(("S1", "S2") if lines else ()),
        "replies": lambda: nothing_found()["replies"],
        "moments": lambda: nothing_found()["moments"],
        "report": lambda: report_of(lines, folder=folder),
        "corrections": lambda: CORRECTED if lines else {"turns": [], "merges": [["S2", "S1"]]},
        "corrected_speech": lambda: build.speech(lines, tracks=2),
        "enrolled": lambda: {"voices": [{"name": "Ana", "vector": [1.0] * 192, "telephone": True}]},
    }
    return {name: made[name]() for name in stage.inputs}


def recording_of(stage: Stage, lines: tuple[build.Said, ...], *, folder: Path) -> Path:
    """The file that a call comes in: sound, or for the stage that reads one a transcript.

    A transcript in which nobody says anything is refused, so silence has a short greeting.
    """
    if stage is not TRANSCRIPT:
        return build.write_call(folder / "call.wav", lines)
    return build.write_subtitles(folder / "call.srt", lines or (build.said("Cy", "Hi.", 0, 1),))


def transcript_of(lines: tuple[build.Said, ...]) -> dict[str, Any]:
    """What is read of a transcript of those lines."""
    keys = ("speaker", "text", "kind", "start_ms", "end_ms")
    return {
        "format": "srt",
        "speakers": sorted({one.speaker for one in lines}),
        "language": "en",
        "timed": True,
        "times_left_out": False,
        "turns": [{key: getattr(one, key) for key in keys} for one in lines],
        "unread": [],
        "unread_count": 0,
    }


def report_of(lines: tuple[build.Said, ...], *, folder: Path) -> dict[str, Any]:
    """The report stage's answer, since a report by hand would be long."""
    report = next(stage for stage in STAGES if stage.name == "report")
    return run(report, inputs=inputs_of(report, lines, folder=folder), folder=folder)


def plain(value: Any) -> Any:
    """A stage's value as data that JSON can hold; floats to six digits, as machines differ."""
    if isinstance(value, pl.DataFrame):
        return {"columns": value.columns, "rows": plain(value.rows())}
    if isinstance(value, Track):
        samples = hashlib.sha256(value.samples.tobytes()).hexdigest()
        return [samples, value.channels, value.sample_rate_hz, value.codec, value.container]
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, Path):
        return hashlib.sha256(value.read_bytes()).hexdigest()
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def digest(value: Any) -> str:
    """The sha256 of a value as canonical JSON."""
    text = json.dumps(plain(value), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


# --- what comes out


@by_name
@on_calls
def test_output_keeps_its_contract(
    stage: Stage, lines: tuple[build.Said, ...], tmp_path: Path
) -> None:
    """On a call and on silence the value has the promised form, and survives storing."""
    value = run(stage, inputs=inputs_of(stage, lines, folder=tmp_path), folder=tmp_path)
    if isinstance(stage.output, Frame):
        assert value.schema == stage.output.schema
        stage.output.check(value)
    else:
        assert isinstance(value, Track | dict | str | bytes)


@by_name
def test_the_call_is_not_lost(stage: Stage, tmp_path: Path) -> None:
    """What a call gives differs from what silence gives, but for the map that hears nothing."""
    call, silence = tmp_path / "call", tmp_path / "silence"
    call.mkdir()
    silence.mkdir()
    found = run(stage, inputs=inputs_of(stage, build.CALL, folder=call), folder=call)
    nothing = run(stage, inputs=inputs_of(stage, build.NOBODY, folder=silence), folder=silence)
    assert (digest(found) != digest(nothing)) is (stage.name != "transcript_speech")


EMPTY = [
    "diarize",
    "transcribe",
    "turns",
    "tactics",
    "offers",
    "corrected_speech",
    "corrected_turns",
    "transcript_words",
    "transcript_turns",
]


@pytest.mark.parametrize("name", EMPTY)
def test_no_speech_is_an_empty_frame(name: str, tmp_path: Path) -> None:
    """Where nobody speaks the frame has no rows, and is not None."""
    stage = next(stage for stage in ALL if stage.name == name)
    value = run(stage, inputs=inputs_of(stage, build.NOBODY, folder=tmp_path), folder=tmp_path)
    assert value.height == 0


@by_name
@on_calls
def test_inputs_are_left_as_they_were(
    stage: Stage, lines: tuple[build.Said, ...], tmp_path: Path
) -> None:
    """A stage changes nothing it is given, nor its settings."""
    inputs = inputs_of(stage, lines, folder=tmp_path)
    for value in inputs.values():
        if isinstance(value, Track):
            value.samples.setflags(write=False)
    before, config = digest(inputs), copy.deepcopy(default_of(stage))
    run(stage, inputs=inputs, folder=tmp_path)
    assert digest(inputs) == before
    assert default_of(stage) == config


@by_name
@on_calls
def test_same_inputs_give_the_same_value(
    stage: Stage, lines: tuple[build.Said, ...], tmp_path: Path
) -> None:
    """Run twice, a stage says the same: no clock, no chance, no environment."""
    inputs = inputs_of(stage, lines, folder=tmp_path)
    first = digest(run(stage, inputs=inputs, folder=tmp_path))
    assert digest(run(stage, inputs=inputs, folder=tmp_path)) == first


@by_name
def test_a_stage_can_be_sent_to_another_process(stage: Stage) -> None:
    """Settings come back equal from a pickle, functions as the very same ones."""
    config = default_of(stage)
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 - our own bytes
    for function in (stage.run, stage.load, stage.weights):
        assert pickle.loads(pickle.dumps(function)) is function  # noqa: S301 - our own bytes


@by_name
def test_settings_are_frozen_and_of_the_declared_type(stage: Stage) -> None:
    """A stage's settings are an instance of its config class, which nothing can change."""
    config = default_of(stage)
    assert type(config) is stage.config
    if not dataclasses.fields(config):
        return
    field = dataclasses.fields(config)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config, field, None)


def test_inputs_come_before_their_use() -> None:
    """Every input is the recording, a stage further up in the table, or given by people."""
    known = [RECORDING, *GIVEN]
    for stage in ALL:
        assert set(stage.inputs) <= set(known), stage.name
        known.append(stage.name)


@on_calls
def test_the_report_is_valid(lines: tuple[build.Said, ...], tmp_path: Path) -> None:
    """report.json fits its published schema, also where nobody speaks."""
    schema = json.loads((files("pipeline") / "schemas" / "report.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(report_of(lines, folder=tmp_path))


# --- keys


def key_of(stage: Stage, **changes: Any) -> str:
    """The key of a stage's result, with something about its recipe changed."""
    parts = {
        "stage": stage,
        "config": default_of(stage),
        "weights": dict.fromkeys(stage.weights(default_of(stage)), "0" * 64),
        "inputs": dict.fromkeys(stage.inputs, "1" * 64),
    }
    return recipe_key(recipe(**parts | changes))


@by_name
def test_keys_follow_what_decides_the_result(stage: Stage) -> None:
    """Another version, setting, set of weights or input gives another key; the same, the same."""
    config = default_of(stage)
    keys = [
        key_of(stage),
        key_of(dataclasses.replace(stage, version=stage.version + 1)),
        *([key_of(stage, config=changed(config))] if dataclasses.fields(config) else []),
        key_of(stage, weights={"base": "2" * 64}),
        key_of(stage, inputs=dict.fromkeys(stage.inputs, "3" * 64)),
    ]
    assert len(set(keys)) == len(keys)
    assert key_of(stage) == keys[0]
    assert len(keys[0]) == 64


def changed(config: Any) -> Any:
    """The settings with one of them another, each a sound value of its kind."""
    others = {
        "audio": {"max_duration_s": 60},
        "diarize": {"speakers": 3},
        "transcribe": {"beam_size": 1},
        "turns": {"snap_ms": 0},
        "metrics": {"min_speech_s": 0.0},
        "replies": {"vague": ("maybe",)},
        "moments": {"weights": (("hedged_ask", 0.0),)},
        "report": {"names": ("Ana",)},
        "page": {"quotes_per_tactic": 3},
        "voices": {"threshold": 0.6},
    }
    if config == TranscriptConfig(format="srt"):
        return TranscriptConfig(format="vtt")
    for name, values in others.items():
        if config == getattr(CONFIG, name):
            return dataclasses.replace(config, **values)
    book = config.codebook
    return dataclasses.replace(config, codebook=dataclasses.replace(book, version=book.version + 1))


def test_where_it_runs_is_in_no_key() -> None:
    """Device, folders and the network switch change no key of any stage."""
    elsewhere = load_config(
        settings=["run.device=cuda", "run.store=/s", "run.models=/m", "run.offline=true"]
    )
    here = [task.key for task in plan(RECORDED, config=CONFIG).tasks]
    assert [task.key for task in plan(RECORDED, config=elsewhere).tasks] == here


def test_another_model_changes_what_uses_it_and_what_follows() -> None:
    """Another recogniser gives new keys from the recognition on, and none before it."""
    before = plan(RECORDED, config=CONFIG)
    after = plan(RECORDED, config=load_config(settings=["transcribe.model=tiny.en"]))
    same = {t.stage.name for t in before.tasks if after.task(t.stage.name).key == t.key}
    assert same == {"audio", "diarize", "playback"}


# --- the golden guard


@cache
def _golden() -> dict[str, dict[str, str]]:
    stored: dict[str, dict[str, str]] = json.loads(GOLDEN.read_text("utf-8"))
    return stored


@pytest.mark.parametrize("name", GUARDED)
def test_a_changed_output_has_a_changed_version(name: str, tmp_path: Path) -> None:
    """A pure stage that gives another output for the same input and settings has a new version.

    golden.json holds for each stage:version the digests of its settings and of its output for a
    fixed call. When this test fails, either the change was not meant, or the stage's `version`
    must be raised, since stored artefacts of the old code would be served under the same key.
    After that (or after a new default, which changes every key by itself) renew the file with

        PARLEY_RENEW_GOLDEN=1 python -m pytest tests/contract/test_stages.py -k version

    and commit it. It refuses to renew an output whose version and settings stayed the same; for
    a version that nobody has used yet, delete its entry from the file first.
    """
    stage = next(stage for stage in ALL if stage.name == name)
    value = run(stage, inputs=inputs_of(stage, build.LIVELY, folder=tmp_path), folder=tmp_path)
    found = {"settings": digest(dataclasses.asdict(config_of(stage))), "output": digest(value)}
    label = f"{name}:{stage.version}"
    known = _golden().get(label)
    if os.environ.get(RENEW) and (known is None or known["settings"] != found["settings"]):
        _renew(label, found)
        return
    assert known is not None, f"golden.json does not know {label}; set {RENEW}=1 to add it"
    if known["output"] == found["output"]:
        return
    same = known["settings"] == found["settings"]
    assert not same, f"the output of {name} changed: raise its version, then set {RENEW}=1"
    pytest.fail(f"the defaults of {name} changed, and its output with them: set {RENEW}=1")


def _renew(label: str, found: dict[str, str]) -> None:
    """Write an entry, in the place of the stage's older versions."""
    name = label.partition(":")[0]
    kept = {key: one for key, one in _golden().items() if key.partition(":")[0] != name}
    text = json.dumps(dict(sorted({**kept, label: found}.items())), indent=1)
    GOLDEN.write_text(text + "\n", encoding="utf-8")
    _golden.cache_clear()


def test_the_guard_sees_a_changed_figure() -> None:
    """One figure that differs in the fourth digit, or one row less, gives another digest."""
    metrics = build.metrics()
    other = metrics.with_columns(pl.col("value") * 1.0001)
    assert len({digest(metrics), digest(other), digest(metrics.head(5))}) == 3
    assert digest(np.float64(0.1) + np.float64(0.2)) == digest(0.3)
