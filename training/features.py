"""What a bar is asked to be like: density and energy as z-scores, their knob scales, and the prior over beats.

Density is the number of hits in the bar, energy their mean velocity; both are standardised by the sounding bars of the
training split, so that 0 is usual and 1 one standard deviation more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instrument.core.bar import Floats
from instrument.core.manifest import KNOB_POINTS, Conditions, KnobScale, Prior
from instrument.errors import DataError
from training.dataset import Dataset

PRIOR_ROWS = 512
FEWEST_BARS = {"train": 8, "validation": 1}
"""Sounding bars by split: below these there is no batch to learn from and no covariance to score with."""

Rows = npt.NDArray[np.intp]


def density(velocity: npt.NDArray[np.uint8]) -> Floats:
    """Hits a bar, [N, H, V, T] -> [N]."""
    return np.asarray((velocity > 0).sum((1, 2, 3)), np.float32)


def energy(velocity: npt.NDArray[np.uint8]) -> Floats:
    """Mean velocity 1..127 of a bar's hits, 0 for a silent bar, [N, H, V, T] -> [N]."""
    total = velocity.sum((1, 2, 3), dtype=np.int64)
    return np.asarray(total / np.maximum(density(velocity), 1), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaler:
    """x -> (x - mean) / deviation."""

    mean: float
    deviation: float

    def z_score(self, x: Floats) -> Floats:
        return ((x - np.float32(self.mean)) / np.float32(self.deviation)).astype(np.float32)

    @classmethod
    def of(cls, x: Floats) -> Scaler:
        return cls(mean=float(x.mean()), deviation=max(float(x.std()), 1e-3))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """Per sounding bar of a split: `rows` of the data set [n], style [n], condition [n, 3] (fill, density, energy)."""

    rows: Rows
    style: npt.NDArray[np.int64]
    condition: Floats

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionScales:
    """How density and energy are standardised."""

    density: Scaler
    energy: Scaler


def scales(dataset: Dataset) -> ConditionScales:
    """By the training split. Raises DataError where a split has fewer than FEWEST_BARS."""
    for split, fewest in FEWEST_BARS.items():
        there = len(dataset.rows(split))
        if there < fewest:
            raise DataError(
                f"{there} bars for {split} in {len(dataset.files)} usable files, {fewest} are needed;"
                " give two or more 4/4 drum files"
            )
    velocity = dataset.velocity[dataset.rows("train")]
    return ConditionScales(density=Scaler.of(density(velocity)), energy=Scaler.of(energy(velocity)))


def features(dataset: Dataset, split: str, scale: ConditionScales) -> Features:
    """Conditions of a split's sounding bars."""
    rows = dataset.rows(split)
    velocity = dataset.velocity[rows]
    columns = [
        dataset.fill[rows].astype(np.float32),
        scale.density.z_score(density(velocity)),
        scale.energy.z_score(energy(velocity)),
    ]
    return Features(rows=rows, style=dataset.style[rows].astype(np.int64), condition=np.stack(columns, 1))


def knob_scales(train: Features) -> Conditions:
    """Quantiles of density and energy at 0, 5, ..., 100 %."""
    at = np.linspace(0.0, 1.0, KNOB_POINTS)
    _, dense, loud = np.quantile(train.condition.astype(np.float64), at, axis=0).T
    return Conditions(
        density=KnobScale(quantiles=tuple(np.round(dense, 6).tolist())),
        energy=KnobScale(quantiles=tuple(np.round(loud, 6).tolist())),
    )


def prior(train: Features, rows: int = PRIOR_ROWS) -> Prior:
    """Conditions of `rows` bars drawn from the training beats (all bars, where there are only fills), fixed seed."""
    beats = np.flatnonzero(train.condition[:, 0] < 0.5)
    pool = beats if len(beats) else np.arange(len(train))
    drawn = np.random.default_rng(0).choice(pool, size=rows, replace=len(pool) < rows)
    fill, dense, loud = np.round(train.condition[drawn].astype(np.float64), 6).T
    return Prior(
        style=tuple(train.style[drawn].tolist()),
        density=tuple(dense.tolist()),
        energy=tuple(loud.tolist()),
        fill=tuple(fill.tolist()),
    )
