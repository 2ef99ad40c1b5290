"""What was done of a plan: terms, issues, questions, phrases."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import builders as build
import frames
import jsonschema
import polars as pl
import pytest
import report_builder
from command_line import parley, put_fakes
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import configs_directory, shipped_codebook
from pipeline.stages.offers import OffersConfig
from pipeline.stages.offers import run as offers_of
from pipeline.stages.report_preparation import preparation_document
from pipeline.stages.report_questions import Call
from pipeline.tactics.preparation import matching_from_toml, preparation_from_toml

BOOK = shipped_codebook()
MATCHING = matching_from_toml(
    tomllib.loads((configs_directory() / "preparation.toml").read_text("utf-8"))
)

Line = tuple[str, str]


def compared(
    plan: dict[str, Any],
    *lines: Line,
    tags: tuple[tuple[Any, ...], ...] = (),
    role: str = "none",
    language: str | None = "en",
    speaker: str | None = "S1",
) -> dict[str, Any]:
    """S1's plan against a call of those lines, a second each; `tags` are (turn, tactic)."""
    taken = frames.turns(
        *((who, n * 1000, n * 1000 + 900, text) for n, (who, text) in enumerate(lines))
    )
    whole = tuple((turn, tactic, 0, len(lines[turn][1])) for turn, tactic in tags)
    tagged = frames.tactics(*whole)
    heard = frames.words(("hello", 0, 1), language=language or "en")
    ledger = offers_of(
        transcribe=heard, turns=taken, tactics=tagged, config=OffersConfig(codebook=BOOK)
    )
    document = preparation_document(
        preparation_from_toml(plan, issues=BOOK.issues, where="plan.toml"),
        matching=MATCHING,
        role=role,
        codebook=BOOK,
        call=Call(
            speaker=speaker,
            turns=taken.rows(named=True),
            tactics=tagged,
            offers=ledger.rows(named=True),
            language=language,
        ),
    )
    found: dict[str, Any] = document["preparation"]
    return found


SALARY = (
    ("S2", "We can offer a salary of 100,000."),
    ("S1", "I want a salary of 115,000."),
    ("S2", "I can offer 110,000."),
    ("S1", "I accept 110,000."),
)
SALARY_TAGS = ((0, "offer"), (1, "offer"), (2, "offer"), (3, "accept"))


def salary(role: str = "none", **plan: Any) -> dict[str, Any]:
    """The term salary of a plan, in a call that ends at 110,000."""
    (term,) = compared(plan, *SALARY, tags=SALARY_TAGS, role=role)["terms"]
    assert (term["status"], term["agreed"]["value"]) == ("agreed", 110_000)
    found: dict[str, Any] = term
    return found


def result(term: dict[str, Any]) -> tuple[Any, ...]:
    """Direction, target reached, within the walk-away."""
    return term["wants"], term["target_reached"], term["within_walk_away"]


# --- terms


@pytest.mark.parametrize(
    ("target", "walk_away", "expected"),
    [
        (115_000, 105_000, ("more", False, True)),
        (108_000, 105_000, ("more", True, True)),
        (120_000, 112_000, ("more", False, False)),
        (100_000, 112_000, ("less", False, True)),
        (110_000, 120_000, ("less", True, True)),
        (110_000, 110_000, (None, True, True)),
        ("108 to 112k", 105_000, ("more", True, True)),
        ("$9,000 a month", 100_000, ("more", True, True)),
    ],
)
def test_direction_follows_target_and_walk_away(
    target: Any, walk_away: Any, expected: tuple[Any, ...]
) -> None:
    """Above it more is better, below it less; 9,000 a month are 108,000 a year."""
    assert result(salary(target={"salary": target}, walk_away={"salary": walk_away})) == expected


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("candidate", ("more", True, None)),
        ("employer", ("less", False, None)),
        ("none", (None, None, None)),
    ],
)
def test_direction_follows_the_role_where_the_plan_does_not_tell(
    role: str, expected: tuple[Any, ...]
) -> None:
    """A candidate who hoped for 105,000 has more, an employer pays more; else nobody knows."""
    assert result(salary(role, target={"salary": 105_000})) == expected


