"""A line one could have said, made of the call's own words.

The other side's words are turned round (turning.py), one's own ask is freed of what softens it
(asking.py), figures are quoted as they were said.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter

from pipeline.stages.moments.asking import plain_ask
from pipeline.stages.moments.finders import Hit, Search
from pipeline.stages.moments.scene import Place, Row
from pipeline.stages.moments.turning import echo, turned
from pipeline.tactics.offers.ledger import POSITIONS

_FOCUS = {"emotion": "strain", "vague": "vague"}
"""What a finder looked for in the other side's words: the clause that has it is said back."""
_PAY = "salary"


def suggestion_for(search: Search, hit: Hit) -> str | None:
    """The first line of the rule's that can be made of this call's words; None if none can."""
    known = _slots(search, hit)
    for text in hit.rule.suggestions:
        names = {name for _, name, _, _ in Formatter().parse(text) if name}
        if all(known.get(name) for name in names):
            return _sentence(text.format_map(known))
    return None


def _slots(search: Search, hit: Hit) -> Mapping[str, str]:
    """What a line may be made of; empty where the call has nothing for it.

    turned: what the other side said, turned round; echo: its last words; promise: the same of a
    promise; ask, plain_ask: one's own ask, as said and without softeners; own_figure,
    their_figure: the last position of each before the moment, as said; open_terms: what of a
    package nobody has brought in.
    """
    heard, focus = _heard(search, hit), _focus(search, hit)
    said_back = turned(heard, focus=focus)
    return {
        "turned": said_back,
        "promise": said_back,
        "echo": echo(heard, focus=focus),
        "ask": _capital(search.scene.quote(hit.quote).strip()),
        "plain_ask": _plain_ask(search, hit.quote),
        "own_figure": _figure(search, hit.quote, mine=True),
        "their_figure": _figure(search, hit.quote, mine=False),
        "open_terms": _open_terms(search),
    }


def _heard(search: Search, hit: Hit) -> str:
    """The other side's whole sentences that a moment goes back to."""
    if hit.heard is None:
        return ""
    said = search.scene.said(hit.heard.turn)
    return search.scene.quote(said.sentences_of(hit.heard.start_char, hit.heard.end_char))


def _focus(search: Search, hit: Hit) -> tuple[str, ...]:
    name = _FOCUS.get(hit.rule.finder)
    return search.rulebook.patterns(name) if name else ()


def _sentence(text: str) -> str:
    return _capital(" ".join(text.split()))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- one's own ask, and figures


def _plain_ask(search: Search, quote: Place) -> str:
    """What is asked for, without the softeners around it: the figure, or the words."""
    lines = [
        line
        for line in search.scene.said(quote.turn).lines
        if line["kind"] in POSITIONS and quote.start_char <= line["start_char"] < quote.end_char
    ]
    figure = None
    if lines:
        start = lines[-1]["start_char"] - quote.start_char
        figure = (start, start + lines[-1]["end_char"] - lines[-1]["start_char"])
    softeners = search.rulebook.patterns("softeners")
    return plain_ask(search.scene.quote(quote), softeners=softeners, figure=figure)


def _line_place(line: Row) -> Place:
    return Place(turn=line["turn"], start_char=line["start_char"], end_char=line["end_char"])


def _figure(search: Search, quote: Place, *, mine: bool) -> str:
    """The last number that one side put forward before the moment, in the words of the call.

    Where the moment's turn has numbers, on the same issue.
    """
    here = [line for line in search.scene.stretch_of(quote.turn).lines if line["value"] is not None]
    issues = {(line["issue"], line["item"]) for line in here if line["turn"] == quote.turn}
    lines = [
        line
        for line in search.scene.lines
        if (line["speaker"] == search.me) is mine
        and line["kind"] in POSITIONS
        and line["value"] is not None
        and (not issues or (line["issue"], line["item"]) in issues)
        and (line["turn"] < quote.turn if mine else line["turn"] <= quote.turn)
    ]
    return search.scene.quote(_line_place(lines[-1])).strip(" .,?") if lines else ""


def _open_terms(search: Search) -> str:
    """Terms of a package that nobody has mentioned, the first three, in words.

    Empty where neither pay nor a term of such a package came up: then the talk is not of work.
    """
    said = {line["issue"] for line in search.scene.lines}
    if said.isdisjoint({_PAY, *(issue for issue, _ in search.rulebook.terms)}):
        return ""
    names = [name for issue, name in search.rulebook.terms if issue not in said][:3]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
