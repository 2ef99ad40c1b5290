"""Tags of conduct: silence held after asking, cutting in, and listening sounds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import builders as build
import frames
import jsonschema
import polars as pl
import pytest
from builders import Said, said
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import Config, load_config
from pipeline.evaluation.derived import speech_map, word_frame
from pipeline.evaluation.spoken import Interval
from pipeline.evaluation.spoken import Said as Word
from pipeline.records import SPEECH, WORDS
from pipeline.stages import metrics, offers, page, report, tactics, turns
from pipeline.stages.page.tags import how_tagged
from pipeline.tactics.codebook import Tag
from pipeline.tactics.conduct import Heard, Sound, find_conduct

CONFIG = load_config()
NO_WORDS = pl.DataFrame(schema=WORDS)
"""Of no language, which is taken for English."""
CONDUCT = {"dynamic_silence", "interruption", "backchannel"}
ASKED = "What would it take to get past the limit?"
ANSWER = "We would need the board to agree."
REFERENCE = Path(__file__).resolve().parents[1] / "data" / "demo_call" / "reference.json"

Found = list[tuple[int, str, str]]
HELD: Found = [(0, "dynamic_silence", ASKED)]


def tagged(
    lines: Sequence[Said],
    *sounds: tuple[str, float, float],
    config: Config = CONFIG,
) -> pl.DataFrame:
    """The tags of a call by rule; `sounds` is the speech map in seconds, else the lines' times."""
    heard = frames.speech(*((who, round(a * 1000), round(b * 1000)) for who, a, b in sounds))
    found = tactics.run(
        transcribe=NO_WORDS,
        turns=build.turns(lines),
        diarize=heard if sounds else build.speech(lines),
        config=config.tactics,
    )
    tactics.check(found)
    return found


def conduct(lines: Sequence[Said], *sounds: tuple[str, float, float]) -> Found:
    """The tags of conduct as (turn, tactic, quote)."""
    return [
        (tag["turn"], tag["tactic"], lines[tag["turn"]].text[tag["start_char"] : tag["end_char"]])
        for tag in tagged(lines, *sounds).iter_rows(named=True)
        if tag["tactic"] in CONDUCT
    ]


def asked(text: str = ASKED, *, answer_s: float) -> list[Said]:
    """A turn up to 4 s, and the other side's answer."""
    return [said("S1", text, 0, 4), said("S2", ANSWER, answer_s, answer_s + 4)]


