"""Epochs over the examples in memory: their order, where the loop stands, and stopping between any two steps.

The order of an epoch is drawn from the training's own random generator and kept in the state together with the place
in it, so a training that is stopped in the middle of an epoch goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from training.batch import GROUP, Sums
from training.examples import Examples
from training.gan import Gan

Stop = Callable[[], bool]
Stepped = Callable[[int], None]
"""Told the steps done so far in all."""


def whole_batch(examples: int, batch: int, processes: int) -> int:
    """Items of a step over all processes; fewer where there are too few, and then as many as can be shared out."""
    wanted = batch * processes
    if examples >= wanted:
        return wanted
    share = GROUP * processes
    return max(examples // share * share, share) if processes > 1 else examples


def steps_per_epoch(examples: int, batch: int) -> int:
    """Whole batches."""
    return max(examples // batch, 1)


class Loop:
    """Runs a `Gan` over examples, `batch` at a step in all processes together.

    `epoch` counts the finished epochs, `position` the steps done in the one under way.
    """

    def __init__(self, gan: Gan, examples: Examples, batch: int) -> None:
        self.gan, self.examples, self.batch = gan, examples, batch
        self.steps = steps_per_epoch(len(examples), batch)
        self.epoch, self.position, self.seconds = 0, 0, 0.0
        self.order: Tensor = torch.zeros(0, dtype=torch.int64)
        self.sums = Sums()

    def run_epoch(self, stop: Stop, stepped: Stepped) -> dict[str, float] | None:
        """Finishes the epoch under way and gives its mean losses; None where `stop` said so before its end."""
        while self.position < self.steps:
            if self.gan.parallel.any(stop()):
                return None
            if self.position == 0:
                self.order = torch.randperm(len(self.examples), generator=self.gan.random)
                self.sums = Sums()
            rows = self.order[self.position * self.batch : (self.position + 1) * self.batch]
            self.gan.train_step(self.gan.draw(self.examples, rows), self.sums)
            self.position += 1
            stepped(self.gan.step)
        self.epoch, self.position = self.epoch + 1, 0
        means = self.sums.means()
        average = self.gan.parallel.mean(torch.tensor(list(means.values()), dtype=torch.float64))
        return dict(zip(means, average.tolist(), strict=True))

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
        if self.position and len(self.order) != len(self.examples):
            raise ValueError("the order of the epoch under way is not of this data")
