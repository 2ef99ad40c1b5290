"""The report as Markdown and Word: the same content, the report's numbers, nothing let through."""

from __future__ import annotations

import copy
import io
import re
import zipfile
from datetime import UTC, datetime
from typing import Any

import docx
import pytest
import report_builder as build
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pipeline.documents.content import document
from pipeline.documents.markdown import escaped, markdown
from pipeline.documents.model import Heading, Table
from pipeline.documents.word import word
from pipeline.stages.page.wording import NBSP

HOSTILE = (
    "<script>alert(1)</script> [x](javascript:alert(1)) ![y](http://evil.example/y.png) `code` "
    "a | b \u202ekcab\u2066 <img src=x onerror=alert(1)> http://evil.example www.evil.example "
    "&lt;b&gt; {{7*7}} $x$ ~~no~~ **bold** \x00\x0b\ud800"
)
READER = MarkdownIt("commonmark", {"html": True}).enable("table")
HARMLESS = {"text", "softbreak", "strong_open", "strong_close"}


def inline_types(text: str) -> set[str]:
    """Every kind of inline piece that a Markdown text is read as."""
    tokens = READER.parse(text)
    return {child.type for token in tokens for child in token.children or ()}


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a Markdown text, as rows of what their cells say."""
    found: list[list[list[str]]] = []
    for token in READER.parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and found and len(found[-1][-1]) < 20 and token.level > 3:
            found[-1][-1].append("".join(one.content for one in token.children or ()))
    return found


def docx_tables(content: bytes) -> list[list[list[str]]]:
    file = docx.Document(io.BytesIO(content))
    return [[[cell.text for cell in row.cells] for row in one.rows] for one in file.tables]


def full_report() -> dict[str, Any]:
    """The builder's full report, of which a test may change what it likes."""
    return copy.deepcopy(build.full_report())


def hostile_report() -> dict[str, Any]:
    """The full report with hostile text wherever people or files give text."""
    report = full_report()
    for one in report["speakers"]:
        one["name"] = HOSTILE
    report["recording"]["name"] = f"# {HOSTILE}"
    report["quality"]["warnings"] = [f"- {HOSTILE}", f"1. {HOSTILE}"]
    report["quality"]["withheld"] = [
        {"scope": "call", "metric": HOSTILE, "reason": HOSTILE},
    ]
    report["corrections"] = [{"time": HOSTILE, "author": HOSTILE, "changes": [HOSTILE]}]
    for key in ("questions", "leanings", "vague_promises", "moments", "tactics"):
        for one in report[key]:
            one["quote"] = HOSTILE
    for one in report["moments"]:
        one |= {"name": HOSTILE, "why": HOSTILE, "suggestion": HOSTILE, "sources": [HOSTILE]}
    for one in report["readings"]:
        one |= {"text": HOSTILE, "source": HOSTILE, "lens": HOSTILE}
    for one in report["turns"]:
        one["text"] = HOSTILE
    for one in report["questions"]:
        one["reply"]["new_words"] = [HOSTILE]
    report["models"][0]["name"] = HOSTILE
    return report


def unheard_report() -> dict[str, Any]:
    """A report of a transcript without times, as report.json has it."""
    report = full_report()
    for one in (*report["turns"], *report["tactics"]):
        one |= {"start_s": None, "end_s": None}
    for key in ("questions", "leanings", "vague_promises", "moments"):
        for one in report[key]:
            one["start_s"] = None
    for one in report["questions"]:
        one["reply"] |= {"start_s": None, "latency_s": None, "duration_s": None}
    for one in report["moments"]:
        one["end_s"] = None
    for one in report["speakers"]:
        one |= dict.fromkeys(
            ("talk_time_s", "talk_ratio", "talk_ratio_interval", "longest_monologue_s",
             "median_response_latency_s", "interruption_count", "backchannel_count",
             "words_per_minute", "questions_per_hour")
        )  # fmt: skip
        one["intervals"] = {}
    report["transcript"] = {
        "format": "txt", "timed": False, "unread_line_count": 3, "unread_lines": [],
    }  # fmt: skip
    report["recording"] |= {
        "duration_s": None, "channels": None, "sample_rate_hz": None,
        "container": "text", "codec": "txt",
    }  # fmt: skip
    report["totals"] |= dict.fromkeys(("speech_s", "silence_s", "longest_silence_s", "overlap_s"))
    report["quality"] |= dict.fromkeys(
        ("speech_without_words_s", "mean_word_probability", "doubtful_word_count")
    )
    return report | {"speech": [], "pace": []}


