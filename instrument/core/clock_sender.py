"""Leading others: the MIDI clock, start, continue, stop and song position that go out beside the notes.

A tick belongs to a position, as a note does, and what is sent isn't sent again. Song positions are whole sixteenths: a
leader that begins elsewhere names the next one, and sends the ticks from there.
"""

from __future__ import annotations

from instrument.core.events import OUTSIDE, Message
from instrument.core.sync_messages import CONTINUE, MOST_MIDI_BEATS, SONG_POSITION, START, STOP, TIMING_CLOCK
from instrument.core.timebase import TICKS_PER_CLOCK

MIDI_BEAT_TICKS = 6 * TICKS_PER_CLOCK


class ClockSender:
    """Mutable; one thread. Positions are in ticks."""

    def __init__(self) -> None:
        self._next_clock = 0

    @property
    def next_position(self) -> int:
        """Where the next tick of the clock belongs."""
        return self._next_clock * TICKS_PER_CLOCK

    def begin(self, position: int) -> list[Message]:
        """What to say before the music begins at a position."""
        midi_beats = -(-position // MIDI_BEAT_TICKS)
        self._next_clock = midi_beats * MIDI_BEAT_TICKS // TICKS_PER_CLOCK
        if midi_beats == 0:
            return [_system(START)]
        midi_beats = min(midi_beats, MOST_MIDI_BEATS)
        return [_system(SONG_POSITION, midi_beats & 0x7F, midi_beats >> 7), _system(CONTINUE)]

    def advance(self, until: int) -> list[Message]:
        """The clock's ticks at positions before `until`."""
        ticks = []
        while self.next_position < until:
            ticks.append(_system(TIMING_CLOCK, position=self.next_position))
            self._next_clock += 1
        return ticks

    def end(self) -> list[Message]:
        return [_system(STOP)]


def _system(status: int, data1: int = 0, data2: int = 0, *, position: int = OUTSIDE) -> Message:
    return Message(position_ticks=position, status=status, data1=data1, data2=data2)
