"""What was offered, promised and conceded, and where empathy or assertion went too far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.documents.model import Block, Heading, Items, Paragraph, Table, quoted
from pipeline.documents.opening import Report, names_of, said_by
from pipeline.stages.page import ledger
from pipeline.stages.page.balance import SIGNALS, TOWARD, rate_rows

_THIRDS = ("First third", "Middle third", "Last third")


def offers(report: Report) -> Iterator[Block]:
    """The ledger, an issue a table, each with what came of it."""
    issues = ledger.issue_rows(report)
    if not issues:
        return
    yield Heading(text="Offers")
    names = names_of(report)
    for issue in issues:
        yield Heading(text=issue.name, level=3)
        yield Paragraph(lead="Outcome:", text=issue.status)
        if issue.steps:
            yield Table(
                head=("Who", "Position", "Move", "Said", "When"),
                rows=tuple(_step(one, names=names) for one in issue.steps),
            )


def _step(step: ledger.Step, *, names: Mapping[str, str]) -> tuple[str, ...]:
    move = f"{step.kind} ({step.note})" if step.note else step.kind
    who = names.get(step.speaker.id, step.speaker.name)
    return (who, step.value, move, f"“{quoted(step.quote)}”", step.time)


def promises(report: Report) -> Iterator[Block]:
    """Promises nobody can be held to, and whether they were pinned down."""
    found = report.get("vague_promises", ())
    if found:
        yield Heading(text="Vague promises")
        yield Items(texts=tuple(_promise(one, names=names_of(report)) for one in found))


def _promise(one: Mapping[str, Any], *, names: Mapping[str, str]) -> str:
    if one["pinned"]:
        end = "pinned down"
    elif one["request_turn"] is None:
        end = "nobody asked to have it made concrete"
    else:
        end = "asked to have it made concrete, without a concrete answer"
    return f"“{quoted(one['quote'])}” ({said_by(one, names=names)}): {end}"


def balance(report: Report) -> Iterator[Block]:
    """Empathy and assertion by thirds of the call, and signs of overdoing one of them."""
    rows, leanings = rate_rows(report), report.get("leanings", ())
    if not rows and not leanings:
        return
    yield Heading(text="Empathy and assertiveness")
    names = names_of(report)
    if rows:
        yield Paragraph(text="Tags in every 10 own turns, by thirds of the call.")
        yield Table(
            head=("Who", *_THIRDS),
            rows=tuple(
                (names[row.speaker.id], *(f"empathy {e}, assertion {a}" for e, a in row.thirds))
                for row in rows
            ),
        )
    if leanings:
        yield Items(texts=tuple(_leaning(one, names=names) for one in leanings))


def _leaning(one: Mapping[str, Any], *, names: Mapping[str, str]) -> str:
    sign = f"{TOWARD[one['toward']]}: {SIGNALS[one['signal']].lower()}"
    return f"{sign}, “{quoted(one['quote'])}” ({said_by(one, names=names)})"
