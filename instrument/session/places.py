"""Where in the latent a bar lies: from knobs, seed and number to z. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from instrument.core import latent, phrases
from instrument.core.latent import Latent
from instrument.core.manifest import ModelContract, Place
from instrument.session.knobs import Knobs

PAD_REACH = 2.5
"""How far the pad's edge lies from its middle, in standard deviations of the latent."""

Plane = Callable[[Knobs], tuple[Latent, Latent]]
"""The two directions that the pad moves in, for an epoch of a preset."""


def bar_latent(own_seed: int, number: int, knobs: Knobs, size: int, plane: Plane) -> Latent:
    """z [size] of latent `number`: home, the walk away from it, the bar's own straying, truncated."""
    seed = seed_of(own_seed, knobs)
    home = walked_home(own_seed, number, knobs, size, plane)
    z = latent.stray(home, latent.draw(seed, "bar", number, size), knobs.variation)
    return z if knobs.truncation == 1 else z * np.float32(knobs.truncation)


def phrase_latent(
    own_seed: int, index: int, knobs: Knobs, shape: ModelContract, plane: Plane
) -> tuple[int, int, Latent]:
    """For a net of phrases: the bar that bar `index` is, the number that its place in the phrase is taken from, and
    z [1, latent_dim]."""
    seed = seed_of(own_seed, knobs)
    index = phrases.sounding(seed, index, knobs.variation)
    home = walked_home(own_seed, index, knobs, shape.latent_dim, plane)
    z = phrases.z_of(seed, index, home, shape, knobs.variation, knobs.phrase)
    return index, phrases.place(seed, index, knobs.variation), np.float32(knobs.truncation) * z[None]


def walked_home(own_seed: int, number: int, knobs: Knobs, size: int, plane: Plane) -> Latent:
    """z [size] of the home as far as the walk has come at bar `number`."""
    home = home_latent(own_seed, knobs, size, plane)
    if not knobs.walk:
        return home
    fresh = latent.wander(seed_of(own_seed, knobs), knobs.home, number / knobs.walk_bars, size)
    return latent.stray(home, fresh, knobs.walk)


def home_latent(own_seed: int, knobs: Knobs, size: int, plane: Plane) -> Latent:
    """z [size] of the home, moved on the pad, and on its way to another place in a morph."""
    home = (
        np.array(knobs.z, np.float32)
        if len(knobs.z) == size
        else latent.draw(seed_of(own_seed, knobs), "home", knobs.home, size)
    )
    if knobs.x or knobs.y:
        across, up = plane(knobs)
        home = home + np.float32(PAD_REACH * knobs.x) * across + np.float32(PAD_REACH * knobs.y) * up
    if knobs.toward is None or not knobs.morph:
        return home
    there = replace(knobs.toward, preset=knobs.preset, epoch=knobs.epoch, toward=None)
    return latent.slerp(home, home_latent(own_seed, there, size, plane), knobs.morph)


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmark:
    """A named place as the pad sees it: `x`, `y` where it lies beside home, in the pad's own -1..1 and beyond;
    `distance`: how far from where we are, in the latent."""

    name: str
    x: float
    y: float
    distance: float


def landmarks(own_seed: int, knobs: Knobs, named: Sequence[Place], size: int, plane: Plane) -> tuple[Landmark, ...]:
    """The named places around a home."""
    if not named:
        return ()
    here = home_latent(own_seed, knobs, size, plane)
    home = home_latent(own_seed, replace(knobs, x=0.0, y=0.0, toward=None), size, plane)
    across, up = plane(knobs)
    found = []
    for place in named:
        z = np.array(place.z, np.float32)
        x, y = (float(np.dot(z - home, axis) / np.dot(axis, axis)) / PAD_REACH for axis in (across, up))
        found.append(Landmark(name=place.name, x=x, y=y, distance=float(np.linalg.norm(z - here))))
    return tuple(found)


def seed_of(own_seed: int, knobs: Knobs) -> int:
    return own_seed if knobs.seed < 0 else knobs.seed
