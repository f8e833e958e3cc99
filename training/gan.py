"""One adversarial step, and everything that a training carries from step to step.

A step draws a batch of real items, bars or windows, jitters their conditions (an exact condition would name the
performance), and makes one fake for each under the same condition. The critic learns first, then generator and code
reader from the same fakes. One random generator feeds all draws, so a state that is restored goes on bit for bit.
`training.phrase_gan` is the same for windows of bars, with a second critic.

Where the recipe has taps, a share of the items come with one, and D is told which: items with one and items without
must each be like drummers', and not the two together. It is not shown the tap, which would name the real bar that it
was taken from. A loss of its own sees that the tap is kept. Several processes do what one does, but for the turns and
the losses of `training.lessons`, of which each takes its own.
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
from training import turns
from training.augment import Change, drawn
from training.batch import GROUP, Batch, Sums
from training.builders import build
from training.examples import Examples
from training.lessons import Lessons
from training.losses import critic_loss, generator_loss, penalty
from training.measures import MEASURES
from training.parallel import Parallel
from training.recipes import Recipe
from training.taps import tap_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """A critic by its net's name, and what it compares: `score` of the `real` items [B, C, T] with that of what `view`
    takes from a step's fakes. `suffix` names its figures."""

    net: str
    suffix: str
    score: Callable[[Tensor], Tensor]
    real: Tensor
    view: Callable[[Tensor], Tensor] = field(default=lambda fake: fake)


class Gan:
    """G, D, Q, the averaged G and their optimisers. `step` counts from 0 to `steps` in all."""

    def __init__(self, recipe: Recipe, styles: int, steps: int, seed: int, parallel: Parallel) -> None:
        """Raises UsageError where there is no room in z for leanings that are to be learnt."""
        nets = build(recipe, styles, seed)
        self.G, self.D, self.Q, self.W, self.for_critic = nets.G, nets.D, nets.Q, nets.W, nets.for_critic
        self.shape: Any = self.G.shape
        if recipe.network.leanings and not getattr(self.shape, "named", ()):
            raise UsageError(
                f"network.leanings needs {len(MEASURES)} entries of z, and of a theme's where there is one"
            )
        self.recipe, self.styles, self.steps, self.step, self.parallel = recipe, styles, steps, 0, parallel
        for net in self._nets().values():
            net.to(parallel.device)
        self.G_ema = copy.deepcopy(self.G).eval().requires_grad_(False)
        self.random = torch.Generator().manual_seed(seed)
        self.lessons = Lessons(recipe.loss, self.shape)
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

    def strength(self) -> float:
        """Of the lessons: 0 until `lessons_from`, then rising to 1 in as long again."""
        begin = self.recipe.schedule.lessons_from * self.steps
        return min(max(self.step - begin, 0.0) / begin, 1.0) if begin else 1.0

    def _decayed(self) -> float:
        """0 until `decay_from`, then rising to 1 at the last step."""
        start = self.recipe.schedule.decay_from * self.steps
        return min(max(self.step - start, 0.0) / max(self.steps - start, 1.0), 1.0)

    def draw(self, examples: Examples, rows: Tensor) -> Batch:
        """This process's part of the items of `rows`, dequantised, under jittered conditions, with their latents."""
        mine = self.parallel.share(len(rows), GROUP)
        self.lessons.know(examples)
        x = examples.noisy(rows, mine, self.random)
        condition = examples.condition[rows].clone()
        condition[:, 1:3] += self.jitter() * torch.randn((len(rows), 2), generator=self.random)
        z = torch.randn((len(rows), self.recipe.network.latent_dim), generator=self.random)
        own = self.lean(z.unsqueeze(1), getattr(examples, "own", None), rows)
        style = F.one_hot(examples.style[rows[mine]], self.styles).to(x.dtype)
        change = self.changes(len(rows))
        given = self.given_taps(len(rows))
        turn = self.turned(z[mine], condition[mine], None if given is None else given[mine])
        device = self.parallel.device
        return Batch(
            x=self.for_critic(x.to(device)),
            z=z[mine].to(device),
            style=style.to(device),
            condition=condition[mine].to(device),
            change=change and change.take(mine).to(device),
            tap=None if given is None else (tap_of(x) * given[mine].view(-1, 1, 1)).to(device),
            own=None if own is None else own[mine].to(device),
            turn=turn and turn.to(device),
        )

    def lean(self, z: Tensor, own: Tensor | None, rows: Tensor) -> Tensor | None:
        """Puts the leanings `own` [N, M] of some real items into their z [n, K, latent_dim], with noise and standard
        normal still, and gives what critics are told of them, [n, M]; None where none are learnt. Of the others, zeros
        are told, and z stays as it was drawn: leanings that no drummer has together must sound, too."""
        if own is None or not self.recipe.network.leanings:
            return None
        jitter = self.jitter()
        noise = torch.randn((len(rows), own.shape[1]), generator=self.random)
        told = torch.rand((len(rows), 1), generator=self.random) < self.recipe.schedule.told
        found = (own[rows] + jitter * noise) / (1 + jitter**2) ** 0.5
        z[:, :, self.shape.named] = torch.where(told.unsqueeze(1), found.unsqueeze(1), z[:, :, self.shape.named])
        known: Tensor = found * told
        return known

    def turned(self, z: Tensor, condition: Tensor, tapped: Tensor | None) -> turns.Turn | None:
        """What is made once more of items with these inputs, where the recipe asks what its controls do."""
        loss = self.recipe.loss
        return turns.drawn(z, condition, self.shape, self.random, tapped) if loss.steer or loss.smooth else None

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
            found: Tensor = self.D(real.told(x), real.style, real.conditions)
            return found

        return [Duel(net="D", suffix="d", score=score, real=real.changed(real.x), view=real.changed)]

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
            losses += self.lessons.losses(real, fake, self.G, self.Q, decay=decay, strength=self.strength(), sums=sums)
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
            "lessons": self.lessons.state(),
            "nets": {name: net.state_dict() for name, net in self._nets().items()},
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Raises KeyError, ValueError or RuntimeError for a state of other nets."""
        self.G_ema.load_state_dict(state["G_ema"])
        for name, net in self._nets().items():
            net.load_state_dict(state["nets"][name])
            self.optimisers[name].load_state_dict(state["optimisers"][name])
        self.lessons.restore(state["lessons"])
        self.random.set_state(state["random"])
        self.step = int(state["step"])
