"""scripts/train_tactics: who may teach, how rare a tactic stays, and which mode is chosen."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from tactics_training.choosing import (
    THRESHOLDS,
    WELL_KNOWN,
    _best,
    _Seen,
    choose,
    f1,
    folded_f1,
    is_judged,
    lowest_threshold,
)
from tactics_training.examples import (
    BACKGROUND,
    CASINO,
    DEV,
    FOLDS,
    NEGOCHAT,
    OWN,
    TALK,
    UNLABELLED,
    Example,
    _examples,
    write_examples,
)
from tactics_training.report import report
from train_tactics import _facts, _is_learnable, _scores

from pipeline.errors import InputError
from pipeline.evaluation.corpora import CASINO_LABELS, Judged, conversations
from pipeline.tactics.codebook import Utterance
from pipeline.tactics.learned import EITHER, LEARNED, RULE, classifier_from

TACTIC = "offer"


def example(
    labels: Mapping[str, bool] | None = None,
    *,
    part: str = OWN,
    dialogue: str = "a",
    by_rule: bool = False,
) -> Example:
    """A turn with what is known of it."""
    return Example(
        part=part,
        dialogue=dialogue,
        text="a tent",
        other="",
        facts=(0.5,),
        labels=labels or {},
        by_rule=frozenset({TACTIC} if by_rule else ()),
    )


def bools(text: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """ "101" as truths."""
    return np.array([mark == "1" for mark in text], dtype=bool)


# --- folds


@pytest.mark.parametrize(("dialogue", "fold"), [("abc", 0), ("a", 4), ("c", 3), ("f", 2)])
def test_a_dialogues_fold_never_changes(dialogue: str, fold: int) -> None:
    """16 leaves 1 when divided by 5: the fold is the sum of the hash's digits, less all fives.

    The digits of "abc", ba7816bf…f20015ad, sum to a multiple of 5.
    """
    assert example(dialogue=dialogue).fold == fold


@given(dialogue=st.text(max_size=20), part=st.sampled_from([OWN, CASINO, DEV]))
def test_all_turns_of_a_dialogue_are_in_one_fold(dialogue: str, part: str) -> None:
    """Whatever else is known of them: a network never trains on turns of a dialogue it judges."""
    one = example(dialogue=dialogue, part=part, labels={TACTIC: True})
    assert one.fold == example(dialogue=dialogue).fold
    assert 0 <= one.fold < FOLDS


# --- F1


@pytest.mark.parametrize(
    ("truth", "found", "expected"),
    [
        ("1100", "1100", 1.0),
        ("1100", "0011", 0.0),
        ("1100", "1010", 0.5),  # 2 * 1 / (2 + 2)
        ("1110", "1000", 0.5),  # 2 * 1 / (3 + 1)
        ("1000", "1110", 0.5),
        ("0000", "0000", 0.0),
        ("0000", "0100", 0.0),
        ("", "", 0.0),
    ],
)
def test_f1(truth: str, found: str, expected: float) -> None:
    """Twice what is right over what is there and what was found; 0 where there is neither."""
    assert f1(bools(truth), bools(found)) == pytest.approx(expected)


def folded(scores: Mapping[tuple[str, bool], float], *, times: int = 10) -> float:
    """Folded F1 of dialogues "a" (fold 4) and "abc" (fold 0): a score for each and each truth."""
    rows = [
        (example({TACTIC: present}, dialogue=dialogue), score)
        for (dialogue, present), score in scores.items()
        for _ in range(times)
    ]
    own = np.array([score for _, score in rows], dtype=np.float32)
    return folded_f1(TACTIC, OWN, own, [row for row, _ in rows])


def test_folds_that_agree_are_scored_with_each_others_threshold() -> None:
    """What parts the one fold parts the other."""
    assert folded(
        {("a", True): 0.9, ("a", False): 0.2, ("abc", True): 0.9, ("abc", False): 0.2}
    ) == pytest.approx(1.0)


def test_a_fold_does_not_choose_its_own_threshold() -> None:
    """Each fold alone is parted perfectly, but by another threshold.

    With the threshold of "abc" all of "a" is found, 10 right and 10 wrong; with that of "a"
    nothing of "abc": 2 * 10 / (20 there + 20 found) = 0.5.
    """
    assert folded(
        {("a", True): 0.9, ("a", False): 0.6, ("abc", True): 0.4, ("abc", False): 0.1}
    ) == pytest.approx(0.5)


def test_other_parts_and_unlabelled_turns_do_not_count() -> None:
    """Only turns of the part that were looked at for the label."""
    rows = [
        example({TACTIC: True}), example({TACTIC: False}),
        example({TACTIC: True}, dialogue="abc"), example({TACTIC: False}, dialogue="abc"),
    ]  # fmt: skip
    odd = [example({TACTIC: False}, part=CASINO), example({"accept": True}), example()]
    scores = np.array([0.9, 0.1, 0.9, 0.1, 1.0, 1.0, 1.0], dtype=np.float32)
    assert folded_f1(TACTIC, OWN, scores, [*rows, *odd]) == pytest.approx(1.0)


# --- how rare a tactic stays


def unjudged(
    part: str = BACKGROUND, *, count: int = 101, by_rule: int = 0, labels: bool = False
) -> list[Example]:
    """Turns that nobody looked at for the tactic, of which the rules find it in some."""
    own = {TACTIC: False} if labels else {}
    return [example(own, part=part, by_rule=at < by_rule) for at in range(count)]


RISING = np.linspace(0, 1, 101, dtype=np.float32)
"""Probabilities 0.00, 0.01 … 1.00."""


@pytest.mark.parametrize(
    ("by_rule", "expected"),
    [
        (0, 0.97),  # at most 3 in 100
        (1, 0.97),  # twice 1 / 101 is less than that
        (20, 1 - 40 / 101),
        (101, 0.0),
    ],
)
def test_a_tactic_stays_rare_where_it_was_not_looked_for(by_rule: int, expected: float) -> None:
    """In 3 of 100 turns, or in twice as many as the rules find: the quantile of what is likely."""
    assert lowest_threshold(TACTIC, RISING, unjudged(by_rule=by_rule)) == pytest.approx(
        expected, abs=1e-3
    )


@pytest.mark.parametrize(
    ("part", "labels", "bound"),
    [
        (BACKGROUND, False, True),
        (BACKGROUND, True, True),  # taken to be absent, which is no judgement
        (NEGOCHAT, False, True),
        (CASINO, False, True),
        (NEGOCHAT, True, False),
        (CASINO, True, False),
        (OWN, False, False),
        (TALK, False, False),
        (DEV, False, False),
        (UNLABELLED, False, False),
    ],
)
def test_only_recorded_talk_that_was_not_judged_bounds(
    part: str, labels: bool, bound: bool
) -> None:
    """Where people looked for the tactic their judgement counts; written cases are not talk."""
    lowest = lowest_threshold(TACTIC, RISING, unjudged(part, labels=labels))
    assert lowest == pytest.approx(0.97 if bound else 0.0, abs=1e-3)


def test_the_strictest_part_bounds_and_never_to_nothing() -> None:
    """A tactic that seems sure everywhere can still be found: the threshold stays under 1."""
    rows = [*unjudged(), *unjudged(NEGOCHAT)]
    assert lowest_threshold(TACTIC, np.r_[RISING, RISING / 2], rows) == pytest.approx(
        0.97, abs=1e-3
    )
    assert lowest_threshold(TACTIC, np.ones(202, dtype=np.float32), rows) == 0.999
    assert lowest_threshold(TACTIC, np.ones(0, dtype=np.float32), []) == 0.0


@pytest.mark.parametrize(
    ("part", "judged"),
    [(OWN, True), (TALK, True), (DEV, True), (CASINO, True), (NEGOCHAT, True), (BACKGROUND, False)],
)
def test_what_is_taken_to_be_absent_was_not_judged(part: str, judged: bool) -> None:
    """Nor is what nobody labelled."""
    assert is_judged(example({TACTIC: False}, part=part), TACTIC) is judged
    assert not is_judged(example({"accept": True}, part=part), TACTIC)


# --- mode and threshold


def best(likely: Sequence[float], truth: str, by_rule: str, part: str = "") -> tuple[str, float]:
    """The choice for turns of one part, or of one part a letter."""
    seen = _Seen(
        truth=bools(truth),
        likely=np.array(likely, dtype=np.float32),
        by_rule=bools(by_rule),
        parts=np.array(list(part or "a" * len(truth))),
    )
    return _best(seen, list(THRESHOLDS))


PARTED = [0.91, 0.81, 0.71, 0.31, 0.21, 0.11]


def test_a_network_that_parts_them_is_chosen_with_the_highest_threshold_that_does() -> None:
    """Thresholds are 0.025 apart: 0.7 is the last under 0.71. The rules find nothing."""
    assert best(PARTED, "111000", "000000") == (LEARNED, pytest.approx(0.7))


def test_either_must_be_better_than_the_network() -> None:
    """Where the rules' finds add nothing the network has them already."""
    assert best(PARTED, "111000", "110000")[0] == LEARNED


