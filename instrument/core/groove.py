"""Groove: what is done to a bar between the net and the port. Pure functions, each without effect at its zero.

What moves a hit keeps it in its cell, and two hits of one cell apart, so that nothing is lost and a revision knows what
has sounded. Shifts are in ticks or steps and not in milliseconds: a feel scales with the tempo, as a drummer's does.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np

from instrument.core.bar import GRID, Bar, Floats, Grid, decode
from instrument.core.drift import drift
from instrument.core.drums import CHOKES, VOICES, KitMap, Voice
from instrument.core.events import Note

MOST_LATE_TICKS = 40
"""A third of a sixteenth: how early or late a voice may be set."""

DRIFT_TICKS = 10.0
"""Standard deviation of the drift at `humanise` 1, some 10 ms at 120 BPM, as drummers' (Hennig et al. 2011)."""

DRIFT_VELOCITY = 8.0
TOGETHER = 0.8
"""How much of the drift the voices share, as a correlation: hands and feet follow one clock."""

LANDING_CRASH, LANDING_KICK = 0.8, 0.75
"""Velocities of the strokes that a fill lands on."""

LATEST = float(np.nextafter(np.float32(0.5), np.float32(0)))


def mute(bar: Bar, voices: Collection[int]) -> Bar:
    """Without the hits of these voices."""
    if not voices:
        return bar
    kept = np.ones((1, VOICES, 1), np.float32)
    kept[0, sorted(voices)] = 0
    return Bar(onset=bar.onset * kept, velocity=bar.velocity * kept, offset=bar.offset * kept)


def quantise(bar: Bar, amount: float) -> Bar:
    """Pull every onset towards its step: 0 leaves the drummer's timing, 1 puts all on the grid."""
    if amount == 0:
        return bar
    return Bar(onset=bar.onset, velocity=bar.velocity, offset=(bar.offset * np.float32(1 - amount)).astype(np.float32))


def shift(bar: Bar, steps: Floats) -> Bar:
    """Each cell later by `steps` [V, T] (broadcast), as far as it has room: no hit leaves its cell, and the hits of one
    cell keep their distance."""
    hit = bar.onset > 0.5
    first = np.where(hit, bar.offset, np.inf).min(axis=0)
    last = np.where(hit, bar.offset, -np.inf).max(axis=0)
    empty = ~hit.any(axis=0)
    earlier = np.where(empty, 0.0, -0.5 - first)
    later = np.where(empty, 0.0, LATEST - last)
    moved = np.clip(np.broadcast_to(steps, empty.shape), earlier, np.maximum(later, earlier)).astype(np.float32)
    return Bar(onset=bar.onset, velocity=bar.velocity, offset=((bar.offset + moved) * bar.onset).astype(np.float32))


def lean(bar: Bar, late: tuple[int, ...], grid: Grid = GRID) -> Bar:
    """Each voice later (earlier where negative) by its number of ticks, +-MOST_LATE_TICKS."""
    if not any(late):
        return bar
    return shift(bar, np.array(late, np.float32)[:, None] / np.float32(grid.step_ticks))


def humanise(bar: Bar, amount: float, seed: int, index: int, grid: Grid = GRID) -> Bar:
    """Let the hands wander about the beat: `amount` 0..1 of a correlated drift that goes on over the bar lines, in time
    and a little in loudness. Bar `index` of a seed drifts the same way always."""
    if amount == 0:
        return bar
    lines = drift(seed, index, 2 * (VOICES + 1), grid.steps)
    time, loud = (_shared(part) for part in (lines[: VOICES + 1], lines[VOICES + 1 :]))
    moved = shift(bar, time * np.float32(amount * DRIFT_TICKS / grid.step_ticks))
    velocity = moved.velocity + loud * np.float32(amount * DRIFT_VELOCITY / 127)
    return _with_velocity(moved, velocity)


def accent(bar: Bar, amount: float) -> Bar:
    """Loud hits louder and soft ones softer about the bar's mean loudness (`amount` up to 1), or all alike (-1)."""
    if amount == 0 or not bar.onset.any():
        return bar
    mean = bar.velocity.sum() / bar.onset.sum()
    return _with_velocity(bar, mean + (bar.velocity - mean) * np.float32(1 + amount))


