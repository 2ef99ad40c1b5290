"""The comparison with other tools: jobs, the rules for words and speakers, the table."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
# The first as bench_peers.py is started, the second as a peer's script is.
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS / "peers")]

import bench_peers  # noqa: E402 - the scripts are no package
import plain_peer  # noqa: E402
import whisperx_peer  # noqa: E402
from jobs import (  # noqa: E402
    NOBODY,
    Heard,
    Peer,
    Settings,
    Span,
    Text,
    answer_to,
    read_rttm,
    read_settings,
    speaker_of,
    write_seglst,
)
from peers import sides, table  # noqa: E402

from pipeline.errors import UnreadableAudio  # noqa: E402
from pipeline.evaluation.formats import read_rttm as parley_rttm  # noqa: E402
from pipeline.evaluation.formats import read_seglst  # noqa: E402
from pipeline.evaluation.hypothesis import Hypothesis  # noqa: E402
from pipeline.evaluation.manifest import Entry  # noqa: E402
from pipeline.evaluation.spoken import Interval, Said  # noqa: E402

JOB = {"model": "weights", "mode": "batched", "out": "results", "threads": 2}


def _span(start_s: float, end_s: float, speaker: str) -> Span:
    return Span(start_s=start_s, end_s=end_s, speaker=speaker)


def _text(start_s: float, end_s: float, text: str = "yes") -> Text:
    return Text(start_s=start_s, end_s=end_s, text=text)


SPEECH = [_span(0.0, 3.0, "S1"), _span(2.5, 6.0, "S2"), _span(10.0, 11.0, "S1")]


# --- the job file


def _job_file(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "job.json"
    path.write_text(content, encoding="utf-8")
    return path


def test_job_file_gives_settings_with_the_usual_ones_filled_in(tmp_path: Path) -> None:
    """What is not said is int8, English, beam 5, batches of 8."""
    found = read_settings(_job_file(tmp_path, json.dumps({**JOB, "beam_size": 1})))
    assert (found.model, found.threads, found.beam_size) == ("weights", 2, 1)
    assert (found.compute_type, found.language, found.batch_size) == ("int8", "en", 8)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[]", "one JSON object"),
        ("{", "Expecting"),
        (json.dumps({**JOB, "threads": "two"}), "'threads' must be of type int"),
        (json.dumps({**JOB, "threads": True}), "'threads' must be of type int"),
        (json.dumps({**JOB, "bean_size": 5}), "'bean_size' is no setting"),
        (json.dumps({"model": "weights"}), "missing"),
    ],
)
def test_wrong_job_file_is_refused_with_a_reason(tmp_path: Path, content: str, says: str) -> None:
    """Unknown, missing and mistyped settings, and what is no object, are named."""
    with pytest.raises(ValueError, match=says):
        read_settings(_job_file(tmp_path, content))


def test_job_of_a_peer_can_be_read_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings that Parley writes are those that a peer understands."""
    monkeypatch.setattr(sides, "locate", lambda name: tmp_path / name)
    written = sides.job_of("sequential", out=tmp_path)
    found = read_settings(_job_file(tmp_path, json.dumps(written)))
    assert found.model == str(tmp_path / "base")
    assert (found.mode, found.beam_size, found.compute_type) == ("sequential", 5, "int8")


# --- jobs


def test_assignment_writes_the_transcript_kept_from_before(tmp_path: Path) -> None:
    """A call is transcribed first and its words are given to speakers when the map is there."""
    rttm = tmp_path / "a.rttm"
    rttm.write_text("SPEAKER a 1 0.5 1.0 <NA> <NA> S2 <NA> <NA>\n", encoding="utf-8")
    settings = Settings(**{**JOB, "out": str(tmp_path)})
    peer = Peer(transcribe=lambda _: Heard(transcript=[], seconds={}), assign=plain_peer.assign)
    kept: dict[str, Any] = {"a": [_text(0.5, 1.5, " all right")]}
    job = {"do": "assign", "id": "a", "rttm": str(rttm)}
    answer = answer_to(job, peer=peer, settings=settings, kept=kept)
    assert answer == {"id": "a", "written": "a.seglst.json"}
    words = read_seglst(tmp_path / "a.seglst.json", recording="a")
    assert [(word.speaker, word.text) for word in words] == [("S2", "all"), ("S2", "right")]


