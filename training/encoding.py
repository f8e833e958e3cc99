"""E: the way back, from a bar to a place where G makes one like it.

A GAN has no encoder of its own; E is taught afterwards, against the frozen generators of the epochs that are exported
(the regression of Zhu et al. 2016, iGAN, and the losses of the in-domain inversion of Zhu et al. 2020). Of real bars it
learns by what G makes of its answer,

    L = BCE(onset) + VELOCITY |velocity|^2 + OFFSET |offset|^2 over the hits + PRIOR |z|^2
        + CONDITION |condition|^2 ,

sums over a bar's cells, means over bars. Bars that G has made are in each batch, so that E sees more than the data
hold; their z, though known, is not asked for: a bar has many, and |E(G(z)) - z|^2 draws the answer to their mean. One
net serves all epochs, told by a one-hot input, as its size counts in what is shipped. The style is an input too, the
bar's own or one drawn by chance: a player names one, and the one whose bar comes nearest is found by trying them all,
which costs less than guessing wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.examples import BarExamples, Random
from training.networks import CONDITIONS, VELOCITY_HEADROOM, BarGenerator, NetworkShape, leaky

VELOCITY, OFFSET, PRIOR, CONDITION = 4.0, 4.0, 0.003, 1.0

MOST_CONDITION = 3.0
"""Density and energy lie within so many standard deviations: a knob turns no further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSchedule:
    """`made`: the share of a batch that G has made; `other`: that is asked for under a style drawn by chance; `best`:
    the share of the batches that are of the best epoch, beside those it has with the others. The rate falls as a cosine
    to nothing over `steps`."""

    steps: int = 20_000
    batch: int = 128
    made: float = 0.25
    other: float = 0.5
    best: float = 0.5
    lr: float = 2e-3


