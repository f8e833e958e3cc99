"""From a torch net to an ONNX file that the instrument accepts.

The graph of a run's epochs is the same, only the weights differ: it is exported once, and the weights of the others are
put into it. Whether that is right, the parity of each epoch proves. What the exporter writes about the source code and
its place on this machine is removed; what the net takes and gives is written into the file's metadata.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from instrument.core.manifest import EncoderContract, ModelContract
from instrument.errors import ModelError

OPSET = 18
METADATA_PREFIX = "ghostnote."


def to_onnx(net: nn.Module, contract: ModelContract | EncoderContract) -> onnx.ModelProto:
    """`net` takes the contract's inputs in their order, each [B, *shape], and gives its outputs. Weights inside.

    Raises ModelError where torch can't export it.
    """
    batch = torch.export.Dim("B")
    names = [tensor.name for tensor in contract.inputs]
    with _quiet():
        try:
            program = torch.onnx.export(
                net.eval(),
                tuple(torch.zeros(2, *tensor.shape) for tensor in contract.inputs),
                dynamo=True,
                opset_version=OPSET,
                external_data=False,
                input_names=names,
                output_names=[tensor.name for tensor in contract.outputs],
                dynamic_shapes=tuple({0: batch} for _ in names),
                verbose=False,
            )
        except Exception as error:
            raise ModelError(f"torch can't export the net: {error}".splitlines()[0]) from error
    if program is None:
        raise ModelError("torch gave no ONNX program")
    return _stripped(program.model_proto)


def with_weights(model: onnx.ModelProto, state: Mapping[str, Tensor]) -> onnx.ModelProto | None:
    """The same graph with the weights of `state`; None where a name or a shape of them isn't in it."""
    fresh = onnx.ModelProto()
    fresh.CopyFrom(model)
    weights = {tensor.name: tensor for tensor in fresh.graph.initializer}
    for name, value in state.items():
        place = weights.get(name)
        if place is None or tuple(place.dims) != tuple(value.shape):
            return None
        place.CopyFrom(numpy_helper.from_array(value.detach().cpu().numpy(), name))
    return fresh


def encode(model: onnx.ModelProto, contract: ModelContract | EncoderContract, facts: Mapping[str, Any]) -> bytes:
    """The file's bytes, the same for the same net and facts; contract and facts stand in its metadata as JSON."""
    del model.metadata_props[:]
    for key, value in {"contract": asdict(contract), **facts}.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = METADATA_PREFIX + key, json.dumps(value, sort_keys=True)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _stripped(model: onnx.ModelProto) -> onnx.ModelProto:
    graph = model.graph
    del graph.value_info[:]
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.ClearField("doc_string")
    for tensor in graph.initializer:
        tensor.ClearField("data_location")
    model.producer_name, model.producer_version, graph.name = "ghostnote", "", "generator"
    return model


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter talks on stdout, which is for data, and warns of its own inner doings."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
