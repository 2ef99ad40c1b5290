"""What the page says, and that it says it in a form that anybody can use."""

from __future__ import annotations

import re
from itertools import pairwise

import page_reader
import pytest
import report_builder as build
from page_reader import Element

from pipeline.stages.page import PageConfig, run

DRAWN = {
    "Talk ratio", "Response latency", "Cutting in, or listening along", "Question ratio",
    "Open and closed questions", "By family", "Who spoke when",
}  # fmt: skip
"""Headings of drawings; the timeline is drawn twice, and the plane once for each speaker."""


@pytest.fixture(scope="module")
def html() -> str:
    return run(report=build.report(), config=PageConfig())


@pytest.fixture(scope="module")
def page(html: str) -> Element:
    return page_reader.read(html)


def _withheld_report() -> dict[str, object]:
    reason = "fewer than 60 s of speech"
    metrics = ("talk_ratio", "question_ratio", "empathy_rate")
    report = build.report(
        quality=build.quality(
            warnings=["The recording is noisy."],
            withheld=[{"scope": "S1", "metric": one, "reason": reason} for one in metrics],
        )
    )
    ben = report["speakers"][1]
    ben.update(talk_ratio=None, talk_ratio_interval=None, question_ratio=None)
    ben["rates"] = ben["rates"] | {"empathy": None}
    return report


@pytest.fixture(scope="module")
def withheld_page() -> Element:
    return page_reader.page_of(_withheld_report())


def test_the_same_report_gives_the_same_bytes(html: str) -> None:
    assert run(report=build.report(), config=PageConfig()) == html


def test_the_report_is_left_as_it_was() -> None:
    report, untouched = build.report(), build.report()
    run(report=report, config=PageConfig())
    assert report == untouched


def test_title_and_facts_are_shown(page: Element) -> None:
    assert page.one("h1").text == "salary-call.m4a"
    assert page.one("title").text.startswith("salary-call.m4a")
    facts = page.one("dl", class_="facts").text
    assert all(fact in facts for fact in ("2:48", "English", "not known", "mono, 8 kHz"))


