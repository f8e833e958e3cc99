"""A delay-locked loop: from the times at which a clock's ticks arrive to the line on which they lie.

The second-order loop of F. Adriaensen, "Using a DLL to filter time" (2005), made adaptive: it starts wide, so that it
finds the tempo within a beat, and narrows with every tick, so that jitter no longer moves it. An error beyond
`limit_s` counts only so much, as a late tick says nothing of the tempo; several in a row to one side do, and widen it
again.
"""

from __future__ import annotations

import math

from instrument.core.timebase import CLOCKS_PER_BEAT

WIDEST_HZ, NARROWEST_HZ = 4.0, 0.3
NARROWED_PER_TICK = 0.97
LEAST_LIMIT_S, LIMIT, LIMIT_JITTERS = 1e-3, 0.15, 2.0
"""An error counts up to so much: seconds, this part of a tick, or this much jitter."""
WALK_LIMIT = 6.0
"""Or so many steps of a clock that walks: one whose ticks stray each from the one before."""
MOST_CLIPPED = 4
MEMORY_TICKS = 48
TRUSTED = 0.06
"""Jitter, in parts of a tick, that a change of tempo leaves standing."""
LARGEST_STEP = 0.5
"""2 pi times bandwidth times tick, at most: the loop is unstable with much more, as at the slowest tempos."""
SHORTEST_TICK_S, LONGEST_TICK_S = 60 / (400 * CLOCKS_PER_BEAT), 60 / (15 * CLOCKS_PER_BEAT)


class PhaseLoop:
    """Mutable; one thread. `tick_s`: the length of a tick; `next_s`: when the next one is due; `error_s`: how late the
    ticks of the last two beats were, on average."""

    def __init__(self, tick_s: float) -> None:
        self.tick_s = tick_s
        self.next_s = 0.0
        self.error_s = 0.0
        self._variance = self._walk = 0.0
        self._last_s = self._strayed_s = 0.0
        self._bandwidth_hz = WIDEST_HZ
        self._clipped = 0

    @property
    def limit_s(self) -> float:
        """The largest error that counts in full."""
        walked_s = WALK_LIMIT * math.sqrt(max(self._walk, 0.0))
        return max(LEAST_LIMIT_S, LIMIT * self.tick_s, LIMIT_JITTERS * self.jitter_s, walked_s)

    @property
    def jitter_s(self) -> float:
        """How far ticks stray from the line: a standard deviation over two beats."""
        return math.sqrt(self._variance)

    @property
    def drifts(self) -> bool:
        """Whether the last ticks have all been far to one side: another tempo rather than jitter."""
        return abs(self._clipped) >= MOST_CLIPPED // 2

    def seed(self, at_s: float, tick_s: float) -> None:
        """A tick was at `at_s`, others follow at `tick_s`: known roughly, so the loop is wide."""
        self.tick_s = _possible(tick_s)
        self.next_s = at_s + self.tick_s
        self._last_s, self._strayed_s = at_s, 0.0
        self._bandwidth_hz = WIDEST_HZ
        self._clipped = 0

    def trust(self, jitter_s: float) -> None:
        """What strayed so far was another tempo: the jitter is this, or what a clock of this tempo can have."""
        self._walk = 0.0
        self._variance = max(jitter_s, min(self.jitter_s, TRUSTED * self.tick_s)) ** 2

    def correct(self, at_s: float) -> None:
        """The tick that was due at `next_s` was at `at_s`."""
        error_s = at_s - self.next_s
        self._note_walk(at_s)
        step = min(2 * math.pi * self._bandwidth_hz * self.tick_s, LARGEST_STEP)
        self._bandwidth_hz = max(self._bandwidth_hz * NARROWED_PER_TICK, NARROWEST_HZ)
        counted_s = self._clip(error_s)
        self.next_s += math.sqrt(2) * step * counted_s + self.tick_s
        self.tick_s = _possible(self.tick_s + step * step * counted_s)
        if not self.drifts:
            self._note(math.copysign(min(abs(error_s), self.tick_s), error_s))

    def _note_walk(self, at_s: float) -> None:
        """The variance of steps that add up: that of intervals and twice their covariance, which is none where each
        tick strays by itself. Half a tick and more is a tick that was lost, or another clock's."""
        strayed_s = at_s - self._last_s - self.tick_s
        strayed_s = strayed_s if abs(strayed_s) < self.tick_s / 2 else 0.0
        self._walk += (strayed_s * (strayed_s + 2 * self._strayed_s) - self._walk) / MEMORY_TICKS
        self._strayed_s, self._last_s = strayed_s, at_s

    def _note(self, error_s: float) -> None:
        self.error_s += (error_s - self.error_s) / MEMORY_TICKS
        self._variance += ((error_s - self.error_s) ** 2 - self._variance) / MEMORY_TICKS

    def _clip(self, error_s: float) -> float:
        """`_clipped` counts those in a row, late ones up and early ones down."""
        if abs(error_s) <= self.limit_s:
            self._clipped = 0
            return error_s
        side = 1 if error_s > 0 else -1
        self._clipped = self._clipped + side if self._clipped * side > 0 else side
        if abs(self._clipped) < MOST_CLIPPED:
            return math.copysign(self.limit_s, error_s)
        self._clipped = side * (MOST_CLIPPED - 1)
        beyond = abs(error_s) / self.limit_s - 1
        self._bandwidth_hz = max(self._bandwidth_hz, WIDEST_HZ * min(beyond, 1.0))
        return error_s


def _possible(tick_s: float) -> float:
    return min(max(tick_s, SHORTEST_TICK_S), LONGEST_TICK_S)
