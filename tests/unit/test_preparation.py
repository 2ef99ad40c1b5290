"""The plan of a talk: how its file is read, and what is refused."""

from __future__ import annotations

import contextlib
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import config_of, configs_directory, load_config, settings_of, shipped_codebook
from pipeline.errors import ConfigError
from pipeline.plan import Recording, plan
from pipeline.tactics.preparation import (
    Preparation,
    matching_from_toml,
    preparation_from_toml,
)

EXAMPLE = Path(__file__).parents[2] / "docs" / "plan.example.toml"


def read(data: dict[str, Any]) -> Preparation:
    """A plan of parsed TOML."""
    return preparation_from_toml(data, issues=shipped_codebook().issues, where="plan.toml")


def target(issue: str, value: Any) -> tuple[Any, ...]:
    """Value, other end, unit, period and option of a target."""
    (aim,) = read({"target": {issue: value}}).target
    return aim.value, aim.high, aim.unit, aim.period, aim.option


def settings(path: Path) -> list[str]:
    """The settings with a plan."""
    return [f"report.plan={path}", "report.me=S1"]


# --- what a plan says


@pytest.mark.parametrize(
    ("issue", "value", "expected"),
    [
        ("salary", 115_000, (115_000, None, "", "", "")),
        ("salary", 115_000.5, (115_000.5, None, "", "", "")),
        ("salary", "115,000", (115_000, None, "", "", "")),
        ("salary", "115k", (115_000, None, "", "", "")),
        ("salary", "$9,500 a month", (9_500, None, "USD", "month", "")),
        ("Salary", "110 to 120k", (110_000, 120_000, "", "", "")),
        ("vacation", "4 weeks", (4, None, "week", "", "")),
        ("bonus", "10 percent", (10, None, "percent", "", "")),
        ("start date", "March 1", (None, None, "", "", "March 1")),
        ("location", "remote", (None, None, "", "", "remote")),
        ("title", "team manager", (None, None, "", "", "team manager")),
        ("title", "Chief Cat Herder", (None, None, "", "", "chief cat herder")),
        ("company_car", "with a company car", (None, None, "", "", "with")),
        ("pension", "12%", (12, None, "percent", "", "")),
    ],
)
def test_amounts_are_read_as_the_ledger_reads_them(
    issue: str, value: Any, expected: tuple[Any, ...]
) -> None:
    """Numbers and words, ranges, rates, dates, terms, and titles that nobody foresaw."""
    assert target(issue, value) == expected


@pytest.mark.parametrize("name", ["company car", "company_car", "Company car", " COMPANY  CAR "])
def test_issues_are_named_by_id_item_or_name(name: str) -> None:
    """In any case, with blanks or underscores."""
    assert read({"issues": [name]}).issues == (("other", "company car"),)


def test_order_of_priority_and_blanks() -> None:
    """Issues keep their order, questions and phrases lose superfluous blanks and twins."""
    found = read({"issues": ["vacation", "salary"], "questions": [" How  so? ", "How so?"]})
    assert found.issues == (("vacation", ""), ("salary", ""))
    assert found.questions == ("How so?",)


def test_the_example_is_sound() -> None:
    """docs/plan.example.toml is read as it stands, and uses every key."""
    data = tomllib.loads(EXAMPLE.read_text("utf-8"))
    assert set(data) == {"target", "walk_away", "issues", "questions", "avoid"}
    assert read(data).target[0].value == 115_000


def test_the_comparison_is_data() -> None:
    """The threshold and the groups of like words stand in a file; wrong ones are refused."""
    data = tomllib.loads((configs_directory() / "preparation.toml").read_text("utf-8"))
    matching = matching_from_toml(data)
    assert matching.question_share == 0.6
    known = {name for issue in shipped_codebook().issues for name in (issue.id, issue.item)}
    assert set(matching.candidate_wants_more) <= known
    words = [word for group in matching.same for word in group]
    assert len(words) == len(set(words)), "a word of two groups"
    for share in (0, 0.0, 1.5, "0.6", None):
        with pytest.raises(ConfigError, match="question_share"):
            matching_from_toml({"question_share": share})


# --- what is refused

