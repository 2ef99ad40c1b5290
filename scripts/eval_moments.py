"""Measure the moments and write reports/moments.md; see scripts/eval_moments."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.config import Config, load_config
from pipeline.evaluation.moments import (
    Counts,
    Definitions,
    TalkScore,
    case_counts,
    found_moments,
    planted_found,
    talk_score,
)
from pipeline.models.weights import locate
from pipeline.stages.moments import MomentsConfig
from pipeline.stages.tactics import load_learned
from pipeline.tactics import Learned

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data" / "moments_cases"
DEMO = ROOT / "tests" / "data" / "demo_call"
MANY = 99
REPORT = ROOT / "reports" / "moments.md"
INTRODUCTION = """# How often moments are right
Made by `scripts/eval_moments`. The short cases and the talks were written from the rules'
definitions by somebody who had not seen the rules (tests/data/moments_cases); each talk has every
moment of one person annotated. Tags and ledger are found by the shipped tagger, so its errors are
in these figures. Invented talks are cleaner than real ones.

## The demo call
Its author planted six moments, three of each kind, and wrote them down before there was a rule.
"""
TALKS = """
## Whole talks
What a report shows (at most seven, three strengths, four missed) against what is annotated. A shown
moment is right where one of its kind is annotated on or beside its turn.
"""
CASES = """
## Short cases
Each rule alone: found where it is, silent at a near miss. The first columns are of cases that
nothing was changed for, the others of those that the rules were developed with.
"""


def main() -> None:
    """Measure, and write the report."""
    cases = {name: _cases(name) for name in ("held_out", "dev")}
    talks, unlimited = _talks(), _talks(limited=False)
    demo = {kind: _demo(kind) for kind in ("stereo", "mono")}
    REPORT.write_text("\n".join(_lines(cases, talks, unlimited, demo)) + "\n", encoding="utf-8")
    print(REPORT.read_text("utf-8"))


def _definitions(profile: str, role: str, *, limited: bool = True) -> Definitions:
    config = _config(profile, role if role in ("candidate", "employer") else "none")
    return Definitions(
        tactics=config.tactics,
        offers=config.offers,
        replies=config.replies,
        moments=config.moments if limited else _unlimited(config.moments),
        model=_network(),
    )


def _unlimited(config: MomentsConfig) -> MomentsConfig:
    """The settings without a bound on how many moments are shown."""
    many = dict.fromkeys(("most", "most_strengths", "most_missed", "most_of_a_rule"), MANY)
    return replace(config, rulebook=replace(config.rulebook, **many))


@cache
def _config(profile: str, role: str) -> Config:
    """The settings; a role is that of one speaker, whoever that is here."""
    settings = (f"report.profile={profile}", f"report.role={role}", "report.me=S1")
    return load_config(settings=settings)


@cache
def _network() -> Learned | None:
    """The shipped classifier of tactics."""
    tactics = load_config().tactics
    return load_learned(tactics, locate=lambda name: locate(name, directory=None))


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / f"{name}.toml").read_text("utf-8"))


def _cases(name: str) -> dict[str, Counts]:
    """Each rule's counts on the short cases, the rule alone, with the profile's factors."""
    counts: dict[str, Counts] = {}
    for case in _read(name)["case"]:
        definitions = _definitions(case["profile"], case.get("role", ""))
        found = found_moments(case, definitions, only=case["rule"])
        counts[case["rule"]] = counts.get(case["rule"], Counts()) + case_counts(case, found)
    return counts


def _talks(*, limited: bool = True) -> dict[str, TalkScore]:
    """Each talk's score, with what its report would show; or with all that was found."""
    return {
        talk["id"]: talk_score(
            talk,
            found_moments(
                talk, _definitions(talk["profile"], talk.get("role", ""), limited=limited)
            ),
        )
        for talk in _read("talks")["talk"]
    }


def _demo(kind: str) -> tuple[int, int, int]:
    """Of the demo call's planted moments: found, planted, and shown without being planted."""
    reference = json.loads((DEMO / "reference.json").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        parley = str(Path(sys.executable).with_name("parley"))
        recording = DEMO / f"demo_call_{kind}.ogg"
        options = ["--names", "Ben,Maria", "--me", "Maria", "--profile", "job_offer"]
        options += ["--role", "candidate", "--audio", "none", "--quiet"]
        command = [parley, "analyze", str(recording), "--out", folder, *options]
        subprocess.run(command, check=True)
        report = json.loads((Path(folder) / recording.stem / "report.json").read_text("utf-8"))
    return planted_found(reference, report)


def _lines(
    cases: Mapping[str, Mapping[str, Counts]],
    talks: Mapping[str, TalkScore],
    unlimited: Mapping[str, TalkScore],
    demo: Mapping[str, tuple[int, int, int]],
) -> Iterator[str]:
    yield INTRODUCTION
    yield "| recording | planted | found | shown, not planted |\n|---|---|---|---|"
    for kind, (found, planted, other) in demo.items():
        yield f"| {kind} | {planted} | {found} | {other} |"
    yield TALKS
    yield "| talk | shown | right | annotated | found |\n|---|---|---|---|---|"
    for name, one in talks.items():
        row = (one.shown, one.shown_right, one.planted, one.planted_found)
        yield f"| {name} | {' | '.join(map(str, row))} |"
    yield _sum_line(list(talks.values()))
    found = sum(one.planted_found for one in unlimited.values())
    there = sum(one.planted for one in unlimited.values())
    yield f"\nWithout a limit on how many are shown, {found} of {there} would be found."
    yield CASES
    titles = ("rule", "right", "missed", "false", "right (dev)", "missed (dev)", "false (dev)")
    yield f"| {' | '.join(titles)} |\n{'|---' * len(titles)}|"
    for rule, counts in cases["held_out"].items():
        dev = cases["dev"][rule]
        row = (counts.right, counts.missed, counts.wrong, dev.right, dev.missed, dev.wrong)
        yield f"| {rule} | {' | '.join(map(str, row))} |"
    for name, title in (("held_out", "Not seen"), ("dev", "Developed with")):
        total = sum(cases[name].values(), Counts())
        there = total.right + total.missed
        figures = f"precision {total.precision:.2f}, recall {total.recall:.2f}"
        yield f"\n{title}: {figures}, over {there} moments and the near misses."


def _sum_line(talks: Sequence[TalkScore]) -> str:
    shown, right = sum(t.shown for t in talks), sum(t.shown_right for t in talks)
    planted, found = sum(t.planted for t in talks), sum(t.planted_found for t in talks)
    return (
        f"| all | {shown} | {right} | {planted} | {found} |\n\n"
        f"Precision {right / shown:.2f}, recall {found / planted:.2f}."
    )


if __name__ == "__main__":
    main()
