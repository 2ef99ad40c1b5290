"""Speak scripts/demo_dialogue.toml as a telephone call and write down exactly what was said.

Needs Debian's `flite` package (libflite and its voices slt and rms) and this project's venv:
`.venv/bin/python scripts/make_demo_call.py [FOLDER]`. The same dialogue and the same versions
give the same bytes.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import json
import random
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]
Interval = tuple[float, float]

ROOT = Path(__file__).resolve().parent.parent
DIALOGUE = ROOT / "scripts" / "demo_dialogue.toml"
OUT = ROOT / "tests" / "data" / "demo_call"

SEED = 20
VOICE_RATE_HZ = 16_000
LINE_RATE_HZ = 8_000
LINE_BAND_HZ = (300.0, 3_400.0)
NOISE_DB = -61.0
SPEAKING_DB = -35.0
LEVEL_DB = {"Maria": -20.0, "Ben": -22.5}
EDGE_S = 0.5
GAP_RANGE_S = (0.2, 0.6)
SENTENCE_PAUSE_RANGE_S = (0.25, 0.4)
STRETCH_RANGE = (0.96, 1.06)
VOICE_STRETCH = {"slt": 0.97, "rms": 0.9}  # rms is the slower voice by itself
PITCH_RANGE = (0.93, 1.07)
BACKCHANNEL_DELAY_S = 0.08
SPEECH_SPLIT_S = 0.25
STEREO_BIT_RATE = 36_000
MONO_BIT_RATE = 24_000

# flite spells these out letter by letter; the sound is what counts, the reference keeps the word.
SAY_AS = {"mm-hmm": "umhum"}
PIECE = re.compile(r"\{(?P<pause>[\d.]+)\}|(?<=[.?!])\s+(?!\{)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word as written in the turn; times are seconds, of its piece and later of the call."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Spoken audio at VOICE_RATE_HZ with its words; time 0 is the first word's start.

    `lead_s` is how much of `samples` lies before time 0 (flite opens with a silence).
    """

    samples: Samples
    lead_s: float
    words: tuple[Word, ...]

    @property
    def end_s(self) -> float:
        """End of the last word in seconds."""
        return self.words[-1].end_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A turn or backchannel on the call's timeline, its sounds and words in call seconds."""

    speaker: str
    kind: str
    sounds: tuple[tuple[float, Sound], ...]
    source: dict[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> list[Word]:
        """The line's words in order, times in seconds of the call."""
        return [shift(word, start_s) for start_s, sound in self.sounds for word in sound.words]

    @property
    def text(self) -> str:
        """The line's words joined by blanks; quotes and offsets refer to this text."""
        return " ".join(word.text for word in self.words)

    @property
    def start_s(self) -> float:
        """Start of the first word in seconds of the call."""
        return self.words[0].start_s

    @property
    def end_s(self) -> float:
        """End of the last word in seconds of the call."""
        return self.words[-1].end_s


def shift(word: Word, by_s: float) -> Word:
    """The same word, that many seconds later."""
    return replace(word, start_s=word.start_s + by_s, end_s=word.end_s + by_s)


class _Voice(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("features", ctypes.c_void_p)]


class _Wave(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    ]


# The C functions used, as (result, arguments): ctypes would cut pointers to 32 bits.
SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "flite_synth_text": (ctypes.c_void_p, (ctypes.c_char_p, ctypes.POINTER(_Voice))),
    "feat_set_float": (None, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_float)),
    "utt_relation": (ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_char_p)),
    "relation_head": (ctypes.c_void_p, (ctypes.c_void_p,)),
    "item_next": (ctypes.c_void_p, (ctypes.c_void_p,)),
    "flite_ffeature_float": (ctypes.c_float, (ctypes.c_void_p, ctypes.c_char_p)),
    "utt_wave": (ctypes.POINTER(_Wave), (ctypes.c_void_p,)),
    "delete_utterance": (None, (ctypes.c_void_p,)),
}
# From a token of the text to the segment before its first and to its own last segment.
TOKEN_START = b"daughter1.R:SylStructure.daughter1.daughter1.R:Segment.p.end"
TOKEN_END = b"daughtern.R:SylStructure.daughtern.daughtern.R:Segment.end"


