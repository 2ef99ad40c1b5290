"""How a document begins, where it has to say what the page says."""

from __future__ import annotations

import page_reader
import report_builder as build

from pipeline.documents.content import document
from pipeline.documents.markdown import markdown


def test_a_call_that_missed_nothing_has_nothing_to_try() -> None:
    """Neither the page nor the document makes advice out of what went well."""
    report = build.full_report()
    report["moments"] = [one for one in report["moments"] if one["kind"] == "strength"]
    assert "Strongest moment" in markdown(document(report))
    assert "One thing to try" not in markdown(document(report))
    assert "One thing to try" not in page_reader.page_of(report).text
