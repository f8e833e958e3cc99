"""Groove: nothing at zero, all of it at one, and kit maps that put voices where they belong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.bar import GRID, Bar
from instrument.core.drums import GM_KIT, NOTES_OF_VOICE, VOICE_OF_NOTE, VOICES, KitMap, Target, Voice
from instrument.core.events import BarNotes, Note, note_off, note_on
from instrument.core.groove import quantise, strokes, swing_ticks

SEEDS = st.integers(0, 2**32 - 1)


def random_bar(seed: int) -> Bar:
    random = np.random.default_rng(seed)
    draws = [random.random(GRID.shape).astype(np.float32) for _ in range(3)]
    return Bar.from_outputs(draws[0] * 0.7, draws[1], draws[2] - 0.5)


@given(SEEDS)
def test_quantise_goes_from_the_drummer_to_the_grid(seed: int) -> None:
    bar = random_bar(seed)
    assert quantise(bar, 0) is bar
    assert not quantise(bar, 1).offset.any()
    np.testing.assert_allclose(quantise(bar, 0.5).offset, bar.offset / 2)
    assert all(note.tick % GRID.step_ticks == 0 for note in strokes(quantise(bar, 1), GM_KIT))


@given(SEEDS, st.floats(50, 75))
def test_swing_delays_the_second_step_of_each_pair(seed: int, swing: float) -> None:
    bar = random_bar(seed)
    straight = {note.cell: note for note in strokes(bar, GM_KIT)}
    for note in strokes(bar, GM_KIT, swing=swing):
        late = swing_ticks(swing) if note.cell % GRID.steps % 2 else 0
        assert note.tick == straight[note.cell].tick + late


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
        assert note.chokes == (GM_KIT.targets[Voice.OPEN_HAT].note if voice == Voice.CLOSED_HAT else -1)


def test_every_note_of_the_table_has_one_voice() -> None:
    notes = [note for row in NOTES_OF_VOICE.values() for note in row]
    assert len(notes) == len(set(notes)) == len(VOICE_OF_NOTE)
    assert list(NOTES_OF_VOICE) == list(Voice)


def test_a_kit_map_on_another_channel() -> None:
    kit = GM_KIT.on_channel(3)
    assert {target.channel for target in kit.targets} == {3}
    assert [target.note for target in kit.targets] == [target.note for target in GM_KIT.targets]


@pytest.mark.parametrize("bad", [{"channel": 16}, {"channel": -1}, {"note": 128}, {"note": -1}, {"length_ticks": 0}])
def test_a_target_out_of_range_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="not"):
        Target(**{"channel": 9, "note": 36, "length_ticks": 60} | bad)


def test_a_kit_map_needs_nine_voices() -> None:
    with pytest.raises(ValueError, match="voices"):
        KitMap(name="half", targets=GM_KIT.targets[:4])


@pytest.mark.parametrize(
    "bad", [{"velocity": 0}, {"velocity": 128}, {"channel": 16}, {"note": 128}, {"length_ticks": 0}, {"tick": 1920}]
)
def test_a_note_out_of_range_is_refused(bad: dict[str, int]) -> None:
    good = {"tick": 0, "channel": 9, "note": 36, "velocity": 100, "length_ticks": 60, "cell": 0}
    with pytest.raises(ValueError, match=r"not|least|outside"):
        Note(**good | bad)


def test_messages_are_midis_bytes() -> None:
    assert note_on(0, 9, 36, 100).to_bytes() == bytes((0x99, 36, 100))
    assert note_off(0, 9, 36).to_bytes() == bytes((0x89, 36, 64))