class Flite:
    """Debian's libflite: text in, audio and the synthesiser's own word times out."""

    def __init__(self, voices: Iterable[str]) -> None:
        """Load the library and register the voices, by flite's names ("slt")."""
        self._library = load_library("libflite.so.1")
        for name in ("usenglish", "cmulex"):
            load_library(f"libflite_{name}.so.1")
        for name, (result, arguments) in SIGNATURES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
        self._library.flite_init()
        self._voices = {name: register_voice(name) for name in voices}

    def speak(self, text: str, *, voice: str, stretch: float, pitch: float) -> Sound:
        """Speak one piece of text; `stretch` scales durations, `pitch` the fundamental."""
        loaded = self._voices[voice]
        features = loaded.contents.features
        self._library.feat_set_float(features, b"duration_stretch", stretch)
        self._library.feat_set_float(features, b"f0_shift", pitch)
        utterance = self._library.flite_synth_text(respell(text).encode(), loaded)
        times_s = list(self._token_times_s(utterance))
        samples = self._samples(utterance)
        self._library.delete_utterance(utterance)
        return sound_from(samples, texts=text.split(), times_s=times_s)

    def _token_times_s(self, utterance: int) -> Iterator[Interval]:
        """Start and end in seconds of each blank-separated token."""
        find = self._library.flite_ffeature_float
        token = self._library.relation_head(self._library.utt_relation(utterance, b"Token"))
        while token:
            yield find(token, TOKEN_START), find(token, TOKEN_END)
            token = self._library.item_next(token)

    def _samples(self, utterance: int) -> Samples:
        """The utterance's audio as floats in [-1, 1]."""
        wave = self._library.utt_wave(utterance).contents
        if (wave.sample_rate, wave.num_channels) != (VOICE_RATE_HZ, 1):
            raise ValueError(f"expected {VOICE_RATE_HZ} Hz mono, flite gave {wave.sample_rate}")
        return np.ctypeslib.as_array(wave.samples, (wave.num_samples,)).astype(np.float64) / 32768


def load_library(name: str) -> ctypes.CDLL:
    """Load a flite library so that the next ones find its symbols."""
    try:
        return ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
    except OSError as err:
        raise SystemExit(f"{name} not found: install Debian's package flite") from err


def register_voice(name: str) -> Any:
    """A pointer to flite's voice of that name."""
    register = getattr(load_library(f"libflite_cmu_us_{name}.so.1"), f"register_cmu_us_{name}")
    register.restype, register.argtypes = ctypes.POINTER(_Voice), (ctypes.c_char_p,)
    return register(None)


def respell(text: str) -> str:
    """The text with the words flite cannot say replaced by ones that sound right."""
    for word, sound in SAY_AS.items():
        text = re.sub(rf"\b{word}\b", sound, text)
    return text


def sound_from(samples: Samples, *, texts: list[str], times_s: list[Interval]) -> Sound:
    """Pair the written words with flite's times and move time 0 to the first word."""
    lead_s = times_s[0][0]
    words = tuple(
        Word(text=text, start_s=start_s - lead_s, end_s=end_s - lead_s)
        for text, (start_s, end_s) in zip(texts, times_s, strict=True)
    )
    return Sound(samples=samples, lead_s=lead_s, words=words)


def split_pieces(text: str, *, dice: random.Random) -> list[tuple[float, str]]:
    """Cut a turn at its {pauses} and sentence ends: (pause before in seconds, text)."""
    pieces, pause_s, start = [], 0.0, 0
    for cut in PIECE.finditer(text):
        pieces.append((pause_s, text[start : cut.start()].strip()))
        pause_s = float(cut["pause"] or dice.uniform(*SENTENCE_PAUSE_RANGE_S))
        start = cut.end()
    return [*pieces, (pause_s, text[start:].strip())]


def speak_line(
    flite: Flite, source: dict[str, Any], *, voices: dict[str, str], kind: str, key: str
) -> Line:
    """Speak a turn at time 0. `key` seeds its pauses, rate and pitch, so an edit stays local."""
    dice, voice = random.Random(f"{SEED} {key}"), voices[source["speaker"]]
    stretch = dice.uniform(*STRETCH_RANGE) * VOICE_STRETCH[voice]
    pitch, sounds, now_s = dice.uniform(*PITCH_RANGE), [], 0.0
    for pause_s, text in split_pieces(source["text"], dice=dice):
        sound = flite.speak(text, voice=voice, stretch=stretch, pitch=pitch)
        sounds.append((now_s + pause_s, sound))
        now_s += pause_s + sound.end_s
    return Line(speaker=source["speaker"], kind=kind, sounds=tuple(sounds), source=source)


