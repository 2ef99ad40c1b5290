"""Enrolled voices: kept only for their user, deleted for good, matched one to one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import builders as build
import numpy as np
import pytest
from command_line import parley
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrolment import (
    Enrolment,
    checked_name,
    delete,
    enrol,
    enrolled_document,
    enrolment_of,
    enrolments,
    same_name,
)
from pipeline.enrolment_clip import clip_voice, two_voices
from pipeline.errors import ConfigError, InputError, StoreError
from pipeline.records import SAMPLE_RATE_HZ, SPEECH
from pipeline.stages.voices import (
    VoicesConfig,
    alone,
    best_matches,
    by_telephone,
    embeddings,
    mean_voice,
    run,
    windows_of,
)

VECTOR = tuple(float(value) for value in np.eye(192)[0])
SHA256 = "d" * 64


def enrolment(name: str = "Ana", **changes: Any) -> Enrolment:
    """An enrolment with a vector that points one way."""
    made = {
        "vector": VECTOR,
        "telephone": False,
        "speech_s": 20.0,
        "weights": "campplus",
        "sha256": SHA256,
    }
    return enrolment_of(name, **made | changes)


# --- keeping and deleting


def test_an_enrolment_is_kept_and_found(tmp_path: Path) -> None:
    """What was enrolled is read back as it was, by name."""
    ana, ben = enrolment("Ana"), enrolment("ben")
    for one in (ben, ana):
        assert enrol(tmp_path / "voices", one) is False
    assert enrolments(tmp_path / "voices") == (ana, ben)


def test_only_their_user_may_read_voices(tmp_path: Path) -> None:
    """The folder is 0700 and the file 0600, and neither tells the name."""
    enrol(tmp_path / "voices", enrolment("Ana"))
    (path,) = (tmp_path / "voices").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert "ana" not in path.name.lower()


def test_a_second_enrolment_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """One person has one voice, however the name is written."""
    enrol(tmp_path, enrolment("Ana"))
    assert enrol(tmp_path, enrolment("ANA", speech_s=9.0)) is True
    assert [(one.name, one.speech_s) for one in enrolments(tmp_path)] == [("ANA", 9.0)]


def test_deleting_removes_the_file(tmp_path: Path) -> None:
    """After --delete nothing is left of the voice, and the others stay."""
    enrol(tmp_path, enrolment("Ana"))
    enrol(tmp_path, enrolment("Ben"))
    delete(tmp_path, "ana")
    assert [one.name for one in enrolments(tmp_path)] == ["Ben"]
    assert len(list(tmp_path.iterdir())) == 1


def test_deleting_nobody_is_an_error(tmp_path: Path) -> None:
    """A name that is not enrolled is said to be so, with those that are."""
    enrol(tmp_path, enrolment("Ben"))
    with pytest.raises(ConfigError, match="Ana is not enrolled; enrolled: Ben"):
        delete(tmp_path, "Ana")
    with pytest.raises(ConfigError, match="enrolled: nobody"):
        delete(tmp_path / "none", "Ana")


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda _: "[]",
        lambda _: "{}",
        lambda data: json.dumps(data | {"vector": data["vector"][:-1]}),
        lambda data: json.dumps(data | {"vector": [0.0] * 192}),
        lambda data: json.dumps(data | {"vector": ["x"] * 192}),
        lambda data: json.dumps(data | {"vector": [float("nan")] * 192}),
        lambda data: json.dumps(data | {"name": ""}),
        lambda data: json.dumps(data | {"name": "a\nb"}),
        lambda data: json.dumps(data | {"date": 7}),
        lambda data: json.dumps(data | {"speech_s": "long"}),
        lambda data: json.dumps(data | {"more": 1}),
        lambda data: json.dumps(data | {"telephone": "yes"}),
    ],
    ids=range(13),
)
def test_a_damaged_enrolment_is_a_clear_error(
    change: Callable[[dict[str, Any]], str], tmp_path: Path
) -> None:
    """A file that holds no voice is named, with what to do."""
    enrol(tmp_path, enrolment())
    (path,) = tmp_path.iterdir()
    path.write_text(change(json.loads(path.read_text("utf-8"))), encoding="utf-8")
    with pytest.raises(StoreError, match="damaged enrolment; delete the file"):
        enrolments(tmp_path)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x1b[2J", "\u202eanA", "x" * 81, "S1", "s22"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """Empty, controls, direction marks, too long, and ids of speakers are no names."""
    with pytest.raises(ConfigError, match="name"):
        checked_name(name)


@pytest.mark.parametrize(
    "name", ["Ana", " Ana ", "O'Neill <b>", "Łukasz", "محمد", "李", "S", "Sam1"]
)
def test_names_of_all_scripts_are_names(name: str) -> None:
    """A name is kept as it is, but for blanks around it."""
    assert checked_name(name) == name.strip()


def test_names_that_look_the_same_are_the_same() -> None:
    """Capitals and composed letters do not make two people."""
    assert same_name("Zoe\u0308", "ZO\u00cb")
    assert not same_name("Ana", "Anna")


def test_voices_of_other_weights_are_not_compared() -> None:
    """Vectors of another network mean nothing: they are left out; without any, no document."""
    people = [enrolment("Ana"), enrolment("Ben", sha256="e" * 64)]
    document = enrolled_document(people, sha256=SHA256)
    assert document is not None
    assert [voice["name"] for voice in document["voices"]] == ["Ana"]
    assert enrolled_document(people, sha256="f" * 64) is None
    assert enrolled_document([], sha256=SHA256) is None


# --- matching


def test_each_voice_and_each_person_once() -> None:
    """The surest pair goes first; S2 is then Ben though Ana is more like it."""
    likeness = {
        ("S1", "Ana"): (0.8, 0.5),
        ("S2", "Ana"): (0.7, 0.5),
        ("S1", "Ben"): (0.1, 0.5),
        ("S2", "Ben"): (0.6, 0.55),
    }
    assert best_matches(likeness) == [
        {"speaker": "S1", "name": "Ana", "similarity": 0.8, "threshold": 0.5},
        {"speaker": "S2", "name": "Ben", "similarity": 0.6, "threshold": 0.55},
    ]


def test_below_the_threshold_nobody_is_named() -> None:
    """A likeness of just the threshold counts, a little less does not."""
    assert best_matches({("S1", "Ana"): (0.5, 0.5)})
    assert not best_matches({("S1", "Ana"): (0.4999, 0.5)})


PAIRS = st.tuples(st.sampled_from("123"), st.sampled_from("abc"))


@given(st.dictionaries(PAIRS, st.tuples(st.floats(-1, 1), st.floats(0.1, 0.9)), max_size=9))
def test_matches_are_one_to_one(likeness: dict[tuple[str, str], tuple[float, float]]) -> None:
    """No speaker and no name is there twice, and each pair reaches its threshold."""
    found = best_matches(likeness)
    assert len({match["speaker"] for match in found}) == len(found)
    assert len({match["name"] for match in found}) == len(found)
    for match in found:
        similarity, threshold = likeness[match["speaker"], match["name"]]
        assert similarity >= threshold == match["threshold"]


def test_a_telephone_leaves_nothing_above_its_band() -> None:
    """A tone of 1 kHz alone sounds of a telephone; with 1 % of power at 6 kHz it does not."""
    low, high = (tone(hertz, 2).astype(np.float32) / 32768 for hertz in (1000, 6000))
    assert by_telephone([low])
    assert not by_telephone([low + 0.1 * high])


def test_what_is_said_alone() -> None:
    """0-10 s less 2-3 s and 9-12 s is 0-2 and 3-9 s."""
    assert alone([(0, 10)], [(2, 3), (9, 12)]) == [(0, 2), (3, 9)]
    assert alone([(0, 10)], [(0, 10)]) == []


def test_windows_are_two_seconds_and_a_rest_of_one() -> None:
    """5.5 s give 2 + 2 + 1.5 s, 4.5 s give 2 + 2 s, less than 1 s nothing."""
    track = np.zeros(30 * SAMPLE_RATE_HZ, dtype=np.int16)
    lengths = [len(piece) / SAMPLE_RATE_HZ for piece in windows_of(track, [(0, 5500)])]
    assert lengths == [2.0, 2.0, 1.5]
    assert len(windows_of(track, [(0, 4500)])) == 2
    assert windows_of(track, [(0, 999)]) == []
    assert windows_of(track, [(29_500, 40_000)]) == []


def pitch(waveforms: Any) -> Any:
    """A fake network: where the strongest of 192 bands of each waveform lies."""
    import torch

    strongest = torch.fft.rfft(waveforms).abs()[:, : 192 * 8].reshape(len(waveforms), 192, -1)
    return torch.nn.functional.one_hot(strongest.amax(dim=2).argmax(dim=1), 192).float()


def tone(hertz: float, seconds: float) -> np.ndarray[Any, np.dtype[np.int16]]:
    """A tone, int16."""
    times = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (8000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


def test_speakers_are_named_by_what_they_say_alone() -> None:
    """S1 hums at 100 Hz and S2 at 400 Hz: who enrolled with 400 Hz is S2, for sure.

    S2's half second over S1 is not used; S3 says less than 3 s and gets no name."""
    import polars as pl

    sound = np.concatenate([tone(100, 4), tone(400, 4), tone(400, 2)])
    rows = [("S1", 0, 4000), ("S2", 3500, 8000), ("S3", 8000, 10_000)]
    speech = pl.DataFrame(
        [(start, end, who, 0.9, 0) for who, start, end in rows], schema=SPEECH, orient="row"
    )
    enrolled = mean_voice(embeddings(windows_of(tone(400, 6), [(0, 6000)]), embed=pitch))
    shares: list[float] = []
    answer = run(
        audio=build.track(sound[None]),
        diarize=speech,
        enrolled={"voices": [{"name": "Ana", "vector": enrolled.tolist(), "telephone": True}]},
        config=VoicesConfig(),
        model=pitch,
        progress=shares.append,
    )
    assert answer["matches"] == [
        {"speaker": "S2", "name": "Ana", "similarity": 1.0, "threshold": 0.7}
    ]
    assert shares[-1] == 1.0


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.1])
def test_a_threshold_that_means_nothing_is_refused(threshold: float) -> None:
    """At 0 everybody would be anybody."""
    with pytest.raises(ConfigError, match=r"voices\.threshold"):
        VoicesConfig(threshold=threshold)


