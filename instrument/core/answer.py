"""Our bar, bent towards what somebody else plays. Pure functions, each without effect at its zero.

`follow` lays the player's strokes over a bar that was made without them: at 1 every one is answered, as loud and as
early or late as it was played, and kick, snare, toms and crash strike nowhere else; hats and ride go on keeping time.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np

from instrument.core.bar import Bar, Floats
from instrument.core.drums import VOICES, Voice
from instrument.core.groove import LATEST
from instrument.core.taps import ANY_VOICE, STEP_TICKS, Tapped, loudest
from instrument.core.timebase import STEPS_PER_BAR

TIMEKEEPERS = (Voice.CLOSED_HAT, Voice.OPEN_HAT, Voice.RIDE)
BACKBEATS = (4, 12)
STRONG = 70
"""The velocity from which on a stroke is answered by a foot rather than by a ghost note."""

PUSH_RANGE = (0.6, 1.5)
"""How much softer or louder at most a player's loudness makes what goes on beside the answers."""

Order = tuple[Voice, ...]
ON_BACKBEAT: Order = (Voice.SNARE, Voice.KICK, Voice.CLOSED_HAT, Voice.RIDE)
ON_STRONG: Order = (Voice.KICK, Voice.SNARE, Voice.CLOSED_HAT, Voice.RIDE)
ON_WEAK: Order = (Voice.SNARE, Voice.CLOSED_HAT, Voice.KICK, Voice.RIDE)


def follow(bar: Bar, strokes: Sequence[Tapped], amount: float, barred: Collection[int] = ()) -> Bar:
    """Towards the player's strokes of one bar (steps 0..15) by `amount` 0..1. Voices that are `barred` answer nothing.

    Without strokes there is nothing to follow, and the bar stays as it is.
    """
    if amount == 0 or not strokes:
        return bar
    onset, velocity, offset = bar.onset.copy(), bar.velocity.copy(), bar.offset.copy()
    tapped = loudest(strokes)
    _leave_out(onset, velocity, tapped, amount)
    missing = [stroke for step, stroke in tapped.items() if not _answers(onset, step, barred)]
    missing.sort(key=lambda stroke: (-stroke.velocity, stroke.tick))
    for stroke in missing[: math.ceil(amount * len(missing) - 1e-9)]:
        voice = _voice(stroke, barred)
        if voice is not None:
            onset[0, voice, stroke.step], velocity[0, voice, stroke.step] = 1, stroke.velocity / 127
            offset[0, voice, stroke.step] = _within(stroke.off)
    for stroke in strokes:
        if stroke.voice != ANY_VOICE and stroke.voice not in barred and amount == 1:
            onset[0, stroke.voice, stroke.step] = 1
            velocity[0, stroke.voice, stroke.step] = stroke.velocity / 127
    for step, stroke in tapped.items():
        _lean_on(onset, velocity, offset, step, stroke, amount, barred)
    mask = np.logical_and.accumulate(onset > 0.5, axis=0).astype(np.float32)
    return Bar(onset=mask, velocity=np.clip(velocity, 0, 1) * mask, offset=offset * mask)


def push(bar: Bar, by: float, amount: float) -> Bar:
    """As much louder as a player has become: `by` is the ratio of their loudness, now to before."""
    if amount == 0 or by == 1:
        return bar
    factor = np.float32(1 + amount * (min(max(by, PUSH_RANGE[0]), PUSH_RANGE[1]) - 1))
    velocity = np.clip(bar.velocity * factor, np.float32(1 / 127), np.float32(1)) * bar.onset
    return Bar(onset=bar.onset, velocity=velocity.astype(np.float32), offset=bar.offset)


def loudness(strokes: Collection[Tapped]) -> float:
    """The mean velocity, 0 without strokes."""
    return sum(stroke.velocity for stroke in strokes) / len(strokes) if strokes else 0.0


def likeness(bar: Bar, strokes: Sequence[Tapped]) -> float:
    """How alike the rhythms are, 0..1: the cosine between loudness by step, hats and ride left out."""
    theirs = np.zeros(STEPS_PER_BAR, np.float32)
    for step, stroke in loudest(strokes).items():
        theirs[step] = stroke.velocity / 127
    ours = bar.velocity.max(axis=0)
    loud = ours[[v for v in range(VOICES) if v not in TIMEKEEPERS]].max(axis=0)
    scale = float(np.linalg.norm(theirs) * np.linalg.norm(loud))
    return float(theirs @ loud) / scale if scale else 0.0


def splice(early: Bar, late: Bar, step: int) -> Bar:
    """The first bar up to a step, from there the second, so that nothing before the step's line depends on the second:
    a hit that the first has early on that step stays, one that the second has early there comes on the line."""
    if early is late or step <= 0:
        return late
    steps = np.arange(bar_steps := early.onset.shape[2])
    first = np.broadcast_to(steps < step, early.onset.shape).copy()
    offset = late.offset.copy()
    if step < bar_steps:
        kept = (early.onset[0, :, step] > 0.5) & (early.offset[:, :, step].min(axis=0) < 0)
        first[:, kept, step] = True
        offset[:, :, step] = np.maximum(offset[:, :, step], 0)
    return Bar(
        onset=np.where(first, early.onset, late.onset),
        velocity=np.where(first, early.velocity, late.velocity),
        offset=np.where(first, early.offset, offset),
    )


def _leave_out(onset: Floats, velocity: Floats, tapped: Collection[int], amount: float) -> None:
    """Softest first, the strokes that the player didn't play; timekeepers stay."""
    cells = [
        (float(velocity[0, voice, step]), voice, step)
        for voice in range(VOICES)
        if voice not in TIMEKEEPERS
        for step in range(onset.shape[2])
        if onset[0, voice, step] > 0.5 and step not in tapped
    ]
    for _, voice, step in sorted(cells)[: math.floor(amount * len(cells) + 1e-9)]:
        onset[:, voice, step] = 0


def _answers(onset: Floats, step: int, barred: Collection[int]) -> bool:
    return any(onset[0, voice, step] > 0.5 for voice in range(VOICES) if voice not in barred)


def _voice(stroke: Tapped, barred: Collection[int]) -> int | None:
    """Which voice answers a stroke that none of ours is at."""
    if stroke.voice != ANY_VOICE and stroke.voice not in barred:
        return stroke.voice
    order = ON_BACKBEAT if stroke.step in BACKBEATS else ON_STRONG if stroke.velocity >= STRONG else ON_WEAK
    return next((int(voice) for voice in order if voice not in barred), None)


def _lean_on(
    onset: Floats, velocity: Floats, offset: Floats, step: int, stroke: Tapped, amount: float, barred: Collection[int]
) -> None:
    """What strikes together with the player is as loud as they are, and as early or late."""
    voices = [v for v in range(VOICES) if onset[0, v, step] > 0.5 and v not in barred]
    if not voices:
        return
    peak = float(velocity[:, voices, step].max()) or 1.0
    factor = np.float32(1 + amount * (stroke.velocity / 127 / peak - 1))
    for voice in voices:
        velocity[:, voice, step] = np.maximum(velocity[:, voice, step] * factor, np.float32(1 / 127))
        moved = amount * (_within(stroke.off) - float(offset[0, voice, step]))
        offset[:, voice, step] = np.clip(offset[:, voice, step] + np.float32(moved), -0.5, LATEST)


def _within(off: float) -> float:
    return min(max(off, -0.5 + 1 / STEP_TICKS), 0.5 - 1 / STEP_TICKS)
