"""What the benchmarks make of what they measure: ratios, bounds, Markdown, and no GPU."""

from __future__ import annotations

import itertools
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

import bench_core  # noqa: E402 - the scripts are no package
import bench_gpu  # noqa: E402
from core_bench import material  # noqa: E402
from core_bench.figures import (  # noqa: E402
    Bound,
    Row,
    Section,
    by_turns,
    figure_row,
    merged,
    ratios,
    section_markdown,
    spread,
)
from core_bench.gpu_watch import Sample, Watch, read_sample  # noqa: E402
from core_bench.long import short_minutes  # noqa: E402
from core_bench.table import (  # noqa: E402
    REFERENCE,
    TABLE_HEADER,
    Setting,
    Trial,
    blocks,
    on_frontier,
    table_rows,
    word_errors,
)

from pipeline.errors import InputError  # noqa: E402
from pipeline.models import device as models_device  # noqa: E402
from pipeline.models.device import Device  # noqa: E402

TIMES = st.floats(min_value=0.001, max_value=1e4)


def test_sides_run_by_turns_and_only_the_runs_are_timed() -> None:
    """Each side is warmed up first; then A, B, A, B, each run with its own time."""
    calls: list[str] = []
    ticks = itertools.chain([0.0, 2.0], [10.0, 15.0], [20.0, 23.0], [30.0, 34.0])
    sides = {name: lambda on, name=name: calls.append(f"{name} {on}") for name in ("a", "b")}
    taken = by_turns(sides, on="call", warm="start", runs=2, clock=lambda: next(ticks))
    assert calls == ["a start", "b start", "a call", "b call", "a call", "b call"]
    assert taken == {"a": [2.0, 3.0], "b": [5.0, 4.0]}


def test_a_ratio_is_of_runs_side_by_side() -> None:
    """The median is of the ratios of pairs, which the ratio of the medians need not be."""
    found = ratios([2.0, 9.0, 4.0], [1.0, 3.0, 4.0])
    assert found == [2.0, 3.0, 1.0]
    assert spread(found).shown() == "2.00 (1.00 to 3.00)"
    with pytest.raises(ValueError, match=r"zip\(\) argument 2 is shorter"):
        ratios([1.0], [])


@given(st.lists(TIMES, min_size=1, max_size=9))
def test_the_median_lies_in_the_range(values: list[float]) -> None:
    """A spread holds the median between the least and the most."""
    found = spread(values)
    assert found.low <= found.median == statistics.median(values) <= found.high


@pytest.mark.parametrize(
    ("bound", "words", "met"),
    [
        (Bound(least=1.0), "at least 1", True),
        (Bound(least=1.01), "at least 1.01", False),
        (Bound(most=1.0), "at most 1", True),
        (Bound(most=0.99), "at most 0.99", False),
        (Bound(least=0.5, most=2), "at least 0.5, at most 2", True),
        (Bound(), "", None),
    ],
)
def test_a_bound_says_what_it_asks_for(bound: Bound, words: str, met: bool | None) -> None:
    """A figure on the bound is within it; without a bound nothing is met or missed."""
    row = figure_row("speed", [1.0], bound=bound, more="3 s")
    assert row == Row(what="speed", found="1.00; 3 s", bound=words, met=met)
    assert row.cells() == ("speed", "1.00; 3 s", words, {True: "yes", False: "no", None: ""}[met])


def test_a_section_is_a_table_between_its_marks() -> None:
    """Cells keep to their columns, whatever is in them."""
    section = Section(
        part="whole",
        title="Whole",
        tables=([("a", "b"), ("x | y", "two\nlines")],),
        remarks=("So.",),
    )
    assert section_markdown(section, facts=["- today"]) == (
        "<!-- part whole -->\n## Whole\n\n- today\n\nSo.\n\n"
        "| a | b |\n| --- | --- |\n| x \\| y | two lines |\n\n<!-- end whole -->\n"
    )


