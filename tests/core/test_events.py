"""What is played: values that are valid once built, and MIDI's bytes."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.events import OUTSIDE, BarNotes, Message, Note, note_off, note_on
from instrument.core.sequencer import EARLIEST_TICKS
from instrument.core.timebase import BAR_TICKS
from tests.core.notes import note

CHANNELS, NUMBERS, VELOCITIES = st.integers(0, 15), st.integers(0, 127), st.integers(1, 127)


@given(CHANNELS, NUMBERS, VELOCITIES)
def test_a_note_on_is_read_as_one(channel: int, number: int, velocity: int) -> None:
    message = note_on(7, channel, number, velocity)
    assert message.is_note_on
    read = mido.Message.from_bytes(message.to_bytes())
    assert (read.type, read.channel, read.note, read.velocity) == ("note_on", channel, number, velocity)


@given(CHANNELS, NUMBERS)
def test_a_note_off_is_read_as_one(channel: int, number: int) -> None:
    message = note_off(7, channel, number)
    assert not message.is_note_on
    read = mido.Message.from_bytes(message.to_bytes())
    assert (read.type, read.channel, read.note) == ("note_off", channel, number)


def test_messages_are_midis_bytes() -> None:
    assert note_on(0, 9, 36, 100).to_bytes() == bytes((0x99, 36, 100))
    assert note_off(0, 9, 36).to_bytes() == bytes((0x89, 36, 64))


@pytest.mark.parametrize(("status", "velocity"), [(0x90, 0), (0x80, 64), (0xB0, 127), (0xE0, 1)])
def test_nothing_else_is_a_note_on(status: int, velocity: int) -> None:
    assert not Message(position_ticks=0, status=status, data1=36, data2=velocity).is_note_on


def test_a_message_that_lies_outside_the_music_is_earlier_than_any_hit() -> None:
    assert -EARLIEST_TICKS > OUTSIDE


@pytest.mark.parametrize(
    "bad",
    [
        {"velocity": 0},
        {"velocity": 128},
        {"channel": -1},
        {"channel": 16},
        {"note": -1},
        {"note": 128},
        {"chokes": (9, -1)},
        {"chokes": (16, 46)},
        {"length_ticks": 0},
        {"tick": BAR_TICKS},
        {"tick": -BAR_TICKS},
    ],
)
def test_a_note_out_of_range_is_refused(bad: dict[str, Any]) -> None:
    good = {"tick": 0, "channel": 9, "note": 36, "velocity": 100, "length_ticks": 60, "cell": 0}
    with pytest.raises(ValueError, match=r"not in 1\.\.127|not MIDI's|at least one tick|outside the bar"):
        Note(**good | bad)


def test_the_notes_of_a_bar_are_in_order() -> None:
    BarNotes(index=0, revision=0, notes=())
    BarNotes(index=0, revision=0, notes=(note(-60), note(0), note(0), note(1919)))
    with pytest.raises(ValueError, match="bar 3 are not in order"):
        BarNotes(index=3, revision=0, notes=(note(1), note(0)))


def test_events_do_not_change() -> None:
    message = note_on(0, 9, 36, 100)
    with pytest.raises(FrozenInstanceError):
        message.data1 = 38  # type: ignore[misc]
