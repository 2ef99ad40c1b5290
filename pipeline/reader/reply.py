"""What is taken from a second reader's answer: tags whose quote stands in the turn, no others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import ModelError
from pipeline.reader.request import Batch, Excerpt
from pipeline.tactics.codebook import Tag

METHOD = "reader"
UNCALIBRATED_SCORE = 0.5
"""The score of each tag: a mark that has to be there, no probability and no strength."""

_KEYS = {"turn", "tactic", "quote"}
_FENCE = "```"
_FLOOD_TURNS, _FLOOD_SHARE = 8, 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The tags of a batch, and how many were dropped for which reason."""

    tags: tuple[Tag, ...]
    dropped: Mapping[str, int]


def strict_json(text: str) -> Any:
    """JSON as the standard has it. Raises ValueError for NaN and for a key given twice too."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError as err:
        raise ValueError("nested too deeply") from err


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def read_reply(
    content: str, batch: Batch, *, asked: Collection[str], known: Container[str]
) -> Reply:
    """The tags of an answer that hold, in the order of the call.

    A tag is dropped, and counted by its reason, when it is
    malformed           not an object of a whole number, an id and a quote
    wrong_turn          for no turn of the batch (one that was shown for context, or none at all;
                        backchannels are never shown, so they have no number)
    unknown_tactic      no tactic of the codebook (`known`)
    not_interpretive    a tactic that the reader was not asked for (not in `asked`)
    not_verbatim        quoting what is not in the turn letter by letter, in whole words
    duplicate           the same tactic in the same turn once more
    everywhere          of a tactic said to be in at least three quarters of eight turns or more,
                        which says nothing about any of them

    Raises ModelError when the answer as a whole is not of the schema.
    """
    dropped: Counter[str] = Counter()
    found: dict[tuple[int, str], Tag] = {}
    excerpts = {excerpt.number: excerpt for excerpt in batch.excerpts}
    for row in _rows(content, limit=len(excerpts) * len(asked)):
        if fault := _fault(row, excerpts, asked=asked, known=known):
            dropped[fault] += 1
            continue
        tag = _tag(row, excerpts[row["turn"]])
        if found.setdefault((row["turn"], tag.tactic), tag) is not tag:
            dropped["duplicate"] += 1
    flooding = _flooding(list(found), len(excerpts))
    kept = [tag for (_, tactic), tag in sorted(found.items()) if tactic not in flooding]
    if flooding:
        dropped["everywhere"] = len(found) - len(kept)
    return Reply(tags=tuple(kept), dropped=dict(dropped))


def _rows(content: str, *, limit: int) -> list[Any]:
    try:
        answer = strict_json(_unfenced(content.strip()))
    except ValueError as err:
        raise ModelError("its answer is not the JSON that was asked for") from err
    if not isinstance(answer, dict) or set(answer) != {"tags"}:
        raise ModelError('its answer is not one object with "tags" alone')
    rows = answer["tags"]
    if not isinstance(rows, list) or len(rows) > limit:
        raise ModelError('its answer has "tags" that are no list, or more than there can be')
    return rows


def _unfenced(text: str) -> str:
    """The text without the code fence that models like to put around JSON."""
    opening, _, rest = text.partition("\n")
    fenced = opening in (_FENCE, f"{_FENCE}json") and rest.endswith(_FENCE)
    return rest.removesuffix(_FENCE) if fenced else text


def _fault(
    row: Any, excerpts: Mapping[int, Excerpt], *, asked: Container[str], known: Container[str]
) -> str:
    """Why a tag cannot be taken; empty where it can."""
    if not _is_of_schema(row):
        return "malformed"
    if row["turn"] not in excerpts:
        return "wrong_turn"
    if row["tactic"] not in asked:
        return "not_interpretive" if row["tactic"] in known else "unknown_tactic"
    stands = _place(row["quote"].strip(), excerpts[row["turn"]].text) >= 0
    return "" if stands else "not_verbatim"


def _is_of_schema(row: object) -> bool:
    return (
        isinstance(row, dict)
        and set(row) == _KEYS
        and type(row["turn"]) is int
        and isinstance(row["tactic"], str)
        and isinstance(row["quote"], str)
    )


def _tag(row: Mapping[str, Any], excerpt: Excerpt) -> Tag:
    quote = row["quote"].strip()
    start_char = excerpt.start_char + _place(quote, excerpt.text)
    return Tag(
        turn=excerpt.turn,
        tactic=row["tactic"],
        score=UNCALIBRATED_SCORE,
        start_char=start_char,
        end_char=start_char + len(quote),
        method=METHOD,
    )


def _place(quote: str, text: str) -> int:
    """Where a quote stands in a text, in whole words, -1 if nowhere: half a word was not said."""
    if not any(letter.isalnum() for letter in quote):
        return -1
    start = text.find(quote)
    while start >= 0 and (_is_inside(text, start) or _is_inside(text, start + len(quote))):
        start = text.find(quote, start + 1)
    return start


def _is_inside(text: str, place: int) -> bool:
    """Whether a place in a text has a letter or a digit on both sides."""
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()


def _flooding(found: Sequence[tuple[int, str]], excerpt_count: int) -> set[str]:
    """The tactics that nearly every turn of a batch is said to show."""
    if excerpt_count < _FLOOD_TURNS:
        return set()
    counts = Counter(tactic for _, tactic in found)
    return {tactic for tactic, count in counts.items() if count >= _FLOOD_SHARE * excerpt_count}
