"""Nets over windows of ticks, built for any window size: the original's `createganmodels`, made to work.

A window is `x [B, C, W]` with C = P * V channels, onset and velocity of nine voices, over W ticks. `Generator` and
`Discriminator` are stacks of `layers` strided 1-D convolutions over time with the voices as channels; the strides
follow from W (`strides_for`), the largest next to the ticks. The linear pair is the baseline that shows why
convolution.

Three things let them learn where the original's could not. Onsets are a plane of their own, hard by a straight-through
threshold at the likeliest tick among its neighbours, so that silence is exact and the velocities make no haze. Windows
of 1000 ticks begin anywhere in a bar: both nets are told where, as sines of the bar's harmonics along time (a
positional encoding, Vaswani et al. 2017, that repeats with the bar). And the objective is R3GAN's.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from instrument.core.drums import VOICES
from instrument.core.timebase import BAR_TICKS
from instrument.core.windows import APART_TICKS
from training.networks import (
    CONDITIONS,
    VELOCITY_HEADROOM,
    leaky,
    minibatch_deviation,
    rms_norm,
    straight_through_clamp,
)

HARMONICS = tuple(range(1, 17))
"""Per bar: from the bar itself to its sixteenths, halves and triplets between."""

TIME = 2 * len(HARMONICS)
"""Channels of `bar_time`."""

GATE_SPREAD = 1.0
"""Standard deviation of the gates before the first step, in logits: a narrow one would open and close all at once."""

SERIES = 24
"""Channels of G that are a series over the bar's time."""

TICKS_PER_COLUMN = 40
"""The outermost convolution takes so many at a time: a third of a sixteenth. A bar of 48 columns loses 1.5 % of GMD's
notes, and windows of 1000 and 3200 ticks begin on a column wherever they begin in a bar."""

CRITIC_SCALE = 2.0

CRITIC_SCALE = 2.0

FEWEST_COLUMNS, MOST_COLUMNS = 2, 12
"""Columns at the innermost layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TickShape:
    """What both nets must agree on. `velocity_only`: one plane, where a note is what is loud enough to be heard."""

    styles: int
    window_ticks: int
    layers: int = 3
    latent_dim: int = 64
    velocity_only: bool = False
    linear: bool = False
    style_dim: int = 16
    mapping_dim: int = 128
    generator_channels: int = 64
    critic_channels: int = 48

    def __post_init__(self) -> None:
        if self.window_ticks < 1 or self.layers < 1 or self.latent_dim < 1:
            raise ValueError("a window, a net and a latent need at least one of each")

    @property
    def planes(self) -> int:
        return 1 if self.velocity_only else 2

    @property
    def channels(self) -> int:
        """C = P * V."""
        return self.planes * VOICES


@lru_cache(maxsize=64)
def strides_for(window_ticks: int, layers: int) -> tuple[int, tuple[int, ...]]:
    """Columns at the innermost layer, and the stride of each layer from there to the ticks.

    The last stride is TICKS_PER_COLUMN, or the window's half where that is shorter. The others rise and are near to
    each other; columns times strides are at least `window_ticks`, with as little beyond as can be.
    """
    last = min(TICKS_PER_COLUMN, max(window_ticks // 2, 1))
    needed = math.ceil(window_ticks / last)
    best, chosen = math.inf, (needed, (1,) * (layers - 1))
    for columns in range(FEWEST_COLUMNS, MOST_COLUMNS + 1):
        for inner in _rising(math.ceil(needed / columns), layers - 1):
            waste = columns * math.prod(inner) / needed - 1
            cost = 4 * waste + 0.5 * math.log(max(inner) / min(inner)) + 0.2 * abs(math.log(columns / 6))
            if cost < best:
                best, chosen = cost, (columns, inner)
    return chosen[0], (*chosen[1], last)


def _rising(least: int, layers: int) -> list[tuple[int, ...]]:
    """Rising strides whose product is at least `least`, the last as small as it can be."""
    if not layers:
        return []
    found = []
    for inner in itertools.combinations_with_replacement(
        range(1, math.ceil(1.5 * least ** (1 / layers)) + 1), layers - 1
    ):
        last = math.ceil(least / math.prod(inner))
        if last >= max(inner, default=1):
            found.append((*inner, last))
    return found


def bar_time(phase: Tensor, columns: int, ticks_per_column: int) -> Tensor:
    """Where in its bar each column's middle lies, as sines and cosines of HARMONICS: phase [B, 1] in bars at the
    window's start -> [B, 32, columns]."""
    middle = (torch.arange(columns, dtype=phase.dtype, device=phase.device) + 0.5) * (ticks_per_column / BAR_TICKS)
    harmonics = torch.tensor(HARMONICS, dtype=phase.dtype, device=phase.device)
    turns = (phase + middle).unsqueeze(1) * harmonics.view(1, -1, 1)  # [B, 16, columns]
    angle = 2 * math.pi * (turns - turns.detach().floor())
    return torch.cat([torch.sin(angle), torch.cos(angle)], 1)