def test_rules_that_find_what_the_network_misses_are_joined() -> None:
    """Four by each, eight in all: F1 of either is 1, of one alone 2 * 4 / (8 + 4)."""
    likely = [0.91] * 4 + [0.05] * 8
    assert best(likely, "1" * 8 + "0" * 4, "0" * 4 + "1" * 4 + "0" * 4) == (
        EITHER,
        pytest.approx(0.9),
    )


@pytest.mark.parametrize(("missed", "mode"), [(1, RULE), (2, LEARNED)])
def test_the_network_must_be_clearly_better_than_the_rules(missed: int, mode: str) -> None:
    """Rules that miss one of 30 have F1 58 / 59 = 0.983, two 56 / 58 = 0.966; the network 1."""
    by_rule = "0" * missed + "1" * (30 - missed) + "0" * 30
    assert best([0.95] * 30 + [0.01] * 30, "1" * 30 + "0" * 30, by_rule)[0] == mode


def test_each_part_counts_alike() -> None:
    """Three finds in a small part weigh as much as thirty in a large one.

    Rules: 1 in the large, 0 in the small, 0.5 on average; network: 0 and 1 below 0.5, so either,
    which has both.
    """
    likely = [0.01] * 60 + [0.9] * 3 + [0.01] * 3
    truth = "1" * 30 + "0" * 30 + "111000"
    by_rule = "1" * 30 + "0" * 30 + "000000"
    assert best(likely, truth, by_rule, "a" * 60 + "b" * 6)[0] == EITHER


