"""The stage replies: questions, effects and pace, with values worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import builders as build
import jsonschema
import polars as pl
import pytest
from builders import said
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import load_config, shipped_replies
from pipeline.errors import ConfigError
from pipeline.records import OFFERS, SPEECH
from pipeline.spans import length_ms
from pipeline.stages import replies
from pipeline.stages.replies import replies_from_toml
from pipeline.stages.replies.pace import pace_document, stretch_ms

SCHEMA = json.loads((files("pipeline") / "schemas" / "report.schema.json").read_text("utf-8"))
NO_OFFERS = pl.DataFrame(schema=OFFERS)
ASKED = said("S1", "What do you need?", 0, 2, ("open_question", "What do you need?"))


def found(
    lines: Sequence[build.Said], *, offers: pl.DataFrame = NO_OFFERS, heard: bool = True
) -> dict[str, Any]:
    """What the stage finds in those lines; each list is valid under the report's schema."""
    result = replies.run(
        diarize=build.speech(lines) if heard else pl.DataFrame(schema=SPEECH),
        transcribe=build.words(lines),
        turns=build.turns(lines),
        tactics=build.tactics(lines),
        offers=offers,
        config=load_config().replies,
    )
    for name, items in result.items():
        definition = {**SCHEMA["properties"][name], "$defs": SCHEMA["$defs"]}
        jsonschema.Draft202012Validator(definition).validate(items)
    return result


def untimed(lines: Sequence[build.Said]) -> dict[str, Any]:
    """What the stage finds in a transcript of those lines without any times."""
    no_time = pl.lit(None, dtype=pl.UInt32)
    return replies.run(
        diarize=pl.DataFrame(schema=SPEECH),
        transcribe=build.words(lines).with_columns(start_ms=no_time, end_ms=no_time),
        turns=build.turns(lines).with_columns(start_ms=no_time, end_ms=no_time),
        tactics=build.tactics(lines),
        offers=NO_OFFERS,
        config=load_config().replies,
    )


def effect(effects: Sequence[dict[str, Any]], tactic: str, speaker: str) -> dict[str, Any]:
    """The effect of a speaker's tactic."""
    (one,) = [e for e in effects if (e["tactic"], e["speaker"]) == (tactic, speaker)]
    return one


# --- questions


def test_a_question_and_its_reply() -> None:
    """Asked until 2.0 s, answered from 2.5 to 6.0 s; of 6 words, "budget" and "signs" are new.

    "You" and the like carry no meaning, "need" was said in the question.
    """
    lines = [ASKED, said("S2", "I need a budget that signs.", 2.5, 6)]
    (question,) = found(lines)["questions"]
    assert question == {
        "turn": 0,
        "speaker": "S1",
        "start_s": 0.0,
        "quote": "What do you need?",
        "start_char": 0,
        "end_char": 17,
        "kind": "open",
        "calibrated": False,
        "follow_up": False,
        "reply": {
            "turn": 1,
            "speaker": "S2",
            "start_s": 2.5,
            "latency_s": 0.5,
            "duration_s": 3.5,
            "word_count": 6,
            "new_word_count": 2,
            "new_words": ["budget", "signs"],
        },
    }


def test_a_quote_starts_with_its_words() -> None:
    """Four words of one second each: the quote starts with the third, at 2 s."""
    line = said("S1", "Well, fine. Why now?", 0, 4, ("open_question", "Why now?"))
    assert found([line])["questions"][0]["start_s"] == 2.0


def test_a_backchannel_is_no_reply() -> None:
    """The other's "mm" is passed over; the turn after it answers, and the latency is to that."""
    lines = [
        ASKED,
        said("S2", "Mm.", 1, 1.3, kind="backchannel"),
        said("S2", "A budget.", 4, 5),
    ]
    (question,) = found(lines)["questions"]
    assert (question["reply"]["turn"], question["reply"]["latency_s"]) == (2, 2.0)


