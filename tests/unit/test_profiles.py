"""Profiles: the shipped files, how layers merge, what is refused, and that no count changes."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest
import test_report
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import (
    Config,
    config_of,
    configs_directory,
    load_config,
    moment_weights,
    settings_of,
    shipped_codebook,
)
from pipeline.errors import ConfigError
from pipeline.perspective import CULTURES, PROFILES, shipped_profile
from pipeline.plan import Recording, plan
from pipeline.tactics.profile_files import profile_from_toml
from pipeline.tactics.profiles import (
    METRICS,
    MISSED,
    MOMENT_RULES,
    STRENGTHS,
    Known,
    Profile,
    Reading,
    merged,
)

FOLDER = configs_directory() / "profiles"
TACTICS = frozenset(tactic.id for tactic in shipped_codebook().tactics)
KNOWN = Known(tactics=TACTICS)
SHIPPED = (*PROFILES, *CULTURES)

SETTINGS_OF_SOURCES = {
    "Gong": "sales calls",
    "Rackham": "labour negotiations",
    "Motivational interviewing": "counselling sessions",
    "Curhan": "simulated negotiations",
}


def shipped(name: str) -> Profile:
    """A shipped profile, with what it extends."""
    return shipped_profile(name, known=TACTICS, configs=configs_directory())


def perspective(profile: str = "general", culture: str = "none", role: str = "none") -> Config:
    """The settings with a profile, a culture and a role."""
    given_ = {"profile": profile, "culture": culture, "role": role, "me": "S1"}
    return load_config(settings=[f"report.{name}={value}" for name, value in given_.items()])


def readings(config: Config, about: str) -> dict[str, str]:
    """The stance of each lens on a tactic or metric."""
    return {one.lens: one.stance for one in config.report.reading.readings if one.id == about}


def report_by(config: Config, **changes: Any) -> dict[str, Any]:
    """The report of the report stage's own tests by these settings."""
    plain = test_report.CONFIG
    facts = {"recording_name": "call.wav", "digest": plain.digest, "versions": plain.versions}
    return test_report.report_of(dataclasses.replace(config.report, **facts), **changes)


# --- the shipped files