class Encoder(nn.Module):
    """E: (bar [B, P, H, V, T], epoch [B, N] and style [B, S] one-hot) -> z [B, latent_dim], condition [B, Q]. In a net
    of phrases a bar is a home: the phrase part is answered, and what is each bar's own is 0."""

    def __init__(self, shape: NetworkShape, epochs: int, channels: int = 48, width: int = 96) -> None:
        super().__init__()
        self.latent_dim, answered = shape.latent_dim, shape.phrase_dim or shape.latent_dim
        self.register_buffer("home", (torch.arange(self.latent_dim) < answered).float(), persistent=False)
        self.conv1 = nn.Conv1d(shape.bar_channels, channels, 3, padding=1)
        self.conv2 = nn.Conv1d(channels, channels, 4, stride=2, padding=1)
        self.conv3 = nn.Conv1d(channels, channels, 4, stride=2, padding=1)
        self.full1 = nn.Linear(channels * (shape.steps // 4) + epochs + shape.styles, width)
        self.full2 = nn.Linear(width, width)
        self.answer = nn.Linear(width, shape.latent_dim + CONDITIONS)

    def forward(self, bar: Tensor, epoch: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        h = leaky(self.conv3(leaky(self.conv2(leaky(self.conv1(bar.flatten(1, 3)))))))
        h = leaky(self.full2(leaky(self.full1(torch.cat([h.flatten(1), epoch, style], 1)))))
        answer = self.answer(h)
        z, fill, moods = answer.split((self.latent_dim, 1, CONDITIONS - 1), 1)
        return z * self.home, torch.cat([torch.sigmoid(fill), MOST_CONDITION * torch.tanh(moods / MOST_CONDITION)], 1)


def likeness_loss(generator: BarGenerator, x: Tensor, z: Tensor, style: Tensor, condition: Tensor) -> Tensor:
    """How far what G makes is from the bars x [B, C, T]: [B]."""
    onset, velocity, offset = generator.logits(z, style, with_first_place(generator, condition))
    hit, loud, late = x.chunk(3, 1)
    loss = F.binary_cross_entropy_with_logits(onset, hit, reduction="none")
    loss = loss + VELOCITY * hit * (VELOCITY_HEADROOM * torch.sigmoid(velocity) - loud).square()
    loss = loss + OFFSET * hit * (0.5 * torch.tanh(offset) - late).square()
    return loss.sum((1, 2))


def with_first_place(generator: BarGenerator, condition: Tensor) -> Tensor:
    """The condition with the columns of a phrase's first bar, where G takes a place."""
    place = torch.eye(max(generator.shape.places, 1))[:1, : generator.shape.places]
    return torch.cat([condition, place.expand(len(condition), -1)], 1)


class Lessons:
    """The bars E learns from, batch by batch, and their losses."""

    def __init__(
        self, generators: Sequence[BarGenerator], real: BarExamples, schedule: EncoderSchedule, seed: int, best: int = 0
    ) -> None:
        self.generators, self.real, self.schedule, self.best = generators, real, schedule, best
        self.styles, self.shape = generators[0].shape.styles, generators[0].shape
        self.random: Random = torch.Generator().manual_seed(seed)

    def loss(self, encoder: Encoder) -> Tensor:
        """Of one batch, of one epoch drawn by chance."""
        batch, index = self.schedule.batch, self._epoch()
        generator = self.generators[index]
        rows = torch.randint(len(self.real), (batch,), generator=self.random)
        own, condition = F.one_hot(self.real.style[rows], self.styles).float(), self.real.condition[rows, :CONDITIONS]
        x = self._some_made(generator, self.real.x(rows), own, condition)
        style = self._some_other(own)
        z, asked = encoder(planes(x, self.shape), one_epoch(index, len(self.generators), batch), style)
        loss = likeness_loss(generator, x, z, style, asked)
        loss = loss + PRIOR * z.square().sum(1) + CONDITION * (asked - condition).square().sum(1)
        mean: Tensor = loss.mean()
        return mean

    def _epoch(self) -> int:
        drawn = int(torch.randint(len(self.generators), (), generator=self.random))
        chance = float(torch.rand((), generator=self.random))
        return self.best if chance < self.schedule.best else drawn

    def _some_made(self, generator: BarGenerator, x: Tensor, style: Tensor, condition: Tensor) -> Tensor:
        """The first of the bars x [B, C, T] replaced by bars of the same styles and conditions that G makes."""
        made = round(self.schedule.made * len(x))
        z = torch.randn((made, self.shape.latent_dim), generator=self.random)
        with torch.no_grad():
            return torch.cat([generator(z, style[:made], with_first_place(generator, condition[:made])), x[made:]])

    def _some_other(self, style: Tensor) -> Tensor:
        """The style weights [B, S] with as many, by chance, replaced by others."""
        other = torch.rand(len(style), 1, generator=self.random) < self.schedule.other
        drawn = torch.randint(self.styles, (len(style),), generator=self.random)
        return torch.where(other, F.one_hot(drawn, self.styles).float(), style)


def planes(x: Tensor, shape: NetworkShape) -> Tensor:
    """[B, C, T] -> [B, P, H, V, T]."""
    return x.view(len(x), 3, shape.hit_planes, -1, x.shape[2])


def one_epoch(index: int, epochs: int, batch: int) -> Tensor:
    """[B, N], 1 at one epoch."""
    return F.one_hot(torch.full((batch,), index), epochs).float()


def teach(
    generators: Sequence[BarGenerator],
    real: BarExamples,
    seed: int,
    schedule: EncoderSchedule | None = None,
    told: Callable[[int, float], None] | None = None,
    best: int = 0,
) -> Encoder:
    """E for these generators, of one shape, from real bars; the same seed gives the same net. `told`: after each step,
    its number and loss. `best`: which of the generators is mostly played."""
    schedule = schedule or EncoderSchedule()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = Encoder(generators[0].shape, len(generators))
    optimiser = torch.optim.Adam(encoder.parameters(), schedule.lr)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, schedule.steps)
    lessons = Lessons(generators, real, schedule, seed, best)
    for step in range(schedule.steps):
        loss = lessons.loss(encoder)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        falling.step()
        if told:
            told(step, float(loss.detach()))
    return encoder.eval().requires_grad_(False)
