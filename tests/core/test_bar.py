"""The codec: what is encoded comes back, to rounding, or is named as dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.bar import GRID, Bar, Bars, Grid, Hits, decode, encode
from instrument.core.drums import VOICES
from instrument.core.timebase import BAR_TICKS

GRIDS = st.sampled_from(
    [
        GRID,
        Grid(planes=1),
        Grid(planes=3),
        Grid(steps=32),
        Grid(steps=96, planes=1),
        Grid(steps=128),
        Grid(steps=BAR_TICKS, planes=1),
        Grid(steps=64, bar_ticks=4 * BAR_TICKS),
        Grid(steps=48, bar_ticks=720),
    ]
)
"""Of one plane and of three, fine, with an odd number of ticks to a step, in ticks, and in windows other than a bar."""
ROWS = st.lists(
    st.tuples(st.integers(-200, 4 * BAR_TICKS), st.integers(0, VOICES - 1), st.integers(1, 127)), max_size=80
)


def rows_of(hits: Hits) -> Counter[tuple[int, int, int]]:
    return Counter(zip(hits.tick.tolist(), hits.voice.tolist(), hits.velocity.tolist(), strict=True))


def decoded(bars: Bars, grid: Grid) -> Counter[tuple[int, int, int]]:
    found: Counter[tuple[int, int, int]] = Counter()
    for index in range(len(bars)):
        hits, _ = decode(bars[index], grid=grid)
        for (tick, voice, velocity), count in rows_of(hits).items():
            found[tick + index * grid.bar_ticks, voice, velocity] += count
    return found


@given(ROWS, GRIDS)
def test_every_hit_comes_back_or_is_named_as_dropped(rows: list[tuple[int, int, int]], grid: Grid) -> None:
    bars = encode(Hits.of(rows), grid=grid)
    assert decoded(bars, grid) + rows_of(bars.dropped) == Counter(rows)


@given(ROWS, GRIDS, st.integers(0, 3))
def test_a_fixed_number_of_bars_names_what_lies_outside(
    rows: list[tuple[int, int, int]], grid: Grid, bars: int
) -> None:
    encoded = encode(Hits.of(rows), bars=bars, grid=grid)
    assert len(encoded) == bars
    assert decoded(encoded, grid) + rows_of(encoded.dropped) == Counter(rows)


@given(ROWS, GRIDS)
def test_the_loudest_of_a_cell_stay(rows: list[tuple[int, int, int]], grid: Grid) -> None:
    bars = encode(Hits.of(rows), grid=grid)
    for tick, voice, velocity in rows_of(bars.dropped):
        bar, step = divmod((2 * tick + grid.step_ticks) // (2 * grid.step_ticks), grid.steps)
        if 0 <= bar < len(bars):
            kept = bars.velocity[bar, :, voice, step] * 127
            assert kept.min() >= velocity - 0.5


@given(st.integers(1, GRID.step_ticks // 2), st.integers(0, VOICES - 1))
def test_a_hit_early_on_step_0_lies_before_its_bar_line(early: int, voice: int) -> None:
    bars = encode(Hits.of([(BAR_TICKS - early, voice, 100)]))
    hits, cells = decode(bars[1])
    assert hits.tick.tolist() == [-early]
    assert cells.tolist() == [voice * GRID.steps]
    assert not bars.onset[0].any()


@given(st.integers(0, 2**32 - 1))
def test_any_output_of_a_net_is_a_bar_that_encodes_to_itself(seed: int) -> None:
    random = np.random.default_rng(seed)
    onset, velocity, offset = (random.normal(0.3, 1.0, GRID.shape).astype(np.float32) for _ in range(3))
    bar = Bar.from_outputs(onset, velocity, offset)
    assert set(np.unique(bar.onset)) <= {0.0, 1.0}
    assert not bar.velocity[bar.onset == 0].any()
    assert not bar.offset[bar.onset == 0].any()
    assert (bar.onset[1] <= bar.onset[0]).all()
    assert (bar.offset >= -0.5).all()
    assert (bar.offset < 0.5).all()
    hits, cells = decode(bar)
    assert len(hits) == bar.onset.sum() == len(set(cells.tolist()))
    again = encode(Hits(tick=hits.tick + BAR_TICKS, voice=hits.voice, velocity=hits.velocity), bars=2)
    assert not len(again.dropped)
    np.testing.assert_array_equal(again.onset[1].sum(axis=0), bar.onset.sum(axis=0))


@given(ROWS, GRIDS)
def test_hits_come_in_order_and_their_cells_say_where_they_lie(rows: list[tuple[int, int, int]], grid: Grid) -> None:
    bars = encode(Hits.of(rows), grid=grid)
    for index in range(len(bars)):
        bar = bars[index]
        hits, cells = decode(bar, grid=grid)
        assert (np.diff(hits.tick) >= 0).all()
        assert (hits.tick >= -(grid.step_ticks // 2)).all()
        assert (hits.tick < grid.bar_ticks).all()
        plane, voice, step = np.unravel_index(cells, grid.shape)
        np.testing.assert_array_equal(voice, hits.voice)
        np.testing.assert_array_less(abs(hits.tick - step * grid.step_ticks), grid.step_ticks // 2 + 1)
        assert bar.onset[plane, voice, step].all()


@given(ROWS, GRIDS)
def test_arrays_hold_what_they_say(rows: list[tuple[int, int, int]], grid: Grid) -> None:
    bars = encode(Hits.of(rows), grid=grid)
    assert bars.onset.shape == (len(bars), *grid.shape)
    assert {array.dtype for array in (bars.onset, bars.velocity, bars.offset)} == {np.dtype(np.float32)}
    assert set(np.unique(bars.onset)) <= {0.0, 1.0}
    assert (bars.onset[:, 1:] <= bars.onset[:, :-1]).all()
    for array in (bars.velocity, bars.offset):
        assert not array[bars.onset == 0].any()
    assert (bars.velocity[bars.onset == 1] > 0).all()
    assert (bars.offset >= -0.5).all()
    assert (bars.offset < 0.5).all()


def test_the_main_hit_is_the_loudest_and_equals_stay_in_the_order_of_time() -> None:
    bars = encode(Hits.of([(5, 1, 40), (9, 1, 90), (20, 1, 40), (480, 0, 64), (470, 0, 64)]))
    assert np.rint(bars.velocity[0, :, 1, 0] * 127).tolist() == [90, 40]
    assert np.rint(bars.offset[0, :, 1, 0] * 120).tolist() == [9, 5]
    assert np.rint(bars.offset[0, :, 0, 4] * 120).tolist() == [-10, 0]
    assert rows_of(bars.dropped) == Counter([(20, 1, 40)])


def test_no_hits_are_no_bars_or_as_many_as_are_asked_for() -> None:
    assert len(encode(Hits.of([]))) == 0
    empty = encode(Hits.of([]), bars=2)
    assert (len(empty), len(empty.dropped)) == (2, 0)
    assert not empty.onset.any()


@pytest.mark.parametrize(("threshold", "hits"), [(0.2, 3), (0.5, 1), (0.9, 0)])
def test_the_threshold_tells_a_hit(threshold: float, hits: int) -> None:
    onset, rest = np.zeros(GRID.shape, np.float32), np.zeros(GRID.shape, np.float32)
    onset[0, 0, :4] = (0.1, 0.3, 0.5, 0.7)
    assert Bar.from_outputs(onset, rest, rest, threshold).onset.sum() == hits


def test_a_hit_that_is_too_soft_for_midi_is_still_heard() -> None:
    onset = np.zeros(GRID.shape, np.float32)
    onset[0, 0, 0] = 1.0
    hits, _ = decode(Bar.from_outputs(onset, np.zeros_like(onset), np.zeros_like(onset)))
    assert hits.velocity.tolist() == [1]


def test_silence_is_silent() -> None:
    nothing = np.zeros(GRID.shape, np.float32)
    assert not len(decode(Bar.from_outputs(nothing, nothing, nothing))[0])


@pytest.mark.parametrize("row", [(0, 9, 64), (0, -1, 64), (0, 0, 0), (0, 0, 128)])
def test_a_voice_or_velocity_out_of_range_is_refused(row: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"voice|velocity"):
        encode(Hits.of([row]))


def test_what_is_not_finite_or_does_not_fit_is_refused() -> None:
    good = np.zeros(GRID.shape, np.float32)
    bad = good.copy()
    bad[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        Bar.from_outputs(good, bad, good)
    with pytest.raises(ValueError, match="finite"):
        Bar(onset=good, velocity=good, offset=bad)
    with pytest.raises(ValueError, match="shape"):
        decode(Bar(onset=good, velocity=good, offset=good), grid=Grid(steps=32))


@pytest.mark.parametrize("wrong", [{"steps": 7}, {"steps": 0}, {"planes": 0}, {"bar_ticks": 100}])
def test_a_grid_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="divide"):
        Grid(**wrong)


@pytest.mark.parametrize("build", [Bar, Bar.from_outputs])
@pytest.mark.parametrize("shape", [(2, 9, 1), (1, 9, 16), (2, 9, 32), (9, 16)])
def test_arrays_of_different_shapes_are_refused(build: Callable[..., Bar], shape: tuple[int, ...]) -> None:
    good, bad = np.zeros(GRID.shape, np.float32), np.zeros(shape, np.float32)
    for arrays in ((bad, good, good), (good, bad, good), (good, good, bad)):
        with pytest.raises(ValueError, match="share one shape"):
            build(**dict(zip(("onset", "velocity", "offset"), arrays, strict=True)))


def test_columns_of_different_length_are_refused() -> None:
    two, three = np.ones(2, np.int64), np.ones(3, np.int64)
    with pytest.raises(ValueError, match="length"):
        Hits(tick=two, voice=two, velocity=three)
