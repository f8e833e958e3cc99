"""A controller that isn't there: a JACK client whose port sends what it is told, at the next period."""

from __future__ import annotations

import time
from collections import deque
from types import TracebackType
from typing import Any, Self

from instrument.ports.jack_sink import load_jack
from instrument.ports.quiet import quiet

NAME = "controller"
MOST_AT_ONCE = 200
"""Messages that fit into a port's buffer for one period."""


class Controller:
    """JACK's thread takes from the queue what another one appends to it."""

    def __init__(self, server: str) -> None:
        jack = load_jack()
        with quiet():
            self._client: Any = jack.Client(NAME, servername=server, no_start_server=True)
        self._error = jack.JackError
        self._out = self._client.midi_outports.register("out")
        self._queue: deque[bytes] = deque()
        self._rate, self._owed, self._values, self._notes = 0.0, 0.0, 0, False
        self._client.set_process_callback(self._process)
        self._client.activate()
        self.port = str(self._out.name)

    def send(self, *data: int) -> None:
        self._queue.append(bytes(data))

    def connect(self, into: str) -> bool:
        """Whether the ports are connected now; another port may not be there yet."""
        try:
            if not any(str(port.name) == into for port in self._client.get_all_connections(self._out)):
                self._client.connect(self._out, into)
        except self._error:
            return False
        return any(str(port.name) == into for port in self._client.get_all_connections(self._out))

    def connect_to_one_of(self, client: str) -> bool:
        """As `connect`, to whatever MIDI input a program of this name has."""
        with quiet():
            ports = self._client.get_ports(client, is_midi=True, is_input=True)
        return any(self.connect(str(port.name)) for port in ports)

    def flood(self, per_second: float, seconds: float, *, notes: bool = False) -> int:
        """Controllers, all of them, as fast as that; or `notes`, with system exclusive between them. Returns how many
        were sent."""
        self._notes = notes
        before, self._rate = self._values, per_second
        time.sleep(seconds)
        self._rate = 0.0
        return self._values - before

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with quiet():
            self._client.deactivate()
            self._client.close()

    def _process(self, frames: int) -> None:
        self._out.clear_buffer()
        for _ in range(min(len(self._queue), MOST_AT_ONCE)):
            self._out.write_midi_event(0, self._queue.popleft())
        self._owed += self._rate * frames / self._client.samplerate
        due = min(int(self._owed), MOST_AT_ONCE)
        self._owed -= int(self._owed)
        for number in range(due):
            self._values += 1
            self._out.write_midi_event(number * frames // due, self._note() if self._notes else self._controller())

    def _controller(self) -> bytes:
        return bytes((0xB0, 1 + self._values % 31, self._values // 31 % 128))

    def _note(self) -> bytes:
        """Two players at once, notes that overlap and some that are never ended, and now and then a long message."""
        count = self._values
        if count % 50 == 0:
            return bytes((0xF0, 0x7D, *(count % 128,) * 20, 0xF7))
        kind = 0x80 if count % 7 < 3 else 0x90
        return bytes((kind | count % 2, 36 + count // 3 % 48, 1 + count * 31 % 127))
