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
from training.measures import MEASURES, measures
from training.networks import NetworkShape
from training.traits import TOMS

KNOBS = ("density", "energy", "fill")
"""In the order of `heard`, after the measures."""

COLUMNS = (1, 2, 0)
"""Of the condition, for each of KNOBS."""

OFTEN = {"kick": 2, "ride": 2, "ghost notes": 3, "swing": 2, "density": 5, "energy": 2, "fill": 6}
"""Controls that are turned more often than others, as they are harder to learn: what is heard of a fill or a kick is a
whole number of strokes, and few."""

RANGES = (3.0,) * len(MEASURES) + (2.2, 2.2)
"""How far to either side of 0 an entry or a condition is turned; a fill lies between 0 and 1."""

TURNED, STEPPED = 40, 16
"""Items of a step, at most."""

STEP = math.pi / 64
"""Of a slerp between two places, which lie a quarter of a circle apart, in 32 steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """`rows` [M] of a batch's items, made once more with `z` [M, latent_dim] and `condition` [M, K]. The first of them
    have `what` [n] turned by `by` [n], an index into the columns of `heard`; the others are a step of a slerp away."""

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
        mine = torch.nonzero(what == thing).squeeze(1)
        inputs = z if thing < len(MEASURES) else condition
        column = shape.named[thing] if thing < len(MEASURES) else COLUMNS[thing - len(MEASURES)]
        to = where[mine] if thing >= len(RANGES) else (2 * where[mine] - 1) * RANGES[thing]
        by[mine] = to - inputs[mine, column]
        inputs[mine, column] = to
    away = torch.randn((len(rows) - count, z.shape[1]), generator=random)
    z[count:] = math.cos(STEP) * z[count:] + math.sin(STEP) * away
    return Turn(rows=rows, z=z, condition=condition, what=what, by=by)


def _things(named: bool) -> list[int]:
    """One round of what is turned, each as often as OFTEN says and evenly spread, with or without entries of z."""
    names = [*MEASURES, *KNOBS]
    turns = [
        ((n + 0.5) / often, k)
        for k, often in enumerate(OFTEN.get(name, 1) for name in names)
        for n in range(often)
        if named or k >= len(MEASURES)
    ]
    return [k for _, k in sorted(turns)]


def heard(x: Tensor) -> Tensor:
    """[B, len(MEASURES) + len(KNOBS)] of bars [B, C, T] as G makes them: the measures, strokes in all, mean velocity,
    strokes on toms."""
    onset, velocity, _ = x.chunk(3, 1)
    strokes = onset.sum((1, 2))
    loud = velocity.sum((1, 2)) / strokes.clamp(min=1)
    toms = onset.view(len(x), -1, len(Voice), x.shape[2])[:, :, TOMS].sum((1, 2, 3))
    return torch.cat([measures(x), torch.stack([strokes, loud, toms], 1)], 1)
