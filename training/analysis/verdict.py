"""Which epoch is recommended and why, and what else the rows say, as values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.analysis.studied import Doubles, StudiedRun
from training.runs import EpochChoice, number

JUDGE_ERROR = 0.03
"""By how much one seed of the two-sample test moves (`training.metrics.panel`)."""

FEWEST = 5
"""Epochs that a rank correlation is told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Spearman's rank correlation of D's success with the quality of the bars, which is high where `score` is low."""

    success: str
    score: str
    epochs: int
    rank: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`near`: other epochs that the judge's error doesn't tell from the chosen one. `best`: score -> epoch with the
    least, of all, gates or not. `gates`: epoch -> the gates that it fails.
    """

    choice: EpochChoice | None
    near: tuple[int, ...]
    best: dict[str, int]
    gates: dict[int, tuple[str, ...]]
    agreements: tuple[Agreement, ...]


def judge(run: StudiedRun) -> Verdict:
    gates = run.gates()
    best = {}
    for key in ("c2st", "fd"):
        epochs, values = run.series(key)
        if len(epochs):
            best[key] = int(epochs[values.argmin()])
    found = (agreement(run, success) for success in ("d_fixed", "d_held_out"))
    return Verdict(
        choice=run.choice,
        near=_near(run, run.choice, gates),
        best=best,
        gates=gates,
        agreements=tuple(each for each in found if each is not None),
    )


def agreement(run: StudiedRun, success: str) -> Agreement | None:
    """With the C2ST where enough epochs have one, else with the FD; None where neither has, or one never changes."""
    for score in ("c2st", "fd"):
        pairs = [(number(row, success), number(row, score)) for row in run.rows]
        both = np.array([pair for pair in pairs if None not in pair], np.float64).reshape(-1, 2)
        if len(both) < FEWEST:
            continue
        rank = rank_correlation(both[:, 0], -both[:, 1])
        return None if rank is None else Agreement(success=success, score=score, epochs=len(both), rank=rank)
    return None


def rank_correlation(a: Doubles, b: Doubles) -> float | None:
    """Spearman's rho, equal values sharing their mean rank, -1..1; None where one of them is constant."""
    x, y = _ranks(a), _ranks(b)
    x, y = x - x.mean(), y - y.mean()
    spread = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / spread if spread > 0 else None


def _ranks(values: Doubles) -> Doubles:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[place.reshape(-1)], np.float64)


def _near(run: StudiedRun, choice: EpochChoice | None, gates: dict[int, tuple[str, ...]]) -> tuple[int, ...]:
    if choice is None or "c2st" not in choice.by:
        return ()
    scores = {}
    for row in run.rows:
        c2st, fd = number(row, "c2st"), number(row, "fd")
        if c2st is not None and fd is not None and not (choice.passed and row["epoch"] in gates):
            scores[row["epoch"]] = c2st + fd / 20
    limit = scores[choice.epoch] + JUDGE_ERROR
    return tuple(epoch for epoch, score in scores.items() if score <= limit and epoch != choice.epoch)
