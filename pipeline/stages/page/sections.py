"""What each section of the page shows, put together from the modules that word and draw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipeline.stages.page import (
    balance,
    charts,
    effects,
    family_bars,
    ledger,
    lenses,
    positions,
    promises,
    questions,
    talk,
)
from pipeline.stages.page.tags import FamilyGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """Talk and listen."""

    lede: str
    figures: tuple[charts.Figure, ...]
    lenses: tuple[lenses.Reading, ...]
    pace: talk.Drawing | None
    timeline: talk.Drawing | None
    facts: tuple[talk.Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Questions: charts, and what each got back."""

    figures: tuple[charts.Figure, ...]
    asked: questions.Questions
    lenses: tuple[lenses.Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tactics:
    """Tactics: by family, what followed them, and how sources take them."""

    by_family: Markup | None
    effects: effects.Effects
    disagreements: tuple[lenses.Views, ...]
    agreements: tuple[lenses.Views, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueChart:
    """An issue with its drawing and how it ended."""

    name: str
    status: str
    is_agreed: bool
    svg: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The offer ledger above its list."""

    lede: str
    charts: tuple[IssueChart, ...]
    has_limits: bool
    promises: promises.Promises


def talk_section(report: Mapping[str, Any], *, wide: int, narrow: int) -> Talk:
    """Section 2; `wide` and `narrow` are the widths of wide drawings in pixels."""
    return Talk(
        lede=talk.lede(report),
        figures=charts.talk_figures(report),
        lenses=talk.own_lenses(report),
        pace=talk.pace_drawing(report, wide=wide, narrow=narrow),
        timeline=talk.timeline_drawing(report, wide=wide, narrow=narrow),
        facts=talk.facts(report),
    )


def questions_section(report: Mapping[str, Any]) -> Questions | None:
    """Section 3; None when nobody spoke."""
    asked = questions.questions(report)
    if asked is None:
        return None
    return Questions(
        figures=charts.question_figures(report),
        asked=asked,
        lenses=lenses.of_metrics(report, "reflection_to_question_ratio"),
    )


def tactics_section(report: Mapping[str, Any], *, groups: Sequence[FamilyGroup]) -> Tactics:
    """Section 4."""
    return Tactics(
        by_family=family_bars.families_svg(report, groups=groups) if groups else None,
        effects=effects.effects(report),
        disagreements=lenses.disagreements(report),
        agreements=lenses.agreements(report),
    )


def ledger_section(report: Mapping[str, Any]) -> Ledger | None:
    """Section 5; None where nobody took a position and no promise was vague."""
    vague = promises.promises(report)
    issues = positions.issues(report)
    if not report.get("outcomes") and not report.get("vague_promises"):
        return None
    return Ledger(
        lede=ledger.lede(report)
        if report.get("outcomes")
        else "No number and no term was put on the table.",
        charts=tuple(
            IssueChart(
                name=issue.name,
                status=positions.worded(issue.agreed, issue=issue) if issue.agreed else "left open",
                is_agreed=issue.agreed is not None,
                svg=positions.positions_svg(issue),
            )
            for issue in issues
        ),
        has_limits=any(line["kind"] == positions.LIMIT for one in issues for line in one.lines),
        promises=vague,
    )


def balance_section(report: Mapping[str, Any]) -> balance.Balance | None:
    """Section 6; None when nobody spoke."""
    return balance.balance(report)