class TestDynamicSilence:
    def test_two_seconds_are_just_enough(self) -> None:
        """The question ends at 4 s; the answer begins at 6 s, or a millisecond before."""
        assert conduct(asked(answer_s=6.0)) == HELD
        assert conduct(asked(answer_s=5.999)) == []

    def test_a_label_is_left_to_stand(self) -> None:
        """The tag has the label's own span, not the turn's."""
        label = "It seems like you are worried about the budget."
        ((turn, tactic, quote),) = conduct(asked(f"Okay. {label}", answer_s=7))
        assert (turn, tactic) == (0, "dynamic_silence")
        assert label.startswith(quote)
        assert quote.startswith("It seems like")

    def test_a_mirror_is_left_to_stand(self) -> None:
        """ "A big jump?" and 2.4 s of nothing."""
        lines = [
            said("S2", "Well, that is a big jump.", 0, 3),
            said("S1", "A big jump?", 3.5, 4.5),
            said("S2", ANSWER, 6.9, 10),
        ]
        assert conduct(lines) == [(1, "dynamic_silence", "A big jump?")]

    def test_several_tags_of_one_question_are_one_silence(self) -> None:
        """The question is open and calibrated."""
        lines = asked("How am I supposed to do that?", answer_s=7)
        found = tagged(lines)["tactic"].to_list()
        assert {"open_question", "calibrated_question"} <= set(found)
        assert found.count("dynamic_silence") == 1
        assert found[-1] == "dynamic_silence", "the page colours a quote by its first tag"

    @pytest.mark.parametrize(
        "text",
        [
            "We could pay you ninety thousand a year.",
            f"{ASKED} We have very little time left this year.",
            f"{ASKED} I mean, in money.",
        ],
        ids=["nothing asked", "goes on after asking", "fills it herself"],
    )
    def test_a_silence_after_something_else(self, text: str) -> None:
        """Where the turn does not end with the asking, no silence was left for an answer."""
        assert conduct(asked(text, answer_s=8)) == []

    def test_an_um_does_not_end_the_asking(self) -> None:
        """A filler behind the question says nothing."""
        assert conduct(asked(f"{ASKED} Um.", answer_s=7)) == HELD

    def test_the_speaker_fills_the_silence_without_words(self) -> None:
        """The map hears her again before the other answers, though no word was recognised."""
        sounds = [("S1", 0, 4), ("S1", 6.5, 6.9), ("S2", 9.5, 13)]
        assert conduct(asked(answer_s=9.5), *sounds) == []

    def test_the_speaker_has_the_next_turn_too(self) -> None:
        """A turn of her own, as a correction may leave it, is no answer."""
        lines = [said("S1", ASKED, 0, 4), said("S1", ANSWER, 8, 12)]
        assert conduct(lines) == []

    @pytest.mark.parametrize(("at_s", "held"), [(5.0, False), (5.999, False), (6.0, True)])
    def test_a_backchannel_during_the_silence(self, at_s: float, held: bool) -> None:
        """A listening sound ends the silence; after 2 s it had been held."""
        lines = [
            said("S1", ASKED, 0, 4),
            said("S2", "Mhm.", at_s, at_s + 0.4, kind="backchannel"),
            said("S2", ANSWER, 9, 13),
        ]
        assert conduct(lines) == (HELD if held else []) + [(1, "backchannel", "Mhm.")]

    def test_a_backchannel_over_the_end_of_the_question(self) -> None:
        """The silence begins when it is over: 4.2 to 6.2 s."""
        mhm = said("S2", "Mhm.", 3.8, 4.2, kind="backchannel")
        held = [said("S1", ASKED, 0, 4), mhm, said("S2", ANSWER, 6.2, 9)]
        short = [said("S1", ASKED, 0, 4), mhm, said("S2", ANSWER, 6.199, 9)]
        assert (0, "dynamic_silence", ASKED) in conduct(held)
        assert (0, "dynamic_silence", ASKED) not in conduct(short)

    def test_an_answer_begun_before_the_end(self) -> None:
        """The other takes the floor over the question and thinks only then."""
        lines = [said("S1", ASKED, 0, 4), said("S2", ANSWER, 3.8, 12)]
        assert conduct(lines, ("S1", 0, 4), ("S2", 3.8, 4.5), ("S2", 8, 12)) == []

    def test_silence_is_of_the_map_and_not_between_words(self) -> None:
        """A word drawn out over the pause hides no silence, a word cut short makes none."""
        drawn_out = [said("S1", ASKED, 0, 6.5), said("S2", ANSWER, 7, 11)]
        assert conduct(drawn_out, ("S1", 0, 4), ("S2", 7, 11)) == HELD
        cut_short = [said("S1", ASKED, 0, 4), said("S2", ANSWER, 7, 11)]
        assert conduct(cut_short, ("S1", 0, 5.5), ("S2", 7, 11)) == []

    def test_nobody_answers(self) -> None:
        """A silence to the end of the recording is none: it may run on after the call."""
        assert conduct([said("S2", ANSWER, 0, 4), said("S1", ASKED, 5, 9)]) == []

    def test_a_third_person_may_answer(self) -> None:
        """Whoever takes the floor, it is not the one who asked."""
        lines = [said("S2", ANSWER, 0, 4), said("S1", ASKED, 5, 9), said("S3", ANSWER, 12, 15)]
        assert conduct(lines) == [(1, "dynamic_silence", ASKED)]


