"""Negotiation dialogues from the corpora, made speakable and livelier: who says what, in order."""

from __future__ import annotations

import collections
import functools
import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eval_calls.wording import Sentence, split_sentences, tidy_sentence

SPLIT_SEED = 20
FAMILIAR_DIALOGUES = 5
LONGEST_SENTENCE_WORDS = 28
FEWEST_TURNS = 6
NEGOCHAT_SHARE = 0.35
FILLER_SHARE = 0.2
SHORT_REPLY_SHARE = 0.35
SHORT_REPLY_WORDS = 3
JOINTS = frozenset({"and", "but", "for", "so", "to"})
FILLERS = ("um,", "uh,", "you know,")
SHORT_REPLIES = ("That's right.", "No.", "Yes.", "Not really.", "Exactly.", "Okay.", "I see.")
FILLER = re.compile(r"\b(?:um|uh|you know)\b(?=,)", re.IGNORECASE)
TURN_LIMIT_SENTENCES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one side says before the other does; `speaker` is 0 or 1."""

    speaker: int
    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        """The sentences as one text."""
        return " ".join(sentence.text for sentence in self.sentences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """One negotiation."""

    name: str
    turns: tuple[Turn, ...]


def read_dialogues(corpora: Path, *, part: str) -> list[Dialogue]:
    """The speakable dialogues of the "test" or "dev" half, in a fixed random order."""
    found = clean_corpora(corpora)
    half = found[0::2] if part == "test" else found[1::2]
    return [dialogue for dialogue in half if len(dialogue.turns) >= FEWEST_TURNS]


@functools.cache
def clean_corpora(corpora: Path) -> tuple[Dialogue, ...]:
    """Every dialogue with what can be spoken of it, in a fixed random order."""
    raw = {**read_casino(corpora), **read_negochat(corpora)}
    familiar = familiar_words(raw.values())
    names = sorted(raw)
    random.Random(SPLIT_SEED).shuffle(names)
    return tuple(clean_dialogue(name, raw[name], familiar=familiar) for name in names)


def read_casino(corpora: Path) -> dict[str, list[tuple[int, str]]]:
    """CaSiNo's typed turns by dialogue, without the deals submitted by button."""
    rows = [row for name in ("train", "valid") for row in rows_of(corpora / "casino", name)]
    return {
        f"casino-{row['dialogue_id']}": [
            (int(turn["speaker"][-1]) - 1, turn["text"])
            for turn in row["turns"]
            if turn["deal"] is None and "-Deal" not in turn["text"]
        ]
        for row in rows
    }


def read_negochat(corpora: Path) -> dict[str, list[tuple[int, str]]]:
    """NegoChat's typed turns by dialogue."""
    return {
        f"negochat-{row['id']}": [
            (int(turn["role"] == "Employer"), turn["text"]) for turn in row["turns"]
        ]
        for row in rows_of(corpora / "negochat", "train")
    }


def rows_of(folder: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a corpus file. Raises SystemExit where it is missing."""
    path = folder / f"{name}.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as err:
        raise SystemExit(f"{path} cannot be read: give the evaluation data by --data") from err
    return [json.loads(line) for line in lines]


def familiar_words(dialogues: Iterable[list[tuple[int, str]]]) -> frozenset[str]:
    """Words that several dialogues use: what is left out is mostly typing errors."""
    counts = collections.Counter(
        word
        for turns in dialogues
        for word in {
            word
            for _, text in turns
            for sentence in split_sentences(text)
            for word in words_of(sentence)
        }
    )
    return frozenset(word for word, count in counts.items() if count >= FAMILIAR_DIALOGUES)


def words_of(text: str) -> list[str]:
    """The words in lower case without marks."""
    return re.findall(r"[a-z']+", text.lower())


def clean_dialogue(
    name: str, typed: list[tuple[int, str]], *, familiar: frozenset[str]
) -> Dialogue:
    """The dialogue with what cannot be spoken left out and turns of one side joined."""
    said: list[Turn] = []
    for speaker, text in typed:
        sentences = tuple(speakable(text, familiar=familiar))
        heard = {sentence.text for turn in said for sentence in turn.sentences}
        new = tuple(sentence for sentence in sentences if sentence.text not in heard)
        if not new:
            continue
        if said and said[-1].speaker == speaker:
            said[-1] = replace(said[-1], sentences=said[-1].sentences + new)
        else:
            said.append(Turn(speaker=speaker, sentences=new))
    return Dialogue(name=name, turns=tuple(shorten(turn) for turn in said))


def shorten(turn: Turn) -> Turn:
    """The turn without its end, if it is longer than people let each other speak."""
    return replace(turn, sentences=turn.sentences[:TURN_LIMIT_SENTENCES])


def speakable(text: str, *, familiar: frozenset[str]) -> Iterator[Sentence]:
    """The sentences of a typed turn that can be spoken, without repeats in a row."""
    for typed in split_sentences(text):
        sentence = tidy_sentence(typed)
        if sentence is None or len(sentence.text.split()) > LONGEST_SENTENCE_WORDS:
            continue
        numbers = set(words_of(" ".join(number.spoken for number in sentence.numbers)))
        if set(words_of(sentence.text)) - numbers <= familiar:
            yield sentence


def enliven(turns: Iterable[Turn], *, dice: random.Random) -> Iterator[Turn]:
    """The turns with fillers, and with short replies between the sentences of long ones."""
    for turn in turns:
        sentences = tuple(hesitate(sentence, dice=dice) for sentence in turn.sentences)
        if len(sentences) > 1 and dice.random() < SHORT_REPLY_SHARE:
            cut = dice.randrange(1, len(sentences))
            reply = Sentence(text=dice.choice(SHORT_REPLIES))
            yield replace(turn, sentences=sentences[:cut])
            yield Turn(speaker=1 - turn.speaker, sentences=(reply,))
            yield replace(turn, sentences=sentences[cut:])
        else:
            yield replace(turn, sentences=sentences)


def hesitate(sentence: Sentence, *, dice: random.Random) -> Sentence:
    """The sentence, in some cases with a filler before it or in the middle of it."""
    words = sentence.text.split()
    if len(words) <= SHORT_REPLY_WORDS or dice.random() >= FILLER_SHARE:
        return sentence
    filler = dice.choice(FILLERS)
    places = [at for at, word in enumerate(words) if at and word in JOINTS]
    if places and dice.random() < 0.5:
        at = dice.choice(places)
        words = [*words[: at - 1], f"{words[at - 1].rstrip(',')},", filler, *words[at:]]
    else:
        first = words[0] if words[0].startswith("I") else words[0].lower()
        words = [filler.capitalize(), first, *words[1:]]
    return replace(sentence, text=" ".join(words))
