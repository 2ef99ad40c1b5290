"""Experimental tags: left out of what people see, found and counted all the same."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import builders as build
import pytest
from command_line import parley, put_fakes
from hypothesis import given
from hypothesis import strategies as st
from test_report import CONFIG, TAGS, report_of

from pipeline.config import config_of, load_config, settings_of, shipped_codebook
from pipeline.errors import ConfigError
from pipeline.stages.report import ReportConfig
from pipeline.tactics.measured import Measured
from pipeline.tagging import tag_dialogues
from pipeline.transcripts.lines import Line, line_of


def measured(tactic: str, precision: float) -> Measured:
    """A figure with a wide interval."""
    return Measured(
        tactic=tactic, precision=precision, precision_low=0.0, precision_high=1.0,
        support=8, present=9, f1=0.5, data=("AnnoMI",),
    )  # fmt: skip


def config(*figures: Measured, **changes: Any) -> ReportConfig:
    """The report's settings with measured figures."""
    kept = {
        name: getattr(CONFIG, name)
        for name in ("recording_name", "digest", "models", "versions", "definitions", "reasons")
    }
    return ReportConfig(**kept, codebook=CONFIG.codebook, measured=figures, **changes)


OFFER_POOR = measured("offer", 0.4)
UNKNOWN = {"precision": None, "precision_low": None, "precision_high": None, "support": None}


class TestReport:
    def test_tags_below_the_bar_are_left_out_and_told(self) -> None:
        """The offer is neither a tag nor in the codebook; how many were found is said."""
        report = report_of(config(OFFER_POOR))
        assert [tag["tactic"] for tag in report["tactics"]] == ["open_question"]
        assert [entry["tactic"] for entry in report["codebook"]] == ["open_question"]
        assert report["hidden_tactics"] == [
            {
                "tactic": "offer", "family": "assertion", "name": "offer", "tag_count": 1,
                "precision": 0.4, "precision_low": 0.0, "precision_high": 1.0, "support": 8,
            }
        ]  # fmt: skip

    def test_what_follows_from_them_is_left_out_too(self) -> None:
        """Effects, leanings and promises of experimental tactics; those of others stay."""
        quote = {"turn": 0, "speaker": "S1", "start_s": 0.0, "quote": "H", "start_char": 0,
                 "end_char": 1}  # fmt: skip
        effect = {
            "speaker": "S1", "count": 1, "answered_count": 0, "median_reply_words": None,
            "median_new_words": None, "other_reply_words": None, "agreement_count": 0,
            "concession_count": 0,
        }  # fmt: skip
        replies = {
            "questions": [],
            "effects": [{"tactic": one, **effect} for one in ("offer", "open_question")],
            "leanings": [
                {**quote, "toward": "over_assertiveness", "signal": one}
                for one in ("threat", "unacknowledged_counter")
            ],
            "vague_promises": [{**quote, "request_turn": None, "pinned": False}],
            "pace": [],
        }
        poor = [measured(tactic, 0.4) for tactic in ("offer", "threat", "vague_assurance")]
        shown = report_of(config(*poor), replies=replies)
        assert [one["tactic"] for one in shown["effects"]] == ["open_question"]
        assert [one["signal"] for one in shown["leanings"]] == ["unacknowledged_counter"]
        assert shown["vague_promises"] == []
        everything = report_of(config(*poor, all_tags=True), replies=replies)
        assert {name: everything[name] for name in replies} == replies

    def test_all_tags_shows_and_marks_them(self) -> None:
        """Nothing is hidden, and only the offer is experimental."""
        report = report_of(config(OFFER_POOR, all_tags=True))
        marks = {tag["tactic"]: tag["experimental"] for tag in report["tactics"]}
        assert marks == {"open_question": False, "offer": True}
        entries = {entry["tactic"]: entry["experimental"] for entry in report["codebook"]}
        assert entries == marks
        assert report["hidden_tactics"] == []

    def test_what_was_not_measured_is_shown_without_a_figure(self) -> None:
        """A tactic that no test data judges is not hidden for that."""
        entry = report_of(config(measured("label", 0.1)))["codebook"][0]
        assert {key: entry[key] for key in UNKNOWN} == UNKNOWN
        assert entry["experimental"] is False

    def test_each_tactic_has_its_figures(self) -> None:
        """As they are published."""
        entry = report_of(config(measured("open_question", 0.8754)))["codebook"][0]
        assert {key: entry[key] for key in UNKNOWN} == {
            "precision": 0.8754, "precision_low": 0.0, "precision_high": 1.0, "support": 8,
        }  # fmt: skip

    def test_no_figure_changes_with_the_flag(self) -> None:
        """Whatever is hidden: rates, counts and ratios are of all tags."""
        shown, hidden = (
            report_of(config(OFFER_POOR, measured("open_question", 0.1), all_tags=flag))
            for flag in (True, False)
        )
        assert hidden["tactics"] == []
        for part in ("speakers", "totals", "quality", "offers", "outcomes"):
            assert shown[part] == hidden[part]
        assert hidden["speakers"][1]["rates"]["assertion"] == 10.0
        found = sum(one["tag_count"] for one in hidden["hidden_tactics"])
        assert found == len(shown["tactics"]) == TAGS.height

    @given(st.floats(0, 1), st.floats(0, 1))
    def test_at_a_bar_of_0_the_flag_changes_nothing(self, offer: float, question: float) -> None:
        """Nothing is below it, so nothing is hidden and nothing is marked."""
        figures = (measured("offer", offer), measured("open_question", question))
        without, with_flag = (
            report_of(config(*figures, precision_bar=0.0, all_tags=flag)) for flag in (False, True)
        )
        assert without == with_flag
        assert not any(tag["experimental"] for tag in without["tactics"])
        assert without["hidden_tactics"] == []

    def test_a_call_without_tags(self) -> None:
        """Nothing found is nothing hidden."""
        report = report_of(config(OFFER_POOR), tactics=TAGS.clear())
        assert (report["tactics"], report["hidden_tactics"]) == ([], [])

    @pytest.mark.parametrize("bar", [-0.1, 1.1])
    def test_the_bar_is_a_share(self, bar: float) -> None:
        """60 is not taken for 0.6."""
        with pytest.raises(ConfigError, match="0 to 1"):
            config(precision_bar=bar)


