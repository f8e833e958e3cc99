"""The adversarial step for windows of successive bars: two critics, a latent that is held, and taps.

z is a phrase part, drawn once per window, and a bar part, drawn per bar, of which the leading `walk_dim` entries are
means of K successive draws, so that bars near each other are more alike, and the others are fresh. D judges bars one by
one; W judges windows, their bars stacked as channels. `singles`, bars of performances that are shorter than a window,
which most fill files are, are for D alone. Both are told which bars were given a tap, for bars with one and bars
without must each be like drummers', and not the two together; they are not shown the tap, which would name the real bar
that it was taken from. A loss of its own sees that the tap is kept.

The items that minibatch deviation compares, every n / GROUP-th of a batch, are of different windows. Several processes
do what one does, but for `tap_loss` and `named_loss`, of which each takes its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from instrument.errors import UsageError
from training.examples import Examples, WindowExamples
from training.gan import GROUP, Batch, Duel, Gan, Sums
from training.losses import named_loss, tap_loss
from training.measures import MEASURES, measures
from training.networks import CONDITIONS, NetworkShape, from_critic
from training.parallel import Parallel
from training.recipes import Recipe
from training.taps import tap_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseBatch(Batch):
    """`tap` [B, 4, T], zeros where there is none; `windows` [N, K], the items that are the bars of each window."""

    tap: Tensor
    windows: Tensor


class PhraseGan(Gan):
    """A `Gan` of windows."""

    def __init__(self, recipe: Recipe, styles: int, steps: int, seed: int, parallel: Parallel) -> None:
        """Raises UsageError where there is no room in the phrase for what loss.named moves."""
        if recipe.loss.named and recipe.network.phrase_dim < len(MEASURES):
            raise UsageError(f"loss.named needs a network.phrase_dim of {len(MEASURES)} or more")
        super().__init__(recipe, styles, steps, seed, parallel)
        self.spread: Tensor | None = None

    def draw(self, examples: Examples, rows: Tensor) -> PhraseBatch:
        """This process's part of the windows of `rows` and of the singles, drawn for all processes."""
        assert isinstance(examples, WindowExamples)
        if self.spread is None:  # of all bars, as a batch may be without a ride
            every = torch.arange(len(examples.bars))
            self.spread = measures(examples.bars.x(every)).std(0).clamp(min=1e-2).to(self.parallel.device)
        singles = self._singles(examples)
        mine, mine_too = self.parallel.share(len(rows), GROUP), self.parallel.share(len(singles), GROUP)
        group = GROUP if len(mine) % GROUP == 0 else 1
        shape: NetworkShape = self.shape
        bars, steps, random = shape.bars, shape.steps, self.random

        windows = examples.noisy(rows, mine, random).view(len(mine), bars, -1, steps)
        alone = examples.bars.noisy(singles, mine_too, random)
        z = window_latents(len(rows), shape, random)[mine]
        z_alone = torch.randn((len(singles), shape.latent_dim), generator=random)[mine_too]
        condition = self._jittered(examples.condition[rows])[mine]
        turned = [torch.cat([condition[:, :CONDITIONS], rolled(condition, k)], 1) for k in range(bars)]
        alone_condition = self._jittered(examples.bars.condition[singles])
        place = torch.randint(0, bars, (len(singles),), generator=random)
        alone_condition[:, CONDITIONS:] = F.one_hot(place, bars)
        styles = [examples.style[rows[mine]], examples.bars.style[singles[mine_too]]]
        tapped = torch.rand(len(rows) + len(singles), generator=random) < self.recipe.schedule.tapped

        def mixed(of_windows: Tensor, of_singles: Tensor) -> Tensor:
            """[N, K, ...] and [S, ...] as one batch."""
            n, s = len(of_windows) // group, len(of_singles) // group
            rest = of_windows.shape[2:]
            both = [of_windows.reshape(group, n, bars, *rest).transpose(1, 2).reshape(group, bars * n, *rest)]
            both.append(of_singles.reshape(group, s, *rest))
            return torch.cat(both, 1).flatten(0, 1).to(self.parallel.device)

        def by_bar(x: Tensor) -> Tensor:
            return x.unsqueeze(1).expand(-1, bars, *x.shape[1:])

        x = mixed(windows, alone)
        given = mixed(by_bar(tapped[: len(rows)][mine]), tapped[len(rows) :][mine_too])
        changes = self.changes(len(rows) + len(singles))
        of = mixed(by_bar(mine), len(rows) + mine_too).cpu()  # a window's bars are changed alike
        number = torch.arange(len(mine) * bars).view(-1, bars)
        item = mixed(number, torch.full((len(mine_too),), -1))
        return PhraseBatch(
            x=self.for_critic(x),
            z=mixed(z, z_alone),
            style=F.one_hot(mixed(by_bar(styles[0]), styles[1]), self.styles).to(x.dtype),
            condition=mixed(torch.stack(turned, 1), alone_condition[mine_too]),
            change=changes and changes.take(of).to(self.parallel.device),
            tap=tap_of(x) * given.view(-1, 1, 1),
            windows=torch.argsort(item)[len(mine_too) :].view(-1, bars),
        )

    def make(self, real: Batch) -> Tensor:
        """See `Gan.make`."""
        assert isinstance(real, PhraseBatch)
        made: Tensor = self.G(real.z, real.style, real.condition, real.tap)  # a net without taps leaves them aside
        return made

    def duels(self, real: Batch) -> list[Duel]:
        """See `Gan.duels`."""
        assert isinstance(real, PhraseBatch)
        assert self.W is not None
        first = real.windows[:, 0]
        critic, style, condition = self.W, real.style[first], real.condition[first]
        tapped = real.tap[:, -1:] if self.recipe.network.tap else real.tap[:, :0]

        def of_bars(x: Tensor) -> Tensor:
            score: Tensor = self.D(torch.cat([x, tapped], 1), real.style, real.condition)
            return score

        def of_windows(x: Tensor) -> Tensor:
            score: Tensor = critic(torch.cat([x, tapped[first]], 1), style, condition)
            return score

        def stacked(x: Tensor) -> Tensor:
            return real.changed(x)[real.windows.flatten()].view(len(first), -1, x.shape[2])

        return [
            Duel(net="D", suffix="d", score=of_bars, real=real.changed(real.x), view=real.changed),
            Duel(net="W", suffix="w", score=of_windows, real=stacked(real.x), view=stacked),
        ]

    def extra_losses(self, real: Batch, fake: Tensor, decay: float, sums: Sums) -> list[Tensor]:
        """See `Gan.extra_losses`."""
        assert isinstance(real, PhraseBatch)
        settings, found = self.recipe.loss, super().extra_losses(real, fake, decay, sums)
        if settings.tap:
            missed = tap_loss(tap_of(from_critic(fake)), real.tap)
            sums.add("loss_tap", missed)
            found.append(settings.tap * missed)
        if settings.named:
            free = real.tap[:, -1, 0] == 0  # a tap says itself how many kicks there are
            assert self.spread is not None
            own = real.z[free][:, self.shape.named]
            named = named_loss(measures(from_critic(fake))[free], own, self.spread)
            sums.add("loss_named", named)
            found.append(settings.named * named)
        return found

    def _singles(self, examples: WindowExamples) -> Tensor:
        """Rows of this step's, none where no performance is short."""
        there, wanted = len(examples.singles), self.recipe.data.singles * self.parallel.world
        if not there or not wanted:
            return examples.singles[:0]
        return examples.singles[torch.randint(0, there, (wanted,), generator=self.random)]

    def _jittered(self, condition: Tensor) -> Tensor:
        noise = torch.randn((len(condition), 2), generator=self.random)
        moved = condition.clone()
        moved[:, 1:3] += self.jitter() * noise
        return moved


def window_latents(count: int, shape: NetworkShape, random: torch.Generator) -> Tensor:
    """z [count, K, latent_dim] of windows: a phrase part that is held, a part that walks, a part that jumps."""
    bars, walk = shape.bars, shape.walk_dim
    phrase = torch.randn((count, 1, shape.phrase_dim), generator=random).expand(-1, bars, -1)
    steps = torch.randn((count, 2 * bars - 1, walk), generator=random)
    walked = steps.unfold(1, bars, 1).sum(3) / bars**0.5
    fresh = torch.randn((count, bars, shape.latent_dim - shape.phrase_dim - walk), generator=random)
    return torch.cat([phrase, walked, fresh], 2)


def rolled(condition: Tensor, bars: int) -> Tensor:
    """The columns of the place, so many bars later."""
    return torch.roll(condition[:, CONDITIONS:], bars, 1)
