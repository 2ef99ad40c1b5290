"""`parley tag`: what it writes, what it says, how it ends, and that it streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import parley
from hypothesis import given
from hypothesis import strategies as st

from pipeline.apps import tag as command
from pipeline.config import shipped_codebook
from pipeline.errors import InputError
from pipeline.tactics import Reading
from pipeline.tactics.codebook import Codebook
from pipeline.tagging import Tagged, tag_dialogues
from pipeline.transcripts.lines import Line, Refused, line_of

CALL = (
    {"dialogue": "d1", "turn": 0, "speaker": "Ana", "text": "What matters most to you?"},
    {"dialogue": "d1", "turn": 1, "speaker": "Ben", "text": "I can offer $90,000."},
    {"dialogue": "d1", "turn": 2, "speaker": "Ana", "text": "I was hoping for $110,000."},
    {"dialogue": "d2", "turn": 0, "speaker": "Cy", "text": "Hello."},
)
FIELDS = {"tactic", "score", "quote", "start_char", "end_char", "method"}


def json_lines(text: str) -> list[dict[str, Any]]:
    """The objects of JSON lines; nothing that JSON does not know is taken."""
    return [json.loads(row, parse_constant=pytest.fail) for row in text.split("\n") if row]


def write(path: Path, *rows: object) -> Path:
    """A transcript of JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture
def call(tmp_path: Path) -> Path:
    """A transcript of two dialogues."""
    return write(tmp_path / "call.jsonl", *CALL)


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    """The shipped codebook."""
    return shipped_codebook()


@pytest.fixture(autouse=True)
def rules_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights in unit tests: the classifier is left out, as with --rules."""
    monkeypatch.setattr("pipeline.stages.tactics.load_learned", lambda config, *, locate: None)


# --- what comes out


def test_the_same_lines_come_out_with_tactics(call: Path) -> None:
    """On standard output, in order; each quote is where its span says; the sum on stderr."""
    done = parley("tag", call)
    rows = json_lines(done.stdout)
    assert done.exit_code == 0
    assert [{key: row[key] for key in CALL[0]} for row in rows] == list(CALL)
    tags = [(row, tag) for row in rows for tag in row["tactics"]]
    assert all(set(tag) == FIELDS for _, tag in tags)
    assert all(
        row["text"][tag["start_char"] : tag["end_char"]] == tag["quote"] for row, tag in tags
    )
    assert "open_question" in {tag["tactic"] for tag in rows[0]["tactics"]}
    assert done.stderr == f"4 turns, {len(tags)} tags\n"


def test_what_a_line_held_stays_as_it_was(tmp_path: Path) -> None:
    """Numbers stay numbers, other fields stay, and old tactics are replaced."""
    row = {
        "dialogue": 17, "turn": 3.0, "speaker": 1, "text": "", "start_s": 1, "end_s": None,
        "mood": {"calm": [True, None]}, "tactics": ["old"],
    }  # fmt: skip
    [out] = json_lines(parley("tag", write(tmp_path / "call.jsonl", row)).stdout)
    assert out == row | {"tactics": []}


def test_tagging_what_was_tagged_changes_nothing(call: Path, tmp_path: Path) -> None:
    """The output is a transcript with the same tags."""
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    parley("tag", call, "--out", first)
    assert parley("tag", first, "--out", second).exit_code == 0
    assert first.read_bytes() == second.read_bytes()


def test_offers_go_to_a_file_a_dialogue_a_line(call: Path, tmp_path: Path) -> None:
    """Every dialogue has its line, also one without offers; turns have the transcript's numbers."""
    ledger = tmp_path / "new" / "folder" / "offers.jsonl"
    assert parley("tag", call, "--offers", ledger).exit_code == 0
    first, second = json_lines(ledger.read_text("utf-8"))
    assert [(line["turn"], line["value"]) for line in first["offers"]] == [(1, 90000), (2, 110000)]
    assert second == {"dialogue": "d2", "offers": [], "outcomes": []}


def test_a_text_file_comes_out_as_json_lines(tmp_path: Path) -> None:
    """A transcript of any format gives the fields of ours."""
    path = tmp_path / "call.txt"
    path.write_text("Ana: What matters to you?\nBen: =1+1\n", "utf-8")
    rows = json_lines(parley("tag", path).stdout)
    assert [(row["dialogue"], row["turn"], row["speaker"], row["text"]) for row in rows] == [
        ("", 0, "Ana", "What matters to you?"),
        ("", 1, "Ben", "=1+1"),
    ]


