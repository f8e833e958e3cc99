"""Any leader: it starts, stops, continues, jumps, changes its tempo and loses ticks in any order, at any tempo.

GHOSTNOTE_SEQUENCES=10000 tries so many sequences in place of a few hundred.
"""

from __future__ import annotations

import os
import random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from instrument.core.timebase import CLOCKS_PER_BEAT, TICKS_PER_CLOCK
from instrument.engine.following import Switches
from instrument.engine.messages import Play, Stop
from tests.core.notes import bar, note
from tests.engine.leader import Leader
from tests.engine.manual import Stand

SEQUENCES = int(os.environ.get("GHOSTNOTE_SEQUENCES", "200"))
BARS = 24
SETTLING_CLOCKS, HELD_CLOCKS = 40, 96
"""Ticks after which we are in phase again; a tempo is held for a bar at least."""
TEMPOS = st.sampled_from([20.0, 60.0, 120.0, 180.0, 300.0]) | st.integers(20, 300).map(float)
MIDI_BEATS = st.integers(0, BARS * 16 - 1) | st.integers(0, BARS - 1).map(lambda index: index * 16)


class Leads(RuleBasedStateMachine):
    """The leader is the model: where it is, we are."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted = True
        self.clean = 0

    @initialize(
        tempo_bpm=TEMPOS,
        expected_bpm=TEMPOS,
        look_ahead_s=st.sampled_from([0.0, 0.02]),
        goes_on=st.booleans(),
        jitter_ms=st.sampled_from([0.0, 0.3, 1.0]),
        seed=st.integers(0, 9),
    )
    def begin(
        self,
        tempo_bpm: float,
        expected_bpm: float,
        look_ahead_s: float,
        goes_on: bool,
        jitter_ms: float,
        seed: int,
    ) -> None:
        draw = random.Random(seed)
        switches = Switches(clock=True, transport=True, goes_on=goes_on)
        self.stand = Stand(tempo_bpm=expected_bpm, look_ahead_s=look_ahead_s, switches=switches)
        self.jitter_s = jitter_ms / 1000
        self.leader = Leader(self.stand, tempo_bpm, lambda: draw.uniform(0, self.jitter_s))
        self.load()
        self.stand.start()

    def load(self) -> None:
        """Bars for wherever the leader goes: long notes on two drums, a short one on a third."""
        notes = (note(0, length_ticks=900), note(480, 38, cell=1), note(1439, 38, cell=2), note(1440, cell=3))
        self.stand.load(*(bar(index, *notes) for index in range(BARS + 40)))

    def passes(self, clocks: int) -> None:
        self.leader.ticks(clocks)
        self.clean += clocks

    @rule(clocks=st.integers(1, 100))
    def play_on(self, clocks: int) -> None:
        self.passes(clocks)

    @rule()
    def start(self) -> None:
        self.load()
        self.leader.start()

    @rule()
    def resume(self) -> None:
        self.leader.resume()

    @rule()
    def stop(self) -> None:
        self.leader.stop()

    @rule(midi_beats=MIDI_BEATS)
    def locate(self, midi_beats: int) -> None:
        self.load()
        self.leader.locate(midi_beats)

    @precondition(lambda self: self.clean >= SETTLING_CLOCKS)
    @rule(lost=st.sampled_from([1, 2, 5, 23, 24]) | st.integers(25, 60))
    def lose_ticks(self, lost: int) -> None:
        """A drop-out; the leader goes on meanwhile. The tick after a start isn't lost: whichever comes next is it."""
        self.passes(1)
        self.leader.ticks(lost, sent=False)
        self.passes(SETTLING_CLOCKS)

    @precondition(lambda self: self.clean >= HELD_CLOCKS)
    @rule(tempo_bpm=TEMPOS)
    def change_tempo(self, tempo_bpm: float) -> None:
        self.leader.tempo_bpm = tempo_bpm
        self.clean = 0
        self.passes(SETTLING_CLOCKS)

    @rule()
    def sit_out_or_join(self) -> None:
        """The player's own key."""
        self.wanted = not self.wanted
        command = Play(from_bar=0) if self.wanted else Stop()
        self.load()
        self.stand.player.handle(command, self.stand.clock())
        self.passes(2)

    @precondition(lambda self: hasattr(self, "leader"))
    @invariant()
    def we_are_where_the_leader_is(self) -> None:
        player, leader = self.stand.player, self.leader
        if not (leader.rolling and self.wanted):
            assert not player.playing
            assert not player.held
        elif self.clean >= SETTLING_CLOCKS and leader.index > 0:
            late_ticks = self.jitter_s / leader.tick_s * TICKS_PER_CLOCK
            error = leader.position() - player.position(self.stand.clock())
            assert player.playing
            assert -late_ticks - 5 <= error <= late_ticks + 5
            shown = player.status(self.stand.clock(), connected=True).clock.tempo_bpm
            assert (
                abs(60 / shown - CLOCKS_PER_BEAT * leader.tick_s) < 0.02 * 60 / shown + CLOCKS_PER_BEAT * self.jitter_s
            )

    @precondition(lambda self: hasattr(self, "leader"))
    @invariant()
    def no_note_sounds_twice_or_for_ever(self) -> None:
        sounding: set[int] = set()
        for message in self.stand.messages:
            assert message.is_note_on != (message.data1 in sounding)
            (sounding.add if message.is_note_on else sounding.discard)(message.data1)
        assert sounding == {number for _, number in self.stand.player.held}


TestLeads = Leads.TestCase
TestLeads.settings = settings(
    max_examples=SEQUENCES, stateful_step_count=12, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