class TestInterruption:
    LONG = "Yes, the date is flexible. And you know, we will see what we can do once you are"

    def cut(self, text: str, start_s: float, end_s: float) -> Found:
        """What S2 does with a turn of S1 that goes on until 10 s."""
        return conduct([said("S1", self.LONG, 0, 10), said("S2", text, start_s, end_s)])

    def test_a_turn_begun_into_the_others(self) -> None:
        """300 ms of overlap and 1 s beyond are just enough; the quote is the first sentence."""
        text = "Sorry, and when would that happen? I have to tell my team."
        assert self.cut(text, 9.7, 11) == [
            (1, "interruption", "Sorry, and when would that happen?")
        ]

    @pytest.mark.parametrize(
        ("start_s", "end_s"),
        [(9.701, 12), (9.0, 10.999), (10.2, 13), (3, 9)],
        ids=["little overlap", "does not go on", "in turn", "the other does not yield"],
    )
    def test_less_is_none(self, start_s: float, end_s: float) -> None:
        """A quick change of turns, and speech inside a turn that goes on."""
        assert self.cut("Sorry, and when would that happen?", start_s, end_s) == []

    def test_a_sentence_without_end_is_quoted_in_part(self) -> None:
        """Of a hundred words without a stop, the first forty."""
        words = [f"word{number}" for number in range(100)]
        ((_, _, quote),) = self.cut(" ".join(words), 9, 40)
        assert quote == " ".join(words[:40])

    def test_a_turn_of_fillers_is_quoted_whole(self) -> None:
        """Where there is no word, the text is the quote."""
        assert self.cut("Um, uh", 9, 12) == [(1, "interruption", "Um, uh")]


class TestBackchannel:
    def test_its_text_is_the_quote(self) -> None:
        """It is tagged as such, and as nothing else, though it overlaps."""
        lines = [
            said("S1", TestInterruption.LONG, 0, 10),
            said("S2", "Right, right.", 5, 6, kind="backchannel"),
        ]
        assert conduct(lines) == [(1, "backchannel", "Right, right.")]

    def test_a_short_answer_is_none(self) -> None:
        """ "Right." as a turn."""
        lines = [said("S1", "You start in March?", 0, 4), said("S2", "Right.", 4.3, 5)]
        assert conduct(lines) == []


def test_without_a_speech_map_there_is_no_conduct() -> None:
    """Nothing is guessed from the times of a transcript; wording is tagged all the same."""
    lines = build.LIVELY
    found = tactics.run(
        transcribe=NO_WORDS,
        turns=build.turns(lines),
        diarize=pl.DataFrame(schema=SPEECH),
        config=CONFIG.tactics,
    )
    assert not CONDUCT & set(found["tactic"])
    assert found.height > 0
    assert {"interruption", "backchannel"} <= set(tagged(lines)["tactic"])


def test_tags_come_with_one_mark_and_their_method() -> None:
    """Score and method are those of timing."""
    found = tagged(build.LIVELY).filter(pl.col("tactic").is_in(CONDUCT))
    assert set(found["method"]) == {"audio"}
    assert found["score"].n_unique() == 1


# --- properties

TIMES = st.integers(0, 30_000)
LENGTHS = st.sampled_from([300, 1000, 1500, 4000])
PARTS = st.lists(
    st.tuples(st.sampled_from(["S1", "S2", "S3"]), TIMES, LENGTHS, st.booleans()), max_size=12
)
TEXTS = (ASKED, "Mhm.", "We could pay you ninety thousand a year.")


def heard_of(parts: list[tuple[str, int, int, bool]]) -> list[Heard]:
    """Turns and backchannels of (speaker, start, length, is a backchannel), by start."""
    return [
        Heard(
            number=number,
            speaker=who,
            start_ms=start_ms,
            end_ms=start_ms + length_ms,
            text=TEXTS[1 if silent else number % 2 * 2],
            kind="backchannel" if silent else "turn",
        )
        for number, (who, start_ms, length_ms, silent) in enumerate(
            sorted(parts, key=lambda part: part[1])
        )
    ]


