"""What hands play, read from a port's bytes: notes, controllers, program changes, pitch bend, pressure.

Running status holds until another status; a system message other than a real-time one ends it (MIDI 1.0, "Running
Status"). Real-time bytes may stand anywhere and interrupt nothing; system exclusive, however long, is passed over. A
note-on of velocity 0 is a note-off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from instrument.core.events import CONTROL_CHANGE as CONTROL_CHANGE
from instrument.core.events import NOTE_OFF, NOTE_ON, REAL_TIME, SYSTEM

POLY_PRESSURE, PROGRAM_CHANGE, CHANNEL_PRESSURE, PITCH_BEND = 0xA0, 0xC0, 0xD0, 0xE0
SHORT_KINDS = frozenset((PROGRAM_CHANGE, CHANNEL_PRESSURE))
RELEASE_VELOCITY = 64
"""Of a note-off that was sent as a note-on."""
NO_STATUS, NO_DATA = 0, -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMessage:
    """`kind` is the status of channel 0; `channel` 0..15; `data2` is 0 where the message has one byte of data."""

    kind: int
    channel: int
    data1: int
    data2: int = 0


class ChannelReader:
    """Mutable; one for each port, as a message may come in pieces."""

    def __init__(self) -> None:
        self._status = NO_STATUS
        self._data1 = NO_DATA

    def read(self, data: bytes) -> Iterator[ChannelMessage]:
        """The messages that end within these bytes."""
        for byte in data:
            if byte >= REAL_TIME:
                continue
            if byte >= NOTE_OFF:
                self._status, self._data1 = byte if byte < SYSTEM else NO_STATUS, NO_DATA
            elif self._status == NO_STATUS:
                continue
            elif self._status & 0xF0 in SHORT_KINDS:
                yield _message(self._status, byte, 0)
            elif self._data1 == NO_DATA:
                self._data1 = byte
            else:
                yield _message(self._status, self._data1, byte)
                self._data1 = NO_DATA


def _message(status: int, data1: int, data2: int) -> ChannelMessage:
    kind, channel = status & 0xF0, status & 0x0F
    if kind == NOTE_ON and data2 == 0:
        kind, data2 = NOTE_OFF, RELEASE_VELOCITY
    return ChannelMessage(kind=kind, channel=channel, data1=data1, data2=data2)
