"""From what is typed to recordings, and from a recording to its tasks."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pytest

from pipeline.config import load_config
from pipeline.errors import ConfigError, InputError, UnreadableAudio
from pipeline.plan import AUDIO_SUFFIXES, RECORDING, find_recordings, plan, read_recording
from pipeline.stages import STAGES

NAMES = {
    "quotes": """it's a "call".wav""",
    "newline": "first line\nsecond line.wav",
    "emoji": "call 📞🎉.wav",
    "markup": "<script>alert(1)<.wav",
    "brackets": "call[1] *?.wav",
    "255 bytes": "é" * 125 + "x.wav",
    "blanks": "  call  .wav",
    "option": "--force.wav",
}


def files(folder: Path, *names: str) -> list[Path]:
    """Empty files of those names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return [folder / name for name in names]


def found(*patterns: Path | str) -> list[Path]:
    """What the patterns name."""
    return list(find_recordings(str(pattern) for pattern in patterns))


# --- transcripts


@pytest.mark.parametrize("name", ["a.srt", "a.VTT", "a.txt", "a.jsonl", "a.csv", "a.tsv", "a.json"])
def test_a_transcript_is_read_and_not_heard(name: str, tmp_path: Path) -> None:
    """By the ending of its name; no stage of its plan takes audio, and none is missing."""
    (path,) = files(tmp_path, name)
    whole = plan(read_recording(path), config=load_config())
    made = {task.stage.name for task in whole.tasks}
    assert not made & {"audio", "diarize", "transcribe", "turns", "metrics", "voices"}
    needed = {whole.sources.get(one, one) for task in whole.tasks for one in task.inputs}
    assert needed <= made | {RECORDING}


def test_whose_feedback_it_is_must_be_known_of_a_recording(tmp_path: Path) -> None:
    """A transcript has names of its own, sound has none."""
    sound, text = files(tmp_path, "a.wav", "a.srt")
    config = load_config(settings=["report.me=Ana"])
    assert plan(read_recording(text), config=config)
    with pytest.raises(ConfigError, match="needs --names"):
        plan(read_recording(sound), config=config)


# --- find_recordings


def test_files_come_in_the_order_given_and_once(tmp_path: Path) -> None:
    """Paths are kept as given, a path given twice is one recording."""
    one, two = files(tmp_path, "b.wav", "a.wav")
    assert found(one, two, one) == [one, two]


def test_any_file_may_be_named(tmp_path: Path) -> None:
    """A file that is named outright is taken whatever its suffix."""
    (path,) = files(tmp_path, "call.data")
    assert found(path) == [path]


def test_a_folder_stands_for_its_recordings(tmp_path: Path) -> None:
    """At any depth, by suffix in any case, sorted; hidden files, other kinds and folders not."""
    wanted = files(tmp_path, "a.WAV", "deep/er/b.mp3", "folder.wav/c.flac", "z.opus")
    files(tmp_path, "notes.txt", ".hidden.wav", "deep/cover.jpg", "wav")
    assert found(tmp_path) == wanted


@pytest.mark.parametrize(
    "suffix", ["wav", "mp3", "m4a", "aac", "mp4", "mov", "webm", "ogg", "opus", "flac", "amr"]
)
def test_every_promised_kind_is_found_in_a_folder(suffix: str, tmp_path: Path) -> None:
    """The kinds that the issue names are picked up from a folder."""
    (path,) = files(tmp_path, f"call.{suffix}")
    assert found(tmp_path) == [path]


def test_a_glob_names_files(tmp_path: Path) -> None:
    """Patterns match files, folders below with **, sorted; folders themselves are no match."""
    one, two, deep = files(tmp_path, "a1.wav", "a2.wav", "x/a3.wav")
    (tmp_path / "a9.wav").mkdir()
    assert found(tmp_path / "a?.wav") == [one, two]
    assert found(tmp_path / "**" / "a*.wav") == [one, two, deep]


def test_a_missing_path_is_kept(tmp_path: Path) -> None:
    """What does not exist stays in the list, so that its own error names it."""
    missing = tmp_path / "missing.wav"
    (there,) = files(tmp_path, "there.wav")
    assert found(missing, there) == [missing, there]


def test_a_folder_without_recordings_is_an_error(tmp_path: Path) -> None:
    """An empty folder, and one with other files only, is an InputError that names it."""
    files(tmp_path, "notes.txt")
    with pytest.raises(InputError, match=re.escape(f"{tmp_path}: no audio or video file")):
        found(tmp_path)


def test_a_pattern_without_a_match_is_an_error(tmp_path: Path) -> None:
    """A pattern that matches nothing is an InputError that repeats it."""
    with pytest.raises(InputError, match=r"\*\.wav: no file matches"):
        found(tmp_path / "*.wav")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_odd_names_are_found_as_they_are(name: str, tmp_path: Path) -> None:
    """A file is found by its name and in its folder, whatever it is called."""
    assert len(os.fsencode(name)) <= 255
    paths = files(tmp_path, name)
    assert found(tmp_path / name) == paths
    assert found(tmp_path) == paths


def test_a_name_that_no_system_allows_is_kept() -> None:
    """A name of more than 255 bytes is kept, as a missing file is, so that its error names it."""
    path = Path("x" * 300 + ".wav")
    assert found(path) == [path]


# --- read_recording


def test_a_recording_is_its_bytes(tmp_path: Path) -> None:
    """The digest is the sha256 of the file; name and place are not part of it."""
    one, two = files(tmp_path, "one.wav", "x/two.mp3")
    for path in (one, two):
        path.write_bytes(b"sound" * 1_000_000)
    digest = hashlib.sha256(b"sound" * 1_000_000).hexdigest()
    assert read_recording(one).digest == read_recording(two).digest == digest
    assert [read_recording(path).name for path in (one, two)] == ["one.wav", "two.mp3"]


def test_a_name_in_another_encoding_becomes_text(tmp_path: Path) -> None:
    """Bytes of a name that are no UTF-8 become replacement marks, since JSON holds text only."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    path.touch()
    assert read_recording(path).name == "caf?.wav".replace("?", "\N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize("name", ["missing.wav", "x" * 300 + ".wav", "file/call.wav"])
def test_what_is_not_there_is_unreadable(name: str, tmp_path: Path) -> None:
    """A missing file, an impossible name and a path through a file are UnreadableAudio."""
    files(tmp_path, "file")
    with pytest.raises(UnreadableAudio, match="check"):
        read_recording(tmp_path / name)


def test_a_folder_and_a_pipe_are_no_recordings(tmp_path: Path) -> None:
    """What is no regular file is refused before it is opened: a pipe would wait for ever."""
    os.mkfifo(tmp_path / "pipe.wav")
    for path in (tmp_path, tmp_path / "pipe.wav"):
        with pytest.raises(UnreadableAudio, match="not a regular file"):
            read_recording(path)


def test_a_file_that_may_not_be_read_is_unreadable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without permission the error says so; root may read all, hence the stand-in."""
    (path,) = files(tmp_path, "locked.wav")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableAudio, match="Permission denied"):
        read_recording(path)


# --- plan


def test_a_plan_holds_every_stage_in_order(tmp_path: Path) -> None:
    """One task a stage, each naming the keys of the tasks before it; the first has the digest."""
    (path,) = files(tmp_path, "call.wav")
    recording = read_recording(path)
    tasks = plan(recording, config=load_config(settings=["page.audio=none"])).tasks
    assert [task.stage.name for task in tasks] == [stage.name for stage in STAGES]
    keys = {RECORDING: recording.digest, **{task.stage.name: task.key for task in tasks}}
    for task in tasks:
        assert task.inputs == {name: keys[name] for name in task.stage.inputs}
    assert len(set(keys.values())) == len(STAGES) + 1


@pytest.mark.parametrize(
    ("audio", "inputs", "plays"),
    [
        ("none", {"report"}, False),
        ("link", {"report", "transcribe", "turns"}, True),
        ("embed", {"report", "transcribe", "turns", "playback"}, True),
    ],
)
def test_the_sound_is_planned_where_the_page_plays_it(
    audio: str, inputs: set[str], plays: bool, tmp_path: Path
) -> None:
    """How the page plays changes the key of the page and of no other stage."""
    (path,) = files(tmp_path, "call.wav")
    config = load_config(settings=[f"page.audio={audio}"])
    found = plan(read_recording(path), config=config)
    assert set(found.task("page").inputs) == inputs
    keys = {task.stage.name: task.key for task in found.tasks}
    assert ("playback" in keys) is plays
    linked = plan(read_recording(path), config=load_config())
    assert all(linked.task(name).key == key for name, key in keys.items() if name != "page")


def test_a_transcript_has_no_sound_to_plan(tmp_path: Path) -> None:
    """Whatever is asked for, the page of a transcript takes the report alone."""
    path = tmp_path / "call.txt"
    path.write_text("Ana: Hello.\nBen: Hello.\n")
    config = load_config(settings=["page.audio=embed"])
    found = plan(read_recording(path), config=config)
    assert set(found.task("page").inputs) == {"report"}
    assert "playback" not in {task.stage.name for task in found.tasks}


def test_the_sound_of_a_report_is_no_recording(tmp_path: Path) -> None:
    """call.mp3 beside a report.html is left out of folders and patterns, elsewhere it is taken."""
    files(tmp_path, "a/call.mp3", "b/call.mp3", "b/report.html")
    assert find_recordings([str(tmp_path)]) == (tmp_path / "a/call.mp3",)
    assert find_recordings([f"{tmp_path}/**/*.mp3"]) == (tmp_path / "a/call.mp3",)
    named = tmp_path / "b/call.mp3"
    assert find_recordings([str(named)]) == (named,)


def test_planning_reads_no_weights(tmp_path: Path) -> None:
    """A plan is made where no weights are, and while nothing may be fetched."""
    (path,) = files(tmp_path, "call.wav")
    config = load_config(settings=["transcribe.model=large-v3-turbo", "run.models=/nowhere"])
    assert plan(read_recording(path), config=config).task("transcribe").recipe["weights"] == {
        "large-v3-turbo": "unpinned:large-v3-turbo"
    }


def test_weights_in_a_folder_are_known_by_their_content(tmp_path: Path) -> None:
    """A model given as a path has the hash of what it holds in its key, not only its name."""
    (path, model) = files(tmp_path, "call.wav", "mine/model.bin")
    config = load_config(settings=[f"transcribe.model={model.parent}"])
    before = plan(read_recording(path), config=config).task("transcribe").key
    model.write_bytes(b"trained once more")
    assert plan(read_recording(path), config=config).task("transcribe").key != before


def test_the_report_knows_what_made_it(tmp_path: Path) -> None:
    """The report's settings name the recording, the weights with licence, and the versions."""
    (path,) = files(tmp_path, "call.wav")
    recording = read_recording(path)
    config = plan(recording, config=load_config()).task("report").config
    assert (config.recording_name, config.digest) == ("call.wav", recording.digest)
    assert {fact.name for fact in config.models} == {
        *("base", "segmentation-3.0", "campplus", "all-MiniLM-L6-v2"),
    }
    assert all(len(fact.sha256) == 64 and fact.licence for fact in config.models)
    assert {"parley", "codebook", "metrics"} <= dict(config.versions).keys()


def test_suffixes_are_lower_case() -> None:
    """Suffixes are compared in lower case, so each must be written so."""
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in AUDIO_SUFFIXES)
