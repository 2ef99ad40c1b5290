"""Published precision: counts by hand, intervals, the file, and what is below the bar."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from command_line import parley
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import configs_directory, load_config, measured_precision, shipped_codebook
from pipeline.errors import ConfigError, InputError
from pipeline.evaluation.corpora import NON_STRATEGIC, REFLECTION, Judged
from pipeline.evaluation.published import as_toml, pooled
from pipeline.tactics.codebook import Utterance
from pipeline.tactics.measured import PRECISION_BAR, Measured, below_bar, measured_from_toml

Pair = tuple[Judged, dict[int, set[str]]]
TACTICS = ("label", "offer", "interruption")


def pair(part: str, present: dict[int, str], absent: dict[int, str], found: dict[int, str]) -> Pair:
    """A dialogue of forty turns with what was found in it; one tactic a turn."""
    judged = Judged(
        part=part,
        dialogue="d",
        turns=tuple(Utterance(turn=n, speaker="AB"[n % 2], text="x") for n in range(40)),
        present={turn: frozenset({tactic}) for turn, tactic in present.items()},
        absent={turn: frozenset({tactic}) for turn, tactic in absent.items()},
    )
    return judged, {turn: {tactic} for turn, tactic in found.items()}


def measured(**changes: Any) -> Measured:
    """A figure; `changes` replace some of it."""
    plain = {
        "tactic": "label", "precision": 0.75, "precision_low": 0.5, "precision_high": 0.9,
        "support": 8, "present": 9, "f1": 0.7, "data": ("AnnoMI",),
    }  # fmt: skip
    return Measured(**plain | changes)


def written(*figures: Measured) -> str:
    """The file of some figures."""
    return as_toml(figures, command="parley eval", codebook=2, classifier="ab" * 32, model="m")


# --- what is counted


def test_counts_are_summed_over_the_parts_and_dev_never_counts() -> None:
    """One right and one wrong, then one right and one missed: 2 of 3 finds right, F1 4/6; the
    wrong find among the cases it was developed with is as if it were not there."""
    (found,) = pooled(
        [
            pair("AnnoMI", {0: "label"}, {1: "label"}, {0: "label", 1: "label"}),
            pair("cases: some", {0: "label", 1: "label"}, {}, {0: "label"}),
            pair("cases: dev", {}, {0: "label", 1: "label"}, {0: "label", 1: "label"}),
        ],
        tactics=TACTICS,
    )
    assert (found.precision, found.f1) == (0.6667, 0.6667)
    assert (found.support, found.present) == (3, 3)
    assert found.data == ("AnnoMI", "cases: some")


def test_a_part_that_does_not_judge_the_tactic_is_not_named() -> None:
    """Each tactic's figure says on which data it was measured."""
    found = pooled(
        [
            pair("AnnoMI", {0: "label"}, {}, {0: "label", 1: "offer"}),
            pair("cases: some", {}, {1: "offer"}, {1: "offer"}),
        ],
        tactics=TACTICS,
    )
    assert [(one.tactic, one.precision, one.data) for one in found] == [
        ("label", 1.0, ("AnnoMI",)),
        ("offer", 0.0, ("cases: some",)),
    ]


@pytest.mark.parametrize(
    "given_pair",
    [
        pair("AnnoMI", {0: "offer"}, {}, {1: "label"}),
        pair("AnnoMI", {0: "label"}, {}, {}),
        pair("AnnoMI", {0: REFLECTION}, {}, {0: "label"}),
        pair("CaSiNo valid", {0: NON_STRATEGIC}, {}, {}),
    ],
    ids=["not judged", "never found", "a label of AnnoMI", "a label of CaSiNo"],
)
def test_what_has_no_figure(given_pair: Pair) -> None:
    """No find on a judged turn is no precision, and a corpus's own label is no tactic."""
    assert pooled([given_pair], tactics=("label",)) == ()


def test_there_must_be_test_data() -> None:
    """Figures from the development cases would flatter."""
    with pytest.raises(InputError, match="no test data"):
        pooled([pair("cases: dev", {0: "label"}, {}, {0: "label"})], tactics=TACTICS)


