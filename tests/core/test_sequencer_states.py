"""The sequencer as hands use it: bars and revisions come at any time, the music is stopped, started and relocated."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from instrument.core.events import Message
from instrument.core.sequencer import Sequencer
from instrument.core.timebase import BAR_TICKS
from tests.core.notes import bars, check_line


class Hands(RuleBasedStateMachine):
    """Any order of calls; the messages since the last start are one line."""

    @initialize(bar=st.integers(0, 2))
    def begin(self, bar: int) -> None:
        self.sequencer = Sequencer()
        self.revisions: dict[int, int] = {}
        self.start(bar, 0)

    def start(self, bar: int, tick: int) -> None:
        self.sequencer.start(bar, tick=tick)
        self.place = bar * BAR_TICKS + tick
        self.line: list[Message] = []
        self.strokes: set[tuple[int, int]] = set()

    @rule(ahead=st.integers(0, 2), data=st.data())
    def load(self, ahead: int, data: st.DataObject) -> None:
        index = self.place // BAR_TICKS + ahead
        revision = self.revisions[index] = self.revisions.get(index, -1) + 1
        self.sequencer.load(data.draw(bars(index, revision)))

    @rule(ticks=st.integers(0, BAR_TICKS))
    def advance(self, ticks: int) -> None:
        until = self.place + ticks
        messages = self.sequencer.advance(until)
        assert all(self.place <= message.position_ticks < until for message in messages)
        self.line += messages
        self.place = max(self.place, until)
        assert self.sequencer.committed == self.place

    @rule()
    def end_notes(self) -> None:
        self.line += self.sequencer.end_held(self.place)
        assert not self.sequencer.held

    @precondition(lambda self: not self.sequencer.held)
    @rule(bar=st.integers(0, 40), tick=st.integers(0, BAR_TICKS - 1))
    def relocate(self, bar: int, tick: int) -> None:
        self.start(bar, tick)

    @invariant()
    def what_is_held_is_what_the_line_left_sounding(self) -> None:
        assert check_line(self.line, ended=False) == set(self.sequencer.held)


TestHands = Hands.TestCase
TestHands.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
