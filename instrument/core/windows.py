"""Windows of ticks: music as a matrix of tick x voice, cut into pieces of equal length.

The shape that this instrument began with: an onset plane and a velocity plane at the full resolution of 480 ticks a
quarter, `[2, V, W]` for a window of W ticks. Almost all of it is empty (one cell in eight hundred), so windows are kept
as lists of their hits and made dense where a net needs them. Cut and laid end to end again, they give the same hits.

A window knows nothing of bars. At play, windows are laid end to end from the first bar line on, and each bar takes the
hits that belong to it, those early on its first step included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instrument.core.bar import GRID, Bar, Floats, Grid, Hits, Ints, encode
from instrument.core.drums import VOICES
from instrument.core.timebase import BAR_TICKS

PLANES = 2
"""Onset and velocity."""

APART_TICKS = 8
"""A net's strokes of one voice lie at least so far apart, 8 ms at 120 BPM: of several likely ticks side by side the
likeliest is played."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Windows:
    """N windows of `window_ticks`: the hits of window n are rows `first[n]` to `first[n + 1]` of `hits`, their ticks
    counted from the window's start. `dropped`: hits that met a louder one of their voice on their very tick."""

    window_ticks: int
    first: Ints
    hits: Hits
    dropped: Hits

    def __len__(self) -> int:
        return len(self.first) - 1


def split(hits: Hits, window_ticks: int) -> Windows:
    """Hits with ticks >= 0 from the start of window 0 -> as many windows as they reach; the last may be half empty.

    Raises ValueError for a negative tick or a window shorter than a tick.
    """
    if window_ticks < 1:
        raise ValueError(f"a window of {window_ticks} ticks can't be")
    if len(hits) and hits.tick.min() < 0:
        raise ValueError("a hit lies before the first window")
    order = np.lexsort((-hits.velocity, hits.voice, hits.tick))
    ordered = hits.take(order)
    again = np.zeros(len(ordered), bool)
    again[1:] = (ordered.tick[1:] == ordered.tick[:-1]) & (ordered.voice[1:] == ordered.voice[:-1])
    kept = ordered.take(~again)
    window, tick = np.divmod(kept.tick, window_ticks)
    count = int(window[-1]) + 1 if len(window) else 0
    return Windows(
        window_ticks=window_ticks,
        first=np.searchsorted(window, np.arange(count + 1)).astype(np.int64),
        hits=Hits(tick=tick, voice=kept.voice, velocity=kept.velocity),
        dropped=ordered.take(again),
    )


def join(windows: Windows) -> Hits:
    """The hits of all windows laid end to end, by tick and voice: the inverse of `split`."""
    window = np.repeat(np.arange(len(windows), dtype=np.int64), np.diff(windows.first))
    hits = windows.hits
    return Hits(tick=hits.tick + window * windows.window_ticks, voice=hits.voice, velocity=hits.velocity)


def dense(windows: Windows, rows: npt.NDArray[np.integer]) -> Floats:
    """The matrices of some windows, float32 [n, P=2, V, W]: onset in {0, 1}, velocity 0..1."""
    matrix = np.zeros((len(rows), PLANES, VOICES, windows.window_ticks), np.float32)
    place, hit = hit_rows(windows.first, rows)
    hits = windows.hits
    matrix[place, 0, hits.voice[hit], hits.tick[hit]] = 1.0
    matrix[place, 1, hits.voice[hit], hits.tick[hit]] = hits.velocity[hit] / np.float32(127)
    return matrix


def hit_rows(first: Ints, rows: npt.NDArray[np.integer]) -> tuple[Ints, Ints]:
    """For each hit of the windows `rows`: which of `rows` it is of, and its own row among all hits."""
    counts = first[rows + 1] - first[rows]
    place = np.repeat(np.arange(len(rows), dtype=np.int64), counts)
    within = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    return place, first[rows][place] + within


def sparse(onset: Floats, velocity: Floats) -> Hits:
    """A matrix [V, W] with onsets above one half -> its hits, by tick and voice. A hit is never softer than 1."""
    tick, voice = np.nonzero(onset.T > 0.5)
    loud = np.clip(np.rint(velocity[voice, tick] * 127), 1, 127)
    return Hits(tick=tick.astype(np.int64), voice=voice.astype(np.int64), velocity=loud.astype(np.int64))


def peaks(onset: Floats, threshold: float = 0.5) -> npt.NDArray[np.bool_]:
    """Where a net's onset probability [..., T] is above the threshold and the first largest of APART_TICKS around."""
    reach = APART_TICKS - 1
    edge = [(0, 0)] * (onset.ndim - 1) + [(reach, reach)]
    around = np.lib.stride_tricks.sliding_window_view(np.pad(onset, edge), 2 * reach + 1, axis=-1)
    before, after = around[..., :reach].max(-1, initial=0.0), around[..., reach + 1 :].max(-1, initial=0.0)
    return np.asarray((onset > threshold) & (onset > before) & (onset >= after), np.bool_)


def audible(velocity: Floats) -> npt.NDArray[np.bool_]:
    """Where a velocity 0..1 is one that MIDI can say: the onsets of a matrix that has no plane for them."""
    return np.asarray(np.rint(velocity * 127) >= 1, np.bool_)


def windows_of_bar(index: int, window_ticks: int, grid: Grid = GRID) -> range:
    """The windows that hold bar `index` >= 0, from half a step before its bar line to half a step before the next."""
    early = grid.step_ticks // 2
    start, stop = index * BAR_TICKS - early, (index + 1) * BAR_TICKS - early
    return range(max(start, 0) // window_ticks, (stop - 1) // window_ticks + 1)


def phase(window: int, window_ticks: int) -> float:
    """How far into its bar a window begins, 0..1."""
    return window * window_ticks % BAR_TICKS / BAR_TICKS


def bar_of(onset: npt.NDArray[np.bool_], velocity: Floats, start_ticks: int, index: int, grid: Grid = GRID) -> Bar:
    """Bar `index` out of a stretch of music, onset and velocity [V, L], that begins `start_ticks` after bar 0's line.

    Where more hits meet in a cell than the grid has planes, the loudest stay.
    """
    hits = sparse(onset.astype(np.float32), velocity)
    moved = Hits(tick=hits.tick + start_ticks - index * BAR_TICKS, voice=hits.voice, velocity=hits.velocity)
    return encode(moved, bars=1, grid=grid)[0]
