"""Leading others: a clock that stands where the notes do, and says where the music begins and ends."""

from __future__ import annotations

from itertools import pairwise

import pytest

from instrument.core.sync_messages import CONTINUE, SONG_POSITION, START, STOP, TIMING_CLOCK
from instrument.core.timebase import BAR_TICKS
from instrument.engine.following import Switches
from instrument.engine.messages import Nudge, Play, Sent, SetTempo, Stop
from tests.engine.leader import Leader
from tests.engine.manual import Stand, beats


class Wire(Stand):
    """A stand that keeps what tells the time, too."""

    def __init__(self, *, look_ahead_s: float = 0.0, switches: Switches | None = None) -> None:
        super().__init__(look_ahead_s=look_ahead_s, switches=switches, sends_clock=True)
        self.wire: list[Sent] = []
        collect = self.sink.collect

        def kept() -> list[Sent]:
            sent = collect()
            self.wire += sent
            return sent

        self.sink.collect = kept  # type: ignore[method-assign]
        self.load(*(beats(index) for index in range(20)))

    def told(self) -> list[bytes]:
        return [entry.message.to_bytes() for entry in self.wire if entry.message.is_system]

    def ticks(self) -> list[float]:
        return [entry.due_s for entry in self.wire if entry.message.status == TIMING_CLOCK]


def test_no_clock_goes_out_where_none_was_asked_for() -> None:
    stand = Stand()
    stand.load(beats(0))
    stand.start(until_bar=1)
    stand.run(5)
    assert not any(message.is_system for message in stand.messages)


@pytest.mark.parametrize("look_ahead_s", [0.0, 0.02])
def test_start_24_ticks_to_the_beat_and_stop(look_ahead_s: float) -> None:
    stand = Wire(look_ahead_s=look_ahead_s)
    stand.start(until_bar=2)
    stand.run(10)
    assert stand.told() == [bytes([START]), *[bytes([TIMING_CLOCK])] * 192, bytes([STOP])]
    ticks = stand.ticks()
    assert all(abs(b - a - 0.5 / 24) < 1e-9 for a, b in pairwise(ticks))
    notes = [entry.due_s for entry in stand.wire if entry.message.is_note_on]
    assert all(min(abs(note - tick) for tick in ticks) < 1e-9 for note in notes)
    assert notes[0] == ticks[0]
    assert [entry.due_s for entry in stand.wire] == sorted(entry.due_s for entry in stand.wire)
    assert not any(message.is_system for message in stand.messages)


def test_from_another_bar_it_names_the_song_position_and_continues() -> None:
    stand = Wire()
    stand.start(17)
    stand.run(1)
    stand.player.handle(Stop(), stand.clock())
    stand.run(1)
    position = bytes([SONG_POSITION, 17 * 16 & 0x7F, 17 * 16 >> 7])
    assert stand.told()[:3] == [position, bytes([CONTINUE]), bytes([TIMING_CLOCK])]
    assert stand.told()[-1] == bytes([STOP])
    assert stand.told().count(bytes([STOP])) == 1


def test_the_clock_takes_up_a_new_tempo() -> None:
    stand = Wire()
    stand.start()
    stand.run(2)
    stand.player.handle(SetTempo(tempo_bpm=90), stand.clock())
    stand.run(4)
    assert abs(stand.ticks()[-1] - stand.ticks()[-2] - 60 / 90 / 24) < 1e-9


@pytest.mark.parametrize("by_ms", [-7.0, 12.0])
def test_a_nudge_shifts_notes_and_clock_alike(by_ms: float) -> None:
    plain, nudged = Wire(look_ahead_s=0.02), Wire(look_ahead_s=0.02)
    nudged.player.handle(Nudge(by_ms=by_ms), nudged.clock())
    for stand in (plain, nudged):
        stand.start(until_bar=1)
        stand.run(5)
    pairs = [(a, b) for a, b in zip(plain.wire, nudged.wire, strict=True) if a.message.status != START]
    assert {round((b.due_s - a.due_s) * 1000, 6) for a, b in pairs} == {by_ms}
    assert nudged.player.status(nudged.clock(), connected=True).clock.nudge_ms == by_ms


def test_one_who_follows_our_clock_is_where_we_are() -> None:
    leading, following = Wire(), Stand(switches=Switches(clock=True, transport=True), tempo_bpm=99)
    following.load(*(beats(index) for index in range(20)))
    following.start()
    leading.player.handle(Play(from_bar=5), leading.clock())
    leading.run(6)
    for entry in leading.wire:
        if entry.message.is_system:
            following.run(max(entry.due_s - following.clock(), 0))
            following.sink.arrive(entry.message.to_bytes(), entry.due_s)
            following.listen()
    position = following.player.position(following.clock())
    assert position >= 7 * BAR_TICKS
    assert abs(position - leading.player.position(following.clock())) < 0.5


def test_a_clock_that_is_followed_is_passed_on() -> None:
    stand = Wire(switches=Switches(clock=True, transport=True))
    stand.start()
    leader = Leader(stand, 87)
    leader.beats(4)
    leader.start()
    begun = leader.due_s
    leader.beats(8)
    leader.stop()
    stand.run(1)
    assert stand.told()[0] == bytes([START])
    assert stand.told()[-1] == bytes([STOP])
    tick_s = 60 / 87 / 24
    assert max(abs(at_s - begun - k * tick_s) for k, at_s in enumerate(stand.ticks())) < 1e-4
