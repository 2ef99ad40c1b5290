"""The offer ledger: anchors, counters, concessions, corrections, and what was agreed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tactics_calls import CODEBOOK, call_of

from pipeline.errors import ContractError
from pipeline.records import OFFERS, SPEECH, TACTICS, TURNS, WORDS
from pipeline.stages import offers as stage
from pipeline.stages import tactics as tactics_stage
from pipeline.stages.offers import OffersConfig, check
from pipeline.stages.report_offers import offers_document, outcomes_document
from pipeline.stages.tactics import TacticsConfig
from pipeline.tactics.codebook import Utterance
from pipeline.tactics.offers.document import is_shrinking, ledger_document, outcomes
from pipeline.tactics.offers.issues import Thing
from pipeline.tactics.offers.ledger import POSITIONS, Entry, build_ledger
from pipeline.tactics.offers.moves import Move, Said
from pipeline.tactics.text import Span

SCHEMA = json.loads((files("pipeline") / "schemas" / "report.schema.json").read_text("utf-8"))
DEAL = "deal"
NO = "no"
SPAN = Span(first=0, last=0)


def thing(value: float | None = None, issue: str = "salary", **details: Any) -> Thing:
    """A value or option of an issue, the salary where none is named."""
    return Thing(span=SPAN, issue=issue, value=value, **details)


def option(name: str, issue: str = "title") -> Thing:
    """A named option."""
    return thing(issue=issue, option=name)


def call(*said: tuple[Any, ...]) -> list[Said]:
    """Turns of (speaker, what…): a number is an offer of salary, a Thing an offer of that.

    DEAL accepts what is on the table, (DEAL, issue) what it names, NO turns the other side's
    position down, ("meant", thing) corrects what the speaker said before.
    """
    return [_said(turn, speaker, parts) for turn, (speaker, *parts) in enumerate(said)]


def _said(turn: int, speaker: str, parts: Sequence[Any]) -> Said:
    names = [part[1] for part in parts if isinstance(part, tuple) and part[0] == DEAL]
    accepts = DEAL in parts or bool(names)
    moves = [_move(turn, speaker, part) for part in parts if part not in (DEAL, NO)]
    return Said(
        utterance=Utterance(turn=turn, speaker=speaker, text="something said"),
        moves=tuple(move for move in moves if move),
        tactics=frozenset({"accept"} if accepts else {"reject"} if NO in parts else ()),
        answered=tuple((name, "") for name in names),
        accepted=(0, 9) if accepts else None,
    )


def _move(turn: int, speaker: str, part: Any) -> Move | None:
    corrects = isinstance(part, tuple) and part[0] == "meant"
    if isinstance(part, tuple) and not corrects:
        return None
    said = part[1] if corrects else part
    return Move(
        turn=turn,
        speaker=speaker,
        thing=said if isinstance(said, Thing) else thing(said),
        act="offer",
        start_char=0,
        end_char=9,
        corrects=corrects,
    )


def lines(*said: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Speaker, kind and value or option of each line of the ledger."""
    return [
        (
            e.move.speaker,
            e.kind,
            e.move.thing.value if not e.move.thing.option else e.move.thing.option,
        )
        for e in build_ledger(call(*said))
    ]


def last(*said: tuple[Any, ...]) -> Entry:
    """The last line of the ledger."""
    return build_ledger(call(*said))[-1]


def agreed(*said: tuple[Any, ...]) -> dict[str, Any]:
    """The issues with what was agreed on each, None where open."""
    return {
        o.issue: o.agreed and (o.agreed.move.thing.value or o.agreed.move.thing.option)
        for o in outcomes(build_ledger(call(*said)))
    }


# --- positions


def test_the_first_number_is_the_anchor_and_the_other_sides_first_a_counter() -> None:
    """Whoever speaks first on an issue anchors it; each issue has its own anchor."""
    vacation = thing(25, "vacation")
    assert lines(("Ana", 120_000), ("Ben", 100_000, vacation)) == [
        ("Ana", "anchor", 120_000),
        ("Ben", "counter", 100_000),
        ("Ben", "anchor", 25),
    ]


def test_a_concession_has_its_size_and_its_share_of_the_gap() -> None:
    """From 120 to 115 against 100 is a step of 5 that closes a quarter of 20."""
    entry = last(("Ana", 120_000), ("Ben", 100_000), ("Ana", 115_000))
    assert (entry.kind, entry.step, entry.gap_share) == ("concession", 5_000, 0.25)


