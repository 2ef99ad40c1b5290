"""report.json from small frames: names, quotes, warnings, what is withheld, and the contract."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import frames
import jsonschema
import polars as pl
import pytest

from pipeline.errors import ConfigError
from pipeline.records import (
    BACKCHANNEL,
    OFFERS,
    OTHER_LANGUAGE,
    OUTSIDE_SPEECH,
    REPETITION,
    SPEECH,
    TACTICS,
    TURNS,
    WORDS,
)
from pipeline.stages import metrics
from pipeline.stages.report import Definition, ModelFact, ReportConfig, run
from pipeline.tactics.codebook import Codebook, Tactic

SCHEMA = json.loads((files("pipeline") / "schemas" / "report.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

CODEBOOK = Codebook(
    version=3,
    tactics=tuple(
        Tactic(
            id=tactic,
            family=family,
            name=tactic.replace("_", " "),
            definition="What it is.",
            detector="rule",
            sources=("A", "B"),
        )
        for tactic, family in (
            ("label", "empathy"),
            ("open_question", "inquiry"),
            ("offer", "assertion"),
        )
    ),
)
CONFIG = ReportConfig(
    recording_name="call.wav",
    digest="ab" * 32,
    models=(
        ModelFact(stage="diarize", name="segmentation-3.0", licence="MIT", sha256="cd" * 32),
        ModelFact(stage="transcribe", name="mine", licence="unknown", sha256=""),
    ),
    versions=(("parley", "0.1.0"), ("codebook", "3"), ("metrics", "1")),
    definitions=(Definition(metric="talk_ratio", definition="Talk over talk.", note="A note."),),
    reasons=(("too_short", "less than a minute of speech"),),
    codebook=CODEBOOK,
)
MAP = frames.speech(("S1", 0, 50_000), ("S2", 48_000, 100_000))
TEXT = "Hello Ben. What matters most to you?"
WORDS_HEARD = frames.words(
    ("Hello", 1000, 1300),
    ("Ben.", 1300, 1700),
    ("What", 2000, 2250),
    ("matters", 2250, 2750),
    ("most", 2750, 3000),
    ("to", 3000, 3100),
    ("you?", 3100, 3456),
    ("mhm", 30_000, 30_400),
    ("Ninety.", 60_000, 60_500),
)
TURNS_TAKEN = frames.turns(
    ("S1", 0, 50_000, TEXT),
    ("S2", 30_000, 30_400, "mhm"),
    ("S2", 60_000, 100_000, "Ninety."),
    kinds={1: BACKCHANNEL},
).with_columns(overlap_ms=pl.Series([2000, 400, 0], dtype=pl.UInt32))
TAGS = frames.tactics((0, "open_question", 11, 36), (2, "offer", 0, 7))


def report_of(config: ReportConfig = CONFIG, **changes: Any) -> dict[str, Any]:
    """The report of the call above, proved against the contract; `changes` replace frames."""
    inputs: dict[str, Any] = {
        "audio": frames.track(120_000),
        "diarize": MAP,
        "transcribe": WORDS_HEARD,
        "turns": TURNS_TAKEN,
        "tactics": TAGS,
        **changes,
    }
    families = tuple((tactic.id, tactic.family) for tactic in CODEBOOK.tactics)
    further = ("offers", "replies", "earlier")
    measured = {name: frame for name, frame in inputs.items() if name not in further}
    figures = metrics.run(**measured, config=metrics.MetricsConfig(families=families))
    ledger = pl.DataFrame(schema=OFFERS)
    report = run(
        **({"offers": ledger} | frames.nothing_found() | inputs), metrics=figures, config=config
    )
    VALIDATOR.validate(report)
    return report


def named(*names: str, me: str = "") -> ReportConfig:
    """The config with names."""
    return ReportConfig(
        names=names, me=me, recording_name="call.wav", digest="ab" * 32,
        versions=CONFIG.versions, codebook=CODEBOOK,
    )  # fmt: skip


SILENT: dict[str, pl.DataFrame] = {
    "diarize": pl.DataFrame(schema=SPEECH),
    "transcribe": pl.DataFrame(schema=WORDS),
    "turns": pl.DataFrame(schema=TURNS),
    "tactics": pl.DataFrame(schema=TACTICS),
}


class TestDocument:
    def test_facts_of_the_recording(self) -> None:
        """Seconds, not milliseconds; the language is that of most words."""
        assert report_of()["recording"] == {
            "name": "call.wav",
            "digest": "ab" * 32,
            "duration_s": 120.0,
            "channels": 1,
            "sample_rate_hz": 16_000,
            "container": "wav",
            "codec": "pcm_s16le",
            "language": "en",
        }

    def test_turns_and_backchannels(self) -> None:
        """Both are listed, with times in seconds."""
        assert report_of()["turns"][:2] == [
            {
                "index": 0,
                "speaker": "S1",
                "start_s": 0.0,
                "end_s": 50.0,
                "overlap_s": 2.0,
                "kind": "turn",
                "text": TEXT,
            },
            {
                "index": 1,
                "speaker": "S2",
                "start_s": 30.0,
                "end_s": 30.4,
                "overlap_s": 0.4,
                "kind": "backchannel",
                "text": "mhm",
            },
        ]

    def test_the_speech_map(self) -> None:
        """As it is, in seconds."""
        assert report_of()["speech"] == [
            {"speaker": "S1", "start_s": 0.0, "end_s": 50.0},
            {"speaker": "S2", "start_s": 48.0, "end_s": 100.0},
        ]

    def test_figures_of_a_speaker(self) -> None:
        """50 s of 102 s of talk, 7 of 9 words, one open question in one turn, rounded to 4."""
        ana = report_of()["speakers"][0]
        assert ana["talk_time_s"] == 50.0
        assert ana["talk_ratio"] == 0.4902
        assert ana["talk_ratio_interval"][0] < 50 / 102 < ana["talk_ratio_interval"][1]
        assert (ana["word_count"], ana["word_ratio"]) == (7, 0.7778)
        assert (ana["question_count"], ana["question_ratio"]) == (1, 1.0)
        assert ana["rates"] == {
            "empathy": 0.0, "inquiry": 10.0, "assertion": 0.0, "exchange": 0.0, "risk": 0.0,
        }  # fmt: skip

    def test_totals(self) -> None:
        """100 s of speech with 2 s of both, 20 s of silence, 2 turns in a thirtieth of an hour."""
        assert report_of()["totals"] == {
            "speech_s": 100.0,
            "silence_s": 20.0,
            "longest_silence_s": 0.0,
            "overlap_s": 2.0,
            "switches_per_hour": 30.0,
            "question_ratio": 0.5,
            "turn_count": 2,
        }

    def test_only_tactics_that_occur_are_explained(self) -> None:
        """In the order of the codebook; a label was not found."""
        assert [entry["tactic"] for entry in report_of()["codebook"]] == ["open_question", "offer"]

    def test_models_versions_and_definitions(self) -> None:
        """As the plan gives them; weights that are not pinned have no hash."""
        report = report_of()
        assert [model["sha256"] for model in report["models"]] == ["cd" * 32, None]
        assert report["versions"] == {"parley": "0.1.0", "codebook": "3", "metrics": "1"}
        assert report["definitions"] == [
            {"metric": "talk_ratio", "definition": "Talk over talk.", "note": "A note."}
        ]

    def test_what_a_call_does_not_hold_is_empty(self) -> None:
        """Lists, not left out."""
        report = report_of()
        assert (report["offers"], report["outcomes"], report["moments"]) == ([], [], [])

    def test_a_silent_call(self) -> None:
        """Nobody, nothing, and still a whole report."""
        report = report_of(**SILENT)
        assert (report["speakers"], report["turns"], report["tactics"]) == ([], [], [])
        assert report["recording"]["language"] is None
        assert report["totals"]["silence_s"] == 120.0

    def test_hostile_text_is_left_as_it_is(self) -> None:
        """Markup is a matter of the page; the data says what was said."""
        turns = frames.turns(("S1", 0, 50_000, "<script>alert(1)</script>"))
        report = report_of(turns=turns, tactics=frames.tactics((0, "label", 0, 8)))
        assert report["turns"][0]["text"] == "<script>alert(1)</script>"
        assert report["tactics"][0]["quote"] == "<script>"


class TestQuotes:
    def quote(self, start_char: int, end_char: int) -> tuple[str, float, float]:
        """The quote of a tag on the first turn, and its times."""
        tag = report_of(tactics=frames.tactics((0, "label", start_char, end_char)))["tactics"][0]
        return tag["quote"], tag["start_s"], tag["end_s"]

    @pytest.mark.parametrize(
        ("span", "expected"),
        [
            ((0, 10), ("Hello Ben.", 1.0, 1.7)),
            ((11, 36), ("What matters most to you?", 2.0, 3.456)),
            ((16, 23), ("matters", 2.25, 2.75)),
            ((18, 21), ("tte", 2.25, 2.75)),
            ((6, 9), ("Ben", 1.3, 1.7)),
            ((0, 11), ("Hello Ben. ", 1.0, 1.7)),
            ((0, 36), (TEXT, 1.0, 3.456)),
        ],
    )
    def test_times_are_those_of_the_words(
        self, span: tuple[int, int], expected: tuple[str, float, float]
    ) -> None:
        """From the start of the first word to the end of the last that the quote touches."""
        assert self.quote(*span) == expected

    def test_words_of_a_turn_need_not_follow_each_other(self) -> None:
        """Another's backchannel between them is not part of the quote."""
        words = frames.words(("we", 0, 500), ("mhm", 500, 900), ("pay", 900, 1400))
        turns = frames.turns(("S1", 0, 1400, "we pay"), ("S2", 500, 900, "mhm")).with_columns(
            words=pl.Series([[0, 2], [1]], dtype=pl.List(pl.UInt32))
        )
        tags = frames.tactics((0, "offer", 3, 6), (1, "label", 0, 3))
        report = report_of(transcribe=words, turns=turns, tactics=tags)
        assert [(t["quote"], t["start_s"], t["end_s"]) for t in report["tactics"]] == [
            ("pay", 0.9, 1.4),
            ("mhm", 0.5, 0.9),
        ]

    def test_letters_beyond_ascii_count_as_one(self) -> None:
        """Offsets are in characters of the text, also after an emoji."""
        words = frames.words(("😀", 0, 500), ("größer", 500, 900), ("ja", 900, 1400))
        turns = frames.turns(("S1", 0, 1400, "😀 größer ja"))
        report = report_of(
            transcribe=words, turns=turns, tactics=frames.tactics((0, "label", 2, 8))
        )
        tag = report["tactics"][0]
        assert (tag["quote"], tag["start_s"], tag["end_s"]) == ("größer", 0.5, 0.9)

    def test_a_tag_has_the_speaker_and_the_family(self) -> None:
        """The turn's speaker, and the codebook's family."""
        tag = report_of()["tactics"][1]
        assert (tag["speaker"], tag["family"], tag["tactic"]) == ("S2", "assertion", "offer")