def test_who_starts_early_has_a_negative_latency() -> None:
    """The reply begins half a second before the question has ended."""
    (question,) = found([ASKED, said("S2", "A budget.", 1.5, 4)])["questions"]
    assert question["reply"]["latency_s"] == -0.5


@pytest.mark.parametrize(
    "after",
    [
        [],
        [said("S1", "I would say a budget.", 4, 6), said("S2", "Yes.", 7, 8)],
        [said("S2", "Well", 1, 1.5), said("S1", "Never mind.", 4, 6)],
    ],
    ids=["the call ends", "the asker goes on", "the other is over before the asker is"],
)
def test_a_question_without_a_reply(after: list[build.Said]) -> None:
    """Where the other side does not take the floor next there is none."""
    assert found([ASKED, *after])["questions"][0]["reply"] is None


def test_words_said_by_anybody_are_not_new() -> None:
    """Also where only a backchannel had said them, and in another form: "budgets", "budget"."""
    lines = [
        said("S2", "Budgets.", 0, 0.5, kind="backchannel"),
        said("S1", "Why?", 1, 2, ("open_question", "Why?")),
        said("S2", "The budget, the team, the team.", 3, 6),
    ]
    reply = found(lines)["questions"][0]["reply"]
    assert (reply["word_count"], reply["new_words"]) == (6, ["team"])


def test_at_most_eight_new_words_are_shown() -> None:
    """All ten are counted."""
    text = "alpha bravo charlie delta echo foxtrot golf hotel india juliet"
    reply = found([ASKED, said("S2", text, 3, 9)])["questions"][0]["reply"]
    assert (reply["new_word_count"], reply["new_words"]) == (10, text.split()[:8])


def test_a_quote_with_several_tags_is_one_question() -> None:
    """Open and closed on the same words: the surer tag says which, at a tie open."""
    line = said(
        "S1",
        "So how about Friday? And why?",
        0,
        3,
        ("closed_question", "how about Friday?"),
        ("open_question", "So how about Friday?"),
        ("calibrated_question", "And why?"),
        ("follow_up_question", "And why?"),
        ("open_question", "And why?"),
    )
    tags = build.tactics([line])
    result = replies.run(
        diarize=build.speech([line]),
        transcribe=build.words([line]),
        turns=build.turns([line]),
        tactics=tags.with_columns(
            score=pl.when(pl.col("tactic") == "closed_question").then(0.9).otherwise("score")
            .cast(pl.Float32)
        ),
        offers=NO_OFFERS,
        config=shipped_replies(),
    )  # fmt: skip
    kinds = [(q["kind"], q["quote"], q["calibrated"]) for q in result["questions"]]
    assert kinds == [("closed", "how about Friday?", False), ("open", "And why?", True)]
    assert [q["follow_up"] for q in result["questions"]] == [False, True]
    same = said("S1", "Friday?", 0, 1, ("closed_question", "Friday?"), ("open_question", "Friday?"))
    assert [q["kind"] for q in found([same])["questions"]] == ["open"]


def test_a_transcript_without_times_has_replies_all_the_same() -> None:
    """Order says who answers; every time is null, and there is no pace."""
    result = untimed([ASKED, said("S2", "A budget.", 2, 4), said("S1", "Fine.", 5, 6)])
    (question,) = result["questions"]
    assert question["start_s"] is None
    reply = question["reply"]
    assert (reply["turn"], reply["word_count"], reply["new_words"]) == (1, 2, ["budget"])
    assert {reply[key] for key in ("start_s", "latency_s", "duration_s")} == {None}
    assert result["pace"] == []


def test_times_of_captions_are_no_latency() -> None:
    """They say when to read: starts are given, what passed between is not."""
    (question,) = found([ASKED, said("S2", "A budget.", 3, 5)], heard=False)["questions"]
    assert (question["start_s"], question["reply"]["start_s"]) == (0.0, 3.0)
    assert (question["reply"]["latency_s"], question["reply"]["duration_s"]) == (None, None)


