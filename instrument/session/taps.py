"""Tap tempo: beats by hand, a tempo out."""

from __future__ import annotations

from instrument.core.timebase import MAX_BPM, MIN_BPM

LONGEST_PAUSE_S = 60.0 / MIN_BPM
REMEMBERED = 8


class Taps:
    """Keeps the last taps; a pause longer than the slowest beat starts anew."""

    def __init__(self) -> None:
        self._times_s: list[float] = []

    def tap(self, now_s: float) -> float | None:
        """The tempo in BPM over the taps so far, to a tenth; None after the first."""
        if self._times_s and not 0 < now_s - self._times_s[-1] <= LONGEST_PAUSE_S:
            self._times_s.clear()
        self._times_s = [*self._times_s, now_s][-REMEMBERED:]
        if len(self._times_s) < 2:
            return None
        beat_s = (self._times_s[-1] - self._times_s[0]) / (len(self._times_s) - 1)
        return min(max(round(60.0 / beat_s, 1), MIN_BPM), MAX_BPM)