# --- clips


def take(sound: np.ndarray[Any, np.dtype[np.int16]]) -> float:
    """Enrol from a sound, with the fakes; returns the seconds of speech."""
    tracks = sound if sound.ndim == 2 else sound[None]
    return clip_voice(build.track(tracks), activity=build.activity, embed=pitch).speech_s


def test_a_clip_of_one_voice_is_taken() -> None:
    """Ten seconds of one tone are a voice."""
    assert take(tone(400, 10)) == pytest.approx(10, abs=0.1)


def test_a_short_clip_is_refused() -> None:
    """Less than 5 s of speech, in whatever silence, is too little; silence is nothing."""
    silence = np.zeros(10 * SAMPLE_RATE_HZ, dtype=np.int16)
    for sound in (silence, np.concatenate([silence, tone(400, 4), silence])):
        with pytest.raises(InputError, match=r"s of speech, and at least 5 s are needed"):
            take(sound)


def test_a_clip_of_two_voices_is_refused() -> None:
    """Two voices one after the other, or on two channels, are not one person."""
    with pytest.raises(InputError, match="two voices are heard"):
        take(np.concatenate([tone(100, 8), tone(400, 6)]))
    with pytest.raises(InputError, match="a voice on each channel"):
        take(np.stack([tone(100, 8), tone(400, 8)]))


