"""How late a player's notes come in, found by eight clicks that are played along with.

The median of their distances from the beats is the latency, and the players' habit of being early with it: what is
taken off is what makes their notes lie where they meant them. A player who misses clicks or wavers is asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from instrument.core.timebase import PPQ, ticks_to_seconds

CLICKS = 8
FEWEST = 6
FARTHEST_TICKS = PPQ // 2 - 1
MOST_SPREAD_MS = 40.0


class UnevenError(ValueError):
    """The clicks were not played so that a latency could be told."""


def latency_ms(ticks: Sequence[int], tempo_bpm: float) -> float:
    """The latency, positive where notes come in late, of notes at positions around beats 0 to `CLICKS` - 1.

    Of the notes nearest to one beat the nearest counts. Raises UnevenError.
    """
    nearest: dict[int, int] = {}
    for tick in ticks:
        beat, off = divmod(tick + PPQ // 2, PPQ)
        off -= PPQ // 2
        if 0 <= beat < CLICKS and abs(off) <= FARTHEST_TICKS and abs(off) <= abs(nearest.get(beat, PPQ)):
            nearest[beat] = off
    if len(nearest) < FEWEST:
        raise UnevenError(f"{len(nearest)} of {CLICKS} clicks were played; play a note on each")
    middle = median(nearest.values())
    spread = median(abs(off - middle) for off in nearest.values())
    if ticks_to_seconds(spread, tempo_bpm) * 1000 > MOST_SPREAD_MS:
        raise UnevenError("the notes lie too far apart to tell a latency; once more")
    return round(ticks_to_seconds(middle, tempo_bpm) * 1000, 1)