def test_the_gap_is_that_which_is_left() -> None:
    """After 115 against 100, a step of the other side to 105 closes a third of 15."""
    entry = last(("Ana", 120_000), ("Ben", 100_000), ("Ana", 115_000), ("Ben", 105_000))
    assert (entry.kind, entry.step, entry.gap_share) == ("concession", 5_000, pytest.approx(1 / 3))


def test_a_concession_to_the_other_sides_number_closes_the_gap() -> None:
    """The line says whose position it took up."""
    entry = last(("Ana", 120_000), ("Ben", 100_000), ("Ana", 100_000))
    assert (entry.kind, entry.gap_share, entry.toward) == ("concession", 1.0, "Ben")


def test_a_move_past_the_other_sides_number_closes_no_more_than_the_gap() -> None:
    """From 120 to 90 against 100."""
    entry = last(("Ana", 120), ("Ben", 100), ("Ana", 90))
    assert (entry.kind, entry.step, entry.gap_share) == ("concession", 30, 1.0)


def test_a_move_away_from_the_other_side_is_a_retreat() -> None:
    """From 115 back to 118 against 100; it closes nothing."""
    entry = last(("Ana", 115_000), ("Ben", 100_000), ("Ana", 118_000))
    assert (entry.kind, entry.step, entry.gap_share) == ("retreat", 3_000, None)


def test_the_same_number_again_is_a_repeat() -> None:
    """Neither a concession nor a second anchor; it has no step."""
    entry = last(("Ana", 120_000), ("Ben", 100_000), ("Ana", 120_000))
    assert (entry.kind, entry.step) == ("repeat", None)


def test_a_change_before_the_other_side_has_said_anything_is_a_revision() -> None:
    """Nobody can tell whether it is a concession, except after a no."""
    assert last(("Ana", 120_000), ("Ben",), ("Ana", 115_000)).kind == "revision"
    bid_against_self = last(("Ana", 120_000), ("Ben", NO), ("Ana", 115_000))
    assert (bid_against_self.kind, bid_against_self.step) == ("concession", 5_000)


def test_a_no_to_ones_own_number_counts_once() -> None:
    """The concession answers it; the next change is a revision again."""
    entry = last(("Ana", 120_000), ("Ben", NO), ("Ana", 115_000), ("Ana", 112_000))
    assert entry.kind == "revision"


def test_options_without_numbers_have_no_steps() -> None:
    """Taking up the other side's title is a concession of the whole gap, another one none."""
    manager, engineer, lead = option("manager"), option("engineer"), option("lead")
    taken = last(("Ana", manager), ("Ben", engineer), ("Ana", engineer))
    assert (taken.kind, taken.step, taken.gap_share, taken.toward) == (
        "concession",
        None,
        1.0,
        "Ben",
    )
    changed = last(("Ana", manager), ("Ben", engineer), ("Ana", lead))
    assert (changed.kind, changed.step, changed.gap_share) == ("revision", None, None)
    assert last(("Ana", manager), ("Ben",), ("Ana", manager)).kind == "repeat"
    assert last(("Ana", manager)).exact is None


def test_exact_and_round_numbers_are_told_apart() -> None:
    """117,400 is exact, 120,000 is round."""
    assert last(("Ana", 117_400)).exact is True
    assert last(("Ana", 120_000)).exact is False


# --- ranges, rates, units


def test_a_range_counts_from_its_end_that_faces_the_other_side() -> None:
    """Against 120, going from 100–110 to 100–115 closes half of the gap of 10."""
    entry = last(
        ("Ana", 120.0), ("Ben", thing(100.0, high=110.0)), ("Ben", thing(100.0, high=115.0))
    )
    assert (entry.kind, entry.step, entry.gap_share) == ("concession", 5, 0.5)
    down = last(
        ("Ana", thing(110.0, high=120.0)), ("Ben", 100.0), ("Ana", thing(105.0, high=120.0))
    )
    assert (down.kind, down.step, down.gap_share) == ("concession", 5, 0.5)


