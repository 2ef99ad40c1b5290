"""Tags of the trained network: what it sees, when its tags count, which sentence they quote."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tactics_calls import CODEBOOK, call_of

from pipeline.evaluation.corpora import NON_STRATEGIC, REFLECTION
from pipeline.stages.tactics import shipped_classifier
from pipeline.tactics import Learned, detect
from pipeline.tactics.codebook import Tag, Utterance
from pipeline.tactics.learned import (
    EITHER,
    LEARNED,
    RULE,
    WINDOW_WORDS,
    Classifier,
    Floats,
    Scores,
    Turn,
    classifier_from,
    facts_of,
    turns_of,
)
from pipeline.tactics.text import read_passage

YES, NO = 4.0, -4.0
"""Scores of what surely is there and of what is not: the word "tent" lifts one to the other."""
FILLING = ["w" + "".join(pair) for pair in itertools.product("bcdfghjklm", repeat=2)]
"""A hundred words that differ: repeated ones would be taken for a restart."""


@dataclass(slots=True, kw_only=True)
class FakeNetwork:
    """Scores made by hand: `start`, and what each word of a text adds.

    Only the first `fits` words of a text have a share, as with the real one; `seen` is what it
    was given, one entry a text.
    """

    words: Mapping[str, float] = field(default_factory=lambda: {"tent": 8.0})
    start: float = NO
    tactics: int = 1
    fits: int = 10_000
    seen: list[tuple[str, str, list[float]]] = field(default_factory=list)

    def __call__(self, texts: Sequence[str], others: Sequence[str], facts: Floats) -> Scores:
        """Every tactic has the same score and the same shares."""
        self.seen += list(zip(texts, others, facts.tolist(), strict=True))
        shares = [
            np.array([self.words.get(word, 0.0) for word in text.split()], dtype=np.float32)
            for text in texts
        ]
        scores = np.array([[self.start + own.sum()] for own in shares], dtype=np.float32)
        own = [np.repeat(own[: self.fits, None], self.tactics, 1) for own in shares]
        return np.repeat(scores, self.tactics, 1), own


def classifier(
    mode: str = LEARNED,
    *,
    tactic: str = "rapport",
    threshold: float = 0.5,
    scale: float = 1.0,
    shift: float = 0.0,
    hits: tuple[str, ...] = ("gratitude", "concession"),
) -> Classifier:
    """How the scores of a network for one tactic are read."""
    return Classifier(
        tactics=(tactic,),
        hits=hits,
        modes={tactic: mode},
        thresholds={tactic: threshold},
        scale={tactic: scale},
        shift={tactic: shift},
    )


def tags_of(
    *texts: str, read: Classifier | None = None, network: FakeNetwork | None = None
) -> list[Tag]:
    """All tags of a call, with a network that finds a tactic wherever "tent" is."""
    learned = Learned(classifier=read or classifier(), score=network or FakeNetwork())
    return detect(call_of(*texts), CODEBOOK, learned)


def found(
    *texts: str, tactic: str = "rapport", mode: str = LEARNED, network: FakeNetwork | None = None
) -> list[tuple[int, str, str]]:
    """(turn, quote, method) of the tags of a tactic."""
    tags = tags_of(*texts, read=classifier(mode, tactic=tactic), network=network)
    return [
        (tag.turn, texts[tag.turn][tag.start_char : tag.end_char], tag.method)
        for tag in tags
        if tag.tactic == tactic
    ]


# --- probabilities and thresholds


@pytest.mark.parametrize(
    ("score", "likely"),
    [
        (2.0, 0.8808),  # 2 * 0.5 + 1 = 2, and 1 / (1 + e^-2) = 1 / 1.13534
        (-2.0, 0.5),  # the score at which scale and shift cancel
        (-4.0, 0.2689),  # 1 / (1 + e)
        (1e6, 1.0),
        (-1e6, 0.0),
    ],
)
def test_a_score_becomes_a_probability_by_platt_scaling(score: float, likely: float) -> None:
    """1 / (1 + e^-(scale * score + shift)), here with 0.5 and 1; no score is too large for it."""
    read = classifier(scale=0.5, shift=1.0)
    assert read.probabilities(np.array([[score]], dtype=np.float32))[0, 0] == pytest.approx(
        likely, abs=5e-5
    )


def test_each_tactic_has_its_own_scale_and_shift() -> None:
    """The order is that of `tactics`, not of the tables: 1 / (1 + e^-1) and 1 / (1 + e^3)."""
    read = Classifier(
        tactics=("offer", "accept"),
        hits=(),
        modes={},
        thresholds={},
        scale={"accept": -3.0, "offer": 1.0},
        shift={"accept": 0.0, "offer": 0.0},
    )
    likely = read.probabilities(np.array([[1.0, 1.0]], dtype=np.float32))
    assert likely.tolist() == [pytest.approx([0.7311, 0.0474], abs=5e-5)]


def test_what_is_likely_is_tagged_with_its_probability() -> None:
    """A score of 4 where the word is: 1 / (1 + e^-4) = 0.982; 0.018 where it is not."""
    tags = tags_of("We slept in a tent.", "We slept in a hut.")
    assert [(tag.turn, tag.tactic, tag.score) for tag in tags] == [(0, "rapport", 0.982)]


@pytest.mark.parametrize(("threshold", "tagged"), [(0.5, True), (0.51, False)])
def test_a_probability_at_the_threshold_is_enough(threshold: float, tagged: bool) -> None:
    """A score of 0 is a probability of 0.5: tagged at 0.5, not under a higher threshold."""
    network = FakeNetwork(start=0.0, words={})
    tags = tags_of("We slept.", read=classifier(threshold=threshold), network=network)
    assert [tag.tactic for tag in tags] == ["rapport"] * tagged


# --- whose tags count

THANKS = "Thank you so much. The tent was dry."


def test_a_tactic_left_to_the_rules_is_not_the_networks() -> None:
    """However likely it is, and a rule's tag needs nobody's consent."""
    assert found("We slept in a tent.", mode=RULE) == []
    assert found("Thank you so much.", tactic="gratitude", mode=RULE) == [
        (0, "Thank you so much", "rule")
    ]


def test_a_tactic_that_the_network_does_not_know_is_the_rules() -> None:
    """What a classifier says nothing of is as without one."""
    tags = tags_of("Thank you so much.")
    assert [(tag.tactic, tag.method) for tag in tags] == [("gratitude", "rule")]


def test_where_the_network_decides_a_rules_tag_needs_its_consent() -> None:
    """A rule's find that the network does not think likely is dropped."""
    assert found("Thank you so much. The hut was dry.", tactic="gratitude") == []


