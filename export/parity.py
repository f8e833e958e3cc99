"""The proof of an export: the net in torch and its file in the instrument give the same bars.

Both run on the same golden inputs. The file runs through the class that plays it, one bar at a time as at play and all
at once as in scoring.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from instrument.core.bar import Floats
from instrument.core.manifest import ModelContract
from instrument.errors import ModelError
from instrument.model.onnx import OnnxNet, golden_inputs, input_names

GOLDEN = 256
TOLERANCE = 1e-4
"""Largest difference of any output. An eightieth of a velocity step (1/127) and of a tick of offset (1/120 step), so
no note that is sent can differ by more than a rounding; thirty times what float32 sums in another order give."""

TIE = 1e-5
"""Nearer than this to the threshold, an onset is decided by rounding alone: either answer is right."""

THRESHOLD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """The largest difference over all outputs, and the onsets that differ, of `cells` in all."""

    difference: float
    flips: int
    cells: int


def prove(net: nn.Module, model: OnnxNet, *, count: int = GOLDEN, seed: int = 0) -> Parity:
    """`net` takes and gives what the contract says. Raises ModelError above TOLERANCE or where an onset flips."""
    inputs = golden_inputs(model.contract, count, seed)
    wanted = list(golden_outputs(net, model.contract, count=count, seed=seed).values())
    singly = [model.run(*(value[row : row + 1] for value in inputs)) for row in range(count)]
    at_play = [np.concatenate(parts) for parts in zip(*singly, strict=True)]
    together = list(model.run(*inputs))
    difference = max(_difference(wanted, found) for found in (at_play, together))
    flips = max(_flips(wanted[0], found[0]) for found in (at_play, together))
    if difference > TOLERANCE or flips:
        raise ModelError(
            f"ONNX and torch differ by {difference:.2g} (at most {TOLERANCE:g} is right), {flips} onsets flipped"
        )
    return Parity(difference=difference, flips=flips, cells=int(wanted[0].size))


def golden_outputs(net: nn.Module, contract: ModelContract, *, count: int = GOLDEN, seed: int = 0) -> dict[str, Floats]:
    """What torch makes of the golden inputs: the contract's outputs by name, each [count, H, V, T]."""
    inputs = golden_inputs(contract, count, seed)
    given = {name: torch.from_numpy(value) for name, value in zip(input_names(contract), inputs, strict=True)}
    with torch.no_grad():
        found = net(*(given[tensor.name] for tensor in contract.inputs))
    return {tensor.name: value.numpy() for tensor, value in zip(contract.outputs, found, strict=True)}


def _difference(wanted: list[Floats], found: list[Floats]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(wanted, found, strict=True))


def _flips(wanted: Floats, found: Floats) -> int:
    decided = np.abs(wanted - THRESHOLD) > TIE
    return int(((wanted > THRESHOLD) != (found > THRESHOLD))[decided].sum())
