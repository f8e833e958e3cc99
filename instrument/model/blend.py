"""Between two epochs: their outputs blended before an onset is decided, so that a dial glides and doesn't jump."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from instrument.core.bar import Bar, Floats
from instrument.model.contract import BarModel


@runtime_checkable
class RawBarModel(Protocol):
    """A model of one bar whose outputs can be had before an onset is decided."""

    def outputs(self, z: Floats, style: Floats, condition: Floats) -> tuple[Floats, Floats, Floats]:
        """z [B, latent_dim], style [B, S], condition [B, 3] -> onset probability, velocity and offset, [B, H, V, T]."""


def bar_between(
    one: BarModel, other: BarModel, amount: float, index: int, z: Floats, style: Floats, condition: Floats
) -> Bar:
    """See `BarModel.bar_at`; `amount` 0 is the one's bar, 1 the other's. Windows of ticks, which have no cells in
    common, change over half-way."""
    if not (isinstance(one, RawBarModel) and isinstance(other, RawBarModel)):
        return (one if amount < 0.5 else other).bar_at(index, z, style, condition)
    parts = [model.outputs(z, style[None], condition[None]) for model in (one, other)]
    onset, velocity, offset = (a[0] + np.float32(amount) * (b[0] - a[0]) for a, b in zip(*parts, strict=True))
    return Bar.from_outputs(onset, velocity, offset)