# --- intervals


def test_few_finds_have_a_wide_interval() -> None:
    """3 of 3 right: every resample is right, but Wilson's lower end is 3 / (3 + 1.645²)."""
    (found,) = pooled(
        [pair("cases: some", {0: "label"}, {}, {0: "label"}) for _ in range(3)], tactics=TACTICS
    )
    assert (found.precision_low, found.precision_high) == (pytest.approx(0.5258, abs=1e-4), 1.0)


def test_tags_of_one_dialogue_count_as_alike() -> None:
    """20 right in one dialogue and 20 wrong in the other say as much as two finds."""
    whole = dict.fromkeys(range(20), "label")
    (found,) = pooled(
        [pair("AnnoMI", whole, {}, whole), pair("AnnoMI", {}, whole, whole)], tactics=TACTICS
    )
    assert (found.precision, found.precision_low, found.precision_high) == (0.5, 0.0, 1.0)


# --- the bar


def test_what_is_below_the_bar() -> None:
    """0.6 itself is not below it, and what is not listed is not experimental."""
    figures = [
        measured(tactic=tactic, precision=precision)
        for tactic, precision in (("offer", 0.6), ("threat", 0.5999), ("label", 0.61))
    ]
    assert below_bar(figures, bar=PRECISION_BAR) == {"threat"}


@given(st.lists(st.floats(0, 1), max_size=5), st.floats(0, 1))
def test_a_higher_bar_hides_no_less(precisions: list[float], bar: float) -> None:
    """Nothing is below a bar of 0, and all that is below a bar is below a higher one."""
    figures = [
        measured(tactic=f"t{at}", precision=one, precision_low=0.0, precision_high=1.0)
        for at, one in enumerate(precisions)
    ]
    assert below_bar(figures, bar=0.0) == frozenset()
    assert below_bar(figures, bar=bar) <= below_bar(figures, bar=1.0)


# --- the file

shares = st.floats(0, 1).map(lambda share: round(share, 4))
figures = st.builds(
    lambda low, share, high, **rest: Measured(
        precision_low=min(low, share, high),
        precision=sorted((low, share, high))[1],
        precision_high=max(low, share, high),
        **rest,
    ),
    shares,
    shares,
    shares,
    tactic=st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True),
    support=st.integers(1, 10**6),
    present=st.integers(0, 10**6),
    f1=shares,
    data=st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]))).map(tuple),
)


@given(st.lists(figures, max_size=4, unique_by=lambda one: one.tactic))
def test_what_is_written_is_read(rows: list[Measured]) -> None:
    """The file gives back the figures, all of them and no more."""
    assert measured_from_toml(tomllib.loads(written(*rows))) == tuple(rows)


def test_the_file_says_how_it_was_made() -> None:
    """Its head has the rule, the command, and the tagger that was measured."""
    text = written(measured())
    head = text.partition("[[tactic]]")[0]
    assert "summed over the parts" in head
    assert "\n# parley eval\n" in head
    assert max(map(len, text.splitlines())) <= 100
    assert tomllib.loads(text)["classifier"] == "ab" * 32


ROW = written(measured()).partition("[[tactic]]")[2]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tactic = 3", "must be a table"),
        ("tactic = [3]", "must be a table"),
        (f"[[tactic]]{ROW}[[tactic]]{ROW}", "label stands there twice"),
        (f"[[tactic]]{ROW}mood = 1", "`mood` is unknown"),
        (f"[[tactic]]{ROW}".replace("support = 8\n", ""), "label: `support` is missing"),
        (f"[[tactic]]{ROW}".replace("support = 8", "support = 8.5"), "`support` must be a int"),
        (f"[[tactic]]{ROW}".replace("support = 8", "support = true"), "`support` must be a int"),
        (f"[[tactic]]{ROW}".replace("support = 8", "support = 0"), "one find at least"),
        (f"[[tactic]]{ROW}".replace('"AnnoMI"', "1"), "`data` must be a list of texts"),
        (f"[[tactic]]{ROW}".replace("precision = 0.75", 'precision = "a"'), "must be a float"),
        (f"[[tactic]]{ROW}".replace("precision = 0.75", "precision = 0.2"), "inside its interval"),
        (f"[[tactic]]{ROW}".replace("precision = 0.75", "precision = nan"), "inside its interval"),
        (f"[[tactic]]{ROW}".replace("f1 = 0.7", "f1 = 7"), "0 to 1"),
    ],
)
def test_a_damaged_file_is_refused(text: str, why: str) -> None:
    """The error names the tactic and the key."""
    with pytest.raises(ConfigError, match=why):
        measured_from_toml(tomllib.loads(text))


