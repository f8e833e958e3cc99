"""Items of a step made once more with one thing turned, so that G learns what each control of the player is to do.

A turn moves one of a bar's inputs and leaves the rest: the condition density, energy or fill, or the entry of z that is
a measure's own (`NetworkShape.named`); `losses.steer_loss` asks that what is heard goes along, from every place and not
only in the mean over many. A step of a slerp moves all of z a little; `losses.smooth_loss` asks that few strokes
change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from instrument.core.drums import Voice
from training.controls import CONTROLS
from training.measures import measures
from training.networks import NetworkShape
from training.traits import TOMS

TURNED, STEPPED = 40, 16
"""Items of a step, at most."""

STEP = math.pi / 64
"""Of a slerp between two places, which lie a quarter of a circle apart, in 32 steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """`rows` [M] of a batch's items, made once more with `z` [M, latent_dim] and `condition` [M, K]. The first of them
    have `what` [n], an index into CONTROLS and the columns of `heard`, turned by `by` [n]; the others are a step of a
    slerp away."""

    rows: Tensor
    z: Tensor
    condition: Tensor
    what: Tensor
    by: Tensor

    def to(self, device: torch.device) -> Turn:
        fields = {name: getattr(self, name).to(device) for name in self.__slots__}
        return Turn(**fields)


def drawn(
    z: Tensor, condition: Tensor, shape: NetworkShape, random: torch.Generator, bound: Tensor | None = None
) -> Turn:
    """Of a batch [B, latent_dim], [B, K]: TURNED of its items, each with one thing turned, and STEPPED others. Items
    that are `bound` [B] to a tap are turned last: it tells the number of kicks, and more."""
    most = min(len(z), TURNED + STEPPED)
    rows, count = torch.randperm(len(z), generator=random), most * TURNED // (TURNED + STEPPED)
    if bound is not None:
        rows = rows[torch.argsort(bound[rows].int(), stable=True)]
    rows = rows[:most]
    z, condition = z[rows].clone(), condition[rows].clone()
    things = _things(bool(shape.named))
    what = torch.tensor([things[k % len(things)] for k in range(count)], dtype=torch.int64)
    where, by = torch.rand(count, generator=random), torch.zeros(count)
    for thing in sorted(set(what.tolist())):
        mine, control = torch.nonzero(what == thing).squeeze(1), CONTROLS[thing]
        inputs, column = (z, shape.named[thing]) if control.column is None else (condition, control.column)
        to = control.low + (control.high - control.low) * where[mine]
        by[mine] = to - inputs[mine, column]
        inputs[mine, column] = to
    away = torch.randn((len(rows) - count, z.shape[1]), generator=random)
    z[count:] = math.cos(STEP) * z[count:] + math.sin(STEP) * away
    return Turn(rows=rows, z=z, condition=condition, what=what, by=by)


def _things(named: bool) -> list[int]:
    """One round of what is turned, each as often as it says and evenly spread, with or without entries of z."""
    turns = [
        ((n + 0.5) / control.often, k)
        for k, control in enumerate(CONTROLS)
        for n in range(control.often)
        if named or control.column is not None
    ]
    return [k for _, k in sorted(turns)]


def heard(x: Tensor) -> Tensor:
    """[B, len(CONTROLS)] of bars [B, C, T] as G makes them: the measures, strokes in all, mean velocity, strokes on
    toms."""
    onset, velocity, _ = x.chunk(3, 1)
    strokes = onset.sum((1, 2))
    loud = velocity.sum((1, 2)) / strokes.clamp(min=1)
    toms = onset.view(len(x), -1, len(Voice), x.shape[2])[:, :, TOMS].sum((1, 2, 3))
    return torch.cat([measures(x), torch.stack([strokes, loud, toms], 1)], 1)
