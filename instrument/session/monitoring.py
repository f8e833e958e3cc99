"""The monitor from the performance's side: started, watched and ended; its trouble is told and touches nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from instrument.engine.messages import Overhear
from instrument.errors import GhostnoteError

BACKEND = "GHOSTNOTE_SOUND"
"""The environment's word for which of miniaudio's backends sounds; the system's own without one."""

END_WAIT_S = 1.0


class MonitorError(GhostnoteError):
    """The monitor can't sound; one line says why."""


class Monitor:
    """One thread at a time may call it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    @property
    def on(self) -> bool:
        return self._process is not None

    def start(self, pads: Sequence[tuple[int, int]]) -> int:
        """Start the process for a kit map's (channel, note) pairs; the port that it listens at. Raises MonitorError."""
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "instrument.audio.monitor", os.environ.get(BACKEND, "")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._process = process
        if process.stdin is None or process.stdout is None:
            raise MonitorError("the monitor has no pipe")
        try:
            process.stdin.write(json.dumps(list(pads)) + "\n")
            process.stdin.flush()
            said = json.loads(process.stdout.readline() or "{}")
        except (OSError, ValueError):
            said = {}
        if "port" not in said:
            self.stop()
            raise MonitorError(said.get("trouble", "the monitor ended before it sounded"))
        return int(said["port"])

    def ended(self) -> bool:
        """Whether it has ended by itself; it counts as off then."""
        if self._process is None or self._process.poll() is None:
            return False
        self._process = None
        return True

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        try:
            process.wait(END_WAIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class MonitorSwitch:
    """A monitor, and the engine's word to it."""

    def __init__(self, ask: Callable[[Overhear], None]) -> None:
        self._monitor = Monitor()
        self._ask = ask

    @property
    def on(self) -> bool:
        return self._monitor.on

    def toggle(self, pads: Sequence[tuple[int, int]]) -> str:
        """On or off, which may take a second; what the player is told. Raises MonitorError."""
        if self._monitor.on:
            self._ask(Overhear(port=0))
            self._monitor.stop()
            return "the monitor is off"
        self._ask(Overhear(port=self._monitor.start(pads)))
        return "the built-in kit sounds"

    def ended(self) -> bool:
        """Whether it has ended by itself; the engine tells nobody then."""
        if not self._monitor.ended():
            return False
        self._ask(Overhear(port=0))
        return True

    def stop(self) -> None:
        self._monitor.stop()
