"""A ConvoKit corpus: the folder that `convokit.Corpus(filename=…)` loads (seen in ConvoKit 5.0).

Texts stay character for character: JSON escapes what could do harm.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.stages.exports.call import Call

_DIGEST_DIGITS = 12
_TAG = (
    "tactic", "family", "score", "quote", "start_char", "end_char", "start_s", "end_s", "method",
    "experimental",
)  # fmt: skip
_FOUND = ("offers", "outcomes", "moments", "questions", "effects")

Row = Mapping[str, Any]


def corpus(call: Call) -> dict[str, str]:
    """Each file of the corpus by name.

    An utterance a turn, a reply to the one before; `<digest>-<turn>` is its id and
    `<digest>-<speaker>` its speaker's, so that corpora of several calls can be merged and nobody
    is taken for somebody else. `timestamp` is the start in seconds, null without times.
    """
    prefix = str(call.report["recording"]["digest"])[:_DIGEST_DIGITS]
    ids = {speaker: f"{prefix}-{speaker}" for speaker in call.speakers}
    utterances = _utterances(call, prefix=prefix, ids=ids)
    speakers = {own: _component(_speaker(call, speaker)) for speaker, own in ids.items()}
    root = utterances[0]["id"] if utterances else None
    conversations = {root: _component(_conversation(call, ids=ids))} if root else {}
    overall = {"name": call.report["recording"]["name"], "versions": call.report["versions"]}
    return {
        "utterances.jsonl": "".join(f"{_json(one)}\n" for one in utterances),
        "speakers.json": _json(speakers),
        "conversations.json": _json(conversations),
        "corpus.json": _json(overall),
        "index.json": _json(
            {
                "utterances-index": _index(one["meta"] for one in utterances),
                "speakers-index": _index(one["meta"] for one in speakers.values()),
                "conversations-index": _index(one["meta"] for one in conversations.values()),
                "overall-index": _index([overall]),
                "version": 1,
                "vectors": [],
            }
        ),
    }


def _utterances(call: Call, *, prefix: str, ids: Mapping[str, str]) -> list[dict[str, Any]]:
    """A line of utterances.jsonl for each turn, in order of start."""
    tags: dict[int, list[Row]] = {}
    for tag in call.report["tactics"]:
        tags.setdefault(tag["turn"], []).append({key: tag[key] for key in _TAG if key in tag})
    own = [f"{prefix}-{turn}" for turn in call.turns["turn"]]
    return [
        {
            "id": utterance,
            "conversation_id": own[0],
            "text": row["text"],
            "speaker": ids[row["speaker"]],
            "meta": _turn(row, tags=tags.get(row["turn"], [])),
            "reply-to": before,
            "timestamp": _seconds(row["start_ms"]),
            "vectors": [],
        }
        for utterance, before, row in zip(
            own, [None, *own], call.turns.iter_rows(named=True), strict=False
        )
    ]


def _turn(row: Row, *, tags: list[Row]) -> dict[str, Any]:
    return {
        "turn": row["turn"],
        "start_s": _seconds(row["start_ms"]),
        "end_s": _seconds(row["end_ms"]),
        "kind": row["kind"],
        "tactics": tags,
    }


def _seconds(time_ms: int | None) -> float | None:
    return None if time_ms is None else time_ms / 1000


def _speaker(call: Call, speaker: str) -> Row:
    """The report's figures of a speaker, with name, id in the report, and `is_me`."""
    found: Row = next((one for one in call.report["speakers"] if one["id"] == speaker), {})
    figures = {key: value for key, value in found.items() if key != "id"}
    return {"name": speaker, "is_me": False, **figures, "id_in_report": speaker}


def _conversation(call: Call, *, ids: Mapping[str, str]) -> dict[str, Any]:
    """What the report found in the call, with the speakers' ids of the corpus."""
    report = call.report
    found = {key: _with_ids(report.get(key, []), ids=ids) for key in _FOUND}
    return {"recording": report["recording"], "totals": report["totals"], **found}


def _with_ids(value: Any, *, ids: Mapping[str, str]) -> Any:
    """The value with the corpus's ids wherever it names a speaker."""
    if isinstance(value, list):
        return [_with_ids(one, ids=ids) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: ids.get(one, one)
        if key in ("speaker", "toward") and isinstance(one, str)
        else _with_ids(one, ids=ids)
        for key, one in value.items()
    }


def _component(meta: Row) -> dict[str, Any]:
    return {"meta": meta, "vectors": []}


def _index(metas: Iterable[Row]) -> dict[str, list[str]]:
    """For each key the types of its values, as Python prints them; null has none."""
    types: dict[str, dict[str, None]] = {}
    for meta in metas:
        for key, value in meta.items():
            known = types.setdefault(key, {})
            if value is not None:
                known[str(type(value))] = None
    return {key: list(known) for key, known in types.items()}


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)
