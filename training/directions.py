"""Named ways through a net's latent, for each epoch its own, as axes move while a net learns.

For each of `training.measures.MEASURES` there are candidates: the slope of a ridge regression of the measure on the z
of PLACES bars under usual conditions, and, where z has an entry that is the measure's own, that entry and what lies
between the two; where a theme strays, the entry along with the same of where it strays to, too. A bar is taken along
each, from TURNS[0] to TURNS[-1] deviations, from FIRST places; the best LEFT of them are tried from CHOSEN others, and
how well the best of these keeps its promise is measured from as many others again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from instrument.core.latent import Latent
from training.measures import MEASURES, measures
from training.metrics.distances import Doubles
from training.metrics.sources import latents
from training.metrics.steering import Asked, spearman

PLACES, FIRST, CHOSEN = 4000, 200, 400
LEFT = 3
TRIED, AGAIN, TAKEN = 9, 10, 8
"""Seeds of the places that candidates are tried from first, and again, and of those that the best is measured from."""

BETWEEN = (0.25, 0.5, 0.75)
"""Shares of the slope in what is tried beside it and the entry."""

ALONG = 0.7
"""How far the entry of where a bar strays to is turned for each unit of its home's."""

TURNS = np.linspace(-3, 3, 7)
RIDGE = 20.0
GOOD_RANK = 0.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Way:
    """A unit vector [latent_dim]; `share` of starting places from which the rank correlation is GOOD_RANK or more,
    `rank` its median; `low` and `high` the measure's means at both ends."""

    name: str
    vector: Latent
    share: float
    rank: float
    low: float
    high: float


def ways(ask: Asked) -> list[Way]:
    """One for each of MEASURES, in their order."""
    z = latents(PLACES, ask.latent_dim, seed=7)
    measured = measures(ask(z).bars()).numpy().astype(np.float64)
    found = []
    for column, name in enumerate(MEASURES):
        tried = candidates(ask.generator.shape, column, slope(z.numpy(), measured[:, column]))
        for seed, starts, left in ((TRIED, FIRST, LEFT), (AGAIN, CHOSEN, 1)):
            along = [taken(ask, name, column, vector, seed, starts) for vector in tried]
            tried = [way.vector for way in sorted(along, key=lambda way: -way.share)[:left]]
        found.append(taken(ask, name, column, tried[0], TAKEN, CHOSEN))
    return found


def candidates(shape: Any, column: int, along: Latent) -> list[Latent]:
    """What is tried for a measure's column beside the slope `along`, all unit vectors."""
    own, strayed = getattr(shape, "named", ()), getattr(shape, "strayed", ())
    if column >= len(own):
        return [along]
    entries: Latent = np.eye(len(along), dtype=np.float32)
    entry: Latent = entries[own[column]]
    found = [along, entry, *(_unit(share * along + (1 - share) * entry) for share in BETWEEN)]
    if strayed:
        both = _unit(entry + ALONG * entries[strayed[column]])
        found += [both, _unit(along + both)]
    return found


def slope(z: Latent, measured: Doubles) -> Latent:
    """The ridge regression's of `measured` [N] on z [N, latent_dim], as a unit vector."""
    x, y = z.astype(np.float64), measured - measured.mean()
    x = x - x.mean(0)
    found = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y)
    return _unit(found)


def _unit(vector: Doubles | Latent) -> Latent:
    length = float(np.linalg.norm(vector))
    return (vector / length if length else np.eye(1, len(vector))[0]).astype(np.float32)


def taken(ask: Asked, name: str, column: int, vector: Latent, seed: int, starts: int = CHOSEN) -> Way:
    """What the measure of this column does along a vector, from so many places of a seed."""
    z = latents(starts, ask.latent_dim, seed=seed).numpy()
    across = z - np.outer(z @ vector, vector)
    turned = np.concatenate([across + turn * vector for turn in TURNS]).astype(np.float32)
    found = measures(ask(torch.from_numpy(turned)).bars())[:, column].numpy().reshape(len(TURNS), starts).T
    ranks = spearman(found.astype(np.float64), TURNS)
    return Way(
        name=name,
        vector=vector,
        share=float((ranks >= GOOD_RANK).mean()),
        rank=float(np.median(ranks)),
        low=float(found[:, 0].mean()),
        high=float(found[:, -1].mean()),
    )
