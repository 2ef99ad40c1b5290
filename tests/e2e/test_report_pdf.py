"""The report as a PDF, printed by a real Chromium: whole, tagged, short, and without a network."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import report_builder as build

from pipeline.documents.printing import find_browser, pdf
from pipeline.stages.page import PageConfig
from pipeline.stages.page import run as page

pypdf = pytest.importorskip("pypdf", reason="the package pypdf is not installed (extra: dev)")
PAYLOAD = "<script>document.title='taken'</script><img src='http://127.0.0.1:9/x.png'>"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(find_browser() is None, reason="no Chromium, Chrome or Edge here"),
]


@pytest.fixture(scope="module")
def printed() -> Any:
    """The made-up call, printed without its transcript."""
    html = page(report=build.full_report(), config=PageConfig(), with_transcript=False)
    return pypdf.PdfReader(io.BytesIO(pdf(html)))


def text_of(reader: Any) -> str:
    """All text, with single blanks."""
    return " ".join(" ".join(sheet.extract_text() for sheet in reader.pages).split())


def test_it_has_at_most_four_a4_pages(printed: Any) -> None:
    """210 by 297 mm, four of them at most."""
    assert 1 <= len(printed.pages) <= 4
    for sheet in printed.pages:
        assert float(sheet.mediabox.width) == pytest.approx(595, abs=1)
        assert float(sheet.mediabox.height) == pytest.approx(842, abs=1)


def test_it_has_title_language_tags_and_outline(printed: Any) -> None:
    """What readers' programs and screen readers go by."""
    root = printed.trailer["/Root"]
    assert printed.metadata.title == "salary-call.m4a – negotiation report"
    assert root["/Lang"].startswith("en")
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert printed.outline


def test_it_says_what_the_report_says(printed: Any) -> None:
    """Figures read back from the paper are report.json's."""
    said = text_of(printed)
    for speaker in build.full_report()["speakers"]:
        assert f"{round(100 * speaker['question_ratio'])} %" in said
        assert str(speaker["questions_per_hour"]) in said
    assert re.search(r"Ana you Ben", said)


def test_it_runs_and_loads_nothing() -> None:
    """Hostile text is text, and neither a link outside nor a file is in it."""
    report = build.report(
        lines=(build.line("S0", PAYLOAD, 0.0, 9.0, ("offer", PAYLOAD)),),
        speakers=[build.speaker("S0", PAYLOAD, is_me=True)],
        recording=build.recording(name=PAYLOAD),
    )
    content = pdf(page(report=report, config=PageConfig()))
    reader = pypdf.PdfReader(io.BytesIO(content))
    assert reader.metadata.title != "taken"
    assert "document.title" in text_of(reader)
    assert not reader.attachments
    assert b"/JavaScript" not in content
    assert b"http://127" not in content


def test_the_command_prints_a_report_that_is_left_alone(tmp_path: Path) -> None:
    """`parley report kept/report.json --format pdf` in a process of its own."""
    import json

    path = tmp_path / "report.json"
    path.write_text(json.dumps(build.full_report()), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from pipeline.apps.cli import main; main()",
         "report", str(path), "--format", "pdf"],
        env=os.environ | {"PARLEY_STORE": str(tmp_path / "store")},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