class TestShippedFile:
    """configs/tactics_accuracy.toml; when one fails, run the command in the file's head again."""

    def test_it_is_of_the_shipped_tagger(self) -> None:
        """Another classifier has another precision."""
        data = tomllib.loads((configs_directory() / "tactics_accuracy.toml").read_text("utf-8"))
        assert data["classifier"] == load_config().tactics.classifier
        assert data["codebook"] == shipped_codebook().version

    def test_it_holds_tactics_of_the_codebook_measured_on_test_data(self) -> None:
        """Conduct, which no data judges, is not among them."""
        families = {tactic.id: tactic.family for tactic in shipped_codebook().tactics}
        assert measured_precision()
        for one in measured_precision():
            assert families[one.tactic] != "conduct"
            assert one.data
            assert "cases: dev" not in one.data


# --- the command


def cases_file(folder: Path, name: str) -> Path:
    """Two cases of gratitude, one of them a near miss that the rules do not fall for."""
    path = folder / name
    path.write_text(
        '[[case]]\nid = "g-1"\nturns = ["Ana: Thank you for the offer."]\n'
        'present = ["gratitude"]\nabsent = []\n'
        '[[case]]\nid = "g-2"\nturns = ["Ana: We start in March."]\n'
        'present = []\nabsent = ["gratitude"]\n',
        encoding="utf-8",
    )
    return path


def test_the_command_publishes(tmp_path: Path) -> None:
    """One find, right: precision 1 on one find; what else there is was not measured."""
    out = tmp_path / "out.toml"
    some = cases_file(tmp_path, "some.toml")
    done = parley("eval", "tactics", "--cases", some, "--model", "", "--publish", out)
    assert done.exit_code == 0, done.output
    (found,) = measured_from_toml(tomllib.loads(out.read_text("utf-8")))
    assert (found.tactic, found.precision, found.support) == ("gratitude", 1.0, 1)
    assert "experimental: none" in done.stderr
    assert "interruption" in done.stderr.partition("not measured:")[2]


def test_the_command_publishes_nothing_of_the_development_cases(tmp_path: Path) -> None:
    """The error says so, and no file is written."""
    out = tmp_path / "out.toml"
    dev = cases_file(tmp_path, "dev.toml")
    done = parley("eval", "tactics", "--cases", dev, "--model", "", "--publish", out)
    assert done.exit_code == 3
    assert "no test data" in done.stderr
    assert not out.exists()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A folder in its place is a StoreError, exit 6."""
    some = cases_file(tmp_path, "some.toml")
    done = parley("eval", "tactics", "--cases", some, "--model", "", "--publish", tmp_path)
    assert done.exit_code == 6
    assert "cannot be written" in done.stderr


def test_where_annomi_names_one_kind_of_question_the_other_was_not_judged() -> None:
    """A closed question found in a turn that it calls an open one is neither right nor wrong;
    one found where it names no question is wrong, and another corpus's turns all count."""
    open_turn, silent = {0: "open_question"}, {0: "closed_question", 1: "closed_question"}
    found = {0: "closed_question", 1: "closed_question"}
    (at_annomi,) = pooled([pair("AnnoMI", open_turn, silent, found)], tactics=("closed_question",))
    (elsewhere,) = pooled(
        [pair("cases: x", open_turn, silent, found)], tactics=("closed_question",)
    )
    assert (at_annomi.support, elsewhere.support) == (1, 2)
