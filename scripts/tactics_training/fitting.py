"""Tune networks: on labels, and on what a group of them thinks where nobody labelled.

Needs torch, tokenizers and safetensors alone, so that it runs where the graphics card is.
"""

from __future__ import annotations

import gzip
import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from .network import Network

Floats = npt.NDArray[np.float32]
Row = dict[str, Any]
"""An example as examples.write_examples wrote it."""

NON_STRATEGIC = "non_strategic"
TOKENS, OTHER_TOKENS = 64, 32
"""As in pipeline/models/turn_network.py."""
_FIRST, _BETWEEN = 101, 102
_AUXILIARY_WEIGHT = 0.3
_SMOOTH = 0.02
_TAUGHT_WEIGHT = 0.5
"""How much a teacher's opinion counts where there is no label; with a label it is half of it."""
_BUCKET = 12
_USUAL_LABELS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a network is tuned; chosen by cross-validation, see reports/tactics-training.md."""

    layers: tuple[int, ...] = (0, 1, 2, 3, 4)
    epochs: int = 8
    rate: float = 4e-4
    head_rate: float = 1e-3
    decay_by_layer: float = 0.9
    batch: int = 128
    dropout: float = 0.1
    head_dropout: float = 0.2
    weight_decay: float = 0.02
    warm_up: float = 0.1
    without_other: float = 0.1
    without_facts: float = 0.15
    without_word: float = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The examples, the order of the outputs, and MiniLM."""

    rows: list[Row]
    outputs: tuple[str, ...]
    tokens: list[tuple[list[int], list[int]]]
    weights: dict[str, Tensor]

    @property
    def labels(self) -> tuple[str, ...]:
        """The outputs that are tactics, without the auxiliary acts."""
        return tuple(one for one in self.outputs if ": " not in one)


def read_task(examples: Path, encoder: Path) -> Task:
    """Examples with their tokens; `encoder` is the folder of MiniLM."""
    with gzip.open(examples, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    labels = sorted({label for row in rows for label in row["labels"]})
    acts = sorted({row["auxiliary"] for row in rows} - {""})
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    texts = sorted({row[key] for row in rows for key in ("text", "other")})
    ids = dict(
        zip(
            texts,
            [one.ids for one in tokenizer.encode_batch(texts, add_special_tokens=False)],
            strict=True,
        )
    )
    return Task(
        rows=rows,
        outputs=(*labels, *acts),
        tokens=[(ids[row["text"]][:TOKENS], ids[row["other"]][-OTHER_TOKENS:]) for row in rows],
        weights=load_file(encoder / "model.safetensors"),
    )


def tuned(
    task: Task,
    chosen: Sequence[int],
    *,
    recipe: Recipe,
    seed: int,
    device: str,
    taught: Floats | None = None,
) -> Network:
    """A network tuned on the chosen rows; `taught` (rows, outputs) are teachers' probabilities."""
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)
    network = Network(
        task.weights,
        outputs=len(task.outputs),
        facts=len(task.rows[0]["facts"]),
        layers=recipe.layers,
        dropout=recipe.dropout,
        head_dropout=recipe.head_dropout,
    ).to(device)
    optimiser = torch.optim.AdamW(_groups(network, recipe), weight_decay=recipe.weight_decay)
    truths, weights = _targets(task, chosen, taught)
    truth, weight = torch.from_numpy(truths).to(device), torch.from_numpy(weights).to(device)
    steps = recipe.epochs * (math.ceil(len(chosen) / recipe.batch) + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min(1.0, step / (recipe.warm_up * steps)) * max(0.02, 1 - step / steps),
    )
    network.train()
    for _ in range(recipe.epochs):
        for places in _batches(task, chosen, size=recipe.batch, shuffled=True):
            given = _inputs(network, task, [chosen[at] for at in places], device, recipe)
            with torch.autocast("cuda", torch.bfloat16, enabled=device == "cuda"):
                scores, _ = network(*given)
            at = torch.tensor(places, device=device)
            losses = functional.binary_cross_entropy_with_logits(
                scores.float(), truth[at], reduction="none"
            )
            optimiser.zero_grad(set_to_none=True)
            ((losses * weight[at]).sum() / (len(places) * _USUAL_LABELS)).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    return network.eval()


