"""The twin keeps the contract of a session: deterministic bars, a history, a clock that may stand still."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.core.timebase import BAR_TICKS, PPQ
from instrument.session.contract import Session
from instrument.session.scripted import ScriptedSession
from instrument.session.view import StageView
from tests.tui.stand import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(clock: Clock) -> ScriptedSession:
    return ScriptedSession(clock, tempo_bpm=120.0)


def test_it_is_a_session(session: ScriptedSession) -> None:
    kept: Session = session
    assert isinstance(kept.view(), StageView)


def test_a_view_is_the_same_until_time_passes(session: ScriptedSession, clock: Clock) -> None:
    session.toggle_play()
    first = session.view()
    assert session.view() == first
    clock.now_s += 0.5
    assert session.view().position_ticks == PPQ


def test_the_next_bar_becomes_the_one_that_sounds(session: ScriptedSession, clock: Clock) -> None:
    session.toggle_play()
    later = session.view().next
    clock.now_s += 2.0
    now = session.view().now
    assert later is not None
    assert now is not None
    assert np.array_equal(now.velocity, later.velocity)


def test_the_same_seed_gives_the_same_bars_and_a_new_z_others(clock: Clock) -> None:
    one, other = ScriptedSession(clock, seed=3), ScriptedSession(clock, seed=3)
    assert one.view().now == other.view().now
    other.new_z()
    assert one.view().now != other.view().now


def test_a_tempo_change_keeps_the_place(session: ScriptedSession, clock: Clock) -> None:
    session.toggle_play()
    clock.now_s += 1.0
    session.set_tempo(60.0)
    assert session.view().position_ticks == 2 * PPQ
    clock.now_s += 1.0
    assert session.view().position_ticks == 3 * PPQ


def test_stopping_holds_the_place_and_playing_starts_its_bar(session: ScriptedSession, clock: Clock) -> None:
    session.toggle_play()
    clock.now_s += 5.0
    session.toggle_play()
    clock.now_s += 5.0
    assert session.view().position_ticks == 10 * PPQ
    session.toggle_play()
    assert session.view().position_ticks == 2 * BAR_TICKS


def test_a_fill_comes_in_its_bar_and_goes(session: ScriptedSession, clock: Clock) -> None:
    session.toggle_play()
    session.fill()
    seen = []
    for _ in range(3):
        seen.append(session.view().fill_in)
        clock.now_s += 2.0
    assert seen == [0, -1, -1]
    assert session.view().position_ticks == 3 * BAR_TICKS


def test_refused_turns_leave_everything(session: ScriptedSession) -> None:
    before = session.view()
    for changes in ({"density": 2.0}, {"epoch": 5}, {"style": "polka"}):
        with pytest.raises(ValueError, match=r"density|epoch 5|polka"):
            session.turn(**changes)
    with pytest.raises(ValueError, match="tempo"):
        session.set_tempo(0)
    assert session.view() == before


def test_a_turn_after_an_undo_forgets_what_was_undone(session: ScriptedSession) -> None:
    session.turn(density=0.1)
    session.undo()
    session.turn(density=0.9)
    session.redo()
    assert session.view().knobs.density == 0.9
    session.undo()
    session.undo()
    assert not session.view().can_undo


def test_quantise_puts_every_onset_on_the_grid_and_swing_delays_the_off_sixteenths(session: ScriptedSession) -> None:
    session.turn(quantise=1.0)
    bar = session.view().now
    assert bar is not None
    assert not bar.offset.any()
    session.turn(swing=60.0, density=1.0)
    swung = session.view().now
    assert swung is not None
    odd = swung.offset[0][:, 1::2][swung.onset[0][:, 1::2] > 0]
    assert len(odd)
    assert np.allclose(odd, 0.2)


def test_taps_after_a_pause_start_anew(session: ScriptedSession, clock: Clock) -> None:
    session.tap()
    clock.now_s += 10.0
    session.tap()
    assert session.view().tempo_bpm == 120.0
    clock.now_s += 0.4
    session.tap()
    assert session.view().tempo_bpm == pytest.approx(150)
