"""What is counted in one call: words, amounts, replies, speech and figures, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import load_config
from pipeline.evaluation.derived import Definitions, Figure, derive
from pipeline.evaluation.hypothesis import Hypothesis
from pipeline.evaluation.measures import BY_NAME, PARTS, RATIO
from pipeline.evaluation.normalise import normalised, values
from pipeline.evaluation.reference import Amount, Reference
from pipeline.evaluation.score import score
from pipeline.evaluation.spoken import Interval, Said, last_ms, spread

pytest.importorskip("meeteval", reason="meeteval is not here: pip install 'parley[eval]'")

_CONFIG = load_config(settings=["metrics.min_speech_s=0"])
DEFINITIONS = Definitions(turns=_CONFIG.turns, tactics=_CONFIG.tactics, metrics=_CONFIG.metrics)


def said(speaker: str, text: str, start_s: float, end_s: float, *, track: int = 0) -> Said:
    """A phrase of a speaker."""
    start_ms, end_ms = round(start_s * 1000), round(end_s * 1000)
    return Said(speaker=speaker, start_ms=start_ms, end_ms=end_ms, text=text, track=track)


def words(*phrases: Said) -> tuple[Said, ...]:
    """The words of phrases, each phrase's time shared out by letters."""
    return tuple(
        Said(speaker=p.speaker, start_ms=w.start_ms, end_ms=w.end_ms, text=w.text, track=p.track)
        for p in phrases
        for w in spread(p.text, speaker=p.speaker, start_ms=p.start_ms, end_ms=p.end_ms)
    )


def spoke(*spans: tuple[str, float, float]) -> tuple[Interval, ...]:
    """A speech map of (speaker, start, end) in seconds."""
    return tuple(
        Interval(speaker=who, start_ms=round(a * 1000), end_ms=round(b * 1000))
        for who, a, b in spans
    )


def found(*phrases: Said, speech: Sequence[Interval] | None = None, **members: Any) -> Hypothesis:
    """A result of phrases; without a map their own times are the speech."""
    intervals = speech if speech is not None else [
        Interval(speaker=p.speaker, start_ms=p.start_ms, end_ms=p.end_ms) for p in phrases
    ]  # fmt: skip
    plain: dict[str, Any] = {
        "duration_ms": 100_000, "words": words(*phrases), "speech": tuple(intervals),
        "turns": (), "figures": {},
    }  # fmt: skip
    return Hypothesis(**{**plain, **members})


def counted(reference: Reference, hypothesis: Hypothesis) -> dict[str, tuple[float, float]]:
    """Everything that was observed, by measure, as (part, whole)."""
    observed = score(reference, hypothesis, parts=PARTS, definitions=DEFINITIONS)
    assert {one.measure for one in observed} <= set(BY_NAME)
    assert len({one.measure for one in observed}) == len(observed)
    return {one.measure: (one.part, one.whole) for one in observed}


# --- words

GREETING = Reference(words=words(said("A", "hello there world", 0, 3), said("B", "yes", 3, 4)))


def test_a_lost_word_is_one_error_of_four() -> None:
    """With the right speakers, all rates count the same one deletion."""
    got = counted(GREETING, found(said("S2", "hello there", 0, 2), said("S1", "yes", 3, 4)))
    for rate in ("cpwer", "tcpwer", "orcwer", "wer", "wer_deletions"):
        assert got[rate] == (1, 4), rate
    assert got["cpwer_minus_wer"] == (0, 4)


def test_a_word_at_the_wrong_speaker_counts_twice_in_cpwer_only() -> None:
    """ "yes" is missing at B and too much at A; who said it is nothing to ORC-WER and WER."""
    got = counted(GREETING, found(said("S1", "hello there world yes", 0, 4)))
    assert got["cpwer"] == (2, 4)
    assert got["orcwer"] == (0, 4)
    assert got["wer"] == (0, 4)
    assert got["cpwer_minus_wer"] == got["cpwer_minus_orcwer"] == (2, 4)


