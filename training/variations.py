"""A theme and its variations: a net of phrases on top of one of single bars that has learnt already.

The theme is a `networks.Generator`, taken over from such a net and left as it is until the variations have learnt, when
it may learn, too (`schedule.theme_from`): so small a net alone can't do all that critics ask. Each bar it makes twice,
at home, from the phrase part of z alone, and strayed from there by STRAY; what the bars of a window have in common and
where they go apart is in these two. A small net of convolutions, which also hears the tap, the bar's place in the
phrase and fresh noise, then chooses cell by cell how much of the strayed bar is taken and what is changed besides:

    logits = home + gate (strayed - home) + shift ,   gate in 0..2.

It begins at gate 1 and shift 0, where bars follow each other by straying alone, and learns what drummers do between one
bar and the next: strokes that move together, in the bar's last quarter more than in its others, and each stroke a
little earlier or later, softer or louder than the last time. Critics that see whole windows teach it; a net that
learns windows from nothing has worse bars (MODEL 6.3, LOG).

z is [phrase part: theme_dim for the theme, the rest its own; bar part: theme_dim where the theme strays to, the rest
noise].
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn

from training.networks import CONDITIONS, TAP_CHANNELS, BarGenerator, Generator, NetworkShape, leaky, rms_norm

STRAY = 0.4
"""How far a bar of the theme strays from home, as `core.latent.stray` has it: what suits single bars best."""

CHANNELS, NOISE_CHANNELS = 64, 24
LAYERS = 3
REACH = 4.0
"""Shifts are learnt in so many logits: a tap must be able to turn a sure cell over."""


class VariedGenerator(BarGenerator):
    """G of a recipe with a `theme_dim`."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(shape)
        self.theme = Generator(theme_shape(shape)).requires_grad_(False)
        self.parts = [
            shape.theme_dim,
            shape.phrase_dim - shape.theme_dim,
            shape.theme_dim,
            shape.latent_dim - shape.phrase_dim - shape.theme_dim,
        ]
        told = self.parts[1] + self.parts[3] + self.theme.embedding.width + shape.places
        self.noise = nn.Linear(told, NOISE_CHANNELS * shape.steps)
        self.film = nn.Sequential(
            nn.Linear(told, CHANNELS), nn.LeakyReLU(0.2), nn.Linear(CHANNELS, 2 * LAYERS * CHANNELS)
        )
        heard = 2 * shape.generator_channels + NOISE_CHANNELS + TAP_CHANNELS
        self.layers = nn.ModuleList(nn.Conv1d(CHANNELS if k else heard, CHANNELS, 3, padding=1) for k in range(LAYERS))
        self.change = nn.Conv1d(CHANNELS, 2 * shape.bar_channels, 3, padding=1)
        nn.init.zeros_(self.change.weight)
        assert self.change.bias is not None
        nn.init.zeros_(self.change.bias)

    def logits(
        self, z: Tensor, style: Tensor, condition: Tensor, tap: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See `BarGenerator.logits`."""
        phrase, own, away, fresh = torch.split(z, self.parts, 1)
        plain, place = condition[:, :CONDITIONS], condition[:, CONDITIONS:]
        home = self.theme.features(phrase, style, plain)
        strayed = self.theme.features((1 - STRAY**2) ** 0.5 * phrase + STRAY * away, style, plain)
        told = torch.cat([own, fresh, self.theme.embedding(style, plain), place], 1)
        if tap is None:
            tap = home.new_zeros((z.shape[0], TAP_CHANNELS, self.shape.steps))
        gate, shift = self._changes(home, strayed, told, tap).chunk(2, 1)
        at_home, at_strayed = self.theme.head(home), self.theme.head(strayed)
        mixed = at_home + 2 * torch.sigmoid(gate) * (at_strayed - at_home) + REACH * shift
        onset, velocity, offset = mixed.chunk(3, 1)
        return onset, velocity, offset

    def _changes(self, home: Tensor, strayed: Tensor, told: Tensor, tap: Tensor) -> Tensor:
        """Gate and shift of every plane, [B, 2 C, T]."""
        noise = self.noise(told).view(-1, NOISE_CHANNELS, self.shape.steps)
        film = self.film(told).unsqueeze(2).chunk(2 * LAYERS, 1)
        h = torch.cat([home, strayed - home, noise, tap], 1)
        for k, layer in enumerate(self.layers):
            changed = leaky(rms_norm(layer(h)) * (1 + film[2 * k]) + film[2 * k + 1])
            h = h + changed if k else changed
        found: Tensor = self.change(h)
        return found


def theme_shape(shape: NetworkShape) -> NetworkShape:
    """Of the single bars' net inside."""
    return dataclasses.replace(
        shape, latent_dim=shape.theme_dim, bars=1, phrase_dim=0, walk_dim=0, code_dim=0, tap=False, theme_dim=0
    )
