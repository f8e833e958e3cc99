"""What the nets over ticks are made of: their shape, their strides, the bar's time, and the heads that make strokes.

Onsets are a plane of their own, hard by a straight-through threshold at the likeliest tick among its neighbours, so
that silence is exact and the velocities make no haze. Where a window begins in its bar is told as sines of the bar's
harmonics along time (a positional encoding, Vaswani et al. 2017, that repeats with the bar).
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
from training.networks import CONDITIONS, VELOCITY_HEADROOM, leaky, rms_norm, straight_through_clamp

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


def head_for(shape: TickShape, stride: int) -> Strokes | Haze:
    return Haze(shape, stride) if shape.velocity_only else Strokes(shape, stride)


def peaks(likely: Tensor) -> Tensor:
    """`instrument.core.windows.peaks` on tensors, [B, V, W] -> bool."""
    reach = APART_TICKS - 1
    around = F.pad(likely, (reach, reach))
    before = F.max_pool1d(around[:, :, : -reach - 1], reach, stride=1)
    after = F.max_pool1d(around[:, :, reach + 1 :], reach, stride=1)
    return (likely > 0.5) & (likely > before) & (likely >= after)
