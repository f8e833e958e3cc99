"""How the bars of a net of phrases follow each other: which bar sounds, at which place of its phrase, from which z.

The leading part of z is held for a phrase, the rest is the bar's own; some of that walks, as means of successive draws,
so that neighbours are alike, and some jumps. At the natural variation this is what the net has learnt as drumming.
Below it, what is a bar's own strays less from home, and 0 is a loop; above it, what is held strays as well, and 1 is a
fresh draw. All is a pure function of seed and number.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from instrument.core.latent import Latent, draw, stray, stream

NATURAL = 0.4
"""The variation at which bars follow each other as drummers' do."""

PHRASE_STRAY = 0.2
"""How far a phrase strays from home at the natural variation."""

REPEATS = 0.015
"""The share of bars that are played again exactly, beside those that the net repeats by itself: with drummers it is 4 %
in all."""


class PhraseShape(Protocol):
    """The latent of a net of phrases, as `ModelContract` tells it."""

    @property
    def phrase_dim(self) -> int: ...

    @property
    def walk_dim(self) -> int: ...

    @property
    def bars(self) -> int: ...


def own(variation: float) -> float:
    """How far what is a bar's own strays, 0..1."""
    return min(variation / NATURAL, 1.0)


def sounding(seed: int, index: int, variation: float) -> int:
    """The bar that bar `index` is: itself, or one before that it repeats."""
    share = REPEATS * own(variation)
    while index and stream(seed, "repeat", index).random() < share:
        index -= 1
    return index


def place(seed: int, index: int, variation: float) -> int:
    """The number whose place in the phrase the bar takes: its own as often as it may vary, else the first's."""
    return index if stream(seed, "place", index).random() < own(variation) else 0


def z_of(seed: int, index: int, home: Latent, shape: PhraseShape, variation: float, held: int) -> Latent:
    """z [latent_dim] of bar `index` about `home`; `held`: the bars of a phrase, 0 for one without end."""
    away = max(PHRASE_STRAY * own(variation), (variation - NATURAL) / (1 - NATURAL)) if held else 0.0
    phrase, rest = home[: shape.phrase_dim], home[shape.phrase_dim :]
    fresh = draw(seed, "phrase", index // max(held, 1), shape.phrase_dim)
    part = own_part(seed, index, len(rest), shape.walk_dim, shape.bars)
    return np.concatenate([stray(phrase, fresh, away), stray(rest, part, own(variation))])


def own_part(seed: int, index: int, size: int, walk: int, bars: int) -> Latent:
    """The part [size] of bar `index` that is its own: the leading `walk` entries are the sum of `bars` successive draws
    over its root, so that they change little from bar to bar; the others are fresh. All are N(0, 1)."""
    draws = np.stack([draw(seed, "bar", index + k, size) for k in range(bars if walk else 1)])
    part: Latent = draws[0].copy()
    part[:walk] = draws[:, :walk].sum(0) / np.float32(np.sqrt(len(draws)))
    return part