def test_parts_with_few_finds_are_not_judged_by() -> None:
    """Two finds in the second part, which alone would speak for the rules."""
    likely = [*PARTED, 0.01, 0.01]
    assert best(likely, "11100011", "00000011", "aaaaaabb") == (LEARNED, pytest.approx(0.7))


def choice_for(*, talk: int = 0, rows: Sequence[Example] = ()) -> Any:
    """The choice from 120 labelled turns that the scores part; `rows` score as what is there."""
    labelled = [
        example({TACTIC: at < 60}, part=TALK if at < talk else OWN, dialogue=str(at))
        for at in range(120)
    ]
    scores = np.array([3.0] * 60 + [-3.0] * 60 + [3.0] * len(rows), dtype=np.float32)
    return choose(TACTIC, scores, [*labelled, *rows])


def test_a_choice_is_calibrated_and_says_what_it_found() -> None:
    """Scores that part the turns at zero get a probability of a half there, rising with them."""
    choice = choice_for()
    assert (choice.tactic, choice.mode) == (TACTIC, LEARNED)
    assert choice.scale > 0
    assert choice.shift == pytest.approx(0.0, abs=1e-3)
    (part,) = choice.parts
    assert (part.name, part.rule, part.learned, part.either) == (OWN, 0.0, 1.0, 1.0)
    assert (part.judged, part.present) == (120, 60)


def test_unlabelled_turns_do_not_calibrate() -> None:
    """A label that is only taken for granted neither."""
    granted = [example({TACTIC: False}, part=BACKGROUND)] * 50
    choice = choice_for(talk=WELL_KNOWN, rows=[*granted, *unjudged(UNLABELLED)])
    assert (choice.scale, choice.shift) == pytest.approx((choice_for().scale, 0.0), abs=1e-3)


@pytest.mark.parametrize(("talk", "bound"), [(WELL_KNOWN - 1, True), (WELL_KNOWN, False)])
def test_the_bound_is_for_tactics_that_talk_shows_too_little(talk: int, bound: bool) -> None:
    """Background that seems as likely as what is there: found, unless talk shows how rare it is."""
    choice = choice_for(talk=talk, rows=unjudged())
    likely = 1 / (1 + np.exp(-(3.0 * choice.scale + choice.shift)))
    assert (choice.threshold > 0.9) is bound
    assert choice.threshold <= round(float(likely), 4)


# --- examples


def test_examples_are_turns_as_the_classifier_sees_them() -> None:
    """Judged turns that hold a word, with what was looked for and what was found."""
    from tactics_calls import CODEBOOK

    judged = Judged(
        part="some",
        dialogue="7",
        turns=tuple(
            Utterance(turn=turn, speaker="AB"[turn % 2], text=text)
            for turn, text in enumerate(("Thank you!", "Um, sure.", "...", "Bye."))
        ),
        present={1: frozenset({"accept"}), 2: frozenset({"accept"})},
        absent={0: frozenset({"offer"}), 1: frozenset({"reject"})},
    )
    first, second = _examples(OWN, judged, CODEBOOK, ("gratitude",))
    assert (first.text, first.other, first.labels) == ("thank you", "", {"offer": False})
    assert (second.text, second.other) == ("sure", "thank you")
    assert second.labels == {"accept": True, "reject": False}
    assert (first.by_rule, first.facts[:2], second.facts[:2]) == ({"gratitude"}, (1, 0), (0, 1))
    assert (first.part, first.dialogue) == (OWN, "some 7")


