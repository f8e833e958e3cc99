"""Musical time: ticks at 480 to the quarter note, bars of 4/4, and tempo.

Positions are whole ticks from the start of bar 0. Seconds appear only where a tempo turns ticks into them,
as late as possible.
"""

from __future__ import annotations

from fractions import Fraction

PPQ = 480
BEATS_PER_BAR = 4
BAR_TICKS = PPQ * BEATS_PER_BAR
STEPS_PER_BAR = 16
CLOCKS_PER_BEAT = 24
TICKS_PER_CLOCK = PPQ // CLOCKS_PER_BEAT
MIN_BPM = 20.0
MAX_BPM = 300.0


def ticks_to_seconds(ticks: float, tempo_bpm: float) -> float:
    return ticks * 60.0 / (tempo_bpm * PPQ)


def seconds_to_ticks(seconds: float, tempo_bpm: float) -> float:
    return seconds * tempo_bpm * PPQ / 60.0


def microseconds_per_beat(tempo_bpm: float) -> int:
    """The value of a MIDI file's tempo event (Standard MIDI Files 1.0)."""
    return round(Fraction(60_000_000) / Fraction(tempo_bpm))


def bar_and_tick(position_ticks: int) -> tuple[int, int]:
    """The bar that holds a position, and the tick within it. Positions before bar 0 lie in bar -1."""
    return divmod(position_ticks, BAR_TICKS)
