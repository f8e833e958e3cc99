"""One adversarial step, and everything that a training carries from step to step.

A step draws a batch of real bars, jitters their conditions (an exact condition would name the performance), and makes
one fake for each under the same condition. The critic learns first, then generator and code reader from the same
fakes. One random generator feeds all draws, so a state that is restored goes on bit for bit.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.losses import code_loss, critic_loss, generator_loss, penalty
from training.networks import CodeReader, Discriminator, Generator, NetworkShape, for_critic
from training.recipes import Recipe

Random = torch.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class RealBars:
    """Bars in memory: x [N, C, T], style index [N], condition [N, 3] (fill, density, energy). `step_ticks` tells how
    fine the offsets were recorded."""

    x: Tensor
    style: Tensor
    condition: Tensor
    step_ticks: int

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """x [B, C, T] as D sees it, style weights [B, S], condition [B, 3]."""

    x: Tensor
    style: Tensor
    condition: Tensor


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


def dequantise(x: Tensor, step_ticks: int, random: Random) -> Tensor:
    """Real bars with half a quantum of uniform noise on velocity and offset, which MIDI rounds and G doesn't.

    A velocity of 127 stays: it is an atom that G has too.
    """
    onset, velocity, offset = x.chunk(3, 1)
    noise = torch.rand((2, *onset.shape), generator=random) - 0.5
    loud = torch.where(velocity < 1, velocity + noise[0] / 127, velocity)
    return torch.cat([onset, loud * onset, (offset + noise[1] / step_ticks) * onset], 1)


class Gan:
    """G, D, Q, the averaged G and their optimisers. `step` counts from 0 to `steps` in all."""

    def __init__(self, recipe: Recipe, shape: NetworkShape, steps: int, seed: int) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.G, self.D, self.Q = Generator(shape), Discriminator(shape), CodeReader(shape)
        self.G_ema = copy.deepcopy(self.G).eval().requires_grad_(False)
        self.recipe, self.shape, self.steps, self.step = recipe, shape, steps, 0
        self.random = torch.Generator().manual_seed(seed)
        optimiser = recipe.optimiser
        self.optimisers = {
            name: torch.optim.Adam(
                net.parameters(), lr=optimiser.lr, betas=(optimiser.beta1, optimiser.beta2), fused=True
            )
            for name, net in self._nets().items()
        }

    def _nets(self) -> dict[str, nn.Module]:
        return {"G": self.G, "D": self.D, "Q": self.Q}

    def decay(self) -> float:
        """What is left of the learning rates: 1, then a half cosine down to `lr_floor`."""
        schedule = self.recipe.schedule
        done = self._decayed()
        return schedule.lr_floor + (1 - schedule.lr_floor) * 0.5 * (1 + math.cos(math.pi * done))

    def jitter(self) -> float:
        """Standard deviation of the noise on density and energy."""
        schedule = self.recipe.schedule
        return schedule.jitter + (schedule.jitter_end - schedule.jitter) * self._decayed()

    def _decayed(self) -> float:
        """0 until `decay_from`, then rising to 1 at the last step."""
        start = self.recipe.schedule.decay_from * self.steps
        return min(max(self.step - start, 0.0) / max(self.steps - start, 1.0), 1.0)

    def draw(self, bars: RealBars, rows: Tensor) -> Batch:
        """The bars of `rows`, dequantised, under jittered conditions."""
        x = dequantise(bars.x[rows], bars.step_ticks, self.random)
        condition = bars.condition[rows].clone()
        condition[:, 1:] += self.jitter() * torch.randn((len(rows), 2), generator=self.random)
        style = F.one_hot(bars.style[rows], self.shape.styles).to(x.dtype)
        return Batch(x=for_critic(x), style=style, condition=condition)

    def train_step(self, real: Batch, sums: Sums) -> None:
        decay = self.decay()
        for optimiser in self.optimisers.values():
            optimiser.param_groups[0]["lr"] = self.recipe.optimiser.lr * decay
        z = torch.randn((len(real.x), self.shape.latent_dim), generator=self.random)
        fake = for_critic(self.G(z, real.style, real.condition))
        self._critic_step(real, fake.detach(), sums)
        self._generator_step(real, fake, z, decay, sums)
        self._average()
        self.step += 1

    def _critic_step(self, real: Batch, fake: Tensor, sums: Sums) -> None:
        self.D.requires_grad_(True)

        def critic(x: Tensor) -> Tensor:
            score: Tensor = self.D(x, real.style, real.condition)
            return score

        real_score, fake_score = critic(real.x), critic(fake)
        loss = critic_loss(real_score, fake_score)
        sums.add("loss_d", loss)
        sums.add("d_gap", (real_score - fake_score).mean())
        sums.add("d_success", (real_score > fake_score).float().mean())
        settings = self.recipe.loss
        if settings.gamma and self.step % settings.penalty_every == 0:
            gradients = penalty(critic, real.x, fake, settings.gamma, settings.penalty_every)
            sums.add("penalty", gradients / settings.penalty_every)
            loss = loss + gradients
        self._descend("D", loss)
        self.D.requires_grad_(False)

    def _generator_step(self, real: Batch, fake: Tensor, z: Tensor, decay: float, sums: Sums) -> None:
        with torch.no_grad():
            real_score = self.D(real.x, real.style, real.condition)
        loss = generator_loss(real_score, self.D(fake, real.style, real.condition))
        sums.add("loss_g", loss)
        if self.recipe.loss.code and self.shape.code_dim:
            code = code_loss(self.Q(fake), z)
            sums.add("loss_code", code)
            loss = loss + self.recipe.loss.code * decay * code
            self.optimisers["Q"].zero_grad(set_to_none=True)
        self._descend("G", loss)
        if self.recipe.loss.code and self.shape.code_dim:
            self.optimisers["Q"].step()

    def _descend(self, name: str, loss: Tensor) -> None:
        self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimisers[name].step()

    def _average(self) -> None:
        """theta_ema <- ema * theta_ema + (1 - ema) * theta, with a shorter memory at the very start."""
        ema = min(self.recipe.optimiser.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.G_ema.parameters()), list(self.G.parameters()), 1 - ema)

    def parameters(self) -> dict[str, int]:
        """How many each net has."""
        return {name: sum(p.numel() for p in net.parameters()) for name, net in self._nets().items()}

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on; tensors, numbers and dicts only."""
        return {
            "step": self.step,
            "random": self.random.get_state(),
            "G_ema": self.G_ema.state_dict(),
            "nets": {name: net.state_dict() for name, net in self._nets().items()},
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Raises KeyError, ValueError or RuntimeError for a state of other nets."""
        self.G_ema.load_state_dict(state["G_ema"])
        for name, net in self._nets().items():
            net.load_state_dict(state["nets"][name])
            self.optimisers[name].load_state_dict(state["optimisers"][name])
        self.random.set_state(state["random"])
        self.step = int(state["step"])
