"""The scores of a set of bars against real ones, keys as in `stats.jsonl` and a preset's epochs.

`rate_err`, `map_err`, `w1_density`, `w1_velocity`, `w1_offset`: marginals, gates rather than goals, since independent
cells at the right rates pass them. `fd`, `kid`, `precision`, `recall`, `coverage`: rhythm features against training
bars; the sharp ruler. `silent`: share of bars without a hit. `hands3`: per cent of active steps that ask for three
hands or more. `backbeat`: share of bars with the snare on two and four. `density`: hits a bar.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from instrument.core.drums import Voice
from training.metrics.distances import Doubles, Standard, frechet, kernel_distance, marginals, support
from training.metrics.played import Played
from training.metrics.rhythm import hands, rhythm_features


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """Real bars with what is computed from them once."""

    bars: Played
    step_ticks: int
    standard: Standard
    features: Doubles = field(repr=False)

    @classmethod
    def of(cls, bars: Played, step_ticks: int) -> Reference:
        raw = rhythm_features(bars)
        standard = Standard.of(raw)
        features = standard(raw)
        return cls(bars=bars, step_ticks=step_ticks, standard=standard, features=features)


def fast_scores(bars: Played, reference: Reference) -> dict[str, float]:
    """All but the two-sample test: under a second for 2,000 bars against 4,000."""
    features = reference.standard(rhythm_features(bars))
    return {
        **marginals(bars, reference.bars, reference.step_ticks),
        "fd": frechet(features, reference.features),
        "kid": kernel_distance(features, reference.features),
        **support(features, reference.features[: len(features)]),
        **gates(bars),
    }


def gates(bars: Played) -> dict[str, float]:
    """What no distance is needed for."""
    onset = bars.onset[:, 0]
    steps = onset.shape[2]
    active = max(int(onset.any(1).sum()), 1)
    snare = onset[:, Voice.SNARE]
    return {
        "density": float(bars.onset.sum((1, 2, 3)).mean()),
        "silent": float((~onset.any((1, 2))).mean()),
        "hands3": 100 * float((hands(onset) > 2).sum()) / active,
        "backbeat": float(np.mean(snare[:, steps // 4] & snare[:, 3 * steps // 4])),
    }
