"""Where messages go: one contract for every sink, so that the engine doesn't know what is behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from instrument.core.events import Message
from instrument.engine.messages import Sent

MOST_WAITING = 4096
"""Arrived messages that a port keeps for the engine; beyond it the oldest are lost."""
LONGEST_HEARD = 256
"""Of a longer message, a system exclusive, only the first byte is kept: it says that what comes isn't music."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Bytes that came in, with the time on the sink's clock at which they did; `port` as in `messages.Played`."""

    data: bytes
    at_s: float
    port: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortNames:
    """What other programs see: `Ghostnote:out` is client "Ghostnote", port "out"."""

    client: str
    out: str = "out"
    into: str = "in"


class OutSink(Protocol):
    """An open output. The engine's thread calls it; time is the sink's own monotonic clock, in seconds."""

    @property
    def backend(self) -> str:
        """ "jack", "rtmidi/<api>", "none" or "memory"."""

    @property
    def out_port(self) -> str:
        """The port's full name, as other programs see it."""

    @property
    def in_port(self) -> str:
        """The input's full name, or "" without one."""

    @property
    def look_ahead_s(self) -> float:
        """How long before its time a message must be handed over; 0 where `send` sends at once."""

    def now(self) -> float: ...

    def send(self, message: Message, due_s: float) -> None:
        """Hand over a message that is due at a time. Never blocks and never raises."""

    def collect(self) -> list[Sent]:
        """What has gone out since the last call, with the time it was due and the time it went."""

    def incoming(self) -> list[Arrived]:
        """What has come in since the last call, in order."""

    def alive(self) -> bool:
        """Whether the port still reaches its system. May take a millisecond."""

    def close(self) -> None:
        """Wait until what was handed over is out, then close the ports. Safe to call twice."""
