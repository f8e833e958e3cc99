"""Large ways through a net's latent that a player has a word for: more of it in the mean over the bars that one hears.

A way found by regression explains little of one bar (R^2 0.04 to 0.2 with the shipped net): taken alone from one place
it may even lead elsewhere. Over many bars it keeps its promise, and that is how a pad is heard. A macro is kept where
the measure's mean over STARTS places rises all the way from one end to the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from instrument.core.drums import Voice
from instrument.core.latent import MACRO_REACH, Latent
from training.directions import PLACES, slope
from training.metrics.distances import Doubles
from training.metrics.sources import latents
from training.metrics.steering import Asked, spearman

MACROS = ("density", "syncopation", "dynamics", "swing")
"""Strokes a bar; the share of kick's and snare's loudness off the beats; the deviation of velocities; how much later
odd sixteenths are than even ones, in steps."""

TURNS = np.linspace(-MACRO_REACH, MACRO_REACH, 7)
STARTS = 600
RISES = 0.75
"""Rank correlation of the means with the turns from which on a macro is kept."""

STEPS_PER_BEAT = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Macro:
    """A unit vector [latent_dim]; `rank`: of the means along it; `low`, `high`: the means at both ends."""

    name: str
    vector: Latent
    rank: float
    low: float
    high: float


def macros(ask: Asked) -> list[Macro]:
    """Those of `MACROS` that keep their promise, in their order."""
    z = latents(PLACES, ask.latent_dim, seed=9)
    measured = measures(ask(z).bars()).numpy().astype(np.float64)
    found = [_along(ask, column, slope(z.numpy(), measured[:, column])) for column in range(len(MACROS))]
    return [macro for macro in found if macro.rank >= RISES]


def measures(x: Tensor) -> Tensor:
    """[B, len(MACROS)] of bars [B, C, T] as G makes them; 0 where there is nothing to measure."""
    onset, velocity, offset = (plane[:, : len(Voice)] for plane in x.chunk(3, 1))
    count = onset.sum((1, 2))
    skins = velocity[:, [Voice.KICK, Voice.SNARE]]
    on_beats = skins[:, :, ::STEPS_PER_BEAT].sum((1, 2))
    mean = velocity.sum((1, 2)) / count.clamp(min=1)
    spread = ((velocity - mean[:, None, None]) ** 2 * onset).sum((1, 2)) / count.clamp(min=1)
    late = _mean(offset[:, :, 1::2], onset[:, :, 1::2]) - _mean(offset[:, :, ::2], onset[:, :, ::2])
    return torch.stack([count, 1 - on_beats / skins.sum((1, 2)).clamp(min=1e-6), spread.sqrt(), late], 1)


def _mean(offset: Tensor, onset: Tensor) -> Tensor:
    return offset.sum((1, 2)) / onset.sum((1, 2)).clamp(min=1)


def _along(ask: Asked, column: int, vector: Latent) -> Macro:
    means: Doubles = np.array([_mean_at(ask, column, turn * vector) for turn in TURNS])
    rank = float(spearman(means[None], TURNS)[0])
    return Macro(name=MACROS[column], vector=vector, rank=rank, low=float(means[0]), high=float(means[-1]))


def _mean_at(ask: Asked, column: int, shift: Latent) -> float:
    starts = latents(STARTS, ask.latent_dim, seed=10).numpy() + shift
    return float(measures(ask(torch.from_numpy(starts.astype(np.float32))).bars())[:, column].mean())
