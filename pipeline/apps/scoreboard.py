"""An evaluation on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from pipeline.apps.console import STDOUT, one_line
from pipeline.evaluation import card
from pipeline.evaluation.summary import EVERYTHING, Summary


def print_card(made: card.Card) -> None:
    """For each part a line a measure over all calls, then the groups side by side."""
    for part, summaries in made.summaries.items():
        everything = [one for one in summaries if one.group == EVERYTHING]
        STDOUT.print(_measures_table(part, everything))
        groups = [one for one in summaries if one.group != EVERYTHING]
        if groups:
            STDOUT.print(_groups_table(groups))
        STDOUT.print()


def _measures_table(part: str, summaries: Sequence[Summary]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(part)
    for title in ("value", "90 % interval", "worst", "calls", "hours"):
        table.add_column(title, justify="right")
    table.add_column("worst call", overflow="fold")
    for one in summaries:
        table.add_row(
            card.heading(one.measure),
            card.shown(one.value, one.measure),
            card.interval(one),
            card.shown(one.worst, one.measure),
            str(one.calls),
            f"{one.hours:.2f}",
            one_line(one.worst_call),
        )
    return table


def _groups_table(summaries: Sequence[Summary]) -> Table:
    """Measures as rows, groups as columns."""
    groups = list(dict.fromkeys(one.group for one in summaries))
    cells = {(one.measure, one.group): card.shown(one.value, one.measure) for one in summaries}
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("by group")
    for group in groups:
        table.add_column(one_line(group), justify="right", overflow="fold")
    for measure in dict.fromkeys(one.measure for one in summaries):
        row = [cells.get((measure, group), card.NONE) for group in groups]
        table.add_row(card.heading(measure), *row)
    return table
