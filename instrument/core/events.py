"""What is played: frozen values, valid once built, that the player's side makes and the engine sends.

A `Note` is a stroke at a tick of its bar; a `BarNotes` is one revision of one bar; a `Message` is three bytes at a
position. At one position note-offs come before note-ons, and those in the order of their arrival.
"""

from __future__ import annotations

from dataclasses import dataclass

from instrument.core.timebase import BAR_TICKS

NOTE_OFF = 0x80
NOTE_ON = 0x90
CONTROL_CHANGE = 0xB0
SYSTEM = 0xF0
REAL_TIME = 0xF8
ALL_SOUND_OFF = 120
ALL_NOTES_OFF = 123
OUTSIDE = -BAR_TICKS
"""The position of a message that belongs to no place in the music: no hit can sound so early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A stroke: `tick` counts from its bar line and is negative for a hit early on step 0.

    `cell` names the stroke within its bar (plane, voice and step), so that a later revision of the bar that moves it
    doesn't play it twice. `chokes` is the (channel, note) that this stroke silences.
    """

    tick: int
    channel: int
    note: int
    velocity: int
    length_ticks: int
    cell: int
    chokes: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.velocity <= 127:
            raise ValueError(f"velocity {self.velocity} is not in 1..127")
        for channel, note in ((self.channel, self.note), self.chokes or (0, 0)):
            if not (0 <= channel <= 15 and 0 <= note <= 127):
                raise ValueError(f"channel {channel}, note {note} is not MIDI's")
        if self.length_ticks < 1:
            raise ValueError(f"a note's length must be at least one tick, not {self.length_ticks}")
        if not -BAR_TICKS < self.tick < BAR_TICKS:
            raise ValueError(f"tick {self.tick} is outside the bar")


@dataclass(frozen=True, slots=True, kw_only=True)
class BarNotes:
    """One revision of bar `index`, its notes sorted by tick. A higher revision replaces what hasn't been sent."""

    index: int
    revision: int
    notes: tuple[Note, ...]

    def __post_init__(self) -> None:
        if any(a.tick > b.tick for a, b in zip(self.notes, self.notes[1:], strict=False)):
            raise ValueError(f"the notes of bar {self.index} are not in order")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A channel message (status, data1, data2), or one of the system's, due at a position, in ticks from bar 0."""

    position_ticks: int
    status: int
    data1: int
    data2: int

    @property
    def is_note_on(self) -> bool:
        return self.status & 0xF0 == NOTE_ON and self.data2 > 0

    @property
    def is_system(self) -> bool:
        """Whether it tells time and not music."""
        return self.status >= SYSTEM

    def to_bytes(self) -> bytes:
        if self.status >= REAL_TIME:
            return bytes((self.status,))
        return bytes((self.status, self.data1, self.data2))


def note_on(position_ticks: int, channel: int, note: int, velocity: int) -> Message:
    return Message(position_ticks=position_ticks, status=NOTE_ON | channel, data1=note, data2=velocity)


def note_off(position_ticks: int, channel: int, note: int) -> Message:
    return Message(position_ticks=position_ticks, status=NOTE_OFF | channel, data1=note, data2=64)