class TickEmbedding(nn.Module):
    """Style weights [B, S] and condition [B, 4] (fill, density, energy, phase) -> [B, style_dim + 3]."""

    def __init__(self, shape: TickShape) -> None:
        super().__init__()
        self.style = nn.Linear(shape.styles, shape.style_dim, bias=False)
        nn.init.normal_(self.style.weight, std=0.5)
        self.width = shape.style_dim + CONDITIONS

    def forward(self, style: Tensor, condition: Tensor) -> Tensor:
        return torch.cat([self.style(style), condition[:, :CONDITIONS]], 1)


class UpLayer(nn.Module):
    """`stride` times as many columns: a transposed convolution, then conv3 with norm, FiLM and a skip."""

    def __init__(self, shape: TickShape, stride: int) -> None:
        super().__init__()
        channels = shape.generator_channels
        self.up = nn.ConvTranspose1d(channels, channels, stride, stride=stride)
        self.mix = nn.Conv1d(channels, channels, 3, padding=1)
        self.film = nn.Linear(shape.mapping_dim, 2 * channels)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        scale, shift = self.film(w).unsqueeze(2).chunk(2, 1)
        x = self.up(x)
        h = rms_norm(self.mix(leaky(x))) * (1 + scale) + shift
        return (x + leaky(h)) * 0.7071


class BarSeries(nn.Module):
    """A pattern over the bar's time whose coefficients come from w: [B, mapping_dim] and bar_time -> [B, SERIES, N].

    A Fourier series per channel. So a beat of the bar is the same to the net wherever the window begins, and windows of
    one latent go on where the one before ended.
    """

    def __init__(self, shape: TickShape) -> None:
        super().__init__()
        self.coefficients = nn.Linear(shape.mapping_dim, SERIES * TIME)

    def forward(self, w: Tensor, time: Tensor) -> Tensor:
        series: Tensor = self.coefficients(w).view(-1, SERIES, TIME) @ time * TIME**-0.5
        return series


