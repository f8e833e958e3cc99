"""Bars of a drummer made of rules, and a collapse onto a few of them."""

from __future__ import annotations

import numpy as np

from instrument.core.drums import VOICES, Voice
from training.metrics.played import Played

STEPS = 16


def real(bars: int, seed: int) -> Played:
    """Backbeat rock: the kick answers itself, hats in eighths or sixteenths, ghosts beside the snare, crash on one."""
    random = np.random.default_rng(seed)
    onset = np.zeros((bars, 2, VOICES, STEPS), bool)
    velocity = np.zeros(onset.shape, np.float32)
    for bar in range(bars):
        kick = random.choice(8, random.integers(1, 4), replace=False)
        onset[bar, 0, Voice.KICK, [0, *kick, *(kick[:1] + 8)]] = True
        onset[bar, 0, Voice.SNARE, [4, 12]] = True
        onset[bar, 0, random.choice([Voice.CLOSED_HAT, Voice.RIDE]), :: random.choice([1, 2, 4])] = True
        ghost = random.choice([3, 5, 7, 9, 11, 13], random.integers(0, 3), replace=False)
        onset[bar, 0, Voice.SNARE, ghost] = True
        onset[bar, 1, Voice.SNARE, 12] = random.random() < 0.3
        onset[bar, 0, Voice.CRASH, 0] = random.random() < 0.2
        velocity[bar, :, Voice.SNARE] = 20 / 127
        velocity[bar, :, Voice.SNARE, [4, 12]] = random.integers(100, 128) / 127
    others = velocity == 0
    velocity[others] = (random.integers(50, 110, others.sum()) / 127).astype(np.float32)
    late = np.clip(np.rint(random.normal(-4, 8, onset.shape)), -60, 59) / 120
    return Played(onset=onset, velocity=velocity * onset, offset=(late * onset).astype(np.float32))


def collapsed(like: Played, bars: int) -> Played:
    """Eight bars, again and again."""
    return like.take(np.arange(bars, dtype=np.intp) % 8)
