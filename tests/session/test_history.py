"""Undo, tap tempo, and a recording of what was sent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.events import OUTSIDE, Message, note_off, note_on
from instrument.core.timebase import BAR_TICKS
from instrument.engine.messages import Sent
from instrument.session.history import DEPTH, History
from instrument.session.recording import take
from instrument.session.taps import Taps
from instrument.session.view import Knobs

FIRST = Knobs(epoch=1)


def test_undo_and_redo_walk_the_line() -> None:
    history = History(FIRST)
    history.turn(replace(FIRST, density=0.7))
    history.turn(replace(FIRST, density=0.7, swing=60.0))
    history.undo()
    assert history.now == replace(FIRST, density=0.7)
    history.undo()
    history.undo()
    assert history.now == FIRST
    history.redo()
    history.redo()
    history.redo()
    assert history.now.swing == 60.0


def test_turning_one_knob_on_and_on_is_one_entry() -> None:
    history = History(FIRST)
    for step in range(1, 30):
        history.turn(replace(FIRST, density=0.5 + step / 100))
    history.undo()
    assert history.now == FIRST


def test_a_new_turn_forgets_what_was_undone() -> None:
    history = History(FIRST)
    history.turn(replace(FIRST, density=0.7))
    history.undo()
    history.turn(replace(FIRST, swing=60.0))
    assert not history.can_redo


def test_the_line_is_bounded_and_homes_stay_new() -> None:
    history = History(FIRST)
    for home in range(1, 3 * DEPTH):
        history.add(replace(FIRST, home=home))
    for _ in range(5 * DEPTH):
        history.undo()
    assert history.now.home == 2 * DEPTH
    assert history.newest_home == 3 * DEPTH - 1


@given(st.floats(30, 290), st.integers(2, 12))
def test_tapped_beats_give_their_tempo(tempo_bpm: float, count: int) -> None:
    taps = Taps()
    heard = [taps.tap(10 + beat * 60 / tempo_bpm) for beat in range(count)]
    assert heard[0] is None
    assert all(found is not None and abs(found - tempo_bpm) <= 0.06 for found in heard[1:])


def test_a_long_pause_starts_the_taps_anew() -> None:
    taps = Taps()
    taps.tap(0.0)
    taps.tap(0.5)
    assert taps.tap(60.0) is None
    assert taps.tap(60.4) == pytest.approx(150.0)


def sent(*messages: Message) -> list[Sent]:
    return [Sent(message=message, due_s=0.0, sent_s=0.0) for message in messages]


def test_what_is_played_after_a_stop_begins_on_the_next_bar_line() -> None:
    first = (note_on(480, 9, 36, 100), note_off(540, 9, 36))
    line = take(sent(*first, *first)).messages
    assert [message.position_ticks for message in line] == [480, 540, BAR_TICKS + 480, BAR_TICKS + 540]


def test_a_note_that_was_ended_outside_the_music_ends_with_what_was_sent_before() -> None:
    line = take(sent(note_on(480, 9, 36, 100), note_off(OUTSIDE, 9, 36), note_off(OUTSIDE, 9, 38))).messages
    assert line == [note_on(480, 9, 36, 100), note_off(480, 9, 36)]
