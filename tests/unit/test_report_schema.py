"""The published contract of report.json."""

from __future__ import annotations

import copy
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import report_builder as build

SCHEMA = json.loads((files("pipeline") / "schemas" / "report.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

REQUIRED_BY_ISSUE = {
    "recording": {"name", "digest", "duration_s", "channels", "sample_rate_hz"},
    "speaker": {
        "id", "name", "talk_time_s", "talk_ratio", "word_count", "word_ratio", "turn_count",
        "question_count", "open_question_count", "closed_question_count", "question_ratio",
        "questions_per_hour", "longest_monologue_s", "median_response_latency_s",
        "interruption_count", "backchannel_count", "words_per_minute", "filler_count",
    },
    "totals": {
        "speech_s", "silence_s", "overlap_s", "turn_count", "switches_per_hour", "question_ratio",
    },
    "turn": {"index", "speaker", "start_s", "end_s", "text"},
    "tag": {
        "turn", "speaker", "tactic", "family", "score", "quote", "start_char", "end_char",
        "start_s", "end_s", "method",
    },
    "quality": {"speech_without_words_s", "mean_word_probability", "warnings"},
}  # fmt: skip


def test_the_schema_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", REQUIRED_BY_ISSUE)
def test_the_schema_requires_the_promised_keys(name: str) -> None:
    assert set(SCHEMA["$defs"][name]["required"]) >= REQUIRED_BY_ISSUE[name]


def test_every_object_that_requires_keys_describes_exactly_those() -> None:
    owned = {name: one for name, one in SCHEMA["$defs"].items() if "required" in one}
    for name, one in owned.items():
        assert set(one["required"]) == set(one["properties"]), name
        assert one["additionalProperties"] is False, name


def test_a_whole_report_fits() -> None:
    VALIDATOR.validate(build.report())


def test_a_report_without_speech_fits() -> None:
    VALIDATOR.validate(build.silent_report())


def test_withheld_figures_are_null() -> None:
    report = build.report()
    for one in report["speakers"]:
        one.update({key: None for key in one if key not in _NEVER_NULL})
        one["rates"] = dict.fromkeys(one["rates"])
        one["balance_by_thirds"] = [dict.fromkeys(("empathy_rate", "assertion_rate"))] * 3
    report["totals"] = dict.fromkeys(report["totals"])
    VALIDATOR.validate(report)


_NEVER_NULL = {"id", "name", "is_me", "rates", "balance_by_thirds", "intervals"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema_version",), "2.0.0"),
        (("recording", "digest"), "AB" * 32),
        (("recording", "channels"), 0),
        (("speakers", 0, "talk_ratio"), 62),
        (("speakers", 0, "talk_ratio_interval"), [0.5]),
        (("speakers", 0, "question_count"), 1.5),
        (("speakers", 0, "balance_by_thirds"), []),
        (("turns", 0, "kind"), "noise"),
        (("turns", 0, "start_s"), -1),
        (("tactics", 0, "family"), "magic"),
        (("tactics", 0, "tactic"), "<b>"),
        (("quality", "withheld"), [{"scope": "S0", "metric": "talk_ratio"}]),
        (("versions",), {"parley": "0.1.0"}),
        (("unknown",), 1),
    ],
)
def test_what_breaks_the_contract_is_refused(path: tuple[Any, ...], value: Any) -> None:
    report = copy.deepcopy(build.report())
    target: Any = report
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    assert list(VALIDATOR.iter_errors(report))


def test_the_guide_names_every_key() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "report-json.md").read_text("utf-8")
    keys = {key for one in SCHEMA["$defs"].values() for key in one.get("properties", ())}
    assert sorted(key for key in keys | set(SCHEMA["properties"]) if key not in guide) == []
