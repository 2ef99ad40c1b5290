"""What `parley eval` does and prints: analyse or read each result, score it, sum up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.text import Text

from pipeline import __version__
from pipeline.apps.console import STDERR, log_to, models_for, one_line, watching
from pipeline.apps.scoreboard import print_card
from pipeline.config import Config, load_config, metrics_version, store_directory
from pipeline.errors import PipelineError
from pipeline.evaluation import card
from pipeline.evaluation.derived import Definitions
from pipeline.evaluation.hypothesis import Hypothesis, from_artefacts, read_hypothesis
from pipeline.evaluation.manifest import Entry, choose, read_manifest
from pipeline.evaluation.measures import MEASURES
from pipeline.evaluation.reference import read_reference
from pipeline.evaluation.score import TOOLS, duration_of, need_tools, score
from pipeline.evaluation.summary import CallScore, as_json, score_as_json, summarise
from pipeline.executors.local import Observer, Outcome
from pipeline.models import quiet_dependencies
from pipeline.plan import Plan, plan, read_recording
from pipeline.run import Bench, Listener, accounted, obtain
from pipeline.stages import STAGES
from pipeline.store import Store, check_writable, write_atomic

_MS_PER_HOUR = 3_600_000
_SPEAKERS = "diarize.speakers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be measured, on which recordings, and where it is written."""

    manifest: Path
    parts: Sequence[str]
    groups: Sequence[str]
    calls: int | None
    hypotheses: Path | None
    out: Path | None
    json: Path | None
    force: bool
    quiet: bool
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the stages. `speakers_set`: their number is set, whatever a manifest says."""

    config: Config
    speakers_set: bool

    @property
    def definitions(self) -> Definitions:
        """Those that turns and figures of a reference are made with too."""
        config = self.config
        return Definitions(turns=config.turns, tactics=config.tactics, metrics=config.metrics)

    def of(self, entry: Entry) -> Config:
        """The settings for one recording."""
        if self.speakers_set or entry.speakers is None:
            return self.config
        diarize = replace(self.config.diarize, speakers=entry.speakers)
        return replace(self.config, diarize=diarize)


def settings(
    *, file: Path | None, given: Iterable[str], work: Path | None, speakers: str | None
) -> Settings:
    """The settings of an evaluation from a file and options. Raises ConfigError."""
    texts = list(given)
    texts += [f"run.store={work}"] if work else []
    texts += [f"{_SPEAKERS}={speakers}"] if speakers is not None else []
    chosen = any(text.partition("=")[0].strip() == _SPEAKERS for text in texts)
    return Settings(config=load_config(file=file, settings=texts), speakers_set=chosen)


# --- one recording


@dataclass(slots=True, kw_only=True)
class _Clock:
    """A listener that times each stage and passes on what it hears."""

    onward: Listener
    seconds: dict[str, float] = field(default_factory=dict)
    _started_s: float = 0.0

    def __call__(self, stage: str, share: float) -> None:
        if share <= 0.0:
            self._started_s = time.monotonic()
        if share >= 1.0:
            self.seconds[stage] = time.monotonic() - self._started_s
        self.onward(stage, share)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A result with the seconds of each stage that was run for it."""

    hypothesis: Hypothesis
    seconds: Mapping[str, float]


_Find = Callable[[Entry, Listener], _Found]


def analyse(entry: Entry, *, config: Config, bench: Bench) -> _Found:
    """The result of our own stages, up to the metrics; what is stored is not made again.

    Models are loaded before the clocks start, so that the first call is as fast as the others.
    """
    whole = plan(read_recording(entry.audio), config=config)
    _load_models(whole, bench=bench)
    clock = _Clock(onward=bench.listener)
    bench.listener = clock
    obtain("metrics", plan=whole, bench=bench)
    frames: dict[str, Any] = {
        name: whole.task(stage).stage.output.read(obtain(stage, plan=whole, bench=bench))
        for name, stage in (
            ("speech", "diarize"), ("words", "transcribe"), ("turns", "turns"),
            ("metrics", "metrics"),
        )
    }  # fmt: skip
    return _Found(hypothesis=from_artefacts(**frames), seconds=clock.seconds)


def _load_models(whole: Plan, *, bench: Bench) -> None:
    for task in whole.tasks:
        stored = bench.store.has(stage=task.stage.name, key=task.key) and not bench.force
        if task.stage.load is not None and not stored:
            bench.models.get(task)


def _finder(request: Request, settings: Settings) -> _Find:
    """How results are come by: read from a folder, or analysed now."""
    if request.hypotheses is not None:
        folder = request.hypotheses

        def read(entry: Entry, _listener: Listener) -> _Found:
            found = read_hypothesis(folder, recording=entry.id, definitions=settings.definitions)
            return _Found(hypothesis=found, seconds={})

        return read
    bench = Bench(
        store=Store(root=store_directory(settings.config)),
        models=models_for(settings.config),
        force=request.force,
    )

    def run(entry: Entry, listener: Listener) -> _Found:
        bench.listener = listener
        return analyse(entry, config=settings.of(entry), bench=bench)

    return run


