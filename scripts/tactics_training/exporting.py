"""Write a tuned network's layers as ONNX, its matrices in int8."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch

from .network import WIDTH, Network

_OPSET = 17


def write_layers(network: Network, labels: Sequence[str], path: Path) -> None:
    """The network without its table of words and its auxiliary outputs.

    Inputs: words (batch, tokens, 384), part, mask (batch, tokens), facts (batch, features);
    outputs: scores (batch, labels) and added (batch, labels, tokens).
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    facts = network.whole.in_features - 2 * WIDTH
    only = len(labels)
    network.looks.data, network.says.data = network.looks.data[:only], network.says.data[:only]
    network.whole.weight.data = network.whole.weight.data[:only]
    network.whole.bias.data = network.whole.bias.data[:only]
    given = (
        torch.randn(2, 8, WIDTH),
        torch.zeros(2, 8, dtype=torch.long),
        torch.ones(2, 8),
        torch.zeros(2, facts),
    )
    texts = {0: "texts", 1: "tokens"}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = Path(folder) / "whole.onnx"
        torch.onnx.export(
            network,
            given,
            str(whole),
            input_names=["words", "part", "mask", "facts"],
            output_names=["scores", "added"],
            dynamic_axes={
                "words": texts,
                "part": texts,
                "mask": texts,
                "facts": {0: "texts"},
                "scores": {0: "texts"},
                "added": {0: "texts", 2: "tokens"},
            },
            opset_version=_OPSET,
            dynamo=False,
        )
        # seven bits of eight: without VNNI, AVX2 adds pairs of products in 16 bits, which overflow
        quantize_dynamic(
            whole,
            path,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            op_types_to_quantize=["MatMul", "Gemm"],
        )