def found_in(heard: list[Heard], sounds: list[Sound]) -> list[Tag]:
    """Tags of conduct where each question of TEXTS is tagged."""
    asking = [
        Tag(turn=one.number, tactic="open_question", score=0.9, start_char=0,
            end_char=len(one.text), method="rule")
        for one in heard
        if one.text == ASKED and one.kind == "turn"
    ]  # fmt: skip
    return find_conduct(heard, asking, sounds, min_overlap_ms=300, min_length_ms=1000)


@settings(max_examples=100, deadline=None)
@given(parts=PARTS, spans=PARTS, shift_ms=st.integers(0, 7_200_000))
def test_shifting_all_times_changes_nothing(
    parts: list[tuple[str, int, int, bool]],
    spans: list[tuple[str, int, int, bool]],
    shift_ms: int,
) -> None:
    """What happens an hour later is tagged alike."""

    def later(rows: list[tuple[str, int, int, bool]]) -> list[tuple[str, int, int, bool]]:
        return [(who, at_ms + shift_ms, length_ms, kind) for who, at_ms, length_ms, kind in rows]

    def sounds(rows: list[tuple[str, int, int, bool]]) -> list[Sound]:
        return [
            Sound(speaker=one.speaker, start_ms=one.start_ms, end_ms=one.end_ms)
            for one in heard_of(rows)
        ]

    before = found_in(heard_of(parts), sounds(spans))
    assert found_in(heard_of(later(parts)), sounds(later(spans))) == before
    assert len({(tag.turn, tag.tactic) for tag in before}) == len(before)


def counts(lines: Sequence[Said], *, config: Config = CONFIG) -> tuple[Counter[str], Counter[str]]:
    """Tags and figures of interruptions and backchannels, by speaker and id."""
    found = tagged(lines, config=config)
    table = metrics.run(
        audio=frames.track(1000),
        diarize=build.speech(lines),
        transcribe=build.words(lines),
        turns=build.turns(lines),
        tactics=found,
        config=config.metrics,
    )
    wanted = ("interruption", "backchannel")
    tags = Counter(
        f"{lines[turn].speaker} {tactic}"
        for turn, tactic in found.select("turn", "tactic").iter_rows()
        if tactic in wanted
    )
    figures = Counter(
        {
            f"{speaker} {metric.removesuffix('_count')}": int(value)
            for speaker, metric, value in table.select("speaker", "metric", "value").iter_rows()
            if metric.removesuffix("_count") in wanted and value
        }
    )
    return tags, figures


@settings(max_examples=30, deadline=None)
@given(parts=PARTS)
def test_tags_are_as_many_as_the_figures_say(parts: list[tuple[str, int, int, bool]]) -> None:
    """Interruptions and backchannels tagged are those counted, speaker by speaker."""
    lines = [
        Said(speaker=h.speaker, text=h.text, start_ms=h.start_ms, end_ms=h.end_ms, kind=h.kind)
        for h in heard_of(parts)
    ]
    tags, figures = counts(lines)
    assert tags == figures


def test_a_changed_setting_changes_tags_and_figures_alike() -> None:
    """LIVELY has one interruption of 1 s; with 1.1 s asked for it has none."""
    tags, figures = counts(build.LIVELY)
    assert tags == figures == {"S1 interruption": 1, "S2 backchannel": 1}
    stricter = load_config(settings=["metrics.interruption_overlap_ms=1100"])
    tags, figures = counts(build.LIVELY, config=stricter)
    assert tags == figures == {"S2 backchannel": 1}


# --- what follows from the tags

VERSIONS = (("parley", "0.1.0"), ("codebook", "1"), ("metrics", "1"))
SPOKEN = (*build.LIVELY[:-1], said("S1", ASKED, 92, 94), said("S2", "Fine.", 97, 98))


def test_no_figure_and_no_line_of_the_ledger_depends_on_conduct() -> None:
    """Shares of turns, rates and the ledger are the same with and without these tags."""
    found = tagged(SPOKEN)
    assert set(found["tactic"]) >= CONDUCT
    worded = found.filter(pl.col("method") != "audio")
    assert _figures(found).equals(_figures(worded))
    assert _ledger(found).equals(_ledger(worded))