def test_backchannels_of_a_report_carry_no_tags(tmp_path: Path) -> None:
    """They come out in their place, but are no turns: a question runs on around them."""
    texts = ("What do you need?", "What do you need?")
    turns = [
        {"index": at, "speaker": f"S{at + 1}", "start_s": at, "end_s": at + 1, "kind": kind,
         "text": text}
        for at, (kind, text) in enumerate(zip(("turn", "backchannel"), texts, strict=True))
    ]  # fmt: skip
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"speakers": [{"id": "S1"}, {"id": "S2"}], "turns": turns}), "utf-8")
    said, heard = json_lines(parley("tag", path).stdout)
    assert said["tactics"]
    assert heard["kind"] == "backchannel"
    assert heard["tactics"] == []


@pytest.mark.parametrize("speakers", [1, 10])
def test_any_number_of_speakers(tmp_path: Path, speakers: int) -> None:
    """One who talks alone and ten at a table are both tagged."""
    rows = [{"speaker": f"P{at % speakers}", "text": "Could you do $50?"} for at in range(20)]
    done = parley("tag", write(tmp_path / "call.jsonl", *rows), "--offers", tmp_path / "o")
    out = json_lines(done.stdout)
    assert (done.exit_code, len(out)) == (0, 20)
    assert all(row["tactics"] for row in out)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n",
        "🎉👩‍👩‍👧",
        "\x00\x07\x1b[2J\x9b",
        "\u2028\u202e\ufeff",
        "\ud83d",
        "a\u0301" * 50,
    ],
)
def test_odd_text_goes_through_unchanged(tmp_path: Path, text: str) -> None:
    """Also half of a surrogate pair, which goes out as the escape that it came in as."""
    path = write(tmp_path / "call.jsonl", {"speaker": text + "A", "text": text})
    done = parley("tag", path, "--out", tmp_path / "out.jsonl")
    assert done.exit_code == 0
    for output in (parley("tag", path).stdout, (tmp_path / "out.jsonl").read_text("utf-8")):
        [row] = json_lines(output)
        assert (row["speaker"], row["text"]) == (text + "A", text)


@pytest.mark.parametrize(
    "sentence",
    [
        "I see what you mean about the team, and what would you need from us? ",
        "I understand, so what would you say to 120k of salary? ",
    ],
    ids=["words", "amounts"],
)
def test_a_turn_of_fifty_thousand_words(tmp_path: Path, sentence: str) -> None:
    """It is tagged to its end, in seconds: work that grew with its square would take an hour."""
    text = sentence * (50_000 // len(sentence.split()))
    [row] = json_lines(
        parley("tag", write(tmp_path / "call.jsonl", {"speaker": "A", "text": text})).stdout
    )
    assert row["tactics"][-1]["end_char"] > len(text) - len(sentence)


@given(texts=st.lists(st.text(max_size=40), max_size=4))
def test_no_text_fails(texts: list[str], codebook: Codebook) -> None:
    """Whatever is said, every turn comes out, and every quote is part of it."""
    lines = [
        line_of({"speaker": "AB"[at % 2], "text": text}, number=at, turn=at)
        for at, text in enumerate(texts)
    ]
    tagged = list(tag_dialogues(lines, codebook=codebook, refuse=pytest.fail))
    turns = [turn for dialogue in tagged for turn in dialogue.turns]
    assert [turn["text"] for turn in turns] == texts
    assert all(tag["quote"] and tag["quote"] in turn["text"]
               for turn in turns for tag in turn["tactics"])  # fmt: skip


# --- bad input


GERMAN = (
    "Guten Tag, ich wollte mit Ihnen über das Gehalt sprechen. Wir bieten 50.000 Euro im Jahr an.",
    "Das ist mir leider zu wenig, ich hatte an 60.000 Euro gedacht. What matters most to you?",
)


def test_a_dialogue_in_another_language_has_no_tags(tmp_path: Path) -> None:
    """One line on standard error names it and its language; the other dialogues are tagged."""
    rows = [{"dialogue": "eins", "speaker": "A", "text": text} for text in GERMAN]
    call = write(tmp_path / "call.jsonl", *rows, *CALL)
    done = parley("tag", call, "--offers", tmp_path / "offers.jsonl")
    assert done.exit_code == 0
    by_dialogue: dict[str, list[Any]] = {}
    for row in json_lines(done.stdout):
        by_dialogue.setdefault(row["dialogue"], []).append(row["tactics"])
    assert by_dialogue["eins"] == [[], []]
    assert by_dialogue["d1"][0]
    named = [line for line in done.stderr.splitlines() if "eins" in line]
    assert named == [
        "call.jsonl, dialogue eins: in German; tags are for English only, and are withheld"
    ]
    ledgers = json_lines((tmp_path / "offers.jsonl").read_text("utf-8"))
    assert [bool(ledger["offers"]) for ledger in ledgers] == [False, True, False]


def test_a_short_dialogue_is_tagged_in_any_language(tmp_path: Path) -> None:
    """Few words say too little of their language to refuse them."""
    row = {"speaker": "A", "text": "Gut, tja. I can offer $90,000."}
    call = write(tmp_path / "call.jsonl", row)
    done = parley("tag", call)
    assert "English" not in done.stderr
    assert json_lines(done.stdout)[0]["tactics"]


def test_bad_lines_are_named_and_the_rest_is_done(tmp_path: Path) -> None:
    """File, line and reason on stderr; the other lines come out; exit code 3."""
    path = tmp_path / "call.jsonl"
    path.write_text('{"speaker": "A", "text": "hi"}\nnonsense\n{"speaker": "B"}\n', "utf-8")
    done = parley("tag", path, "--out", tmp_path / "out.jsonl", "--quiet")
    assert done.exit_code == 3
    assert done.stderr == (
        "call.jsonl, line 2: not JSON: Expecting value, at character 1\n"
        'call.jsonl, line 3: "text" is missing\n'
    )
    assert len(json_lines((tmp_path / "out.jsonl").read_text("utf-8"))) == 1


def test_of_very_many_bad_lines_the_first_are_named(tmp_path: Path) -> None:
    """Twenty reasons and a count, not a thousand lines on the screen."""
    path = tmp_path / "call.jsonl"
    path.write_text("nonsense\n" * 1000, "utf-8")
    done = parley("tag", path)
    assert done.exit_code == 3
    *named, more, total = done.stderr.splitlines()
    assert len(named) == 20
    assert more == "… and 980 more lines"
    assert total == "0 turns, 0 tags, 1000 lines could not be read"


@pytest.mark.parametrize("name", ["gone.jsonl", ".", "call.docx", "\x1b[2Jx.jsonl"])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    """One line on stderr, exit code 3, and nothing is written, not even a folder."""
    done = parley("tag", tmp_path / name, "--out", tmp_path / "new" / "out.jsonl")
    assert done.exit_code == 3
    assert done.stderr.startswith("parley: ")
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [".jsonl", ".txt", ".srt", ".vtt"])
def test_an_empty_file(tmp_path: Path, ending: str) -> None:
    """No turns in, no turns out: that is no error."""
    path = tmp_path / f"call{ending}"
    path.touch()
    done = parley("tag", path)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "0 turns, 0 tags\n")