def test_where_both_find_it_the_rules_quote_is_kept() -> None:
    """The rule knows which words thank; the network alone would quote the tent. One tag only."""
    assert found(THANKS, tactic="gratitude") == [(0, "Thank you so much", "rule")]


def test_where_the_network_decides_it_finds_what_the_rules_miss() -> None:
    """No rule thanks for a tent."""
    assert found("My tent.", tactic="gratitude") == [(0, "My tent", "learned")]


def test_where_either_counts_a_turn_and_tactic_is_tagged_once() -> None:
    """What both find is the rule's, what one finds is its own."""
    texts = (THANKS, "Thank you for the hut.", "My tent.", "My hut.")
    assert found(*texts, tactic="gratitude", mode=EITHER) == [
        (0, "Thank you so much", "rule"),
        (1, "Thank you for the hut", "rule"),
        (2, "My tent", "learned"),
    ]


HAGGLE = ("I want a salary of $100,000.", "I can offer $80,000.", "I could do $95,000.")
"""Only the ledger sees that the third turn concedes."""


@pytest.mark.parametrize(
    ("mode", "methods"), [(RULE, ["ledger"]), (EITHER, ["ledger"]), (LEARNED, [])]
)
def test_the_ledgers_tag_counts_where_the_network_does_not_decide(
    mode: str, methods: list[str]
) -> None:
    """A concession by the ledger alone, which the network does not find."""
    assert [tag[2] for tag in found(*HAGGLE, tactic="concession", mode=mode)] == methods


