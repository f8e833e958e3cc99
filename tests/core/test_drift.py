"""Drift: the same for a seed and a bar, at home on the beat, and slower the stronger."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.drift import SLOW_OCTAVES, drift

LINES, STEPS = 4, 16


def line(seed: int, bars: int) -> np.ndarray:
    return np.concatenate([drift(seed, index, LINES, STEPS) for index in range(bars)], axis=1)


@given(st.integers(0, 2**63 - 1), st.integers(0, 10**6), st.sampled_from([1, 2, 12, 16, 96]))
def test_a_bar_of_a_seed_drifts_the_same_way_always(seed: int, index: int, steps: int) -> None:
    first = drift(seed, index, LINES, steps)
    drift.cache_clear()
    np.testing.assert_array_equal(drift(seed, index, LINES, steps), first)
    assert first.shape == (LINES, steps)
    assert not first.flags.writeable


def test_it_is_at_home_on_the_beat_with_the_variance_that_it_says() -> None:
    long = line(3, 4096)
    assert abs(long.mean()) < 0.05
    assert long.var() == pytest.approx(1.0, abs=0.1)


def test_its_spectrum_falls_as_one_over_the_frequency() -> None:
    """White noise would have slope 0, a random walk -2. Beyond the slowest octave it is flat."""
    long = line(5, 2048)
    power = np.mean(np.abs(np.fft.rfft(long, axis=1)) ** 2, axis=0)
    frequency = np.fft.rfftfreq(long.shape[1])
    band = (frequency > 1 / (STEPS * 2**SLOW_OCTAVES / 2)) & (frequency < 0.25)
    slope = np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0]
    assert -1.35 < slope < -0.7


def test_it_goes_on_over_the_bar_line() -> None:
    """The last step of a bar and the first of the next are more alike than strangers."""
    bars = [drift(7, index, 32, STEPS) for index in range(256)]
    ends = np.concatenate([bar[:, -1] for bar in bars[:-1]])
    starts = np.concatenate([bar[:, 0] for bar in bars[1:]])
    assert np.corrcoef(ends, starts)[0, 1] > 0.3
