"""Places in the latent: drawn by seed, never by a global generator, so that a seed and a number name a bar for ever.

A performance has a home, `z ~ N(0, I)`, and each bar strays from it by the variation v: z = sqrt(1 - v^2) home + v n,
which keeps the variance, so every bar stays where the net was trained (MODEL: "home + n"). Streams come from NumPy's
Philox counter generator, keyed by seed and purpose. For nets of phrases see `core.phrases`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Latent = npt.NDArray[np.float32]
Purpose = Literal["home", "bar", "pad", "conditions", "drift", "walk", "phrase", "repeat", "place"]
PURPOSES: tuple[Purpose, ...] = (
    "home",
    "bar",
    "pad",
    "conditions",
    "drift",
    "walk",
    "phrase",
    "repeat",
    "place",
)
MOST_PURPOSES = 16
"""Fixed, so that a new purpose leaves what the others draw as it was."""

MOST_LEGS = 2**20
"""Of one home's walk."""

LARGEST_SEED = 2**63 - 1
MACRO_REACH = 1.6
"""How far a macro is taken to either side, in deviations of the latent: beyond, bars become strange before they become
more of what it is called."""


def stream(seed: int, purpose: Purpose, number: int) -> np.random.Generator:
    """The generator of draw `number` (>= 0) for a purpose. Raises ValueError for a seed outside 0..2**63 - 1."""
    if not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"a seed of {seed} is not in 0..{LARGEST_SEED}")
    return np.random.Generator(np.random.Philox(key=[seed, number * MOST_PURPOSES + PURPOSES.index(purpose)]))


def draw(seed: int, purpose: Purpose, number: int, latent_dim: int) -> Latent:
    """z [latent_dim] ~ N(0, I)."""
    return stream(seed, purpose, number).standard_normal(latent_dim, np.float32)


def stray(home: Latent, fresh: Latent, variation: float) -> Latent:
    """The bar's z: `variation` 0 is home, 1 is the fresh draw."""
    mixed: Latent = np.float32(np.sqrt(1 - variation**2)) * home + np.float32(variation) * fresh
    return mixed


def wander(seed: int, home: int, legs: float, latent_dim: int) -> Latent:
    """Where a walk from a home is after so many legs: z ~ N(0, I) at their ends, a smooth way between."""
    leg = int(legs) % MOST_LEGS
    start, end = (draw(seed, "walk", home * MOST_LEGS + number, latent_dim) for number in (leg, (leg + 1) % MOST_LEGS))
    return slerp(start, end, legs - int(legs))


def slerp(a: Latent, b: Latent, t: float) -> Latent:
    """From a (t = 0) to b (t = 1) along the great circle, lengths interpolated (Shoemake 1985)."""
    length_a, length_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if not length_a or not length_b:
        return _lerp(a, b, t)
    cosine = float(np.clip(np.dot(a, b) / (length_a * length_b), -1, 1))
    angle = float(np.arccos(cosine))
    if np.sin(angle) < 1e-6:
        return _lerp(a, b, t)
    way = (np.sin((1 - t) * angle) * a / length_a + np.sin(t * angle) * b / length_b) / np.sin(angle)
    z: Latent = (way * ((1 - t) * length_a + t * length_b)).astype(np.float32)
    return z


def _lerp(a: Latent, b: Latent, t: float) -> Latent:
    z: Latent = ((1 - t) * a + t * b).astype(np.float32)
    return z


def plane(latent_dim: int, axes: list[Latent]) -> tuple[Latent, Latent]:
    """Two orthogonal unit vectors that span the pad: the given axes first, then fixed draws."""
    basis: list[Latent] = []
    for candidate in [*axes, *(draw(0, "pad", k, latent_dim) for k in range(4))]:
        rest = candidate - sum((np.dot(candidate, b) * b for b in basis), np.zeros_like(candidate))
        length = np.linalg.norm(rest)
        if length > 1e-3:
            basis.append((rest / length).astype(np.float32))
        if len(basis) == 2:
            break
    return basis[0], basis[-1]
