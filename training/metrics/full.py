"""The slow part of the suite, taken at the end of a training and by `ghostnote evaluate`; keys go beside the fast ones.

`c2st`: the two-sample test, the mean of SEEDS runs (`c2st_low`, `c2st_high` their range); `c2on` the same mean on
onsets alone, `c2lr` a logistic regression on the rhythm features. `mmd` (x 100): an RBF kernel on those features. `oa`,
`kl`: overlap and divergence of 16 features' histograms (Yang & Lerch 2020). `nn_mean`: how many onsets a bar
differs in from the nearest training bar; `nn0`, `nn2`: the share of bars at a distance of 0, and of 2 at most: copies.
`variety`: the mean of that distance between the bars themselves. `dense35`: the share of bars with more than 35 hits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from training.metrics.c2st import two_sample_test
from training.metrics.distances import Doubles, distances
from training.metrics.played import Played
from training.metrics.rhythm import rhythm_features
from training.metrics.suite import Reference, fast_scores

SEEDS = 3
HISTOGRAM_FEATURES = 16
BINS = 32
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """What is scored: bars to be compared with training bars, and those that a judge learns from and is tested on.

    `learnt` are made as training bars would be, `tested` as held-out bars; a judge learns `learnt` against the
    reference and is tested on `tested` against `held_out`.
    """

    scored: Played
    learnt: Played
    tested: Played
    held_out: Played


def full_scores(trial: Trial, reference: Reference, library: Played, *, seeds: int = SEEDS) -> dict[str, float]:
    """Every score of a trial; `library` are all training bars, to look for copies in. Deterministic."""
    four = _four(trial, reference)
    tests, bare = (_c2st(bars, seeds) for bars in (four, [_onsets(bars) for bars in four]))
    features = reference.standard(rhythm_features(trial.scored))
    return {
        **fast_scores(trial.scored, reference),
        "c2st": float(np.mean(tests)),
        "c2st_low": min(tests),
        "c2st_high": max(tests),
        "c2on": float(np.mean(bare)),
        "c2lr": _regression(trial, reference),
        "mmd": mean_discrepancy(features, reference.features),
        **overlap(features, reference.features),
        **nearest(trial.scored, library),
        "variety": variety(trial.scored),
        "dense35": float((trial.scored.onset.sum((1, 2, 3)) > 35).mean()),
    }


def mean_discrepancy(a: Doubles, b: Doubles) -> float:
    """100 x squared MMD with exp(-|x - y|^2 / F) (Gretton et al. 2012), unbiased; F the number of features."""

    def kernel(x: Doubles, y: Doubles) -> Doubles:
        return np.asarray(np.exp(-(distances(x, y) ** 2) / x.shape[1]))

    def within(x: Doubles) -> float:
        k, n = kernel(x, x), len(x)
        return float((k.sum() - np.trace(k)) / max(n * (n - 1), 1))

    return 100 * (within(a) + within(b) - 2 * float(kernel(a, b).mean()))


def overlap(a: Doubles, b: Doubles) -> dict[str, float]:
    """Mean overlapping area and Kullback-Leibler divergence over features spread evenly through the list."""
    areas, divergences = [], []
    for column in np.linspace(0, b.shape[1] - 1, HISTOGRAM_FEATURES).astype(int):
        edges = np.histogram_bin_edges(b[:, column], BINS)
        edges[0], edges[-1] = -np.inf, np.inf
        p, q = (np.histogram(x[:, column], edges)[0] / len(x) for x in (a, b))
        areas.append(float(np.minimum(p, q).sum()))
        smooth_p, smooth_q = (0.99 * x + 0.01 / BINS for x in (p, q))
        divergences.append(float((smooth_p * np.log(smooth_p / smooth_q)).sum()))
    return {"oa": float(np.mean(areas)), "kl": float(np.mean(divergences))}


def nearest(bars: Played, library: Played) -> dict[str, float]:
    """Hamming distances of the main hits' onsets to the nearest bar of the library."""
    real = _patterns(library)
    made = _patterns(bars)
    least = np.concatenate([_hamming(made[k : k + _CHUNK], real).min(1) for k in range(0, len(made), _CHUNK)])
    return {
        "nn_mean": float(least.mean()),
        "nn0": float((least == 0).mean()),
        "nn2": float((least <= 2).mean()),
    }


def variety(bars: Played) -> float:
    """Mean Hamming distance of two bars of the set."""
    p, n = _patterns(bars).mean(0, dtype=np.float64), len(bars)
    return float((2 * p * (1 - p)).sum() * n / max(n - 1, 1))


def _c2st(four: Sequence[Played], seeds: int) -> list[float]:
    return [two_sample_test(*four, seed=seed) for seed in range(seeds)]


def _four(trial: Trial, reference: Reference) -> tuple[Played, Played, Played, Played]:
    return reference.bars, trial.learnt, trial.held_out, trial.tested


def _onsets(bars: Played) -> Played:
    """As if each hit were as loud as can be and in time."""
    return replace(bars, velocity=bars.onset.astype(np.float32), offset=np.zeros_like(bars.offset))


def _regression(trial: Trial, reference: Reference) -> float:
    from sklearn.linear_model import LogisticRegression

    real, made, held_out, tested = (reference.standard(rhythm_features(bars)) for bars in _four(trial, reference))
    judge = LogisticRegression(C=0.1, max_iter=300)
    judge.fit(np.concatenate([real, made]), np.r_[np.ones(len(real)), np.zeros(len(made))])
    return float(judge.predict(held_out).mean() + (1 - judge.predict(tested)).mean()) / 2


def _patterns(bars: Played) -> npt.NDArray[np.float32]:
    return bars.onset[:, 0].reshape(len(bars), -1).astype(np.float32)


def _hamming(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    return np.asarray(np.rint(a.sum(1)[:, None] + b.sum(1) - 2 * a @ b.T), np.int64)