def test_the_same_range_again_is_a_repeat_and_a_number_out_of_it_is_not() -> None:
    """A range is the same only with both ends the same."""
    low_high = thing(100.0, high=110.0)
    assert last(("Ana", low_high), ("Ben",), ("Ana", low_high)).kind == "repeat"
    assert last(("Ana", low_high), ("Ben", 100.0)).toward == ""


def test_monthly_and_yearly_rates_are_compared_by_the_year() -> None:
    """From 120,000 a year to 9,500 a month (114,000) against 9,000 a month (108,000)."""
    entry = last(
        ("Ana", thing(120_000.0, unit="USD", period="year")),
        ("Ben", thing(9_000.0, unit="USD", period="month")),
        ("Ana", thing(9_500.0, unit="USD", period="month")),
    )
    assert (entry.kind, entry.step, entry.gap_share) == ("concession", 6_000, 0.5)


def test_the_same_pay_by_month_and_by_year_is_the_same() -> None:
    """10,000 a month takes up 120,000 a year."""
    entry = last(("Ana", thing(120_000.0, period="year")), ("Ben", thing(10_000.0, period="month")))
    assert (entry.kind, entry.toward) == ("counter", "Ana")


def test_steps_of_monthly_rates_are_by_the_month() -> None:
    """A step is in the values' own unit where the rates do not differ."""
    entry = last(
        ("Ana", thing(10_000.0, period="month")),
        ("Ben", thing(8_000.0, period="month")),
        ("Ana", thing(9_500.0, period="month")),
    )
    assert (entry.step, entry.gap_share) == (500, 0.25)


def test_a_rate_without_a_period_has_the_others() -> None:
    """9,000 against rates by the month is by the month, even beside one by the year."""
    entry = last(
        ("Ana", thing(120_000.0, period="year")),
        ("Ben", thing(9_000.0)),
        ("Ana", thing(9_500.0, period="month")),
    )
    assert (entry.kind, entry.step, entry.gap_share) == ("concession", 6_000, 0.5)


def test_a_number_without_a_period_beside_a_far_smaller_rate_is_by_the_year() -> None:
    """From 115,000 to 9,500 a month (114,000) against 92,500 closes 1,000 of 22,500."""
    entry = last(
        ("Ana", 115_000.0), ("Ben", 92_500.0), ("Ana", thing(9_500.0, unit="USD", period="month"))
    )
    assert (entry.kind, entry.step) == ("concession", 1_000)
    assert entry.gap_share == pytest.approx(2 / 45)
    hourly = last(("Ana", 115_000.0), ("Ben", 92_500.0), ("Ana", thing(60.0, period="hour")))
    assert (hourly.kind, hourly.step) == ("revision", None)


@pytest.mark.parametrize(
    "other",
    [
        {"value": 60.0, "unit": "USD", "period": "hour"},
        {"value": 10.0, "unit": "percent"},
        {"value": 118_000.0, "unit": "EUR"},
    ],
)
def test_what_cannot_be_compared_has_no_step(other: dict[str, Any]) -> None:
    """An hourly rate, a percentage, another currency after a salary: changed, by nothing known."""
    entry = last(
        ("Ana", thing(120_000.0, unit="USD", period="year")),
        ("Ben", thing(100_000.0, unit="USD", period="year")),
        ("Ana", thing(**other)),
    )
    assert (entry.kind, entry.step, entry.gap_share) == ("revision", None, None)


def test_an_unnamed_currency_is_the_one_in_use() -> None:
    """120,000 dollars, then 115 thousand "bucks" or no unit at all."""
    for unit in ("money", ""):
        entry = last(
            ("Ana", thing(120.0, unit="USD")), ("Ben", 100.0), ("Ana", thing(115.0, unit=unit))
        )
        assert (entry.kind, entry.step) == ("concession", 5)


# --- corrections


def test_a_correction_replaces_and_does_not_add() -> None:
    """ "120, sorry, I meant 115": 115 is the anchor, 120 no position of anyone."""
    said = ("Ana", 120_000, ("meant", 115_000))
    assert lines(said) == [("Ana", "corrected", 120_000), ("Ana", "anchor", 115_000)]
    (outcome,) = outcomes(build_ledger(call(said)))
    assert outcome.anchor is not None
    assert outcome.anchor.move.thing.value == 115_000


def test_an_anchor_corrected_after_the_counter_stays_the_anchor() -> None:
    """And the counter stays the counter."""
    assert lines(("Ana", 120), ("Ben", 100), ("Ana", ("meant", 115))) == [
        ("Ana", "corrected", 120),
        ("Ben", "counter", 100),
        ("Ana", "anchor", 115),
    ]


