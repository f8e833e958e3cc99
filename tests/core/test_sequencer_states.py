"""The sequencer as hands use it: bars and revisions come at any time, the music is stopped, started and relocated."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from instrument.core.events import BarNotes, Message
from instrument.core.sequencer import Sequencer
from instrument.core.timebase import BAR_TICKS
from tests.core.expected import Expected, strikes
from tests.core.notes import bars, check_line

LENGTHS = st.sampled_from([-1, 0, 1, 2, 4])
"""How many bars are played; -1 for playing on."""


class Hands(RuleBasedStateMachine):
    """Any order of calls; the messages since the last start are one line."""

    def __init__(self) -> None:
        super().__init__()
        self.sequencer = Sequencer()
        self.expected = Expected()
        self.loads = 0

    @initialize(bar=st.integers(0, 2), length=LENGTHS)
    def begin(self, bar: int, length: int) -> None:
        self._start(bar, 0, length)

    def _start(self, bar: int, tick: int, length: int) -> None:
        until_bar = -1 if length < 0 else bar + length
        self.sequencer.start(bar, tick=tick, until_bar=until_bar)
        self.expected.start(bar, tick, until_bar)
        self.line: list[Message] = []

    @rule(ahead=st.integers(-1, 2), data=st.data())
    def load(self, ahead: int, data: st.DataObject) -> None:
        """The bar before, the one that sounds, or one to come; new or the next revision of it."""
        index = max(self.expected.place // BAR_TICKS + ahead, 0)
        bar = data.draw(bars(index, self.loads))
        self.sequencer.load(bar)
        self.expected.load(bar)
        self.loads += 1

    @rule(data=st.data(), ticks=st.integers(0, BAR_TICKS // 2))
    def load_what_is_too_late_in_part(self, data: st.DataObject, ticks: int) -> None:
        """A revision that may change nothing before a position, which lies ahead."""
        index = max(self.expected.place // BAR_TICKS, 0)
        bar = data.draw(bars(index, self.loads))
        settled = self.expected.place + ticks
        self.sequencer.load(bar, settled)
        self.expected.load(bar, settled)
        self.loads += 1

    @precondition(lambda self: self.loads)
    @rule(ahead=st.integers(-1, 2), data=st.data())
    def load_an_older_revision(self, ahead: int, data: st.DataObject) -> None:
        index = self.expected.place // BAR_TICKS + ahead
        known = self.expected.bars.get(index)
        if known is not None and known.revision >= 0:
            older = data.draw(bars(index))
            self.sequencer.load(BarNotes(index=index, revision=known.revision - 1, notes=older.notes))

    @rule(ticks=st.integers(-5, BAR_TICKS) | st.integers(BAR_TICKS, 3 * BAR_TICKS))
    def advance(self, ticks: int) -> None:
        place, until, end = self.expected.place, self.expected.place + ticks, self.expected.end
        waiting = self.sequencer.next_position()
        messages = self.sequencer.advance(until)
        assert strikes(messages) == self.expected.advance(until)
        assert all(place <= message.position_ticks < until for message in messages)
        assert not messages or (waiting is not None and waiting <= messages[0].position_ticks)
        if end is not None and place <= end < until:
            assert waiting is not None
            assert waiting <= end
        self.line += messages

    @rule()
    def end_notes(self) -> None:
        self.line += self.sequencer.end_held(self.expected.place)
        assert not self.sequencer.held

    @rule(bar=st.integers(0, 12), tick=st.integers(0, BAR_TICKS - 1), length=LENGTHS)
    def relocate(self, bar: int, tick: int, length: int) -> None:
        self.end_notes()
        check_line(self.line)
        self._start(bar, tick, length)

    @invariant()
    def the_place_and_the_misses_are_known(self) -> None:
        assert self.sequencer.committed == self.expected.place
        assert self.sequencer.misses == self.expected.misses

    @precondition(lambda self: hasattr(self, "line"))
    @invariant()
    def what_is_held_is_what_the_line_left_sounding(self) -> None:
        assert check_line(self.line, ended=self.expected.ended) == set(self.sequencer.held)


TestHands = Hands.TestCase
TestHands.settings = settings(max_examples=120, stateful_step_count=25, deadline=None)
