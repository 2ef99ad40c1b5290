"""What recognition costs: texts joined to the corpus's labels, files that do not fit, the loss."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import parley
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.evaluation.corpora import Judged, as_heard
from pipeline.evaluation.tactics import MEAN, losses
from pipeline.tactics.codebook import Utterance

TEXTS = ("I need 2 water 🙂", "ok", "🙂")


def dialogue(name: str = "7", *, part: str = "CaSiNo valid") -> Judged:
    """A dialogue of three turns, in the first of which a need is expressed."""
    return Judged(
        part=part,
        dialogue=name,
        turns=tuple(
            Utterance(turn=n, speaker="AB"[n % 2], text=text) for n, text in enumerate(TEXTS)
        ),
        present={0: frozenset({"own_need"})},
        absent={1: frozenset({"own_need"}), 2: frozenset({"own_need"})},
    )


def row(turn: int, recognised: str = "x", **changes: Any) -> dict[str, Any]:
    """A line of the file."""
    whole = {
        "corpus": "CaSiNo valid",
        "dialogue": "7",
        "turn": turn,
        "speaker": "AB"[turn % 2],
        "clean": TEXTS[turn % 3],
        "recognised": recognised,
    }
    return {**whole, **changes}


def write(folder: Path, *lines: dict[str, Any] | str) -> Path:
    """A file of these lines, given as objects or as they stand."""
    path = folder / "spoken.jsonl"
    text = (one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in lines)
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


def test_recognised_text_takes_the_place_of_every_turn(tmp_path: Path) -> None:
    """Labels, speakers and numbers of turns stay, whatever the order of the lines."""
    path = write(tmp_path, row(2, ""), row(0, "I knead to water."), "", row(1, "Okay."))
    ((clean, heard),) = as_heard(path, [dialogue()])
    assert clean == dialogue()
    assert [turn.text for turn in heard.turns] == ["I knead to water.", "Okay.", ""]
    assert replace(heard, turns=clean.turns) == clean
    assert [(t.turn, t.speaker) for t in heard.turns] == [(t.turn, t.speaker) for t in clean.turns]


def test_dialogues_that_were_not_spoken_are_left_out(tmp_path: Path) -> None:
    """Nor does a dialogue of the same name in another corpus stand for one."""
    path = write(tmp_path, *(row(n) for n in range(3)))
    asked = [dialogue("8"), dialogue(part="NegoChat"), dialogue()]
    assert [clean for clean, _ in as_heard(path, asked)] == [dialogue()]


def test_a_line_break_that_only_unicode_knows_is_no_new_line(tmp_path: Path) -> None:
    """JSON leaves U+2028 and U+0085 inside its texts."""
    path = write(tmp_path, row(0, "one\u2028two\x85three"), row(1), row(2))
    ((_, heard),) = as_heard(path, [dialogue()])
    assert heard.turns[0].text == "one\u2028two\x85three"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"corpus": "CaSiNo val', "line 2: Unterminated string"),
        ("[]", "line 2: no JSON object"),
        ("{}", "line 2: 'corpus' is missing or no str"),
        (row(0, dialogue=7), "line 2: 'dialogue' is missing or no str"),
        ({**row(0), "turn": "0"}, "line 2: 'turn' is missing or no int"),
        ({**row(0), "turn": True}, "line 2: 'turn' is missing or no int"),
        (row(0, clean=None), "line 2: 'clean' is missing or no str"),
        (row(0, recognised=["x"]), "line 2: 'recognised' is missing or no str"),
        (row(1, "secret"), "line 2: this turn was there before"),
        ("[" * 100_000, "line 2: "),
        ('{"turn": 1' + "0" * 5000 + "}", "line 2: "),
    ],
)
def test_lines_that_cannot_be_read(
    line: dict[str, Any] | str, problem: str, tmp_path: Path
) -> None:
    """The error names the file, the line and what is wrong, and quotes no text."""
    path = write(tmp_path, row(1), line)
    with pytest.raises(InputError, match=r"spoken\.jsonl") as caught:
        list(as_heard(path, [dialogue()]))
    assert problem in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([row(0), row(2)], "dialogue 7 of CaSiNo valid has no turn 1"),
        ([row(n) for n in range(4)], "dialogue 7 of CaSiNo valid has a strange turn 3"),
        ([row(-1), *(row(n) for n in range(3))], "has a strange turn -1"),
        ([row(0), row(1, clean="no"), row(2)], "turn 1: not the text of this corpus"),
    ],
)
def test_dialogues_that_do_not_fit(
    rows: list[dict[str, Any]], problem: str, tmp_path: Path
) -> None:
    """Half a dialogue, or that of another corpus, is no measure; the error says what to do."""
    with pytest.raises(InputError, match="speak_corpora again") as caught:
        list(as_heard(write(tmp_path, *rows), [dialogue()]))
    assert problem in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe{"])
def test_a_file_that_cannot_be_read(content: bytes | None, tmp_path: Path) -> None:
    """Missing, or no UTF-8."""
    path = tmp_path / "spoken.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"spoken\.jsonl cannot be read.*speak_corpora"):
        list(as_heard(path, [dialogue()]))


@given(texts=st.lists(st.text(), min_size=3, max_size=3))
def test_any_text_comes_back_as_it_was(
    texts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever a recogniser may write."""
    rows = [json.dumps(row(n, text)) for n, text in enumerate(texts)]
    path = write(tmp_path_factory.mktemp("any"), *rows)
    ((_, heard),) = as_heard(path, [dialogue()])
    assert [turn.text for turn in heard.turns] == texts


