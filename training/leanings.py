"""How far each bar leans towards more kick, a later hand, more swing, ... than its style and its knobs already say.

A net that is left to itself lets no entry of z mean anything. Here each of `measures.MEASURES` has an entry of its own,
and real bars have a value for it, so that critics are told it as they are told density: what is made from an entry must
lean as a real bar of that value does. A leaning is standard normal whatever style, knobs and the leanings before it
are, which is what a player's z is drawn from. For that it is the normal score of a measure's conditional rank, by a
forest whose leaves hold bars of about the same expectation (Meinshausen 2006, "Quantile Regression Forests"). Were it
less independent, nets would be asked for what no drummer plays: with a linear regression in the place of the forest,
precision fell from .92 to .84 (LOG.md).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from training.measures import MEASURES

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

ORDER = ("ride", "hats", "kick", "snare", "ghost notes", "laid back", "swing")
"""Of the leanings, each of which is free of those before it: who rides decides what is left for the hats."""

TREES, LEAF, LEAVES = 40, 60, 280
"""Bars of a leaf: LEAF, or fewer where there wouldn't be so many LEAVES, but FEWEST."""

FEWEST = 10


def leanings(measured: Doubles, style: Whole, condition: Doubles) -> Floats:
    """[N, M] of what N items measure [N, M], in the order of MEASURES, their styles [N] and conditions [N, Q]. Equal
    items are told apart by a fixed draw."""
    random = np.random.default_rng(0)
    known = [np.eye(style.max(initial=0) + 1)[style], condition]
    found = np.zeros(measured.shape)
    for name in ORDER:
        column = MEASURES.index(name)
        found[:, column] = _scores(measured[:, column], np.concatenate(known, 1), random)
        known.append(found[:, column : column + 1])
    return found.astype(np.float32)


def _scores(measured: Doubles, known: Doubles, random: np.random.Generator) -> Doubles:
    """Normal scores [N] of a measure's ranks given what is known [N, K]: means over the leaves that an item is in."""
    from sklearn.ensemble import RandomForestRegressor

    count = len(measured)
    leaf = min(max(count // LEAVES, FEWEST), LEAF)
    forest = RandomForestRegressor(TREES, min_samples_leaf=leaf, max_features=0.5, random_state=0)
    leaves, chance = forest.fit(known, measured).apply(known), random.random(count)
    share = np.stack([_share_below(measured, of, chance) for of in leaves.T]).mean(0)
    rank = np.empty(count)
    rank[np.lexsort((chance, share))] = (np.arange(count) + 0.5) / count
    return np.asarray(torch.special.ndtri(torch.from_numpy(rank)))


def _share_below(measured: Doubles, leaf: Whole, chance: Doubles) -> Doubles:
    """The share of each item's leaf that measures less, and of those that measure the same as much as `chance` says."""
    order = np.lexsort((measured, leaf))
    of, value = leaf[order], measured[order]
    begins = np.r_[True, np.diff(of) != 0]
    differs = begins | np.r_[True, np.diff(value) != 0]
    first, size = _runs(begins)
    lowest, same = _runs(differs)
    shares = np.empty(len(measured))
    shares[order] = (lowest - first + same * chance[order]) / size
    return shares


def _runs(begins: npt.NDArray[np.bool_]) -> tuple[Whole, Whole]:
    """Where the run of each place begins, and how long it is, [N] each."""
    first = np.flatnonzero(begins)
    size = np.diff(np.r_[first, len(begins)])
    return np.repeat(first, size), np.repeat(size, size)