def test_every_shipped_file_is_known() -> None:
    """What lies in the folder is what can be chosen, and each file has its own name as its id."""
    assert sorted(path.stem for path in FOLDER.glob("*.toml")) == sorted(SHIPPED)
    assert [shipped(name).id for name in SHIPPED] == list(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_reading_names_its_source(name: str) -> None:
    """No reading stands there on nobody's word, and each profile says what it rests on."""
    profile = shipped(name)
    assert profile.sources
    assert profile.readings
    assert all(one.source and one.lens and one.text for one in profile.readings)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_figure_is_labelled_with_its_setting(name: str) -> None:
    """Whoever measured something measured it somewhere: sales, labour, counselling, a laboratory.

    Readings with a number in them, but for the year of a name, say where it is from.
    """
    for one in shipped(name).readings:
        if one.lens in SETTINGS_OF_SOURCES and any(letter.isdigit() for letter in one.text):
            assert one.setting == SETTINGS_OF_SOURCES[one.lens], one
        if "sales" in one.text.casefold():
            assert one.setting == "sales calls", one


def test_sources_that_disagree_stand_side_by_side() -> None:
    """Fair is a signal to Voss and an irritator to Rackham; both are cited."""
    fair = [one for one in shipped("general").readings if one.id == "fairness_appeal"]
    assert {one.lens: one.stance for one in fair} == {"Voss": "neutral", "Rackham": "risk"}
    assert len({one.source for one in fair}) == 2


def test_what_the_profiles_are_for() -> None:
    """Asking for a job is a risk in networking, offering value back a strength; and so on."""
    networking, influence = perspective("networking"), perspective("influence")
    weight = networking.report.reading.moment_weight
    assert weight("job_ask") > 1
    assert weight("value_back") > 1
    assert weight("only_salary") == 0
    assert readings(networking, "direct_ask")["Network"] == "risk"
    assert readings(networking, "reciprocity")["Network"] == "strength"
    for rule in ("interests_found", "promise_pinned"):
        assert influence.report.reading.moment_weight(rule) == 1.5
    candidate = perspective("job_offer", role="candidate").report.reading
    employer = perspective("job_offer", role="employer").report.reading
    assert candidate.moment_weight("only_salary") > 1
    assert employer.moment_weight("only_salary") == 0


def test_in_a_high_context_culture_indirect_asks_and_silence_are_no_faults() -> None:
    """Whatever the profile: the rules are off, and no reading calls them a risk."""
    for profile in PROFILES:
        config = perspective(profile, culture="high_context")
        assert config.report.reading.moment_weight("hedged_ask") == 0
        assert config.report.reading.moment_weight("silence_filled") == 0
        assert readings(config, "hedged_ask") == {"High context": "neutral"}
        assert "risk" not in readings(config, "dynamic_silence").values()
    assert readings(perspective(), "hedged_ask") == {"Balance": "risk"}


def test_a_culture_takes_no_warning_of_another_kind_away() -> None:
    """Asking a contact outright for a job stays a risk, blunt or not."""
    stances = readings(perspective("networking", culture="high_context"), "direct_ask")
    assert stances == {"Network": "risk", "Balance": "neutral", "High context": "neutral"}


def test_rules_of_moments_are_the_agreed_ones() -> None:
    """Twelve that were missed and twelve strengths, none twice."""
    assert (len(MISSED), len(STRENGTHS), len(set(MOMENT_RULES))) == (12, 12, 24)


def test_metrics_that_can_be_read_are_figures_of_a_speaker() -> None:
    """Each is a number that report.json has of a speaker."""
    speaker = test_report.report_of()["speakers"][0]
    assert set(METRICS) <= set(speaker)


# --- layers


def reading(**changes: Any) -> Reading:
    """A reading of hedged asks."""
    facts = {
        "about": "tactic", "id": "hedged_ask", "lens": "Balance", "stance": "risk",
        "text": "Soft.", "source": "An article",
    }  # fmt: skip
    return Reading(**{**facts, **changes})


def layer(**changes: Any) -> Profile:
    """A profile that says nothing."""
    return Profile(**{"id": "one", "name": "One", "description": "One.", **changes})


def test_weights_multiply_and_off_stays_off() -> None:
    """1.5 of the profile, 0.5 of the culture and 2 of the role are 1.5; 0 of any of them is 0."""
    profile = layer(
        moments=(("hedged_ask", 1.5), ("job_ask", 0.0)),
        role_moments=(("candidate", "hedged_ask", 2.0), ("employer", "job_ask", 9.0)),
    )
    culture = layer(id="two", moments=(("hedged_ask", 0.5), ("job_ask", 2.0)))
    whole = merged(profile, culture=culture, role="candidate")
    assert whole.moment_weight("hedged_ask") == 1.5
    assert whole.moment_weight("job_ask") == 0
    assert whole.moment_weight("threat_made") == 1
    assert merged(profile, culture=None, role="none").moment_weight("hedged_ask") == 1.5


@given(
    st.floats(0, 10), st.floats(0, 10), st.floats(0, 10), st.sampled_from(("candidate", "employer"))
)
def test_a_weight_is_the_product_of_its_layers(
    own: float, culture: float, role: float, who: str
) -> None:
    """Of any layers, for the role they are of; another role leaves it out."""
    profile = layer(moments=(("job_ask", own),), role_moments=((who, "job_ask", role),))
    top = layer(moments=(("job_ask", culture),))
    other = {"candidate": "employer", "employer": "candidate"}[who]
    assert merged(profile, culture=top, role=who).moment_weight("job_ask") == pytest.approx(
        own * culture * role
    )
    assert merged(profile, culture=top, role=other).moment_weight("job_ask") == pytest.approx(
        own * culture
    )


def test_a_culture_reads_beside_replaces_or_mutes() -> None:
    """Another lens stands beside, the same lens takes the place, a muted tactic is read anew."""
    below = layer(readings=(reading(), reading(lens="Voss")))
    beside = layer(readings=(reading(lens="Hall", stance="neutral"),))
    replaces = layer(readings=(reading(stance="neutral"),))
    mutes = layer(readings=(reading(lens="Hall"),), mute=("hedged_ask",))
    lenses = {
        name: [(one.lens, one.stance) for one in merged(below, culture=top, role="none").readings]
        for name, top in (("beside", beside), ("replaces", replaces), ("mutes", mutes))
    }
    assert lenses == {
        "beside": [("Balance", "risk"), ("Voss", "risk"), ("Hall", "neutral")],
        "replaces": [("Balance", "neutral"), ("Voss", "risk")],
        "mutes": [("Hall", "risk")],
    }


def test_a_reading_for_a_role_takes_the_place_of_the_one_for_all() -> None:
    """For that role only; the others read what holds for everybody."""
    profile = layer(readings=(reading(), reading(role="candidate", stance="neutral")))
    stances = {
        role: [one.stance for one in merged(profile, culture=None, role=role).readings]
        for role in ("candidate", "employer", "none")
    }
    assert stances == {"candidate": ["neutral"], "employer": ["risk"], "none": ["risk"]}


def test_bounds_hold_from_the_lower_to_under_the_upper() -> None:
    """At the lower bound it holds, at the upper no more; a withheld value has no reading."""
    one = reading(about="metric", id="talk_ratio", at_least=0.4, below=0.6)
    assert [one.holds(value) for value in (0.39, 0.4, 0.59, 0.6, None)] == [
        False, True, True, False, False,
    ]  # fmt: skip


def test_weights_for_the_moments_are_those_that_differ() -> None:
    """A tuple for their settings; the general profile leaves all rules as they are."""
    assert moment_weights(load_config().report) == ()
    networking = dict(moment_weights(perspective("networking").report))
    assert networking["only_salary"] == 0
    assert 1.0 not in networking.values()


# --- counts never change


def _figures_of(report: dict[str, Any]) -> dict[str, Any]:
    read = ("profile", "readings", "moments")
    return {key: value for key, value in report.items() if key not in read}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("culture", ["none", *CULTURES])
@pytest.mark.parametrize("role", ["none", "candidate", "employer"])
def test_no_profile_changes_a_count(profile: str, culture: str, role: str) -> None:
    """All but profile, readings and moments is the same report, and all stages before it too."""
    config = perspective(profile, culture, role)
    recording = Recording(path=Path("call.wav"), name="call.wav", digest="a" * 64)
    keys = {task.stage.name: task.key for task in plan(recording, config=config).tasks}
    plain = {task.stage.name: task.key for task in plan(recording, config=perspective()).tasks}
    for stage in ("turns", "tactics", "offers", "metrics", "replies"):
        assert keys[stage] == plain[stage]
    found = report_by(config)
    assert _figures_of(found) == _figures_of(report_by(perspective()))
    assert found["profile"]["profile"] == profile
    assert found["profile"]["culture"] == culture
    assert found["profile"]["role"] == (None if role == "none" else role)


def test_readings_are_of_the_person_and_of_tactics_that_occur() -> None:
    """S1's figures, withheld ones left out; an open question and an offer, of everybody."""
    found = report_by(perspective())["readings"]
    metrics = {one["id"] for one in found if one["about"] == "metric"}
    tactics = {one["id"] for one in found if one["about"] == "tactic"}
    assert "talk_ratio" in metrics
    assert tactics == {"open_question", "offer"}
    assert {one["speaker"] for one in found if one["about"] == "metric"} == {"S1"}
    assert {one["speaker"] for one in found if one["about"] == "tactic"} == {None}
    silent = report_by(perspective(), **test_report.SILENT)
    assert silent["readings"] == []


def test_a_figure_stands_in_the_reading() -> None:
    """50 s of 102 s is 49 %; a question is one question."""
    found = report_by(perspective())["readings"]
    texts = {one["id"]: one["text"] for one in found if one["about"] == "metric"}
    assert "Here it was 49 %." in texts["talk_ratio"]
    assert "Here there were 1;" in texts["question_count"]
    assert not any("{" in text for text in texts.values())


def test_a_role_needs_somebody() -> None:
    """Without --me nobody knows which side the role is of."""
    with pytest.raises(ConfigError, match="--me"):
        load_config(settings=["report.role=candidate"])


# --- profiles of one's own

OWN = """
id = "mine"
name = "Rent"
description = "Talks about rent."
extends = "job_offer"
[moments]
threat_made = 0
[[reading]]
about = "tactic"
id = "threat"
lens = "Me"
stance = "neutral"
text = "Landlords hear worse."
source = "Ten years of renting"
"""


def test_a_profile_of_ones_own_lies_on_a_shipped_one(tmp_path: Path) -> None:
    """It keeps what it does not say itself, and is known by its own id."""
    path = tmp_path / "rent.toml"
    path.write_text(OWN, encoding="utf-8")
    config = perspective(str(path))
    own = config.report.reading
    assert (own.id, own.name) == ("mine", "Rent")
    assert own.moment_weight("threat_made") == 0
    assert own.moment_weight("job_ask") == 0
    assert readings(config, "threat") == {"Influence": "risk", "Me": "neutral"}
    assert report_by(config)["profile"]["profile"] == "mine"


def test_a_changed_profile_changes_the_key_of_the_report(tmp_path: Path) -> None:
    """The file's content is part of the settings, under whatever name."""
    path = tmp_path / "rent.toml"
    recording = Recording(path=Path("call.wav"), name="call.wav", digest="a" * 64)
    keys = []
    for text in (OWN, OWN.replace("worse", "better")):
        path.write_text(text, encoding="utf-8")
        keys.append(plan(recording, config=perspective(str(path))).task("report").key)
    assert keys[0] != keys[1]


def test_settings_remember_what_was_in_the_file(tmp_path: Path) -> None:
    """A correction made later finds the profile as it was, though the file has gone."""
    path = tmp_path / "rent.toml"
    path.write_text(OWN, encoding="utf-8")
    config = perspective(str(path))
    path.unlink()
    assert config_of(settings_of(config)) == config


def row(**changes: Any) -> dict[str, Any]:
    """A profile of one sound reading, with some of the reading's keys replaced."""
    facts = {"about": "metric", "id": "talk_ratio", "lens": "Me", "stance": "risk",
             "text": "It was {figure}.", "source": "A book"} | changes  # fmt: skip
    kept = {key: value for key, value in facts.items() if value is not None}
    return {"id": "one", "name": "One", "description": "One.", "reading": [kept]}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "`id` is missing"),
    ({"id": "One Two"}, "small letters"),
    ({"id": 3}, "no text"),
    (row() | {"colour": "red"}, "no key 'colour'"),
    (row() | {"moment": {}}, "did you mean moments"),
    (row() | {"moments": {"hedged_asks": 1}}, "did you mean hedged_ask"),
    (row() | {"moments": {"hedged_ask": -1}}, "from 0"),
    (row() | {"moments": {"hedged_ask": float("nan")}}, "from 0"),
    (row() | {"moments": {"hedged_ask": 10**400}}, "from 0"),
    (row() | {"moments": {"hedged_ask": True}}, "from 0"),
    (row() | {"moments": []}, "a table"),
    (row() | {"role": {"boss": {}}}, "no role 'boss'"),
    (row() | {"role": {"candidate": 1}}, "as a table"),
    (row() | {"role": 1}, "in tables"),
    (row() | {"mute": ["hedging"]}, "no tactic or metric"),
    (row() | {"mute": "hedged_ask"}, "list of texts"),
    (row() | {"sources": [1]}, "list of texts"),
    (row() | {"reading": {"about": "metric"}}, "headed"),
    (row() | {"reading": row()["reading"] * 2}, "twice"),
    (row() | {"reading": row()["reading"] * 501}, "the most"),
    (row() | {"extends": "general"}, "no place here"),
    (row(source=None), "`source` is missing"),
    (row(source="  "), "`source` is no text"),
    (row(text="x" * 1001), "longer than"),
    (row(about="person"), "not one of metric, tactic"),
    (row(stance="good"), "not one of strength"),
    (row(id="talk_rato"), "did you mean talk_ratio"),
    (row(role="boss"), "not one of candidate"),
    (row(at_least=0.6, below=0.4), "less than"),
    (row(at_least="0.6"), "must be a number"),
    (row(text="{0.__class__}"), "braces"),
    (row(text="{figure!r}"), "braces"),
    (row(about="tactic", id="label"), "for metrics"),
]


