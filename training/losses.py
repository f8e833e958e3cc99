"""The R3GAN objective (Huang et al. 2024, "The GAN is dead; long live the GAN!"): relativistic pairing with R1 and R2.

The loss is an object that the loop doesn't look into: `critic_loss` and `generator_loss` on paired scores, `penalty` on
the bars themselves. A fake is paired with a real bar of the same condition.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

Critic = Callable[[Tensor], Tensor]
"""D with its condition filled in: bars [B, C, T] -> scores [B]."""


def critic_loss(real_score: Tensor, fake_score: Tensor) -> Tensor:
    """L_D = E[f(D(G(z)) - D(x))], f(t) = softplus(t) = -log sigmoid(-t), scores [B] paired by condition."""
    return F.softplus(fake_score - real_score).mean()


def generator_loss(real_score: Tensor, fake_score: Tensor) -> Tensor:
    """L_G = E[f(D(x) - D(G(z)))]: the critic's pairs, the other way round."""
    return F.softplus(real_score - fake_score).mean()


def gradient_penalty(critic: Critic, x: Tensor) -> Tensor:
    """E[ ||grad_x D(x)||^2 ] with a graph to differentiate through: R1 on real bars, R2 on fakes."""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return gradient.square().sum((1, 2)).mean()


def penalty(critic: Critic, real: Tensor, fake: Tensor, gamma: float, every: int) -> Tensor:
    """every * gamma / 2 * (R1 + R2): taken each `every`-th step, it weighs on average what it would at each step
    (lazy regularisation, Karras et al. 2020)."""
    r1, r2 = gradient_penalty(critic, real), gradient_penalty(critic, fake)
    return every * gamma / 2 * (r1 + r2)


def code_loss(read: Tensor, code: Tensor) -> Tensor:
    """E[(Q(G(z)) - z_code)^2] over some entries of z: it keeps the latent heard (Chen et al. 2016, InfoGAN)."""
    return (read - code).square().mean()


def tap_loss(kept: Tensor, tap: Tensor) -> Tensor:
    """E_t[(s - s')^2 + s (v - v')^2] over the bars that were given a tap: s, v onset and velocity of the tap, s', v' of
    the tap that the bar itself has; both [B, 4, T], see `training.taps`."""
    onset, velocity, _, given = tap.unbind(1)
    missed = (kept[:, 0] - onset).square() + onset * (kept[:, 1] - velocity).square()
    return (given * missed).sum() / given.sum().clamp(min=1)


def steer_loss(gain: Tensor, by: Tensor, slope: Tensor, spare: Tensor, weight: Tensor) -> Tensor:
    """E[weight (max(0, low - gain) + max(0, gain - spare low))^2 / (1 + |by|)], low = slope |by|: what is heard rises
    with a control that is turned, by `slope` for each unit, and up to `spare` times as much is welcome. All are [n],
    `gain` the way that was turned and in deviations of real bars."""
    low = slope * by.abs()
    missed = (low - gain).clamp(min=0) + (gain - spare * low).clamp(min=0)
    return (weight * missed.square() / (1 + by.abs())).mean()


def smooth_loss(onset: Tensor, stepped: Tensor, spare: float = 6.0) -> Tensor:
    """E[max(0, |s - s'|_1 - spare)]: strokes that a small step in the latent changes beyond so many; [n, C, T]."""
    return ((onset - stepped).abs().sum((1, 2)) - spare).clamp(min=0).mean()
