"""The sink without a system behind it: keeps everything in memory, by any clock. Tests and output "none" use it."""

from __future__ import annotations

import time
from collections.abc import Callable

from instrument.core.events import Message
from instrument.engine.messages import Sent
from instrument.ports.contract import Arrived


class MemorySink:
    """Keeps the contract of `OutSink`. `clock`: the monotonic time; a manual one in tests."""

    def __init__(
        self, *, clock: Callable[[], float] = time.perf_counter, backend: str = "none", look_ahead_s: float = 0.0
    ) -> None:
        self.backend = backend
        self.out_port = ""
        self.in_port = ""
        self.look_ahead_s = look_ahead_s
        self.closed = False
        self.reachable = True
        self.now = clock
        self._sent: list[Sent] = []
        self._arrived: list[Arrived] = []

    def send(self, message: Message, due_s: float) -> None:
        self._sent.append(Sent(message=message, due_s=due_s, sent_s=max(self.now(), due_s)))

    def collect(self) -> list[Sent]:
        sent, self._sent = self._sent, []
        return sent

    def arrive(self, data: bytes, at_s: float, port: str = "") -> None:
        """Bytes come in at a time."""
        self._arrived.append(Arrived(data=data, at_s=at_s, port=port))

    def incoming(self) -> list[Arrived]:
        arrived, self._arrived = self._arrived, []
        return arrived

    def alive(self) -> bool:
        return self.reachable

    def close(self) -> None:
        self.closed = True
