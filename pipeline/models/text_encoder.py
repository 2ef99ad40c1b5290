"""Load the text encoder, and turn texts into vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError
from pipeline.models.device import usable_cores

Vectors = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]
"""Texts -> (texts, 768): the mean over the tokens and the maximum, each of length 1."""

WIDTH = 768
MAX_TOKENS = 96
_TOKENS_AT_ONCE = 2048


def load_text_encoder(folder: Path) -> Encode:
    """Load MiniLM (int8, ONNX) and its tokenizer from their folder.

    The function takes texts of any length, of which the first 96 tokens count; an empty text
    gives zeros. Raises ModelError when the folder does not hold these weights.
    """
    import onnxruntime
    import tokenizers

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = usable_cores()
    options.log_severity_level = 3
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
    except Exception as err:
        raise ModelError(f"{folder}: not a text encoder that can be loaded") from err
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return lambda texts: _encoded(texts, tokenizer, session)


def _encoded(texts: Sequence[str], tokenizer: Any, session: Any) -> Vectors:
    found = np.zeros((len(texts), WIDTH), dtype=np.float32)
    ids = [encoding.ids for encoding in tokenizer.encode_batch([_plain(text) for text in texts])]
    # like lengths together, so that little is padded
    order = [
        at for at in sorted(range(len(texts)), key=lambda at: len(ids[at])) if texts[at].strip()
    ]
    for batch in _batches(order, [len(one) for one in ids]):
        found[batch] = _pooled([ids[at] for at in batch], session)
    return found


def _plain(text: str) -> str:
    """Text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _batches(order: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
    batches: list[list[int]] = []
    for at in order:
        full = not batches or (len(batches[-1]) + 1) * lengths[at] > _TOKENS_AT_ONCE
        if full:
            batches.append([at])
        else:
            batches[-1].append(at)
    return batches


def _pooled(ids: Sequence[Sequence[int]], session: Any) -> Vectors:
    longest = max(map(len, ids))
    tokens = np.zeros((len(ids), longest), dtype=np.int64)
    mask = np.zeros_like(tokens)
    for row, own in enumerate(ids):
        tokens[row, : len(own)] = own
        mask[row, : len(own)] = 1
    given = {
        "input_ids": tokens,
        "attention_mask": mask,
        "token_type_ids": np.zeros_like(tokens),
    }
    (hidden,) = session.run(None, given)
    shown = mask[:, :, None].astype(np.float32)
    mean = (hidden * shown).sum(axis=1) / shown.sum(axis=1)
    most = np.where(shown > 0, hidden, -np.inf).max(axis=1)
    return np.concatenate([_unit(mean), _unit(most)], axis=1)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.maximum(lengths, 1e-6)).astype(np.float32)
    return scaled
