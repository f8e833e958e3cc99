"""The performance's line to the engine: commands that wait to be sent, and the engine's last word on where it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection

from instrument.core.timebase import seconds_to_ticks
from instrument.engine.client import EngineClient
from instrument.engine.messages import Command, Play, Ready, Report, Status, Trouble

START_WAIT_S = 0.5
"""How long a start waits for its first bar."""

LONGEST_GUESS_S = 1.0
"""The position is not guessed further than this beyond the engine's last word."""


class EngineLine:
    """One thread at a time; the feeder's alone calls `poll`, `send` and `close`."""

    def __init__(self, client: EngineClient, clock: Callable[[], float]) -> None:
        """Starts the engine. Raises PortError."""
        self._client = client
        self._clock = clock
        self.ready: Ready = client.start()
        self.status: Status | None = None
        self.trouble = ""
        self._status_at = 0.0
        self._waiting: deque[Command] = deque()
        self._start_since: float | None = None

    def ask(self, *commands: Command) -> None:
        """To be sent in this order, as soon as they are due."""
        self._waiting.extend(commands)

    def due(self, fed: Collection[int]) -> list[Command]:
        """The commands to be sent now: a start waits a moment for its first bar, which must be among those `fed`."""
        found = []
        while self._waiting:
            command = self._waiting[0]
            if isinstance(command, Play) and command.from_bar not in fed:
                self._start_since = self._start_since or self._clock()
                if self._clock() - self._start_since < START_WAIT_S:
                    break
            self._start_since = None
            found.append(self._waiting.popleft())
        return found

    def send(self, command: Command) -> None:
        self._client.send(command)

    def poll(self) -> list[Report]:
        """Raises PortError where the engine can't be kept alive."""
        return self._client.poll()

    def note(self, report: Report) -> None:
        """Remember what the engine said last."""
        match report:
            case Status():
                self.status, self._status_at = report, self._clock()
            case Trouble(text=text, over=over):
                self.trouble = "" if over else text
            case Ready():
                self.ready = report

    def position(self) -> int:
        """In ticks, guessed on from the engine's last word."""
        status = self.status
        if status is None:
            return 0
        if not status.playing:
            return status.position_ticks
        since = min(self._clock() - self._status_at, LONGEST_GUESS_S)
        return status.position_ticks + int(seconds_to_ticks(since, status.tempo_bpm))

    def close(self) -> list[Report]:
        return self._client.close()