def velocity_range(bar: Bar, softest: int, loudest: int) -> Bar:
    """MIDI's 1..127 spread over `softest`..`loudest`; nothing changes at 1..127."""
    if (softest, loudest) == (1, 127):
        return bar
    heard = np.maximum(bar.velocity * np.float32(127), np.float32(1))
    velocity = np.float32(softest) + (heard - 1) * np.float32((loudest - softest) / 126)
    return _with_velocity(bar, velocity / np.float32(127))


def _shared(lines: Floats) -> Floats:
    """One line for all and one for each voice [1 + V, T], mixed to [V, T]."""
    mixed: Floats = np.float32(np.sqrt(TOGETHER)) * lines[:1] + np.float32(np.sqrt(1 - TOGETHER)) * lines[1:]
    return mixed


def _with_velocity(bar: Bar, velocity: Floats) -> Bar:
    """Kept audible: a hit stays a hit."""
    kept = np.clip(velocity, np.float32(1 / 127), np.float32(1)) * bar.onset
    return Bar(onset=bar.onset, velocity=kept.astype(np.float32), offset=bar.offset)


def swing_ticks(swing: float, grid: Grid = GRID) -> int:
    """How much later the second step of each pair comes: `swing` is the first step's share of the pair, 50..75 %.

    At most half a step, so that the last step's hits stay within their bar.
    """
    return min(round((swing - 50.0) / 100.0 * 2 * grid.step_ticks), grid.step_ticks // 2)


def strokes(bar: Bar, kit: KitMap, *, swing: float = 50.0, grid: Grid = GRID) -> tuple[Note, ...]:
    """A bar as the kit's notes, sorted by tick; a straight bar becomes a swung one by `swing` > 50."""
    hits, cells = decode(bar, grid=grid)
    late = swing_ticks(swing, grid)
    notes = []
    for tick, voice, velocity, cell in zip(
        hits.tick.tolist(), hits.voice.tolist(), hits.velocity.tolist(), cells.tolist(), strict=True
    ):
        target = kit.targets[voice]
        choked = kit.targets[CHOKES[Voice(voice)]] if voice in CHOKES else None
        notes.append(
            Note(
                tick=tick + late * (cell % grid.steps % 2),
                channel=target.channel,
                note=target.note,
                velocity=velocity,
                length_ticks=target.length_ticks,
                cell=cell,
                chokes=None if choked is None else (choked.channel, choked.note),
            )
        )
    return tuple(sorted(notes, key=lambda note: (note.tick, note.cell % (VOICES * grid.steps))))


def thin(bar: Bar, shares: Sequence[float]) -> Bar:
    """By voice, the share of hits that stays, 0..1: the loudest. Nothing changes without shares."""
    if not len(shares):
        return bar
    kept = np.zeros_like(bar.onset)
    for voice, share in enumerate(shares):
        plane, step = np.nonzero(bar.onset[:, voice] > 0.5)
        order = np.lexsort((plane, step, -bar.velocity[plane, voice, step]))[: math.ceil(share * len(step))]
        kept[plane[order], voice, step[order]] = 1
    kept = np.logical_and.accumulate(kept > 0.5, axis=0).astype(np.float32)
    return Bar(onset=bar.onset * kept, velocity=bar.velocity * kept, offset=bar.offset * kept)


def trim(bar: Bar, amounts: Sequence[float]) -> Bar:
    """By voice, softer (down to -1: hardly heard) or louder (up to 1: twice as loud)."""
    if not any(amounts):
        return bar
    return _with_velocity(bar, bar.velocity * (1 + np.array(amounts, np.float32))[None, :, None])


def keep_voices(bar: Bar, kept: Bar, voices: Collection[int]) -> Bar:
    """The bar with these voices' hits taken from another one."""
    rows = np.zeros((1, VOICES, 1), bool)
    rows[0, sorted(voices)] = True
    return Bar(
        onset=np.where(rows, kept.onset, bar.onset),
        velocity=np.where(rows, kept.velocity, bar.velocity),
        offset=np.where(rows, kept.offset, bar.offset),
    )


def land(bar: Bar) -> Bar:
    """The bar after a fill: a crash and a kick on its first beat, where the drummer left them out."""
    onset, velocity, offset = bar.onset.copy(), bar.velocity.copy(), bar.offset.copy()
    for voice, loud in ((Voice.CRASH, LANDING_CRASH), (Voice.KICK, LANDING_KICK)):
        if onset[0, voice, 0] < 0.5:
            onset[0, voice, 0], velocity[0, voice, 0], offset[0, voice, 0] = 1, loud, 0
    return Bar(onset=onset, velocity=velocity, offset=offset)
