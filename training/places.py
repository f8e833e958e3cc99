"""Named places in a net's latent: bars of random z, gathered by what one hears, each group called by what it has most.

A group's place is the z of the bar nearest to its middle. Its name is the voice or the manner that it has more of than
the others have, and "sparse" or "busy" before it where it is; two places have two names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from instrument.core.drums import Voice
from instrument.core.latent import Latent
from training.metrics.distances import Doubles
from training.metrics.sources import latents
from training.metrics.steering import Asked

DRAWN, PLACES, ROUNDS = 2000, 8, 50
SPARSE, BUSY, HARD = -0.6, 0.6, 0.9
"""Deviations from the mean at which a group is called so."""

FEATURES = ("kick", "snare", "hats", "open hats", "toms", "crash", "ride", "ghosts", "offbeats", "hits", "velocity")
NAMES = {
    "kick": "kicks",
    "snare": "snare",
    "hats": "hats",
    "open hats": "open hats",
    "toms": "toms",
    "crash": "crashes",
    "ride": "ride",
    "ghosts": "ghost notes",
    "offbeats": "off-beats",
}
GHOST = 0.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """A place: its name and z [latent_dim]."""

    name: str
    z: Latent


def places(ask: Asked) -> list[Found]:
    """PLACES of them, the most common kind of bar first; the same for the same net."""
    z = latents(DRAWN, ask.latent_dim, seed=9)
    bars = ask(z).bars()
    heard = features(bars)
    spread = heard.std(0) + 1e-6
    points = (heard - heard.mean(0)) / spread
    groups = gathered(points)
    found: list[Found] = []
    for members in sorted(groups, key=len, reverse=True):
        middle = points[members].mean(0)
        nearest = members[int(np.argmin(((points[members] - middle) ** 2).sum(1)))]
        found.append(Found(name=_name(middle, [place.name for place in found]), z=z[nearest].numpy()))
    return found


def features(bars: torch.Tensor) -> Doubles:
    """[N, len(FEATURES)] of bars [N, C, T] as G makes them, in the first hit plane."""
    onset, velocity = (plane[:, : len(Voice)].numpy().astype(np.float64) for plane in bars.chunk(3, 1)[:2])
    strokes = onset.sum(2)
    snare = onset[:, Voice.SNARE] * (velocity[:, Voice.SNARE] < GHOST)
    hits = strokes.sum(1)
    return np.stack(
        [
            strokes[:, Voice.KICK],
            strokes[:, Voice.SNARE],
            strokes[:, Voice.CLOSED_HAT],
            strokes[:, Voice.OPEN_HAT],
            strokes[:, [Voice.LOW_TOM, Voice.MID_TOM, Voice.HIGH_TOM]].sum(1),
            strokes[:, Voice.CRASH],
            strokes[:, Voice.RIDE],
            snare.sum(1),
            onset[:, [Voice.KICK, Voice.SNARE], 1::2].sum((1, 2)),
            hits,
            (velocity * onset).sum((1, 2)) / np.maximum(hits, 1),
        ],
        1,
    )


def gathered(points: Doubles) -> list[npt.NDArray[np.intp]]:
    """Lloyd's k-means [N, F] -> the members of each group, begun from points far apart (k-means++ without its luck)."""
    middles = points[[int(np.argmin((points**2).sum(1)))]]
    while len(middles) < PLACES:
        middles = np.concatenate([middles, points[[int(np.argmax(_far(points, middles).min(1)))]]])
    for _ in range(ROUNDS):
        nearest = _far(points, middles).argmin(1)
        middles = np.stack(
            [points[nearest == k].mean(0) if (nearest == k).any() else middles[k] for k in range(PLACES)]
        )
    nearest = _far(points, middles).argmin(1)
    return [members for k in range(PLACES) if len(members := np.flatnonzero(nearest == k))]


def _far(points: Doubles, middles: Doubles) -> Doubles:
    far: Doubles = ((points[:, None] - middles[None]) ** 2).sum(2)
    return far


def _name(middle: Doubles, taken: list[str]) -> str:
    """What the group has most of, that no other was called by."""
    value = dict(zip(FEATURES, middle.tolist(), strict=True))
    manner = "busy " if value["hits"] > BUSY else "sparse " if value["hits"] < SPARSE else ""
    manner = manner or ("hard " if value["velocity"] > HARD else "soft " if value["velocity"] < -HARD else "")
    ranked = sorted(NAMES, key=lambda name: -value[name])
    names = [f"{manner}{NAMES[name]}" for name in ranked]
    return next((name for name in names if name not in taken), names[0])