@pytest.mark.parametrize("job", [{"do": "assign", "id": "b", "rttm": "x"}, {"do": "x"}, {}])
def test_failed_job_is_answered_by_type_and_place(job: dict[str, str]) -> None:
    """A job that cannot be done is an answer, and tells nothing of what was said."""
    peer = Peer(transcribe=lambda _: Heard(transcript=[], seconds={}), assign=plain_peer.assign)
    answer = answer_to(job, peer=peer, settings=Settings(**JOB), kept={})
    assert answer["error"].startswith("KeyError, jobs.py:")


# --- who said it


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        (_text(0.0, 5.0), "S1"),  # 3.0 s of S1, 2.5 s of S2
        (_text(1.0, 6.0), "S2"),  # 2.0 s of S1, 3.5 s of S2
        (_text(5.0, 11.0), "S2"),  # 1.0 s of each: the first heard in it
        (_text(6.5, 7.0), "S2"),  # nobody speaks: 0.5 s after S2, 3.0 s before S1
        (_text(9.0, 9.0), "S1"),
    ],
)
def test_segment_goes_whole_to_who_overlaps_most(text: Text, speaker: str) -> None:
    """Plain: most seconds shared, summed over a speaker's spans, else the nearest speech."""
    assert plain_peer.assign([text], SPEECH) == [(speaker, text)]


def test_words_without_a_speech_map_are_nobodys() -> None:
    """An empty map is no error."""
    assert speaker_of(_text(0.0, 1.0), []) == NOBODY


@given(
    st.lists(
        st.tuples(st.floats(0, 50), st.floats(0.1, 9), st.sampled_from(["S1", "S2", "S3"])),
        min_size=1,
    ),
    st.floats(0, 60),
    st.floats(0, 20),
)
def test_nobody_overlaps_a_segment_more_than_its_speaker(
    spans: list[tuple[float, float, str]], start_s: float, length_s: float
) -> None:
    """Whatever the map, no other speaker shares more with the segment."""
    speech = [_span(start, start + length, who) for start, length, who in spans]
    text = _text(start_s, start_s + length_s)
    shared = dict.fromkeys((span.speaker for span in speech), 0.0)
    for span in speech:
        overlap_s = min(span.end_s, text.end_s) - max(span.start_s, text.start_s)
        shared[span.speaker] += max(0.0, overlap_s)
    assert shared[speaker_of(text, speech)] == max(shared.values())


def test_parts_of_a_word_become_one_word() -> None:
    """faster-whisper splits "high-end"; only a leading blank begins a word."""
    parts = [
        {"word": " high", "start": 1.0, "end": 1.2},
        {"word": "-end", "start": 1.2, "end": 1.5},
        {"word": " yes.", "start": 1.6, "end": 1.8},
    ]
    words = whisperx_peer.whole_words(parts)
    assert words == [
        {"word": "high-end", "start": 1.0, "end": 1.5},
        {"word": "yes.", "start": 1.6, "end": 1.8},
    ]


def test_sentences_end_at_their_marks() -> None:
    """A sentence holds the words up to . ? or !, and lasts as long as they do."""
    texts = ["Really?", "I", "do."]
    words = [{"word": word, "start": n, "end": n + 0.5} for n, word in enumerate(texts)]
    found = whisperx_peer.sentences(words)
    assert [(one["start"], one["end"], len(one["words"])) for one in found] == [
        (0, 0.5, 1),
        (1, 2.5, 2),
    ]
    assert whisperx_peer.sentences([]) == []


def test_word_without_a_speaker_takes_its_sentences_then_the_nearest() -> None:
    """whisperX leaves words outside speech without one."""
    words = [
        {"word": "no", "start": 0.0, "end": 0.5, "speaker": "S2"},
        {"word": "way", "start": 8.0, "end": 8.2},
    ]
    lone = [{"word": "oh", "start": 9.0, "end": 9.2}]
    found = whisperx_peer.said([{"speaker": "S3", "words": words}, {"words": lone}], SPEECH)
    assert [(who, text.text) for who, text in found] == [("S2", "no"), ("S3", "way"), ("S1", "oh")]


# --- files