@pytest.mark.parametrize("mode", [LEARNED, EITHER])
def test_a_tactic_of_the_ledger_is_tagged_once(mode: str) -> None:
    """Where the network finds the concession too, in whichever mode."""
    texts = (*HAGGLE[:2], "I could do $95,000 and a tent.")
    assert [tag[0] for tag in found(*texts, tactic="concession", mode=mode)] == [2]


# --- the quote


def test_the_quote_is_the_sentence_whose_words_added_most() -> None:
    """Not the whole turn, whose other sentences are about something else."""
    text = "That is all I have. We slept in a tent. Good."
    assert found(text) == [(0, "We slept in a tent", "learned")]


def test_shares_of_a_sentence_are_summed() -> None:
    """Two words of 3 against one of 5; a word that speaks against it counts against it."""
    words = {"dry": 3.0, "warm": 3.0, "tent": 5.0, "wet": -4.0}
    network = FakeNetwork(words=words, start=0.0)
    assert found("We had a tent. It was dry and warm.", network=network)[0][1] == (
        "It was dry and warm"
    )
    assert found("A wet but dry and warm one. A tent.", network=network)[0][1] == "A tent"


def test_marks_and_fillers_take_no_words_place() -> None:
    """Shares are of the words that the network was given: commas and "um" are not among them."""
    text = "Um, well, uh, I, um, see. Yes, um, a tent, uh, it was."
    assert found(text) == [(0, "Yes, um, a tent, uh, it was", "learned")]


def test_without_any_share_the_first_sentence_is_quoted() -> None:
    """A network that read no word of the turn still gives a quote."""
    network = FakeNetwork(start=YES, fits=0)
    assert found("We slept. It rained.", network=network) == [(0, "We slept", "learned")]


def test_a_long_turn_is_read_in_windows() -> None:
    """A hundred words are windows of 48, 48 and 4, each with the facts of the whole turn."""
    network = FakeNetwork()
    tags_of("Well then.", " ".join(FILLING), network=network)
    windows = [text.split() for text, other, _ in network.seen if other == "well then"]
    assert [len(window) for window in windows] == [WINDOW_WORDS, WINDOW_WORDS, 4]
    assert list(itertools.chain(*windows)) == FILLING
    assert [facts[-1] for _, _, facts in network.seen[1:]] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("before", [0, 30, 46, 47, 48, 49, 60, 95, 96, 97])
def test_the_quote_of_a_long_turn_lies_in_the_window_that_shows_it(before: int) -> None:
    """Wherever the sentence stands, even across the edge of two windows."""
    start = [" ".join(FILLING[:before]) + "."] if before else []
    text = " ".join([*start, "We slept in a tent.", " ".join(FILLING[before:]) + "."])
    assert found(text) == [(0, "We slept in a tent", "learned")]


def test_a_turn_is_tagged_once_from_its_likeliest_window() -> None:
    """Both windows show it, the second more: 1 / (1 + e^-8) = 0.9997."""
    words = {"tent": 8.0, "camp": 12.0}
    text = "A tent. " + " ".join(FILLING[:60]) + ". A camp."
    (tag,) = tags_of(text, network=FakeNetwork(words=words))
    assert (text[tag.start_char : tag.end_char], tag.score) == ("A camp", 0.9997)


PIECES = st.sampled_from(
    ["tent", "hut", "I", "um", "you know,", "tent-", ".", "?", ",", "...", "—", "$5,000", "😀", "é"]
)
TEXTS = st.one_of(
    st.text(st.characters(), max_size=60),  # lone surrogates among them
    st.lists(st.one_of(PIECES, st.sampled_from(FILLING)), max_size=120).map(" ".join),
)


