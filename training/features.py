"""What a bar or window is asked to be like: density and energy as z-scores, their knob scales, the prior over beats.

Density is the number of hits, energy their mean velocity; both are standardised by the sounding items of the training
split, so that 0 is usual and 1 one standard deviation more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instrument.core.bar import Floats
from instrument.core.manifest import KNOB_POINTS, Conditions, KnobScale, Prior
from instrument.errors import DataError
from training.dataset import Catalogue

PRIOR_ROWS = 512
FEWEST_BARS = 8
"""Sounding items by split: below these there is no batch to learn from and no covariance to score with."""

Rows = npt.NDArray[np.intp]


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
    """Per sounding item of a split: `rows` of the data set [n], style [n], condition [n, Q], which begins with fill,
    density and energy."""

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


def scales(dataset: Catalogue, tested: str = "validation") -> ConditionScales:
    """By the training split. Raises DataError where it, or the split `tested`, has fewer than FEWEST_BARS."""
    for split, fewest in (("train", FEWEST_BARS), (tested, 1)):
        there = len(dataset.rows(split))
        if there < fewest:
            raise DataError(
                f"{there} bars for {split} in {len(dataset.files)} usable files, {fewest} are needed;"
                " give two or more 4/4 drum files"
            )
    rows = dataset.rows("train")
    return ConditionScales(density=Scaler.of(dataset.hit_counts()[rows]), energy=Scaler.of(dataset.loudness()[rows]))


def features(dataset: Catalogue, split: str, scale: ConditionScales) -> Features:
    """Conditions of a split's sounding items."""
    rows = dataset.rows(split)
    columns = [
        dataset.fill[rows].astype(np.float32),
        scale.density.z_score(dataset.hit_counts()[rows]),
        scale.energy.z_score(dataset.loudness()[rows]),
    ]
    return Features(rows=rows, style=dataset.style[rows].astype(np.int64), condition=np.stack(columns, 1))


def knob_scales(train: Features) -> Conditions:
    """Quantiles of density and energy at 0, 5, ..., 100 %."""
    at = np.linspace(0.0, 1.0, KNOB_POINTS)
    _, dense, loud = np.quantile(train.condition[:, :3].astype(np.float64), at, axis=0).T
    return Conditions(
        density=KnobScale(quantiles=tuple(np.round(dense, 6).tolist())),
        energy=KnobScale(quantiles=tuple(np.round(loud, 6).tolist())),
    )


def prior(train: Features, rows: int = PRIOR_ROWS) -> Prior:
    """Conditions of `rows` bars drawn from the training beats (all bars, where there are only fills), fixed seed."""
    beats = np.flatnonzero(train.condition[:, 0] < 0.5)
    pool = beats if len(beats) else np.arange(len(train))
    drawn = np.random.default_rng(0).choice(pool, size=rows, replace=len(pool) < rows)
    fill, dense, loud = np.round(train.condition[drawn, :3].astype(np.float64), 6).T
    return Prior(
        style=tuple(train.style[drawn].tolist()),
        density=tuple(dense.tolist()),
        energy=tuple(loud.tolist()),
        fill=tuple(fill.tolist()),
    )