def test_a_word_more_than_five_seconds_off_counts_in_tcpwer() -> None:
    """The right word at the wrong time is a deletion and an insertion, but only there."""
    reference = Reference(words=words(said("A", "yes", 0, 1), said("A", "indeed", 20, 21)))
    got = counted(reference, found(said("S1", "yes", 7, 8), said("S1", "indeed", 20, 21)))
    assert got["cpwer"] == (0, 2)
    assert got["tcpwer"] == (2, 2)


def test_ways_of_writing_are_no_errors() -> None:
    """Case, punctuation, numbers in words and fillers are made one before counting."""
    reference = Reference(words=words(said("A", "um I'll take one hundred five thousand", 0, 4)))
    got = counted(reference, found(said("S1", "I will take 105,000.", 0, 4)))
    assert got["cpwer"] == got["wer"] == (0, 4)


def test_each_channel_is_held_against_its_speaker() -> None:
    """With two tracks the fewest errors decide whose they are: one word of four is lost."""
    got = counted(
        GREETING,
        found(said("S1", "hello there", 0, 2, track=1), said("S2", "yes", 3, 4, track=0)),
    )
    assert got["channel_wer"] == (1, 4)


def test_a_mono_result_has_no_channel_rate() -> None:
    """The rate of channels is left out where all words are on one track."""
    assert "channel_wer" not in counted(GREETING, found(said("S1", "hello", 0, 1)))


def test_nothing_found_is_all_lost() -> None:
    """An empty result loses every word, and nothing breaks."""
    got = counted(GREETING, found())
    for rate in ("cpwer", "tcpwer", "orcwer", "wer"):
        assert got[rate] == (4, 4), rate


def test_words_in_a_silent_call_are_insertions() -> None:
    """A reference without words has nothing to divide by, but its insertions are counted."""
    got = counted(Reference(words=(), speech=()), found(said("S1", "thank you", 0, 1)))
    for rate in ("cpwer", "tcpwer", "orcwer", "wer", "wer_insertions"):
        assert got[rate] == (2, 0), rate


# --- amounts


@pytest.mark.parametrize(
    "text",
    ["one hundred five thousand", "105,000", "$105k", "105K", "$105,000.", "105 grand",
     "a hundred and five thousand dollars", "105 thousand", "105000"],
)  # fmt: skip
def test_all_ways_to_say_an_amount_are_one_value(text: str) -> None:
    """Spoken and written forms agree by value."""
    assert values(text) == (105_000.0,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("March tenth", (10,)), ("March 10th", (10,)), ("ten percent", (10,)),
     ("$3.5 million", (3.5e6,)),
     ("3.5M", (3.5e6,)), ("twenty-five hundred", (2500,)), ("one week", (1,)), ("1 week", (1,)),
     ("fifty cents", (50,)), ("a few", ()), ("", ()), ("from 90 to 95k", (90, 95_000))],
)  # fmt: skip
def test_numbers_are_read_in_order(text: str, expected: tuple[float, ...]) -> None:
    """Ordinals, shares, multiples and several numbers."""
    assert values(text) == expected


@given(number=st.integers(2, 999))
def test_thousands_are_the_same_with_commas_and_k(number: int) -> None:
    """n,000 and nk and n thousand have the value n times 1000."""
    expected = (number * 1000.0,)
    assert values(f"{number},000") == values(f"${number}k") == values(f"{number}K") == expected
    assert values(f"{number} thousand") == expected


@given(text=st.text(max_size=40))
def test_any_text_can_be_normalised(text: str) -> None:
    """No text breaks the normaliser, and what it leaves has single blanks."""
    assert normalised(text) == " ".join(normalised(text).split())
    assert all(value >= 0 for value in values(text))


def amounts(*numbers: tuple[str, str, float]) -> Reference:
    """A reference of amounts: (speaker, spoken, second), with A before 50 s and B after."""
    return Reference(
        speech=spoke(("A", 0, 50), ("B", 50, 100)),
        words=words(*(said(who, spoken, at, at + 1) for who, spoken, at in numbers)),
        numbers=tuple(
            Amount(said=said(who, spoken, at, at + 1), forms=(spoken,))
            for who, spoken, at in numbers
        ),
    )


BOTH_SPEAK = spoke(("S1", 0, 50), ("S2", 50, 100))