@settings(max_examples=150)
@given(
    texts=st.lists(TEXTS, max_size=3),
    mode=st.sampled_from([LEARNED, EITHER]),
    fits=st.integers(0, 60),
    start=st.sampled_from([NO, YES]),
)
def test_every_quote_is_of_its_own_turn(
    texts: list[str], mode: str, fits: int, start: float
) -> None:
    """Whatever is said, and however few of its words the network read: never empty or outside."""
    network = FakeNetwork(start=start, fits=fits)
    tags = tags_of(*texts, read=classifier(mode), network=network)
    assert all(0 <= tag.start_char < tag.end_char <= len(texts[tag.turn]) for tag in tags)
    assert all(texts[tag.turn][tag.start_char : tag.end_char].strip() for tag in tags)
    said = {at for at, text in enumerate(texts) if plain(text)}
    tagged = [tag.turn for tag in tags if tag.tactic == "rapport" and tag.method == "learned"]
    assert len(tagged) == len(set(tagged))
    assert set(tagged) <= said
    assert start == NO or set(tagged) == said


def plain(text: str) -> str:
    """A turn as the network is given it."""
    passage = read_passage(text)
    return turns_of([Utterance(turn=0, speaker="Ana", text=text)], [passage], [])[0].text


def test_turns_without_words_are_passed_over() -> None:
    """Empty, blank and marks only: the network is not asked about them."""
    network = FakeNetwork()
    assert found("", "  ", "?!", "A tent.", network=network) == [(3, "A tent", "learned")]
    assert [text for text, _, _ in network.seen] == ["a tent"]


def test_where_nobody_speaks_the_network_is_not_asked() -> None:
    """No turn at all, and none that holds a word."""
    network = FakeNetwork()
    assert tags_of(network=network) == tags_of("", "...", network=network) == []
    assert network.seen == []


# --- what the network sees


def seen_of(*texts: str, hits: tuple[str, ...]) -> list[tuple[str, str, list[float]]]:
    """What a network is given of each turn of a call."""
    network = FakeNetwork()
    tags_of(*texts, read=classifier(hits=hits), network=network)
    return network.seen


def test_a_turn_is_its_words_and_the_other_sides_last() -> None:
    """In lower case, without marks and fillers, which a recogniser makes up or leaves out."""
    texts = ("Um, so: HELLO, Ben!", "I don't know...", "  ", "Fine?")
    assert [seen[:2] for seen in seen_of(*texts, hits=())] == [
        ("so hello ben", ""),
        ("i do not know", "so hello ben"),
        ("fine", ""),  # Ana's turn before it held no word
    ]


def turns_by(speakers: str, tags: Sequence[Tag] = ()) -> list[Turn]:
    """Turns of these speakers, one letter each, whose text is "turn" and their place."""
    said = [
        Utterance(turn=at, speaker=who, text=f"Turn {FILLING[at]}.")
        for at, who in enumerate(speakers)
    ]
    return turns_of(said, [read_passage(one.text) for one in said], tags)


@pytest.mark.parametrize(
    ("speakers", "other"),
    [
        ("BA", 0),
        ("BBA", 1),
        ("BCA", 1),
        ("BAAAAAA", 0),  # six turns before the last
        ("BAAAAAAA", None),  # seven
        ("A", None),
        ("AAAA", None),
    ],
)
def test_the_other_side_is_heard_for_six_turns(speakers: str, other: int | None) -> None:
    """The nearest turn of anybody else, unless it is long ago."""
    last = turns_by(speakers)[-1]
    assert last.other == ("" if other is None else f"turn {FILLING[other]}")


def tag(turn: int, tactic: str) -> Tag:
    return Tag(turn=turn, tactic=tactic, score=1.0, start_char=0, end_char=4, method="rule")


def test_finds_are_those_of_the_turn_and_of_the_other_sides_last() -> None:
    """Neither one's own of before nor those of an older turn of the other side."""
    turns = turns_by("ABABA", [tag(0, "label"), tag(1, "offer"), tag(3, "accept"), tag(4, "hut")])
    assert [(set(turn.hits), set(turn.other_hits)) for turn in turns] == [
        ({"label"}, set()),
        ({"offer"}, {"label"}),
        (set(), {"offer"}),
        ({"accept"}, set()),
        ({"hut"}, {"accept"}),
    ]


