"""Led by another: the right bar in phase, however the tempo goes, the transport jumps and ticks get lost."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from instrument.core.sync_messages import TIMING_CLOCK
from instrument.core.timebase import BAR_TICKS, PPQ
from instrument.engine.following import Switches
from instrument.engine.messages import Panic, Resume, Sent, SetTempo, Stop
from tests.core.notes import bar, note
from tests.engine.leader import Leader
from tests.engine.manual import Stand, beats

FOLLOW = Switches(clock=True, transport=True)
BARS = 40
CLOSE_TICKS = 1.5
"""A sixteenth of a tick of the clock: exact, but for our own rounding to whole ticks."""


def led(*, bars: int = BARS, switches: Switches = FOLLOW, tempo_bpm: float = 120.0, **options: float) -> Leader:
    """A leader of a stand that is ready to play bars that have a kick on each beat."""
    stand = Stand(switches=switches, **options)  # type: ignore[arg-type]
    stand.load(*(beats(index) for index in range(bars)))
    stand.start()
    return Leader(stand, tempo_bpm)


def strokes(stand: Stand) -> list[Sent]:
    assert stand.messages is not None
    return [entry for entry in stand.sent if entry.message.is_note_on]


def positions(stand: Stand) -> list[int]:
    return [entry.message.position_ticks for entry in strokes(stand)]


def error_ticks(leader: Leader) -> float:
    """How far we are from the leader."""
    return leader.stand.player.position(leader.stand.clock()) - leader.position()


def state(leader: Leader) -> str:
    return leader.stand.player.status(leader.stand.clock(), connected=True).clock.state


def check_line(stand: Stand) -> None:
    """No note sounds twice at a time, none is left over."""
    sounding: set[int] = set()
    for message in stand.messages:
        assert message.is_note_on != (message.data1 in sounding)
        (sounding.add if message.is_note_on else sounding.discard)(message.data1)
    assert sounding == {note for _, note in stand.player.held}


@pytest.mark.parametrize("tempo_bpm", [20, 60, 119.7, 180, 300])
def test_started_it_plays_the_leaders_beats_on_time(tempo_bpm: float) -> None:
    leader = led(tempo_bpm=tempo_bpm)
    leader.beats(4)
    begun = leader.due_s
    leader.start()
    leader.beats(16)
    due = [entry.due_s - begun for entry in strokes(leader.stand)]
    assert positions(leader.stand) == [k * PPQ for k in range(len(due))]
    assert len(due) >= 16
    assert max(abs(at_s - k * 60 / tempo_bpm) for k, at_s in enumerate(due)) < 1e-3
    facts = leader.stand.player.status(leader.stand.clock(), connected=True).clock
    assert (facts.sync, facts.state, facts.tempo_bpm) == ("midi", "locked", tempo_bpm)
    check_line(leader.stand)


def test_a_start_without_ticks_before_it_begins_with_the_first_tick() -> None:
    leader = led(tempo_bpm=90)
    leader.stand.run(1.234)
    assert not leader.stand.player.playing
    leader.due_s = leader.stand.clock() + 0.002
    begun = leader.due_s
    leader.start()
    leader.stand.run(0.001)
    assert not strokes(leader.stand)
    leader.beats(8)
    due = [entry.due_s - begun for entry in strokes(leader.stand)]
    assert max(abs(at_s - k * 60 / 90) for k, at_s in enumerate(due)) < 1e-3


def test_ticks_at_rest_tell_the_tempo_and_play_nothing() -> None:
    leader = led(tempo_bpm=141)
    leader.beats(20)
    status = leader.stand.player.status(leader.stand.clock(), connected=True)
    assert (status.playing, status.clock.tempo_bpm, status.clock.state) == (False, 141, "locked")
    assert not strokes(leader.stand)


def test_it_starts_at_bar_17() -> None:
    leader = led()
    leader.beats(2)
    leader.locate(16 * 16)
    assert leader.stand.player.position(leader.stand.clock()) == 16 * BAR_TICKS
    leader.beats(1)
    leader.index = 16 * 96
    leader.resume()
    leader.beats(4)
    assert positions(leader.stand)[:4] == [16 * BAR_TICKS + k * PPQ for k in range(4)]
    assert abs(error_ticks(leader)) < CLOSE_TICKS


def test_it_continues_at_beat_3() -> None:
    leader = led()
    leader.beats(2)
    leader.locate(8)
    leader.resume()
    leader.beats(4)
    assert positions(leader.stand)[:3] == [2 * PPQ, 3 * PPQ, 4 * PPQ]
    assert abs(error_ticks(leader)) < CLOSE_TICKS


@pytest.mark.parametrize("look_ahead_s", [0.0, 0.02])
@pytest.mark.parametrize(("away", "back"), [(16, 0), (3, 30), (16, 17)])
def test_located_while_rolling_it_is_in_phase_at_once(away: int, back: int, look_ahead_s: float) -> None:
    leader = led(look_ahead_s=look_ahead_s)
    leader.start()
    for index in (away, back):
        leader.beats(6.5)
        count = len(strokes(leader.stand))
        leader.locate(index * 16)
        due = leader.due_s
        leader.stand.load(*(beats(k, revision=5) for k in range(BARS)))
        leader.beats(5)
        first = strokes(leader.stand)[count]
        assert first.message.position_ticks == index * BAR_TICKS
        assert abs(first.due_s - due) < 1e-3
        assert abs(error_ticks(leader)) < CLOSE_TICKS
    check_line(leader.stand)


@pytest.mark.parametrize("shift", [-0.12, 0.05, 0.12, 0.3])
def test_a_leader_that_is_located_has_its_ticks_elsewhere_from_then_on(shift: float) -> None:
    """By a part of a tick; the loop is narrow by then, and would take a beat to go along."""
    leader = led()
    leader.start()
    leader.beats(8.5)
    leader.locate(20 * 16)
    leader.due_s += shift * leader.tick_s
    begun, count = leader.due_s, len(strokes(leader.stand))
    leader.stand.load(*(beats(k, revision=5) for k in range(BARS)))
    leader.beats(3)
    due = [entry.due_s - begun for entry in strokes(leader.stand)[count:]]
    assert len(due) >= 3
    for k, at_s in enumerate(due[1:], start=1):
        assert at_s == pytest.approx(k * 0.5, abs=1e-4)


def test_stopped_it_is_silent_and_continues_where_it_was() -> None:
    leader = led()
    leader.stand.load(*(bar(k, note(0, length_ticks=1900), revision=1) for k in range(BARS)))
    leader.start()
    leader.beats(5.25)
    leader.stop()
    count = len(leader.stand.messages)
    leader.beats(7)
    assert len(leader.stand.messages) == count
    assert not leader.stand.player.held
    leader.resume()
    leader.beats(4)
    assert positions(leader.stand)[-1] == 2 * BAR_TICKS
    assert abs(error_ticks(leader)) < CLOSE_TICKS
    check_line(leader.stand)


@pytest.mark.parametrize("goes_on", [False, True])
@pytest.mark.parametrize("lost", [1, 24, 240])
def test_a_clock_that_is_lost_is_carried_for_a_beat(lost: int, goes_on: bool) -> None:
    leader = led(switches=Switches(clock=True, transport=True, goes_on=goes_on))
    leader.start()
    leader.beats(8)
    leader.ticks(lost, sent=False)
    assert state(leader) == {1: "locked", 24: "flywheel", 240: "no clock"}[lost]
    assert leader.stand.player.playing == (goes_on or lost < 240)
    leader.ticks(1)
    assert abs(error_ticks(leader)) < CLOSE_TICKS
    leader.beats(8)
    assert state(leader) == "locked"
    assert abs(error_ticks(leader)) < CLOSE_TICKS
    heard = positions(leader.stand)
    assert heard == sorted(set(heard))
    if goes_on or lost < 240:
        assert all(b - a == PPQ for a, b in pairwise(heard))
    check_line(leader.stand)


@pytest.mark.parametrize(("before", "after"), [(60, 180), (180, 60), (120, 240), (240, 120), (120, 126), (100, 93)])
@pytest.mark.parametrize("within", [0.0, 0.4])
def test_a_jump_of_tempo_is_followed_within_a_beat(before: float, after: float, within: float) -> None:
    leader = led(tempo_bpm=before)
    leader.start()
    leader.beats(8)
    leader.due_s -= within * leader.tick_s * (1 - before / after)
    leader.tempo_bpm = after
    leader.beats(1)
    assert abs(error_ticks(leader)) < 25
    leader.beats(15)
    assert abs(error_ticks(leader)) < CLOSE_TICKS
    facts = leader.stand.player.status(leader.stand.clock(), connected=True).clock
    assert abs(facts.tempo_bpm - after) < 0.15
    heard = positions(leader.stand)
    assert heard == sorted(set(heard))
    assert all(b - a == PPQ for a, b in pairwise(heard))
    check_line(leader.stand)


def test_a_ramp_is_followed() -> None:
    leader = led(tempo_bpm=80)
    leader.start()
    leader.beats(4)
    for _ in range(40 * 24):
        leader.tempo_bpm += 1.5 / 24
        leader.ticks(1)
        assert abs(error_ticks(leader)) < 6
    assert positions(leader.stand) == [k * PPQ for k in range(len(strokes(leader.stand)))]


@pytest.mark.parametrize("tempo_bpm", [60, 120, 180])
def test_jitter_of_5_ms_moves_nothing_that_is_heard(tempo_bpm: float) -> None:
    draw = random.Random(3)
    leader = led(tempo_bpm=tempo_bpm)
    leader._jitter_s = lambda: draw.uniform(-0.005, 0.005)
    leader.start()
    leader.beats(16)
    errors, shown = [], set()
    for _ in range(32 * 24):
        leader.ticks(1)
        errors.append(error_ticks(leader) * leader.tick_s / 20)
        shown.add(leader.stand.player.status(leader.stand.clock(), connected=True).clock.tempo_bpm)
    assert (sum(error**2 for error in errors) / len(errors)) ** 0.5 < 0.002
    assert all(abs(bpm - tempo_bpm) <= 0.3 for bpm in shown)
    assert positions(leader.stand) == [k * PPQ for k in range(len(strokes(leader.stand)))]


def test_a_clock_whose_intervals_stray_by_a_tenth_is_followed_at_a_steady_tempo() -> None:
    draw = random.Random(3)
    leader = led(tempo_bpm=120)
    leader.start()
    leader.beats(16)
    shown = []
    for _ in range(32 * 24):
        leader.due_s += draw.uniform(-0.1, 0.1) * leader.tick_s
        leader.ticks(1)
        shown.append(leader.stand.player.status(leader.stand.clock(), connected=True).clock.tempo_bpm)
    assert all(abs(bpm - 120) <= 10 for bpm in shown)
    assert positions(leader.stand) == [k * PPQ for k in range(len(strokes(leader.stand)))]


def test_two_clocks_at_once_are_told_and_one_is_followed() -> None:
    leader = led(tempo_bpm=120)
    leader.start()
    leader.beats(8)
    for _ in range(24 * 8):
        leader.ticks(1)
        leader.stand.run(0.3 * leader.tick_s)
        leader.send(TIMING_CLOCK)
        assert abs(error_ticks(leader)) < 10
    facts = leader.stand.player.status(leader.stand.clock(), connected=True).clock
    assert facts.two_clocks
    assert abs(facts.tempo_bpm - 120) < 0.2


def test_the_players_own_stop_sits_out_and_play_joins_in_phase() -> None:
    leader = led()
    leader.start()
    leader.beats(4)
    leader.stand.player.handle(Stop(), leader.stand.clock())
    count = len(leader.stand.messages)
    leader.beats(4)
    assert len(leader.stand.messages) == count
    leader.stand.start()
    leader.beats(4)
    assert positions(leader.stand)[-1] == 11 * PPQ
    assert abs(error_ticks(leader)) < CLOSE_TICKS


def test_with_the_clock_alone_our_play_begins_on_the_next_tick() -> None:
    leader = led(switches=Switches(clock=True))
    leader.beats(3)
    assert leader.stand.player.playing
    leader.stand.player.handle(Stop(), leader.stand.clock())
    leader.beats(2.5)
    assert not leader.stand.player.playing
    leader.start()
    leader.beats(1)
    assert not leader.stand.player.playing
    leader.stand.sent.clear()
    leader.stand.start(3)
    due = leader.due_s
    leader.beats(4)
    first = strokes(leader.stand)[0]
    assert (first.message.position_ticks, round(first.due_s - due, 4)) == (3 * BAR_TICKS, 0)


def test_with_the_transport_alone_the_tempo_is_ours() -> None:
    leader = led(switches=Switches(transport=True), tempo_bpm=170)
    leader.beats(2)
    assert not leader.stand.player.playing
    leader.locate(64)
    leader.resume()
    leader.beats(8)
    due = [entry.due_s for entry in strokes(leader.stand)]
    assert positions(leader.stand)[0] == 4 * BAR_TICKS
    assert {round(b - a, 6) for a, b in pairwise(due)} == {0.5}
    leader.stop()
    assert not leader.stand.player.playing
    rest = leader.stand.player.position(leader.stand.clock())
    leader.beats(2)
    leader.resume()
    leader.beats(1)
    assert rest < leader.stand.player.position(leader.stand.clock()) < rest + PPQ


def test_a_tempo_that_is_asked_for_changes_nothing_while_a_clock_leads() -> None:
    leader = led()
    leader.start()
    leader.beats(4)
    leader.stand.player.handle(SetTempo(tempo_bpm=200), leader.stand.clock())
    leader.beats(4)
    assert abs(error_ticks(leader)) < CLOSE_TICKS


def test_an_engine_in_anothers_place_joins_at_the_nearest_tick() -> None:
    leader = led()
    leader.rolling, leader.index = True, 1000
    leader.due_s = leader.stand.clock() + 0.3
    position = round(leader.position()) + 3
    leader.stand.player.handle(Resume(position_ticks=position), leader.stand.clock())
    leader.beats(2)
    assert abs(error_ticks(leader)) < CLOSE_TICKS


def test_another_sink_with_another_clock_learns_the_leaders_anew() -> None:
    leader = led()
    stand = leader.stand
    leader.start()
    leader.beats(6)
    stand.player.move_to(stand.sink, stand.player.position(stand.clock()))
    leader.beats(3, sent=False)
    stand.player.move_to(stand.sink, stand.player.position(stand.clock()))
    leader.beats(4)
    assert abs(error_ticks(leader)) < CLOSE_TICKS
    assert stand.player.playing


def test_panic_while_led_ends_the_notes_and_plays_on_when_asked() -> None:
    leader = led()
    leader.stand.load(*(bar(k, note(0, length_ticks=1900), revision=1) for k in range(BARS)))
    leader.start()
    leader.beats(2)
    leader.stand.player.handle(Panic(), leader.stand.clock())
    assert not leader.stand.player.held
    leader.beats(4)
    assert leader.stand.player.held


def test_a_bar_that_comes_a_moment_after_the_jump_to_it_still_sounds_from_its_first_stroke() -> None:
    stand = Stand(switches=FOLLOW, look_ahead_s=0.02)
    leader = Leader(stand)
    stand.load(*(beats(index) for index in range(4)))
    stand.start()
    leader.start()
    leader.beats(4.5)
    count = len(strokes(stand))
    leader.locate(20 * 16)
    stand.run(0.008)
    stand.load(beats(20), beats(21))
    leader.beats(4)
    assert positions(stand)[count:][:2] == [20 * BAR_TICKS, 20 * BAR_TICKS + PPQ]