class TestNames:
    def names(self, config: ReportConfig) -> list[tuple[str, str, bool]]:
        """(id, name, whether it is me) of each speaker."""
        speakers = report_of(config)["speakers"]
        return [(one["id"], one["name"], one["is_me"]) for one in speakers]

    def test_without_names_speakers_are_numbered(self) -> None:
        """And nobody is me."""
        assert self.names(named()) == [("S1", "Speaker 1", False), ("S2", "Speaker 2", False)]

    def test_names_go_by_first_speech(self) -> None:
        """The first name is who speaks first; me is found by name."""
        assert self.names(named("Ana", "Ben", me="Ben")) == [
            ("S1", "Ana", False),
            ("S2", "Ben", True),
        ]

    def test_too_few_names_leave_a_number(self) -> None:
        """The second voice has none."""
        assert self.names(named("Ana")) == [("S1", "Ana", False), ("S2", "Speaker 2", False)]

    def test_me_may_be_an_id(self) -> None:
        """Where no names are given."""
        assert self.names(named(me="S2")) == [
            ("S1", "Speaker 1", False),
            ("S2", "Speaker 2", True),
        ]

    def test_me_may_be_an_id_beside_names(self) -> None:
        """A speaker's id is always known."""
        assert self.names(named("Ana", "Ben", me="S2")) == [
            ("S1", "Ana", False),
            ("S2", "Ben", True),
        ]

    @pytest.mark.parametrize(
        ("names", "me", "message"),
        [(("Ana", "Ben"), "Cleo", "Ana, Ben"), ((), "Ana", "needs --names"), ((), "S", "needs")],
    )
    def test_me_must_be_known(self, names: tuple[str, ...], me: str, message: str) -> None:
        """The message names who is known, or says what is missing."""
        with pytest.raises(ConfigError, match=message):
            named(*names, me=me).check_me(names)

    def test_two_of_the_same_name_cannot_be_told_apart(self) -> None:
        """If one of them is me, which one?"""
        with pytest.raises(ConfigError, match="Ana"):
            named("Ana", "Ana", me="Ana")