def test_seglst_is_read_by_the_scorer(tmp_path: Path) -> None:
    """Pieces keep their order and times; blank ones and ends before starts do no harm."""
    path = tmp_path / "a.seglst.json"
    said = [("S1", _text(0.5, 1.0, " One")), ("S2", _text(1.0, 1.2, " ")), ("S2", _text(2, 1, "b"))]
    write_seglst(said, path=path, recording="a b")
    words = read_seglst(path, recording="a b")
    assert [(w.speaker, w.start_ms, w.end_ms, w.text) for w in words] == [
        ("S1", 500, 1000, "One"),
        ("S2", 2000, 2000, "b"),
    ]


def test_parleys_result_is_written_as_it_is_read(tmp_path: Path) -> None:
    """Words and speech map come back from the files, for the scorer and for a peer."""
    word = Said(speaker="S1", start_ms=1234, end_ms=1500, text="naïve")
    speech = (Interval(speaker="S1", start_ms=1000, end_ms=1750),)
    found = Hypothesis(duration_ms=2000, words=(word,), speech=speech, turns=(), figures={})
    segments, rttm = tmp_path / "a.seglst.json", tmp_path / "a.rttm"
    segments.write_text(sides.seglst_of(found, recording="a"), encoding="utf-8")
    rttm.write_text(sides.rttm_of(found), encoding="utf-8")
    assert read_seglst(segments, recording="a") == [word]
    assert parley_rttm(rttm, recording="a") == list(speech)
    assert read_rttm(rttm) == [_span(1.0, 1.75, "S1")]


# --- the run


class FakeSide:
    """Writes down what it is asked for; fails at the calls it is told to."""

    def __init__(self, name: str, *, log: list[str], fails: str = "") -> None:
        self.name, self.log, self.fails = name, log, fails
        self.versions: dict[str, str] = {}

    def transcribe(self, entry: Entry) -> dict[str, float]:
        if entry.id == self.fails:
            raise UnreadableAudio("no audio")
        self.log.append(f"{self.name} {entry.id}")
        return {"transcribe": 2.0, **({"audio_s": 10.0} if self.name != "parley" else {})}

    def write(self, entry: Entry, *, rttm: Path) -> None:
        self.log.append(f"{self.name} writes {entry.id}")

    def close(self) -> None:
        pass


def _entries(tmp_path: Path, *names: str) -> list[Entry]:
    return [Entry(id=name, audio=tmp_path / name, references={}) for name in names]


def _run(tmp_path: Path, *names: str, fails: str = "") -> tuple[Any, dict[str, str], list[str]]:
    log: list[str] = []
    both = {
        "whisperx": FakeSide("whisperx", log=log),
        "parley": FakeSide("parley", log=log, fails=fails),
    }
    for name in both:
        (tmp_path / name).mkdir()
    times, failed = bench_peers.run(_entries(tmp_path, *names), sides=both, work=tmp_path)
    return times, failed, log


def test_sides_take_turns_call_by_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call after the other, another side first each time, the first call done once before;
    Parley writes first, since the others need its speech map."""
    monkeypatch.setattr(bench_peers, "SETTLE_S", 0.0)
    times, failed, log = _run(tmp_path, "a", "b")
    assert log == [
        *("whisperx a", "parley a"),
        *("whisperx a", "parley a", "parley writes a", "whisperx writes a"),
        *("parley b", "whisperx b", "parley writes b", "whisperx writes b"),
    ]
    assert failed == {}
    assert times["parley"]["b"] == {"transcribe": 2.0, "audio_s": 10.0}
    assert json.loads((tmp_path / "whisperx" / "times.json").read_text()) == times["whisperx"]


def test_call_that_one_cannot_do_counts_for_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the sides would be measured on different calls."""
    monkeypatch.setattr(bench_peers, "SETTLE_S", 0.0)
    times, failed, _ = _run(tmp_path, "a", "b", fails="b")
    assert failed == {"b": "UnreadableAudio"}
    assert [list(own) for own in times.values()] == [["a"], ["a"]]


def test_missing_environment_is_explained(tmp_path: Path) -> None:
    """The message names the interpreter and what to do."""
    with pytest.raises(sides.PeerError, match="--peer-env"):
        sides.TheirSide(name="whisperx", env=tmp_path / "none", work=tmp_path)


def test_command_is_shown_without_this_machines_folders() -> None:
    """A path keeps its last folder only."""
    shown = bench_peers.shown_command(
        ["--manifest", "/home/ana/dev/manifest.jsonl", "--calls", "2"]
    )
    assert shown == "scripts/bench_peers --manifest dev/manifest.jsonl --calls 2"