def old_report() -> dict[str, Any]:
    """A report of 1.1: no keys that came later, and nothing known of precision."""
    report = build.report(schema_version="1.1.0")
    later = ("questions", "effects", "leanings", "vague_promises", "pace", "profile", "readings",
             "outcomes", "hidden_tactics")  # fmt: skip
    for key in later:
        report.pop(key, None)
    for one in report["speakers"]:
        one.pop("intervals")
    for one in report["codebook"]:
        for key in ("precision", "precision_low", "precision_high", "support", "experimental"):
            one.pop(key)
    for one in report["tactics"]:
        one.pop("experimental")
    return report


def test_every_section_of_a_full_report_has_its_heading() -> None:
    """A report with every key is told whole."""
    found = [
        one.text for one in document(full_report()).blocks
        if isinstance(one, Heading) and one.level == 2
    ]  # fmt: skip
    assert found == [
        "Summary", "Moments", "Plan and call", "Figures by speaker", "The whole call", "Pace",
        "Questions and what they got back", "Tactics", "What followed the tactics", "Offers",
        "Vague promises", "Empathy and assertiveness", "How others read it", "Quality", "Method",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "report",
    [build.silent_report, unheard_report, old_report, full_report, hostile_report],
)
def test_both_formats_say_the_same(report: Any) -> None:
    """The tables of the Word file are those of the Markdown, cell by cell."""
    whole = document(report(), transcript=True)
    expected = [[list(one.head), *map(list, one.rows)] for one in whole.blocks
                if isinstance(one, Table)]  # fmt: skip
    shape = [[len(row) for row in one] for one in expected]
    md, word_tables = tables(markdown(whole)), docx_tables(word(whole))
    assert [[len(row) for row in one] for one in md] == shape
    assert word_tables == [[[one.strip() for one in row] for row in table] for table in md]


def test_numbers_of_the_figures_table_are_those_of_the_report() -> None:
    """What is printed, read back, is the report's figure to the printed digit."""
    report = full_report()
    found = tables(markdown(document(report)))
    rows = {row[0]: row for one in found if one[0][-1] == "In words" for row in one}
    for place, speaker in enumerate(report["speakers"], start=1):
        assert _percent(rows["Question ratio"][place]) == round(100 * speaker["question_ratio"])
        assert _first(rows["Questions"][place]) == speaker["question_count"]
        assert _first(rows["Words per minute"][place]) == speaker["words_per_minute"]
        assert _first(rows["Questions per hour"][place]) == speaker["questions_per_hour"]
        for family, rate in speaker["rates"].items():
            assert _first(rows[f"{family.capitalize()} per 10 turns"][place]) == rate
        minutes, seconds = rows["Talking time"][place].split(":")
        assert int(minutes) * 60 + int(seconds) == int(speaker["talk_time_s"])


def _percent(text: str) -> int:
    return int(text.split(NBSP)[0])


def _first(text: str) -> float:
    found = re.match(r"[\d.]+", text)
    assert found, text
    return float(found[0])