def test_target_and_walk_away_tell_more_than_the_role() -> None:
    """Who wants less for once, whatever the role, is believed."""
    term = salary("candidate", target={"salary": 90_000}, walk_away={"salary": 115_000})
    assert result(term) == ("less", False, True)


def test_what_was_left_open_is_neither_reached_nor_missed() -> None:
    """Nobody spoke of a bonus."""
    (term,) = compared({"target": {"bonus": 5000}}, *SALARY, tags=SALARY_TAGS)["terms"]
    assert (term["status"], term["agreed"]) == ("open", None)
    assert (term["target_reached"], term["within_walk_away"]) == (None, None)


def test_days_and_weeks_are_not_compared() -> None:
    """Nobody can tell how many days a week has at work."""
    lines = (
        ("S1", "I want 20 days of vacation."),
        ("S2", "Agreed, 20 days of vacation."),
    )
    tags = ((0, "offer"), (1, "accept"))
    (term,) = compared({"target": {"vacation": "4 weeks"}}, *lines, tags=tags, role="candidate")[
        "terms"
    ]
    assert term["status"] == "agreed"
    assert term["target_reached"] is None


# --- issues


def test_issues_raised_in_order_of_priority_or_not() -> None:
    """By whomever first names them; what nobody names was never raised."""
    lines = (("S1", "Hello."), ("S2", "The vacation is 25 days."), ("S1", "And the salary?"))
    found = compared({"issues": ["salary", "bonus", "vacation"]}, *lines)
    assert [(one["name"], one["priority"], one["place"]) for one in found["issues"]] == [
        ("Salary", 1, 2),
        ("Bonus", 2, None),
        ("Vacation", 3, 1),
    ]
    assert found["in_order"] is False
    raised = found["issues"][0]["raised"]
    assert (raised["turn"], raised["speaker"], raised["start_s"]) == (2, "S1", 2.0)
    assert raised["quote"] == "salary"
    assert found["issues"][1]["raised"] is None


def test_one_issue_has_no_order() -> None:
    """Null for fewer than two that were raised."""
    assert compared({"issues": ["salary", "bonus"]}, *SALARY)["in_order"] is None


def test_an_amount_raises_its_issue_without_the_word() -> None:
    """120,000 a year is a salary to the ledger."""
    lines = (("S1", "I am looking for 120,000 a year."),)
    (issue,) = compared({"issues": ["salary"]}, *lines, tags=((0, "offer"),))["issues"]
    assert issue["raised"]["turn"] == 0


# --- questions

PARAPHRASES = [
    ("How was the salary range set?", "How did you arrive at that pay band?"),
    ("How was the salary range set?", "The salary range. How was that determined?"),
    ("What would it take to get to 115?", "What would you need to get to 115?"),
    ("Who else has to approve the offer?", "Does anybody else decide on this offer?"),
    ("What is the timeline?", "And what does the schedule look like?"),
    ("How do you measure success in this role?", "How will success be judged in the role?"),
    ("What matters most to you?", "What is most important to you?"),
    ("Is there room for a signing bonus?", "Any flexibility on the signing bonus?"),
    ("How so?", "Okay. How so?"),
    ("How big is the team?", "How many people are on the team?"),
    ("Could you put that in writing?", "Can I have that in writing?"),
    ("How is the bonus calculated?", "How do you work out the bonus?"),
    ("What does the benefits package include?", "What is included in the benefits?"),
    ("Who makes the final decision?", "Who decides in the end?"),
]
OTHERS = [
    ("How was the salary range set?", "What salary do you have in mind?"),
    ("How was the salary range set?", "How many people are on the team?"),
    ("What would it take to get to 115?", "Could you take the train?"),
    ("Who else has to approve the offer?", "When do you need an answer to the offer?"),
    ("What is the timeline?", "What is the title?"),
    ("How do you measure success in this role?", "Who had this role before?"),
    ("What matters most to you?", "Is it the matter of the car?"),
    ("How so?", "How are you?"),
    ("How big is the team?", "Who leads the team?"),
    ("How is the bonus calculated?", "When is the bonus paid?"),
    ("Who makes the final decision?", "Is this the final offer?"),
    ("What does the benefits package include?", "Is there a signing package?"),
    ("How many vacation days do I get?", "How many days can I work from home?"),
]


