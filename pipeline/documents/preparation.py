"""What was done of the plan that somebody had brought."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.documents.model import Block, Heading, Items, Paragraph, Table, quoted
from pipeline.documents.opening import Report
from pipeline.stages.page.preparation import Planned, preparation


def plan_and_call(report: Report) -> Iterator[Block]:
    """The plan against the call; nothing in a report made without one."""
    view = preparation(report)
    if view is None:
        return
    yield Heading(text="Plan and call")
    if view.reading:
        yield Paragraph(text=view.reading)
    if view.withheld:
        yield Paragraph(text=f"Withheld: {view.withheld}.")
    if view.terms:
        yield Table(
            head=("Issue", "Target", "Walk-away", "Agreed", "Result"),
            rows=tuple(
                (one.name, one.target, one.walk_away, one.agreed, one.verdict) for one in view.terms
            ),
        )
    yield from _planned("Issues, most important first", view.issues)
    yield from _planned("Questions to ask", view.questions)
    yield from _planned("Phrases to avoid", view.avoid)


def _planned(heading: str, entries: Sequence[Planned]) -> Iterator[Block]:
    if entries:
        yield Heading(text=heading, level=3)
        yield Items(texts=tuple(map(_entry, entries)))


def _entry(one: Planned) -> str:
    """What was planned, what came of it, and where."""
    places = [
        f"{f'{said.who}: ' if said.who else ''}“{quoted(said.quote)}” ({said.time})"
        for said in one.said
    ]
    return ": ".join([f"{one.text} – {one.state}", *(["; ".join(places)] if places else [])])