def test_a_corrected_concession_is_measured_from_the_position_before_it() -> None:
    """120, then 110 corrected to 115, against 100: a step of 5 and a quarter of the gap."""
    entry = last(("Ana", 120), ("Ben", 100), ("Ana", 110, ("meant", 115)))
    assert (entry.kind, entry.step, entry.gap_share) == ("concession", 5, 0.25)


def test_a_concession_corrected_to_the_old_number_is_none() -> None:
    """120, then "110, sorry, I meant 120" is a repeat."""
    assert last(("Ana", 120), ("Ben", 100), ("Ana", 110, ("meant", 120))).kind == "repeat"


def test_a_correction_corrected_leaves_one_position() -> None:
    """Two slips in a row."""
    assert lines(("Ana", 120, ("meant", 115), ("meant", 116))) == [
        ("Ana", "corrected", 120),
        ("Ana", "corrected", 115),
        ("Ana", "anchor", 116),
    ]


def test_a_correction_of_an_acceptance_takes_it_back() -> None:
    """ "Deal. Sorry, I meant 115": a counter, and nothing is agreed."""
    said = (("Ana", 120), ("Ben", DEAL), ("Ben", ("meant", 115)))
    assert lines(*said) == [
        ("Ana", "anchor", 120),
        ("Ben", "corrected", 120),
        ("Ben", "counter", 115),
    ]
    assert agreed(*said) == {"salary": None}


def test_a_correction_of_nothing_is_a_position() -> None:
    """Where the recogniser lost the slip itself."""
    assert lines(("Ana", ("meant", 115))) == [("Ana", "anchor", 115)]


# --- shrinking steps


def test_steps_that_shrink_are_seen() -> None:
    """Ackerman's plan: 65, 85, 95, 100 of the target, steps of 20, 10 and 5."""
    (outcome,) = outcomes(
        build_ledger(
            call(("Ana", 65), ("Ben", 120), ("Ana", 85), ("Ana", 95), ("Ben", 110), ("Ana", 100))
        )
    )
    assert outcome.shrinking == ("Ana",)


@pytest.mark.parametrize(
    ("steps", "shrinking"),
    [([20, 10, 5], True), ([20, 15], True), ([20, 16], False), ([5, 5], False), ([20], False),
     ([], False), ([5, 10], False), ([20, 10, 10], False)],
)  # fmt: skip
def test_steps_shrink_where_each_is_clearly_smaller(steps: list[float], shrinking: bool) -> None:
    """Each at most three quarters of the one before, and at least two of them."""
    assert is_shrinking(steps) is shrinking


# --- answers


def test_a_deal_takes_what_the_other_side_proposed_last() -> None:
    """Only the last proposal, where the words name no issue."""
    said = (("Ana", 120), ("Ben",), ("Ana", thing(25, "vacation")), ("Ben", DEAL))
    assert lines(*said)[-1] == ("Ben", "accept", 25)
    assert agreed(*said) == {"salary": None, "vacation": 25}


def test_a_deal_takes_all_that_was_proposed_together() -> None:
    """Two issues in one turn."""
    assert agreed(("Ana", 120, thing(25, "vacation")), ("Ben", DEAL)) == {
        "salary": 120,
        "vacation": 25,
    }


def test_an_acceptance_that_names_an_issue_takes_that_one() -> None:
    """ "The salary is fine" leaves the vacation open."""
    said = (("Ana", 120, thing(25, "vacation")), ("Ben", (DEAL, "salary")))
    assert agreed(*said) == {"salary": 120, "vacation": None}
    assert last(*said).toward == "Ana"


@pytest.mark.parametrize(
    ("offered", "answer", "end"),
    [
        (120, 118, None),
        (120, 120, 120),
        (thing(110, high=120), 118, 118),
        (option("March 1"), option("March 3"), None),
        (option("senior engineer"), option("senior software engineer"), "senior engineer"),
    ],
)
def test_saying_yes_to_something_else_is_no_agreement(offered: Any, answer: Any, end: Any) -> None:
    """ "118 is fine" after 120 is a counter; a number inside an offered range is taken."""
    yes = replace(_said(1, "Ben", [answer]), accepted=(0, 9), tactics=frozenset({"accept"}))
    taken = replace(yes, moves=(replace(yes.moves[0], act="accept"),))
    (outcome,) = outcomes(build_ledger([_said(0, "Ana", [offered]), taken]))
    last_line = outcome.entries[-1]
    assert last_line.kind == ("accept" if end else "counter")
    found = outcome.agreed and outcome.agreed.move.thing
    assert (found and (found.value or found.option)) == end


