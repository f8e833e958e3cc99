"""How busily and how hard somebody plays, bar by bar, with the patience of a drummer: small changes are let pass.

A level moves half of the way to what was heard, and only when that lies farther off than `DEAD_BAND`; so a player who
repeats a bar is answered by bars that don't waver. A bar of silence counts as one, and says nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from instrument.core.taps import Tapped

DEAD_BAND = 0.12
GAIN = 0.6
BUSIEST_STEPS = 12
"""Steps struck in a bar that nothing can be busier than."""

SOFTEST, HARDEST = 30, 115
"""Velocities that nothing is softer or harder than."""

ACCENT = 100
"""The velocity from which on a stroke wakes those who wait."""

PATIENCE_BARS = 2
"""Bars of silence after which it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """`busy` and `hard` 0..1; `silent`: bars since the player has played, -1 before they ever did."""

    busy: float = 0.5
    hard: float = 0.5
    silent: int = -1

    def after(self, strokes: Collection[Tapped]) -> Energy:
        """One bar later, in which these strokes were heard."""
        if not strokes:
            return self if self.silent < 0 else replace(self, silent=self.silent + 1)
        busy = len({stroke.step for stroke in strokes}) / BUSIEST_STEPS
        mean = sum(stroke.velocity for stroke in strokes) / len(strokes)
        hard = (mean - SOFTEST) / (HARDEST - SOFTEST)
        return Energy(busy=_towards(self.busy, busy), hard=_towards(self.hard, hard), silent=0)

    @property
    def is_silent(self) -> bool:
        return self.silent >= PATIENCE_BARS


def _towards(level: float, heard: float) -> float:
    heard = min(max(heard, 0.0), 1.0)
    return level if abs(heard - level) <= DEAD_BAND else round(level + GAIN * (heard - level), 4)


def within(level: float, least: float, most: float) -> float:
    """A level on the range that two knobs set."""
    return round(least + level * (most - least), 4)
