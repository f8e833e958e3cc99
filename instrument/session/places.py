"""Where in the latent a bar lies: from knobs, seed and number to z. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from instrument.core import latent
from instrument.core.latent import Latent
from instrument.session.knobs import Knobs

PAD_REACH = 2.5
"""How far the pad's edge lies from its middle, in standard deviations of the latent."""

Plane = Callable[[Knobs], tuple[Latent, Latent]]
"""The two directions that the pad moves in, for an epoch of a preset."""


def bar_latent(own_seed: int, number: int, knobs: Knobs, size: int, plane: Plane) -> Latent:
    """z [size] of latent `number`: home, the walk away from it, the bar's own straying, truncated."""
    seed = seed_of(own_seed, knobs)
    home = home_latent(own_seed, knobs, size, plane)
    if knobs.walk:
        fresh = latent.wander(seed, knobs.home, number / knobs.walk_bars, size)
        home = latent.stray(home, fresh, knobs.walk)
    z = latent.stray(home, latent.draw(seed, "bar", number, size), knobs.variation)
    return z if knobs.truncation == 1 else z * np.float32(knobs.truncation)


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


def seed_of(own_seed: int, knobs: Knobs) -> int:
    return own_seed if knobs.seed < 0 else knobs.seed
