"""Epochs over the bars in memory: their order, where the loop stands, and stopping between any two steps.

The order of an epoch is drawn from the training's own random generator and kept in the state together with the place
in it, so a training that is stopped in the middle of an epoch goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from training.gan import Gan, RealBars, Sums

Stop = Callable[[], bool]
Stepped = Callable[[int], None]
"""Told the steps done so far in all."""


def steps_per_epoch(bars: int, batch: int) -> int:
    """Whole batches; one that is smaller than asked where there are too few bars."""
    return max(bars // batch, 1)


class Loop:
    """Runs a `Gan` over `bars`. `epoch` counts the finished epochs, `position` the steps done in the one under way."""

    def __init__(self, gan: Gan, bars: RealBars, batch: int) -> None:
        self.gan, self.bars = gan, bars
        self.batch = min(batch, len(bars))
        self.steps = steps_per_epoch(len(bars), batch)
        self.epoch, self.position, self.seconds = 0, 0, 0.0
        self.order: Tensor = torch.zeros(0, dtype=torch.int64)
        self.sums = Sums()

    def run_epoch(self, stop: Stop, stepped: Stepped) -> dict[str, float] | None:
        """Finishes the epoch under way and gives its mean losses; None where `stop` said so before its end."""
        while self.position < self.steps:
            if stop():
                return None
            if self.position == 0:
                self.order = torch.randperm(len(self.bars), generator=self.gan.random)
                self.sums = Sums()
            rows = self.order[self.position * self.batch : (self.position + 1) * self.batch]
            self.gan.train_step(self.gan.draw(self.bars, rows), self.sums)
            self.position += 1
            stepped(self.gan.step)
        self.epoch, self.position = self.epoch + 1, 0
        return self.sums.means()

    def state(self) -> dict[str, Any]:
        return {
            "gan": self.gan.state(),
            "epoch": self.epoch,
            "position": self.position,
            "seconds": self.seconds,
            "order": self.order,
            "totals": dict(self.sums.totals),
            "counts": dict(self.sums.counts),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Raises KeyError, ValueError or RuntimeError for a state of another training."""
        self.gan.restore(state["gan"])
        self.epoch, self.position = int(state["epoch"]), int(state["position"])
        self.seconds = float(state["seconds"])
        self.order = state["order"]
        self.sums = Sums(totals=dict(state["totals"]), counts=dict(state["counts"]))
        if self.position and len(self.order) != len(self.bars):
            raise ValueError("the order of the epoch under way is not of this data")
