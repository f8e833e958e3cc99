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
from training.batch import GROUP, Batch, Sums
from training.examples import Examples, WindowExamples
from training.gan import Duel, Gan
from training.networks import CONDITIONS, PLANES, NetworkShape
from training.taps import tap_of
from training.variations import VariedGenerator


class PhraseGan(Gan):
    """A `Gan` of windows."""

    def draw(self, examples: Examples, rows: Tensor) -> Batch:
        """This process's part of the windows of `rows` and of the singles, drawn for all processes."""
        assert isinstance(examples, WindowExamples)
        self.lessons.know(examples.bars, examples)
        singles, device = self._singles(examples), self.parallel.device
        mine, mine_too = self.parallel.share(len(rows), GROUP), self.parallel.share(len(singles), GROUP)
        join = Join(len(mine), len(mine_too), self.shape.bars)
        windows = examples.noisy(rows, mine, self.random).view(len(mine), join.bars, -1, self.shape.steps)
        x = join(windows, examples.bars.noisy(singles, mine_too, self.random))
        drawn, own = self._latents(examples, rows, singles)
        z = join(drawn[0][mine], drawn[1][mine_too])
        of_windows, of_singles = self._conditions(examples, rows, singles)
        condition = join(of_windows[mine], of_singles[mine_too])
        style = join(join.by_bar(examples.style[rows[mine]]), examples.bars.style[singles[mine_too]])
        given = self.given_taps(len(rows) + len(singles))
        tapped = None if given is None else join(join.by_bar(given[: len(rows)][mine]), given[len(rows) :][mine_too])
        changes = self.changes(len(rows) + len(singles))
        of = join(join.by_bar(mine), len(rows) + mine_too)  # a window's bars are changed alike
        turn = self.turned(z, condition, tapped)
        return Batch(
            x=self.for_critic(x.to(device)),
            z=z.to(device),
            style=F.one_hot(style, self.styles).to(x.dtype).to(device),
            condition=condition.to(device),
            change=changes and changes.take(of).to(device),
            tap=None if tapped is None else (tap_of(x) * tapped.view(-1, 1, 1)).to(device),
            own=own and join(join.by_bar(own[0][mine]), own[1][mine_too]).to(device),
            turn=turn and turn.to(device),
            windows=join.windows().to(device),
        )

    def _latents(
        self, examples: WindowExamples, rows: Tensor, singles: Tensor
    ) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor] | None]:
        """z of windows [N, K, latent_dim] and singles [S, latent_dim], and the leanings [N, M], [S, M] in them."""
        shape: NetworkShape = self.shape
        z = window_latents(len(rows), shape, self.random)
        alone = torch.randn((len(singles), shape.latent_dim), generator=self.random)
        own = self.lean(z, examples.own, rows)
        own_alone = self.lean(alone.unsqueeze(1), examples.bars.own, singles)
        return (z, alone), None if own is None or own_alone is None else (own, own_alone)

    def _conditions(self, examples: WindowExamples, rows: Tensor, singles: Tensor) -> tuple[Tensor, Tensor]:
        """With noise, and each bar at its place: [N, K, Q] and [S, Q]; a single is put anywhere."""
        held = self._jittered(examples.condition[rows])
        bars: int = self.shape.bars
        by_bar = [torch.cat([held[:, :CONDITIONS], rolled(held, k)], 1) for k in range(bars)]
        alone = self._jittered(examples.bars.condition[singles])
        place = torch.randint(0, bars, (len(singles),), generator=self.random)
        alone[:, CONDITIONS:] = F.one_hot(place, bars)
        return torch.stack(by_bar, 1), alone

    def train_step(self, real: Batch, sums: Sums) -> None:
        """With the theme, once its time has come."""
        if isinstance(self.G, VariedGenerator):
            self.G.theme.requires_grad_(self.step >= self.recipe.schedule.theme_from * self.steps)
        super().train_step(real, sums)

    def duels(self, real: Batch) -> list[Duel]:
        """See `Gan.duels`."""
        windows = real.windows
        assert windows is not None
        assert self.W is not None
        first = windows[:, 0]
        critic, style, condition = self.W, real.style[first], real.conditions[first]

        def of_windows(x: Tensor) -> Tensor:
            told = x if real.tap is None else torch.cat([x, real.tap[first, -1:]], 1)
            score: Tensor = critic(told, style, condition)
            return score

        def stacked(x: Tensor) -> Tensor:
            seen = real.changed(x)[windows.flatten()].view(len(first), -1, x.shape[2])
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


@dataclass(frozen=True, slots=True)
class Join:
    """How `count` windows of `bars` and `singles` bars lie in one batch: in GROUP parts, where they can be shared out,
    each of the first bars of its windows, their second bars and so on, and its singles."""

    count: int
    singles: int
    bars: int

    def __call__(self, of_windows: Tensor, of_singles: Tensor) -> Tensor:
        """[N, K, ...] and [S, ...] as one batch."""
        group = GROUP if self.count % GROUP == 0 else 1
        n, s, rest = self.count // group, self.singles // group, of_windows.shape[2:]
        both = [of_windows.reshape(group, n, self.bars, *rest).transpose(1, 2).reshape(group, self.bars * n, *rest)]
        both.append(of_singles.reshape(group, s, *rest))
        return torch.cat(both, 1).flatten(0, 1)

    def by_bar(self, x: Tensor) -> Tensor:
        """What is of a window, for each of its bars: [N, ...] -> [N, K, ...]."""
        return x.unsqueeze(1).expand(-1, self.bars, *x.shape[1:])

    def windows(self) -> Tensor:
        """[N, K], the items that are the bars of each window."""
        number = torch.arange(self.count * self.bars).view(-1, self.bars)
        item = self(number, torch.full((self.singles,), -1))
        return torch.argsort(item)[self.singles :].view(-1, self.bars)


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