def test_a_part_measured_again_replaces_its_own_section_only() -> None:
    """Parts that were not run stay as they were, in their order; unknown ones go."""

    def text(part: str, problem: str) -> str:
        return section_markdown(Section(part=part, title=part, problem=problem), facts=[])

    old = merged(
        "",
        head="Head\n",
        new={name: text(name, f"old {name}") for name in ("long", "whole", "gone")},
        order=["whole", "long", "gone"],
    )
    new = merged(old, head="New\n", new={"long": text("long", "new")}, order=["whole", "long"])
    assert new == "New\n\n" + text("whole", "old whole") + "\n" + text("long", "new")
    again = {"long": text("long", "new")}
    assert merged(new, head="New\n", new=again, order=["whole", "long"]) == new


def _absent(_: material.Setup) -> Iterator[Row]:
    yield Row(what="first", found="1")
    raise InputError("the real call is not here; set PARLEY_EVAL_DATA")


def _broken(_: material.Setup) -> Iterator[Row]:
    yield from ()
    raise KeyError("what was said")


def test_a_part_without_its_data_keeps_what_it_found(tmp_path: Path) -> None:
    """Absent data is told with what to do, beside the figures found before."""
    part = bench_core.Part(title="Some", measure=_absent)
    section = bench_core.measured("some", part, material.Setup(folder=tmp_path))
    assert section.problem == ("Not measured: the real call is not here; set PARLEY_EVAL_DATA.")
    assert section.tables[0][1:] == [("first", "1", "", "")]


def test_a_part_that_fails_is_recorded_without_what_was_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kind and place of the error are written down; its text may quote a call and is not."""
    part = bench_core.Part(title="Some", measure=_broken)
    section = bench_core.measured("some", part, material.Setup(folder=tmp_path))
    assert section.problem.startswith("Failed: KeyError, test_bench_core.py:")
    assert "said" not in section.problem
    assert section.tables == ()


def test_absent_data_is_said_for_each_part_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without evaluation data and without a manifest no part crashes, and the report says why."""
    monkeypatch.setattr(material, "DATA", tmp_path / "nowhere")
    out = tmp_path / "report.md"
    monkeypatch.setattr(sys, "argv", ["x", "--parts", "whole", "batch", "table", "--out", str(out)])
    with pytest.raises(SystemExit) as ended:
        bench_core.main()
    assert ended.value.code == 0
    assert out.read_text("utf-8").count("Not measured: the real call is not here") == 2
    assert "Not measured: the table needs composed calls: give --manifest" in out.read_text("utf-8")