def test_the_numbers_of_turns_need_not_be_their_places() -> None:
    """Backchannels are numbered too, and are not among the turns: numbers have gaps."""
    said = [Utterance(turn=turn, speaker=who, text="So.") for turn, who in ((4, "A"), (9, "B"))]
    turns = turns_of(said, [read_passage(one.text) for one in said], [tag(4, "offer")])
    assert [(turn.place, set(turn.hits), set(turn.other_hits)) for turn in turns] == [
        (0, {"offer"}, set()),
        (1, set(), {"offer"}),
    ]


def test_what_rules_and_ledger_found_reaches_the_network() -> None:
    """The offers are the rules', the concession the ledger's alone; then each as the other's."""
    seen = seen_of(*HAGGLE, "I see.", "So.", hits=("offer", "concession"))
    assert [facts[:4] for _, _, facts in seen] == [
        [1, 0, 0, 0],
        [1, 0, 1, 0],
        [1, 1, 1, 0],
        [0, 0, 1, 1],
        [0, 0, 0, 0],
    ]


def test_facts_are_finds_place_and_length() -> None:
    """Own finds, the other's, first, second at most, place of 20, length of 40 words."""
    turn = Turn(
        text="a b c",
        other="d",
        hits=frozenset({"offer", "unheard_of"}),
        other_hits=frozenset({"accept"}),
        place=1,
    )
    expected = [1, 0, 0, 1, 0, 1, 1 / 20, 3 / 40]
    assert facts_of(turn, ("offer", "accept")).tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("place", "length", "expected"),
    [
        (0, 0, [1, 1, 0, 0]),
        (2, 20, [0, 0, 0.1, 0.5]),
        (20, 40, [0, 0, 1, 1]),
        (500, 300, [0, 0, 1, 1]),
    ],
)
def test_place_and_length_have_a_bound(place: int, length: int, expected: list[float]) -> None:
    """After twenty turns, and beyond forty words, more makes no difference."""
    text = " ".join(["so"] * length)
    turn = Turn(text=text, other="", hits=frozenset(), other_hits=frozenset(), place=place)
    assert facts_of(turn, ()).tolist() == pytest.approx(expected)


# --- the document of the classifier


def test_the_document_keeps_the_order_of_the_scores() -> None:
    """The first tactic of the document is the network's first score."""
    read = classifier_from(
        '{"hits": ["offer", "label"], "tactics": {'
        '"reject": {"mode": "rule", "threshold": 0.25, "scale": 2.0, "shift": -1.0},'
        '"accept": {"mode": "either", "threshold": 0.5, "scale": 1.0, "shift": 0.0}}}'
    )
    assert (read.tactics, read.hits) == (("reject", "accept"), ("offer", "label"))
    assert read.modes == {"reject": RULE, "accept": EITHER}
    assert read.thresholds == {"reject": 0.25, "accept": 0.5}
    assert (read.scale["reject"], read.shift["reject"]) == (2.0, -1.0)


def test_the_shipped_classifier_fits_the_codebook() -> None:
    """What it may tag are ids of the codebook; what no tactic uses is left to the rules."""
    shipped = shipped_classifier()
    ids = {tactic.id for tactic in CODEBOOK.tactics if tactic.detector != "audio"}
    assert set(shipped.hits) <= ids
    assert set(shipped.tactics) <= ids | {NON_STRATEGIC, REFLECTION}
    assert set(shipped.modes.values()) <= {RULE, LEARNED, EITHER}
    assert {tactic for tactic in shipped.tactics if shipped.modes[tactic] != RULE} <= ids
    assert all(0 < shipped.thresholds[tactic] <= 1 for tactic in shipped.tactics)
    assert all(shipped.scale[tactic] > 0 for tactic in shipped.tactics)


def test_tactics_that_no_rule_finds_are_the_networks() -> None:
    """The codebook calls them learned: with the rules' mode they would never be found."""
    modes = shipped_classifier().modes
    only = [tactic.id for tactic in CODEBOOK.tactics if tactic.detector == "learned"]
    assert {modes.get(tactic) for tactic in only} <= {LEARNED, EITHER}