def test_speakers_of_an_stm_file_are_renamed() -> None:
    """Only the third field; the words may hold the name, too."""
    stm = "call 1 Ana 0.0 1.5 <o> Ana here\n\ncall 1 Ben 1.5 2.0 hi\n"
    found = bench_peers.renamed_stm(stm, names={"Ana": "S1"})
    assert found == "call 1 S1 0.0 1.5 <o> Ana here\ncall 1 Ben 1.5 2.0 hi\n"


# --- the table


def _score(**values: float) -> dict[str, Any]:
    rows = [{"measure": name, "group": "all", "value": value} for name, value in values.items()]
    recordings = [{"id": name, "group": "g|1", "duration_s": 1800} for name in ("a", "b")]
    return {"summaries": {"transcript": rows}, "recordings": recordings}


def _result(peer: str, seconds: tuple[float, float], **values: float) -> table.Result:
    steps = {"whisperx": {"words": 10.0}, "parley": {"diarize": 30.0}}.get(peer, {})
    times = {
        call: {"audio_s": 1800.0, "transcribe": took, **steps}
        for call, took in zip(("a", "b"), seconds, strict=True)
    }
    return table.Result(peer=peer, block=table.MONO, score=_score(**values), times=times)


def _report(*results: table.Result) -> table.Report:
    return table.Report(
        results=results,
        failed={"x|y": "UnreadableAudio"},
        versions={"whisperx": {"whisperx": "3.8.6"}},
        command="scripts/bench_peers --calls 2",
    )


RESULTS = (
    _result("parley", (50.0, 40.0), wer=0.1, cpwer=0.11, numbers_found=0.97),
    _result("whisperx", (90.0, 80.0), wer=0.12, cpwer=0.2, numbers_found=0.9),
    _result("sequential", (60.0, 80.0), wer=0.095, cpwer=0.3, numbers_found=1.0),
)


def _lines(*results: table.Result) -> list[str]:
    return table.markdown(_report(*results)).splitlines()


def test_table_has_a_row_for_each_peer() -> None:
    """1 h in 90 s is 40x, in 170 s 21.2x, in 190 s 18.9x; 90 / 50 and 80 / 40 have median 1.9."""
    rows = [line for line in _lines(*RESULTS) if line.startswith(("| Parley |", "| whisperX |"))]
    assert rows == [
        "| Parley | 2 | 1.00 | 10.0 | 11.0 | – | – | – | – | 97.0 | 40.0 | 40.0 "
        "| 1.90 (1.80 to 2.00) |",
        "| whisperX | 2 | 1.00 | 12.0 | 20.0 | – | – | – | – | 90.0 | 21.2 | 18.9 | 1.00 |",
    ]


def test_cost_of_the_speech_map_is_told() -> None:
    """It is in nobody's speed: 1 h in 60 s is 60x, in 150 s with the transcript 24x."""
    line = "Parley's speech map is made at 60.0 x real time; map and transcript at 24.0 x."
    assert line in _lines(*RESULTS)


def test_bounds_are_judged() -> None:
    """Speed beside sequential is 1.20 and 2.00, median 1.60: below 1.7. The rest is met."""
    lines = _lines(*RESULTS)
    assert "| WER %, mono | 10.0 | below 12.0, whisperX's | yes |" in lines
    assert "| WER %, mono | 10.0 | at most 1 point above 9.5, sequential's | yes |" in lines
    assert "| numbers recalled %, mono | 97.0 | at least 97 % of 100.0, sequential's | yes |" in (
        lines
    )
    speeds = [line for line in lines if line.startswith("| transcription speed")]
    assert [line.split(" | ")[-1] for line in speeds] == ["yes |", "no |"]


def test_missing_figures_meet_no_bound() -> None:
    """Where no reference gives a figure there is a dash, and nothing is judged."""
    bare = [_result(peer, (50.0, 50.0)) for peer in ("parley", "whisperx")]
    assert "| WER %, mono | – | below –, whisperX's | no figure |" in _lines(*bare)


def test_peers_without_whisperx_have_no_ratio() -> None:
    """The table stands without it, too."""
    row = next(line for line in _lines(RESULTS[0]) if line.startswith("| Parley |"))
    assert row.endswith("| 40.0 | 40.0 | – |")


def test_names_of_strangers_cannot_break_the_table() -> None:
    """Ids of calls come from a manifest and are escaped."""
    assert "- x\\|y: UnreadableAudio" in _lines(*RESULTS)