@pytest.mark.parametrize(
    "wrong",
    [
        ["--runs", "0"],
        ["--seconds", "nan"],
        ["--parts", "all"],
        ["--manifest", "nowhere.jsonl"],
    ],
)
def test_wrong_options_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An option that makes no sense ends the command with a line that names it."""
    with pytest.raises(SystemExit):
        bench_core._options(wrong)
    assert wrong[0] in capsys.readouterr().err


def test_the_long_call_is_twelve_times_the_short_one() -> None:
    """2 h against 10 minutes; a shortened run keeps the proportion."""
    assert short_minutes(120.0) == 10.0
    assert short_minutes(12.0) == 1.0
    assert short_minutes(600.0) == 10.0


def test_calls_made_of_one_differ_and_have_their_length() -> None:
    """Each begins elsewhere in the call and goes on at its start after its end."""
    samples = np.arange(6, dtype=np.int16)[:, None]
    first, second = material.turned(samples, count=2, length=8)
    assert first[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 0, 1]
    assert second[:, 0].tolist() == [3, 4, 5, 0, 1, 2, 3, 4]


def test_the_mono_mix_is_the_sum_and_does_not_wrap_around() -> None:
    """Two voices are added; what is too loud stays at the limit."""
    call = material.RealCall(samples=np.array([[3, -5], [30_000, 30_000]], dtype=np.int16))
    assert call.mono[:, 0].tolist() == [-2, 32_767]


def test_words_are_scored_against_the_reference() -> None:
    """One word wrong, one missing and one too many are three errors of five words."""
    assert word_errors("a b c d e", "a x c e f") == (3, 5)
    assert word_errors("", "a b") == (2, 0)
    assert word_errors("a b", "") == (2, 2)


def test_every_combination_is_in_the_table_once() -> None:
    """Model, beam, batch, word times and chunking in all ways, and two whole ways a model."""
    settings = [setting for block in blocks(("tiny.en", "base")) for setting in block]
    assert len(settings) == len(set(settings)) == 2 * (2 * 2 * 2 * 3 + 2)
    assert REFERENCE in settings


def test_table_rows_pool_words_and_mark_the_frontier() -> None:
    """WER is errors over words of all calls; speed is the median; what is beaten is not marked."""
    fast = Setting(model="tiny.en")
    right = Setting(model="base", beam=5)
    beaten = Setting(model="base", beam=5, batch=4)
    trials = [
        Trial(setting=fast, errors=30, words=100, speed=2.0),
        Trial(setting=fast, errors=10, words=300, speed=4.0),
        Trial(setting=right, errors=5, words=100, speed=1.0),
        Trial(setting=beaten, errors=5, words=100, speed=0.5),
    ]
    rows = table_rows(trials)
    assert [row[-3:] for row in rows] == [
        ("5.00", "1.00", "yes"),
        ("5.00", "0.50", ""),
        ("10.00", "3.00 (2.00 to 4.00)", "yes"),
    ]
    assert {len(row) for row in rows} == {len(TABLE_HEADER)}


@given(st.lists(st.tuples(TIMES, TIMES), min_size=1, max_size=8))
def test_the_frontier_holds_the_fastest_and_the_most_right(
    points: list[tuple[float, float]],
) -> None:
    """Of any points, the best of those with the fewest errors is on the frontier."""
    best = min(points, key=lambda point: (point[0], -point[1]))
    fastest = min(points, key=lambda point: (-point[1], point[0]))
    assert on_frontier(best, points)
    assert on_frontier(fastest, points)


def test_without_a_gpu_one_sentence_says_why_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason is that of the choice of device; the command ends well and makes no file."""
    device = Device(
        kind="cpu",
        compute_type="int8",
        reason="running on the CPU: torch cannot use the GPU (built without CUDA)",
    )
    monkeypatch.setattr(bench_gpu, "choose_device", lambda _: device)
    out = tmp_path / "gpu.md"
    monkeypatch.setattr(sys, "argv", ["bench_gpu", "--out", str(out)])
    bench_gpu.main()
    assert capsys.readouterr().out == (
        "No GPU was measured and no figure was written: torch cannot use the GPU (built without "
        "CUDA) (`parley doctor` looks at all that a GPU needs).\n"
    )
    assert not out.exists()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("37, 5120", Sample(busy_percent=37, memory_mib=5120)),
        ("[N/A], 5120", None),
        ("", None),
        ("1, 2, 3", None),
    ],
)
def test_a_line_of_nvidia_smi_is_read_or_left_out(line: str, found: Sample | None) -> None:
    """What a GPU does not tell is no figure."""
    assert read_sample(line) == found


def test_the_gpu_is_summed_up_from_its_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mean utilisation, peak memory; without samples it says so."""
    assert Watch().shown() == "nvidia-smi gave no figures"
    watch = Watch(
        samples=[
            Sample(busy_percent=50, memory_mib=900),
            Sample(busy_percent=100, memory_mib=700),
        ]
    )
    assert watch.shown() == (
        "utilisation 75 % (mean of 2 samples), GPU memory in use at most 900 MiB"
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [("12.4.5", "cuBLAS 12.4.5 for ctranslate2"), ("", "no cuBLAS loaded for ctranslate2")],
)
def test_the_facts_of_a_gpu_name_the_cublas_that_was_loaded(
    found: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version is the library's own word; where none was loaded, that is said."""
    monkeypatch.setattr(bench_gpu, "cublas_version", lambda: found)
    monkeypatch.setattr(bench_gpu, "ask_gpu", lambda _: "580.1\n")
    place = Device(kind="cuda", compute_type="float16", reason="running on Toy 5000")
    machine, libraries = bench_gpu._facts(place)
    assert libraries.endswith(f", {said}")
    assert "running on Toy 5000, float16, driver 580.1, " in machine


def test_a_cublas_that_is_not_loaded_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for the version loads nothing."""
    monkeypatch.setattr(models_device, "_CUBLAS", ("libnone.so.12", "libnone.so.12"))
    assert models_device.cublas_version() == ""
