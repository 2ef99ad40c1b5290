"""The drawings: themed by variables, free of ids, the same every time."""

from __future__ import annotations

import re

import pytest
import report_builder as build

from pipeline.stages.page import (
    balance,
    charts,
    family_bars,
    pace,
    positions,
    tags,
    timeline,
)
from pipeline.stages.page.palette import LIGHT
from pipeline.stages.page.svg import from_vega

COLOUR = re.compile('(?:fill|stroke)="([^"]+)"')


@pytest.fixture(scope="module")
def drawings() -> list[str]:
    report = build.full_report()
    figures = (*charts.talk_figures(report), *charts.question_figures(report))
    drawn = [str(figure.svg) for figure in figures]
    issues = [str(positions.positions_svg(issue)) for issue in positions.issues(report)]
    planes = [str(one.svg) for one in balance.balance(report).planes]
    pace_ = str(pace.pace_svg(report, width=860))
    families = str(family_bars.families_svg(report, groups=tags.family_groups(report, quotes=0)))
    return [
        *drawn,
        *issues,
        *planes,
        pace_,
        families,
        str(timeline.timeline_svg(report, width=1000, left=84)),
    ]


def test_every_colour_is_a_variable_of_the_page(drawings: list[str]) -> None:
    used = {colour for drawing in drawings for colour in COLOUR.findall(drawing)}
    assert used <= {f"var(--{token})" for token in LIGHT} | {"none"}
    assert "var(--me)" in used


def test_drawings_have_no_ids_styles_or_fixed_size(drawings: list[str]) -> None:
    for drawing in drawings:
        opening = drawing.partition(">")[0]
        assert " id=" not in drawing
        assert "style=" not in drawing
        assert "width=" not in opening
        assert "viewBox=" in opening


def test_the_same_report_is_drawn_the_same(drawings: list[str]) -> None:
    again = timeline.timeline_svg(build.report(), width=1000, left=84)
    assert str(again) == drawings[-1]


def test_the_timeline_has_a_symbol_where_each_family_is_used(drawings: list[str]) -> None:
    """Tags of one family in one place would cover each other."""
    symbols = re.findall('transform="[^"]*" d="[^"]*"|d="[^"]*" transform="[^"]*"', drawings[-1])
    tags_ = build.report()["tactics"]
    assert len(symbols) == len({(one["turn"], one["family"]) for one in tags_})


def test_a_long_call_draws_no_more_than_can_be_seen() -> None:
    speech = [{"speaker": "S0", "start_s": t, "end_s": t + 0.9} for t in range(7200)]
    report = build.report(recording=build.recording(duration_s=7200.0), speech=speech)
    assert len(timeline.timeline_svg(report, width=1000, left=84)) < 60_000


def test_marks_that_would_cover_each_other_are_drawn_once() -> None:
    tag = build.report()["tactics"][0]
    tags_ = [tag | {"start_s": second / 10, "end_s": second / 10} for second in range(3000)]
    report = build.report(recording=build.recording(duration_s=7200.0), tactics=tags_)
    assert len(timeline.timeline_svg(report, width=1000, left=84)) < 20_000


def test_touching_intervals_are_joined() -> None:
    joined = timeline.joined([(5.0, 6.0), (0.0, 2.0), (1.0, 1.5), (2.05, 3.0)], gap_s=0.1)
    assert joined == [(0.0, 3.0), (5.0, 6.0)]


def test_a_drawing_with_ids_is_refused() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><g id="a"/></svg>'
    with pytest.raises(ValueError, match="ids"):
        from_vega(svg, label="x")


def test_names_stay_text_in_a_drawing() -> None:
    name = "</text><script>x"
    report = build.report(speakers=[build.speaker("S0", name), build.speaker("S1", "Ben")])
    drawing = timeline.timeline_svg(report, width=348, left=0)
    assert "&lt;/text&gt;&lt;script&gt;" in drawing
    assert "<script" not in drawing
