"""Windows of ticks of many performances: the original's features, kept as lists of hits.

The 3,444 windows of 10,000 ticks that GMD's training split has would be 2.5 GB as matrices; as hits they are 3 MB. They
are made dense batch by batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from instrument.core.bar import Floats, Hits
from instrument.core.drums import VOICES
from instrument.core.timebase import BAR_TICKS
from instrument.core.windows import PLANES, Windows, hit_rows
from training.dataset import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TickWindows(Catalogue):
    """N windows of `window_ticks[0]` ticks. The hits of window n are the rows `first[n]` to `first[n + 1]` of `tick`
    (from the window's start), `voice` and `velocity` 1..127."""

    ARRAYS: ClassVar[dict[str, str]] = {
        "window_ticks": "int64",
        "first": "int64",
        "tick": "int32",
        "voice": "uint8",
        "velocity": "uint8",
    }

    window_ticks: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    tick: npt.NDArray[np.int32]
    voice: npt.NDArray[np.uint8]
    velocity: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        self._check()
        if self.window_ticks.shape != (1,) or self.window_ticks[0] < 1 or self.first.shape != (len(self) + 1,):
            raise ValueError("the windows' length or their first hits are missing")
        hits = len(self.tick)
        if self.first[0] != 0 or self.first[-1] != hits or (np.diff(self.first) < 0).any():
            raise ValueError("the windows' first hits are not in order")
        if not len(self.voice) == len(self.velocity) == hits:
            raise ValueError("the columns of the hits differ in length")
        if hits and not (
            self.tick.min() >= 0
            and self.tick.max() < self.length
            and self.voice.max() < VOICES
            and self.velocity.min() >= 1
            and self.velocity.max() <= 127
        ):
            raise ValueError("a tick, voice or velocity is out of range")

    @property
    def length(self) -> int:
        """Ticks of a window."""
        return int(self.window_ticks[0])

    def hit_counts(self) -> Floats:
        return np.diff(self.first).astype(np.float32)

    def loudness(self) -> Floats:
        sums = np.concatenate([[0], np.cumsum(self.velocity, dtype=np.int64)])[self.first]
        return np.asarray(np.diff(sums) / np.maximum(np.diff(self.first), 1), np.float32)

    def blank(self) -> Floats:
        """The share of each window after its last hit, [N]."""
        last = np.full(len(self), -1, np.int64)
        np.maximum.at(last, np.repeat(np.arange(len(self)), np.diff(self.first)), self.tick)
        return np.asarray(1 - (last + 1) / self.length, np.float32)

    def phase(self, rows: npt.NDArray[np.intp]) -> Floats:
        """How far into its bar each window begins, 0..1, [n]."""
        return (self.position[rows] * np.int64(self.length) % BAR_TICKS / np.float32(BAR_TICKS)).astype(np.float32)

    def windows_of(self, rows: npt.NDArray[np.intp]) -> Windows:
        """Some of the windows, as the core has them."""
        place, hit = hit_rows(self.first, rows)
        return Windows(
            window_ticks=self.length,
            first=np.searchsorted(place, np.arange(len(rows) + 1)).astype(np.int64),
            hits=Hits(
                tick=self.tick[hit].astype(np.int64),
                voice=self.voice[hit].astype(np.int64),
                velocity=self.velocity[hit].astype(np.int64),
            ),
            dropped=Hits.of([]),
        )

    def dense_bytes(self) -> int:
        """What all windows would take as float32 matrices."""
        return len(self) * PLANES * VOICES * self.length * 4
