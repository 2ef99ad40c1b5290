"""How alike (cosine of CAM++ voices) clips of one person are, and of different people.

What the default of voices.threshold rests on. Needs the evaluation data (PARLEY_EVAL_DATA, or
../shared/data), the weights, and `flite` for the synthetic voices.

    python scripts/measure_voices.py
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.config import load_config
from pipeline.enrolment_clip import LEAST_SPEECH_S, decoded
from pipeline.models.activity import load_activity, track_speech
from pipeline.models.embedding import load_embedding
from pipeline.models.weights import locate
from pipeline.records import SAMPLE_RATE_HZ, Samples
from pipeline.stages.voices import (
    Floats,
    VoicesConfig,
    by_telephone,
    cosine,
    embeddings,
    mean_voice,
    windows_of,
)

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("PARLEY_EVAL_DATA") or ROOT.parent / "shared" / "data") / "audio"
SECONDS = 24
FLITE_VOICES = ("slt", "rms", "awb", "kal16")
SENTENCES = (
    "We could start on the first of March if the salary is right for both of us and the team, "
    "and if the office is not too far away from where my family and I are going to live.",
    "What matters most to you in this role, and how would you like to measure it each year? "
    "I would like to hear about the budget before we talk about anything else today.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A piece of one person's speech; `take` names its recording, `band` its sound."""

    person: str
    take: str
    band: str
    telephone: bool
    voice: Floats


def recordings(folder: Path) -> Iterator[tuple[str, Path]]:
    """Each person's recordings: six people read or talk, two more are on the telephone."""
    read = DATA / "read_speech"
    named = {
        "one man": ("mfa_read/acoustic_corpus.wav", "mfa_read/cold_corpus.wav"),
        "another woman": ("mfa_read/61-70968-0000.flac",),
        "a president": ("faster_whisper/jfk.flac",),
    }
    for person, names in named.items():
        yield from ((person, read / name) for name in names)
    yield from (("a reader", p) for p in sorted((read / "pocketsphinx_librivox").glob("*.wav")))
    for name in ("katie", "steve"):
        yield name, DATA / "conversations" / f"enrollment_audio_{name}.wav"
    for name in ("agent", "caller"):
        yield name, DATA / "auto_repair_40" / f"{name}.wav"
    for voice in FLITE_VOICES if shutil.which("flite") else ():
        for number, sentence in enumerate(SENTENCES):
            path = folder / f"{voice}-{number}.wav"
            subprocess.run(["flite", "-voice", voice, "-t", sentence, "-o", path], check=True)
            yield f"flite {voice}", path


def telephone(samples: Samples) -> Samples:
    """300 to 3400 Hz, with noise of the line at 20 dB and nothing above 4 kHz."""
    hertz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
    spectrum = np.fft.rfft(samples)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    narrow = np.fft.irfft(spectrum, len(samples))
    seed = int(np.abs(samples[:1000].astype(np.int64)).sum())
    noise = np.fft.rfft(np.random.default_rng(seed).normal(0, 1, len(samples)))
    noise[hertz > 4000] = 0
    line = np.fft.irfft(noise, len(samples))
    heard = narrow + 0.1 * narrow.std() * line / line.std()
    return heard.clip(-32768, 32767).astype(np.int16)


def clips(folder: Path) -> Iterator[Clip]:
    """Every recording in pieces of up to 24 s, as it is and as on the telephone."""
    activity, config = load_activity(), load_config()
    embed = load_embedding(locate("campplus"))
    for person, path in recordings(folder):
        samples = decoded(path, config=config).samples[0]
        half = min(SECONDS * SAMPLE_RATE_HZ, max(len(samples) // 2, 8 * SAMPLE_RATE_HZ))
        for number, first in enumerate(range(0, min(len(samples), 2 * half), half)):
            for band, change in (("as recorded", np.array), ("telephone", telephone)):
                piece = change(samples[first : first + half])
                spans = [(s.start_ms, s.end_ms) for s in track_speech(piece, activity)]
                speech_s = sum(end - start for start, end in spans) / 1000
                windows = windows_of(piece, spans)
                if windows and speech_s >= LEAST_SPEECH_S:
                    yield Clip(
                        person=person,
                        take=f"{path.name} {number}",
                        band=band,
                        telephone=by_telephone(windows),
                        voice=mean_voice(embeddings(windows, embed=embed)),
                    )


def kind(one: Clip, other: Clip) -> str:
    """What a pair of clips shows."""
    band = one.band if one.band == other.band else "mixed"
    if one.person != other.person:
        synthetic = one.person.startswith("flite") and other.person.startswith("flite")
        return f"different {'synthetic voices' if synthetic else 'people'}, {band}"
    same_file = one.take.rpartition(" ")[0] == other.take.rpartition(" ")[0]
    return f"same person, {'one recording' if same_file else 'two recordings'}, {band}"


def main() -> None:
    """Print the range of each kind of pair, and the share that would be called one person."""
    found: dict[str, list[tuple[float, bool]]] = {}
    config = VoicesConfig()
    with tempfile.TemporaryDirectory() as folder:
        pieces = list(clips(Path(folder)))
    print(f"{len(pieces)} pieces of {len({piece.person for piece in pieces})} voices\n")
    for one, other in itertools.combinations(pieces, 2):
        if one.take != other.take:
            both = one.telephone and other.telephone
            threshold = config.telephone_threshold if both else config.threshold
            likeness = cosine(one.voice, other.voice)
            found.setdefault(kind(one, other), []).append((likeness, likeness >= threshold))
    print("| two pieces | pairs | lowest | median | highest | named |\n|---|---|---|---|---|---|")
    for name, rows in sorted(found.items()):
        values, named = zip(*rows, strict=True)
        low, middle, high = np.min(values), np.median(values), np.max(values)
        share = f"{100 * np.mean(named):.0f} %"
        print(f"| {name} | {len(rows)} | {low:.2f} | {middle:.2f} | {high:.2f} | {share} |")


if __name__ == "__main__":
    main()