def test_words_of_acceptance_for_what_nobody_proposed_are_a_position() -> None:
    """A number of no known issue stays a mention."""
    for said, kind in ((thing(120), "anchor"), (thing(7, "other"), "mention")):
        yes = replace(_said(0, "Ana", [said]), accepted=(0, 9))
        entries = build_ledger([replace(yes, moves=(replace(yes.moves[0], act="accept"),))])
        assert [entry.kind for entry in entries] == [kind]


def test_an_acceptance_has_the_unit_of_what_it_accepts() -> None:
    """ "21 works" after "21 days a year" is 21 days a year."""
    offered = thing(21, "vacation", unit="day", period="year")
    yes = replace(_said(1, "Ben", [thing(21, "vacation")]), accepted=(0, 9))
    taken = replace(yes, moves=(replace(yes.moves[0], act="accept"),))
    entry = build_ledger([_said(0, "Ana", [offered]), taken])[-1]
    assert (entry.kind, entry.move.thing.unit, entry.move.thing.period) == ("accept", "day", "year")


def test_an_acceptance_of_one_issue_with_a_counter_on_another() -> None:
    """ "The salary is fine, but 20 days"."""
    said = (
        ("Ana", 120, thing(25, "vacation")),
        ("Ben", (DEAL, "salary"), thing(20, "vacation")),
    )
    assert lines(*said)[2:] == [("Ben", "accept", 120), ("Ben", "counter", 20)]
    assert agreed(*said) == {"salary": 120, "vacation": None}


def test_a_deal_with_nothing_on_the_table_is_none() -> None:
    """Nor is one's own proposal accepted by oneself."""
    assert lines(("Ana", DEAL)) == []
    assert agreed(("Ana", 120), ("Ana", DEAL)) == {"salary": None}


def test_a_deal_that_both_say_is_one_agreement() -> None:
    """ "Deal." "Great, deal.": Ben accepted Ana's 120; Ana only confirms."""
    said = (("Ana", 120), ("Ben", DEAL), ("Ana", DEAL))
    assert lines(*said) == [("Ana", "anchor", 120), ("Ben", "accept", 120)]


def test_a_confirmation_does_not_accept_an_older_proposal() -> None:
    """With the vacation still open, "great" after the salary's deal is about the salary."""
    said = (("Ben", thing(20, "vacation")), ("Ana", 120), ("Ben", DEAL), ("Ana", DEAL))
    assert agreed(*said) == {"vacation": None, "salary": 120}


def test_an_issue_opens_again_with_another_number() -> None:
    """The same number again does not open it, another does, until it is accepted too."""
    deal = (("Ana", 120), ("Ben", DEAL))
    assert agreed(*deal, ("Ana", 120)) == {"salary": 120}
    assert agreed(*deal, ("Ana", 125)) == {"salary": None}
    assert agreed(*deal, ("Ana", 125), ("Ben", DEAL)) == {"salary": 125}


def test_an_option_can_be_agreed() -> None:
    """A title has no number."""
    assert agreed(("Ana", option("manager")), ("Ben", DEAL)) == {"title": "manager"}


def test_an_issue_with_mere_mention_has_no_outcome() -> None:
    """Somebody has to take a position."""
    mention = Move(turn=0, speaker="Ana", thing=thing(120), act="mention", start_char=0, end_char=3)
    said = Said(utterance=Utterance(turn=0, speaker="Ana", text="120"), moves=(mention,))
    entries = build_ledger([said])
    assert [entry.kind for entry in entries] == ["mention"]
    assert outcomes(entries) == []


def test_with_three_speakers_each_first_number_after_the_anchor_is_a_counter() -> None:
    """The gap is that to whoever else spoke last: from 120 to 115 against Cem's 105 is a third."""
    said = (("Ana", 120), ("Ben", 100), ("Cem", 105), ("Ana", 115))
    assert [kind for _, kind, _ in lines(*said)] == ["anchor", "counter", "counter", "concession"]
    assert last(*said).gap_share == pytest.approx(1 / 3)


