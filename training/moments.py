"""How far what a training makes lies from what is real, by the moments of numbers taken from both.

The Frechet distance |m - r|^2 + tr(M + R - 2 (R^(1/2) M R^(1/2))^(1/2)) between made items of mean m and covariance M
and real ones of r and R (Dowson & Landau 1982; as a loss: Mathiasen & Hvilshoj 2020). A batch is too small to know
moments from, so they are remembered over some hundred steps. The gradient for a made item x is 2 (m - r) + 2 A (x - m),
A = 1 - R^(1/2) (R^(1/2) M R^(1/2))^(-1/2) R^(1/2), with what is remembered of all four.
"""

from __future__ import annotations

import torch
from torch import Tensor

KEPT = 0.99
"""Of what is remembered, from step to step."""

SMALLEST = 1e-3
"""Variance of a direction that counts: numbers that follow from others have none."""

FAR = 6.0
"""Deviations beyond which a number counts no more, as in the scores."""


class Moments:
    """Of numbers [N, F], in deviations of the `real` ones that it is begun with. `mean` [2, F] and `second` [2, F, F],
    the mean of x x^T, are what is remembered of made and of real items; both begin as real."""

    def __init__(self, real: Tensor) -> None:
        self._centre, self._deviation = real.mean(0), real.std(0).clamp(min=1e-3)
        x = self._scaled(real)
        self.mean, self.second = x.mean(0).repeat(2, 1), (x.T @ x / len(x)).repeat(2, 1, 1)

    def loss(self, made: Tensor, real: Tensor) -> Tensor:
        """The distance after `made` [B, F] and `real` [B, F] have been remembered, with the gradient for `made`."""
        with torch.autocast(made.device.type, enabled=False):
            made, real = self._scaled(made.float()), self._scaled(real.float())
            self._remember(torch.stack([made.detach(), real]))
            value, away, pull = self._distance()
            apart = made - self.mean[0]
            toward = (2 * made @ away + ((apart @ pull) * apart).sum(1)).mean()
            return value + toward - toward.detach()

    def _scaled(self, x: Tensor) -> Tensor:
        return ((x - self._centre.to(x.device)) / self._deviation.to(x.device)).clamp(-FAR, FAR)

    def _remember(self, both: Tensor) -> None:
        """[2, B, F]."""
        self.mean = torch.lerp(self.mean.to(both.device), both.mean(1), 1 - KEPT)
        self.second = torch.lerp(self.second.to(both.device), both.mT @ both / both.shape[1], 1 - KEPT)

    def _distance(self) -> tuple[Tensor, Tensor, Tensor]:
        """The distance, m - r [F] and A [F, F]."""
        made, real = self.second - self.mean.unsqueeze(2) * self.mean.unsqueeze(1)
        away = self.mean[0] - self.mean[1]
        values, vectors = torch.linalg.eigh(real)
        root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
        values, vectors = torch.linalg.eigh(root @ made @ root)
        value = away.square().sum() + made.trace() + real.trace() - 2 * values.clamp(min=0).sqrt().sum()
        bent = root @ vectors
        same = (bent * values.clamp(min=SMALLEST**2).rsqrt()) @ bent.T
        return value, away, torch.eye(len(away), device=away.device) - same

    def state(self) -> dict[str, Tensor]:
        return {"mean": self.mean, "second": self.second}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Raises KeyError for a state of something else."""
        self.mean, self.second = state["mean"], state["second"]