def test_five_numbers_have_intervals_and_earlier_calls() -> None:
    """The talk ratio 0.5062 with 0.481–0.532 and 0.61 (0.55–0.7) of four calls before."""
    head, talk, *_ = tables(markdown(document(full_report())))[0]
    assert head == ["Figure", "Ana (you)", "Ben", "Earlier calls"]
    assert talk[1] == f"51{NBSP}% (48–53{NBSP}%)"
    assert talk[3] == f"61{NBSP}% (median of 4 calls, 55–70{NBSP}%)"


def test_questions_tell_what_they_got_back() -> None:
    """The reply's words, the new ones, and the time before it; or that there was none."""
    report = full_report()
    report["questions"][1]["reply"] = None
    text = markdown(document(report))
    assert "12 words, 3 new to the call (well, glad, message), after 0.4\u00a0s" in text
    assert "nothing: the other side did not take the floor" in text


def test_offers_stand_under_their_issue() -> None:
    """An issue's positions in words, and what came of it."""
    position = {"turn": 2, "speaker": "S1", "value": 92000, "high": None, "unit": "USD",
                "period": "year", "option": None}  # fmt: skip
    offer = position | {
        "start_s": 9.0, "issue": "salary", "item": None, "name": "Salary", "kind": "anchor",
        "exact": False, "rationale": None, "step": None, "gap_share": None, "toward": None,
        "standing": False, "text": "92,000", "start_char": 0, "end_char": 6,
    }  # fmt: skip
    outcome = {"issue": "salary", "item": None, "name": "Salary", "status": "agreed",
               "anchor": position, "agreed": position | {"value": 97000},
               "speakers": []}  # fmt: skip
    text = markdown(document(full_report() | {"offers": [offer], "outcomes": [outcome]}))
    assert "### Salary\n\n**Outcome:** agreed: \\$97,000 a year" in text
    assert "| Ben | \\$92,000 a year | first position | “92,000” | 0:09 |" in text


def test_withheld_figures_have_their_reason() -> None:
    """No zero and no blank stands for a figure that was not measured."""
    report = full_report()
    report["speakers"][0]["talk_ratio"] = None
    report["quality"]["withheld"] = [
        {"scope": "S0", "metric": "talk_ratio", "reason": "too little speech."}
    ]
    text = markdown(document(report))
    assert "| Talk ratio | withheld: too little speech |" in text
    assert "- Ana: Talk ratio – too little speech" in text


def test_transcript_stands_at_the_end_only_where_asked_for() -> None:
    """Without it no turn is printed whole."""
    report = full_report()
    said = "Four days remote is hard, because the team plans together"
    assert said not in markdown(document(report))
    assert said in markdown(document(report, transcript=True)).partition("## Transcript")[2]


def test_silence_is_said_to_be_silence() -> None:
    """A report in which nobody speaks has no tables of figures."""
    text = markdown(document(build.silent_report()))
    assert "No speech was found, so there is nothing to report on." in text
    assert "Figures by speaker" not in text


def test_a_transcript_without_times_names_turns() -> None:
    """Places are turns where there are no times, and the lines not read are counted."""
    text = markdown(document(unheard_report(), transcript=True))
    assert "| turn 4 | Ana | How did you arrive at it? |" in text
    assert "- Lines that could not be read: 3" in text
    assert not re.search(r"\bNone\b(?! of them)", text)


# --- hostile text


def test_markdown_lets_no_markup_through() -> None:
    """Read as Markdown with HTML, a hostile report holds text and our own bold leads alone."""
    text = markdown(document(hostile_report(), transcript=True))
    tokens = READER.parse(text)
    assert inline_types(text) <= HARMLESS
    assert not {one.type for one in tokens} & {"html_block", "code_block", "fence", "hr"}
    assert "<" not in text
    assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f]", text)
    text.encode()


