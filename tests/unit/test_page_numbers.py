"""The page's figures are report.json's, read off the page and compared as numbers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from page_cases import REPORTS, Case, case_of
from shown_numbers import alternative, numbers, shows

HEADLINES = (
    "talk_ratio",
    "question_ratio",
    "open_question_share",
    "median_response_latency_s",
    "empathy_share",
)
TOTALS = {
    "Speech": "speech_s",
    "Silence": "silence_s",
    "Longest silence": "longest_silence_s",
    "Both at once": "overlap_s",
    "Turns": "turn_count",
    "Speaker changes per hour": "switches_per_hour",
}
FAMILIES = ("empathy", "inquiry", "assertion", "exchange", "risk")


@pytest.fixture(scope="module", params=REPORTS)
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param)


def test_the_five_figures_have_their_values_and_intervals(case: Case) -> None:
    """Mine large with its interval, the other side's below."""
    cards = {one.attributes["data-metric"]: one for one in case.page.one(class_="cards").find("li")}
    assert tuple(cards) == HEADLINES
    (other,) = case.others
    for metric, card in cards.items():
        assert shows(card.one(class_="card-value").text, case.me[metric]), metric
        assert shows(card.one(class_="detail").text, *case.me["intervals"][metric]), metric
        assert shows(card.one(class_="card-others").text, other[metric]), metric
        assert other["name"] in card.one(class_="card-others").text


def test_earlier_calls_are_told_with_their_figures(case: Case) -> None:
    """Median, number of calls and range, and whether this call is outside of it."""
    figures = case.report.get("earlier", {"figures": {}})["figures"]
    told = {
        one.attributes["data-metric"]: one.one(class_="card-earlier").text
        for one in case.page.one(class_="cards").find("li")
        if one.find(class_="card-earlier")
    }
    assert told.keys() == figures.keys()
    for metric, text in told.items():
        past, now = figures[metric], case.me[metric]
        assert shows(text, past["median"], past["count"], past["low"], past["high"]), metric
        assert ("now higher" in text) == (now > past["high"])
        assert ("now lower" in text) == (now < past["low"])


@pytest.mark.parametrize(
    ("chart", "metric"),
    [
        ("Share of the talking time", "talk_ratio"),
        ("Typical wait before answering, in seconds", "median_response_latency_s"),
        ("Share of own turns with a question", "question_ratio"),
    ],
)
def test_bars_say_their_figure_and_its_interval(case: Case, chart: str, metric: str) -> None:
    said = alternative(case.page, chart)
    assert list(said) == [case.named(one) for one in case.report["speakers"]]
    for one in case.report["speakers"]:
        assert shows(said[case.named(one)], one[metric], *one["intervals"][metric])


@pytest.mark.parametrize(
    ("chart", "metrics"),
    [
        ("Interruptions and backchannels", ("interruption_count", "backchannel_count")),
        ("Questions asked", ("open_question_count", "closed_question_count")),
    ],
)
def test_bars_of_counts_say_both(case: Case, chart: str, metrics: tuple[str, str]) -> None:
    said = alternative(case.page, chart)
    for one in case.report["speakers"]:
        assert shows(said[case.named(one)], *(one[metric] for metric in metrics))


def test_follow_ups_are_counted_from_the_questions(case: Case) -> None:
    said = alternative(case.page, "Follow-up questions")
    for one in case.report["speakers"]:
        asked = [ask for ask in case.report["questions"] if ask["speaker"] == one["id"]]
        follow_ups = sum(ask["follow_up"] for ask in asked)
        assert shows(said[case.named(one)], follow_ups, len(asked))


def test_pace_is_told_stretch_by_stretch(case: Case) -> None:
    """Words a minute around the middle of each stretch, in order."""
    said = alternative(case.page, "Words in a minute of talk, by stretches of the call")
    for one in case.report["speakers"]:
        stretches = [own for own in case.report["pace"] if own["speaker"] == one["id"]]
        expected = [
            value
            for own in stretches
            for value in (own["words_per_minute"], (own["start_s"] + own["end_s"]) / 2)
        ]
        assert shows(said[case.named(one)], *expected)


def test_the_timeline_counts_turns_and_marks(case: Case) -> None:
    duration = case.report["recording"]["duration_s"]
    (label,) = {
        one.attributes["aria-label"]
        for one in case.page.find("svg", role="img")
        if one.attributes["aria-label"].startswith("Who spoke when")
    }
    turns = Counter(one["speaker"] for one in case.report["turns"] if one["kind"] == "turn")
    tags = Counter(one["speaker"] for one in case.report["tactics"])
    counts = [of[one["id"]] for one in case.report["speakers"] for of in (turns, tags)]
    assert shows(label, duration, *counts)


