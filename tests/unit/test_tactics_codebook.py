"""The codebook: complete, well formed, and clear about what is wrong with it."""

import re
from copy import deepcopy
from typing import Any

import pytest
from tactics_calls import CODEBOOK

from pipeline.errors import ConfigError
from pipeline.tactics.codebook import codebook_from_toml

IDS = {
    "empathy": "label mirror paraphrase summary acknowledgement empathy accusation_audit gratitude "
    "rapport positive_close",
    "inquiry": "open_question closed_question calibrated_question no_oriented_question "
    "follow_up_question elicit_preference",
    "assertion": "offer direct_ask value_statement objective_criteria own_need no_need boundary "
    "alternative accept reject",
    "exchange": "conditional_trade concession package_option coordination fairness_appeal "
    "other_need commitment_request reciprocity",
    "risk": "hedged_ask premature_acceptance threat irritator vague_assurance bait_and_switch "
    "counter_without_question defend_attack undervalue_partner",
    "conduct": "dynamic_silence interruption backchannel",
}
ROW = {
    "id": "label",
    "family": "empathy",
    "name": "Label",
    "definition": "Names a feeling.",
    "detector": "rule",
    "sources": ["V"],
    "cues": ["it <verb> like you"],
}
DATA = {"version": 1, "vocabulary": {"verb": ["sounds", "seems"]}, "tactic": [ROW]}
UNBOUNDED = re.compile(r"(?:\.|\[[^\]]*\]|\\[swdSWD])[*+](?!\+)|\)[*+]")


def changed(**row: Any) -> dict[str, Any]:
    """The small codebook with other values in its one row."""
    data = deepcopy(DATA)
    data["tactic"] = [{**ROW, **row}]
    return data


def test_every_id_is_there_in_its_family() -> None:
    """The ids and families are the contract's."""
    found: dict[str, list[str]] = {}
    for tactic in CODEBOOK.tactics:
        found.setdefault(tactic.family, []).append(tactic.id)
    assert {family: " ".join(ids) for family, ids in found.items()} == IDS


def test_vocabulary_is_written_into_cues() -> None:
    """A cue may name a list of words."""
    assert codebook_from_toml(DATA)["label"].cues == ("it (?:sounds|seems) like you",)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (changed(colour="red"), "colour"),
        (changed(family="magic"), "magic"),
        (changed(detector="oracle"), "oracle"),
        (changed(cues=["it (sounds"]), "it (sounds"),
        (changed(cues=["it <adverb> sounds"]), "adverb"),
        (changed(cues=["(?:a)?"]), "empty"),
        (changed(cues="one"), "list"),
        (changed(name=""), "name"),
        ({**DATA, "tactic": [ROW, ROW]}, "twice"),
        ({**DATA, "tactic": [{"id": "label"}]}, "lacks"),
        ({**DATA, "tactic": []}, "tactic"),
        ({**DATA, "version": "1"}, "version"),
        ({**DATA, "extra": 1}, "extra"),
    ],
)
def test_a_faulty_codebook_is_refused_by_name(data: dict[str, Any], named: str) -> None:
    """The message names what is wrong."""
    with pytest.raises(ConfigError, match=re.escape(named)):
        codebook_from_toml(data)


def test_an_unknown_id_is_a_key_error() -> None:
    """A codebook answers only for its own ids."""
    with pytest.raises(KeyError):
        CODEBOOK["flattery"]


@pytest.mark.parametrize("tactic", CODEBOOK.tactics, ids=lambda tactic: tactic.id)
def test_no_cue_repeats_without_bound(tactic: Any) -> None:
    """A possessive or bounded repeat cannot backtrack through a very long turn."""
    for cue in tactic.cues + tactic.exclusions + tactic.context_cues + tactic.prompt_cues:
        assert not UNBOUNDED.search(cue), UNBOUNDED.search(cue)
