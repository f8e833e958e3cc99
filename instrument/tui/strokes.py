"""A bar as the eye reads it: one stroke to a cell, with its loudness and how early or late it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from instrument.core.bar import Bar
from instrument.core.drums import Voice
from instrument.core.timebase import PPQ, STEPS_PER_BAR, ticks_to_seconds

LEAN_STEPS = 0.12
"""Offsets beyond this are drawn as early or late: 15 ms at 120 BPM, about where one begins to hear them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """`velocity` 0..1, `offset` in steps, `second` the velocity of a second hit in the cell (0: none)."""

    velocity: float
    offset: float
    second: float = 0.0

    @property
    def lean(self) -> int:
        """-1 early, 0 on the step, 1 late."""
        return (self.offset > LEAN_STEPS) - (self.offset < -LEAN_STEPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A line of the grid: its name and the voices that share it."""

    label: str
    voices: tuple[Voice, ...]


LANES = (
    Lane(label="crash", voices=(Voice.CRASH,)),
    Lane(label="ride", voices=(Voice.RIDE,)),
    Lane(label="tom hi", voices=(Voice.HIGH_TOM,)),
    Lane(label="tom mid", voices=(Voice.MID_TOM,)),
    Lane(label="tom low", voices=(Voice.LOW_TOM,)),
    Lane(label="open", voices=(Voice.OPEN_HAT,)),
    Lane(label="hat", voices=(Voice.CLOSED_HAT,)),
    Lane(label="snare", voices=(Voice.SNARE,)),
    Lane(label="kick", voices=(Voice.KICK,)),
)
SHORT_LANES = (
    Lane(label="rest", voices=(Voice.LOW_TOM, Voice.MID_TOM, Voice.HIGH_TOM, Voice.CRASH, Voice.RIDE)),
    Lane(label="hats", voices=(Voice.CLOSED_HAT, Voice.OPEN_HAT)),
    Lane(label="snare", voices=(Voice.SNARE,)),
    Lane(label="kick", voices=(Voice.KICK,)),
)

LaneStrokes = tuple[Stroke | None, ...]


@lru_cache(maxsize=64)
def strokes(bar: Bar, lane: Lane) -> LaneStrokes:
    """The loudest stroke of the lane's voices at each of the bar's steps."""
    rows = np.array(lane.voices, dtype=np.intp)
    found: list[Stroke | None] = []
    for step in range(bar.onset.shape[2]):
        hit = bar.onset[0, rows, step] > 0.5
        if not hit.any():
            found.append(None)
            continue
        loudest = rows[int(np.argmax(np.where(hit, bar.velocity[0, rows, step], -1)))]
        twice = bar.onset.shape[0] > 1 and bar.onset[1, loudest, step] > 0.5
        found.append(
            Stroke(
                velocity=float(bar.velocity[0, loudest, step]),
                offset=float(bar.offset[0, loudest, step]),
                second=max(float(bar.velocity[1, loudest, step]), 0.01) if twice else 0.0,
            )
        )
    return tuple(found)


def mean_lateness_ms(row: LaneStrokes, tempo_bpm: float) -> float | None:
    """How late the lane's strokes are on average (negative: early), in milliseconds; None without strokes."""
    offsets = [stroke.offset for stroke in row if stroke]
    if not offsets:
        return None
    step_ms = 1000 * ticks_to_seconds(PPQ * 4 / STEPS_PER_BAR, tempo_bpm)
    return step_ms * sum(offsets) / len(offsets)
