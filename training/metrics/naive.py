"""What bars are without a drummer: naive makers that a score must tell from real ones, each after real bars.

They are the ceilings beside every score (the floor is other real bars): independent cells, a Markov chain of steps, and
real bars with their steps in another order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.metrics.played import Mask, Played

Maker = Callable[[Played, int, int], Played]
"""(real bars, how many, seed) -> bars."""


def bernoulli(real: Played, bars: int, seed: int) -> Played:
    """Each cell on its own, at its rate."""
    random = np.random.default_rng(seed)
    rate = real.onset.mean(0)
    onset = random.random((bars, *rate.shape)) < rate
    return _struck(np.logical_and.accumulate(onset, axis=1), real, random)


def markov(real: Played, bars: int, seed: int) -> Played:
    """Each step's voices drawn by those of the step before, as real bars at that step follow them."""
    random = np.random.default_rng(seed)
    steps = np.moveaxis(real.onset, 3, 1).reshape(len(real), real.onset.shape[3], -1)  # [N, T, H V]
    rows = np.zeros((bars, steps.shape[1]), np.int64)
    rows[:, 0] = random.integers(0, len(real), bars)
    for step in range(1, steps.shape[1]):
        _, state_of = np.unique(steps[:, step - 1], axis=0, return_inverse=True)
        state_of = state_of.ravel()
        order = np.argsort(state_of, kind="stable")
        first = np.searchsorted(state_of[order], np.arange(state_of.max() + 2))
        now = state_of[rows[:, step - 1]]
        rows[:, step] = order[first[now] + (random.random(bars) * (first[now + 1] - first[now])).astype(np.int64)]
    onset = np.stack([steps[rows[:, step], step] for step in range(steps.shape[1])], 2)  # [N, H V, T]
    return _struck(onset.reshape(bars, *real.onset.shape[1:]), real, random)


def shuffled(real: Played, bars: int, seed: int) -> Played:
    """Real bars, each with its steps in an order of its own."""
    random = np.random.default_rng(seed)
    chosen = real.take(random.choice(len(real), bars, replace=bars > len(real)))
    order = np.argsort(random.random((bars, real.onset.shape[3])), axis=1)[:, None, None]
    return Played(
        onset=np.take_along_axis(chosen.onset, order, 3),
        velocity=np.take_along_axis(chosen.velocity, order, 3),
        offset=np.take_along_axis(chosen.offset, order, 3),
    )


CEILINGS: dict[str, Maker] = {"bernoulli": bernoulli, "markov": markov, "shuffled": shuffled}


def _struck(onset: Mask, like: Played, random: np.random.Generator) -> Played:
    """These onsets, each as loud and as late as some hit of its voice in `like`."""
    velocity, offset = np.zeros(onset.shape, np.float32), np.zeros(onset.shape, np.float32)
    for voice in range(onset.shape[2]):
        hits, real = onset[:, :, voice], like.onset[:, :, voice]
        if not real.any() or not hits.any():
            continue
        drawn = random.integers(0, int(real.sum()), int(hits.sum()))
        velocity[:, :, voice][hits] = like.velocity[:, :, voice][real][drawn]
        offset[:, :, voice][hits] = like.offset[:, :, voice][real][drawn]
    return Played(onset=onset, velocity=velocity, offset=offset)
