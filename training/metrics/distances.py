"""Distances between sets of bars: of marginals (W1), of rhythm features (FD, KID), and of their supports (PRDC)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instrument.core.drums import Voice
from training.metrics.played import Played

Doubles = npt.NDArray[np.float64]
CLIP = 6.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standard:
    """Features to z-scores of a reference set, clipped at six deviations."""

    mean: Doubles
    deviation: Doubles

    @classmethod
    def of(cls, features: Doubles) -> Standard:
        return cls(mean=features.mean(0), deviation=np.maximum(features.std(0), 1e-3))

    def __call__(self, features: Doubles) -> Doubles:
        return np.asarray(np.clip((features - self.mean) / self.deviation, -CLIP, CLIP))


def wasserstein(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64], low: int, high: int) -> float:
    """W1 = sum |F_a - F_b| between two samples of whole numbers in low..high; 0 where either is empty."""
    if not len(a) or not len(b):
        return 0.0
    cdf_a, cdf_b = (np.bincount(x - low, minlength=high - low + 1).cumsum() / len(x) for x in (a, b))
    return float(np.abs(cdf_a - cdf_b).sum())


def marginals(bars: Played, reference: Played, step_ticks: int) -> dict[str, float]:
    """Onset rates by voice and by cell, relative; W1 of density in hits, velocity in MIDI units, offset in steps."""
    rate, real_rate = bars.onset.mean(0), reference.onset.mean(0)
    by_voice, real_by_voice = rate.sum((0, 2)), real_rate.sum((0, 2))
    total = max(float(real_rate.sum()), 1e-9)
    hits, real_hits = (x.onset.sum((1, 2, 3)) for x in (bars, reference))
    scores = {
        "rate_err": float(np.abs(by_voice - real_by_voice).sum()) / total,
        "map_err": float(np.abs(rate - real_rate).sum()) / total,
        "w1_density": wasserstein(hits, real_hits, 0, int(max(hits.max(), real_hits.max()))),
        "w1_velocity": 0.0,
        "w1_offset": 0.0,
    }
    for voice in Voice:
        share = float(real_by_voice[voice]) / total
        loud, real_loud = (_whole(x.velocity, x, voice, 127) for x in (bars, reference))
        scores["w1_velocity"] += share * wasserstein(loud, real_loud, 0, 127)
        late, real_late = (_whole(x.offset, x, voice, step_ticks) for x in (bars, reference))
        scores["w1_offset"] += share * wasserstein(late, real_late, -step_ticks, step_ticks) / step_ticks
    return scores


def _whole(plane: npt.NDArray[np.float32], bars: Played, voice: Voice, scale: int) -> npt.NDArray[np.int64]:
    return np.rint(plane[:, :, voice][bars.onset[:, :, voice]] * scale).astype(np.int64)


def frechet(a: Doubles, b: Doubles) -> float:
    """FD = |mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2)) of features [N, F] (Heusel et al. 2017)."""
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_b @ root), 0)).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * cross)


def kernel_distance(a: Doubles, b: Doubles) -> float:
    """100 x KID: unbiased squared MMD with the kernel (x.y / F + 1)^3 (Binkowski et al. 2018)."""

    def kernel(x: Doubles, y: Doubles) -> Doubles:
        return np.asarray((x @ y.T / x.shape[1] + 1) ** 3)

    def within(x: Doubles) -> float:
        k, n = kernel(x, x), len(x)
        return float((k.sum() - np.trace(k)) / (n * (n - 1)))

    return 100 * (within(a) + within(b) - 2 * float(kernel(a, b).mean()))


def distances(a: Doubles, b: Doubles) -> Doubles:
    """Euclidean, [len(a), len(b)]."""
    a32, b32 = a.astype(np.float32), b.astype(np.float32)
    squares = (a32**2).sum(1)[:, None] + (b32**2).sum(1) - 2 * a32 @ b32.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)), np.float64)


def radii(x: Doubles, k: int = 5) -> Doubles:
    """Distance of each point to its k-th neighbour in its own set."""
    k = min(k, len(x) - 1)
    return np.asarray(np.partition(distances(x, x), k, axis=1)[:, k])


def support(fake: Doubles, real: Doubles) -> dict[str, float]:
    """Precision, recall (Kynkaanniemi et al. 2019) and coverage (Naeem et al. 2020). Of as many made as real items:
    fewer made ones would cover less, however good they are; with k = 5, equal sets cover 1 - 2^-5 of each other."""
    apart, real_radii = distances(fake, real), radii(real)
    inside = apart <= real_radii
    return {
        "precision": float(inside.any(1).mean()),
        "recall": float((apart <= radii(fake)[:, None]).any(0).mean()),
        "coverage": float((apart.min(0) <= real_radii).mean()),
    }