# --- parley tag


@pytest.fixture
def gratitude_is_poor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Published figures in which gratitude is below the bar, and no weights."""
    monkeypatch.setattr("pipeline.config.measured_precision", lambda: (measured("gratitude", 0.5),))
    monkeypatch.setattr("pipeline.stages.tactics.load_learned", lambda config, *, locate: None)


THANKS = {"speaker": "Ana", "text": "Thank you for the offer. What matters to you?"}


def rows(text: str) -> list[dict[str, Any]]:
    """The turns that were written."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def transcript(tmp_path: Path) -> Path:
    """One turn with thanks and a question."""
    path = tmp_path / "call.jsonl"
    path.write_text(json.dumps(THANKS) + "\n", "utf-8")
    return path


@pytest.mark.usefixtures("gratitude_is_poor")
def test_tag_leaves_experimental_tags_out_and_says_so(transcript: Path) -> None:
    """The other tags are as ever; the sum on standard error counts what is hidden."""
    done = parley("tag", transcript)
    tactics = {tag["tactic"] for tag in rows(done.stdout)[0]["tactics"]}
    assert "open_question" in tactics
    assert "gratitude" not in tactics
    assert "experimental" not in done.stdout
    assert "1 experimental not shown (--all-tags)" in done.stderr


@pytest.mark.usefixtures("gratitude_is_poor")
def test_tag_marks_them_when_asked(transcript: Path) -> None:
    """Only the tags below the bar have the mark."""
    done = parley("tag", transcript, "--all-tags")
    tags = rows(done.stdout)[0]["tactics"]
    marks = {tag["tactic"]: tag.get("experimental") for tag in tags}
    assert marks.pop("gratitude") is True
    assert set(marks.values()) == {None}
    assert "not shown" not in done.stderr


def dialogue(*said: dict[str, str]) -> list[Line]:
    """The lines of a transcript."""
    return [line_of(row, number=at, turn=at) for at, row in enumerate(said)]


def test_the_ledger_of_a_transcript_does_not_depend_on_the_flag() -> None:
    """What rests on hidden tags stays."""
    lines = dialogue({"speaker": "Ben", "text": "I can offer $90,000."}, THANKS)
    ledgers = [
        next(
            tag_dialogues(
                lines,
                codebook=shipped_codebook(),
                refuse=lambda line: None,
                experimental=experimental,
                all_tags=flag,
            )
        ).offers
        for experimental in (frozenset[str](), frozenset({"offer"}))
        for flag in (True, False)
    ]
    assert ledgers[0]["offers"]
    assert all(ledger == ledgers[0] for ledger in ledgers)


@pytest.mark.parametrize("flag", [True, False])
def test_without_a_bar_a_transcript_has_no_marks(flag: bool) -> None:
    """With nothing experimental the flag changes nothing."""
    (found,) = tag_dialogues(
        dialogue(THANKS), codebook=shipped_codebook(), refuse=lambda line: None, all_tags=flag
    )
    (plain,) = tag_dialogues(
        dialogue(THANKS), codebook=shipped_codebook(), refuse=lambda line: None
    )
    assert found == plain
    assert found.turns[0]["tactics"]
    assert not any("experimental" in tag for tag in found.turns[0]["tactics"])


# --- parley analyze


@pytest.mark.usefixtures("gratitude_is_poor")
def test_analyze_shows_them_when_asked_and_computes_nothing_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Report, page and table change; the tags themselves are those that were stored."""
    monkeypatch.setenv("PARLEY_STORE", str(tmp_path / "store"))
    fakes = put_fakes(monkeypatch)
    call = build.write_call(tmp_path / "call.wav", build.CALL[:2])
    out = tmp_path / "out"
    assert parley("analyze", call, "--out", out).exit_code == 0
    assert "gratitude" not in tactics_of(out / "call")
    asked = list(fakes.asked)
    assert parley("analyze", call, "--out", out, "--all-tags").exit_code == 0
    assert tactics_of(out / "call")["gratitude"] is True
    assert tactics_of(out / "call")["open_question"] is False
    assert "(experimental)" in (out / "call" / "report.html").read_text("utf-8")
    assert fakes.asked == asked
    assert parley("analyze", call, "--out", out).exit_code == 0
    assert "gratitude" not in tactics_of(out / "call")


def test_a_correction_keeps_the_flag() -> None:
    """A report that is written again shows what it showed: the flag is noted with the analysis."""
    noted = settings_of(load_config(settings=["report.all_tags=true"]))
    assert noted == {"report": {"all_tags": True}}
    assert config_of(noted).report.all_tags
    assert config_of(noted).report.measured


def tactics_of(folder: Path) -> dict[str, bool]:
    """The tactics of report.json with their marks; those of tactics.csv are the same."""
    report = json.loads((folder / "report.json").read_text("utf-8"))
    table = csv.DictReader(io.StringIO((folder / "tactics.csv").read_text("utf-8"), newline=""))
    marks = {tag["tactic"]: tag["experimental"] for tag in report["tactics"]}
    assert {row["tactic"]: row["experimental"] == "True" for row in table} == marks
    return marks
