"""Load the network that scores turns for tactics: MiniLM's words, and layers tuned for tactics.

The table of word vectors and the tokenizer are MiniLM's own; the layers above, tuned by
scripts/train_tactics, come with the package as ONNX in int8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError
from pipeline.models.device import usable_cores

TOKENS, OTHER_TOKENS = 64, 32
"""How much of a turn, and of the other side's before it (its end), the network reads."""
_FIRST, _BETWEEN = 101, 102
"""MiniLM's marks at the start of a text, and after each part of it."""
_TABLE = "embeddings.word_embeddings.weight"

Floats = npt.NDArray[np.float32]
Scores = tuple[Floats, Sequence[Floats]]
Score = Callable[[Sequence[str], Sequence[str], Floats], Scores]
"""Texts, the other side's texts, facts (texts, features) -> scores (texts, tactics), and for each
text what each of its words added to them (words, tactics)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A turn as the network takes it: token ids, how many are its own, each own token's word."""

    ids: list[int]
    own: int
    words: list[int]


def load_turn_network(folder: Path, layers: bytes) -> Score:
    """The function that scores turns; `folder` holds MiniLM, `layers` are the tuned ones.

    It takes one text or more of any length, of which the first 64 tokens count. Raises
    ModelError when the folder does not hold these weights.
    """
    import onnxruntime
    import tokenizers
    from safetensors import safe_open

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # texts run side by side instead
    options.log_severity_level = 3
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        with safe_open(folder / "model.safetensors", framework="numpy") as tensors:
            table = tensors.get_tensor(_TABLE)
        session = onnxruntime.InferenceSession(layers, options, providers=["CPUExecutionProvider"])
    except Exception as err:
        raise ModelError(
            f"{folder}: not the text weights that tactics need; fetch them again with "
            '`parley models fetch`, or leave the classifier out with tactics.model = ""'
        ) from err
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return lambda texts, others, facts: _scored(
        _reads(texts, others, tokenizer),
        facts,
        table=table,
        session=session,
        workers=usable_cores(),
    )


def _reads(texts: Sequence[str], others: Sequence[str], tokenizer: Any) -> list[_Read]:
    """Each turn's tokens, then the end of the other side's."""
    said = list(dict.fromkeys([*texts, *others]))
    encoded = tokenizer.encode_batch([_plain(one) for one in said], add_special_tokens=False)
    tokens = dict(zip(said, encoded, strict=True))
    return [
        _read(text, tokens[text], tokens[other]) for text, other in zip(texts, others, strict=True)
    ]


def _read(text: str, encoded: Any, other: Any) -> _Read:
    own = encoded.ids[:TOKENS]
    before = other.ids[-OTHER_TOKENS:]
    ids = [_FIRST, *own, _BETWEEN, *([*before, _BETWEEN] if before else [])]
    blanks = list(accumulate(char == " " for char in text))
    words = [blanks[start] for start, _ in encoded.offsets[:TOKENS]]
    return _Read(ids=ids, own=len(own) + 2, words=words)


def _plain(text: str) -> str:
    """Text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _scored(
    reads: Sequence[_Read], facts: Floats, *, table: Floats, session: Any, workers: int
) -> Scores:
    """One text at a time, several at once.

    In int8 a batch shares one scale, so that a turn's scores would depend on its neighbours: a
    correction in one turn could change the tags of another.
    """

    def run(at: int) -> tuple[Floats, Floats]:
        scores, added = session.run(None, _inputs(reads[at], facts[at], table))
        return scores[0], _by_word(reads[at], added[0])

    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(run, range(len(reads))))
    return np.stack([scores for scores, _ in found]), [added for _, added in found]


def _inputs(read: _Read, facts: Floats, table: Floats) -> dict[str, npt.NDArray[Any]]:
    part = np.zeros((1, len(read.ids)), dtype=np.int64)
    part[0, read.own :] = 1
    return {
        "words": table[read.ids][None],
        "part": part,
        "mask": np.ones(part.shape, dtype=np.float32),
        "facts": facts[None],
    }


def _by_word(read: _Read, added: Floats) -> Floats:
    """What tokens added (tactics, tokens), summed by the words that they are pieces of."""
    own = added[:, 1 : 1 + len(read.words)].T
    starts = np.array(read.words, dtype=np.int64)
    by_word = np.zeros((int(starts.max(initial=-1)) + 1, added.shape[0]), dtype=np.float32)
    np.add.at(by_word, starts, own)
    return by_word
