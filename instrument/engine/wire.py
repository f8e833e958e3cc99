"""The pipe between the two processes: frozen values, each behind its length.

Both ends are ours and the pipe is private, so values travel pickled; nothing that comes from a file or a port goes
through here unchecked. The engine keeps its end of stdout for itself and points file descriptor 1 at stderr, so that a
library that prints can't break the frames.
"""

from __future__ import annotations

import os
import pickle
import select
import struct
import sys
import threading
from collections import deque
from typing import IO, Any

HEADER = struct.Struct("<I")


class Wire:
    """One end. `send` may be called by one thread, `receive` by another; a reader thread fills the inbox."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes], arrived: threading.Event | None = None) -> None:
        """`arrived` is set when something has; `receive` clears it."""
        self._reader = reader
        self._writer = writer
        self._inbox: deque[Any] = deque()
        self._closed = threading.Event()
        self.arrived = arrived or threading.Event()
        self._thread = threading.Thread(target=self._read_for_ever, name="wire", daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether the other end is gone."""
        return self._closed.is_set()

    def send(self, value: object) -> bool:
        """Whether it could be written."""
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        try:
            self._writer.write(HEADER.pack(len(data)) + data)
            self._writer.flush()
        except (OSError, ValueError):
            self._closed.set()
            return False
        return True

    def has_room(self) -> bool:
        """Whether a small value can be written without waiting for the other side; always true on Windows."""
        if self.closed or sys.platform == "win32":
            return True
        return bool(select.select((), (self._writer,), (), 0)[1])

    def receive(self) -> list[Any]:
        """All that has arrived since the last call."""
        self.arrived.clear()
        values = []
        while self._inbox:
            values.append(self._inbox.popleft())
        return values

    def hang_up(self) -> None:
        """Close our writing end; the other side reads the end of the file."""
        try:
            self._writer.close()
        except OSError:
            self._closed.set()

    def drain(self, timeout_s: float) -> None:
        """Wait until everything that the other end sent before it ended is in the inbox."""
        self._thread.join(timeout_s)

    def _read_for_ever(self) -> None:
        try:
            while len(header := self._reader.read(HEADER.size)) == HEADER.size:
                data = self._reader.read(HEADER.unpack(header)[0])
                self._inbox.append(pickle.loads(data))  # noqa: S301
                self.arrived.set()
        except (OSError, ValueError, EOFError, pickle.UnpicklingError):
            pass
        self._closed.set()
        self.arrived.set()


def engine_end() -> Wire:
    """The engine's end of the pipe: its stdin and what was its stdout."""
    writer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return Wire(sys.stdin.buffer, writer)
