"""Weights at half precision: a file of half the size, and the proof that its music stays.

Two steps. `rounded` gives the net whose weights float16 can hold: here the music may change, and `prove_rounding`
measures by how much. `stored` writes what float16 holds exactly as float16, with a Cast back to float32 in the graph:
that changes no number, and ONNX Runtime folds the Casts as it loads, so a bar takes as long as before.
"""

from __future__ import annotations

import copy

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from export.parity import THRESHOLD, golden_outputs
from instrument.core.bar import GRID, Floats
from instrument.core.manifest import ModelContract, Rounding
from instrument.errors import ModelError

SMALLEST = 256
"""Numbers in a tensor that is worth a Cast; biases stay as they are."""

MOST_FLIPS = {"bar": 0.005, "window": 0.02}
"""Largest share of onsets that come or go, by kind of net. A third of what the last epoch of a finished training still
changes (1.4 % between epochs 239 and 240 of the shipped bars), so rounding is never heard as an epoch of its own. In a
window of ticks a stroke that moves by a tick counts as one that goes and one that comes."""

MOST_VELOCITY = 1 / 127
"""Largest difference of a velocity: one step of MIDI's scale."""

MOST_OFFSET = 1 / GRID.step_ticks
"""Largest difference of an offset, in steps: one tick, the finest that a file or port is told."""


def rounded(net: nn.Module) -> nn.Module:
    """A copy of the net with its large weights at numbers that float16 holds, in float32; what float16 can't reach
    stays."""
    copied = copy.deepcopy(net)
    copied.load_state_dict({name: _rounded(tensor) for name, tensor in net.state_dict().items()})
    return copied


def stored(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with each large float32 tensor that float16 holds exactly as float16 and a Cast."""
    fresh = onnx.ModelProto()
    fresh.CopyFrom(model)
    casts = []
    for tensor in fresh.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        value: Floats = numpy_helper.to_array(tensor)
        with np.errstate(over="ignore"):
            half = value.astype(np.float16)
        if value.size < SMALLEST or not np.array_equal(half.astype(np.float32), value):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], f"{name}.cast", to=TensorProto.FLOAT))
    nodes = [*casts, *fresh.graph.node]
    del fresh.graph.node[:]
    fresh.graph.node.extend(nodes)
    return fresh


def prove_rounding(net: nn.Module, half: nn.Module, contract: ModelContract) -> Rounding:
    """What plays differently by `half` than by `net`, over the golden inputs. Raises ModelError above a tolerance."""
    wanted, found = golden_outputs(net, contract), golden_outputs(half, contract)
    before, after = _sounding(wanted), _sounding(found)
    both = before & after
    rounding = Rounding(
        flips=float((before != after).sum() / max((before | after).sum(), 1)),
        velocity=_difference(wanted["velocity"], found["velocity"], both),
        offset=_difference(wanted["offset"], found["offset"], both) if "offset" in wanted else 0.0,
    )
    most = MOST_FLIPS[contract.kind]
    if rounding.flips > most or rounding.velocity > MOST_VELOCITY or rounding.offset > MOST_OFFSET:
        raise ModelError(
            f"at half precision {rounding.flips:.2%} of the onsets come or go (at most {most:.2%}), velocities "
            f"differ by {rounding.velocity:.2g} (at most {MOST_VELOCITY:.2g}), offsets by {rounding.offset:.2g} steps "
            f"(at most {MOST_OFFSET:.2g})"
        )
    return rounding


def _rounded(tensor: Tensor) -> Tensor:
    if tensor.dtype != torch.float32 or tensor.numel() < SMALLEST:
        return tensor
    half = tensor.half().float()
    return half if bool(half.isfinite().all()) else tensor


def _sounding(outputs: dict[str, Floats]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """The cells that sound. Without an onset plane all are judged by their velocity: at the smallest difference that
    is refused, a stroke that comes or goes is as soft as MIDI can say."""
    if "onset" not in outputs:
        return np.ones_like(outputs["velocity"], np.bool_)
    return np.asarray(outputs["onset"] > THRESHOLD, np.bool_)


def _difference(wanted: Floats, found: Floats, cells: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    return float(np.abs(wanted - found)[cells].max(initial=0.0))
