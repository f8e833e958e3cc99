"""The bar codec: the one place where arrays become music and music becomes arrays.

A bar is three arrays `[H, V, T]`: onset in {0, 1}, velocity in 0..1 and offset in steps, [-0.5, 0.5), over H hit
planes, V voices and T steps. The main hit of a cell lies in plane 0; a second hit of the same voice in the same cell
(a flam, a ratchet) in plane 1. A hit belongs to the step it is nearest to, so one that is early on step 0 has a
negative tick and sounds before its bar line. Where more hits meet in a cell than there are planes, the loudest stay.

The definition of hits, velocities and offsets is that of GrooVAE (Gillick et al. 2019), with planes added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from instrument.core.drums import VOICES
from instrument.core.timebase import BAR_TICKS, STEPS_PER_BAR

HIT_PLANES = 2

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """How a bar is cut: `planes` H, `steps` T, and the bar's length in ticks, a multiple of T."""

    steps: int = STEPS_PER_BAR
    planes: int = HIT_PLANES
    bar_ticks: int = BAR_TICKS

    def __post_init__(self) -> None:
        if self.steps < 1 or self.planes < 1 or self.bar_ticks % self.steps:
            raise ValueError(f"{self.steps} steps don't divide a bar of {self.bar_ticks} ticks")

    @property
    def step_ticks(self) -> int:
        return self.bar_ticks // self.steps

    @property
    def shape(self) -> tuple[int, int, int]:
        """[H, V, T]."""
        return self.planes, VOICES, self.steps


