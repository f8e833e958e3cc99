"""The nets of the bar GAN: a generator of drum bars and a critic that tells them from drummers' bars.

Voices and hit planes are channels, steps are the one spatial axis: voices have no neighbourhood, so the convolutions
run along time only. A bar is `x [B, C, T]` inside training, with C = P * H * V channels in the order (plane, hit plane,
voice): onset in {0, 1}, velocity in 0..1, offset in steps. Onsets are hard: thresholded forward, with the gradient of
their probability backward (the straight-through estimator of Bengio et al. 2013; deterministic as in Dong & Yang 2018,
BinaryMuseGAN). Velocity and offset are multiplied by the onset, so a cell without a hit is exactly zero.

G follows the usual route from z and condition through a mapping net to w, which modulates each convolution (FiLM); D is
a strided stack with minibatch standard deviation (Karras et al. 2018) and a projection of the condition (Miyato &
Koyama 2018).

Where windows of K successive bars are learnt, z is a phrase part, which all bars of a window share, and a bar part; the
condition then ends with the bar's place in the phrase, K columns of which one is 1. A net that listens takes a tap
[B, 4, T] beside them (see `training.taps`), zeros for none.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from instrument.core.drums import VOICES
from training.measures import MEASURES

PLANES = 3
"""Onset, velocity, offset."""

CONDITIONS = 3
"""Fill 0..1, density and energy as z-scores."""

TAP_CHANNELS = 4
"""Onset, velocity, offset, and whether there is a tap."""

TAP_WIDTH = 32
"""Channels in which a tap is read."""

VELOCITY_HEADROOM = 1.15
"""Every seventh note of GMD is at 127: a sigmoid that is stretched and clamped reaches 1."""

CRITIC_SCALE = (1.0, 2.0, 4.0)
"""Onset, velocity, offset as D sees them. Gradient penalties bound D's slope per unit, so what varies by a fifth of a
unit, as the offsets do, would hardly be heard beside onsets: at scale 1 their spread came out a third too small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShape:
    """What all nets must agree on. `code_dim`: entries of z that the regression head reads back, leading ones, or half
    of them the phrase part's first and half the bar part's. `bars`: K of a window. `phrase_dim`: leading entries of z
    that a window's bars share; of the rest, the bar part, the first `walk_dim` move from bar to bar, the others jump.
    `tap`: whether G listens to one. `leanings`: whether critics are told the entries `named`. `theme_dim`: entries
    of z of the single bars' net that G varies (see `training.variations`), or 0: the first of the phrase part, and as
    many of the bar part."""

    styles: int
    hit_planes: int = 2
    steps: int = 16
    latent_dim: int = 64
    code_dim: int = 8
    style_dim: int = 16
    mapping_dim: int = 128
    generator_channels: int = 96
    critic_channels: int = 64
    bars: int = 1
    phrase_dim: int = 0
    walk_dim: int = 0
    tap: bool = False
    leanings: bool = False
    theme_dim: int = 0

    def __post_init__(self) -> None:
        if self.steps % 4:
            raise ValueError(f"{self.steps} steps can't be reached by doubling twice")
        if not 0 <= self.code_dim <= self.latent_dim:
            raise ValueError(f"code_dim {self.code_dim} is not in 0..latent_dim {self.latent_dim}")
        if self.phrase_dim + self.walk_dim > self.latent_dim:
            raise ValueError(f"phrase_dim {self.phrase_dim} and walk_dim {self.walk_dim} don't fit {self.latent_dim}")
        if not self.theme_dim <= self.phrase_dim <= self.latent_dim - self.theme_dim:
            raise ValueError(f"theme_dim {self.theme_dim} fits twice neither {self.phrase_dim} nor {self.latent_dim}")

    @property
    def places(self) -> int:
        """Columns of the condition that tell a bar's place in its phrase."""
        return self.bars if self.bars > 1 else 0

    @property
    def conditions(self) -> int:
        """Columns of the condition."""
        return CONDITIONS + self.places

    @property
    def code(self) -> list[int]:
        """The entries of z that are read back."""
        if not self.phrase_dim:
            return list(range(self.code_dim))
        bar = self.code_dim // 2
        return [*range(self.code_dim - bar), *range(self.phrase_dim, self.phrase_dim + bar)]

    @property
    def named(self) -> list[int]:
        """The entries of z that each of `training.measures.MEASURES` may rise with: the last of the theme's, of the
        phrase part where there is none, or of all; none where that is too small."""
        end = self.theme_dim or self.phrase_dim or self.latent_dim
        return list(range(end - len(MEASURES), end)) if end >= len(MEASURES) else []

    @property
    def strayed(self) -> list[int]:
        """The same entries of where a theme strays to (see `training.variations`); none without a theme."""
        return [self.phrase_dim + entry for entry in self.named] if self.theme_dim else []

    @property
    def cells(self) -> int:
        """Channels of one plane, H * V."""
        return self.hit_planes * VOICES

    @property
    def bar_channels(self) -> int:
        """C = P * H * V."""
        return PLANES * self.cells