# --- where it goes


@pytest.mark.parametrize("option", ["--out", "--offers"])
@pytest.mark.parametrize("name", ["call.jsonl/out", "folder", ".", "x" * 300])
def test_an_output_that_cannot_be_written(call: Path, option: str, name: str) -> None:
    """A file as folder, a folder as file, a name too long: exit code 6, nothing left behind."""
    (call.parent / "folder").mkdir()
    done = parley("tag", call, option, call.parent / name)
    assert done.exit_code == 6
    assert "parley: " in done.stderr
    assert done.stdout == ""
    assert sorted(path.name for path in call.parent.iterdir()) == ["call.jsonl", "folder"]


def test_a_failure_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    """An input that breaks off in the middle: the old output stays, and no draft is left."""
    path, out = tmp_path / "report.json", tmp_path / "out.jsonl"
    path.write_text("{}", "utf-8")
    out.write_text("old", "utf-8")
    assert parley("tag", path, "--out", out, "--offers", tmp_path / "o").exit_code == 3
    assert out.read_text("utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "report.json"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
@pytest.mark.parametrize("option", ["--out", "--offers"])
def test_a_full_disk_is_named_with_its_file(call: Path, option: str) -> None:
    """The error names the output that could not be written, not the other one."""
    other = "--offers" if option == "--out" else "--out"
    done = parley("tag", call, option, "/dev/full", other, call.parent / "other")
    assert done.exit_code == 6
    assert "/dev/full: cannot be written: No space left" in done.stderr
    assert {path.name for path in call.parent.iterdir()} <= {"call.jsonl", "other"}


def test_a_device_is_written_and_not_replaced(call: Path, tmp_path: Path) -> None:
    """`--out` to what is no file, such as /dev/null, leaves it what it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert parley("tag", call, "--out", pipe).exit_code == 0
        assert len(json_lines(os.read(reader, 65536).decode())) == len(CALL)
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_an_output_may_be_the_input(call: Path) -> None:
    """The transcript is replaced when all of it is tagged."""
    assert parley("tag", call, "--out", call).exit_code == 0
    assert all("tactics" in row for row in json_lines(call.read_text("utf-8")))


def test_a_link_stays_a_link(call: Path) -> None:
    """What it points to is written."""
    link, target = call.parent / "link", call.parent / "target"
    link.symlink_to(target)
    assert parley("tag", call, "--out", link).exit_code == 0
    assert link.is_symlink()
    assert target.read_bytes()


def test_two_outputs_need_two_files(call: Path) -> None:
    """One file for both would hold only one of them."""
    done = parley("tag", call, "--out", call.parent / "o", "--offers", call.parent / "o")
    assert done.exit_code == 2
    assert "same file" in done.stderr


def test_a_reader_that_goes_away(call: Path) -> None:
    """`parley tag … | head -1` ends without a traceback, and leaves no half ledger."""
    write(call, *CALL * 500)
    program = "import sys; from pipeline.apps.cli import main; main()"
    arguments = [
        sys.executable,
        "-c",
        program,
        "tag",
        "--rules",
        str(call),
        "--offers",
        str(call) + ".offers",
    ]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        words = process.stderr.read().decode()
    assert words == ""
    assert process.returncode == 1
    assert [path.name for path in call.parent.iterdir()] == ["call.jsonl"]


# --- memory


class Source:
    """Many tiny turns, made when asked for; `asked` is how many that were."""

    def __init__(self, *, turns: int, turns_a_dialogue: int) -> None:
        self.turns, self.turns_a_dialogue, self.asked = turns, turns_a_dialogue, 0

    def __iter__(self) -> Iterator[Line | Refused]:
        for number in range(self.turns):
            self.asked += 1
            if number % 10 == 9:
                yield Refused(number=number, reason="bad")
            else:
                yield Line(
                    number=number,
                    dialogue=str(number // self.turns_a_dialogue),
                    turn=number,
                    speaker="AB"[number % 2],
                    text="ok",
                )


def test_dialogues_come_out_while_the_input_is_read(
    codebook: Codebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is out before the second line of the next is read; none is kept, nor is a refusal."""
    nothing = Reading(tags=(), entries=())  # what is found takes no part
    monkeypatch.setattr("pipeline.tagging.read_call", lambda *_: nothing)
    source = Source(turns=30_000, turns_a_dialogue=30)
    refused: list[int] = []
    dialogues = tag_dialogues(
        source, codebook=codebook, refuse=lambda line: refused.append(line.number)
    )
    for at, dialogue in enumerate(dialogues, start=1):
        assert isinstance(dialogue, Tagged)
        assert len(dialogue.turns) == 27
        assert source.asked <= 30 * at + 1
        assert len(refused) == 3 * at
    assert (at, source.asked) == (1000, 30_000)


def test_turns_are_written_while_the_input_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command passes every dialogue on before it asks for the next."""
    source = Source(turns=600, turns_a_dialogue=30)
    asked_at_write: list[int] = []

    def writer(file: object, name: object) -> command.Write:
        return lambda row: asked_at_write.append(source.asked)

    monkeypatch.setattr(command, "_row_writer", writer)
    monkeypatch.setattr("pipeline.transcripts.formats.read_transcript", lambda path: iter(source))
    assert parley("tag", tmp_path / "call.jsonl").exit_code == 3
    assert asked_at_write[:27] == [31] * 27
    assert len(asked_at_write) == 540


# --- several processes


def numbered(name: str, turns: int) -> list[Line]:
    """A dialogue with an offer in every turn."""
    return [
        Line(number=at, dialogue=name, turn=at, speaker="AB"[at % 2], text=f"How about ${at + 50}?")
        for at in range(turns)
    ]


def test_several_processes_give_what_one_gives(
    codebook: Codebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same dialogues in the same order, and refusals as they come."""
    monkeypatch.setattr("pipeline.tagging._ALONE_TURNS", 4)
    monkeypatch.setattr("pipeline.tagging_pool._BATCH_TURNS", 3)
    lines = [line for at in range(9) for line in numbered(str(at), 2)]
    bad = [Refused(number=at, reason="bad") for at in range(2)]
    source = [bad[0], *lines, bad[1]]
    refused: list[Refused] = []
    many = list(tag_dialogues(source, codebook=codebook, refuse=refused.append, processes=2))
    alone = list(tag_dialogues(source, codebook=codebook, refuse=lambda _: None))
    assert many == alone
    assert refused == bad


def test_what_was_read_comes_out_before_a_failure_to_read(
    codebook: Codebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With several processes too, though they read ahead."""
    monkeypatch.setattr("pipeline.tagging._ALONE_TURNS", 2)

    def broken() -> Iterator[Line]:
        yield from (line for at in range(4) for line in numbered(str(at), 2))
        raise InputError("broken off")

    out: list[Tagged] = []
    tagged = tag_dialogues(broken(), codebook=codebook, refuse=pytest.fail, processes=2)
    with pytest.raises(InputError, match="broken off"):
        out.extend(tagged)
    assert [dialogue.offers["dialogue"] for dialogue in out] == ["0", "1", "2"]