def move(line: Line, *, start_s: float) -> Line:
    """The line, moved so that its first word starts then (seconds of the call)."""
    by_s = start_s - line.start_s
    return replace(line, sounds=tuple((at_s + by_s, sound) for at_s, sound in line.sounds))


def backchannel_start_s(line: Line, *, after: str) -> float:
    """When the listener answers the words `after` of a placed line, in seconds of the call."""
    before, found, _ = line.text.partition(after)
    if not found:
        raise ValueError(f"no {after!r} in {line.text!r}")
    return line.words[len((before + found).split()) - 1].end_s + BACKCHANNEL_DELAY_S


def speak_replies(
    flite: Flite, turn: Line, *, voices: dict[str, str], number: int
) -> Iterator[Line]:
    """The other side's backchannels during a placed turn; `number` is the turn's in the source."""
    other = dict(itertools.permutations(voices, 2))
    for reply in turn.source.get("backchannels", ()):
        said = {"speaker": other[turn.speaker], "text": reply["text"]}
        key = f"backchannel {number} {reply['text']}"
        line = speak_line(flite, said, voices=voices, kind="backchannel", key=key)
        yield move(line, start_s=backchannel_start_s(turn, after=reply["after"]))


def place_lines(flite: Flite, dialogue: dict[str, Any]) -> list[Line]:
    """Every turn and backchannel on the call's timeline, sorted by start."""
    voices = {speaker["name"]: speaker["voice"] for speaker in dialogue["call"]["speakers"]}
    lines: list[Line] = []
    now_s = EDGE_S
    for number, source in enumerate(dialogue["turn"]):
        drawn_s = random.Random(f"{SEED} gap {number}").uniform(*GAP_RANGE_S)
        gap_s = source.get("gap_s", drawn_s) if lines else 0.0
        turn = speak_line(flite, source, voices=voices, kind="turn", key=f"turn {number}")
        turn = move(turn, start_s=now_s + gap_s)
        lines += [turn, *speak_replies(flite, turn, voices=voices, number=number)]
        now_s = turn.end_s
    return sorted(lines, key=lambda line: line.start_s)


def render_channel(lines: Iterable[Line], *, length: int) -> Samples:
    """One speaker's lines laid onto a silent channel of `length` samples at VOICE_RATE_HZ."""
    channel = np.zeros(length)
    for line in lines:
        for at_s, sound in line.sounds:
            start = round((at_s - sound.lead_s) * VOICE_RATE_HZ)
            channel[start : start + len(sound.samples)] += sound.samples
    return channel


def limit_to_line(samples: Samples) -> Samples:
    """Band-limit to a telephone line and drop to LINE_RATE_HZ, without moving anything in time."""
    spectrum = np.fft.rfft(samples)
    frequency_hz = np.fft.rfftfreq(len(samples), 1 / VOICE_RATE_HZ)
    low_hz, high_hz = LINE_BAND_HZ
    gain = np.clip((frequency_hz - low_hz + 100) / 100, 0, 1)
    gain *= np.clip((high_hz + 200 - frequency_hz) / 200, 0, 1)
    step = VOICE_RATE_HZ // LINE_RATE_HZ
    limited: Samples = np.fft.irfft(spectrum * gain, len(samples))
    return limited[::step]


def decibels(value_db: float) -> float:
    """The amplitude factor of a level in dB."""
    return float(10 ** (value_db / 20))


def add_line(samples: Samples, *, level_db: float, seed: int) -> Samples:
    """Bring a voice to its level (RMS where it speaks) and add the line's own steady noise."""
    noise = np.random.default_rng(seed).standard_normal(len(samples)) * decibels(NOISE_DB)
    speaking = np.abs(samples) > np.abs(samples).max() * decibels(SPEAKING_DB)
    return samples / np.std(samples[speaking]) * decibels(level_db) + noise