def test_a_third_speaker_may_accept_too() -> None:
    """Ana's offer, taken by Ben and then by Cem."""
    said = (("Ana", 120), ("Ben", DEAL), ("Cem", DEAL))
    assert lines(*said)[1:] == [("Ben", "accept", 120), ("Cem", "accept", 120)]
    assert agreed(*said) == {"salary": 120}


ACTS = st.one_of(
    st.tuples(st.sampled_from(["Ana", "Ben", "Cem"]), st.integers(1, 9)),
    st.tuples(st.sampled_from(["Ana", "Ben"]), st.integers(1, 9), st.just(DEAL)),
    st.tuples(st.sampled_from(["Ana", "Ben"]), st.sampled_from([DEAL, NO])),
    st.tuples(st.sampled_from(["Ana", "Ben"]), st.integers(1, 9).map(lambda v: ("meant", v))),
    st.tuples(st.sampled_from(["Ana", "Ben"]), st.just(option("manager", "salary"))),
)


@given(st.lists(ACTS, max_size=12))
def test_any_order_of_moves_gives_a_ledger_that_holds_together(said: list[Any]) -> None:
    """One anchor at most, every proposal a line, shares above 0, steps with concessions only."""
    entries = build_ledger(call(*said))
    kinds = [entry.kind for entry in entries]
    assert kinds.count("anchor") == any(kind in POSITIONS for kind in kinds)
    assert sum(entry.move.act == "offer" for entry in entries) == sum(
        part not in (DEAL, NO) for _, *parts in said for part in parts
    )
    assert [entry.move.turn for entry in entries] == sorted(entry.move.turn for entry in entries)
    for entry in entries:
        assert entry.gap_share is None or (0 < entry.gap_share <= 1 and entry.kind == "concession")
        assert entry.kind != "accept" or entry.toward not in ("", entry.move.speaker)


# --- as documents


def test_the_document_tells_what_does_not_apply_as_null() -> None:
    """Turn numbers are the transcript's own; the quote is the turn's."""
    entries = build_ledger(call(("Ana", 120_000), ("Ben", DEAL)))
    document = ledger_document(entries, turns=[7, 8], texts=["something said"] * 2)
    anchor, accepted = document["offers"]
    assert (anchor["turn"], anchor["speaker"], anchor["text"]) == (7, "Ana", "something")
    assert anchor["item"] is anchor["unit"] is anchor["option"] is anchor["toward"] is None
    assert (accepted["kind"], accepted["toward"], accepted["step"]) == ("accept", "Ana", None)
    (outcome,) = document["outcomes"]
    assert (outcome["status"], outcome["turn"], outcome["value"]) == ("agreed", 8, 120_000)
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_the_document_of_an_open_issue_has_no_end() -> None:
    """And of an empty ledger there is nothing."""
    (outcome,) = ledger_document(
        build_ledger(call(("Ana", option("manager")))), turns=[0], texts=["manager"]
    )["outcomes"]
    assert (outcome["status"], outcome["turn"], outcome["option"]) == ("open", None, None)
    assert ledger_document([], turns=[], texts=[]) == {"offers": [], "outcomes": []}


# --- through the stages

NO_WORDS = pl.DataFrame(schema=WORDS)
"""Of no language, which is taken for English."""


NO_MAP = pl.DataFrame(schema=SPEECH)