def test_a_laugh_makes_no_second_voice() -> None:
    """One window of ten that sounds different is left alone, three are not."""
    one, other = np.eye(192)[0], np.eye(192)[1]
    assert not two_voices(np.stack([*[one] * 9, other]))
    assert two_voices(np.stack([*[one] * 7, *[other] * 3]))
    assert not two_voices(np.stack([one]))


# --- the command


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fakes in the place of what needs weights."""
    monkeypatch.setattr("pipeline.apps.enrol.locate", lambda name, **_: Path(name))
    monkeypatch.setattr("pipeline.apps.enrol.load_activity", lambda: build.activity)
    monkeypatch.setattr("pipeline.apps.enrol.load_embedding", lambda _: pitch)


@pytest.mark.usefixtures("network")
def test_enrol_list_and_delete(tmp_path: Path) -> None:
    """Who is enrolled is listed, and gone after --delete, the file too."""
    clip = build.write_call(tmp_path / "clip.wav", (build.said("S1", "Hello", 0, 8),))
    folder = tmp_path / "voices"
    here = ("--set", f"run.voices={folder}")
    done = parley("enrol", "Ana", clip, *here)
    assert (done.exit_code, done.stdout.splitlines()[0]) == (
        0,
        "enrolled: Ana, from 8.0 s of speech",
    )
    assert "enrolled anew: Ana" in parley("enrol", "Ana", clip, *here).stdout
    assert "Ana" in parley("enrol", "--list", *here).stdout
    assert len(list(folder.iterdir())) == 1
    assert parley("enrol", "--delete", "Ana", *here).exit_code == 0
    assert list(folder.iterdir()) == []
    assert parley("enrol", "--list", *here).stdout == "nobody is enrolled\n"


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "give a name and a clip, or --list, or --delete NAME"),
        (["Ana"], 2, "give a name and a clip of that person alone"),
        (["Ana", "clip.wav", "--list"], 2, "give a name and a clip, or --list"),
        (["--list", "--delete", "Ana"], 2, "give a name and a clip, or --list"),
        (["--delete", "Ana"], 2, "Ana is not enrolled; enrolled: nobody"),
        (["", "clip.wav"], 2, "a name is empty"),
        (["S1", "clip.wav"], 2, "S1 is an id of a speaker"),
        (["Ana", "missing.wav"], 3, "missing.wav"),
    ],
)
def test_wrong_uses_say_what_to_do(
    arguments: list[str], code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line on standard error with what to do, and nothing is kept."""
    monkeypatch.chdir(tmp_path)
    done = parley("enrol", *arguments, "--set", f"run.voices={tmp_path / 'voices'}")
    assert (done.exit_code, done.stdout) == (code, "")
    assert message in done.stderr
    assert not (tmp_path / "voices").exists()
