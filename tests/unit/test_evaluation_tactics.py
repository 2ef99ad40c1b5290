"""Accuracy of tags: counts by hand, what is not judged, labels that corpora call otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.evaluation.corpora import NON_STRATEGIC, REFLECTION, Judged, cases
from pipeline.evaluation.tactics import Accuracy, accuracies, is_found, macro_f1
from pipeline.tactics.codebook import Utterance


def judged(dialogue: str, present: dict[int, str], absent: dict[int, str]) -> Judged:
    """A dialogue of three turns; tactics of a turn divided by blanks."""
    return Judged(
        part="some",
        dialogue=dialogue,
        turns=tuple(Utterance(turn=n, speaker="AB"[n % 2], text="x") for n in range(3)),
        present={turn: frozenset(ids.split()) for turn, ids in present.items()},
        absent={turn: frozenset(ids.split()) for turn, ids in absent.items()},
    )


def only(pairs: list[tuple[Judged, dict[int, set[str]]]]) -> Accuracy:
    """The accuracy of the one tactic that is judged."""
    (found,) = accuracies(pairs)
    return found


def test_precision_recall_and_f1() -> None:
    """Two of three found, one of two wrong turns tagged: P 2/3, R 2/3, F1 2/3."""
    first = judged("a", {0: "label", 1: "label"}, {2: "label"})
    second = judged("b", {0: "label"}, {1: "label"})
    found = only([(first, {0: {"label"}, 2: {"label"}}), (second, {0: {"label"}})])
    assert (found.precision, found.recall, found.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (found.support, found.judged) == (3, 5)
    assert 0 <= found.low <= found.f1 <= found.high <= 1


def test_what_nobody_judged_does_not_count() -> None:
    """A tag on a turn that was not looked at is neither right nor wrong."""
    found = only([(judged("a", {0: "offer"}, {}), {0: {"offer"}, 1: {"offer"}, 2: {"label"}})])
    assert (found.precision, found.recall, found.judged) == (1.0, 1.0, 1)


def test_a_tactic_that_is_never_there_has_no_f1() -> None:
    """There is nothing to recall."""
    assert accuracies([(judged("a", {}, {0: "threat"}), {0: {"threat"}})]) == []


def test_without_spread_the_interval_is_the_value() -> None:
    """Dialogues that are all alike leave nothing to chance."""
    pairs = [(judged(name, {0: "label"}, {1: "label"}), {0: {"label"}}) for name in "abc"]
    found = only(pairs)
    assert (found.low, found.f1, found.high) == (1.0, 1.0, 1.0)


def test_labels_that_the_codebook_divides() -> None:
    """AnnoMI's reflection is a label, a paraphrase or a summary; non-strategic is none of nine."""
    assert is_found({"paraphrase"}, REFLECTION)
    assert not is_found({"mirror"}, REFLECTION)
    assert is_found({"offer"}, NON_STRATEGIC)
    assert not is_found({"offer", "own_need"}, NON_STRATEGIC)


def test_the_mean_counts_every_tactic_alike() -> None:
    """One of two found: a half, however often each occurs."""
    both = judged("a", {0: "label", 1: "offer"}, {})
    found = accuracies([(both, {0: {"label"}})])
    assert macro_f1(found) == pytest.approx(0.5)
    assert macro_f1([]) == 0.0


def test_the_last_turn_of_a_case_is_judged(tmp_path: Path) -> None:
    """Names before the first colon; colons in the text stay."""
    path = tmp_path / "some.toml"
    path.write_text(
        '[[case]]\nid = "x-1"\nturns = ["Ana: Hi.", "Ben: One thing: no."]\n'
        'present = ["reject"]\nabsent = ["accept"]\n',
        encoding="utf-8",
    )
    (case,) = cases(path)
    assert [(turn.speaker, turn.text) for turn in case.turns] == [
        ("Ana", "Hi."),
        ("Ben", "One thing: no."),
    ]
    assert (case.present, case.absent) == ({1: {"reject"}}, {1: {"accept"}})


@pytest.mark.parametrize("text", ["[[case]", "a = 1\n", "\x00"])
def test_a_file_that_holds_no_cases_is_refused(text: str, tmp_path: Path) -> None:
    """The error names the file."""
    path = tmp_path / "some.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"some\.toml: no cases"):
        list(cases(path))
