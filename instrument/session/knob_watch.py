"""How soon a turned knob is heard: from the turn to the engine's word that it has the change."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from instrument.core.events import BarNotes
from instrument.engine.messages import Status

TIMES = 256


class KnobWatch:
    """Mutable; the caller sees to it that one thread at a time is here."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._turned_s: float | None = None
        self._awaited: tuple[int, int] | None = None
        self._times_ms: deque[float] = deque(maxlen=TIMES)

    def turned(self) -> None:
        """A knob; further ones before the answer belong to the same turn."""
        if self._turned_s is None:
            self._turned_s, self._awaited = self._clock(), None

    def sent(self, bar: BarNotes, playing: int) -> None:
        """A revision is on its way to the engine, while bar `playing` sounds."""
        if self._turned_s is not None and self._awaited is None and bar.index == playing:
            self._awaited = bar.index, bar.revision

    def heard(self, status: Status) -> None:
        """The engine's word. Where the bar line came between, nothing is learnt."""
        if self._turned_s is None or self._awaited is None:
            return
        index, revision = self._awaited
        if status.playing and status.bar == index and status.revision < revision:
            return
        if status.playing and status.bar == index:
            self._times_ms.append((self._clock() - self._turned_s) * 1000)
        self._turned_s = self._awaited = None

    def percentile_ms(self, share: float) -> float:
        """0 before the first."""
        ordered = sorted(self._times_ms)
        return ordered[round(share * (len(ordered) - 1))] if ordered else 0.0