@pytest.mark.parametrize(("planned", "asked"), PARAPHRASES)
def test_a_question_may_be_asked_in_other_words(planned: str, asked: str) -> None:
    """With the turn, the quote, and how much of the plan is in it."""
    lines = (("S2", "Hello."), ("S1", f"Thanks. {asked}"))
    (question,) = compared({"questions": [planned]}, *lines)["questions"]
    assert question["asked"] is not None
    assert question["asked"]["turn"] == 1
    assert question["asked"]["quote"] in lines[1][1]
    assert question["asked"]["share"] >= MATCHING.question_share


@pytest.mark.parametrize(("planned", "asked"), OTHERS)
def test_another_question_does_not_count(planned: str, asked: str) -> None:
    """A word in common is not enough where it is light, or one of several."""
    (question,) = compared({"questions": [planned]}, ("S1", asked))["questions"]
    assert question == {"text": planned, "asked": None}


def test_only_ones_own_questions_count() -> None:
    """The other side's question is no question asked, nor is a statement of the same words."""
    plan = {"questions": ["How was the salary range set?"]}
    assert compared(plan, ("S2", "How was the salary range set?"))["questions"][0]["asked"] is None
    assert compared(plan, ("S1", "They set the salary range."))["questions"][0]["asked"] is None


def test_a_question_without_its_mark_counts_where_it_was_tagged() -> None:
    """Recognisers lose question marks."""
    lines = (("S1", "tell me how the salary range was set"),)
    plan = {"questions": ["How was the salary range set?"]}
    found = compared(plan, *lines, tags=((0, "open_question"),))
    assert found["questions"][0]["asked"]["share"] == 1


# --- phrases


def test_phrases_are_found_as_whole_words_in_any_case() -> None:
    """With other blanks and apostrophes; parts of words do not count, nor the other side's."""
    lines = (
        ("S1", "To  be HONEST, I don’t know. To be honest!"),
        ("S2", "To be honest."),
        ("S1", "Into be honesty."),
    )
    found = compared({"avoid": ["to be honest", "I don't know", "never"]}, *lines)["avoid"]
    quotes = {one["text"]: [said["quote"] for said in one["said"]] for one in found}
    assert quotes == {
        "to be honest": ["To  be HONEST", "To be honest"],
        "I don't know": ["I don’t know"],
        "never": [],
    }
    assert found[0]["said"][1]["start_char"] == lines[0][1].index("To be honest")


HOSTILE = (
    ".*",
    "(a+)+$",
    "[",
    "\\",
    "(?P<x>",
    "a|b",
    "^",
    "$",
    "\\w+",
    "(?i)",
    "{1,999999}",
    "<b>",
)


@pytest.mark.parametrize("phrase", HOSTILE)
def test_a_phrase_is_no_pattern(phrase: str) -> None:
    """Signs of regular expressions are signs, and take no time."""
    lines = (("S1", "a" * 5000 + "!"), ("S1", f"He wrote {phrase} there."), ("S1", "b x"))
    (found,) = compared({"avoid": [phrase]}, *lines)["avoid"]
    assert [(one["turn"], one["quote"]) for one in found["said"]] == [(1, phrase)]


@given(st.text(min_size=1, max_size=30), st.text(max_size=200))
def test_what_was_said_is_what_is_quoted(phrase: str, text: str) -> None:
    """A quote is the phrase but for case, blanks and apostrophes, and stands where it says."""
    words = phrase.split()
    if not words:
        return
    (found,) = compared({"avoid": [phrase]}, ("S1", f"{text} {phrase}"))["avoid"]
    for one in found["said"]:
        assert f"{text} {phrase}"[one["start_char"] : one["end_char"]] == one["quote"]
        assert len(one["quote"].split()) == len(words)


# --- the whole


