"""Nets over windows of ticks, built for any window size: the original's `createganmodels`, made to work.

A window is `x [B, C, W]` with C = P * V channels, onset and velocity of nine voices, over W ticks. `Generator` and
`Discriminator` are stacks of `layers` strided 1-D convolutions over time with the voices as channels; the strides
follow from W (`tick_layers.strides_for`), the largest next to the ticks. The linear pair is the baseline that shows why
convolution. Two things let them learn where the original's could not: strokes that are hard (`tick_layers.Strokes`),
and both nets are told where in its bar a window begins.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from instrument.core.drums import VOICES
from training.networks import CONDITIONS, leaky, minibatch_deviation, rms_norm
from training.tick_layers import (
    GATE_SPREAD,
    SERIES,
    TICKS_PER_COLUMN,
    TIME,
    BarSeries,
    TickEmbedding,
    TickShape,
    UpLayer,
    bar_time,
    head_for,
    strides_for,
)

CRITIC_SCALE = 2.0


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
        self.head = head_for(shape, strides[-1])
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
        self.head = head_for(shape, TICKS_PER_COLUMN)
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