def test_where_nothing_is_said_all_lists_are_empty() -> None:
    """An empty call, and one without tactics."""
    assert not any(found([]).values())
    plain = found([said("S1", "Hello there.", 0, 2), said("S2", "Hello.", 3, 4)])
    assert not any(plain.values())


TEXTS = (
    "What would it take?", "Yes.", "We will see what we can do.", "On Friday, probably.",
    "…", "<script>alert(1)</script>", "é́ 🎉 100", "110,000 or nothing",
)  # fmt: skip
TACTICS_SEEN = (
    "open_question", "closed_question", "calibrated_question", "follow_up_question", "label",
    "vague_assurance", "commitment_request", "hedged_ask", "threat", "accept", "interruption",
    "premature_acceptance", "counter_without_question",
)  # fmt: skip
LINES = st.lists(
    st.builds(
        lambda who, text, start, length, tactics, kind: said(
            who, text, start, start + length, *((one, text) for one in tactics), kind=kind
        ),
        st.sampled_from(["S1", "S2", "S3"]),
        st.sampled_from(TEXTS),
        st.integers(0, 60),
        st.integers(1, 20),
        st.lists(st.sampled_from(TACTICS_SEEN), unique=True, max_size=4),
        st.sampled_from(["turn", "turn", "backchannel"]),
    ),
    max_size=8,
).map(lambda lines: sorted(lines, key=lambda one: (one.start_ms, one.end_ms)))


@settings(max_examples=40, deadline=None)
@given(LINES, st.booleans())
def test_whatever_is_said_the_contract_holds(lines: list[build.Said], heard: bool) -> None:
    """Valid under the schema; replies are later turns of others; counts fit into each other."""
    result = found(lines, heard=heard)
    for question in result["questions"]:
        text = lines[question["turn"]].text
        assert question["quote"] == text[question["start_char"] : question["end_char"]]
        reply = question["reply"]
        if reply:
            assert reply["turn"] > question["turn"]
            assert reply["speaker"] == lines[reply["turn"]].speaker != question["speaker"]
            assert lines[reply["turn"]].kind == "turn"
            assert len(reply["new_words"]) == min(8, reply["new_word_count"])
    for one in result["effects"]:
        counts = (one["agreement_count"], one["concession_count"])
        assert max(counts) <= one["answered_count"] <= one["count"]
        assert (one["median_reply_words"] is None) == (one["answered_count"] == 0)
    for one in result["vague_promises"]:
        assert not one["pinned"] or one["request_turn"] > one["turn"]


# --- effects


def test_what_came_after_a_tactic() -> None:
    """Two labels: replies of 4 and 2 words, median 3; 2 and 1 new, median 1.5.

    The three other turns of S1 got 1, 3 and 5 words back, median 3.
    """
    lines = [
        said("S1", "You seem worried.", 0, 1, ("label", "You seem worried.")),
        said("S2", "The budget is tight.", 2, 3),
        said("S1", "Hm.", 4, 5),
        said("S2", "Yes.", 6, 7),
        said("S1", "It seems hard.", 8, 9, ("label", "It seems hard.")),
        said("S2", "That summer.", 10, 11),
        said("S1", "Oh.", 12, 13),
        said("S2", "We will see.", 14, 15),
        said("S1", "Right.", 16, 17),
        said("S2", "We will see by then.", 18, 19),
        said("S1", "It looks bad.", 20, 21, ("label", "It looks bad.")),
    ]
    one = effect(found(lines)["effects"], "label", "S1")
    assert one == {
        "tactic": "label",
        "speaker": "S1",
        "count": 3,
        "answered_count": 2,
        "median_reply_words": 3.0,
        "median_new_words": 1.5,
        "other_reply_words": 3.0,
        "agreement_count": 0,
        "concession_count": 0,
    }