def test_the_plane_says_each_third(case: Case) -> None:
    for one in case.report["speakers"]:
        start = f"{case.named(one)}, tags per 10 own turns"
        said = alternative(case.page, start)
        rates = one["balance_by_thirds"]
        assert list(said) == ["first third", "middle third", "last third"]
        for text, third in zip(said.values(), rates, strict=True):
            assert shows(text, third["empathy_rate"], third["assertion_rate"])
    cells = [one.text for one in case.page.one("table", class_="balance").find("td")]
    rates_in_order = [
        third[f"{family}_rate"]
        for one in case.report["speakers"]
        for family in ("empathy", "assertion")
        for third in one["balance_by_thirds"]
    ]
    assert shows(" ".join(cells), *rates_in_order)


def test_the_strip_of_the_call_holds_its_totals(case: Case) -> None:
    strip = case.terms("talk")
    for name, key in TOTALS.items():
        assert shows(strip[name], case.report["totals"][key]), name
    longest = [one["longest_monologue_s"] for one in (case.me, *case.others)]
    assert shows(strip["Your longest turn"], *longest)


def test_the_strip_of_questions_holds_both_sides(case: Case) -> None:
    strip = case.terms("questions")
    for name, key in (
        ("Open questions, share", "open_question_share"),
        ("Reflections per question", "reflection_to_question_ratio"),
        ("Questions per hour", "questions_per_hour"),
    ):
        assert shows(strip[name], *(one[key] for one in (case.me, *case.others))), name


def test_the_table_of_figures_has_every_figure_of_everybody(case: Case) -> None:
    """Each row a metric of report.json; counts of questions with both kinds, the talk ratio with
    its interval.
    """
    rows = [one for one in case.page.one(class_="figures").find("tr") if "data-metric" in
            one.attributes]  # fmt: skip
    known = case.report["speakers"][0].keys() - {"id", "name", "is_me", "rates", "intervals"}
    known -= {"talk_ratio_interval", "open_question_count", "closed_question_count", "turn_count"}
    known -= {"word_count", "balance_by_thirds"}
    assert {row.attributes["data-metric"] for row in rows} == known | {
        f"{family}_rate" for family in FAMILIES
    }
    for row in rows:
        metric = row.attributes["data-metric"]
        cells = [one.text for one in row.find("td", role="cell")][:-1]
        for text, speaker in zip(cells, case.report["speakers"], strict=True):
            assert shows(text, *_figures(speaker, metric)), metric


def _figures(speaker: dict[str, Any], metric: str) -> list[float]:
    """What the table shows of a metric."""
    if metric.removesuffix("_rate") in FAMILIES:
        return [speaker["rates"][metric.removesuffix("_rate")]]
    beside = {
        "talk_ratio": speaker["talk_ratio_interval"],
        "question_count": [speaker["open_question_count"], speaker["closed_question_count"]],
    }
    return [speaker[metric], *beside.get(metric, [])]


def test_tactics_are_counted_by_speaker_and_family(case: Case) -> None:
    """In the table and in the chart; each tactic of the report has one row, and no other."""
    tags = Counter((one["tactic"], one["speaker"]) for one in case.report["tactics"])
    families = Counter((one["family"], one["speaker"]) for one in case.report["tactics"])
    ids = [one["id"] for one in case.report["speakers"]]
    rows = case.page.one("table", class_="tactics").find("tr")
    links = {one.attributes["data-filter"]: row for row in rows for one in row.find("a")
             if "data-filter" in one.attributes}  # fmt: skip
    assert links.keys() == {tactic for tactic, _ in tags}
    for tactic, row in links.items():
        cells = " ".join(cell.text for cell in row.find("td")[: len(ids)])
        assert shows(cells, *(tags[tactic, one] for one in ids)), tactic
    charted = alternative(case.page, "Tags by family")
    for name, text in charted.items():
        counted = [families[name.lower(), one] for one in ids]
        assert shows(text, *counted), name
        (row,) = [one for one in rows if "group" in one.attributes.get("class", "")
                  and one.one("th").words == name]  # fmt: skip
        assert shows(" ".join(cell.text for cell in row.find("td")[: len(ids)]), *counted)
    assert {name.lower() for name in charted} == {family for family, _ in families}


def test_every_tactic_says_how_often_it_was_right(case: Case) -> None:
    """The measured precision, to the nearest find or to a hundredth; in full its interval too."""
    entries = {one["tactic"]: one for one in case.report["codebook"]}
    for row in case.page.one("table", class_="tactics").find("th", role="rowheader"):
        for link in row.find("a"):
            entry = entries[link.attributes["data-filter"]]
            text = row.one(class_="accuracy").text
            if entry["precision"] is None:
                assert numbers(text) == []
                continue
            of = min(entry["support"], 100)
            assert shows(text, entry["precision"] * of, of), link.text
            bounds = [100 * entry[f"precision{end}"] for end in ("", "_low", "_high")]
            title = row.one(class_="accuracy").attributes["title"]
            assert shows(title, bounds[0], 100, 0.9, *bounds[1:], entry["support"])