@pytest.mark.parametrize(("data", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_wrong_is_named(data: dict[str, Any], message: str) -> None:
    """File, entry and key, and the nearest name that there is."""
    with pytest.raises(ConfigError, match=message) as caught:
        profile_from_toml(data, known=KNOWN, where="rent.toml")
    assert str(caught.value).startswith("rent.toml")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("job_ofer", "did you mean job_offer"),
        ("high_context", "--culture high_context"),
        ("magic", "choose general"),
        ("missing.toml", "cannot be read"),
        ("nul\0l.toml", "cannot be read"),
        ("~nobody-of-that-name/x.toml", "cannot be read"),
    ],
)
def test_a_profile_that_there_is_not(name: str, message: str) -> None:
    """The nearest is named, or what can be chosen."""
    with pytest.raises(ConfigError, match=message):
        perspective(name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "UTF-8"),
        (b"= 1", "not valid TOML"),
        (b"a = " + b"[" * 100_000, "not valid TOML"),
        (b"#" * 1_000_001, "larger than"),
        (OWN.replace("job_offer", "job_ofer").encode(), "did you mean job_offer"),
        (OWN.replace("job_offer", "high_context").encode(), "choose general"),
    ],
)
def test_a_file_that_is_no_profile(content: bytes, message: str, tmp_path: Path) -> None:
    """Empty, binary, broken, nested without end, huge, or resting on what there is not."""
    path = tmp_path / "own.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        perspective(str(path))


def test_every_shipped_file_is_plain_toml_with_a_head() -> None:
    """Each begins with words on what it is, and explains or points at the form."""
    for name in SHIPPED:
        text = (FOLDER / f"{name}.toml").read_text("utf-8")
        assert text.startswith("# "), name
        assert tomllib.loads(text)["id"] == name