def test_another_language_withholds_all_but_phrases() -> None:
    """The ledger reads English only; words can be looked for in any language."""
    plan = {
        "target": {"salary": 1000}, "issues": ["salary"], "questions": ["Warum?"],
        "avoid": ["ehrlich gesagt"],
    }  # fmt: skip
    found = compared(plan, ("S1", "Ehrlich gesagt, warum?"), language="de")
    assert found["withheld"]
    assert (found["terms"], found["issues"], found["questions"]) == ([], [], [])
    assert len(found["avoid"][0]["said"]) == 1


def test_where_nobody_speaks_nothing_was_done() -> None:
    """All of the plan is there, and none of it done."""
    plan = {"target": {"salary": 1000}, "issues": ["salary"], "questions": ["Why?"], "avoid": ["a"]}
    found = compared(plan, speaker=None, language=None)
    assert found["terms"][0]["status"] == "open"
    assert found["issues"][0]["raised"] is None
    assert found["questions"][0]["asked"] is None
    assert found["avoid"][0]["said"] == []


def test_no_plan_no_key() -> None:
    """Reports made without a plan are as they were."""
    call = Call(speaker="S1", turns=(), tactics=pl.DataFrame(), offers=(), language="en")
    found = preparation_document(None, matching=MATCHING, role="none", codebook=BOOK, call=call)
    assert found == {}


def test_the_sample_fits_the_contract() -> None:
    """As the page's tests have it; a quote is the turn's own words."""
    schema = json.loads((files("pipeline") / "schemas" / "report.schema.json").read_text("utf-8"))
    report = report_builder.full_report()
    jsonschema.Draft202012Validator(schema).validate(report)
    asked = report["preparation"]["questions"][0]["asked"]
    text = report["turns"][asked["turn"]]["text"]
    assert text[asked["start_char"] : asked["end_char"]] == asked["quote"]


# --- the command

PLAN = """
issues = ["salary"]
questions = ["What matters most to you?"]
[target]
salary = "115,000"
"""
OWN = 'id = "mine"\nname = "Mine"\ndescription = "My talks."\nextends = "job_offer"\n'
TALK = "Ana: Hello Ben. What is most important to you?\nBen: The salary, 100,000.\nAna: I see.\n"


def test_a_correction_keeps_profile_and_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the files have gone since: the report is that of the analysis, with the name."""
    for name, text in (("plan.toml", PLAN), ("mine.toml", OWN), ("call.txt", TALK)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARLEY_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("PARLEY_VOICES", str(tmp_path / "voices"))
    with pytest.MonkeyPatch.context() as patch:
        put_fakes(patch)
        done = parley(
            *("analyze", "call.txt", "--out", "out", "--me", "Ana", "--plan", "plan.toml"),
            *("--profile", "mine.toml", "--culture", "high_context", "--role", "candidate"),
            *("--set", "tactics.model="),
        )
        assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out/call/report.json").read_text("utf-8"))
    assert report["profile"]["profile"] == "mine"
    assert report["preparation"]["questions"][0]["asked"]["turn"] == 0
    assert "Plan and call" in (tmp_path / "out/call/report.html").read_text("utf-8")
    (tmp_path / "plan.toml").unlink()
    (tmp_path / "mine.toml").unlink()
    done = parley("relabel", "call.txt", "--speaker", "S2=Benedict")
    assert done.exit_code == 0, done.output
    again = json.loads((tmp_path / "out/call/report.json").read_text("utf-8"))
    assert again["speakers"][1]["name"] == "Benedict"
    for key in ("profile", "readings", "preparation"):
        assert again[key] == report[key]


def test_the_command_names_what_is_wrong(tmp_path: Path) -> None:
    """Exit code 2, and a line with the nearest name."""
    path = build.write_subtitles(tmp_path / "call.srt")
    for option, value, hint in (
        ("--profile", "networkin", "networking"),
        ("--culture", "high", "low_context"),
        ("--role", "boss", "candidate"),
        ("--plan", str(tmp_path / "none.toml"), "cannot be read"),
    ):
        done = parley("analyze", path, "--me", "S1", option, value)
        assert done.exit_code == 2, option
        assert hint in done.stderr
