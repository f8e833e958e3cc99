"""Windows of ticks: cut and joined again, made dense, and cut into bars."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.bar import Hits, decode
from instrument.core.timebase import BAR_TICKS
from instrument.core.windows import (
    APART_TICKS,
    audible,
    bar_of,
    dense,
    join,
    peaks,
    phase,
    sparse,
    split,
    windows_of_bar,
)

Row = tuple[int, int, int]

rows = st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 8), st.integers(1, 127)), max_size=60)
lengths = st.sampled_from([1, 7, 1000, 1920, 3200, 10_000, 65_535])


def columns(hits: Hits) -> set[Row]:
    return set(zip(hits.tick.tolist(), hits.voice.tolist(), hits.velocity.tolist(), strict=True))


@given(rows, lengths)
def test_what_is_cut_and_joined_again_is_the_same_but_for_doubles_on_one_tick(found: list[Row], length: int) -> None:
    hits = Hits.of(found)
    windows = split(hits, length)
    loudest: dict[tuple[int, int], int] = {}
    for tick, voice, velocity in found:
        loudest[tick, voice] = max(velocity, loudest.get((tick, voice), 0))
    assert columns(join(windows)) == {(tick, voice, velocity) for (tick, voice), velocity in loudest.items()}
    assert len(windows.hits) + len(windows.dropped) == len(hits)
    assert len(windows) == (max(tick for tick, _, _ in found) // length + 1 if found else 0)
    assert windows.first[-1] == len(windows.hits) if len(windows) else True


@given(rows, st.sampled_from([240, 1000, 3200]))
def test_a_matrix_holds_exactly_its_hits(found: list[Row], length: int) -> None:
    windows = split(Hits.of(found), length)
    matrix = dense(windows, np.arange(len(windows)))
    assert matrix.shape == (len(windows), 2, 9, length)
    assert np.count_nonzero(matrix[:, 0]) == len(windows.hits)
    assert np.count_nonzero(matrix[:, 1][matrix[:, 0] == 0]) == 0
    back: set[Row] = set()
    for number, (onset, velocity) in enumerate(matrix):
        again = sparse(onset, velocity)
        back |= {(tick + number * length, voice, loud) for tick, voice, loud in columns(again)}
    assert back == columns(join(windows))


def test_rows_are_made_dense_in_the_order_asked_for_and_as_often() -> None:
    windows = split(Hits.of([(5, 0, 10), (105, 1, 20), (205, 2, 30)]), 100)
    matrix = dense(windows, np.array([2, 0, 2]))
    assert [sparse(*pair).voice.tolist() for pair in matrix] == [[2], [0], [2]]


def test_no_window_is_shorter_than_a_tick_and_no_hit_lies_before_the_first() -> None:
    with pytest.raises(ValueError, match="0 ticks"):
        split(Hits.of([]), 0)
    with pytest.raises(ValueError, match="before the first"):
        split(Hits.of([(-1, 0, 100)]), 1000)


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=80), st.sampled_from([0.1, 0.5, 0.9]))
def test_peaks_are_above_the_threshold_apart_and_none_is_missed(values: list[float], threshold: float) -> None:
    chance = np.array(values, np.float32)
    found = np.flatnonzero(peaks(chance, threshold))
    assert (chance[found] > threshold).all()
    assert (np.diff(found) >= APART_TICKS).all()
    if (chance > threshold).any():
        assert chance.argmax() in found


def test_a_velocity_is_heard_from_half_a_step_of_midi_on() -> None:
    assert audible(np.array([0, 0.49 / 127, 0.51 / 127, 1], np.float32)).tolist() == [False, False, True, True]


@given(st.integers(0, 60), lengths)
def test_a_bar_is_covered_by_its_windows_and_by_no_more(index: int, length: int) -> None:
    windows = windows_of_bar(index, length)
    start, stop = index * BAR_TICKS - 60, (index + 1) * BAR_TICKS - 60
    assert windows.start * length <= max(start, 0) < (windows.start + 1) * length
    assert (windows.stop - 1) * length < stop <= windows.stop * length
    assert 0 <= phase(windows.start, length) < 1
    assert (phase(windows.start, length) * BAR_TICKS - windows.start * length) % BAR_TICKS == pytest.approx(0, abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 7_000), st.integers(0, 8)), max_size=30, unique=True), lengths)
def test_windows_laid_end_to_end_give_each_bar_its_hits(found: list[tuple[int, int]], length: int) -> None:
    """Whatever the window, each hit sounds once, on its tick, in the bar whose step it is nearest to."""
    bars = 5
    count = windows_of_bar(bars - 1, length).stop
    onset = np.zeros((9, count * length), np.float32)
    for tick, voice in found:
        onset[voice, tick] = 1
    heard: list[tuple[int, int]] = []
    for index in range(bars):
        numbers = windows_of_bar(index, length)
        part = onset[:, numbers.start * length : numbers.stop * length]
        hits, _ = decode(bar_of(part > 0, part, numbers.start * length, index))
        heard += [(tick + index * BAR_TICKS, voice) for tick, voice, _ in columns(hits)]
        assert columns(hits) <= {(t - index * BAR_TICKS, v, 127) for t, v in found}
    assert len(heard) == len(set(heard))
    crowded = len(found) > len(heard)
    assert crowded or set(heard) == set(found)
