"""What a leader says about time, read from a port's bytes: clock, start, continue, stop, song position.

Real-time bytes may stand anywhere, inside other messages too, and interrupt nothing (MIDI 1.0, "System Real Time").
System exclusive, channel messages and their running status are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SONG_POSITION = 0xF2
TIMING_CLOCK, START, CONTINUE, STOP = 0xF8, 0xFA, 0xFB, 0xFC
FOLLOWED = frozenset((TIMING_CLOCK, START, CONTINUE, STOP))
FIRST_REAL_TIME = 0xF8
MOST_MIDI_BEATS = 2**14 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncMessage:
    """`status` is one of the constants above; `midi_beats` the song position, in sixteenths."""

    status: int
    midi_beats: int = 0


class SyncReader:
    """Mutable; one for each port, as a message may come in pieces."""

    def __init__(self) -> None:
        self._low: int | None = None
        self._in_position = False

    def read(self, data: bytes) -> Iterator[SyncMessage]:
        """The messages that end within these bytes."""
        for byte in data:
            if byte >= FIRST_REAL_TIME:
                if byte in FOLLOWED:
                    yield SyncMessage(status=byte)
            elif byte >= 0x80:
                self._in_position, self._low = byte == SONG_POSITION, None
            elif self._in_position and self._low is None:
                self._low = byte
            elif self._in_position and self._low is not None:
                yield SyncMessage(status=SONG_POSITION, midi_beats=self._low | byte << 7)
                self._in_position, self._low = False, None
