"""Lateness of the last minute: actual minus due, kept in order, so that a percentile costs nothing."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

WINDOW_S = 60.0
MOST = 20_000


class Lateness:
    """A sliding window of (time, lateness) pairs, in seconds."""

    def __init__(self) -> None:
        self._values: deque[tuple[float, float]] = deque()
        self._ordered: list[float] = []

    def add(self, now_s: float, lateness_s: float) -> None:
        self._values.append((now_s, lateness_s))
        insort(self._ordered, lateness_s)
        while self._values[0][0] < now_s - WINDOW_S or len(self._values) > MOST:
            _, old_s = self._values.popleft()
            del self._ordered[bisect_left(self._ordered, old_s)]

    def percentiles_ms(self) -> tuple[float, float, float]:
        """p50, p99 and the largest, in milliseconds; zeros before the first message."""
        if not self._ordered:
            return 0.0, 0.0, 0.0
        last = len(self._ordered) - 1
        p50, p99, largest = (round(self._ordered[k] * 1000, 4) for k in (last // 2, round(last * 0.99), last))
        return p50, p99, largest
