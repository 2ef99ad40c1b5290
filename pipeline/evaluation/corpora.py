"""Annotated corpora and hand-written cases, as turns with what is known to be in them."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.tactics.codebook import Utterance

REFLECTION = "reflection"
NON_STRATEGIC = "non_strategic"
"""CaSiNo's mark for turns that none of its strategies is in."""
UNIONS: Mapping[str, frozenset[str]] = {
    REFLECTION: frozenset({"label", "paraphrase", "summary"}),
}
"""Labels of corpora that the codebook divides: the union of its tactics is compared with them."""
CASINO_LABELS: Mapping[str, str] = {
    "small-talk": "rapport",
    "self-need": "own_need",
    "other-need": "other_need",
    "no-need": "no_need",
    "elicit-pref": "elicit_preference",
    "uv-part": "undervalue_partner",
    "vouch-fair": "fairness_appeal",
    "showing-empathy": "empathy",
    "promote-coordination": "coordination",
    "non-strategic": NON_STRATEGIC,
}
CONDUCT = frozenset({"dynamic_silence", "interruption", "backchannel"})
"""Tactics that timing shows."""
_UNSURE = re.compile(r"</?[A-Z_]+/?>")
_NEGOCHAT_ACTS = {"Offer": "offer", "Accept": "accept", "Reject": "reject"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A dialogue of which some turns were judged.

    `present` and `absent` map places in `turns` to tactics that are, or surely are not, there;
    what is in neither was not judged. `part` names the data in tables.
    """

    part: str
    dialogue: str
    turns: tuple[Utterance, ...]
    present: Mapping[int, frozenset[str]]
    absent: Mapping[int, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A turn as the corpus has it, and what was recognised of it when it was spoken."""

    clean: str
    recognised: str


def corpus_lines(path: Path) -> list[Any]:
    """The JSON lines of a corpus. Raises InputError where it is not here."""
    try:
        return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except OSError as err:
        raise InputError(
            f"{path.parent.name}/{path.name}: the corpus is not here; give --data"
        ) from err


def _complete(
    part: str,
    dialogue: str,
    said: Sequence[tuple[str, str]],
    truths: Mapping[int, frozenset[str]],
    judged: frozenset[str],
) -> Judged:
    """A dialogue whose judged turns were looked at for every one of the `judged` tactics."""
    return Judged(
        part=part,
        dialogue=dialogue,
        turns=tuple(
            Utterance(turn=place, speaker=speaker, text=text)
            for place, (speaker, text) in enumerate(said)
        ),
        present=truths,
        absent={place: judged - truth for place, truth in truths.items()},
    )


def annomi(corpora: Path) -> Iterator[Judged]:
    """AnnoMI's therapist turns: open and closed questions, reflections. Evaluation only."""
    judged = frozenset({"open_question", "closed_question", REFLECTION})
    rows = corpus_lines(corpora / "annomi" / "train.jsonl")
    for dialogue, group in groupby(rows, key=lambda row: str(row["transcript_id"])):
        turns = list(group)
        yield _complete(
            "AnnoMI",
            dialogue,
            [(row["interlocutor"], row["utterance_text"]) for row in turns],
            {
                place: _annomi_truth(row)
                for place, row in enumerate(turns)
                if row["interlocutor"] == "therapist"
            },
            judged,
        )


def _annomi_truth(row: Mapping[str, str]) -> frozenset[str]:
    asked = {f"{row['question_subtype']}_question"} if row["question_exists"] == "True" else set()
    reflected = {REFLECTION} if row["reflection_exists"] == "True" else set()
    return frozenset(asked | reflected)


def negochat(corpora: Path) -> Iterator[Judged]:
    """NegoChat: offers, acceptances and rejections of both roles."""
    judged = frozenset(_NEGOCHAT_ACTS.values())
    for row in corpus_lines(corpora / "negochat" / "train.jsonl"):
        acts = [{act for output in turn["output"] for act in output} for turn in row["turns"]]
        yield _complete(
            "NegoChat",
            str(row["id"]),
            [(turn["role"], turn["text"]) for turn in row["turns"]],
            {
                place: frozenset(_NEGOCHAT_ACTS[act] for act in found if act in _NEGOCHAT_ACTS)
                for place, found in enumerate(acts)
            },
            judged,
        )


def casino(corpora: Path, *, part: str) -> Iterator[Judged]:
    """The annotated dialogues of CaSiNo's `part` (train, valid): its nine strategies."""
    judged = frozenset(CASINO_LABELS.values())
    for row in corpus_lines(corpora / "casino" / f"{part}.jsonl"):
        if row["annotated"]:
            yield _complete(
                f"CaSiNo {part}",
                str(row["dialogue_id"]),
                _casino_turns(row),
                {
                    place: frozenset(CASINO_LABELS[label] for label in turn["labels"])
                    for place, turn in enumerate(row["annotated"])
                },
                judged,
            )


def _casino_turns(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Annotated texts with their speakers, who stand in the list of all turns only."""
    said: list[tuple[str, str]] = []
    rest = iter(row["turns"])
    for turn in row["annotated"]:
        match = next((one for one in rest if one["text"].strip() == turn["text"].strip()), None)
        said.append((match["speaker"] if match else str(len(said) % 2), turn["text"]))
    return said


def primock(corpora: Path, *, absent: frozenset[str]) -> Iterator[Judged]:
    """PriMock57: recorded consultations, in which the `absent` tactics are taken not to occur."""
    for row in corpus_lines(corpora / "primock57" / "train.jsonl"):
        said = [(turn["speaker"], _UNSURE.sub("", turn["text"])) for turn in row["utterances"]]
        nothing = dict.fromkeys(range(len(said)), frozenset[str]())
        yield _complete("PriMock57", str(row["id"]), said, nothing, absent)


def annotated_call(path: Path) -> Iterator[Judged]:
    """A call's reference with its tactics, such as the demo call's: every turn was looked at.

    Judged are the tactics that it marks, those of timing left out: a text cannot show them.
    Raises InputError.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
        turns = [turn for turn in document["turns"] if turn["kind"] == "turn"]
        marks = [(mark["turn"], mark["tactic"]) for mark in document["tactics"]]
        places = {turn["index"]: place for place, turn in enumerate(turns)}
        said = [(turn["speaker"], turn["text"]) for turn in turns]
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise InputError(f"{path.name}: no reference of a call: {err}") from err
    judged = frozenset(tactic for _, tactic in marks) - CONDUCT
    truths: dict[int, set[str]] = {place: set() for place in places.values()}
    for turn, tactic in marks:
        if turn in places and tactic in judged:
            truths[places[turn]].add(tactic)
    present = {place: frozenset(found) for place, found in truths.items()}
    yield _complete(f"call: {path.parent.name}", path.stem, said, present, judged)


def conversations(path: Path) -> Iterator[Judged]:
    """Hand-written conversations with every turn of the judged speakers labelled.

    The file's `judged` names the tactics that were looked for; a turn is "Name: text || tactic,
    tactic", where a "?" marks what is arguable and not judged there. Raises InputError.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        judged = frozenset([*document["judged"]])
        rows = [
            (str(row["id"]), [str(turn) for turn in row["turns"]]) for row in document["dialogue"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise InputError(f"{path.name}: no conversations: {err}") from err
    for name, written in rows:
        lines = [turn.partition("||") for turn in written]
        said = [text.strip().partition(": ") for text, _, _ in lines]
        marks = {
            place: {mark.strip() for mark in marks.split(",")} - {""}
            for place, (_, looked_at, marks) in enumerate(lines)
            if looked_at
        }
        unsure = {
            place: {one.rstrip("?") for one in own if one.endswith("?")}
            for place, own in marks.items()
        }
        present = {
            place: frozenset(one for one in own if not one.endswith("?"))
            for place, own in marks.items()
        }
        yield Judged(
            part=f"conversations: {path.stem}",
            dialogue=name,
            turns=tuple(
                Utterance(turn=place, speaker=speaker, text=text)
                for place, (speaker, _, text) in enumerate(said)
            ),
            present=present,
            absent={place: judged - found - unsure[place] for place, found in present.items()},
        )


def cases(path: Path) -> Iterator[Judged]:
    """Hand-written cases: the last turn of each is judged. Raises InputError."""
    try:
        rows = tomllib.loads(path.read_text("utf-8"))["case"]
    except (OSError, ValueError, KeyError) as err:
        raise InputError(f"{path.name}: no cases: {err}") from err
    for row in rows:
        said = [turn.partition(": ") for turn in row["turns"]]
        last = len(said) - 1
        yield Judged(
            part=f"cases: {path.stem}",
            dialogue=row["id"],
            turns=tuple(
                Utterance(turn=place, speaker=speaker, text=text)
                for place, (speaker, _, text) in enumerate(said)
            ),
            present={last: frozenset(row["present"])},
            absent={last: frozenset(row["absent"])},
        )


def as_heard(spoken: Path, dialogues: Iterable[Judged]) -> Iterator[tuple[Judged, Judged]]:
    """Each dialogue that was spoken, as typed and with the recognised text of all its turns.

    `spoken` is the file that scripts/speak_corpora writes. What is present and absent is the
    corpus's, joined by corpus, dialogue and turn; dialogues that the file does not hold are left
    out. Raises InputError for lines that cannot be read, for dialogues that are not whole, and
    for those whose text is not the corpus's.
    """
    readings = _readings(spoken)
    for dialogue in dialogues:
        own = readings.get((dialogue.part, dialogue.dialogue))
        if own is not None:
            yield dialogue, _reworded(dialogue, own, file=spoken.name)


def _reworded(dialogue: Judged, readings: Mapping[int, Reading], *, file: str) -> Judged:
    name = f"{file}: dialogue {dialogue.dialogue} of {dialogue.part}"
    turns = {turn.turn for turn in dialogue.turns}
    if odd := sorted(turns ^ readings.keys()):
        here = "has no" if odd[0] in turns else "has a strange"
        raise InputError(f"{name} {here} turn {odd[0]}; run scripts/speak_corpora again")
    for turn in dialogue.turns:
        if readings[turn.turn].clean != turn.text:
            raise InputError(
                f"{name}, turn {turn.turn}: not the text of this corpus; give the --data that it "
                "was made from, or run scripts/speak_corpora again"
            )
    heard = (replace(turn, text=readings[turn.turn].recognised) for turn in dialogue.turns)
    return replace(dialogue, turns=tuple(heard))


def _readings(path: Path) -> dict[tuple[str, str], dict[int, Reading]]:
    """The readings of a file by corpus and dialogue, then by turn. Raises InputError."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(
            f"{path.name} cannot be read ({err}); scripts/speak_corpora makes it"
        ) from err
    found: dict[tuple[str, str], dict[int, Reading]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            corpus, dialogue, turn, reading = _reading(line)
        except (ValueError, TypeError, RecursionError) as err:
            raise InputError(
                f"{path.name}, line {number}: {err}; run scripts/speak_corpora again"
            ) from err
        if found.setdefault((corpus, dialogue), {}).setdefault(turn, reading) is not reading:
            raise InputError(f"{path.name}, line {number}: this turn was there before")
    return found


def _reading(line: str) -> tuple[str, str, int, Reading]:
    """Corpus, dialogue, turn and texts of a line. Raises ValueError or TypeError."""
    row = json.loads(line)
    if not isinstance(row, dict):
        raise TypeError("no JSON object")
    for name, kind in _READING_FIELDS.items():
        if type(row.get(name)) is not kind:
            raise TypeError(f"{name!r} is missing or no {kind.__name__}")
    texts = Reading(clean=row["clean"], recognised=row["recognised"])
    return row["corpus"], row["dialogue"], row["turn"], texts


_READING_FIELDS = {"corpus": str, "dialogue": str, "turn": int, "clean": str, "recognised": str}