def test_an_amount_at_the_wrong_speaker_is_found_but_not_attributed() -> None:
    """Two amounts, the second given to the first speaker."""
    got = counted(
        amounts(("A", "ninety thousand", 10), ("B", "ninety five thousand", 60)),
        found(said("S1", "$90,000", 10, 11), said("S1", "95k", 60, 61), speech=BOTH_SPEAK),
    )
    assert got["numbers_found"] == (2, 2)
    assert got["numbers_attributed"] == (1, 2)


def test_one_mention_counts_for_one() -> None:
    """The same amount said twice and heard once is found once."""
    got = counted(
        amounts(("A", "ninety", 10), ("A", "ninety", 14)),
        found(said("S1", "90", 10, 11), speech=BOTH_SPEAK),
    )
    assert got["numbers_found"] == got["numbers_attributed"] == (1, 2)


def test_an_amount_more_than_ten_seconds_off_is_not_found() -> None:
    """The amount ends at 11 s; heard from 22 s on it is another mention."""
    got = counted(amounts(("A", "ninety", 10)), found(said("S1", "90", 22, 23), speech=BOTH_SPEAK))
    assert got["numbers_found"] == (0, 1)


def test_an_amount_torn_between_speakers_is_found_but_not_attributed() -> None:
    """ "ninety" at one and "thousand" at the other make the amount only together."""
    got = counted(
        amounts(("A", "ninety thousand", 10)),
        found(said("S1", "ninety", 10, 10.5), said("S2", "thousand", 10.5, 11), speech=BOTH_SPEAK),
    )
    assert got["numbers_found"] == (1, 1)
    assert got["numbers_attributed"] == (0, 1)


def test_an_amount_without_a_number_is_left_out_and_told() -> None:
    """ "a few" cannot be compared by value; it is counted apart."""
    got = counted(amounts(("A", "a few", 10), ("A", "nine", 12)), found())
    assert got["numbers_found"] == (0, 1)
    assert got["numbers_unread"] == (1, 1)


# --- short replies and fillers


def replies(*phrases: Said) -> Reference:
    """A speaks from 0 to 50 s, B from 50 to 100 s and in the replies given."""
    return Reference(
        speech=spoke(
            ("A", 0, 50),
            ("B", 50, 100),
            *((p.speaker, p.start_ms / 1000, p.end_ms / 1000) for p in phrases),
        ),
        words=(),
        short_replies=phrases,
    )


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ([said("S2", "Right.", 20.3, 20.6)], (1, 1)),
        ([said("S1", "right", 20.3, 20.6)], (1, 0)),
        ([said("S1", "salary", 20.1, 20.3)], (0, 0)),
        ([said("S2", "right", 22, 22.3)], (0, 0)),
        ([], (0, 0)),
    ],
    ids=["right speaker", "wrong speaker", "the other's word", "elsewhere", "nothing"],
)
def test_a_reply_within_anothers_speech_is_known_by_its_words(
    heard: list[Said], expected: tuple[int, int]
) -> None:
    """B says "right" while A speaks: other words in that time are A's own."""
    got = counted(replies(said("B", "Right.", 20, 20.4)), found(*heard, speech=BOTH_SPEAK))
    assert (got["replies_heard"][0], got["replies_attributed"][0]) == expected
    assert got["replies_heard"][1] == 1
    assert got["replies_attributed"][1] == expected[0]


@pytest.mark.parametrize("heard", ["Mm-hmm.", "mhm", "uh-huh", "Mmm"])
def test_all_ways_to_write_a_listeners_hum_are_one(heard: str) -> None:
    """A recogniser may write "mm-hm" as it likes."""
    got = counted(
        replies(said("B", "mm-hm", 20, 20.4)),
        found(said("S2", heard, 20, 20.4), speech=BOTH_SPEAK),
    )
    assert got["replies_heard"] == (1, 1)


def test_in_the_clear_any_word_counts_as_the_reply() -> None:
    """Where nobody else speaks, a misheard reply is heard nonetheless."""
    got = counted(
        replies(said("A", "No.", 110, 110.5)),
        found(said("S1", "Now", 110, 110.4), speech=BOTH_SPEAK),
    )
    assert got["replies_heard"] == got["replies_attributed"] == (1, 1)


