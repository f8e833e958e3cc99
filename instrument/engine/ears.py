"""What hands send, on its way from the port to the player's process: read when the music has been handed over.

A flood must not make the music late: only so much is read in one turn, only so much waits, and a controller that moves
on before it was reported is reported where it is now. A move through the middle is kept, as a pedal may press there.
What doesn't fit is counted.
"""

from __future__ import annotations

from collections import deque

from instrument.core.channel_messages import (
    CHANNEL_PRESSURE,
    CONTROL_CHANGE,
    PITCH_BEND,
    POLY_PRESSURE,
    ChannelReader,
)
from instrument.core.echo import EchoFilter
from instrument.core.events import NOTE_ON
from instrument.engine.messages import Heard, Played
from instrument.ports.contract import MOST_WAITING, Arrived

MOST_READ = 16
"""Chunks of bytes at once, about a fifth of a millisecond's work."""
MOST_REPORTED = 40
"""In one report, so that it is never longer than what a pipe takes without waiting (4096 bytes)."""
MOST_PORTS = 64
MIDDLE = 64
CONTINUOUS = frozenset((CONTROL_CHANGE, POLY_PRESSURE, CHANNEL_PRESSURE, PITCH_BEND))

Key = tuple[object, ...]


class Ears:
    """Mutable; one thread, the engine's."""

    def __init__(self) -> None:
        self.echo = EchoFilter()
        self._chunks: deque[tuple[Arrived, int]] = deque()
        self._readers: dict[str, ChannelReader] = {}
        self._waiting: dict[Key, Played] = {}
        self._count = 0
        self._dropped = 0

    def hear(self, arrived: Arrived, position_ticks: int) -> None:
        """Bytes came in while the music was at a position, or -1."""
        if len(self._chunks) >= MOST_WAITING:
            self._chunks.popleft()
            self._dropped += 1
        self._chunks.append((arrived, position_ticks))

    def read(self) -> bool:
        """Read a little of what has come in. Whether there is more."""
        for _ in range(min(len(self._chunks), MOST_READ)):
            arrived, position = self._chunks.popleft()
            for message in self._reader(arrived.port).read(arrived.data):
                if message.kind == NOTE_ON and self.echo.is_echo(
                    arrived.at_s, message.channel, message.data1, message.data2
                ):
                    continue
                self._keep(
                    Played(
                        kind=message.kind,
                        channel=message.channel,
                        data1=message.data1,
                        data2=message.data2,
                        at_s=arrived.at_s,
                        position_ticks=position,
                        port=arrived.port,
                    )
                )
        return bool(self._chunks)

    @property
    def waiting(self) -> bool:
        """Whether there is something to report."""
        return bool(self._waiting)

    def take(self) -> Heard:
        """What waits to be reported."""
        heard = Heard(events=tuple(self._waiting.values()), dropped=self._dropped)
        self._waiting.clear()
        return heard

    def _keep(self, played: Played) -> None:
        key = self._key(played)
        self._waiting.pop(key, None)
        if len(self._waiting) >= MOST_REPORTED:
            self._dropped += 1
        else:
            self._waiting[key] = played

    def _key(self, played: Played) -> Key:
        """The same for moves of one controller within one half of its way; else unlike any other."""
        if played.kind not in CONTINUOUS:
            self._count += 1
            return (self._count,)
        which = played.data1 if played.kind in (CONTROL_CHANGE, POLY_PRESSURE) else -1
        value = played.data1 if played.kind == CHANNEL_PRESSURE else played.data2
        return played.port, played.kind, played.channel, which, value >= MIDDLE

    def _reader(self, port: str) -> ChannelReader:
        if port not in self._readers:
            if len(self._readers) >= MOST_PORTS:
                self._readers.clear()
            self._readers[port] = ChannelReader()
        return self._readers[port]