def test_examples_are_written_for_a_machine_without_the_project(tmp_path: Path) -> None:
    """A JSON line each, the fold with it."""
    path = tmp_path / "examples.jsonl.gz"
    write_examples([example({TACTIC: True}, by_rule=True), example()], path)
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert rows[0] == {
        "part": OWN, "dialogue": "a", "text": "a tent", "other": "", "facts": [0.5],
        "labels": {TACTIC: True}, "by_rule": [TACTIC], "auxiliary": "", "fold": 4,
    }  # fmt: skip
    assert len(rows) == 2


def row(part: str = OWN, fold: int = 0, *, labels: bool = True, auxiliary: str = "") -> Any:
    """A written example as the network's trainer reads it."""
    return {
        "part": part,
        "fold": fold,
        "labels": {TACTIC: True} if labels else {},
        "auxiliary": auxiliary,
    }


@pytest.mark.parametrize(
    ("fold", "unlabelled", "expected"),
    [(0, False, [1, 4]), (0, True, [1, 2, 4]), (-1, False, [0, 1, 4]), (-1, True, [0, 1, 2, 4])],
)
def test_neither_the_fold_left_out_nor_development_cases_teach(
    fold: int, unlabelled: bool, expected: list[int]
) -> None:
    """Nor do turns that nobody labelled, unless there are teachers' opinions on them."""
    fit_tactics = pytest.importorskip("fit_tactics")
    rows = [
        row(),
        row(fold=1),
        row(UNLABELLED, 1, labels=False),
        row(DEV, 1),
        row(UNLABELLED, 1, labels=False, auxiliary="persuader: greeting"),
    ]
    task = SimpleNamespace(rows=rows)
    assert fit_tactics._trains(task, fold, unlabelled=unlabelled) == expected


def test_development_cases_are_scored_by_the_network_of_all(tmp_path: Path) -> None:
    """Each row once by a network that never saw it; those of the whole, which never saw dev."""
    save(tmp_path, "0", rows=[0, 2], scores=[1, 5])
    save(tmp_path, "1", rows=[1], scores=[2])
    save(tmp_path, "all", rows=[2], scores=[3])
    labels, scores, teachers = _scores(tmp_path, 3)
    assert labels == [TACTIC]
    assert (scores[:, 0].tolist(), teachers[:, 0].tolist()) == ([1, 2, 3], [0.5, 1, 1.5])


def save(folder: Path, name: str, *, rows: list[int], scores: list[float]) -> None:
    """Scores as scripts/fit_tactics writes them; teachers think half of each."""
    own = np.array(scores, dtype=np.float16)[:, None]
    np.savez(
        folder / f"scores_{name}.npz",
        rows=np.array(rows),
        labels=np.array([TACTIC]),
        scores=own,
        teachers=own / 2,
    )


@pytest.mark.parametrize(("rows", "count"), [([0, 1], 3), ([0, 1, 2], 2), ([0, 2], 3)])
def test_scores_of_other_examples_are_refused(tmp_path: Path, rows: list[int], count: int) -> None:
    """Too few, too many, or one left out."""
    save(tmp_path, "all", rows=rows, scores=[1.0] * len(rows))
    with pytest.raises(SystemExit, match="fit again"):
        _scores(tmp_path, count)


@pytest.mark.parametrize(("count", "learnable"), [(29, False), (30, True)])
def test_a_tactic_needs_thirty_examples(count: int, learnable: bool) -> None:
    """That hold it, and not in talk in which it is taken not to occur."""
    present = [example({TACTIC: True})] * count
    others = [example({TACTIC: True}, part=BACKGROUND), example({TACTIC: False})] * 50
    assert _is_learnable([*present, *others], TACTIC) is learnable


def test_what_is_written_of_a_choice_is_what_the_classifier_reads() -> None:
    """And an output that no tactic uses is left to the rules."""
    document = {"hits": [], "tactics": {TACTIC: _facts(choice_for()), "reflection": _facts(None)}}
    read = classifier_from(json.dumps(document))
    assert (read.modes, read.tactics) == (
        {TACTIC: LEARNED, "reflection": RULE},
        (TACTIC, "reflection"),
    )
    likely = read.probabilities(np.array([[3.0, -3.0], [-3.0, 3.0]], dtype=np.float32))[:, 0]
    assert likely[0] >= read.thresholds[TACTIC] > likely[1]


