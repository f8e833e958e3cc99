"""A leader by hand: a sequencer elsewhere that sends MIDI clock, and knows where it is."""

from __future__ import annotations

from collections.abc import Callable

from instrument.core.sync_messages import CONTINUE, SONG_POSITION, START, STOP, TIMING_CLOCK
from instrument.core.timebase import CLOCKS_PER_BEAT, TICKS_PER_CLOCK
from tests.engine.manual import Stand

AFTER_S = 0.002
"""From a start, continue or song position to the tick that follows."""


class Leader:
    """Sends to a stand. `index` is that of the next tick, while it plays."""

    def __init__(self, stand: Stand, tempo_bpm: float = 120.0, jitter_s: Callable[[], float] = lambda: 0.0) -> None:
        self.stand = stand
        self.tempo_bpm = tempo_bpm
        self.index = 0
        self.rolling = False
        self.due_s = stand.clock()
        self._jitter_s = jitter_s

    @property
    def tick_s(self) -> float:
        return 60 / (self.tempo_bpm * CLOCKS_PER_BEAT)

    def position(self) -> float:
        """Where the leader is now, in ticks of ours."""
        return (self.index - (self.due_s - self.stand.clock()) / self.tick_s) * TICKS_PER_CLOCK

    def send(self, *data: int) -> None:
        """Now."""
        self.stand.sink.arrive(bytes(data), self.stand.clock())
        self.stand.listen()

    def start(self) -> None:
        self._say(START)
        self.index, self.rolling = 0, True

    def resume(self) -> None:
        self._say(CONTINUE)
        self.rolling = True

    def stop(self) -> None:
        self.send(STOP)
        self.rolling = False

    def locate(self, midi_beats: int) -> None:
        self._say(SONG_POSITION, midi_beats & 0x7F, midi_beats >> 7)
        self.index = midi_beats * 6

    def _say(self, *data: int) -> None:
        """A moment before the next tick, where there is one to come."""
        self.stand.run(max(self.due_s - AFTER_S - self.stand.clock(), 0))
        self.send(*data)

    def ticks(self, count: int, *, sent: bool = True) -> None:
        """Let so many ticks pass; lost ones aren't sent."""
        for _ in range(count):
            at_s = self.due_s + self._jitter_s()
            self.stand.run(max(at_s - self.stand.clock(), 0))
            if sent:
                self.send(TIMING_CLOCK)
            self.due_s += self.tick_s
            self.index += self.rolling

    def beats(self, count: float, *, sent: bool = True) -> None:
        self.ticks(round(count * CLOCKS_PER_BEAT), sent=sent)
