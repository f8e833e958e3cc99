"""The player's end of the engine: starts the process, sends commands, collects reports, notices its death.

A killed engine is started again: the new one ends what the old one left sounding and goes on at the bar where the music
would be. Start it before a terminal UI takes stderr over.
"""

from __future__ import annotations

import subprocess
import sys
import time

from instrument.engine.messages import Close, Command, Config, Failed, Ready, Report
from instrument.engine.wire import Wire
from instrument.errors import PortError

START_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 3.0


class EngineClient:
    """One thread at a time may call it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._early: list[Report] = []

    def start(self) -> Ready:
        """Start the process and wait for its ports. Raises PortError with the engine's own reason."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "instrument.engine"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise PortError("the engine has no pipe")
        self._wire = Wire(self._process.stdout, self._process.stdin)
        self._wire.send(self._config)
        deadline = time.perf_counter() + START_TIMEOUT_S
        while time.perf_counter() < deadline:
            self._wire.arrived.wait(0.1)
            for report in self._wire.receive():
                if isinstance(report, Ready):
                    return report
                if isinstance(report, Failed):
                    raise PortError(report.reason)
                self._early.append(report)
            if self._wire.closed:
                break
        self._process.kill()
        raise PortError("the engine did not start; see: ghostnote doctor")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return not self._wire.closed

    def send(self, command: Command) -> None:
        """Raises PortError where the engine is gone."""
        if not self._wire.send(command):
            raise PortError("the engine has ended")

    def poll(self) -> list[Report]:
        """What has been reported since the last call."""
        early, self._early = self._early, []
        return early + self._wire.receive()

    def close(self) -> list[Report]:
        """Silence, closed ports, and the process ended. Returns the last reports."""
        self._wire.send(Close())
        self._wire.hang_up()
        try:
            self._process.wait(CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            try:
                self._process.wait(1.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._wire.drain(1.0)
        return self.poll()
