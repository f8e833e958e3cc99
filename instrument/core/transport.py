"""The transport: whether the music runs, and how positions and seconds belong together.

A table says what each call does in each state. While playing, an anchor (a position and the time it sounds at) and the
tempo give every other pair; a change of tempo sets a new anchor on the old line, so the position never jumps. Only
where another clock leads does it: the line is then the leader's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from instrument.core.timebase import MAX_BPM, MIN_BPM, seconds_to_ticks, ticks_to_seconds


class State(Enum):
    STOPPED = "stopped"
    PLAYING = "playing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The music is at `position_ticks` at `time_s`."""

    position_ticks: float
    time_s: float


class Transport:
    """Mutable; one thread. Times are seconds on the caller's monotonic clock, positions ticks from bar 0."""

    def __init__(self, tempo_bpm: float) -> None:
        self._tempo_bpm = _checked(tempo_bpm)
        self._state = State.STOPPED
        self._anchor = Anchor(position_ticks=0, time_s=0)

    @property
    def playing(self) -> bool:
        return self._state is State.PLAYING

    @property
    def tempo_bpm(self) -> float:
        return self._tempo_bpm

    def start(self, position_ticks: float, at_s: float) -> None:
        """Play from a position, which sounds at `at_s`. Allowed while playing: a relocation."""
        self._anchor = Anchor(position_ticks=position_ticks, time_s=at_s)
        self._state = State.PLAYING

    def stop(self, now_s: float) -> None:
        """Rest where the music is now. Nothing happens where it rests already."""
        self._anchor = Anchor(position_ticks=self.position(now_s), time_s=now_s)
        self._state = State.STOPPED

    def set_tempo(self, tempo_bpm: float, from_position: float) -> None:
        """A new tempo from a position on; everything before it keeps its time. Raises ValueError outside 20..300."""
        _checked(tempo_bpm)
        if self.playing:
            self._anchor = Anchor(position_ticks=from_position, time_s=self.time_of(from_position))
        self._tempo_bpm = tempo_bpm

    def follow(self, position_ticks: float, at_s: float, tempo_bpm: float) -> None:
        """Play on another line: through a position at a time, at a leader's tempo, whatever that is."""
        self._tempo_bpm = tempo_bpm
        self.start(position_ticks, at_s)

    def rest_at(self, position_ticks: float, now_s: float) -> None:
        """Rest at a position, which playing would begin at."""
        self._anchor = Anchor(position_ticks=position_ticks, time_s=now_s)
        self._state = State.STOPPED

    def position(self, now_s: float) -> float:
        """Where the music is; before its start, short of the position it starts at."""
        if not self.playing:
            return self._anchor.position_ticks
        return self._anchor.position_ticks + seconds_to_ticks(now_s - self._anchor.time_s, self._tempo_bpm)

    def time_of(self, position_ticks: float) -> float:
        """When a position sounds at the present tempo, in the past as in the future."""
        return self._anchor.time_s + ticks_to_seconds(position_ticks - self._anchor.position_ticks, self._tempo_bpm)


def _checked(tempo_bpm: float) -> float:
    if not MIN_BPM <= tempo_bpm <= MAX_BPM:
        raise ValueError(f"a tempo of {tempo_bpm:g} BPM is not in {MIN_BPM:g}..{MAX_BPM:g}")
    return tempo_bpm