def test_two_replies_are_too_few_to_compare_with() -> None:
    """With the first of three other turns gone there is nothing to compare with."""
    lines = [
        said("S1", "You seem worried.", 0, 1, ("label", "You seem worried.")),
        said("S2", "The budget is tight.", 2, 3),
        said("S1", "Hm.", 4, 5),
        said("S2", "Yes.", 6, 7),
        said("S1", "Oh.", 8, 9),
        said("S2", "We will see.", 10, 11),
    ]
    assert effect(found(lines)["effects"], "label", "S1")["other_reply_words"] is None


@pytest.mark.parametrize(
    "text",
    [
        "Yes, I can do that.",
        "That's right.",
        "Exactly.",
        "Well, yeah.",
        "Of course.",
        "Right, that is true.",
        "Agreed, let's do it.",
    ],
)
def test_a_plain_yes_agrees(text: str) -> None:
    """At the start of the next turn, in the words that people use."""
    lines = [ASKED, said("S2", text, 3, 5)]
    assert effect(found(lines)["effects"], "open_question", "S1")["agreement_count"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "Yes, but not this year.",
        "Yes, the base is fine, but not the vacation.",
        "We had exactly that.",
        "Absolutely not.",
        "Well, definitely not.",
        "Yesterday we met.",
        "No.",
        "I see.",
    ],
)
def test_what_is_no_agreement(text: str) -> None:
    """A yes that is taken back, one inside a turn, a no."""
    lines = [ASKED, said("S2", text, 3, 5)]
    assert effect(found(lines)["effects"], "open_question", "S1")["agreement_count"] == 0


@pytest.mark.parametrize(
    ("tactic", "counts"),
    [("accept", (1, 0)), ("reject", (0, 0)), ("paraphrase", (0, 0)), ("concession", (1, 1)),
     ("conditional_trade", (1, 1))],
)  # fmt: skip
def test_tags_say_what_a_reply_does(tactic: str, counts: tuple[int, int]) -> None:
    """Accepting agrees; rejecting and restating with "yes" does not; giving is a concession."""
    lines = [ASKED, said("S2", "Yes, so be it.", 3, 5, (tactic, "so be it"))]
    one = effect(found(lines)["effects"], "open_question", "S1")
    assert (one["agreement_count"], one["concession_count"]) == counts


@pytest.mark.parametrize(
    ("kind", "toward", "count"),
    [("concession", "", 1), ("counter", "S1", 1), ("counter", "", 0), ("retreat", "", 0),
     ("accept", "S1", 0), ("mention", "", 0)],
)  # fmt: skip
def test_the_ledger_says_who_moves(kind: str, toward: str, count: int) -> None:
    """A concession, and a position that is the other's; accepting is agreeing, not conceding."""
    lines = [ASKED, said("S2", "A hundred it is.", 3, 5)]
    moved = build.offers(lines).with_columns(
        turn=pl.lit(1, dtype=pl.UInt32), speaker=pl.lit("S2"), kind=pl.lit(kind),
        toward=pl.lit(toward),
    )  # fmt: skip
    effects = found(lines, offers=moved)["effects"]
    assert effect(effects, "open_question", "S1")["concession_count"] == count


def test_conduct_has_no_effect_but_a_silence_that_is_held() -> None:
    """Cutting in is nothing one does for an answer; a turn with a tactic twice counts once."""
    line = said(
        "S1", "Why? Why now?", 0, 2, ("open_question", "Why?"), ("open_question", "Why now?"),
        ("interruption", "Why?"), ("dynamic_silence", "Why now?"),
    )  # fmt: skip
    effects = found([line, said("S2", "Yes.", 5, 6)])["effects"]
    assert [(e["tactic"], e["count"]) for e in effects] == [
        ("open_question", 1),
        ("dynamic_silence", 1),
    ]


# --- pace


