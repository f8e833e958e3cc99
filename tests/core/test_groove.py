"""Groove: nothing at zero, all of it at one, and every voice on the note of its kit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.bar import GRID, Bar, Grid
from instrument.core.drums import GM_KIT, VOICE_OF_NOTE, VOICES, Voice
from instrument.core.events import BarNotes
from instrument.core.groove import quantise, strokes, swing_ticks

SEEDS = st.integers(0, 2**32 - 1)


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
