"""Between two epochs: their outputs blended before an onset is decided, so that a dial glides and doesn't jump."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from instrument.core.bar import Bar, Floats
from instrument.model.contract import BarModel


@runtime_checkable
class RawBarModel(Protocol):
    """A model of one bar whose outputs can be had before an onset is decided."""

    def raw_at(
        self, index: int, z: Floats, style: Floats, condition: Floats, tap: Floats | None
    ) -> tuple[Floats, Floats, Floats]:
        """As `BarModel.bar_at`, but onset probability, velocity and offset, [H, V, T]."""


def bar_between(
    one: BarModel,
    other: BarModel,
    amount: float,
    index: int,
    z: Floats,
    style: Floats,
    condition: Floats,
    tap: Floats | None = None,
) -> Bar:
    """See `BarModel.bar_at`; `amount` 0 is the one's bar, 1 the other's. Windows of ticks, which have no cells in
    common, change over half-way."""
    if not (isinstance(one, RawBarModel) and isinstance(other, RawBarModel)):
        return (one if amount < 0.5 else other).bar_at(index, z, style, condition, tap=tap)
    parts = [model.raw_at(index, z, style, condition, tap) for model in (one, other)]
    onset, velocity, offset = (a + np.float32(amount) * (b - a) for a, b in zip(*parts, strict=True))
    return Bar.from_outputs(onset, velocity, offset)