def frames_of(*texts: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The turns of a call of Ana and Ben, and its ledger."""
    turns = pl.DataFrame(
        [
            {"turn": u.turn, "speaker": u.speaker, "start_ms": 1000 * u.turn,
             "end_ms": 1000 * u.turn + 900, "text": u.text, "words": [], "overlap_ms": 0,
             "kind": "turn"}
            for u in call_of(*texts)
        ],
        schema=TURNS,
    )  # fmt: skip
    tactics = tactics_stage.run(
        transcribe=NO_WORDS,
        turns=turns,
        diarize=NO_MAP,
        config=TacticsConfig(codebook=CODEBOOK),
    )
    return turns, stage.run(
        transcribe=NO_WORDS, turns=turns, tactics=tactics, config=OffersConfig(codebook=CODEBOOK)
    )


CALL = (
    "I'm looking for a base salary of $120,000.",
    "We can offer you $100,000.",
    "Based on the market rate, I could come down to $115,000.",
    "I can offer you $105,000 and 25 days of vacation.",
    "How about $112,000?",
    "Okay, deal, $112,000 it is.",
)


def test_a_call_in_plain_words_becomes_its_ledger() -> None:
    """Anchor, counter, concessions with steps and shares, grounds, a further term, the deal."""
    _, ledger = frames_of(*CALL)
    check(ledger)
    salary = ledger.filter((pl.col("issue") == "salary") & (pl.col("kind") != "mention"))
    assert salary.select("turn", "speaker", "kind", "value").rows() == [
        (0, "Ana", "anchor", 120_000),
        (1, "Ben", "counter", 100_000),
        (2, "Ana", "concession", 115_000),
        (3, "Ben", "concession", 105_000),
        (4, "Ana", "concession", 112_000),
        (5, "Ben", "accept", 112_000),
    ]
    assert salary["step"].to_list() == [None, None, 5_000, 5_000, 3_000, None]
    shares = [None, None, 1 / 4, 1 / 3, 3 / 10, None]
    assert salary["gap_share"].to_list() == pytest.approx(shares)
    assert salary["rationale"].to_list() == ["", "", "objective_criteria", "", "", ""]
    assert salary["exact"].to_list() == [False, False, False, False, True, True]
    assert salary["standing"].to_list() == [False] * 5 + [True]
    (vacation,) = ledger.filter(pl.col("issue") == "vacation").rows(named=True)
    assert (vacation["kind"], vacation["value"], vacation["unit"]) == ("anchor", 25, "day")


def test_a_spoken_correction_replaces_the_number() -> None:
    """ "sorry, I meant 115" in the same turn."""
    _, ledger = frames_of("I'm looking for a base of 120k, sorry, I meant 115k.")
    assert ledger.select("kind", "value").rows() == [("corrected", 120_000), ("anchor", 115_000)]


def test_the_ledger_does_not_depend_on_the_tags_that_it_gave_rise_to() -> None:
    """Tags of the ledger's own among the tactics change no line."""
    turns, ledger = frames_of(*CALL)
    tactics = tactics_stage.run(
        transcribe=NO_WORDS,
        turns=turns,
        diarize=NO_MAP,
        config=TacticsConfig(codebook=CODEBOOK),
    )
    worded = tactics.filter(pl.col("method") != "ledger")
    alone = stage.run(
        transcribe=NO_WORDS, turns=turns, tactics=worded, config=OffersConfig(codebook=CODEBOOK)
    )
    assert ledger.equals(alone)


def test_the_anchor_of_an_outcome_is_the_one_put_right() -> None:
    """Even where the correction came after the counter."""
    _, ledger = frames_of(
        "I'm looking for a base of 120k.", "We can offer 100k.", "Sorry, I meant 115k."
    )
    assert ledger.select("kind", "value").rows() == [
        ("corrected", 120_000),
        ("counter", 100_000),
        ("anchor", 115_000),
    ]
    (salary,) = outcomes_document(ledger, CODEBOOK)
    assert (salary["anchor"]["speaker"], salary["anchor"]["value"]) == ("Ana", 115_000)


def test_a_call_without_turns_has_an_empty_ledger() -> None:
    """An empty frame of the right schema, and no outcomes."""
    ledger = stage.run(
        transcribe=NO_WORDS,
        turns=pl.DataFrame(schema=TURNS),
        tactics=pl.DataFrame(schema=TACTICS),
        config=OffersConfig(codebook=CODEBOOK),
    )
    assert ledger.schema == OFFERS
    assert ledger.is_empty()
    check(ledger)
    assert outcomes_document(ledger, CODEBOOK) == []


def _validate(name: str, documents: list[dict[str, Any]]) -> None:
    schema = {"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]}
    for document in documents:
        jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(document)))


PIECES = st.sampled_from(
    [
        "I want a salary of 120k.", "I can offer 100.", "How about 110 to 115?", "Deal.", "No.",
        "Sorry, I meant 115.", "three days a week remote", "team manager", "a company car",
        "I can't go above 115.", "Our limit is 20 days.",
        "The salary is fine.", "$9,000 a month", "$60 an hour", "ten percent", "one", "of 7",
        "I could start on March 1st.", "at 3 pm in 2024", "",
    ]
)  # fmt: skip