LONG = "x" * 301
WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "the plan is empty"),
    ({"targets": {}}, "did you mean target"),
    ({"target": []}, "must be a table"),
    ({"target": {"salery": 1}}, "did you mean salary"),
    ({"target": {"unicorns": 1}}, "known: bonus"),
    ({"target": {"salary": True}}, "must be a number"),
    ({"target": {"salary": -1}}, "must be a number"),
    ({"target": {"salary": float("nan")}}, "must be a number"),
    ({"target": {"salary": float("inf")}}, "must be a number"),
    ({"target": {"salary": 10**400}}, "must be a number"),
    ({"target": {"salary": [1]}}, "must be a number"),
    ({"target": {"salary": {"value": 1}}}, "must be a number"),
    ({"target": {"salary": ""}}, "not empty"),
    ({"target": {"salary": LONG}}, "longer than"),
    ({"target": {"salary": "a lot"}}, "no amount"),
    ({"target": {"salary": "4 weeks"}}, "no amount"),
    ({"target": {"salary": "110,000 and then 130,000"}}, "more than one"),
    ({"target": {"salary": 100_000, "Salary": 2_000_000}}, "twice"),
    ({"walk_away": {"salary": "?"}}, "walk_away.salary"),
    ({"issues": "salary"}, "list of texts"),
    ({"issues": ["salary", "salery"]}, "did you mean salary"),
    ({"issues": ["salary", "Salary"]}, "twice"),
    ({"issues": [1]}, "entry 1"),
    ({"questions": ["How?", ""]}, "entry 2"),
    ({"questions": ["How?"] * 101}, "the most"),
    ({"avoid": [LONG]}, "longer than"),
    ({"avoid": {"a": 1}}, "list of texts"),
]


@pytest.mark.parametrize(("data", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_wrong_is_named(data: dict[str, Any], message: str) -> None:
    """The file, the entry, what is wrong, and what to write."""
    with pytest.raises(ConfigError, match=message) as caught:
        read(data)
    assert str(caught.value).startswith("plan.toml")
    assert len(str(caught.value)) < 1000


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_KEYS = st.sampled_from(("target", "walk_away", "issues", "questions", "avoid", "other"))
_VALUES = _JSON | st.dictionaries(st.sampled_from(("salary", "title", "start date")), _JSON)


@given(st.dictionaries(_KEYS, _VALUES))
def test_nothing_but_a_config_error_comes_of_a_wrong_plan(data: dict[str, Any]) -> None:
    """Whatever the file holds, it is read or refused with words."""
    with contextlib.suppress(ConfigError):
        assert isinstance(read(data), Preparation)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"", "empty"),
        (b"\xff", "UTF-8"),
        (b"target = ", "not valid TOML"),
        (b"issues = ['salery']", "salery"),
    ],
)
def test_a_file_that_is_no_plan(content: bytes | None, message: str, tmp_path: Path) -> None:
    """Missing, empty, binary or broken: a message that names the file."""
    path = tmp_path / "plan.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(settings=settings(path))
    assert "plan.toml" in str(caught.value)


def test_a_plan_is_somebodys(tmp_path: Path) -> None:
    """Without --me nobody knows whose questions to look for."""
    path = tmp_path / "plan.toml"
    path.write_text("issues = ['salary']", encoding="utf-8")
    with pytest.raises(ConfigError, match="--me"):
        load_config(settings=[f"report.plan={path}"])


def test_a_plan_is_part_of_the_key_of_the_report_alone(tmp_path: Path) -> None:
    """Another plan, another report; nothing is heard again."""
    path = tmp_path / "plan.toml"
    recording = Recording(path=Path("call.wav"), name="call.wav", digest="a" * 64)
    keys = []
    for issue in ("salary", "bonus"):
        path.write_text(f"issues = ['{issue}']", encoding="utf-8")
        tasks = plan(recording, config=load_config(settings=settings(path))).tasks
        keys.append({task.stage.name: task.key for task in tasks})
    differ = {stage for stage in keys[0] if keys[0][stage] != keys[1][stage]}
    assert differ == {"report", "page"}


def test_settings_remember_the_plan(tmp_path: Path) -> None:
    """A correction made later finds the plan as it was, though the file has gone."""
    path = tmp_path / "plan.toml"
    path.write_text(EXAMPLE.read_text("utf-8"), encoding="utf-8")
    config = load_config(settings=settings(path))
    path.unlink()
    assert config_of(settings_of(config)) == config
    assert config.report.preparation is not None
