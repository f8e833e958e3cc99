"""What somebody else plays, as music: strokes on our grid, what of them a bar may know, and the tap that a net hears.

A bar is steered eight times, at each eighth. What is heard from boundary `b` on (b eighths after the bar line) rests on
the strokes of the sixteen steps up to step 2 b - 2: a stroke is heard at the latest a beat after it was played, and a
sixteenth and a half is left to hear it, to compute and to hand over. So what a live player gets doesn't depend on how
fast the machine is, and a file that is played along with gives the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from instrument.core.bar import Floats, Hits
from instrument.core.drums import Voice
from instrument.core.timebase import BAR_TICKS, STEPS_PER_BAR

STEP_TICKS = BAR_TICKS // STEPS_PER_BAR
BOUNDARIES = 8
BOUNDARY_STEPS = STEPS_PER_BAR // BOUNDARIES
DEAF_STEPS = 2
"""The steps before a boundary that it doesn't know."""

KNOWN_TICKS = -(DEAF_STEPS - 1) * STEP_TICKS - STEP_TICKS // 2
"""Where, beside the boundary, the last step that it knows has ended."""

ACCENT = 64
"""Velocity from which a snare is accented."""

ANY_VOICE = -1
TAP_PLANES = 4


class Tapped(NamedTuple):
    """A stroke of another player's: `tick` from a bar line (negative: before it), `velocity` 1..127, and the voice 0..8
    of a drummer's, or `ANY_VOICE`."""

    tick: int
    velocity: int
    voice: int = ANY_VOICE

    @property
    def step(self) -> int:
        """The step that it is nearest to."""
        return (2 * self.tick + STEP_TICKS) // (2 * STEP_TICKS)

    @property
    def off(self) -> float:
        """How far it lies from its step, in steps."""
        return (self.tick - self.step * STEP_TICKS) / STEP_TICKS

    def moved(self, ticks: int) -> Tapped:
        return Tapped(self.tick + ticks, self.velocity, self.voice)


def boundary(tick: int) -> int:
    """The last boundary of the bar for which everything was heard once the music is at `tick`, -1 for none."""
    eighth = STEP_TICKS * BOUNDARY_STEPS
    return max(min((tick - KNOWN_TICKS) // eighth, BOUNDARIES - 1), -1)


def known(strokes: Iterable[Tapped], boundary: int) -> tuple[Tapped, ...]:
    """The strokes that a bar's `boundary` knows: those of the sixteen steps before it, less the deaf ones."""
    last = boundary * BOUNDARY_STEPS - DEAF_STEPS
    return tuple(stroke for stroke in strokes if last - STEPS_PER_BAR < stroke.step <= last)


def fold(strokes: Iterable[Tapped]) -> tuple[Tapped, ...]:
    """Strokes of any sixteen steps on the steps 0..15 of one bar: at each step the loudest of each voice."""
    cells: dict[tuple[int, int], Tapped] = {}
    for stroke in strokes:
        step = stroke.step % STEPS_PER_BAR
        placed = stroke.moved((step - stroke.step) * STEP_TICKS)
        held = cells.get((step, stroke.voice))
        if held is None or placed.velocity > held.velocity:
            cells[step, stroke.voice] = placed
    return tuple(sorted(cells.values()))


def loudest(strokes: Iterable[Tapped]) -> dict[int, Tapped]:
    """The loudest stroke of each step."""
    found: dict[int, Tapped] = {}
    for stroke in strokes:
        held = found.get(stroke.step)
        if held is None or stroke.velocity > held.velocity:
            found[stroke.step] = stroke
    return found


def asked_to_keep(strokes: Sequence[Tapped], share: float) -> tuple[Tapped, ...]:
    """What of folded strokes a net is asked for: of a drummer's the kick and the accented snare, as it was taught, of
    anybody else's all; the loudest `share` of them, 0..1."""
    told = [
        s for s in strokes if s.voice in (ANY_VOICE, Voice.KICK) or (s.voice == Voice.SNARE and s.velocity >= ACCENT)
    ]
    by_loudness = sorted(told, key=lambda stroke: (-stroke.velocity, stroke.tick))
    return tuple(sorted(by_loudness[: math.ceil(share * len(told))]))


def tap_of(strokes: Sequence[Tapped]) -> Floats | None:
    """Folded strokes as the tap [4, T] that a net listens to (see `ModelContract`); None without strokes."""
    if not strokes:
        return None
    tap = np.zeros((TAP_PLANES, STEPS_PER_BAR), np.float32)
    tap[3] = 1
    for step, stroke in loudest(strokes).items():
        tap[:3, step] = 1, stroke.velocity / 127, 2 * stroke.off
    return tap


def hits_of(strokes: Iterable[Tapped]) -> Hits:
    """The strokes whose voice is known, for the codec."""
    return Hits.of([(s.tick, s.voice, s.velocity) for s in strokes if s.voice != ANY_VOICE])