@given(st.lists(st.lists(PIECES, max_size=3).map(" ".join), max_size=8))
def test_every_ledger_passes_its_check_and_the_schema_of_the_report(texts: list[str]) -> None:
    """Sorted, quotes inside their turns, and valid lines and outcomes in report.json."""
    turns, ledger = frames_of(*texts)
    check(ledger)
    offers = offers_document(ledger, turns, CODEBOOK)
    found = outcomes_document(ledger, CODEBOOK)
    _validate("offer", offers)
    _validate("outcome", found)
    for line in offers:
        assert line["text"] == texts[line["turn"]][line["start_char"] : line["end_char"]] != ""


def test_the_outcome_of_an_issue_has_its_anchor_its_end_and_each_sides_steps() -> None:
    """Ana's steps of 5,000 and 3,000 shrink, Ben's single one cannot."""
    _, ledger = frames_of(*CALL)
    salary = outcomes_document(ledger, CODEBOOK)[0]
    assert (salary["issue"], salary["name"], salary["status"]) == ("salary", "Salary", "agreed")
    assert (salary["anchor"]["speaker"], salary["anchor"]["value"]) == ("Ana", 120_000)
    assert (salary["agreed"]["speaker"], salary["agreed"]["value"]) == ("Ben", 112_000)
    ana, ben = salary["speakers"]
    assert (ana["concessions"], ana["steps"], ana["shrinking"]) == (2, [5_000, 3_000], True)
    assert (ana["first"]["value"], ana["last"]["value"]) == (120_000, 112_000)
    assert (ben["concessions"], ben["steps"], ben["shrinking"]) == (1, [5_000], False)


def test_the_outcome_of_an_accepted_limit_has_the_limit_for_its_anchor() -> None:
    """Nobody took a position, so nobody has a first and a last one. Without the yes: no outcome."""
    limit = "I can't go above 110,000 in salary."
    assert outcomes_document(frames_of(limit)[1], CODEBOOK) == []
    _, ledger = frames_of(limit, "Okay, deal.")
    assert ledger.select("kind", "value", "standing").rows() == [
        ("limit", 110_000, False),
        ("accept", 110_000, True),
    ]
    (salary,) = outcomes_document(ledger, CODEBOOK)
    _validate("outcome", [salary])
    assert (salary["anchor"]["speaker"], salary["anchor"]["value"]) == ("Ana", 110_000)
    assert (salary["agreed"]["speaker"], salary["agreed"]["value"]) == ("Ben", 110_000)
    assert salary["speakers"] == []


def test_limits_are_not_among_the_positions_of_an_outcome() -> None:
    """Ana ends at her 110, not at the 115 that she will not go past."""
    _, ledger = frames_of(
        "We can offer a base salary of 105,000.",
        "I'm looking for 125,000.",
        "I could do 110,000.",
        "Hm.",
        "I can't go above 115,000.",
    )
    (salary,) = outcomes_document(ledger, CODEBOOK)
    ana, _ = salary["speakers"]
    assert (ana["first"]["value"], ana["last"]["value"], ana["steps"]) == (
        105_000,
        110_000,
        [5_000],
    )
    assert ledger.filter(pl.col("kind") == "limit")["value"].to_list() == [115_000]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("end_char", 0, "quotes nothing"),
        ("value", None, "neither value nor option"),
        ("value", float("nan"), "out of bounds"),
        ("value", float("inf"), "out of bounds"),
        ("high", float("inf"), "out of bounds"),
        ("step", float("nan"), "out of bounds"),
        ("gap_share", -0.5, "out of bounds"),
        ("gap_share", float("nan"), "out of bounds"),
    ],
)
def test_a_broken_ledger_is_refused(column: str, value: float | None, message: str) -> None:
    """Each line quotes something and says a finite value or an option."""
    _, ledger = frames_of("I'm looking for a base salary of $120,000.")
    broken = ledger.with_columns(pl.lit(value, dtype=OFFERS[column]).alias(column))
    with pytest.raises(ContractError, match=message):
        check(broken)


def test_a_ledger_out_of_order_is_refused() -> None:
    """Lines stand in the order of the call."""
    _, ledger = frames_of(*CALL)
    with pytest.raises(ContractError, match="sorted"):
        check(ledger.reverse())
