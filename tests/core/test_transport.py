"""Positions and seconds belong together, whatever the tempo does."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.timebase import MAX_BPM, MIN_BPM, PPQ
from instrument.core.transport import Transport

TEMPO = st.floats(MIN_BPM, MAX_BPM)
TIME = st.floats(0, 1e5)
TICKS = st.integers(0, 10**8)


@given(TEMPO, TICKS, TIME, st.floats(-1, 1e4))
def test_position_and_time_are_inverse(tempo_bpm: float, start: int, at_s: float, later_s: float) -> None:
    transport = Transport(tempo_bpm)
    transport.start(start, at_s)
    position = transport.position(at_s + later_s)
    assert math.isclose(transport.time_of(position), at_s + later_s, rel_tol=1e-9, abs_tol=1e-6)


@given(TEMPO, TEMPO, TIME, st.floats(0, 1e4))
def test_a_new_tempo_leaves_the_position_where_it_is(before: float, after: float, at_s: float, later_s: float) -> None:
    transport = Transport(before)
    transport.start(0, at_s)
    now_s = at_s + later_s
    position = transport.position(now_s)
    transport.set_tempo(after, position)
    assert transport.tempo_bpm == after
    assert math.isclose(transport.position(now_s), position, rel_tol=1e-9, abs_tol=1e-5)
    assert math.isclose(transport.position(now_s + 60) - position, after * PPQ, rel_tol=1e-9, abs_tol=1e-5)


@given(TEMPO, TEMPO, st.integers(0, 10_000))
def test_a_new_tempo_from_a_place_ahead_leaves_that_places_time(before: float, after: float, ahead: int) -> None:
    """What has been handed over up to there keeps its time."""
    transport = Transport(before)
    transport.start(0, 100.0)
    due_s = transport.time_of(ahead)
    transport.set_tempo(after, ahead)
    assert transport.time_of(ahead) == pytest.approx(due_s)
    assert transport.time_of(ahead + PPQ) == pytest.approx(due_s + 60 / after)


@given(st.lists(st.tuples(TEMPO, st.floats(0, 100)), max_size=30))
def test_many_new_tempos_add_up(changes: list[tuple[float, float]]) -> None:
    transport = Transport(120)
    transport.start(0, 0.0)
    now_s, beats, tempo_bpm = 0.0, 0.0, 120.0
    for new_bpm, seconds in changes:
        now_s, beats = now_s + seconds, beats + seconds * tempo_bpm / 60
        transport.set_tempo(new_bpm, transport.position(now_s))
        tempo_bpm = new_bpm
    assert math.isclose(transport.position(now_s), beats * PPQ, rel_tol=1e-9, abs_tol=1e-5)


def test_at_first_it_rests_at_the_start() -> None:
    transport = Transport(120)
    assert not transport.playing
    assert transport.position(99.0) == 0


def test_before_its_start_it_is_short_of_it() -> None:
    transport = Transport(120)
    transport.start(1920, 10.0)
    assert transport.playing
    assert transport.position(9.5) == 1920 - PPQ
    assert transport.position(10.0) == 1920


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


def test_started_again_it_goes_on_from_where_it_is_told() -> None:
    transport = Transport(120)
    transport.start(0, 10.0)
    transport.stop(11.0)
    transport.set_tempo(60, 0)
    transport.start(transport.position(50.0), 50.0)
    assert transport.position(51.0) == 960 + PPQ
    transport.start(0, 52.0)
    assert transport.position(53.0) == PPQ


@pytest.mark.parametrize("tempo_bpm", [MIN_BPM, MAX_BPM])
def test_the_ends_of_the_range_are_in_it(tempo_bpm: float) -> None:
    assert Transport(tempo_bpm).tempo_bpm == tempo_bpm


@pytest.mark.parametrize("tempo_bpm", [0, 19.99, 300.01, -120, math.nan, math.inf])
def test_a_tempo_out_of_range_is_refused_and_changes_nothing(tempo_bpm: float) -> None:
    with pytest.raises(ValueError, match=r"BPM is not in 20\.\.300"):
        Transport(tempo_bpm)
    transport = Transport(120)
    transport.start(0, 0.0)
    with pytest.raises(ValueError, match=r"BPM is not in 20\.\.300"):
        transport.set_tempo(tempo_bpm, 0)
    assert transport.tempo_bpm == 120
    assert transport.position(1.0) == 960