def warnings_of(config: ReportConfig = CONFIG, **changes: Any) -> list[str]:
    """The warnings of the call above with some changes."""
    found: list[str] = report_of(config, **changes)["quality"]["warnings"]
    return found


class TestQuality:
    GOOD = frames.words(*((f"w{n}", n * 1000, n * 1000 + 500) for n in range(100)))

    def test_a_clean_call_has_no_warnings(self) -> None:
        """Words all along, sure and in English, two voices."""
        assert warnings_of(transcribe=self.GOOD) == []

    @pytest.mark.parametrize(
        ("changes", "start"),
        [
            ({"audio": frames.track(120_000, truncated=True)}, "The file is damaged"),
            ({"diarize": frames.speech(("S1", 0, 100_000))}, "Only one voice"),
            ({"transcribe": GOOD.with_columns(probability=pl.lit(0.55))}, "The recogniser was"),
            ({"transcribe": GOOD.with_columns(doubt=pl.lit(OTHER_LANGUAGE))}, "The speech sounds"),
            ({"transcribe": GOOD.with_columns(language=pl.lit("de"))}, "Tactics are recognised"),
        ],
        ids=["truncated", "one voice", "unsure", "other language", "not English"],
    )
    def test_one_warning_for_each_trouble(self, changes: dict[str, Any], start: str) -> None:
        """And no other."""
        found = warnings_of(**{"transcribe": self.GOOD, **changes})
        assert [warning.startswith(start) for warning in found] == [True]

    def test_made_up_words(self) -> None:
        """One repeated word among a hundred."""
        doubts = pl.Series(["" if n else REPETITION for n in range(100)])
        found = warnings_of(transcribe=self.GOOD.with_columns(doubt=doubts))
        assert found == ["Some words were left out because the recogniser repeated itself."]

    def test_speech_without_words(self) -> None:
        """Half of the speech has none; the seconds are in the warning."""
        speech = frames.speech(("S1", 0, 50_000), ("S2", 50_500, 100_000))
        found = warnings_of(diarize=speech, transcribe=self.GOOD.head(40))
        assert found == ["For 50 s of speech no words were recognised."]

    def test_more_names_than_voices(self) -> None:
        """Two voices and three names."""
        found = warnings_of(named("Ana", "Ben", "Cleo"), transcribe=self.GOOD)
        assert found == ["3 names were given, 2 voices were found."]

    def test_no_speech(self) -> None:
        """One warning, and none about voices or words."""
        assert warnings_of(**SILENT) == ["No speech was found in this recording."]

    def test_figures_of_quality(self) -> None:
        """Of 100 words one is in doubt; the mean of their probabilities is 0.9."""
        words = self.GOOD.with_columns(
            doubt=pl.Series([OUTSIDE_SPEECH if n == 3 else "" for n in range(100)])
        )
        quality = report_of(transcribe=words)["quality"]
        assert quality["doubtful_word_count"] == 1
        assert quality["mean_word_probability"] == 0.9
        assert quality["speech_without_words_s"] == 0.0

    def test_what_is_withheld_is_null_and_listed_with_the_reason(self) -> None:
        """50 s of speech: no talk ratio for either speaker, in the words of the config."""
        speech = frames.speech(("S1", 0, 30_000), ("S2", 30_000, 50_000))
        report = report_of(diarize=speech)
        assert [one["talk_ratio"] for one in report["speakers"]] == [None, None]
        assert [one["talk_ratio_interval"] for one in report["speakers"]] == [None, None]
        assert [one for one in report["quality"]["withheld"] if one["metric"] == "talk_ratio"] == [
            {"scope": scope, "metric": "talk_ratio", "reason": "less than a minute of speech"}
            for scope in ("S1", "S2")
        ]

    def test_figures_of_the_call_and_of_thirds_are_named(self) -> None:
        """S2 has no turn in the first third; the whole call's figure has the scope call."""
        withheld = report_of(diarize=frames.speech(("S1", 0, 30_000)))["quality"]["withheld"]
        named_so = {(one["scope"], one["metric"]) for one in withheld}
        assert ("call", "switches_per_hour") in named_so
        assert ("S1", "empathy_rate (last third)") in named_so

    def test_every_null_is_explained(self) -> None:
        """Each figure of a speaker that is null is in the list."""
        report = report_of(diarize=frames.speech(("S1", 0, 30_000), ("S2", 30_000, 50_000)))
        withheld = {(one["scope"], one["metric"]) for one in report["quality"]["withheld"]}
        for speaker in report["speakers"]:
            nulls = {key for key, value in speaker.items() if value is None}
            assert nulls - {"talk_ratio_interval"} <= {
                metric for scope, metric in withheld if scope == speaker["id"]
            }
            assert nulls
