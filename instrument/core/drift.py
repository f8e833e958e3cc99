"""How a drummer wanders about the beat: correlated drift, whose spectrum falls as 1/f.

Deviations of drummers from the beat are correlated over minutes; listeners prefer that to white noise (Hennig et al.
2011, "The Nature and Perception of Fluctuations in Human Musical Rhythms"). The noise is Voss's (Gardner 1978): a sum
of octaves, each holding a value twice as long as the one before. Octaves longer than a bar carry over the bar lines,
and a bar's drift follows from seed and number alone.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from instrument.core.bar import Floats
from instrument.core.latent import stream

SLOW_OCTAVES = 7
"""Octaves that last a bar or longer: the slowest holds for 64 bars."""


@lru_cache(maxsize=64)
def drift(seed: int, index: int, lines: int, steps: int) -> Floats:
    """[lines, steps] of bar `index` >= 0, each line with mean 0 and variance 1 over all bars; read-only."""
    fast = stream(seed, "drift", index * (SLOW_OCTAVES + 1))
    total, octaves, held = np.zeros((lines, steps), np.float32), 0, 1
    while held < steps:
        values = fast.standard_normal((lines, -(-steps // held)), np.float32)
        total += np.repeat(values, held, axis=1)[:, :steps]
        octaves, held = octaves + 1, held * 2
    for k in range(SLOW_OCTAVES):
        slow = stream(seed, "drift", (index >> k) * (SLOW_OCTAVES + 1) + k + 1)
        total += slow.standard_normal((lines, 1), np.float32)
    total /= np.float32(np.sqrt(octaves + SLOW_OCTAVES))
    total.setflags(write=False)
    return total
