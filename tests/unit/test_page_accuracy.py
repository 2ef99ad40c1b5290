"""The page says how often tags are right, marks experimental ones, and tells what it hides."""

from __future__ import annotations

from typing import Any

import page_reader
import pytest
import report_builder as build
from page_reader import Element

from pipeline.stages.page.accuracy import accuracy

LONG = "Right 87 of 100 times (90\u00a0% interval 78 to 93), on 41 finds in test data."
UNMEASURED = dict.fromkeys(("precision", "precision_low", "precision_high", "support"))
HIDDEN = {
    "tactic": "threat", "family": "risk", "name": "threat", "tag_count": 3,
    "precision": 0.32, "precision_low": 0.2, "precision_high": 0.45, "support": 19,
}  # fmt: skip


def changed(tactic: str, **changes: Any) -> dict[str, Any]:
    """The report with another codebook entry for a tactic."""
    report = build.report()
    report["codebook"] = [
        entry | (changes if entry["tactic"] == tactic else {}) for entry in report["codebook"]
    ]
    return report


def row(page: Element, tactic: str) -> Element:
    """The tactic's row in the table."""
    table = page.one("table", class_="tactics")
    (found,) = [one for one in table.find("tr") if one.find("a", data_filter=tactic)]
    return found


def entry(precision: float, low: float, high: float, support: int) -> dict[str, Any]:
    """What report.json says of a tactic's precision."""
    return {
        "precision": precision, "precision_low": low, "precision_high": high, "support": support
    }  # fmt: skip


@pytest.mark.parametrize(
    ("found", "short", "long"),
    [
        ((0.8780, 0.78, 0.93, 41), "36 of 41 right", "78 to 93), on 41 finds in"),
        ((1.0, 0.27, 1.0, 1), "1 of 1 right", "27 to 100), on 1 find in"),
        ((0.998, 0.9, 0.9999, 900), "99 of 100 right", "90 to 99), on 900"),
        ((0.002, 0.0, 0.004, 900), "1 of 100 right", "0 to 1), on 900"),
    ],
)
def test_precision_in_words(found: tuple[float, float, float, int], short: str, long: str) -> None:
    """Shares in a hundred; what is not all or nothing is not shown as that."""
    words = accuracy(entry(*found))
    assert words.short == short
    assert long in words.long


def test_what_was_not_measured_says_so() -> None:
    """No number stands in its place."""
    words = accuracy(UNMEASURED)
    assert words.short == "not measured"
    assert not any(letter.isdigit() for letter in words.long)


def test_each_tactic_has_its_precision_beside_it() -> None:
    """Short in the table, the whole in its tooltip and in the method."""
    page = page_reader.page_of(build.report())
    mark = row(page, "offer").one(class_="accuracy")
    assert (mark.text, mark.attributes["title"]) == ("36 of 41 right", LONG)
    assert len(page.find(class_="accuracy")) == len(build.report()["codebook"])
    assert " ".join(LONG.split()) in page.one(id="method").words


def test_a_tactic_without_a_figure_is_shown() -> None:
    """An interruption, which no test data judges, keeps its row."""
    page = page_reader.page_of(changed("interruption", **UNMEASURED))
    assert row(page, "interruption").one(class_="accuracy").text == "not measured"


def test_experimental_tags_are_marked() -> None:
    """In the table, the filter, the transcript and the method."""
    page = page_reader.page_of(changed("offer", precision=0.5, experimental=True))
    assert "Offer (experimental)" in row(page, "offer").one("th").text
    (option,) = page.find("option", value="offer")
    assert option.text == "Offer (experimental)"
    labels = [one.text for one in page.one(id="transcript").find(class_="label")]
    assert labels.count("Offer (experimental)") == 6
    assert "Offer" not in labels
    assert "Offer (experimental)" in page.one(id="method").text


def test_what_is_hidden_is_told() -> None:
    """With the number of its tags, since the figures count them."""
    page = page_reader.page_of(build.report(hidden_tactics=[HIDDEN]))
    words = page.one(class_="hidden-tactics").words
    assert "Threat (3 tags, 6 of 19 right)" in words
    assert "figures count these tags too" in words
    assert "--all-tags" in words


def test_a_call_of_hidden_tactics_alone_is_not_said_to_have_none() -> None:
    """The section says that nothing is shown, and what is hidden."""
    lines = (build.line("S0", "Hello.", 0, 2), build.line("S1", "Hello.", 3, 5))
    page = page_reader.page_of(build.report(lines=lines, hidden_tactics=[HIDDEN]))
    words = page.one(id="tactics").words
    assert "No tactic of the codebook is shown for this call." in words
    assert "Threat (3 tags" in words


def test_a_report_of_before_has_a_page() -> None:
    """Reports before 1.3 have neither figures nor marks."""
    report = build.report(schema_version="1.2.0")
    del report["hidden_tactics"]
    for tag in report["tactics"]:
        del tag["experimental"]
    for one in report["codebook"]:
        for key in (*UNMEASURED, "experimental"):
            del one[key]
    page = page_reader.page_of(report)
    assert page.find(class_="accuracy") == page.find(class_="hidden-tactics") == []
    assert "test data" not in page.one(id="method").text
