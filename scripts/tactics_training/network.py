"""The network in torch: MiniLM's lower layers; for each tactic its own look at the turn's words.

A tactic's score is a bias, what the other side said, what the rules found, and the sum over the
turn's words of what each adds: how much the tactic looks at the word, times what the word says of
it. The sum is what a quote is chosen by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, POSITIONS = 384, 12, 104
_EPSILON = 1e-12
_LOOK = 0.5
_FAR = -1e4
_START_BIAS = -2.0
"""Most tactics are rare: the scores begin low."""


class Network(nn.Module):
    """MiniLM's first layers, tuned, under one look at the words for each output."""

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        *,
        outputs: int,
        facts: int,
        layers: Sequence[int],
        dropout: float,
        head_dropout: float,
    ) -> None:
        """`weights` are MiniLM's own, `facts` the width of what is known beside the words."""
        super().__init__()
        table = weights["embeddings.word_embeddings.weight"].float()
        types = weights["embeddings.token_type_embeddings.weight"].float()
        places = weights["embeddings.position_embeddings.weight"].float()[:POSITIONS]
        self.register_buffer("table", table, persistent=False)
        self.register_buffer("places", places)
        self.parts = nn.Parameter(types.clone())
        self.norm = _norm(weights, "embeddings.LayerNorm")
        self.layers = nn.ModuleList(
            _Layer(weights, f"encoder.layer.{layer}", dropout=dropout) for layer in layers
        )
        self.dropout = nn.Dropout(dropout)
        self.head_dropout = nn.Dropout(head_dropout)
        self.looks = nn.Parameter(torch.randn(outputs, WIDTH) * 0.02)
        self.says = nn.Parameter(torch.randn(outputs, WIDTH) * 0.02)
        self.whole = nn.Linear(2 * WIDTH + facts, outputs)
        nn.init.normal_(self.whole.weight, std=0.01)
        nn.init.constant_(self.whole.bias, _START_BIAS)

    def words(self, ids: Tensor) -> Tensor:
        """The vectors of token ids, which are MiniLM's and stay as they are."""
        return functional.embedding(ids, self.table)

    def forward(
        self, words: Tensor, part: Tensor, mask: Tensor, facts: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Scores (batch, outputs), and what each token added (batch, outputs, tokens)."""
        tokens = words.shape[1]
        hidden = self.dropout(self.norm(words + self.places[:tokens] + self.parts[part]))
        for layer in self.layers:
            hidden = layer(hidden, mask)
        own = mask * (part == 0)
        other = (mask * (part == 1))[..., None]
        heard = (hidden * other).sum(1) / other.sum(1).clamp(min=1)
        looked = torch.matmul(hidden, self.looks.T) * _LOOK + ((1 - own) * _FAR)[..., None]
        says = torch.matmul(self.head_dropout(hidden), self.says.T)
        added = (torch.softmax(looked, 1) * says).transpose(1, 2)
        beside = self.whole(self.head_dropout(torch.cat([hidden[:, 0], heard, facts], 1)))
        return added.sum(2) + beside, added


class _Layer(nn.Module):
    """A layer of BERT."""

    def __init__(self, weights: Mapping[str, Tensor], name: str, *, dropout: float) -> None:
        super().__init__()
        self.query = _linear(weights, f"{name}.attention.self.query")
        self.key = _linear(weights, f"{name}.attention.self.key")
        self.value = _linear(weights, f"{name}.attention.self.value")
        self.mixed = _linear(weights, f"{name}.attention.output.dense")
        self.mixed_norm = _norm(weights, f"{name}.attention.output.LayerNorm")
        self.wide = _linear(weights, f"{name}.intermediate.dense")
        self.narrow = _linear(weights, f"{name}.output.dense")
        self.narrow_norm = _norm(weights, f"{name}.output.LayerNorm")
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        batch, tokens, _ = hidden.shape
        size = WIDTH // HEADS

        def split(vectors: Tensor) -> Tensor:
            return vectors.reshape(batch, tokens, HEADS, size).transpose(1, 2)

        mixed = self._attended(
            split(self.query(hidden)), split(self.key(hidden)), split(self.value(hidden)), mask
        )
        mixed = self.dropout(self.mixed(mixed.transpose(1, 2).reshape(batch, tokens, WIDTH)))
        hidden = self.mixed_norm(hidden + mixed)
        wide = functional.gelu(self.wide(hidden))
        return self.narrow_norm(hidden + self.dropout(self.narrow(wide)))

    def _attended(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
        if self.training:  # one kernel in place of four; written out for ONNX below
            shown = mask[:, None, None, :].bool()
            lost = self.dropout.p
            return functional.scaled_dot_product_attention(
                query, key, value, attn_mask=shown, dropout_p=lost
            )
        near = torch.matmul(query, key.transpose(2, 3)) * query.shape[-1] ** -0.5
        return torch.matmul(torch.softmax(near + ((1 - mask) * _FAR)[:, None, None, :], -1), value)


def _linear(weights: Mapping[str, Tensor], name: str) -> nn.Linear:
    weight = weights[f"{name}.weight"].float()
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.data.copy_(weight)
    layer.bias.data.copy_(weights[f"{name}.bias"].float())
    return layer


def _norm(weights: Mapping[str, Tensor], name: str) -> nn.LayerNorm:
    layer = nn.LayerNorm(WIDTH, _EPSILON)
    layer.weight.data.copy_(weights[f"{name}.weight"].float())
    layer.bias.data.copy_(weights[f"{name}.bias"].float())
    return layer