def test_the_report_lists_what_was_chosen() -> None:
    """A row for each tactic and part; the corpora's labels on folds."""
    acts = ("offer", "accept", "reject")
    rows = [
        example(dict.fromkeys(labels, present), part=part, dialogue=dialogue)
        for part, labels in ((CASINO, tuple(CASINO_LABELS.values())), (NEGOCHAT, acts))
        for dialogue in ("a", "abc")
        for present in (True, False)
    ]
    labels = [*CASINO_LABELS.values(), *acts]
    scores = np.array([[3.0 if at % 2 == 0 else -3.0] * len(labels) for at in range(8)])
    text = report([choice_for()], rows, labels, scores.astype(np.float32), -scores)
    assert "| offer | own | 0.00 | 1.00 | 1.00 | learned |" in text
    assert text.count("| **mean** | **1.000** |") == 2
    assert text.endswith("| 120 | 60 |\n")


# --- written conversations


def talk(tmp_path: Path, text: str) -> list[Judged]:
    path = tmp_path / "camp.toml"
    path.write_text(text, encoding="utf-8")
    return list(conversations(path))


def test_marks_behind_a_turn_are_what_is_there(tmp_path: Path) -> None:
    """No bars: not looked at. Bars alone: nothing there. A question mark: not judged there."""
    (found,) = talk(
        tmp_path,
        """
        judged = ["offer", "accept", "reject"]
        [[dialogue]]
        id = "w-1"
        turns = [
          "Ana: Hello: are you there?",
          "Ben: Yes. ||",
          "Ana: I'd take 90. || offer, reject?",
          "Ben: Fine||accept , offer",
        ]
        """,
    )
    assert (found.part, found.dialogue) == ("conversations: camp", "w-1")
    assert [(turn.turn, turn.speaker, turn.text) for turn in found.turns] == [
        (0, "Ana", "Hello: are you there?"),
        (1, "Ben", "Yes."),
        (2, "Ana", "I'd take 90."),
        (3, "Ben", "Fine"),
    ]
    assert found.present == {1: set(), 2: {"offer"}, 3: {"accept", "offer"}}
    assert found.absent == {1: {"offer", "accept", "reject"}, 2: {"accept"}, 3: {"reject"}}


def test_what_is_marked_is_present_whether_looked_for_or_not(tmp_path: Path) -> None:
    """A tactic outside `judged` counts where it is marked, and is absent nowhere."""
    (found,) = talk(
        tmp_path,
        'judged = ["offer"]\n[[dialogue]]\nid = "1"\nturns = ["A: Hi. || rapport", "B: Hi. ||"]\n',
    )
    assert found.present == {0: {"rapport"}, 1: set()}
    assert found.absent == {0: {"offer"}, 1: {"offer"}}


@pytest.mark.parametrize(
    "text",
    [
        '[[dialogue]]\nid = "1"\nturns = ["A: Hi. ||"]\n',
        'judged = ["offer"]\n',
        'judged = ["offer"\n',
        "",
    ],
)
def test_a_file_that_is_no_conversations_is_an_error(tmp_path: Path, text: str) -> None:
    """Without what was looked for, without dialogues, not even TOML; it names the file."""
    with pytest.raises(InputError, match=r"camp\.toml: no conversations"):
        talk(tmp_path, text)


def test_a_file_that_is_not_there_or_not_text_is_an_error(tmp_path: Path) -> None:
    """It names the file."""
    with pytest.raises(InputError, match=r"camp\.toml"):
        list(conversations(tmp_path / "camp.toml"))
    (tmp_path / "camp.toml").write_bytes(b"judged = \xff\xfe")
    with pytest.raises(InputError, match=r"camp\.toml"):
        list(conversations(tmp_path / "camp.toml"))


TALKS = sorted((Path(__file__).resolve().parents[2] / "scripts/tactics_training/talks").iterdir())


@pytest.mark.parametrize("path", TALKS, ids=lambda path: path.stem)
def test_the_shipped_conversations_mark_only_what_exists(path: Path) -> None:
    """Every mark is a tactic of the codebook; every turn has a speaker and words; ids differ."""
    from tactics_calls import CODEBOOK

    ids = {tactic.id for tactic in CODEBOOK.tactics}
    found = list(conversations(path))
    assert {one for talk in found for own in talk.present.values() for one in own} <= ids
    assert {one for talk in found for own in talk.absent.values() for one in own} <= ids
    assert all(turn.text and turn.speaker for talk in found for turn in talk.turns)
    assert len({talk.dialogue for talk in found}) == len(found) > 0
