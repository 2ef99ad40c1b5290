"""A call.mp3 that somebody keeps where a report is to lie is neither replaced nor removed."""

from __future__ import annotations

from pathlib import Path

import builders as build
import pytest

from pipeline.apps.progress import Silence
from pipeline.config import load_config
from pipeline.errors import ConfigError
from pipeline.executors.local import analyze
from pipeline.run import Bench, check_playback
from pipeline.store import Store


def test_a_sound_that_no_report_plays_is_somebodys_own(tmp_path: Path) -> None:
    """Without a report beside it, call.mp3 is refused by name, and stays as it is."""
    own = tmp_path / "call.mp3"
    own.write_bytes(b"the only copy")
    with pytest.raises(ConfigError, match=r"call\.mp3: would be lost") as caught:
        check_playback(tmp_path, recording=tmp_path / "notes.srt")
    assert str(own) in str(caught.value)
    assert own.read_bytes() == b"the only copy"


def test_the_sound_of_a_report_may_be_made_anew(tmp_path: Path) -> None:
    """With a report.json beside it, it is that report's."""
    (tmp_path / "call.mp3").touch()
    (tmp_path / "report.json").touch()
    check_playback(tmp_path, recording=tmp_path / "call.wav")


@pytest.mark.parametrize("folder", [".", "not there"])
def test_an_empty_or_missing_folder_is_free(tmp_path: Path, folder: str) -> None:
    """Nothing lies there that could be lost."""
    check_playback(tmp_path / folder, recording=tmp_path / "call.wav")


def test_the_recording_itself_may_lie_there(tmp_path: Path) -> None:
    """What is analysed may be called call.mp3: publish_playback leaves it alone."""
    recording = tmp_path / "call.mp3"
    recording.touch()
    check_playback(tmp_path, recording=recording)


@pytest.mark.parametrize("audio", ["link", "none"])
def test_a_batch_keeps_what_is_not_its_own(tmp_path: Path, audio: str) -> None:
    """A folder that has a recording's name and holds somebody's call.mp3 gets no report."""
    own = tmp_path / "out" / "talk" / "call.mp3"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"the only copy")
    quiet = (build.said("S1", "", 1, 1),)
    (outcome,) = analyze(
        [build.write_call(tmp_path / "talk.wav", quiet)],
        config=load_config(settings=[f"page.audio={audio}"]),
        out=tmp_path / "out",
        bench=Bench(
            store=Store(root=tmp_path / "store"), models=build.FakeModels(lines=build.NOBODY)
        ),
        observer=Silence(),
    )
    assert isinstance(outcome.error, ConfigError)
    assert [path.name for path in own.parent.iterdir()] == ["call.mp3"]
    assert own.read_bytes() == b"the only copy"