GRID = Grid()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hits:
    """Strokes as columns of one length N: tick, voice 0..8, velocity 1..127."""

    tick: Ints
    voice: Ints
    velocity: Ints

    def __post_init__(self) -> None:
        if not len(self.tick) == len(self.voice) == len(self.velocity):
            raise ValueError("the columns of hits differ in length")

    def __len__(self) -> int:
        return len(self.tick)

    def take(self, index: npt.NDArray[Any]) -> Hits:
        return Hits(tick=self.tick[index], voice=self.voice[index], velocity=self.velocity[index])

    @classmethod
    def of(cls, rows: list[tuple[int, int, int]]) -> Hits:
        """From (tick, voice, velocity) rows."""
        columns = np.array(rows, np.int64).reshape(-1, 3)
        return cls(tick=columns[:, 0], voice=columns[:, 1], velocity=columns[:, 2])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bar:
    """A bar's arrays, float32 [H, V, T]; velocity and offset are exactly 0 where there is no onset."""

    onset: Floats
    velocity: Floats
    offset: Floats

    def __post_init__(self) -> None:
        _check_arrays("a bar", self.onset, self.velocity, self.offset)

    @classmethod
    def from_outputs(cls, onset: Floats, velocity: Floats, offset: Floats, threshold: float = 0.5) -> Bar:
        """A model's raw outputs [H, V, T] (onset as a probability) made into a bar: thresholded, clipped, masked.

        A second hit needs a main hit: plane h counts only where plane h - 1 has an onset.
        Raises ValueError for arrays of different shapes and for numbers that are not finite.
        """
        _check_arrays("the model's output", onset, velocity, offset)
        hit = np.logical_and.accumulate(onset > threshold, axis=0)
        mask = hit.astype(np.float32)
        half = np.float32(0.5)
        return cls(
            onset=mask,
            velocity=np.clip(velocity, 0.0, 1.0).astype(np.float32) * mask,
            offset=np.clip(offset, -half, np.nextafter(half, np.float32(0))).astype(np.float32) * mask,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bars:
    """A run of bars, float32 [B, H, V, T], as training reads them, and the hits that found no free plane."""

    onset: Floats
    velocity: Floats
    offset: Floats
    dropped: Hits

    def __len__(self) -> int:
        return len(self.onset)

    def __getitem__(self, index: int) -> Bar:
        return Bar(onset=self.onset[index], velocity=self.velocity[index], offset=self.offset[index])


def encode(hits: Hits, *, bars: int | None = None, grid: Grid = GRID) -> Bars:
    """Hits with ticks from the start of bar 0 -> as many bars as they reach, or exactly `bars` (the rest is dropped).

    Raises ValueError for a voice or velocity out of range.
    """
    _check_hits(hits)
    step_ticks = grid.step_ticks
    slot = (2 * hits.tick + step_ticks) // (2 * step_ticks)
    bar, step = np.divmod(slot, grid.steps)
    count = (int(bar.max()) + 1 if len(hits) else 0) if bars is None else bars
    inside = (bar >= 0) & (bar < count)

    cell = (bar * VOICES + hits.voice) * grid.steps + step
    order = np.lexsort((hits.tick, -hits.velocity, cell))
    order = order[inside[order]]
    plane = _rank_in_run(cell[order])
    kept, lost = order[plane < grid.planes], order[plane >= grid.planes]

    shape = (count, *grid.shape)
    onset, velocity, offset = (np.zeros(shape, np.float32) for _ in range(3))
    where = (bar[kept], plane[plane < grid.planes], hits.voice[kept], step[kept])
    onset[where] = 1.0
    velocity[where] = hits.velocity[kept] / np.float32(127)
    offset[where] = (hits.tick[kept] - slot[kept] * step_ticks) / np.float32(step_ticks)
    outside = np.flatnonzero(~inside)
    dropped = hits.take(np.sort(np.concatenate([lost, outside])))
    return Bars(onset=onset, velocity=velocity, offset=offset, dropped=dropped)


def decode(bar: Bar, *, grid: Grid = GRID) -> tuple[Hits, Ints]:
    """A bar -> its hits, ticks from the bar line (negative: early on step 0), sorted by tick, voice and plane; and
    the cell of each hit, `(plane * V + voice) * T + step`."""
    if bar.onset.shape != grid.shape:
        raise ValueError(f"a bar of shape {bar.onset.shape} doesn't fit a grid of {grid.shape}")
    plane, voice, step = np.nonzero(bar.onset > 0.5)
    step_ticks = grid.step_ticks
    late_most = (step_ticks - 1) // 2
    shift = np.rint(bar.offset[plane, voice, step] * step_ticks).astype(np.int64)
    tick = step * step_ticks + np.clip(shift, -(step_ticks // 2), late_most)
    velocity = np.clip(np.rint(bar.velocity[plane, voice, step] * 127), 1, 127).astype(np.int64)
    order = np.lexsort((plane, voice, tick))
    hits = Hits(tick=tick[order], voice=voice[order].astype(np.int64), velocity=velocity[order])
    cell = (plane * VOICES + voice) * grid.steps + step
    return hits, cell[order].astype(np.int64)


def _check_arrays(whole: str, onset: Floats, velocity: Floats, offset: Floats) -> None:
    if not onset.shape == velocity.shape == offset.shape or onset.ndim != 3:
        raise ValueError(f"onset {onset.shape}, velocity and offset must share one shape [H, V, T]")
    if not all(np.isfinite(a).all() for a in (onset, velocity, offset)):
        raise ValueError(f"{whole} holds a number that is not finite")


def _check_hits(hits: Hits) -> None:
    if len(hits) and not (hits.voice.min() >= 0 and hits.voice.max() < VOICES):
        raise ValueError(f"a voice is not in 0..{VOICES - 1}")
    if len(hits) and not (hits.velocity.min() >= 1 and hits.velocity.max() <= 127):
        raise ValueError("a velocity is not in 1..127")


def _rank_in_run(sorted_keys: Ints) -> Ints:
    """0, 1, 2, ... within each run of equal keys."""
    index = np.arange(len(sorted_keys))
    starts = np.r_[True, sorted_keys[1:] != sorted_keys[:-1]] if len(sorted_keys) else np.zeros(0, bool)
    first = np.maximum.accumulate(np.where(starts, index, 0)) if len(index) else index
    return index - first
