"""The drawings: themed by variables, free of ids, the same every time."""

from __future__ import annotations

import re

import pytest
import report_builder as build

from pipeline.stages.page import charts, timeline
from pipeline.stages.page.palette import LIGHT
from pipeline.stages.page.svg import from_vega

COLOUR = re.compile('(?:fill|stroke)="([^"]+)"')


@pytest.fixture(scope="module")
def drawings() -> list[str]:
    report = build.report()
    bars = [str(figure.svg) for figure in charts.bar_figures(report)]
    return [*bars, str(timeline.timeline_svg(report, width=1000, left=84))]


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


def test_the_timeline_has_one_symbol_a_tag(drawings: list[str]) -> None:
    symbols = re.findall('transform="[^"]*" d="[^"]*"|d="[^"]*" transform="[^"]*"', drawings[-1])
    assert len(symbols) == len(build.report()["tactics"])


def test_a_long_call_draws_no_more_than_can_be_seen() -> None:
    speech = [{"speaker": "S0", "start_s": t, "end_s": t + 0.9} for t in range(7200)]
    report = build.report(recording=build.recording(duration_s=7200.0), speech=speech)
    assert len(timeline.timeline_svg(report, width=1000, left=84)) < 60_000


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