def window_channels(shape: NetworkShape) -> int:
    """Of a window as W sees it: its bars' and how each two of them differ (`training.phrase_gan.differences`)."""
    pairs = shape.bars * (shape.bars - 1) // 2
    return shape.bars * shape.bar_channels + pairs * PLANES * VOICES


def leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


def rms_norm(x: Tensor) -> Tensor:
    """Each step's channels to unit root mean square, [B, C, T]."""
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-6)


class ConditionEmbedding(nn.Module):
    """Style weights [B, S] (one-hot, or a blend with sum 1) and condition [B, Q] -> [B, style_dim + Q]; Q may have
    `more` columns than the shape's conditions."""

    def __init__(self, shape: NetworkShape, more: int = 0) -> None:
        super().__init__()
        self.style = nn.Linear(shape.styles, shape.style_dim, bias=False)
        nn.init.normal_(self.style.weight, std=0.5)
        self.width = shape.style_dim + shape.conditions + more

    def forward(self, style: Tensor, condition: Tensor) -> Tensor:
        return torch.cat([self.style(style), condition], 1)


class UpBlock(nn.Module):
    """Twice as many steps: (nearest x2, conv3, norm, FiLM, conv3, norm, FiLM) + skip, [B, C, T] -> [B, C, 2T]."""

    def __init__(self, channels: int, mapping_dim: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(channels, channels, 3, padding=1)
        self.second = nn.Conv1d(channels, channels, 3, padding=1)
        self.film = nn.Linear(mapping_dim, 4 * channels)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        scale1, shift1, scale2, shift2 = self.film(w).unsqueeze(2).chunk(4, 1)
        x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        h = leaky(rms_norm(self.first(x)) * (1 + scale1) + shift1)
        h = leaky(rms_norm(self.second(h)) * (1 + scale2) + shift2)
        return (x + h) * 0.7071


class TapReader(nn.Module):
    """A tap [B, 4, T] as a shift of w [B, mapping_dim] and of the last features [B, C, T]; both begin at nothing."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.read = nn.Conv1d(TAP_CHANNELS, TAP_WIDTH, 3, padding=1)
        self.to_w = nn.Linear(TAP_WIDTH * shape.steps, shape.mapping_dim)
        self.to_steps = nn.Conv1d(TAP_WIDTH, shape.generator_channels, 3, padding=1)
        for layer in (self.to_w, self.to_steps):
            nn.init.zeros_(layer.weight)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, tap: Tensor) -> tuple[Tensor, Tensor]:
        h = leaky(self.read(tap)) * tap[:, -1:]
        return self.to_w(h.flatten(1)), self.to_steps(h)


class BarGenerator(nn.Module):
    """G: (z [B, latent_dim], style [B, S], condition [B, Q]) -> bar tensor [B, C, T], hard onsets, masked."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape

    def logits(
        self, z: Tensor, style: Tensor, condition: Tensor, tap: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What onset, velocity and offset are made from, each [B, H * V, T]."""
        raise NotImplementedError

    def forward(self, z: Tensor, style: Tensor, condition: Tensor, tap: Tensor | None = None) -> Tensor:
        onset, velocity, offset = self.logits(z, style, condition, tap)
        hit = main_hits_first(straight_through_onset(onset), self.shape.hit_planes)
        loud = straight_through_clamp(VELOCITY_HEADROOM * torch.sigmoid(velocity))
        return torch.cat([hit, loud * hit, 0.5 * torch.tanh(offset) * hit], 1)

    def forward_raw(
        self, z: Tensor, style: Tensor, condition: Tensor, tap: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Onset probability, velocity 0..1 and offset in steps, each [B, H, V, T] and un-masked."""
        onset, velocity, offset = self.logits(z, style, condition, tap)
        planes = (-1, self.shape.hit_planes, VOICES, self.shape.steps)
        loud = torch.clamp(VELOCITY_HEADROOM * torch.sigmoid(velocity), max=1.0)
        return (
            torch.sigmoid(onset).reshape(planes),
            loud.reshape(planes),
            (0.5 * torch.tanh(offset)).reshape(planes),
        )


class Generator(BarGenerator):
    """G of all recipes but those with a theme."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(shape)
        channels, width = shape.generator_channels, shape.mapping_dim
        self.embedding = ConditionEmbedding(shape)
        self.mapping = nn.Sequential(
            nn.Linear(shape.latent_dim + self.embedding.width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
        )
        self.start = nn.Linear(width, channels * (shape.steps // 4))
        self.up1 = UpBlock(channels, width)
        self.up2 = UpBlock(channels, width)
        self.position = nn.Parameter(0.1 * torch.randn(1, channels, shape.steps))
        self.head = nn.Conv1d(channels, shape.bar_channels, 3, padding=1)
        with torch.no_grad():
            assert self.head.bias is not None
            self.head.bias.zero_()
            self.head.bias[:VOICES] = -0.6
            self.head.bias[VOICES : shape.cells] = -1.2
        self.tap = TapReader(shape) if shape.tap else None

    def mapped(self, z: Tensor, style: Tensor, condition: Tensor) -> Tensor:
        """w [B, mapping_dim]."""
        w: Tensor = self.mapping(torch.cat([z, self.embedding(style, condition)], 1))
        return w

    def logits(
        self, z: Tensor, style: Tensor, condition: Tensor, tap: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See `BarGenerator.logits`."""
        onset, velocity, offset = self.head(self.features(z, style, condition, tap)).chunk(3, 1)
        return onset, velocity, offset

    def features(self, z: Tensor, style: Tensor, condition: Tensor, tap: Tensor | None = None) -> Tensor:
        """What the head reads, [B, generator_channels, T]."""
        w, at_steps = self.mapped(z, style, condition), self.position
        if self.tap is not None and tap is not None:
            to_w, to_steps = self.tap(tap)
            w, at_steps = w + to_w, at_steps + to_steps
        x = self.start(w).view(-1, self.shape.generator_channels, self.shape.steps // 4)
        return leaky(self.up2(self.up1(x, w), w) + at_steps)


class PlayableGenerator(nn.Module):
    """G as it is exported: `forward` gives the un-masked planes, for the player sets the threshold."""

    def __init__(self, generator: BarGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(
        self, z: Tensor, style: Tensor, condition: Tensor, tap: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        return self.generator.forward_raw(z, style, condition, tap)


class PlayablePhrases(nn.Module):
    """The same of a net that learnt windows: the bar's place [B, K] and the tap [B, 4, T] are inputs of their own."""

    def __init__(self, generator: BarGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(
        self, z: Tensor, style: Tensor, condition: Tensor, place: Tensor, tap: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        return self.generator.forward_raw(z, style, torch.cat([condition, place], 1), tap)


class Discriminator(nn.Module):
    """D: (what `for_critic` gives [B, inputs, T], style [B, S], condition [B, Q]) -> score [B]. Where leanings are
    learnt, they are further columns of the condition.

    A bar has C `inputs`, K bars stacked have K * C, and where there are taps one more, which is 1 for what was given
    one and 0, or left out, for others. The minibatch deviation is taken over groups of `group` items.
    """

    def __init__(self, shape: NetworkShape, group: int = 8, inputs: int | None = None) -> None:
        super().__init__()
        own = len(shape.named) if shape.leanings else 0
        channels, top, width = shape.critic_channels, shape.critic_channels * 3 // 2, shape.mapping_dim
        self.group, self.inputs = group, inputs or shape.bar_channels
        self.embedding = ConditionEmbedding(shape, own)
        self.conv1 = nn.Conv1d(self.inputs, channels, 3, padding=1)
        self.conv2 = nn.Conv1d(channels, channels, 4, stride=2, padding=1)
        self.conv3 = nn.Conv1d(channels, top, 4, stride=2, padding=1)
        self.full = nn.Linear((top + 1) * (shape.steps // 4), width)
        self.score = nn.Linear(width, 1)
        self.project = nn.Linear(self.embedding.width, width)

    def forward(self, x: Tensor, style: Tensor, condition: Tensor) -> Tensor:
        x = F.pad(x, (0, 0, 0, self.inputs - x.shape[1]))
        h = leaky(self.conv3(leaky(self.conv2(leaky(self.conv1(x))))))
        h = leaky(self.full(minibatch_deviation(h, self.group).flatten(1)))
        projection = self.project(self.embedding(style, condition))
        score: Tensor = self.score(h).squeeze(1) + (h * projection).sum(1) / h.shape[1] ** 0.5
        return score


class CodeReader(nn.Module):
    """Q: bar [B, C, T] -> the entries `shape.code` of the z it was made from (InfoGAN's head, Chen et al. 2016)."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.cells = shape.cells
        self.net = nn.Sequential(
            nn.Conv1d(shape.cells, 48, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv1d(48, 48, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(48 * (shape.steps // 2), shape.code_dim),
        )

    def forward(self, x: Tensor) -> Tensor:
        code: Tensor = self.net(x[:, : self.cells])
        return code


def for_critic(x: Tensor) -> Tensor:
    """A bar tensor with its planes in the scales that D sees and is penalised in, [B, C, T]."""
    planes = x.chunk(PLANES, 1)
    return torch.cat([scale * plane for scale, plane in zip(CRITIC_SCALE, planes, strict=True)], 1)


def from_critic(x: Tensor) -> Tensor:
    """What `for_critic` was given."""
    planes = x.chunk(PLANES, 1)
    return torch.cat([plane / scale for scale, plane in zip(CRITIC_SCALE, planes, strict=True)], 1)


def straight_through_onset(logits: Tensor) -> Tensor:
    """1 where the probability is above one half, else 0; the gradient is the probability's."""
    p = torch.sigmoid(logits)
    return (p > 0.5).to(p.dtype) + (p - p.detach())


def straight_through_clamp(x: Tensor) -> Tensor:
    """min(1, x), with the gradient of x."""
    return x + (x.clamp(max=1.0) - x).detach()


def main_hits_first(hit: Tensor, hit_planes: int) -> Tensor:
    """Onsets [B, H * V, T] with each hit plane masked by the one before it."""
    planes = list(hit.chunk(hit_planes, 1))
    for h in range(1, hit_planes):
        planes[h] = planes[h] * planes[h - 1]
    return torch.cat(planes, 1)


def minibatch_deviation(x: Tensor, group: int) -> Tensor:
    """Adds one channel: the mean standard deviation over groups of `group` bars, [B, C, T] -> [B, C + 1, T].

    A batch that the group does not divide is one group.
    """
    batch, channels, steps = x.shape
    size = group if batch % group == 0 else batch
    grouped = x.view(size, batch // size, channels, steps)
    centred = grouped - grouped.mean(0)  # as aten::var over a leading axis is slow on a CPU
    deviation = (centred.square().mean(0) + 1e-8).sqrt().mean((1, 2))  # [B / size]
    return torch.cat([x, deviation.repeat(size).view(batch, 1, 1).expand(batch, 1, steps)], 1)
