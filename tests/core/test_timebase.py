"""Musical time: ticks, seconds and bars belong together."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.timebase import (
    BAR_TICKS,
    MAX_BPM,
    MIN_BPM,
    PPQ,
    STEPS_PER_BAR,
    TICKS_PER_CLOCK,
    bar_and_tick,
    microseconds_per_beat,
    seconds_to_ticks,
    ticks_to_seconds,
)

TEMPO = st.floats(MIN_BPM, MAX_BPM)


@given(TEMPO, st.integers(-(10**8), 10**8))
def test_ticks_and_seconds_are_inverse(tempo_bpm: float, ticks: int) -> None:
    assert math.isclose(seconds_to_ticks(ticks_to_seconds(ticks, tempo_bpm), tempo_bpm), ticks, rel_tol=1e-12)


@given(TEMPO)
def test_a_beat_lasts_a_minute_by_the_tempo(tempo_bpm: float) -> None:
    assert math.isclose(ticks_to_seconds(PPQ, tempo_bpm), 60 / tempo_bpm)


@given(st.integers(-(10**6), 10**6))
def test_a_position_is_a_bar_and_a_tick_in_it(position: int) -> None:
    bar, tick = bar_and_tick(position)
    assert bar * BAR_TICKS + tick == position
    assert 0 <= tick < BAR_TICKS


def test_what_is_early_on_the_first_bar_lies_in_the_one_before_it() -> None:
    assert bar_and_tick(-1) == (-1, BAR_TICKS - 1)


def test_a_minute_at_120_is_thirty_bars() -> None:
    assert seconds_to_ticks(60, 120) == 30 * BAR_TICKS
    assert ticks_to_seconds(BAR_TICKS, 120) == 2.0


@pytest.mark.parametrize(
    ("tempo_bpm", "microseconds"), [(120, 500_000), (133.3, 450_113), (20, 3_000_000), (300, 200_000)]
)
def test_the_tempo_of_a_midi_file(tempo_bpm: float, microseconds: int) -> None:
    assert microseconds_per_beat(tempo_bpm) == microseconds


@given(TEMPO)
def test_a_midi_files_tempo_fits_its_three_bytes(tempo_bpm: float) -> None:
    assert 0 < microseconds_per_beat(tempo_bpm) < 1 << 24


def test_steps_and_clocks_are_whole_ticks() -> None:
    assert BAR_TICKS % STEPS_PER_BAR == 0
    assert TICKS_PER_CLOCK * 24 == PPQ
