"""What a bar has of what a player has a name for, measured so that a net can learn by it.

All are taken from bars [B, C, T] as G makes them, in the first hit plane; onsets and velocities carry straight-through
gradients. `MEASURES` gives their order.
"""

from __future__ import annotations

import torch
from torch import Tensor

from instrument.core.drums import Voice

MEASURES = ("kick", "snare", "hats", "ride", "ghost notes", "laid back", "swing")
"""Strokes a bar; soft snare strokes a bar; mean offset in steps; how much later odd sixteenths are than even ones."""

GHOST = 0.3
"""Velocity below which a snare stroke is a ghost note."""

SHARPNESS = 20.0
"""Of the gradient at that velocity."""


def measures(x: Tensor) -> Tensor:
    """[B, len(MEASURES)]; 0 where there is nothing to measure."""
    onset, velocity, offset = (plane[:, : len(Voice)] for plane in x.chunk(3, 1))
    soft = torch.sigmoid(SHARPNESS * (GHOST - velocity[:, Voice.SNARE]))
    ghost = (velocity[:, Voice.SNARE] < GHOST).to(x.dtype) + (soft - soft.detach())
    strokes = onset.sum(2)
    return torch.stack(
        [
            strokes[:, Voice.KICK],
            strokes[:, Voice.SNARE],
            strokes[:, Voice.CLOSED_HAT] + strokes[:, Voice.OPEN_HAT],
            strokes[:, Voice.RIDE],
            (onset[:, Voice.SNARE] * ghost).sum(1),
            _mean(offset, onset),
            _mean(offset[:, :, 1::2], onset[:, :, 1::2]) - _mean(offset[:, :, ::2], onset[:, :, ::2]),
        ],
        1,
    )


def _mean(offset: Tensor, onset: Tensor) -> Tensor:
    return offset.sum((1, 2)) / onset.detach().sum((1, 2)).clamp(min=1)