def test_the_map_must_show_the_right_speaker_for_half_of_a_reply() -> None:
    """Of two replies of 0.4 s, one is covered for 0.2 s, the other for 0.1 s."""
    both = (said("B", "right", 20, 20.4), said("B", "right", 30, 30.4))
    speech = (*BOTH_SPEAK, *spoke(("S2", 20, 20.2), ("S2", 30, 30.1)))
    assert counted(replies(*both), found(speech=speech))["replies_mapped"] == (1, 2)


def test_fillers_are_found_in_any_spelling() -> None:
    """ "Um" is found as "umm" within half a second, "uh" is lost."""
    reference = Reference(words=(), fillers=(said("A", "um", 1, 1.3), said("A", "uh", 9, 9.3)))
    assert counted(reference, found(said("S1", "Umm,", 1.2, 1.5)))["fillers_found"] == (1, 2)


def test_true_speech_without_words_is_counted_in_seconds() -> None:
    """B's four seconds have no word; A's have one."""
    reference = Reference(words=(), speech=spoke(("A", 0, 3), ("B", 10, 14)))
    assert counted(reference, found(said("S1", "hello", 1, 2)))["unheard_speech_s"] == (4, 1)


# --- diarization


def test_the_diarization_error_has_its_parts() -> None:
    """Of 22 s, missed are 9-10, 18-20 (overlap) and 20-22, made up are 11-12 and 30-31."""
    reference = Reference(speech=spoke(("A", 0, 10), ("B", 12, 20), ("A", 18, 22)))
    got = counted(reference, found(speech=spoke(("S1", 0, 9), ("S2", 11, 20), ("S3", 30, 31))))
    assert got["der_missed"] == pytest.approx((5, 22))
    assert got["der_false_alarm"] == pytest.approx((2, 22))
    assert got["der_confusion"] == pytest.approx((0, 22))
    assert got["der"] == pytest.approx((7, 22))
    assert got["speakers_right"] == (0, 1)
    # A shares 9 s of 14, B 8 s of 9, each in one minus that, over two speakers.
    assert got["jer"] == pytest.approx((5 / 14 + 1 / 9, 2))


def test_a_wrong_speaker_is_confusion() -> None:
    """The last 2 of B's 5 s are given to the speaker who is A."""
    reference = Reference(speech=spoke(("A", 0, 10), ("B", 10, 15)))
    got = counted(reference, found(speech=spoke(("S1", 0, 10), ("S2", 10, 13), ("S1", 13, 15))))
    assert got["der_confusion"] == got["der"] == pytest.approx((2, 15))


def test_without_a_speech_map_there_is_no_diarization_error() -> None:
    """Times of utterances are no exact map, so nothing is claimed from them."""
    assert not any(BY_NAME[name].part == "diarization" for name in counted(GREETING, found()))


# --- figures


def test_the_talk_ratio_error_is_that_of_the_worst_speaker() -> None:
    """30 of 60 s is a half; 30 of 50 s is 0.6: the interval 0.55 to 0.65 does not hold a half."""
    reference = Reference(speech=spoke(("A", 0, 30), ("B", 31, 61)))
    figures = {
        ("S1", "talk_ratio"): Figure(value=0.6, low=0.55, high=0.65),
        ("S2", "talk_ratio"): Figure(value=0.4, low=0.35, high=0.45),
        (None, "overlap_s"): Figure(value=1.5),
        (None, "speech_without_words_s"): Figure(value=3.0),
    }
    got = counted(reference, found(speech=spoke(("S1", 0, 30), ("S2", 31, 51)), figures=figures))
    assert got["talk_ratio_error"] == pytest.approx((0.1, 1))
    assert got["talk_ratio_covered"] == (0, 1)
    assert got["talk_ratio_width"] == pytest.approx((0.1, 1))
    assert got["overlap_error_s"] == (1.5, 1)
    assert got["speech_without_words_s"] == (3, 1)
    assert "question_count_error" not in got
    assert "turns_matched" not in got


