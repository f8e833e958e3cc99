"""What a training step has in its hands: a batch, and the sums of what the step reports."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from training.augment import Change
from training.turns import Turn

GROUP = 8
"""Items that D compares with each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """x [B, C, T] as D sees it, z [B, latent_dim], style weights [B, S], condition [B, K], the change through which
    critics see x and its fakes, where nets listen the tap [B, 4, T], zeros for none, the leanings `own` [B, M] that
    critics are told, what is turned, and the windows [N, K] by the items that are their bars."""

    x: Tensor
    z: Tensor
    style: Tensor
    condition: Tensor
    change: Change | None = None
    tap: Tensor | None = None
    own: Tensor | None = None
    turn: Turn | None = None
    windows: Tensor | None = None

    def changed(self, x: Tensor) -> Tensor:
        return x if self.change is None else self.change(x)

    @property
    def conditions(self) -> Tensor:
        """What critics are told of each item."""
        return self.condition if self.own is None else torch.cat([self.condition, self.own], 1)

    def told(self, x: Tensor) -> Tensor:
        """What D is given of x: with one channel more, whether there is a tap."""
        return x if self.tap is None else torch.cat([x, self.tap[:, -1:]], 1)


@dataclass(slots=True)
class Sums:
    """Running means of what a step reports, over an epoch."""

    totals: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, value: Tensor) -> None:
        self.totals[name] = self.totals.get(name, 0.0) + float(value.detach())
        self.counts[name] = self.counts.get(name, 0) + 1

    def means(self) -> dict[str, float]:
        return {name: self.totals[name] / self.counts[name] for name in self.totals}