def render_call(lines: list[Line], *, names: list[str], duration_s: float) -> Samples:
    """The call as a line carries it: shape (channels, samples) at LINE_RATE_HZ, in [-1, 1]."""
    length = round(duration_s * VOICE_RATE_HZ)
    voices = [[line for line in lines if line.speaker == name] for name in names]
    return np.stack(
        [
            add_line(
                limit_to_line(render_channel(own, length=length)),
                level_db=LEVEL_DB[name],
                seed=SEED + index,
            )
            for index, (name, own) in enumerate(zip(names, voices, strict=True))
        ]
    )


def write_opus(path: Path, samples: Samples, *, bit_rate: int) -> None:
    """Write (channels, samples) at LINE_RATE_HZ as Ogg Opus; `bit_rate` in bits per second."""
    pcm = np.clip(np.rint(samples * 32767), -32768, 32767).astype(np.int16)
    layout = "stereo" if len(pcm) > 1 else "mono"
    # Without bitexact every Ogg file gets a random serial number.
    flags = {"fflags": "bitexact"}
    with av.open(str(path), "w", format="ogg", container_options=flags) as out:
        stream = out.add_stream("libopus", rate=LINE_RATE_HZ, options={"application": "voip"})
        stream.layout, stream.bit_rate = layout, bit_rate
        frame = av.AudioFrame.from_ndarray(pcm.T.reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate = LINE_RATE_HZ
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def merge_words(words: Iterable[Word]) -> list[Interval]:
    """Speech intervals in seconds: words joined across pauses shorter than SPEECH_SPLIT_S."""
    merged: list[Interval] = []
    for word in sorted(words, key=lambda word: word.start_s):
        if merged and word.start_s - merged[-1][1] < SPEECH_SPLIT_S:
            merged[-1] = (merged[-1][0], max(merged[-1][1], word.end_s))
        else:
            merged.append((word.start_s, word.end_s))
    return merged


def seconds(value_s: float) -> float:
    """Seconds to the millisecond, as the reference writes them."""
    return round(value_s, 3)


def word_rows(lines: list[Line]) -> list[dict[str, Any]]:
    """Every word of the call, sorted by start."""
    rows = [
        {
            "text": word.text,
            "start_s": seconds(word.start_s),
            "end_s": seconds(word.end_s),
            "speaker": line.speaker,
            "turn": index,
        }
        for index, line in enumerate(lines)
        for word in line.words
    ]
    return sorted(rows, key=lambda row: (row["start_s"], row["turn"]))


def turn_rows(lines: list[Line]) -> list[dict[str, Any]]:
    """Every turn and backchannel, sorted by start."""
    return [
        {
            "index": index,
            "speaker": line.speaker,
            "start_s": seconds(line.start_s),
            "end_s": seconds(line.end_s),
            "text": line.text,
            "kind": line.kind,
        }
        for index, line in enumerate(lines)
    ]


def locate(text: str, quote: str) -> dict[str, Any]:
    """A quote and its offsets in the turn's text. Raises ValueError unless it occurs once."""
    if text.count(quote) != 1:
        raise ValueError(f"{quote!r} occurs {text.count(quote)} times in {text!r}")
    start = text.index(quote)
    return {"quote": quote, "start_char": start, "end_char": start + len(quote)}


def tactic_rows(lines: list[Line]) -> list[dict[str, Any]]:
    """Every gold tag; a backchannel is its own tag."""
    return [
        {"turn": index, "speaker": line.speaker, "tactic": tactic, **locate(line.text, quote)}
        for index, line in enumerate(lines)
        for tactic, quote in (
            [("backchannel", line.text)]
            if line.kind == "backchannel"
            else line.source.get("tactics", ())
        )
    ]


def offer_rows(lines: list[Line]) -> list[dict[str, Any]]:
    """The gold offer ledger in the order of the call."""
    return [
        {
            "turn": index,
            "speaker": line.speaker,
            "issue": offer["issue"],
            "value": offer.get("value"),
            "unit": offer["unit"],
            "text": offer["text"],
            "start_char": locate(line.text, offer["text"])["start_char"],
            "end_char": locate(line.text, offer["text"])["end_char"],
            "kind": offer["kind"],
        }
        for index, line in enumerate(lines)
        for offer in line.source.get("offers", ())
    ]


def number_rows(lines: list[Line]) -> list[dict[str, Any]]:
    """The planted numbers: as spoken, and as a recogniser may write them."""
    return [
        {"turn": index, "speaker": line.speaker, "spoken": spoken, "written": written}
        for index, line in enumerate(lines)
        for spoken, *written in line.source.get("numbers", ())
    ]


def speaker_row(
    speaker: dict[str, Any], *, lines: list[Line], talk_times_s: dict[str, float]
) -> dict[str, Any]:
    """One speaker's gold figures, defined as the project's metrics define them."""
    name = speaker["name"]
    tags = [row["tactic"] for row in tactic_rows(lines) if row["speaker"] == name]
    own = [line for line in lines if line.speaker == name]
    opened, closed = tags.count("open_question"), tags.count("closed_question")
    return {
        **speaker,
        "talk_time_s": seconds(talk_times_s[name]),
        "talk_ratio": round(talk_times_s[name] / sum(talk_times_s.values()), 4),
        "word_count": sum(len(line.words) for line in own),
        "turn_count": sum(line.kind == "turn" for line in own),
        "backchannel_count": sum(line.kind == "backchannel" for line in own),
        "question_count": opened + closed,
        "open_question_count": opened,
        "closed_question_count": closed,
    }


def moment_rows(lines: list[Line], *, planted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The planted moments, each with the one turn of all that holds its quote."""
    return [
        {"turn": index, "speaker": moment["for"], "kind": moment["kind"], "what": moment["what"]}
        | locate(line.text, moment["quote"])
        for moment in planted
        for index, line in enumerate(lines)
        if moment["quote"] in line.text
    ]


def build_reference(
    lines: list[Line],
    *,
    call: dict[str, Any],
    planted: list[dict[str, Any]],
    duration_s: float,
) -> dict[str, Any]:
    """Everything the call is known to hold; times in seconds to the millisecond."""
    names = [speaker["name"] for speaker in call["speakers"]]
    speech = {
        name: merge_words(word for line in lines if line.speaker == name for word in line.words)
        for name in names
    }
    talk_times_s = {name: sum(end - start for start, end in speech[name]) for name in names}
    return {
        "title": call["title"],
        "duration_s": seconds(duration_s),
        "speech_split_s": SPEECH_SPLIT_S,
        "speakers": [
            speaker_row(speaker, lines=lines, talk_times_s=talk_times_s)
            for speaker in call["speakers"]
        ],
        "speech": {
            name: [{"start_s": seconds(start), "end_s": seconds(end)} for start, end in intervals]
            for name, intervals in speech.items()
        },
        "turns": turn_rows(lines),
        "words": word_rows(lines),
        "tactics": tactic_rows(lines),
        "offers": offer_rows(lines),
        "numbers": number_rows(lines),
        "moments": moment_rows(lines, planted=planted),
    }


def write_json(path: Path, reference: dict[str, Any]) -> None:
    """Write the reference with one row a line, so that a diff shows what changed."""
    text = json.dumps(reference, ensure_ascii=False, indent=1)
    flat = re.sub(r"\n {3,}", " ", text)
    path.write_text(re.sub(r"\n  ([}\]])", r" \1", flat) + "\n", encoding="utf-8")


def main() -> None:
    """Write the stereo file, the mono file and the reference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, nargs="?", default=OUT)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    dialogue = tomllib.loads(DIALOGUE.read_text(encoding="utf-8"))
    call = dialogue["call"]
    lines = place_lines(Flite(speaker["voice"] for speaker in call["speakers"]), dialogue)
    duration_s = round(lines[-1].end_s + EDGE_S, 1)
    names = [speaker["name"] for speaker in call["speakers"]]
    stereo = render_call(lines, names=names, duration_s=duration_s)
    mono = stereo.mean(axis=0, keepdims=True)
    write_opus(folder / "demo_call_stereo.ogg", stereo, bit_rate=STEREO_BIT_RATE)
    write_opus(folder / "demo_call_mono.ogg", mono, bit_rate=MONO_BIT_RATE)
    reference = build_reference(lines, call=call, planted=dialogue["moment"], duration_s=duration_s)
    write_json(folder / "reference.json", reference)


if __name__ == "__main__":
    main()