@torch.no_grad()
def scores_of(network: Network, task: Task, chosen: Sequence[int], *, device: str) -> Floats:
    """(chosen, outputs): the scores of a tuned network."""
    found = np.zeros((len(chosen), len(task.outputs)), dtype=np.float32)
    for places in _batches(task, chosen, size=256, shuffled=False):
        given = _inputs(network, task, [chosen[at] for at in places], device, None)
        with torch.autocast("cuda", torch.bfloat16, enabled=device == "cuda"):
            scores, _ = network(*given)
        found[places] = scores.float().cpu().numpy()
    return found


def _groups(network: Network, recipe: Recipe) -> list[dict[str, Any]]:
    """The parameters with their rates: the lower a layer, the less it is changed."""
    count = len(network.layers)
    groups = [
        {
            "params": list(layer.parameters()),
            "lr": recipe.rate * recipe.decay_by_layer ** (count - 1 - at),
        }
        for at, layer in enumerate(network.layers)
    ]
    lowest = [network.parts, *network.norm.parameters()]
    groups.append({"params": lowest, "lr": recipe.rate * recipe.decay_by_layer**count})
    head = [network.looks, network.says, *network.whole.parameters()]
    return [*groups, {"params": head, "lr": recipe.head_rate}]


def _targets(task: Task, chosen: Sequence[int], taught: Floats | None) -> tuple[Floats, Floats]:
    """What is to be said of each chosen row, and how much each saying counts."""
    column = {name: at for at, name in enumerate(task.outputs)}
    truth = np.zeros((len(chosen), len(column)), dtype=np.float32)
    weight = np.zeros_like(truth)
    for at, place in enumerate(chosen):
        row = task.rows[place]
        for label, present in row["labels"].items():
            truth[at, column[label]], weight[at, column[label]] = present, 1.0
        if row["auxiliary"]:
            side = row["auxiliary"].partition(": ")[0] + ": "
            for name in task.outputs:
                if name.startswith(side):
                    weight[at, column[name]] = _AUXILIARY_WEIGHT
            truth[at, column[row["auxiliary"]]] = 1.0
    truth = truth * (1 - 2 * _SMOOTH) + _SMOOTH
    if taught is not None:
        labels = len(task.labels)
        known, said = weight[:, :labels] > 0, taught[:, :labels]
        truth[:, :labels] = np.where(known, (truth[:, :labels] + said) / 2, said)
        weight[:, :labels] = np.where(known, 1.0, _TAUGHT_WEIGHT)
    return truth, weight


def _batches(
    task: Task, chosen: Sequence[int], *, size: int, shuffled: bool
) -> Iterator[list[int]]:
    """Places in `chosen`, like lengths together."""

    def length(at: int) -> int:
        return sum(map(len, task.tokens[chosen[at]]))

    order = list(range(len(chosen)))
    if not shuffled:
        order.sort(key=length)
        yield from (order[at : at + size] for at in range(0, len(order), size))
        return
    random.shuffle(order)
    runs = [
        sorted(order[at : at + size * _BUCKET], key=length)
        for at in range(0, len(order), size * _BUCKET)
    ]
    batches = [run[at : at + size] for run in runs for at in range(0, len(run), size)]
    random.shuffle(batches)
    yield from batches


def _inputs(
    network: Network, task: Task, rows: Sequence[int], device: str, recipe: Recipe | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What the network takes of some rows; with a recipe, now and then without its context."""
    said = [_parts(task.tokens[row], recipe) for row in rows]
    longest = (max(len(own) + len(other) for own, other in said) + 7) // 8 * 8
    ids = np.zeros((len(rows), longest), dtype=np.int64)
    part, mask = np.zeros_like(ids), np.zeros(ids.shape, dtype=np.float32)
    for at, (own, other) in enumerate(said):
        whole = len(own) + len(other)
        ids[at, :whole] = own + other
        part[at, len(own) : whole] = 1
        mask[at, :whole] = 1
    facts = np.array([task.rows[row]["facts"] for row in rows], dtype=np.float32)
    if recipe:
        facts *= np.random.rand(len(rows), 1).astype(np.float32) >= recipe.without_facts
    given = [torch.from_numpy(one).to(device) for one in (ids, part, mask, facts)]
    return network.words(given[0]), given[1], given[2], given[3]


def _parts(
    tokens: tuple[list[int], list[int]], recipe: Recipe | None
) -> tuple[list[int], list[int]]:
    own, other = tokens
    if recipe and len(own) > 3:  # a recogniser loses words
        own = [one for one in own if random.random() >= recipe.without_word]
    if not other or (recipe and random.random() < recipe.without_other):
        return [_FIRST, *own, _BETWEEN], []
    return [_FIRST, *own, _BETWEEN], [*other, _BETWEEN]