def _score_one(
    entry: Entry, *, parts: Sequence[str], find: _Find, definitions: Definitions, listener: Listener
) -> CallScore:
    with accounted("the evaluation"):
        reference = read_reference(entry.references, recording=entry.id)
        found = find(entry, listener)
        observed = score(reference, found.hypothesis, parts=parts, definitions=definitions)
    return CallScore(
        id=entry.id,
        group=entry.group,
        duration_ms=duration_of(reference, found.hypothesis),
        observed=observed,
        seconds=found.seconds,
    )


# --- all of them


def evaluate(request: Request, *, settings: Settings) -> int:
    """Score every recording, print and write what came of it, and return the exit code."""
    need_tools(request.parts)
    quiet_dependencies()
    log_to(STDERR)
    for path in filter(None, (request.out, request.json)):
        check_writable(path.parent)
    entries = choose(read_manifest(request.manifest), groups=request.groups, calls=request.calls)
    with watching(quiet=request.quiet) as observer:
        scores, failed = _score_all(entries, request=request, settings=settings, observer=observer)
    made = _card(scores, failed, request=request, settings=settings)
    if not request.quiet:
        print_card(made)
    _write(made, scores, request=request)
    for name, error in failed.items():
        STDERR.print(Text(f"parley: {one_line(f'{name}: {error}')}", style="red"), soft_wrap=True)
    return _exit_code(failed.values())


def _score_all(
    entries: Sequence[Entry], *, request: Request, settings: Settings, observer: Observer
) -> tuple[list[CallScore], dict[str, PipelineError]]:
    find = _finder(request, settings)
    scores: list[CallScore] = []
    failed: dict[str, PipelineError] = {}
    for number, entry in enumerate(entries, start=1):
        observer.recording_started(entry.audio, number=number, count=len(entries))
        started_s, error = time.monotonic(), None
        try:
            scores.append(
                _score_one(
                    entry,
                    parts=request.parts,
                    find=find,
                    definitions=settings.definitions,
                    listener=observer.stage_advanced,
                )
            )
        except PipelineError as err:
            failed[entry.id] = error = err
        seconds = time.monotonic() - started_s
        observer.recording_ended(Outcome(path=entry.audio, seconds=seconds, error=error))
    return scores, failed


def _exit_code(errors: Iterable[PipelineError]) -> int:
    """0 where all went well; the errors' code where all have the same; else 1."""
    codes = {error.exit_code for error in errors}
    return codes.pop() if len(codes) == 1 else int(bool(codes))


def _card(
    scores: Sequence[CallScore],
    failed: Mapping[str, PipelineError],
    *,
    request: Request,
    settings: Settings,
) -> card.Card:
    return card.Card(
        summaries={part: summarise(scores, part=part) for part in request.parts},
        failed={name: str(error) for name, error in failed.items()},
        versions=_versions(request, settings.config),
        command=request.command,
        calls=len(scores),
        hours=sum(one.duration_ms for one in scores) / _MS_PER_HOUR,
    )


def _versions(request: Request, config: Config) -> dict[str, str]:
    """What counted and, where it was analysed here, what was counted."""
    tools = dict.fromkeys(tool for part in request.parts for tool in TOOLS[part])
    counted = {tool: version(tool) for tool in tools}
    definitions = {
        "codebook": str(config.tactics.codebook.version), "metrics": str(metrics_version())
    }  # fmt: skip
    if request.hypotheses is not None:
        return {"parley": __version__, **definitions, **counted}
    stages = ", ".join(f"{stage.name} {stage.version}" for stage in STAGES)
    weights = dict.fromkeys(
        name for stage in STAGES for name in stage.weights(getattr(config, stage.name))
    )
    return {
        "parley": f"{__version__} (stages {stages})",
        "weights": ", ".join(weights),
        **definitions,
        **{name: version(name) for name in ("faster-whisper", "pyannote.audio")},
        **counted,
    }


def _write(made: card.Card, scores: Sequence[CallScore], *, request: Request) -> None:
    if request.out is not None:
        write_atomic(request.out, card.markdown(made).encode("utf-8", "replace"))
    if request.json is not None:
        write_atomic(request.json, _json(made, scores).encode("utf-8", "replace"))


def _json(made: card.Card, scores: Sequence[CallScore]) -> str:
    whole: dict[str, Any] = {
        "calls": made.calls,
        "hours": round(made.hours, 4),
        "command": made.command,
        "versions": dict(made.versions),
        "definitions": {
            measure.name: measure.definition
            for measure in MEASURES
            if measure.part in made.summaries
        },
        "summaries": {
            part: [as_json(one) for one in summaries] for part, summaries in made.summaries.items()
        },
        "recordings": [score_as_json(one) for one in scores],
        "failed": dict(made.failed),
    }
    return json.dumps(whole, ensure_ascii=True, indent=1, allow_nan=False) + "\n"
