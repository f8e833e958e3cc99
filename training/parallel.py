"""One process or many: what a training must know of the others, by Lightning Fabric.

All processes draw the same random numbers for the whole batch and take their own part of it, and they average their
gradients before each step. So N processes with a batch of B do what one does with N * B, but for the order of sums.
Gradients are averaged here and not by DistributedDataParallel, which can't follow a penalty's second derivative.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from instrument.errors import UsageError

PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed"}


class Parallel:
    """This process among `world` of them, `rank` of 0 .. world - 1; the leader is 0 and writes the files."""

    def __init__(self, devices: int = 1, nodes: int = 1, precision: str = "32") -> None:
        """Starts the other processes of this machine, where `torchrun` hasn't. Raises UsageError for what can't be."""
        if devices < 1 or nodes < 1:
            raise UsageError(f"--devices {devices} --nodes {nodes}: at least one of each is needed")
        if precision not in PRECISIONS:
            raise UsageError(f"--precision {precision} is none of {', '.join(PRECISIONS)}")
        from lightning_fabric import Fabric

        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)

        cuda = torch.cuda.is_available()
        if cuda and devices > torch.cuda.device_count():
            raise UsageError(f"--devices {devices}, and this machine has {torch.cuda.device_count()}")
        self._fabric: Any = Fabric(
            accelerator="cuda" if cuda else "cpu",
            devices=devices,
            num_nodes=nodes,
            precision=PRECISIONS[precision],  # type: ignore[arg-type]
            strategy="ddp" if devices * nodes > 1 else "auto",
        )
        self._fabric.launch()
        self.rank, self.world = int(self._fabric.global_rank), int(self._fabric.world_size)
        self.device: torch.device = self._fabric.device

    @property
    def leader(self) -> bool:
        return self.rank == 0

    def share(self, batch: int, group: int) -> Tensor:
        """Which rows of the whole batch are this process's. The items that D compares, every `batch / group`-th,
        stay together."""
        if self.world == 1:
            return torch.arange(batch)
        columns = batch // group
        per_process = columns // self.world
        rows = torch.arange(batch).view(group, columns)
        return rows[:, self.rank * per_process : (self.rank + 1) * per_process].flatten()

    def average_gradients(self, nets: Iterable[nn.Module]) -> None:
        if self.world == 1:
            return
        gradients = [p.grad for net in nets for p in net.parameters() if p.grad is not None]
        flat = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, mean in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def mean(self, x: Tensor) -> Tensor:
        """The mean of all processes' x."""
        if self.world == 1:
            return x
        mean: Tensor = self._fabric.all_reduce(x, reduce_op="mean")
        return mean

    def any(self, flag: bool) -> bool:
        """Whether any process says so: all go the same way."""
        if self.world == 1:
            return flag
        said: Tensor = self._fabric.all_reduce(torch.tensor(float(flag), device=self.device), reduce_op="sum")
        return bool(said > 0)

    def wait(self) -> None:
        """For all processes to come here."""
        if self.world > 1:
            self._fabric.barrier()

    def autocast(self) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = self._fabric.autocast()
        return context
