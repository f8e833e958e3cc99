"""Weights at half precision: what is stored, what it changes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper
from torch import Tensor, nn

from export import half
from export.build import bar_contract, export_run
from export.graph import encode, to_onnx
from export.half import MOST_FLIPS, SMALLEST, prove_rounding, rounded, stored
from export.parity import prove
from instrument.core.manifest import ModelContract, Rounding
from instrument.errors import ModelError
from instrument.model.onnx import golden_inputs, open_model
from instrument.model.store import Places, load_preset
from tests.export.runs import STYLES, tiny_generator, write_run
from training.networks import PlayableGenerator


@pytest.fixture(scope="module")
def net() -> nn.Module:
    return PlayableGenerator(tiny_generator(3)).eval()


@pytest.fixture(scope="module")
def contract() -> ModelContract:
    return bar_contract(tiny_generator(3).shape, STYLES)


@pytest.fixture(scope="module")
def graph(net: nn.Module, contract: ModelContract) -> onnx.ModelProto:
    return to_onnx(rounded(net), contract)


def test_large_weights_are_rounded_and_the_rest_stays(net: nn.Module) -> None:
    before = {name: value.clone() for name, value in net.state_dict().items()}
    after = rounded(net).state_dict()
    assert before.keys() == after.keys()
    for name, value in after.items():
        exact = value.half().float() if value.numel() >= SMALLEST else before[name]
        assert value.dtype == torch.float32
        assert torch.equal(value, exact)
        assert torch.equal(net.state_dict()[name], before[name])


def test_weights_beyond_float16_stay_as_they_are() -> None:
    far = nn.Linear(SMALLEST, 1, bias=False)
    with torch.no_grad():
        far.weight[0, 0] = 1e5
    assert torch.equal(rounded(far).state_dict()["weight"], far.weight)


def test_large_weights_are_stored_as_halves_and_nothing_is_lost(graph: onnx.ModelProto) -> None:
    small = stored(graph)
    casts = {node.input[0]: node.output[0] for node in small.graph.node if node.op_type == "Cast"}
    found = {casts.get(tensor.name, tensor.name): tensor for tensor in small.graph.initializer}
    assert casts
    for tensor in graph.graph.initializer:
        value = numpy_helper.to_array(tensor)
        big = tensor.data_type == TensorProto.FLOAT and value.size >= SMALLEST
        assert (found[tensor.name].data_type == TensorProto.FLOAT16) == big
        np.testing.assert_array_equal(numpy_helper.to_array(found[tensor.name]).astype(value.dtype), value)


def test_weights_that_a_half_would_change_are_stored_whole(net: nn.Module, contract: ModelContract) -> None:
    full = to_onnx(net, contract)
    assert stored(full) == full


def test_a_file_of_halves_plays_the_same_numbers(
    net: nn.Module, contract: ModelContract, graph: onnx.ModelProto
) -> None:
    whole, halves = encode(graph, contract, {}), encode(stored(graph), contract, {})
    assert len(halves) < len(whole)
    inputs = golden_inputs(contract, 16)
    outputs = [open_model(data, contract).run(*inputs) for data in (whole, halves)]
    for a, b in zip(*outputs, strict=True):
        np.testing.assert_array_equal(a, b)
    assert prove(rounded(net), open_model(halves, contract)).flips == 0


def test_what_rounding_changes_is_measured(net: nn.Module, contract: ModelContract) -> None:
    assert prove_rounding(net, net, contract) == Rounding()
    found = prove_rounding(net, rounded(net), contract)
    assert 0 <= found.flips <= MOST_FLIPS["bar"]
    assert 0 < found.velocity <= half.MOST_VELOCITY
    assert 0 < found.offset <= half.MOST_OFFSET


class Shifted(nn.Module):
    """The net with an output moved."""

    def __init__(self, net: nn.Module, plane: int, by: float) -> None:
        super().__init__()
        self.net, self.plane, self.by = net, plane, by

    def forward(self, z: Tensor, style: Tensor, condition: Tensor) -> tuple[Tensor, ...]:
        planes = list(self.net(z, style, condition))
        planes[self.plane] = planes[self.plane] + self.by
        return tuple(planes)


@pytest.mark.parametrize(("plane", "by"), [(0, 0.05), (1, 1.1 * half.MOST_VELOCITY), (2, -1.1 * half.MOST_OFFSET)])
def test_a_rounding_that_could_be_heard_is_refused(
    net: nn.Module, contract: ModelContract, plane: int, by: float
) -> None:
    with pytest.raises(ModelError, match="at half precision"):
        prove_rounding(net, Shifted(net, plane, by), contract)


def test_a_velocity_counts_only_where_a_stroke_sounds(net: nn.Module, contract: ModelContract) -> None:
    silent = Shifted(net, 0, -1.0)
    assert prove_rounding(silent, Shifted(silent, 1, 0.5), contract) == Rounding()


def test_the_manifest_keeps_what_rounding_changed(tmp_path: Path) -> None:
    report = export_run(write_run(tmp_path / "run", (1, 2)), tmp_path / "preset")
    read = load_preset(tmp_path / "preset", Places(shipped=tmp_path, own=tmp_path, cache=None)).manifest
    assert read == report.manifest
    assert all(0 < epoch.rounding.velocity < half.MOST_VELOCITY for epoch in read.epochs)
