"""scripts/speak_corpora: what is said of a typed turn, whose words are whose, what is kept."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from speak_corpora import chosen
from spoken_corpora.hearing import hear
from spoken_corpora.keeping import add_rows, kept_rows, rows_of, word_errors, write_rows
from spoken_corpora.saying import Call, draw_conditions, draw_voices, sayable

from pipeline.evaluation.corpora import Judged, as_heard
from pipeline.models.recognizer import Decoded, Heard
from pipeline.records import SAMPLE_RATE_HZ
from pipeline.tactics.codebook import Utterance


def dialogue(*texts: str, name: str = "1") -> Judged:
    """A dialogue of these turns."""
    turns = tuple(Utterance(turn=n, speaker="AB"[n % 2], text=t) for n, t in enumerate(texts))
    return Judged(part="some", dialogue=name, turns=turns, present={}, absent={})


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Can u take 2 water? :) thx", "Can you take two water? Thanks."),
        ("👍", ""),
        (":-D lol", ""),
        ("I need water 🙂🙂", "I need water."),
        ("$60,000.00 a year", "Sixty thousand dollars a year."),
        ("I will pay 120,00, not more", "I will pay one hundred twenty thousand, not more."),
        ("with w/ food", "With with food."),
        ("2:1 is fair", "Two to one is fair."),
        ("two packs -.", "Two packs"),
        ("", ""),
    ],
)
def test_what_is_said_of_a_typed_turn(typed: str, said: str) -> None:
    """Numbers and shorthand in words; faces and laughter are not spoken."""
    assert " ".join(sentence.text for sentence in sayable(typed)) == said


@given(st.text(max_size=200))
def test_any_turn_can_be_said_or_has_nothing_to_say(typed: str) -> None:
    """No digit, sign or emoji is left for a synthesiser to stumble over."""
    for sentence in sayable(typed):
        assert sentence.text.isascii()
        assert not any(char.isdigit() for char in sentence.text)
        assert all(any(char.isalpha() for char in word) for word in sentence.text.split())


@given(st.integers())
def test_two_voices_and_a_mild_line(seed: int) -> None:
    """Never one voice at two speeds; a telephone's band; noise at 20 dB or less below."""
    dice = random.Random(seed)
    one, two = draw_voices(dice)
    assert one.base != two.base
    conditions = draw_conditions(dice)
    assert conditions.rate_hz == 8_000
    assert 20 <= conditions.snr_db <= 35
    assert conditions.rt60_s is None


class FakeRecogniser:
    """Hears "Hello. there" in the first second and "Bye." in the third, of a call of 4 s."""

    round_size = 8

    def language_of(self, chunk: npt.NDArray[np.float32]) -> tuple[str, float]:
        """Never unsure."""
        return "en", 1.0

    def decode(
        self, chunks: Sequence[npt.NDArray[np.float32]], *, language: str, beam_size: int
    ) -> list[Decoded]:
        """The words, early as Whisper's are."""
        words = (("Hello", 0.3, 0.6), ("there.", 0.6, 1.2), ("Bye.", 2.3, 3.0))
        heard = tuple(
            Heard(text=text, start_s=start_s, end_s=end_s, probability=0.9)
            for text, start_s, end_s in words
        )
        whole = Decoded(
            words=heard,
            mean_log_probability=-0.1,
            no_speech_probability=0.0,
            compression_ratio=1.0,
        )
        return [whole for _ in chunks]

    def decode_carefully(
        self, chunks: Sequence[npt.NDArray[np.float32]], *, language: str
    ) -> list[Decoded]:
        """Not needed."""
        return [self.decode([chunk], language=language, beam_size=1)[0] for chunk in chunks]


def test_each_word_has_its_turn() -> None:
    """A turn in which nothing was said has no text, and its neighbours have their own words."""
    call = Call(
        samples=np.zeros(4 * SAMPLE_RATE_HZ, dtype=np.int16),
        texts=("Hello there.", "", "Bye."),
        speech={0: ((0.4, 1.3),), 2: ((2.4, 3.1),)},
    )
    assert hear(call, model=FakeRecogniser()) == ["Hello there.", "", "Bye."]


def test_lines_are_what_the_reader_reads(tmp_path: Path) -> None:
    """What is written here, `parley eval tactics --spoken` joins to the corpus again."""
    path, one = tmp_path / "spoken.jsonl", dialogue("hi\u2028👍", "ok")
    add_rows(path, rows_of(one, spoken=["Hi.", "Okay."], recognised=["High.", "Okay."]))
    ((clean, heard),) = as_heard(path, [one])
    assert clean == one
    assert [turn.text for turn in heard.turns] == ["High.", "Okay."]


def test_a_killed_run_goes_on_with_whole_dialogues(tmp_path: Path) -> None:
    """Half a dialogue, a torn line and a dialogue of a changed corpus are done again."""
    path = tmp_path / "spoken.jsonl"
    whole, half, other = (dialogue("hi", "ok", name=name) for name in ("1", "2", "3"))
    said = {"spoken": ["Hi.", "Okay."], "recognised": ["Hi.", "Okay."]}
    kept = rows_of(whole, **said)
    write_rows(path, [*kept, *rows_of(other, **said), rows_of(half, **said)[0]])
    with path.open("a") as file:
        file.write(json.dumps(rows_of(half, **said)[1])[:30])
    changed = dialogue("hi", "okay", name="3")
    assert kept_rows(path, [changed, half, whole]) == kept
    assert kept_rows(tmp_path / "none.jsonl", [whole]) == []


@pytest.mark.parametrize("line", ["[]", "1", '{"corpus": [], "dialogue": 1}', "\x00", "{}"])
def test_hostile_lines_are_done_again(line: str, tmp_path: Path) -> None:
    """They belong to no dialogue."""
    path = tmp_path / "spoken.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    assert kept_rows(path, [dialogue("hi")]) == []


def test_word_errors_over_all_turns_and_by_corpus() -> None:
    """One of three words wrong, one more out of nothing: 2/3. Numbers agree by value."""
    pytest.importorskip("jiwer", reason="jiwer is not here: pip install 'parley[eval]'")
    rows = rows_of(
        dialogue("10 water pls", "👍"),
        spoken=["Ten water please.", ""],
        recognised=["10 waters, please.", "You"],
    )
    found = word_errors(rows)
    assert list(found) == ["some", "all"]
    expected = {
        "dialogues": 1,
        "turns": 2,
        "words": 3,
        "word_error_rate": pytest.approx(2 / 3, abs=1e-4),
    }
    assert found["all"] == expected  # fmt: skip


def test_a_larger_sample_holds_the_smaller(tmp_path: Path) -> None:
    """So that a run can be extended without doing anything again."""
    annotated = [{"text": "hi", "labels": ["small-talk"]}]
    rows = [
        {"dialogue_id": n, "turns": [{"speaker": "A", "text": "hi"}], "annotated": annotated}
        for n in range(20)
    ]
    talks = [{"id": n, "turns": [{"role": "A", "text": "hi", "output": []}]} for n in range(9)]
    files = {"casino/valid": rows[:1], "casino/train": rows, "negochat/train": talks}
    for name, lines in files.items():
        path = tmp_path / f"{name}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    few = chosen(tmp_path, train=3, of_negochat=2)
    more = chosen(tmp_path, train=5, of_negochat=4)
    assert [one.part for one in few] == ["CaSiNo valid"] + ["NegoChat"] * 2 + ["CaSiNo train"] * 3
    assert [one for one in more if one in few] == few
    assert chosen(tmp_path, train=3, of_negochat=2) == few
