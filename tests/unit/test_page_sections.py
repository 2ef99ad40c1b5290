"""The sections on questions, tactics' effects, readings, offers, balance and pace."""

from __future__ import annotations

from typing import Any

import page_reader
import pytest
import report_builder as build
from page_reader import Element

from pipeline.stages.page import (
    balance,
    charts,
    effects,
    ledger,
    lenses,
    pace,
    plane,
    plot,
    position_scale,
    positions,
    promises,
    questions,
    sections,
    talk,
)
from pipeline.stages.page.plot import Plot
from pipeline.stages.page.wording import NBSP

SQUARE = Plot(left=52, right=314, top=30, bottom=292, x_range=(0, 10), y_range=(0, 10))


@pytest.fixture(scope="module")
def page() -> Element:
    return page_reader.page_of(build.full_report())


def thirds(*rates: tuple[float | None, float | None]) -> list[dict[str, float | None]]:
    """The balance by thirds, as (empathy, assertion)."""
    return [{"empathy_rate": empathy, "assertion_rate": assertion} for empathy, assertion in rates]


def asked(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Questions of Ana, the later the longer its reply."""
    first = next(one for one in build.full_report()["questions"] if one["speaker"] == "S0")
    return [
        first | {"reply": first["reply"] | {"word_count": number + 1, "new_word_count": number}}
        | changes
        for number in range(count)
    ]  # fmt: skip


def offer(value: float | None, **details: Any) -> dict[str, Any]:
    """A line of the ledger."""
    empty = {"high": None, "unit": "USD", "period": None, "option": None, "speaker": "S0"}
    return {"value": value, "kind": "anchor"} | empty | details


def test_the_sections_are_in_order(page: Element) -> None:
    ids = [one.attributes["id"] for one in page.find("section")]
    expected = [
        "summary",
        "preparation",
        "moments",
        "talk",
        "questions",
        "tactics",
        "ledger",
        "balance",
        "transcript",
        "method",
    ]
    assert ids == expected


def test_every_link_of_the_navigation_leads_to_a_section(page: Element) -> None:
    links = [one.attributes["href"] for one in page.one("nav").find("a")]
    assert links == [f"#{one.attributes['id']}" for one in page.find("section")]


def test_a_silent_recording_has_no_empty_sections() -> None:
    silent = page_reader.page_of(build.silent_report())
    ids = [one.attributes["id"] for one in silent.find("section")]
    assert ids == ["summary", "tactics", "transcript", "method"]


def test_a_transcript_says_what_is_not_known_and_draws_no_time() -> None:
    read = page_reader.page_of(build.transcript_report())
    assert "A transcript has no sound" in read.one(id="talk").words
    assert read.find(id="pace") == read.find(id="timeline") == []
    assert f"turn {len(build.CALL) - 1}" in read.one(id="ledger").words


def test_reports_of_1_3_still_have_a_page() -> None:
    report = build.report(schema_version="1.3.0")
    for key in (
        "questions",
        "effects",
        "leanings",
        "vague_promises",
        "pace",
        "profile",
        "readings",
    ):
        del report[key]
    for one in report["speakers"]:
        del one["intervals"]
    old = page_reader.page_of(report)
    assert old.find(class_="asked") == old.find(class_="effects") == old.find(class_="lens") == []
    assert "Read for" not in old.one(id="method").words


def test_a_question_shows_what_it_got_back(page: Element) -> None:
    """Ana's "What would it take" got 47 words in 17.5 s, five of the eight new ones shown."""
    (row,) = [
        one for one in page.one(class_="asked").find("tr") if "What would it take" in one.words
    ]
    assert "open calibrated" in row.words
    assert f"47 words, 17.5{NBSP}s".replace(NBSP, " ") in row.words
    assert "team plans together mondays tuesdays and 3 more" in row.words
    (bar,) = row.find("rect")
    assert bar.attributes["width"] == "1.000"


def test_only_the_main_persons_questions_are_listed(page: Element) -> None:
    rows = page.one(class_="asked").find("tr")[1:]
    own = [one for one in build.full_report()["questions"] if one["speaker"] == "S0"]
    assert len(rows) == len(own)


def test_many_questions_are_cut_to_the_most_telling_in_order_of_the_call() -> None:
    """Of twenty the twelve with most new words are shown, and five of these are printed."""
    found = questions.questions(build.report(questions=asked(20)))
    assert found is not None
    assert [one.reply.length.split()[0] for one in found.shown if one.reply] == [
        str(number) for number in range(9, 21)
    ]
    assert len(found.rest) == 8
    assert sum(one.printed for one in found.shown) == 5


def test_a_question_without_an_answer_says_so() -> None:
    read = page_reader.page_of(build.report(questions=asked(1, reply=None)))
    assert "no answer" in read.one(class_="asked").words


def test_open_and_closed_are_compared_only_where_there_are_two_of_each() -> None:
    few = asked(1) + asked(3, kind="closed")
    told = questions.questions(build.report(questions=few))
    both = questions.questions(build.report(questions=asked(2) + asked(3, kind="closed")))
    assert told is not None
    assert both is not None
    assert told.told == ""
    assert both.told == (
        "The 2 open ones typically got 2 words back; the 3 closed ones typically got 2 words back."
    )


def test_withheld_counts_of_questions_give_the_reason() -> None:
    speakers = [one | {"question_count": None} for one in build.SPEAKERS]
    withheld = [{"scope": "call", "metric": "question_count", "reason": "other language"}]
    report = build.report(speakers=speakers, quality=build.quality(withheld=withheld))
    found = questions.questions(report)
    assert found is not None
    assert found.lede == "Withheld: other language."


def test_one_answer_is_no_pattern() -> None:
    """One answer is told as it was, three as counts; both are marked by how many there are."""
    entry = build.full_report()["effects"][0] | {"agreement_count": 1}
    once = effects.effects(build.report(effects=[entry])).shown[0]
    thrice = effects.effects(
        build.report(effects=[entry | {"count": 3, "answered_count": 3}])
    ).shown[0]
    assert (once.answered, once.is_few, once.agreed, once.conceded) == ("1 time", True, "yes", "no")
    assert (thrice.answered, thrice.is_few, thrice.agreed) == ("3 times", False, "1 of 3")


def test_effects_of_tactics_that_are_not_shown_or_not_answered_are_left_out() -> None:
    entry = build.full_report()["effects"][0]
    hidden = entry | {"tactic": "threat"}
    unanswered = entry | {"answered_count": 0}
    found = effects.effects(build.report(effects=[hidden, unanswered]))
    assert found.shown == found.rest == found.others == ()


def test_two_views_stand_side_by_side_only_where_they_differ() -> None:
    report = build.full_report()
    (views,) = lenses.disagreements(report)
    assert views.tactic == "offer"
    assert [one.verdict for one in views.readings] == ["it depends", "against it"]
    assert "offer" not in [one.tactic for one in lenses.agreements(report)]


def test_a_reading_names_its_source_and_where_it_was_measured(page: Element) -> None:
    (gong,) = [one for one in page.one(id="talk").find(class_="lens") if "Gong" in one.words]
    assert "Mastering the talk-to-listen ratio" in gong.words
    assert gong.one(class_="setting").text == "measured in sales calls"


def test_a_reading_of_somebody_elses_figure_is_not_taken_for_mine() -> None:
    reading = build.full_report()["readings"][1] | {"speaker": "S1", "id": "talk_ratio"}
    assert lenses.of_metrics(build.report(readings=[reading]), "talk_ratio") == ()


def test_vague_promises_left_and_made_concrete() -> None:
    vague = build.full_report()["vague_promises"][0]
    pinned = vague | {"pinned": True, "request_turn": 17}
    asked_for = vague | {"request_turn": 17}
    found = promises.promises(build.report(vague_promises=[vague, pinned, asked_for]))
    assert [one.asked for one in found.shown] == [
        "nobody asked by when or how much", "asked, and left vague",
    ]  # fmt: skip
    assert (found.more, found.pinned) == (0, 1)


@pytest.mark.parametrize(
    "lines",
    [
        [offer(100), offer(None, option="March 1")],
        [offer(100), offer(3, unit="week")],
        [offer(60, period="hour"), offer(100_000, period="year")],
        [offer(100), offer(100)],
    ],
    ids=["an option", "another unit", "another period", "one value"],
)
def test_values_that_do_not_compare_have_no_scale(lines: list[dict[str, Any]]) -> None:
    assert position_scale.scale_of(lines, agreed=None) is None


def test_money_with_and_without_its_name_compares() -> None:
    scale = position_scale.scale_of([offer(100), offer(200, unit=None)], agreed=None)
    assert scale is not None
    assert [label.text for label in scale.labels] == ["$100", "$200"]


def test_labels_of_the_scale_keep_apart_and_the_agreed_one_stays() -> None:
    """Of 100, 101 and 200 with 101 agreed, 100 is too near to be labelled."""
    scale = position_scale.scale_of([offer(100), offer(101), offer(200)], agreed=offer(101))
    assert scale is not None
    assert [label.value for label in scale.labels] == [101, 200]


def test_millions_are_short() -> None:
    scale = position_scale.scale_of([offer(1_250_000), offer(2_000_000)], agreed=None)
    assert scale is not None
    assert [label.text for label in scale.labels] == ["$1.25m", "$2m"]


def test_an_issue_in_words_says_who_held_what_when(page: Element) -> None:
    salary, *_ = positions.issues(build.full_report())
    assert positions.description(salary) == (
        "Salary. Ben 0:09 $92,000; Ana (you) 1:06 $105,000; Ben 1:24 $97,000; "
        "Ana (you) 1:48 $97,000; Ana (you) 2:27 accepts $97,000. Agreed: $97,000."
    )


def with_limit() -> dict[str, Any]:
    """The whole report, in which Ben also says that he will not go past 92,000."""
    full = build.full_report()
    limit = next(one for one in full["offers"] if one["issue"] == "salary") | {
        "kind": "limit",
        "value": 92_000.0,
    }
    return full | {"offers": [*full["offers"], limit]}


def test_a_limit_is_a_tick_and_no_step() -> None:
    """One line more than without it, of a value that has its label already; in words a limit."""
    plain, *_ = positions.issues(build.full_report())
    salary, *_ = positions.issues(with_limit())
    drawn, before = (str(positions.positions_svg(one)) for one in (salary, plain))
    assert drawn.count("<line") == before.count("<line") + 1
    assert drawn.count("<path") == before.count("<path")
    assert "Ben 0:09 will not go past $92,000" in positions.description(salary)


def test_the_key_names_limits_where_there_are_any() -> None:
    found = [sections.ledger_section(report) for report in (build.full_report(), with_limit())]
    assert [one.has_limits for one in found if one] == [False, True]


def test_mentions_are_not_drawn() -> None:
    salary, *_ = positions.issues(build.full_report())
    assert all(line["kind"] != "mention" for line in salary.lines)


def test_a_long_row_of_terms_keeps_its_beginning_and_its_end() -> None:
    full = build.full_report()
    start = next(one for one in full["offers"] if one["issue"] == "start_date")
    terms = [start | {"option": f"March {day}", "kind": "revision"} for day in range(1, 31)]
    report = full | {"offers": terms, "outcomes": [full["outcomes"][-1]]}
    (issue,) = positions.issues(report)
    drawing = positions.positions_svg(issue)
    shown = [day for day in range(1, 31) if f">March {day}<" in drawing]
    assert shown == [1, 2, 3, 26, 27, 28, 29, 30]


def test_labels_of_the_plane_touch_neither_each_other_nor_the_points() -> None:
    near = thirds((5.0, 5.0), (5.2, 5.1), (4.9, 5.3))
    named = plane.placed_thirds(near, area=SQUARE)
    boxes = plane.label_boxes(named, way=[point for point, _ in named])
    for number, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[:number]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart
        for (x, y), _ in named:
            assert not (left < x < right and top < y < bottom)


def test_thirds_in_one_place_share_a_label() -> None:
    same = thirds((5.0, 5.0), (2.0, 5.0), (5.0, 5.0))
    assert [text for _, text in plane.placed_thirds(same, area=SQUARE)] == ["first, last", "middle"]


def test_withheld_thirds_are_not_drawn_and_say_why() -> None:
    report = build.report(
        speakers=[one | {"balance_by_thirds": thirds(*[(None, None)] * 3), "empathy_share": None}
                  for one in build.SPEAKERS],
        quality=build.quality(withheld=[{"scope": "call", "metric": "empathy_rate",
                                         "reason": "too short"}]),
    )  # fmt: skip
    found = balance.balance(report)
    assert found is not None
    assert found.planes == ()
    assert found.withheld == "Withheld: too short."
    assert page_reader.page_of(report).one(id="balance").find("svg", role="img") == []


def test_the_balance_is_read_from_the_first_third_to_the_last() -> None:
    found = balance.balance(build.full_report())
    assert found is not None
    assert found.reading == (
        "From the first third to the last, your empathy fell and your assertion rose. "
        f"62{NBSP}% of both together were empathy."
    )


def test_leanings_show_their_evidence_and_none_is_said_to_be_none(page: Element) -> None:
    signs = page.one(class_="leanings")
    assert "Asked with hedges" in signs.words
    assert {one.attributes["href"] for one in signs.find("a")} == {"#turn-15", "#turn-12"}
    none = page_reader.page_of(build.report())
    assert none.one(class_="leanings").words.count("None was found in what you said.") == 2


def test_pace_is_told_with_its_range_and_where_it_was_fastest() -> None:
    assert pace.reading(build.full_report()) == (
        "You spoke 140 to 181 words in a minute of talk, fastest around 1:45."
    )


def test_a_gap_in_somebodys_speech_is_not_bridged() -> None:
    """Two stretches a minute apart are two points and no line."""
    stretches = [
        {"speaker": "S0", "start_s": start, "end_s": start + 30.0, "words_per_minute": 150}
        for start in (0.0, 90.0)
    ]
    report = build.report(pace=stretches)
    drawing = str(pace.pace_svg(report, width=348))
    assert drawing.count("var(--me)") == 2


def test_latency_that_begins_early_has_a_bar_to_the_left_of_no_wait() -> None:
    early = {"median_response_latency_s": -0.2, "intervals": {}}
    speakers = [build.SPEAKERS[0] | early, build.SPEAKERS[1]]
    read = page_reader.page_of(build.report(speakers=speakers))
    (label,) = [
        one.attributes["aria-label"]
        for one in read.find("svg", role="img")
        if one.attributes["aria-label"].startswith("Typical wait")
    ]
    assert f"−0.2{NBSP}s" in label
    assert "no wait" in read.one(id="talk").words


def test_silence_opens_the_section_on_talking() -> None:
    """23.1 of 168 s are 14 %."""
    assert talk.lede(build.report()).startswith(f"14{NBSP}% of the call was silence; the floor")


@pytest.mark.parametrize(
    ("span", "most", "step"), [(10, 4, 5), (7, 4, 2), (100, 5, 20), (0.9, 4, 0.5), (4, 4, 1)]
)
def test_steps_are_round(span: float, most: int, step: float) -> None:
    assert plot.round_step(span, most=most) == pytest.approx(step)


def test_what_people_said_stays_text_in_every_new_section() -> None:
    """Markup in names, quotes, new words, readings and issues is shown and does nothing."""
    evil = "<script>alert(1)</script>"
    report = build.full_report()
    for key in ("questions", "leanings", "vague_promises"):
        for one in report[key]:
            one["quote"] = evil
    for one in report["questions"]:
        one["reply"]["new_words"] = [evil]
    for one in report["readings"]:
        one.update(lens=evil, text=evil, source=evil, setting=evil)
    for one in (*report["offers"], *report["outcomes"]):
        one["name"] = evil
    report["profile"].update(name=evil, description=evil)
    read = page_reader.page_of(report)
    assert len(read.find("script")) == 1
    assert read.one(id="questions").words.count("<script>") >= 5


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((0, 1), "You never cut in, and gave 1 short signal of listening."),
        ((1, 0), "You cut in once, and gave 0 short signals of listening."),
        ((4, 2), "You cut in 4 times, and gave 2 short signals of listening."),
    ],
)
def test_cutting_in_is_told_beside_listening(counts: tuple[int, int], words: str) -> None:
    own = dict(zip(("interruption_count", "backchannel_count"), counts, strict=True))
    _, _, listening = charts.talk_figures(
        build.report(speakers=[build.SPEAKERS[0] | own, build.SPEAKERS[1]])
    )
    assert listening.reading == words


def test_the_ledger_opens_with_who_gave_ground_how_often() -> None:
    """Of the four issues of the made-up call three were agreed; each conceded once, on salary."""
    assert ledger.lede(build.full_report()) == (
        "4 issues on the table, 3 agreed; ground was given by you once and \u2068Ben\u2069 once."
    )
