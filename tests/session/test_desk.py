"""The desk: fills, builds, morphs, freezing, locks and looking back."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from instrument.core.drums import VOICES, Voice
from instrument.core.timebase import BAR_TICKS, PPQ
from instrument.session.desk import HEARD_BARS, Desk
from instrument.session.form import BUILD_BARS
from instrument.session.knobs import Knobs

FIRST = Knobs(epoch=1, density=0.2)


def test_a_fill_lasts_up_to_the_next_downbeat_and_lands_there() -> None:
    desk = Desk(FIRST)
    desk.fill(5 * BAR_TICKS + 3)
    assert [desk.wanted(index).fill for index in (4, 5, 6)] == [0, 1, 0]
    assert [desk.wanted(index).landing for index in (5, 6, 7)] == [False, True, False]
    assert (desk.fill_in(4), desk.fill_in(5), desk.fill_in(6)) == (1, 0, -1)
    desk.fill(5 * BAR_TICKS + 40)
    assert desk.wanted(5) == FIRST


def test_in_the_last_beat_a_fill_is_the_next_bars() -> None:
    desk = Desk(FIRST)
    desk.fill(6 * BAR_TICKS - PPQ)
    assert [desk.wanted(index).fill for index in (5, 6)] == [0, 1]


def test_fills_come_by_themselves() -> None:
    desk = Desk(replace(FIRST, fill_every=4))
    assert [index for index in range(12) if desk.wanted(index).fill] == [3, 7, 11]
    assert [index for index in range(12) if desk.wanted(index).landing] == [4, 8]


def test_a_build_grows_from_bar_to_bar_and_lands() -> None:
    desk = Desk(FIRST)
    desk.build(True, 2 * BAR_TICKS + 5)
    grown = [desk.wanted(index) for index in range(2, 4 + BUILD_BARS)]
    assert [knobs.fill for knobs in grown] == sorted(knobs.fill for knobs in grown)
    assert (grown[0].fill, grown[-1].fill) == (0, 1)
    assert grown[-1].energy > FIRST.energy
    desk.build(False, 7 * BAR_TICKS + 5)
    assert (desk.wanted(7).fill, desk.wanted(8).fill, desk.wanted(8).landing) == (1, 0, True)


@given(st.integers(1, 16), st.integers(0, 40))
def test_a_morph_arrives_and_each_step_is_small(bars: int, bar: int) -> None:
    there = replace(FIRST, density=1.0, home=3, muted=frozenset({1}))
    desk = Desk(FIRST)
    desk.morph_to(there, bar, bars)
    way = [desk.wanted(index) for index in range(bar, bar + bars + 1)]
    assert (way[0], way[-1]) == (FIRST, there)
    steps = [b.density - a.density for a, b in pairwise(way)]
    assert all(abs(step - 0.8 / bars) < 1e-3 for step in steps)
    assert all(knobs.toward is not None for knobs in way[1:-1])
    desk.undo()
    assert desk.wanted(bar + 1) == FIRST


def test_a_knob_turned_during_a_morph_stays_where_it_is_put() -> None:
    desk = Desk(FIRST)
    desk.morph_to(replace(FIRST, density=1.0, swing=60.0), 0, 8)
    desk.turn(density=0.5)
    assert {desk.wanted(index).density for index in range(10)} == {0.5}
    assert desk.wanted(4).swing == 55.0


def test_a_frozen_desk_keeps_the_bar_and_thaws() -> None:
    desk = Desk(FIRST)
    desk.freeze(9, FIRST)
    desk.turn(density=0.9)
    assert {lock.knobs.density for lock in desk.wanted(30).locks} == {FIRST.density}
    assert desk.wanted(30).locked == frozenset(range(VOICES))
    desk.fill(31 * BAR_TICKS)
    assert not desk.wanted(31).locks
    desk.freeze(32, desk.wanted(32))
    assert not desk.wanted(33).locks


def test_a_locked_voice_stays_through_what_changes_and_a_second_lock_is_of_its_own_bar() -> None:
    desk = Desk(FIRST)
    desk.lock(Voice.KICK, 3, FIRST)
    desk.new_z()
    desk.lock(Voice.SNARE, 5, desk.wanted(5))
    kept = {lock.voice: (lock.index, lock.knobs.home) for lock in desk.wanted(8).locks}
    assert kept == {Voice.KICK: (3, 0), Voice.SNARE: (5, 1)}
    desk.freeze(8, desk.wanted(8))
    assert {lock.voice: lock.index for lock in desk.wanted(9).locks}[Voice.KICK] == 3
    desk.undo()
    desk.lock(Voice.KICK, 9, desk.wanted(9))
    assert desk.wanted(9).locked == {Voice.SNARE}


def test_a_hundred_bars_can_be_listened_to_again() -> None:
    desk = Desk(FIRST)
    for index in range(2 * HEARD_BARS):
        desk.passed(index, replace(FIRST, home=index))
        desk.passed(index, replace(FIRST, home=index))
    for _ in range(HEARD_BARS - 1):
        assert desk.look_back(1) is not None
    assert desk.look_back(1) is None
    assert {lock.index for lock in desk.wanted(0).locks} == {HEARD_BARS}
    assert desk.look_back(-1) is not None
    assert {lock.index for lock in desk.wanted(0).locks} == {HEARD_BARS + 1}
    desk.undo()
    assert desk.wanted(0) == FIRST
