"""A loop that the player records and overdubs: bars of strokes that come round again. A state machine, as a table.

One pedal does it all, as on a looper: it arms at once, records from the next bar line, and its second press ends the
loop at the bar line after; from then on it switches overdubbing on and off. Clearing forgets it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from instrument.core.taps import STEP_TICKS, Tapped
from instrument.core.timebase import BAR_TICKS

MOST_BARS = 8
"""A loop that isn't ended before ends by itself."""

MOST_STROKES = 64
"""In one bar of a loop."""


class State(Enum):
    EMPTY = "empty"
    RECORDS = "records"
    PLAYS = "plays"
    OVERDUBS = "overdubs"


PRESSED: Mapping[State, State] = {
    State.EMPTY: State.RECORDS,
    State.RECORDS: State.OVERDUBS,
    State.PLAYS: State.OVERDUBS,
    State.OVERDUBS: State.PLAYS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """`first`: the bar that it began in; `bars`: its length, 0 while it is recorded; `strokes` from its first bar line.

    A loop that was ended plays on and takes more until the pedal is pressed again.
    """

    state: State = State.EMPTY
    first: int = 0
    bars: int = 0
    strokes: tuple[Tapped, ...] = ()

    def pressed(self, bar: int) -> Loop:
        """The pedal, while bar `bar` sounds."""
        state = PRESSED[self.state]
        match self.state:
            case State.EMPTY:
                return Loop(state=state, first=bar + 1)
            case State.RECORDS if bar < self.first:
                return Loop()
            case State.RECORDS:
                return replace(self, state=State.PLAYS, bars=min(bar + 1 - self.first, MOST_BARS))
            case _:
                return replace(self, state=state)

    def at(self, bar: int) -> Loop:
        """As bar `bar` begins: one that has become too long ends."""
        if self.state is State.RECORDS and bar - self.first >= MOST_BARS:
            return replace(self, state=State.PLAYS, bars=MOST_BARS)
        return self

    def heard(self, stroke: Tapped) -> Loop:
        """With a stroke whose tick counts from bar 0, where the loop takes it."""
        tick = stroke.tick - self.first * BAR_TICKS
        length = (self.bars or MOST_BARS) * BAR_TICKS
        takes = self.state is not State.PLAYS or tick < length
        early = -(STEP_TICKS // 2)
        if self.state is State.EMPTY or tick < early or not takes or len(self.strokes) >= MOST_STROKES * MOST_BARS:
            return self
        placed = (tick - early) % length + early
        return replace(self, strokes=tuple(sorted((*self.strokes, stroke.moved(placed - stroke.tick)))))

    def bar(self, index: int) -> tuple[Tapped, ...]:
        """What comes round in bar `index`, ticks from its bar line; nothing before the loop was ended."""
        if not self.bars or index < self.first:
            return ()
        within = (index - self.first) % self.bars
        start = within * BAR_TICKS - STEP_TICKS // 2
        return tuple(
            stroke.moved(-within * BAR_TICKS) for stroke in self.strokes if 0 <= stroke.tick - start < BAR_TICKS
        )
