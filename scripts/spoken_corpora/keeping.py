"""spoken.jsonl: whole dialogues, one turn a line, and the word error rate over them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipeline.evaluation.corpora import Judged

Row = dict[str, Any]


def rows_of(dialogue: Judged, *, spoken: Sequence[str], recognised: Sequence[str]) -> list[Row]:
    """The lines of a dialogue: `clean` is the corpus's text, `spoken` what the voices said."""
    return [
        {
            "corpus": dialogue.part,
            "dialogue": dialogue.dialogue,
            "turn": turn.turn,
            "speaker": turn.speaker,
            "clean": turn.text,
            "spoken": said,
            "recognised": heard,
        }
        for turn, said, heard in zip(dialogue.turns, spoken, recognised, strict=True)
    ]


def kept_rows(path: Path, dialogues: Iterable[Judged]) -> list[Row]:
    """The lines of a file that belong to whole dialogues of the corpora as they are now.

    A run that was killed leaves a part of a dialogue or of a line: that is left out.
    """
    if not path.is_file():
        return []
    by_key: dict[tuple[str, str], list[Row]] = {}
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            row = json.loads(line)
            by_key.setdefault((row["corpus"], row["dialogue"]), []).append(row)
        except (ValueError, KeyError, TypeError):
            continue
    return [
        row
        for dialogue in dialogues
        for row in _whole(by_key.get((dialogue.part, dialogue.dialogue), []), dialogue)
    ]


def _whole(rows: list[Row], dialogue: Judged) -> list[Row]:
    texts = [(turn.turn, turn.text) for turn in dialogue.turns]
    return rows if [(row.get("turn"), row.get("clean")) for row in rows] == texts else []


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write the file anew; it is never half written."""
    draft = path.with_suffix(".draft")
    draft.write_text("".join(map(_line, rows)), encoding="utf-8")
    draft.replace(path)


def add_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write the lines of a dialogue at the end of the file, and to the disk."""
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(map(_line, rows)))
        file.flush()
        os.fsync(file.fileno())


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def word_errors(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Per corpus, and over all: turns, words, and word errors over words.

    Texts are compared as Whisper's English normaliser leaves them, turn by turn, so that a word
    that reaches a neighbouring turn is an error in both.
    """
    corpora = dict.fromkeys(row["corpus"] for row in rows)
    parts = {corpus: [row for row in rows if row["corpus"] == corpus] for corpus in corpora}
    return {name: _word_errors(own) for name, own in {**parts, "all": list(rows)}.items()}


def _word_errors(rows: Sequence[Row]) -> dict[str, float]:
    from jiwer import process_words

    from pipeline.evaluation.normalise import normalised

    pairs = [(normalised(row["spoken"]), normalised(row["recognised"])) for row in rows]
    said = [(truth, heard) for truth, heard in pairs if truth]
    out_of_nothing = sum(len(heard.split()) for truth, heard in pairs if not truth)
    words = sum(len(truth.split()) for truth, _ in said)
    found = process_words([truth for truth, _ in said], [heard for _, heard in said])
    errors = found.substitutions + found.deletions + found.insertions + out_of_nothing
    return {
        "dialogues": len({(row["corpus"], row["dialogue"]) for row in rows}),
        "turns": len(rows),
        "words": words,
        "word_error_rate": round(errors / max(words, 1), 4),
    }
