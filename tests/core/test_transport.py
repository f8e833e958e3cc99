"""Positions and seconds belong together, whatever the tempo does."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.timebase import (
    BAR_TICKS,
    MAX_BPM,
    MIN_BPM,
    bar_and_tick,
    microseconds_per_beat,
    seconds_to_ticks,
    ticks_to_seconds,
)
from instrument.core.transport import Transport

TEMPO = st.floats(MIN_BPM, MAX_BPM)
TIME = st.floats(0, 1e5)
TICKS = st.integers(0, 10**8)


@given(TEMPO, TICKS)
def test_ticks_and_seconds_are_inverse(tempo_bpm: float, ticks: int) -> None:
    assert math.isclose(seconds_to_ticks(ticks_to_seconds(ticks, tempo_bpm), tempo_bpm), ticks, rel_tol=1e-12)


@given(st.integers(-(10**6), 10**6))
def test_a_position_is_a_bar_and_a_tick_in_it(position: int) -> None:
    bar, tick = bar_and_tick(position)
    assert bar * BAR_TICKS + tick == position
    assert 0 <= tick < BAR_TICKS


def test_a_minute_at_120_is_thirty_bars() -> None:
    assert seconds_to_ticks(60, 120) == 30 * BAR_TICKS
    assert microseconds_per_beat(120) == 500_000
    assert microseconds_per_beat(133.3) == 450_113


@given(TEMPO, TICKS, TIME, st.floats(0, 1e4))
def test_position_and_time_are_inverse(tempo_bpm: float, start: int, at_s: float, later_s: float) -> None:
    transport = Transport(tempo_bpm)
    transport.start(start, at_s)
    position = transport.position(at_s + later_s)
    assert math.isclose(transport.time_of(position), at_s + later_s, rel_tol=1e-9, abs_tol=1e-9)


@given(TEMPO, TEMPO, TIME, st.floats(0, 1e4))
def test_a_new_tempo_leaves_the_position_where_it_is(before: float, after: float, at_s: float, later_s: float) -> None:
    transport = Transport(before)
    transport.start(0, at_s)
    now_s = at_s + later_s
    position = transport.position(now_s)
    transport.set_tempo(after, position)
    assert math.isclose(transport.position(now_s), position, rel_tol=1e-6, abs_tol=1e-2)
    assert math.isclose(transport.position(now_s + 60) - position, after * 480, rel_tol=1e-6, abs_tol=1e-2)


def test_stopped_it_rests() -> None:
    transport = Transport(120)
    transport.start(0, 10.0)
    transport.stop(11.0)
    assert not transport.playing
    assert transport.position(99.0) == 960
    transport.set_tempo(60, 0)
    assert transport.position(99.0) == 960
    transport.stop(100.0)
    assert transport.position(101.0) == 960


@pytest.mark.parametrize("tempo_bpm", [0, 19.99, 300.01, -120, math.nan, math.inf])
def test_a_tempo_out_of_range_is_refused_and_changes_nothing(tempo_bpm: float) -> None:
    with pytest.raises(ValueError, match="BPM"):
        Transport(tempo_bpm)
    transport = Transport(120)
    with pytest.raises(ValueError, match="BPM"):
        transport.set_tempo(tempo_bpm, 0)
    assert transport.tempo_bpm == 120