def test_the_loss_of_each_tactic_and_their_mean() -> None:
    """Typed: both found; recognised: the one need is missed and the offer found: loss 1 and 0."""
    judged = replace(
        dialogue(),
        present={0: frozenset({"own_need", "offer"}), 1: frozenset({"offer"})},
        absent={1: frozenset({"own_need", "threat"})},
    )
    typed = {0: {"own_need", "offer"}, 1: {"offer"}}
    heard = {0: {"offer"}, 1: {"offer"}}
    need, mean, offer = sorted(losses([(judged, typed, heard)]), key=lambda one: -one.loss)
    assert (need.tactic, need.clean_f1, need.recognised_f1, need.loss) == ("own_need", 1, 0, 1)
    assert (offer.tactic, offer.loss, offer.support) == ("offer", 0, 2)
    assert (mean.tactic, mean.loss, mean.support) == (MEAN, 0.5, 3)
    assert (need.low, need.high, mean.low, mean.high) == (1, 1, 0.5, 0.5)


def test_parts_are_apart_and_a_gain_is_a_negative_loss() -> None:
    """A wrong tag that only the typed text has: F1 2/3 typed, 1 recognised."""
    one, two = dialogue(), dialogue(part="other")
    found = losses(
        [(one, {0: {"own_need"}, 1: {"own_need"}}, {0: {"own_need"}}), (two, {}, {})],
    )
    parts = [(loss.part, loss.tactic) for loss in found]
    assert parts == [(part, own) for part in (one.part, two.part) for own in ("own_need", MEAN)]
    assert found[0].loss == pytest.approx(-1 / 3)
    assert (found[2].clean_f1, found[2].loss) == (0, 0)


def test_nothing_present_nothing_lost() -> None:
    """Without a tactic to find there is no F1."""
    assert losses([(replace(dialogue(), present={}), {}, {})]) == []
    assert losses([]) == []


def corpora(folder: Path) -> Path:
    """A folder of data with one short dialogue in each corpus that is measured."""
    turns = [{"speaker": "AB"[n % 2], "text": text} for n, text in enumerate(TEXTS)]
    labels = (["self-need"], ["non-strategic"], ["non-strategic"])
    valid = {
        "dialogue_id": 7,
        "turns": turns,
        "annotated": [
            {"text": turn["text"], "labels": own} for turn, own in zip(turns, labels, strict=True)
        ],
    }
    for name, rows in {"annomi/train": [], "negochat/train": [], "casino/valid": [valid]}.items():
        path = folder / "data" / "corpora" / f"{name}.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return folder / "data"


def test_the_command_prints_and_writes_the_loss(tmp_path: Path) -> None:
    """The rules find the need in what was typed, and nothing in what was recognised."""
    spoken = write(tmp_path, row(0, "Rain."), row(1, "Okay."), row(2, ""))
    out, as_json = tmp_path / "tactics.md", tmp_path / "tactics.json"
    result = parley(
        "eval", "tactics", "--data", corpora(tmp_path), "--spoken", spoken, "--model", "",
        "--out", out, "--json", as_json,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "CaSiNo valid, spoken and recognised" in result.output
    written = out.read_text("utf-8")
    assert "## Spoken and recognised" in written
    assert "### CaSiNo valid" in written
    rows = {one["tactic"]: one for one in json.loads(as_json.read_text("utf-8"))["spoken"]}
    assert rows["own_need"]["recognised_f1"] == 0
    assert rows["own_need"]["loss"] == rows["own_need"]["clean_f1"]


def test_without_spoken_nothing_of_it_is_printed(tmp_path: Path) -> None:
    """The other tables stand as they are."""
    out = tmp_path / "tactics.md"
    result = parley("eval", "tactics", "--data", corpora(tmp_path), "--model", "", "--out", out)
    assert result.exit_code == 0, result.output
    assert "recognised" not in result.output + out.read_text("utf-8")


@pytest.mark.parametrize("given_data", [True, False])
def test_spoken_needs_the_corpora_and_something_of_them(given_data: bool, tmp_path: Path) -> None:
    """Exit code 3 and what to do, for no --data and for a file of other dialogues."""
    spoken = write(tmp_path, row(0, corpus="NegoChat"))
    data = ("--data", corpora(tmp_path)) if given_data else ()
    result = parley("eval", "tactics", *data, "--spoken", spoken, "--model", "")
    assert result.exit_code == 3
    wanted = "no dialogue of CaSiNo valid" if given_data else "give --data too"
    assert wanted in " ".join(result.output.split())