def test_words_over_talk_time() -> None:
    """10 words in 5 s are 120 a minute; S2's 4.9 s are too few to say."""
    lines = [
        said("S1", "a b c d e f g h i j", 0, 5),
        said("S2", "a b c d e f g h i j", 6, 10.9),
    ]
    assert found(lines)["pace"] == [
        {"speaker": "S1", "start_s": 0.0, "end_s": 10.9, "words_per_minute": 120.0}
    ]


def test_a_word_belongs_to_where_it_starts_and_talk_to_where_it_is() -> None:
    """20 words of 1 s from 20 s on: 10 in the 10 s to 30 s, 10 in the 10 s after it, 60 a minute.

    A backchannel's word counts too: one more in the first 30 s, in 0.5 s more of talk.
    """
    text = " ".join("abcdefghijklmnopqrst")
    lines = [said("S1", "Mm.", 1, 1.5, kind="backchannel"), said("S1", text, 20, 40)]
    assert found(lines)["pace"] == [
        {"speaker": "S1", "start_s": 0.0, "end_s": 30.0, "words_per_minute": 62.9},
        {"speaker": "S1", "start_s": 30.0, "end_s": 40.0, "words_per_minute": 60.0},
    ]


@pytest.mark.parametrize(
    ("end_s", "step_s"), [(10, 30), (1200, 30), (1201, 31), (7200, 180), (14_399, 360)]
)
def test_a_long_call_has_at_most_40_stretches(end_s: int, step_s: int) -> None:
    """30 s up to 20 minutes; then a 40th of the call, in whole seconds."""
    assert stretch_ms(end_s * 1000) == step_s * 1000


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["S1", "S2"]), st.integers(0, 4000), st.integers(1, 200)),
        min_size=1,
        max_size=12,
    )
)
def test_pace_adds_up_to_the_words(parts: list[tuple[str, int, int]]) -> None:
    """At most 40 stretches that do not overlap; no more words in them than were said."""
    lines = sorted(
        (said(who, "a b c d e", start, start + length) for who, start, length in parts),
        key=lambda line: (line.start_ms, line.end_ms),
    )
    frames = {"speech": build.speech(lines), "words": build.words(lines)}
    paced = pace_document(**frames, turns=build.turns(lines))
    end_s = max(line.end_ms for line in lines) / 1000
    for speaker in ("S1", "S2"):
        own = [one for one in paced if one["speaker"] == speaker]
        assert len(own) <= 40
        assert all(0 <= one["start_s"] < one["end_s"] <= end_s for one in own)
        spans = [(line.start_ms, line.end_ms) for line in lines if line.speaker == speaker]
        words = 5 * len(spans)
        fastest = max((one["words_per_minute"] for one in own), default=0)
        assert fastest <= words * 60_000 / min(5000, length_ms(spans) or 5000) + 0.1


# --- settings


def test_the_shipped_cues_are_sound() -> None:
    """They are read without error; empathy is the codebook's family."""
    config = load_config().replies
    assert config == shipped_replies()
    assert {"label", "mirror", "acknowledgement"} <= set(config.empathy)
    assert "offer" not in config.empathy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vague": None}, "`vague` must be a list"),
        ({"vague": [""]}, "not empty"),
        ({"vague": ["("]}, "bad regular expression"),
        ({"vague": ["a?"]}, "matches the empty text"),
        ({"vaguer": []}, "`vaguer` is unknown"),
    ],
)
def test_wrong_cues_are_named(change: dict[str, Any], message: str) -> None:
    """What is wrong, and where."""
    names = ("agreement", "not_agreement", "request", "concrete", "vague")
    data = {name: ["x"] for name in names} | change
    with pytest.raises(ConfigError, match=message):
        replies_from_toml(data, empathy=())


def test_a_missing_list_of_cues_is_named() -> None:
    """Nothing is taken to be empty."""
    with pytest.raises(ConfigError, match="`agreement` is missing"):
        replies_from_toml({}, empathy=())
