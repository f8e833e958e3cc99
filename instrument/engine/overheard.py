"""What goes out, told beside the port to whoever makes it sound here: a datagram for each stroke, to this machine only.

Nothing here waits and nothing is missed: a datagram that can't be sent is lost, and nobody answers.
"""

from __future__ import annotations

import socket
import struct

from instrument.core.events import Message

STROKE = struct.Struct("<dBBB")
"""Seconds until the stroke is due, and its MIDI bytes."""

HERE = "127.0.0.1"


class Overheard:
    """One thread, the engine's. Port 0: nobody listens."""

    def __init__(self) -> None:
        self._port = 0
        self._socket: socket.socket | None = None

    def tell(self, port: int) -> None:
        """From now on whoever listens at this port is told."""
        self._port = port
        if port and self._socket is None:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.setblocking(False)

    def stroke(self, message: Message, in_s: float) -> None:
        """A message has been handed over that is due in so many seconds."""
        if not (self._port and self._socket and message.is_note_on):
            return
        try:
            self._socket.sendto(STROKE.pack(in_s, message.status, message.data1, message.data2), (HERE, self._port))
        except OSError:
            return
