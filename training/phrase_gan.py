"""The adversarial step for windows of successive bars: two critics, a latent that is held, and taps.

z is a phrase part, drawn once per window, and a bar part, drawn per bar, of which the leading `walk_dim` entries are
means of K successive draws, so that bars near each other are more alike, and the others are fresh. D judges bars one by
one; W judges windows, their bars and how these differ stacked as channels. `singles`, bars of performances that are
shorter than a window, which most fill files are, are for D alone. W is told of taps as D is. The items that minibatch
deviation compares, every n / GROUP-th of a batch, are of different windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from instrument.core.drums import VOICES
from training.examples import Examples, WindowExamples
from training.gan import GROUP, Batch, Duel, Gan
from training.networks import CONDITIONS, PLANES, NetworkShape
from training.taps import tap_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseBatch(Batch):
    """`windows` [N, K], the items that are the bars of each window."""

    windows: Tensor


class PhraseGan(Gan):
    """A `Gan` of windows."""

    def draw(self, examples: Examples, rows: Tensor) -> PhraseBatch:
        """This process's part of the windows of `rows` and of the singles, drawn for all processes."""
        assert isinstance(examples, WindowExamples)
        self.measure_spread(examples.bars)
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
        given = self.given_taps(len(rows) + len(singles))

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
        tapped = given is not None and (by_bar(given[: len(rows)][mine]), given[len(rows) :][mine_too])
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
            tap=tap_of(x) * mixed(*tapped).view(-1, 1, 1) if tapped else None,
            windows=torch.argsort(item)[len(mine_too) :].view(-1, bars),
        )

    def duels(self, real: Batch) -> list[Duel]:
        """See `Gan.duels`."""
        assert isinstance(real, PhraseBatch)
        assert self.W is not None
        first = real.windows[:, 0]
        critic, style, condition = self.W, real.style[first], real.condition[first]

        def of_windows(x: Tensor) -> Tensor:
            told = x if real.tap is None else torch.cat([x, real.tap[first, -1:]], 1)
            score: Tensor = critic(told, style, condition)
            return score

        def stacked(x: Tensor) -> Tensor:
            seen = real.changed(x)[real.windows.flatten()].view(len(first), -1, x.shape[2])
            return torch.cat([seen, differences(seen, self.shape.bars)], 1)

        return [
            *super().duels(real),
            Duel(net="W", suffix="w", score=of_windows, real=stacked(real.x), view=stacked),
        ]

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


def differences(x: Tensor, bars: int) -> Tensor:
    """How each two bars of windows [N, K * C, T] differ in their main hits, [N, K (K - 1) / 2 * 3 V, T]: where one has
    a hit and the other none, and by how much in velocity and offset where both have one. W could find this out by
    itself, but takes longer than it has."""
    planes = x.view(len(x), bars, PLANES, -1, VOICES, x.shape[2])[:, :, :, 0]
    onset, heard = planes[:, :, :1], planes[:, :, 1:]
    found = []
    for a, b in combinations(range(bars), 2):
        both = onset[:, a] * onset[:, b]
        found += [onset[:, a] + onset[:, b] - 2 * both, (heard[:, a] - heard[:, b]).abs() * both]
    return torch.cat([part.flatten(1, 2) for part in found], 1)
