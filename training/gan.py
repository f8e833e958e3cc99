"""One adversarial step, and everything that a training carries from step to step.

A step draws a batch of real items, bars or windows, jitters their conditions (an exact condition would name the
performance), and makes one fake for each under the same condition. The critic learns first, then generator and code
reader from the same fakes. One random generator feeds all draws, so a state that is restored goes on bit for bit.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.builders import build
from training.examples import Examples
from training.losses import code_loss, critic_loss, generator_loss, penalty
from training.parallel import Parallel
from training.recipes import Recipe

GROUP = 8
"""Items that D compares with each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """x [B, C, T] as D sees it, z [B, latent_dim], style weights [B, S], condition [B, K]."""

    x: Tensor
    z: Tensor
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


class Gan:
    """G, D, Q, the averaged G and their optimisers. `step` counts from 0 to `steps` in all."""

    def __init__(self, recipe: Recipe, styles: int, steps: int, seed: int, parallel: Parallel) -> None:
        nets = build(recipe, styles, seed)
        self.G, self.D, self.Q, self.for_critic = nets.G, nets.D, nets.Q, nets.for_critic
        self.recipe, self.styles, self.steps, self.step, self.parallel = recipe, styles, steps, 0, parallel
        for net in self._nets().values():
            net.to(parallel.device)
        self.G_ema = copy.deepcopy(self.G).eval().requires_grad_(False)
        self.random = torch.Generator().manual_seed(seed)
        optimiser = recipe.optimiser
        self.optimisers = {
            name: torch.optim.Adam(
                net.parameters(), lr=optimiser.lr, betas=(optimiser.beta1, optimiser.beta2), fused=True
            )
            for name, net in self._nets().items()
        }

    def _nets(self) -> dict[str, nn.Module]:
        nets = {"G": self.G, "D": self.D}
        return nets if self.Q is None else nets | {"Q": self.Q}

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

    def draw(self, examples: Examples, rows: Tensor) -> Batch:
        """This process's part of the items of `rows`, dequantised, under jittered conditions, with their latents."""
        mine = self.parallel.share(len(rows), GROUP)
        x = examples.noisy(rows, mine, self.random)
        condition = examples.condition[rows].clone()
        condition[:, 1:3] += self.jitter() * torch.randn((len(rows), 2), generator=self.random)
        z = torch.randn((len(rows), self.recipe.network.latent_dim), generator=self.random)
        style = F.one_hot(examples.style[rows[mine]], self.styles).to(x.dtype)
        device = self.parallel.device
        return Batch(
            x=self.for_critic(x.to(device)),
            z=z[mine].to(device),
            style=style.to(device),
            condition=condition[mine].to(device),
        )

    def train_step(self, real: Batch, sums: Sums) -> None:
        decay = self.decay()
        for optimiser in self.optimisers.values():
            optimiser.param_groups[0]["lr"] = self.recipe.optimiser.lr * decay
        with self.parallel.autocast():
            fake = self.for_critic(self.G(real.z, real.style, real.condition))
        self._critic_step(real, fake.detach(), sums)
        self._generator_step(real, fake, decay, sums)
        self._average()
        self.step += 1

    def _critic_step(self, real: Batch, fake: Tensor, sums: Sums) -> None:
        self.D.requires_grad_(True)

        def critic(x: Tensor) -> Tensor:
            score: Tensor = self.D(x, real.style, real.condition)
            return score

        settings = self.recipe.loss
        with self.parallel.autocast():
            real_score, fake_score = critic(real.x), critic(fake)
            loss = critic_loss(real_score, fake_score)
            sums.add("loss_d", loss)
            sums.add("d_gap", (real_score - fake_score).mean())
            sums.add("d_success", (real_score > fake_score).float().mean())
            if settings.gamma and self.step % settings.penalty_every == 0:
                gradients = penalty(critic, real.x, fake, settings.gamma, settings.penalty_every)
                sums.add("penalty", gradients / settings.penalty_every)
                loss = loss + gradients
        self._descend(loss, "D")
        self.D.requires_grad_(False)

    def _generator_step(self, real: Batch, fake: Tensor, decay: float, sums: Sums) -> None:
        with self.parallel.autocast():
            with torch.no_grad():
                real_score = self.D(real.x, real.style, real.condition)
            loss = generator_loss(real_score, self.D(fake, real.style, real.condition))
            sums.add("loss_g", loss)
            if self.Q is not None:
                code = code_loss(self.Q(fake), real.z)
                sums.add("loss_code", code)
                loss = loss + self.recipe.loss.code * decay * code
        self._descend(loss, *(("G",) if self.Q is None else ("G", "Q")))

    def _descend(self, loss: Tensor, *names: str) -> None:
        for name in names:
            self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nets = self._nets()
        self.parallel.average_gradients(nets[name] for name in names)
        for name in names:
            self.optimisers[name].step()

    def _average(self) -> None:
        """theta_ema <- ema * theta_ema + (1 - ema) * theta, with a shorter memory at the very start."""
        ema = min(self.recipe.optimiser.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.G_ema.parameters()), list(self.G.parameters()), 1 - ema)

    def parameters(self) -> dict[str, int]:
        """How many each net has."""
        return {name: sum(p.numel() for p in net.parameters()) for name, net in self._nets().items()}

    def on_cpu(self) -> tuple[nn.Module, nn.Module]:
        """D and the averaged G where scores are taken: themselves, or copies of what lies on another device."""
        if self.parallel.device.type == "cpu":
            return self.D, self.G_ema
        return copy.deepcopy(self.D).cpu(), copy.deepcopy(self.G_ema).cpu()

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
