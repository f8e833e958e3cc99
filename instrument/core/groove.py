"""Groove: what is done to a bar between the net and the port. Pure functions, each without effect at its zero."""

from __future__ import annotations

import numpy as np

from instrument.core.bar import GRID, Bar, Grid, decode
from instrument.core.drums import CHOKES, VOICES, KitMap, Voice
from instrument.core.events import Note


def quantise(bar: Bar, amount: float) -> Bar:
    """Pull every onset towards its step: 0 leaves the drummer's timing, 1 puts all on the grid."""
    if amount == 0:
        return bar
    return Bar(onset=bar.onset, velocity=bar.velocity, offset=(bar.offset * np.float32(1 - amount)).astype(np.float32))


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
