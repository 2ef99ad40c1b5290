"""Numbers and names in plain English."""

from __future__ import annotations

import pytest
import report_builder as build

from pipeline.stages.page import figures, wording
from pipeline.stages.page.readings import GROUPS


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (9.99, "0:09"), (61, "1:01"), (3599.9, "59:59"), (3661, "1:01:01")],
)
def test_clock(seconds: float, shown: str) -> None:
    assert wording.clock(seconds) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0, "0 %"),
        (0.001, "under 1 %"),
        (0.624, "62 %"),
        (0.999, "over 99 %"),
        (1, "100 %"),
    ],
)
def test_percent(share: float, shown: str) -> None:
    assert wording.percent(share).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("number", "shown"), [(0.04, "0.0"), (-0.04, "0.0"), (-0.25, "−0.2"), (12, "12.0")]
)
def test_decimal(number: float, shown: str) -> None:
    assert wording.decimal(number) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("  Ana \n Maria ", "Ana Maria"),
        ("", "unnamed"),
        ("\u202e", "unnamed"),
        ("a\u202eb", "ab"),
        ("x" * 100, "x" * 47 + "…"),
    ],
)
def test_name_of(given: str, shown: str) -> None:
    assert wording.name_of(given) == shown


def test_plain_keeps_offsets() -> None:
    text = "a\x00b\ud800c\uffffd\ne"
    assert wording.plain(text) == "a b\ufffdc\ufffdd e"


@pytest.mark.parametrize(
    ("key", "changes", "sentence"),
    [
        ("talk_ratio", {"talk_ratio": 0.62, "talk_ratio_interval": [0.58, 0.66]},
         "You spoke 62 % of the talking time (58–66 %)."),
        ("talk_ratio", {"talk_ratio_interval": None}, "You spoke 51 % of the talking time."),
        ("median_response_latency_s", {"median_response_latency_s": -0.3},
         "You typically began 0.3 s before the other side had finished."),
        ("interruption_count", {"interruption_count": 0},
         "You took the floor from the other side at no point."),
        ("interruption_count", {"interruption_count": 3},
         "You cut in 3 times and the other side gave way."),
        ("question_count", {"question_count": 1, "open_question_count": 1,
                            "closed_question_count": 0},
         "You asked 1 question: 1 open, 0 closed."),
        ("filler_count", {"filler_count": 2},
         "At least 2 fillers recognised in your speech; recognisers and transcripts drop some."),
        ("word_ratio", {"word_ratio": None}, "Withheld: not enough to measure."),
    ],
)  # fmt: skip
def test_readings(key: str, changes: dict[str, object], sentence: str) -> None:
    report = build.report(speakers=[build.speaker("S0", "Ana", is_me=True, **changes)], lines=())
    assert figures.reading(report, key).replace("\u00a0", " ") == sentence


def test_the_reason_of_the_call_holds_for_its_speakers() -> None:
    withheld = [{"scope": "call", "metric": "word_ratio", "reason": "no words."}]
    report = build.report(quality=build.quality(withheld=withheld))
    assert figures.withheld_reason(report, scope="S0", metric="word_ratio") == "no words"


def test_every_metric_of_the_page_is_in_the_report() -> None:
    speaker = build.report()["speakers"][0]
    for _, metrics in GROUPS:
        for metric in metrics:
            assert figures.value_of(speaker, key=metric.key) is not None
