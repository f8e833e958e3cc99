"""Lateness of the last minute: actual minus due, kept in bins, so that a percentile costs nothing."""

from __future__ import annotations

from collections import deque

WINDOW_S = 60.0
MOST = 20_000


class Lateness:
    """A sliding window of (time, lateness) pairs, in seconds."""

    def __init__(self) -> None:
        self._values: deque[tuple[float, float]] = deque(maxlen=MOST)

    def add(self, now_s: float, lateness_s: float) -> None:
        self._values.append((now_s, lateness_s))
        while self._values[0][0] < now_s - WINDOW_S:
            self._values.popleft()

    def percentiles_ms(self) -> tuple[float, float, float]:
        """p50, p99 and the largest, in milliseconds; zeros before the first message."""
        ordered = sorted(value for _, value in self._values)
        if not ordered:
            return 0.0, 0.0, 0.0
        last = len(ordered) - 1
        return tuple(round(ordered[k] * 1000, 4) for k in (last // 2, round(last * 0.99), last))  # type: ignore[return-value]