def test_headings_step_down_one_level_at_a_time(page: Element) -> None:
    levels = [int(one.tag[1]) for one in page.everything() if re.fullmatch("h[1-6]", one.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_landmarks_and_skip_link(page: Element) -> None:
    assert [len(page.find(tag)) for tag in ("header", "main", "nav", "footer")] == [1, 1, 1, 1]
    first_link = page.one("body").find("a")[0]
    assert first_link.attributes["href"] == f"#{page.one('main').attributes['id']}"
    assert page.one("html").attributes["lang"] == "en"


def test_ids_are_unique_and_every_reference_has_its_target(page: Element) -> None:
    ids = [one.attributes["id"] for one in page.everything() if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    references = {
        one.attributes[name].removeprefix("#")
        for one in page.everything()
        for name in ("aria-labelledby", "for", "href")
        if one.attributes.get(name, "").startswith("#") or name in one.attributes.keys() - {"href"}
    }
    assert references <= set(ids)


def test_the_reader_is_marked_you(page: Element) -> None:
    heads = page.one("table", class_="figures").find("th", scope="col")
    assert [one.words for one in heads] == ["Figure", "Ana you", "Ben", "In words"]


@pytest.mark.parametrize(
    ("metric", "values", "reading"),
    [
        ("talk_ratio", ["51 % 48–53 %", "49 % 47–52 %"],
         "You spoke 51 % of the talking time (48–53 %)."),
        ("longest_monologue_s", ["0:10", "0:17"], "Your longest turn lasted 0:10."),
        ("filler_count", ["0", "3"],
         "No fillers recognised in your speech; recognisers and transcripts drop some."),
        ("question_count", ["5 2 open, 3 closed", "4 1 open, 3 closed"],
         "You asked 5 questions: 2 open, 3 closed."),
        ("median_response_latency_s", ["0.7 s", "0.7 s"],
         "You typically let 0.7 s pass before answering."),
        ("empathy_share", ["62 %", "25 %"],
         "62 % of your empathy and assertion tags were empathy."),
    ],
)  # fmt: skip
def test_figures_by_speaker(page: Element, metric: str, values: list[str], reading: str) -> None:
    row = _figure_row(page, metric)
    cells = [one.words for one in row.find("td")]
    assert cells == [*values, reading]


def _figure_row(page: Element, metric: str) -> Element:
    return page.one("tr", data_metric=metric)


def test_fillers_are_a_lower_bound(page: Element) -> None:
    assert _figure_row(page, "filler_count").one(class_="note").text == "lower bound"


def test_a_withheld_figure_gives_its_reason_and_no_number(withheld_page: Element) -> None:
    for metric in ("talk_ratio", "question_ratio", "empathy_rate"):
        ben = _figure_row(withheld_page, metric).find("td")[1].text
        assert ben.strip() == "withheld: fewer than 60 s of speech"


def test_charts_show_withheld_as_such(withheld_page: Element) -> None:
    labels = [one.attributes["aria-label"] for one in withheld_page.find("svg", role="img")]
    assert "Ben: withheld." in labels[0]
    (kinds,) = [label for label in labels if label.startswith("Questions asked")]
    assert "Ben: 1 open, 3 closed." in kinds


def test_the_banner_lists_warnings_and_what_is_withheld(withheld_page: Element) -> None:
    banner = withheld_page.one("aside").text
    assert "The recording is noisy." in banner
    expected = "Ben: Talk ratio, Question ratio, Empathy per 10 turns – fewer than 60 s of speech."
    assert expected in banner


def test_no_banner_without_a_reason(page: Element) -> None:
    assert page.find("aside") == []


def test_every_turn_has_an_anchor_and_its_own_words(page: Element) -> None:
    for turn in build.report()["turns"]:
        item = page.one(id=f"turn-{turn['index']}")
        said = item.one(class_="said")
        labels = sum(len(one.text) for one in said.find(class_="label"))
        assert len(said.text) == len(turn["text"]) + labels


def test_every_tag_is_named_once_in_its_turn(page: Element) -> None:
    report = build.report()
    for turn in report["turns"]:
        expected = sorted(
            tag["tactic"].replace("_", " ").capitalize()
            for tag in report["tactics"]
            if tag["turn"] == turn["index"]
        )
        labels = page.one(id=f"turn-{turn['index']}").find(class_="label")
        assert sorted(one.text for one in labels) == expected


def test_quotes_that_stand_alone_are_one_mark_each(page: Element) -> None:
    marks = page.one(id="turn-4").find("mark")
    assert [one.text for one in marks] == [
        "It sounds like you put some thought into getting that number approved.",
        "How did you arrive at it?",
    ]
    named = [one.text for one in page.one(id="turn-4").find("button", class_="label")]
    assert {"Open question", "Calibrated question"} <= set(named)


def test_tactic_counts_and_quotes_lead_to_the_transcript(page: Element) -> None:
    table = page.one("table", class_="tactics")
    (offer,) = [one for one in table.find("tr") if one.find("a", data_filter="offer")]
    assert [one.text for one in offer.find("td")[:2]] == ["2", "4"]
    links = [one.attributes["href"] for one in offer.find("a", class_="quote")]
    assert links == ["#turn-2", "#turn-10"]


def test_tables_have_headers_with_a_scope(page: Element) -> None:
    assert page.find("table")
    for head in page.find("th"):
        assert head.attributes["scope"] in {"col", "row", "rowgroup"}


def test_figures_have_a_text_alternative(page: Element) -> None:
    drawings = page.find("svg", role="img")
    headings = [one.words for one in page.find("h3")]
    assert len(drawings) == len(set(headings) & DRAWN) + 1 + len(build.SPEAKERS)
    assert all(one.attributes["aria-label"] for one in drawings)
    assert " ".join(drawings[0].attributes["aria-label"].split()) == (
        "Share of the talking time. Ana (you): 51 % (48–53 %); Ben: 49 % (47–52 %)."
    )
    assert all(one.attributes.get("aria-hidden") for one in page.find("svg", class_="shape"))


def test_models_versions_and_limits_are_listed(page: Element) -> None:
    method = page.one(id="method").text
    for words in ("faster-whisper-base", "Apache-2.0", "0.1.0", "Tags can be wrong"):
        assert words in method
    assert "score" not in method.lower()


def test_nobody_marked_as_you() -> None:
    speakers = [one | {"is_me": False} for one in build.SPEAKERS]
    page = page_reader.page_of(build.report(speakers=speakers))
    assert page.find(class_="you") == []
    assert "\u2068Ana\u2069 spoke 51 % of the talking time" in page.one(id="figures").words


def test_a_silent_recording_has_a_page() -> None:
    page = page_reader.page_of(build.silent_report())
    assert "No speech was found in this recording" in page.one(id="summary").text
    assert page.find("svg", role="img") == []


def test_five_voices() -> None:
    speakers = [build.speaker(f"S{number}", f"Voice {number}") for number in range(5)]
    page = page_reader.page_of(build.report(speakers=speakers))
    assert len(_figure_row(page, "talk_ratio").find("td")) == 6