def test_a_hostile_report_has_the_headings_of_a_plain_one() -> None:
    """Nothing that was said becomes a heading or a list of its own."""

    def shape(report: dict[str, Any]) -> list[str]:
        tokens = READER.parse(markdown(document(report)))
        return [one.tag for one in tokens if one.type == "heading_open"]

    plain = full_report()
    plain["corrections"] = hostile_report()["corrections"]
    plain["quality"] |= {key: hostile_report()["quality"][key] for key in ("warnings", "withheld")}
    assert shape(hostile_report()) == shape(plain)


@given(st.text(max_size=60))
def test_any_text_is_read_back_as_it_is(said: str) -> None:
    """Escaped text stands as one paragraph, cell or list item and says what was said."""
    from pipeline.documents.model import one_line

    plain = one_line(said)
    if not plain:
        return
    for before in ("", "- ", "> ", "## "):
        found = READER.parse(f"{before}{escaped(said)}\n")
        inline = [one for one in found if one.type == "inline"]
        assert len(inline) == 1
        assert {one.type for one in inline[0].children or ()} <= {"text"}
        assert "".join(one.content for one in inline[0].children or ()).strip() == plain.strip()
    cells = tables(f"| a | b |\n| --- | --- |\n| {escaped(said)} | end |\n")
    assert len(cells[0][1]) == 2
    assert cells[0][1][1] == "end"


@given(st.text(alphabet="-+=#>*_`~|:[]()<>&!0123456789. \t\n\\", max_size=20))
def test_marks_alone_mark_nothing_up(said: str) -> None:
    """The same of texts that are nothing but marks."""
    text = f"{escaped(said)}\n"
    kinds = {one.type for one in READER.parse(text)}
    assert kinds <= {"paragraph_open", "inline", "paragraph_close"}
    assert inline_types(text) <= {"text"}


def test_addresses_are_no_links_where_readers_make_some() -> None:
    """GitHub and many wikis link bare addresses; these are broken up."""
    assert escaped("see http://a.example and www.b.example") == (
        "see http\\://a.example and www\\.b.example"
    )


# --- the Word file


def test_word_has_real_headings_header_rows_language_and_title() -> None:
    """What screen readers and outlines need."""
    file = docx.Document(io.BytesIO(word(document(full_report()))))
    styles = [one.style.name for one in file.paragraphs if one.style]
    assert styles.count("Heading 1") == 1
    assert styles.count("Heading 2") == 15
    assert file.core_properties.title == "salary-call.m4a – negotiation report"
    assert file.core_properties.language == "en-GB"
    assert all(one.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None for one in file.tables)
    languages = {one.get(qn("w:val")) for one in file.styles.element.iter(qn("w:lang"))}
    assert languages == {"en-GB"}


def test_word_links_and_runs_nothing() -> None:
    """No relation leads outside, and there is neither a macro nor an embedded object."""
    with zipfile.ZipFile(io.BytesIO(word(document(hostile_report(), transcript=True)))) as file:
        relations = [file.read(name) for name in file.namelist() if name.endswith(".rels")]
        names = " ".join(file.namelist())
    assert relations
    assert all(b"External" not in one for one in relations)
    assert "vba" not in names
    assert "embeddings" not in names


def test_word_is_dated_as_told() -> None:
    """The time is the caller's, so that a test and a build can fix it."""
    made = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    file = docx.Document(io.BytesIO(word(document(build.silent_report()), made=made)))
    assert file.core_properties.created == made


def test_a_huge_report_is_written() -> None:
    """3,000 turns, one of them of 200,000 letters, and 500 questions: both formats hold them."""
    lines = [build.line("S0", f"turn number {n}", n * 2.0, n * 2.0 + 1) for n in range(3000)]
    report = build.report(lines=[*lines, build.line("S1", "W" * 200_000, 6000.0, 6001.0)])
    asked = full_report()["questions"][0] | {"quote": "W" * 200_000}
    whole = document(report | {"questions": [asked] * 500}, transcript=True)
    text = markdown(whole)
    assert "turn number 2999" in text
    assert len(text) < 2_000_000
    assert len(word(whole)) < 2_000_000
