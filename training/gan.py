"""One adversarial step, and everything that a training carries from step to step.

A step draws a batch of real items, bars or windows, jitters their conditions (an exact condition would name the
performance), and makes one fake for each under the same condition. The critic learns first, then generator and code
reader from the same fakes. One random generator feeds all draws, so a state that is restored goes on bit for bit.
`training.phrase_gan` is the same for windows of bars, with a second critic.

Where the recipe has taps, a share of the items come with one, and D is told which: items with one and items without
must each be like drummers', and not the two together. It is not shown the tap, which would name the real bar that it
was taken from. A loss of its own sees that the tap is kept. Several processes do what one does, but for `tap_loss` and
`named_loss`, of which each takes its own.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from instrument.errors import UsageError
from training.augment import Change, drawn
from training.builders import build
from training.examples import Examples
from training.losses import code_loss, critic_loss, generator_loss, named_loss, penalty, tap_loss
from training.measures import MEASURES, measures
from training.networks import from_critic
from training.parallel import Parallel
from training.recipes import Recipe
from training.taps import tap_of

GROUP = 8
"""Items that D compares with each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """x [B, C, T] as D sees it, z [B, latent_dim], style weights [B, S], condition [B, K], the change through which
    critics see x and its fakes, and where nets listen the tap [B, 4, T], zeros for none."""

    x: Tensor
    z: Tensor
    style: Tensor
    condition: Tensor
    change: Change | None = None
    tap: Tensor | None = None

    def changed(self, x: Tensor) -> Tensor:
        return x if self.change is None else self.change(x)

    def told(self, x: Tensor) -> Tensor:
        """What D is given of x: with one channel more, whether there is a tap."""
        return x if self.tap is None else torch.cat([x, self.tap[:, -1:]], 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """A critic by its net's name, and what it compares: `score` of the `real` items [B, C, T] with that of what `view`
    takes from a step's fakes. `suffix` names its figures."""

    net: str
    suffix: str
    score: Callable[[Tensor], Tensor]
    real: Tensor
    view: Callable[[Tensor], Tensor] = field(default=lambda fake: fake)


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
        """Raises UsageError where there is no room in z for what loss.named moves."""
        nets = build(recipe, styles, seed)
        self.G, self.D, self.Q, self.W, self.for_critic = nets.G, nets.D, nets.Q, nets.W, nets.for_critic
        self.shape: Any = self.G.shape
        if recipe.loss.named and not getattr(self.shape, "named", ()):
            raise UsageError(f"loss.named needs {len(MEASURES)} entries of z, and of a phrase part where there is one")
        self.recipe, self.styles, self.steps, self.step, self.parallel = recipe, styles, steps, 0, parallel
        for net in self._nets().values():
            net.to(parallel.device)
        self.G_ema = copy.deepcopy(self.G).eval().requires_grad_(False)
        self.random = torch.Generator().manual_seed(seed)
        self.spread: Tensor | None = None
        optimiser = recipe.optimiser
        self.optimisers = {
            name: torch.optim.Adam(
                net.parameters(), lr=optimiser.lr, betas=(optimiser.beta1, optimiser.beta2), fused=True
            )
            for name, net in self._nets().items()
        }

    def _nets(self) -> dict[str, nn.Module]:
        nets = {"G": self.G, "D": self.D, "Q": self.Q, "W": self.W}
        return {name: net for name, net in nets.items() if net is not None}

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
        self.measure_spread(examples)
        x = examples.noisy(rows, mine, self.random)
        condition = examples.condition[rows].clone()
        condition[:, 1:3] += self.jitter() * torch.randn((len(rows), 2), generator=self.random)
        z = torch.randn((len(rows), self.recipe.network.latent_dim), generator=self.random)
        style = F.one_hot(examples.style[rows[mine]], self.styles).to(x.dtype)
        change = self.changes(len(rows))
        given = self.given_taps(len(rows))
        device = self.parallel.device
        return Batch(
            x=self.for_critic(x.to(device)),
            z=z[mine].to(device),
            style=style.to(device),
            condition=condition[mine].to(device),
            change=change and change.take(mine).to(device),
            tap=None if given is None else (tap_of(x) * given[mine].view(-1, 1, 1)).to(device),
        )

    def measure_spread(self, examples: Examples) -> None:
        """Deviations of `training.measures` for `named_loss`, where it is asked for: of all bars, as a batch may be
        without a ride."""
        if self.recipe.loss.named and self.spread is None:
            every = measures(examples.x(torch.arange(len(examples))))
            self.spread = every.std(0).clamp(min=1e-2).to(self.parallel.device)

    def given_taps(self, count: int) -> Tensor | None:
        """Which of so many items come with their tap, where nets listen."""
        if not self.recipe.network.tap:
            return None
        return torch.rand(count, generator=self.random) < self.recipe.schedule.tapped

    def changes(self, count: int) -> Change | None:
        """What critics see of so many items, where the recipe has augmentation."""
        chance = self.recipe.schedule.augment * self._decayed()
        return drawn(count, self.shape.steps, chance, self.random) if chance else None

    def train_step(self, real: Batch, sums: Sums) -> None:
        decay = self.decay()
        for optimiser in self.optimisers.values():
            optimiser.param_groups[0]["lr"] = self.recipe.optimiser.lr * decay
        with self.parallel.autocast():
            fake = self.for_critic(self.make(real))
        duels = self.duels(real)
        self._critic_step(duels, fake.detach(), sums)
        if self.step >= self.recipe.schedule.lead:
            self._generator_step(real, duels, fake, decay, sums)
            self._average()
        self.step += 1

    def make(self, real: Batch) -> Tensor:
        """G's fakes, one for each real item."""
        given = (real.z, real.style, real.condition)
        made: Tensor = self.G(*given) if real.tap is None else self.G(*given, real.tap)
        return made

    def duels(self, real: Batch) -> list[Duel]:
        """What each critic judges in a step."""

        def score(x: Tensor) -> Tensor:
            found: Tensor = self.D(real.told(x), real.style, real.condition)
            return found

        return [Duel(net="D", suffix="d", score=score, real=real.changed(real.x), view=real.changed)]

    def extra_losses(self, real: Batch, fake: Tensor, decay: float, sums: Sums) -> list[Tensor]:
        """What G learns from beside its critics, each with its weight."""
        settings, found = self.recipe.loss, []
        if self.Q is not None:
            code = code_loss(self.Q(fake), real.z[:, self.shape.code])
            sums.add("loss_code", code)
            found.append(settings.code * decay * code)
        if settings.tap and real.tap is not None:
            missed = tap_loss(tap_of(from_critic(fake)), real.tap)
            sums.add("loss_tap", missed)
            found.append(settings.tap * missed)
        if settings.named and self.spread is not None:
            free = slice(None) if real.tap is None else real.tap[:, -1, 0] == 0  # a tap tells the number of kicks
            own = real.z[free][:, self.shape.named]
            named = named_loss(measures(from_critic(fake))[free], own, self.spread)
            sums.add("loss_named", named)
            found.append(settings.named * named)
        return found

    def _critic_step(self, duels: list[Duel], fake: Tensor, sums: Sums) -> None:
        nets = self._nets()
        for duel in duels:
            nets[duel.net].requires_grad_(True)
        with self.parallel.autocast():
            losses = [self._critic_loss(duel, fake, sums) for duel in duels]
            loss = sum(losses[1:], losses[0])
        self._descend(loss, *(duel.net for duel in duels))
        for duel in duels:
            nets[duel.net].requires_grad_(False)

    def _critic_loss(self, duel: Duel, fake: Tensor, sums: Sums) -> Tensor:
        settings, seen = self.recipe.loss, duel.view(fake)
        real_score, fake_score = duel.score(duel.real), duel.score(seen)
        loss = critic_loss(real_score, fake_score)
        sums.add(f"loss_{duel.suffix}", loss)
        sums.add(f"{duel.suffix}_gap", (real_score - fake_score).mean())
        sums.add(f"{duel.suffix}_success", (real_score > fake_score).float().mean())
        if settings.gamma and self.step % settings.penalty_every == 0:
            gradients = penalty(duel.score, duel.real, seen, settings.gamma, settings.penalty_every)
            name = "penalty" if duel.suffix == "d" else f"penalty_{duel.suffix}"
            sums.add(name, gradients / settings.penalty_every)
            loss = loss + gradients
        return loss

    def _generator_step(self, real: Batch, duels: list[Duel], fake: Tensor, decay: float, sums: Sums) -> None:
        with self.parallel.autocast():
            losses = []
            for duel in duels:
                with torch.no_grad():
                    real_score = duel.score(duel.real)
                losses.append(generator_loss(real_score, duel.score(duel.view(fake))))
                sums.add("loss_g" if duel.suffix == "d" else f"loss_g_{duel.suffix}", losses[-1])
            losses += self.extra_losses(real, fake, decay, sums)
            loss = sum(losses[1:], losses[0])
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
