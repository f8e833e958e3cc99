"""Groove: nothing at zero, all of it at one, and every voice on the note of its kit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.bar import GRID, Bar, Grid
from instrument.core.drums import GM_KIT, VOICE_OF_NOTE, VOICES, Voice
from instrument.core.events import BarNotes
from instrument.core.groove import (
    MOST_LATE_TICKS,
    accent,
    humanise,
    lean,
    mute,
    quantise,
    shift,
    strokes,
    swing_ticks,
    velocity_range,
)

SEEDS = st.integers(0, 2**32 - 1)
VOICE_TICKS = st.tuples(*[st.integers(-MOST_LATE_TICKS, MOST_LATE_TICKS)] * VOICES)


def random_bar(seed: int, grid: Grid = GRID) -> Bar:
    random = np.random.default_rng(seed)
    draws = [random.random(grid.shape).astype(np.float32) for _ in range(3)]
    return Bar.from_outputs(draws[0] * 0.7, draws[1], draws[2] - 0.5)


@given(SEEDS)
def test_quantise_goes_from_the_drummer_to_the_grid(seed: int) -> None:
    bar = random_bar(seed)
    assert quantise(bar, 0) is bar
    assert not quantise(bar, 1).offset.any()
    np.testing.assert_allclose(quantise(bar, 0.5).offset, bar.offset / 2)
    np.testing.assert_array_equal(quantise(bar, 0.5).velocity, bar.velocity)
    assert all(note.tick % GRID.step_ticks == 0 for note in strokes(quantise(bar, 1), GM_KIT))


@given(SEEDS, st.floats(50, 75))
def test_swing_delays_the_second_step_of_each_pair(seed: int, swing: float) -> None:
    bar = random_bar(seed)
    straight = {note.cell: note for note in strokes(bar, GM_KIT)}
    for note in strokes(bar, GM_KIT, swing=swing):
        late = swing_ticks(swing) if note.cell % GRID.steps % 2 else 0
        assert note.tick == straight[note.cell].tick + late


def test_straight_is_the_default() -> None:
    bar = random_bar(1)
    assert strokes(bar, GM_KIT) == strokes(bar, GM_KIT, swing=50)


@given(SEEDS, st.sampled_from([8, 16, 32, 96, 128, 1920]), st.floats(50, 75), st.floats(0, 1))
def test_no_swing_moves_a_hit_out_of_its_bar(seed: int, steps: int, swing: float, amount: float) -> None:
    """Of no grid: with an odd number of ticks to a step, half of it rounded up would."""
    grid = Grid(steps=steps, planes=1)
    bar = quantise(random_bar(seed, grid), amount)
    notes = strokes(bar, GM_KIT, swing=swing, grid=grid)
    assert len(notes) == bar.onset.sum()
    BarNotes(index=0, revision=0, notes=notes)


def test_a_late_hit_on_the_last_of_odd_steps_swings_within_its_bar() -> None:
    grid = Grid(steps=128, planes=1)
    onset, offset = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.float32)
    onset[0, 0, -1], offset[0, 0, -1] = 1.0, 0.49
    (note,) = strokes(Bar(onset=onset, velocity=onset, offset=offset), GM_KIT, swing=75, grid=grid)
    assert note.tick == grid.bar_ticks - 1


def test_swing_is_the_first_steps_share() -> None:
    assert [swing_ticks(share) for share in (50, 60, 66.67, 75)] == [0, 24, 40, 60]


@given(SEEDS)
def test_a_bar_becomes_the_kits_notes_in_order(seed: int) -> None:
    bar = random_bar(seed)
    notes = strokes(bar, GM_KIT)
    BarNotes(index=0, revision=0, notes=notes)
    assert len(notes) == bar.onset.sum()
    for note in notes:
        voice = Voice(note.cell // GRID.steps % VOICES)
        assert VOICE_OF_NOTE[note.note] == voice
        assert note.channel == 9
        assert note.chokes == ((9, 46) if voice == Voice.CLOSED_HAT else None)


@given(SEEDS)
def test_at_zero_nothing_is_touched(seed: int) -> None:
    bar = random_bar(seed)
    assert mute(bar, frozenset()) is bar
    assert lean(bar, ()) is bar
    assert lean(bar, (0,) * VOICES) is bar
    assert humanise(bar, 0.0, seed, 3) is bar
    assert accent(bar, 0.0) is bar
    assert velocity_range(bar, 1, 127) is bar


@given(SEEDS, VOICE_TICKS, st.floats(0, 1), st.floats(-1, 1), st.integers(0, 1000))
def test_whatever_moves_them_every_hit_stays_one_hit_in_its_cell(
    seed: int, late: tuple[int, ...], amount: float, strength: float, index: int
) -> None:
    bar = random_bar(seed)
    moved = accent(humanise(lean(bar, late), amount, seed, index), strength)
    np.testing.assert_array_equal(moved.onset, bar.onset)
    assert -0.5 <= moved.offset.min() <= moved.offset.max() < 0.5
    assert not moved.offset[bar.onset == 0].any()
    assert not moved.velocity[bar.onset == 0].any()
    assert moved.velocity.max() <= 1
    both = bar.onset[1] == 1
    np.testing.assert_allclose(
        (moved.offset[1] - moved.offset[0])[both], (bar.offset[1] - bar.offset[0])[both], atol=1e-5
    )
    notes = strokes(moved, GM_KIT)
    BarNotes(index=0, revision=0, notes=notes)
    assert {note.cell for note in notes} == {note.cell for note in strokes(bar, GM_KIT)}


@given(SEEDS, VOICE_TICKS)
def test_a_voice_leans_as_far_as_its_cells_have_room(seed: int, late: tuple[int, ...]) -> None:
    bar = quantise(random_bar(seed), 1)
    for note in strokes(lean(bar, late), GM_KIT):
        step, voice = note.cell % GRID.steps, note.cell // GRID.steps % VOICES
        assert note.tick == step * GRID.step_ticks + late[voice]


def test_a_hit_at_the_edge_of_its_cell_stays_there() -> None:
    onset, offset = np.zeros(GRID.shape, np.float32), np.zeros(GRID.shape, np.float32)
    onset[0, 0, 3], offset[0, 0, 3] = 1.0, 0.45
    moved = shift(Bar(onset=onset, velocity=onset, offset=offset), np.full((VOICES, GRID.steps), 0.3, np.float32))
    assert 0.499 < moved.offset[0, 0, 3] < 0.5


@given(SEEDS, st.integers(0, 500))
def test_humanise_wanders_by_milliseconds_and_more_the_more(seed: int, index: int) -> None:
    bar = quantise(random_bar(seed), 1)
    half, whole = (humanise(bar, amount, seed, index).offset for amount in (0.5, 1.0))
    assert np.abs(whole).max() > 0
    assert (np.abs(whole) >= np.abs(half) - 1e-6).all()
    assert (whole * half >= 0).all()


@given(SEEDS, st.floats(0, 1), st.floats(-1, 0))
def test_accent_widens_the_dynamics_and_narrows_them(seed: int, up: float, down: float) -> None:
    bar = random_bar(seed)
    hit = bar.onset == 1

    def spread(amount: float) -> float:
        return float(accent(bar, amount).velocity[hit].std())

    assert spread(-1.0) < 1e-6
    assert spread(down) <= spread(0.0) + 1e-6
    assert spread(up) >= spread(0.0) - 1e-2
    ranks = accent(bar, up).velocity[hit][np.argsort(bar.velocity[hit])]
    assert (np.diff(ranks) >= -1e-6).all()


@given(SEEDS, st.integers(1, 127), st.integers(1, 127))
def test_velocities_fill_the_range_that_was_asked_for(seed: int, a: int, b: int) -> None:
    softest, loudest = sorted((a, b))
    heard = [note.velocity for note in strokes(velocity_range(random_bar(seed), softest, loudest), GM_KIT)]
    assert all(softest <= velocity <= loudest for velocity in heard)


@given(SEEDS, st.frozensets(st.integers(0, VOICES - 1)))
def test_muted_voices_rest_and_the_others_stay(seed: int, voices: frozenset[int]) -> None:
    bar = random_bar(seed)
    kept = {note for note in strokes(bar, GM_KIT) if note.cell // GRID.steps % VOICES not in voices}
    assert set(strokes(mute(bar, voices), GM_KIT)) == kept