class Strokes(nn.Module):
    """Logits by column [B, channels, N] -> strokes at the resolution of ticks.

    Each voice has one gate to a column of `stride` ticks, one velocity, and a place within it: the likeliest tick of a
    softmax. So a column holds at most one stroke of a voice, and a threshold on the gate decides whether: silence is
    exact. Gradients pass straight through both decisions (Bengio et al. 2013), to all ticks by their likelihood.
    """

    def __init__(self, shape: TickShape, stride: int) -> None:
        super().__init__()
        self.stride, self.window_ticks = stride, shape.window_ticks
        self.channels = VOICES * (stride + 2)
        self.ones: Tensor
        self.register_buffer("ones", torch.ones(stride), persistent=False)

    def resting_bias(self) -> Tensor:
        """Few strokes before the first step."""
        bias = torch.zeros(self.channels)
        bias[:VOICES] = -2.2 * GATE_SPREAD
        return bias

    def forward(self, logits: Tensor) -> Tensor:
        """Onset and velocity [B, 2 V, W]; velocity is exactly 0 where no stroke is."""
        likely, place, velocity = self._planes(logits)
        hit = peaks(likely).to(place.dtype) + (place - place.detach())
        return torch.cat([hit, velocity * hit], 1)

    def raw(self, logits: Tensor) -> tuple[Tensor, ...]:
        """Onset probability and velocity 0..1, un-masked, each [B, 1, V, W]. The likeliest tick of a column has the
        probability of its gate."""
        likely, _, velocity = self._planes(logits)
        return likely.unsqueeze(1), velocity.clamp(max=1.0).unsqueeze(1)

    def _planes(self, logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        gate, velocity, place = torch.split(logits, [VOICES, VOICES, VOICES * self.stride], 1)
        chance = torch.sigmoid(gate).unsqueeze(3)  # [B, V, N, 1]
        place = torch.softmax(by_column(place, self.stride), 3)  # [B, V, N, stride]
        loud = straight_through_clamp(VELOCITY_HEADROOM * torch.sigmoid(velocity))
        likely = chance * (place / place.amax(3, keepdim=True))
        planes = (likely, chance * place, loud.unsqueeze(3) * self.ones)
        likely, place, loud = (plane.flatten(2)[:, :, : self.window_ticks] for plane in planes)
        return likely, place, loud


class Haze(nn.Module):
    """The original's last decision, none: a velocity for each tick by a sigmoid, which is never 0."""

    def __init__(self, shape: TickShape, stride: int) -> None:
        super().__init__()
        self.stride, self.window_ticks = stride, shape.window_ticks
        self.channels = VOICES * stride

    def resting_bias(self) -> Tensor:
        return torch.zeros(self.channels)

    def forward(self, logits: Tensor) -> Tensor:
        """Velocity 0..1 [B, V, W]."""
        return by_column(torch.sigmoid(logits), self.stride).flatten(2)[:, :, : self.window_ticks]

    def raw(self, logits: Tensor) -> tuple[Tensor, ...]:
        """The same, [B, 1, V, W]."""
        return (self.forward(logits).unsqueeze(1),)


def by_column(x: Tensor, stride: int) -> Tensor:
    """[B, V * stride, N] -> [B, V, N, stride]: the ticks of each column side by side."""
    return x.view(-1, VOICES, stride, x.shape[2]).transpose(2, 3)


def _head(shape: TickShape, stride: int) -> Strokes | Haze:
    return Haze(shape, stride) if shape.velocity_only else Strokes(shape, stride)


class Generator(nn.Module):
    """G: (z [B, latent_dim], style [B, S], condition [B, 4]) -> window [B, C, W]."""

    def __init__(self, shape: TickShape) -> None:
        super().__init__()
        self.shape = shape
        channels, width = shape.generator_channels, shape.mapping_dim
        self.embedding = TickEmbedding(shape)
        self.columns, strides = strides_for(shape.window_ticks, shape.layers)
        self.mapping = nn.Sequential(
            nn.Linear(shape.latent_dim + self.embedding.width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
        )
        self.start = nn.Linear(width + TIME, channels * self.columns)
        self.layers = nn.ModuleList(UpLayer(shape, stride) for stride in strides[:-1])
        self.series = BarSeries(shape)
        self.join = nn.Conv1d(SERIES, channels, 1)
        self.mix = nn.Conv1d(channels, channels, 3, padding=1)
        self.ticks_per_column = strides[-1]
        self.head = _head(shape, strides[-1])
        self.out = nn.Conv1d(channels, self.head.channels, 1)
        assert self.out.bias is not None
        with torch.no_grad():
            self.out.bias.copy_(self.head.resting_bias())
            self.out.weight[:VOICES].normal_(std=GATE_SPREAD / channels**0.5)

    def columns_of(self, z: Tensor, style: Tensor, condition: Tensor) -> Tensor:
        """Logits of the last layer, [B, channels, N]."""
        w = self.mapping(torch.cat([z, self.embedding(style, condition)], 1))
        phase = condition[:, CONDITIONS:]
        x: Tensor = self.start(torch.cat([w, bar_time(phase, 1, 0).squeeze(2)], 1))
        x = x.view(-1, self.shape.generator_channels, self.columns)
        for layer in self.layers:
            x = layer(x, w)
        x = x + self.join(self.series(w, bar_time(phase, x.shape[2], self.ticks_per_column)))
        logits: Tensor = self.out(rms_norm(leaky(x + self.mix(leaky(x)))))
        return logits

    def forward(self, z: Tensor, style: Tensor, condition: Tensor) -> Tensor:
        window: Tensor = self.head(self.columns_of(z, style, condition))
        return window

    def forward_raw(self, z: Tensor, style: Tensor, condition: Tensor) -> tuple[Tensor, ...]:
        raw: tuple[Tensor, ...] = self.head.raw(self.columns_of(z, style, condition))
        return raw


class LinearGenerator(nn.Module):
    """G as one matrix from latent, condition and phase to all ticks at once; the same last decisions as G's."""

    def __init__(self, shape: TickShape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = TickEmbedding(shape)
        self.columns = -(-shape.window_ticks // TICKS_PER_COLUMN)
        self.head = _head(shape, TICKS_PER_COLUMN)
        width = shape.latent_dim + self.embedding.width + TIME
        self.full = nn.Linear(width, self.head.channels * self.columns)
        with torch.no_grad():
            self.full.bias.copy_(self.head.resting_bias().repeat_interleave(self.columns))

    def columns_of(self, z: Tensor, style: Tensor, condition: Tensor) -> Tensor:
        """Logits of the last layer, [B, channels, N]."""
        time = bar_time(condition[:, CONDITIONS:], 1, 0).squeeze(2)
        x: Tensor = self.full(torch.cat([z, self.embedding(style, condition), time], 1))
        return x.view(-1, self.head.channels, self.columns)

    def forward(self, z: Tensor, style: Tensor, condition: Tensor) -> Tensor:
        window: Tensor = self.head(self.columns_of(z, style, condition))
        return window

    def forward_raw(self, z: Tensor, style: Tensor, condition: Tensor) -> tuple[Tensor, ...]:
        raw: tuple[Tensor, ...] = self.head.raw(self.columns_of(z, style, condition))
        return raw


class PlayableGenerator(nn.Module):
    """Either G as it is exported: `phase` [B, 1] is an input of its own, and the planes are un-masked."""

    def __init__(self, generator: Generator | LinearGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, style: Tensor, condition: Tensor, phase: Tensor) -> tuple[Tensor, ...]:
        return self.generator.forward_raw(z, style, torch.cat([condition, phase], 1))


class Discriminator(nn.Module):
    """D by convolution: (window [B, C, W], style [B, S], condition [B, 4]) -> score [B].

    Beside the convolutions, what the first layer hears is summed against the bar's time: a spectrum of the bar, the
    same wherever the window begins.
    """

    def __init__(self, shape: TickShape, group: int = 8) -> None:
        super().__init__()
        self.group, self.window_ticks = group, shape.window_ticks
        self.embedding = TickEmbedding(shape)
        columns, strides = strides_for(shape.window_ticks, shape.layers)
        self.reach = columns * math.prod(strides)
        self.ticks_per_column = strides[-1]
        width = shape.critic_channels
        self.first = nn.Conv1d(shape.channels, width, strides[-1], stride=strides[-1])
        _see_columns(self.first)
        self.time = nn.Conv1d(TIME, width, 1)
        sizes = [width] * len(strides)
        if len(strides) > 1:
            sizes[-1] = width * 3 // 2
        self.layers = nn.ModuleList(
            nn.Conv1d(a, b, 2 * stride, stride=stride, padding=stride // 2 + stride % 2)
            for a, b, stride in zip(sizes, sizes[1:], strides[-2::-1], strict=False)
        )
        with torch.no_grad():
            h = torch.zeros(1, sizes[0], self.reach // self.ticks_per_column)
            for layer in self.layers:
                h = layer(h)
        self.full = nn.Linear((h.shape[1] + 1) * h.shape[2] + width * TIME, shape.mapping_dim)
        self.score = nn.Linear(shape.mapping_dim, 1)
        self.project = nn.Linear(self.embedding.width, shape.mapping_dim)

    def forward(self, x: Tensor, style: Tensor, condition: Tensor) -> Tensor:
        h = self.first(F.pad(x, (0, self.reach - self.window_ticks)))
        time = bar_time(condition[:, CONDITIONS:], h.shape[2], self.ticks_per_column)
        h = leaky(h + self.time(time))
        spectrum = (h @ time.transpose(1, 2)).flatten(1) / h.shape[2]
        for layer in self.layers:
            h = leaky(layer(h))
        h = leaky(self.full(torch.cat([minibatch_deviation(h, self.group).flatten(1), spectrum], 1)))
        projection = self.project(self.embedding(style, condition))
        score: Tensor = self.score(h).squeeze(1) + (h * projection).sum(1) / h.shape[1] ** 0.5
        return score


class LinearDiscriminator(nn.Module):
    """D as one matrix over all ticks, style, condition and phase."""

    def __init__(self, shape: TickShape) -> None:
        super().__init__()
        self.embedding = TickEmbedding(shape)
        self.score = nn.Linear(shape.channels * shape.window_ticks + self.embedding.width + TIME, 1)

    def forward(self, x: Tensor, style: Tensor, condition: Tensor) -> Tensor:
        time = bar_time(condition[:, CONDITIONS:], 1, 0).squeeze(2)
        score: Tensor = self.score(torch.cat([x.flatten(1), self.embedding(style, condition), time], 1))
        return score.squeeze(1)


def peaks(likely: Tensor) -> Tensor:
    """`instrument.core.windows.peaks` on tensors, [B, V, W] -> bool."""
    reach = APART_TICKS - 1
    around = F.pad(likely, (reach, reach))
    before = F.max_pool1d(around[:, :, : -reach - 1], reach, stride=1)
    after = F.max_pool1d(around[:, :, reach + 1 :], reach, stride=1)
    return (likely > 0.5) & (likely > before) & (likely >= after)


def _see_columns(first: nn.Conv1d) -> None:
    """At the start D hears that a voice sounds in a column, and a little of how early or late: were each tick's weight
    drawn by itself, what it heard first would be noise."""
    width, channels, stride = first.weight.shape
    with torch.no_grad():
        heard = torch.randn(width, channels, 1) * (1 / channels) ** 0.5
        place = torch.randn(width, channels, 1) * (0.5 / channels) ** 0.5
        first.weight.copy_(heard + place * torch.linspace(-1, 1, stride))


def for_critic(x: Tensor) -> Tensor:
    """A window in the scale that D sees and is penalised in: one tick in eight hundred has a hit, so what D feels of it
    must be large."""
    return CRITIC_SCALE * x
