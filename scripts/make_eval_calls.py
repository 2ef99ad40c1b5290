"""Compose two-person calls with exact references, and the manifest that `parley eval` reads.

Two kinds: "spoken" calls are negotiations from CaSiNo and NegoChat said by synthetic voices;
"real" calls are utterances of real people cut from short recordings. Each is put through a
drawn room, line, noise and codec. The default seed makes the test set, on which figures are
reported; an odd seed makes a development set of other dialogues and other voices.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from eval_calls import clips, voices
from eval_calls.compose import EDGE_S, Line, deal_clips, place_clips, place_turns
from eval_calls.degrade import render
from eval_calls.dialogue import Dialogue, Turn, enliven
from eval_calls.plan import VERSION, Plan, describe, manifest_row, part_of, plan_calls
from eval_calls.reference import (
    NAMES,
    build_reference,
    rttm_of,
    seglst_of,
    stm_of,
    write_json,
    write_wave,
)

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("PARLEY_EVAL_DATA", ROOT.parent / "shared" / "data"))
CACHE = Path.home() / ".cache" / "parley" / "evaluation"
TEST_SEED, CALLS = 20, 44
TAIL_S = 0.7


def main() -> None:
    """Compose what is missing and write the manifest."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="folder for the calls (default: in the cache)")
    parser.add_argument("--seed", type=int, default=TEST_SEED, help="even: test, odd: development")
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--data", type=Path, default=DATA, help="the evaluation data")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args()
    out = options.out or CACHE / f"seed-{options.seed}-v{VERSION}"
    plans = list(plan_calls(seed=options.seed, calls=options.calls, data=options.data))
    for folder in ("audio", "reference"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    missing = [plan for plan in plans if not is_made(plan, out=out)]
    prepare_voices(missing)
    make_all(missing, out=out, data=options.data, workers=options.workers)
    rows = [manifest_row(plan) for plan in plans]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (out / "manifest.jsonl").write_text(lines, encoding="utf-8")
    print(f"{len(plans)} calls, {len(missing)} of them made now: {out / 'manifest.jsonl'}")


def prepare_voices(plans: list[Plan]) -> None:
    """Fetch the neural voice once, before several processes want it."""
    if any(
        getattr(speaker, "engine", "") == "piper" for plan in plans for speaker in plan.speakers
    ):
        voices.load_piper()


def make_all(plans: list[Plan], *, out: Path, data: Path, workers: int) -> None:
    """Make the calls, several at a time, each in a fresh process.

    eSpeak keeps state from one text to the next: only from a fresh start is the same call the
    same bytes.
    """
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1) as pool:
        jobs = [pool.submit(make_call, plan, out=out, data=data) for plan in plans]
        for plan, job in zip(plans, jobs, strict=True):
            job.result()
            print(f"made {plan.id}", flush=True)


def is_made(plan: Plan, *, out: Path) -> bool:
    """Whether the call lies there already, made by the same recipe."""
    row = manifest_row(plan)
    try:
        made = json.loads((out / row["reference"]).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(made.get("recipe") == plan.recipe) and (out / row["audio"]).is_file()


def make_call(plan: Plan, *, out: Path, data: Path) -> None:
    """Compose, degrade and write one call; its reference, the mark that it is done, last."""
    lines = compose(plan, data=data)
    duration_s = round(max(line.end_s for line in lines) + EDGE_S + TAIL_S, 1)
    audio = render(
        lines,
        duration_s=duration_s,
        layout=plan.layout,
        conditions=plan.conditions,
        babble=babble_for(plan, data=data),
        seed=int.from_bytes(hashlib.sha256(f"{plan.seed} {plan.id}".encode()).digest()[:4], "big"),
    )
    row = manifest_row(plan)
    write_wave(out / row["audio"], audio, rate_hz=plan.conditions.rate_hz)
    speakers = [
        {"name": name, **describe(speaker)}
        for name, speaker in zip(NAMES, plan.speakers, strict=True)
    ]
    reference = build_reference(lines, duration_s=duration_s, speakers=speakers, recipe=plan.recipe)
    (out / row["rttm"]).write_text(rttm_of(reference, name=plan.id), encoding="utf-8")
    (out / row["stm"]).write_text(stm_of(reference, name=plan.id), encoding="utf-8")
    write_json(out / row["seglst"], seglst_of(reference, name=plan.id))
    write_json(out / row["reference"], reference)


def compose(plan: Plan, *, data: Path) -> list[Line]:
    """The call's lines on its timeline."""
    key = f"{plan.seed} {plan.id}"
    dice = random.Random(f"{key} words")
    if not plan.dialogues:
        dealt = deal_clips([person.clips for person in plan.speakers], dice=dice)
        return place_clips(
            dealt,
            cut=lambda speaker, clip: clips.cut_clip(
                clip, speed=plan.speakers[speaker].speed, audio=data / "audio"
            ),
            length_s=plan.length_s,
            key=key,
        )
    return place_turns(
        enliven(turns_of(plan.dialogues), dice=dice),
        speak=lambda speaker, text, said: voices.speak(
            text, speaker=plan.speakers[speaker], key=said
        ),
        length_s=plan.length_s,
        key=key,
    )


def turns_of(dialogues: tuple[Dialogue, ...]) -> Iterator[Turn]:
    """The turns of the dialogues one after another."""
    for dialogue in dialogues:
        yield from dialogue.turns


def babble_for(plan: Plan, *, data: Path) -> Iterator[Any]:
    """Recordings of people who are not in the call."""
    if plan.conditions.noise != "babble":
        return
    names = {speaker.name.partition("-")[0] for speaker in plan.speakers}
    for person in clips.people_for(part_of(plan.seed)):
        if person.name not in names:
            for clip in person.clips:
                yield clips.cut_clip(clip, speed=1.0, audio=data / "audio").samples


if __name__ == "__main__":
    main()