def test_figures_given_outright_count_more_than_derived_ones() -> None:
    """A says so: her talk ratio is 0.6, whatever her speech map says."""
    speech = spoke(("A", 0, 30), ("B", 31, 61))
    given_ = {("A", "talk_ratio"): 0.6, ("B", "talk_ratio"): 0.4}
    figures = {("S1", "talk_ratio"): Figure(value=0.6), ("S2", "talk_ratio"): Figure(value=0.4)}
    got = counted(
        Reference(speech=speech, figures=given_),
        found(speech=spoke(("S1", 0, 30), ("S2", 31, 61)), figures=figures),
    )
    assert got["talk_ratio_error"] == (0, 1)


def test_a_speaker_who_was_not_found_has_talked_for_nothing() -> None:
    """B's half of the talk was given to nobody, so the error is a half."""
    figures = {("S1", "talk_ratio"): Figure(value=1.0)}
    got = counted(
        Reference(speech=spoke(("A", 0, 30), ("B", 31, 61))),
        found(speech=spoke(("S1", 0, 30)), figures=figures),
    )
    assert got["talk_ratio_error"] == pytest.approx((0.5, 1))


def test_turn_starts_are_matched_by_speaker_within_two_seconds() -> None:
    """Turns at 0, 10 and 20 s; found 100 ms late, at the wrong speaker, and 300 ms early."""
    spans = (("A", 0, 9), ("B", 10, 19), ("A", 20, 29))
    texts = ("I can offer that.", "We need some more.", "Let us see then.")
    reference = Reference(
        speech=spoke(*spans),
        words=words(*(said(w, t, a, b) for (w, a, b), t in zip(spans, texts, strict=True))),
    )
    got = counted(
        reference,
        found(
            speech=spoke(("S1", 0, 9), ("S2", 10, 19), ("S1", 20, 29)),
            turns=spoke(("S1", 0.1, 9), ("S1", 10, 19), ("S1", 19.7, 29)),
        ),
    )
    assert got["turns_matched"] == (2, 3)
    assert got["turn_start_error_ms"] == (200, 1)


# --- any call

PHRASES = ("We need ninety thousand.", "What matters to you?", "Mm-hm.", "No.", "I see your point.")


@st.composite
def calls(draw: st.DrawFn) -> list[Said]:
    """Phrases of two speakers one after the other, with gaps and small overlaps."""
    at, lines = 0.5, []
    for number in range(draw(st.integers(2, 8))):
        text = draw(st.sampled_from(PHRASES))
        length = 0.4 * len(text.split())
        lines.append(said("AB"[number % 2], text, at, at + length))
        at += length + draw(st.sampled_from([-0.2, 0.3, 1.2, 3.0]))
    return lines


@settings(max_examples=25)
@given(lines=calls())
def test_a_perfect_result_has_no_error(lines: list[Said]) -> None:
    """The truth itself, its speakers named otherwise, is found without any error."""
    truth = words(*lines)
    speech = tuple(
        Interval(speaker=one.speaker, start_ms=one.start_ms, end_ms=one.end_ms) for one in lines
    )
    amounts_ = [one for one in lines if "ninety" in one.text]
    short = tuple(one for one in lines if len(one.text.split()) == 1)
    reference = Reference(
        words=truth,
        speech=speech,
        numbers=tuple(Amount(said=one, forms=("90,000",)) for one in amounts_),
        short_replies=short,
    )
    names = {"A": "S2", "B": "S1"}
    again = tuple(
        Said(speaker=names[w.speaker], start_ms=w.start_ms, end_ms=w.end_ms, text=w.text)
        for w in truth
    )
    same = tuple(
        Interval(speaker=names[i.speaker], start_ms=i.start_ms, end_ms=i.end_ms) for i in speech
    )
    duration_ms = last_ms(truth, speech)
    derived = derive(words=again, speech=same, duration_ms=duration_ms, definitions=DEFINITIONS)
    hypothesis = Hypothesis(
        duration_ms=duration_ms,
        words=again,
        speech=same,
        turns=derived.turns,
        figures=derived.figures,
    )
    for name, (part, whole) in counted(reference, hypothesis).items():
        measure = BY_NAME[name]
        if name in ("talk_ratio_width", "speech_without_words_s", "unheard_speech_s"):
            continue
        perfect = 0 if measure.low_is_good else whole
        assert part == pytest.approx(perfect, abs=1e-9), name
        assert measure.kind == RATIO or whole == 1