def _figures(tags: pl.DataFrame) -> pl.DataFrame:
    return metrics.run(
        audio=frames.track(99_000),
        diarize=build.speech(SPOKEN),
        transcribe=build.words(SPOKEN),
        turns=build.turns(SPOKEN),
        tactics=tags,
        config=CONFIG.metrics,
    )


def _ledger(tags: pl.DataFrame) -> pl.DataFrame:
    return offers.run(
        transcribe=NO_WORDS, turns=build.turns(SPOKEN), tactics=tags, config=CONFIG.offers
    )


def test_conduct_is_in_the_report_and_on_the_page() -> None:
    """The report keeps its contract, and the page names, explains and quotes each tactic."""
    found = tagged(SPOKEN)
    document = report.run(
        audio=frames.track(99_000),
        diarize=build.speech(SPOKEN),
        transcribe=build.words(SPOKEN),
        turns=build.turns(SPOKEN),
        tactics=found,
        offers=_ledger(found),
        metrics=_figures(found),
        **frames.nothing_found(),
        config=replace(
            CONFIG.report, recording_name="call.wav", digest="a" * 64, versions=VERSIONS
        ),
    )
    schema = json.loads((files("pipeline") / "schemas" / "report.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    tags = {tag["tactic"]: tag for tag in document["tactics"] if tag["family"] == "conduct"}
    assert {name: tag["quote"] for name, tag in tags.items()} == {
        "dynamic_silence": ASKED,
        "interruption": "That is not what I had in mind at all.",
        "backchannel": "Mhm.",
    }
    assert (tags["backchannel"]["start_s"], tags["backchannel"]["end_s"]) == (76, 76.4)
    html = page.run(report=document, config=CONFIG.page)
    for name in ("Dynamic silence", "Interruption", "Backchannel", "Conduct"):
        assert name in html


def test_the_page_says_that_timing_was_used() -> None:
    """Where rules and timing found all tags, it does not speak of a machine."""
    rule, timing, learned = ({"method": method} for method in ("rule", "audio", "learned"))
    assert how_tagged({"tactics": [rule]}) == "by rule, from the wording"
    assert how_tagged({"tactics": [rule, timing]}) == "by rule, from wording and timing"
    assert how_tagged({"tactics": [timing, learned]}) == "by machine"


def test_the_conduct_of_the_demo_call_is_found() -> None:
    """Of its reference all dynamic silences and no more, the interruption, and 8 of 9 backchannels.

    "Good." (34) is not among the words that turns take for a listening sound. Ben's turn 35
    begins 300 ms before Maria's end: by the definition an interruption, which the annotation
    leaves out.
    """
    call = json.loads(REFERENCE.read_text("utf-8"))
    spoken = [Word(speaker=w["speaker"], text=w["text"], **_ms(w)) for w in call["words"]]
    intervals = [
        Interval(speaker=who, **_ms(span))
        for who, spans in call["speech"].items()
        for span in spans
    ]
    tracks = {"Maria": 0, "Ben": 1}
    heard = speech_map(intervals, tracks=tracks)
    spoken_turns = turns.run(
        transcribe=word_frame(spoken, tracks=tracks), diarize=heard, config=CONFIG.turns
    )
    found = tactics.run(
        transcribe=NO_WORDS, turns=spoken_turns, diarize=heard, config=CONFIG.tactics
    )
    tags = {tactic: set(found.filter(tactic=tactic)["turn"]) for tactic in CONDUCT}
    known = {
        tactic: {row["turn"] for row in call["tactics"] if row["tactic"] == tactic}
        for tactic in CONDUCT
    }
    assert tags["dynamic_silence"] == known["dynamic_silence"]
    assert tags["interruption"] == known["interruption"] | {35}
    assert tags["backchannel"] == known["backchannel"] - {34}


def _ms(row: dict[str, float]) -> dict[str, int]:
    return {"start_ms": round(row["start_s"] * 1000), "end_ms": round(row["end_s"] * 1000)}
