"""The player's end of the engine: starts the process, sends commands, collects reports.

An engine that is killed is started again: the new one connects to whoever listened to the old one, ends the notes that
it may have left sounding, and goes on where the music would be. Start it before a terminal UI takes stderr over.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import replace

from instrument.core.events import BarNotes
from instrument.core.timebase import seconds_to_ticks
from instrument.engine.messages import (
    Close,
    Command,
    Config,
    Failed,
    Load,
    Nudge,
    Overhear,
    Panic,
    Play,
    Ready,
    Report,
    Resume,
    SetOffset,
    SetTempo,
    Status,
    Stop,
    Trouble,
)
from instrument.engine.wire import Wire
from instrument.errors import PortError

START_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 3.0
BARS_KEPT = 4
MOST_STARTS, STARTS_WINDOW_S = 3, 60.0
TROUBLE_SHOWN_S = 5.0


class EngineClient:
    """One thread at a time may call it."""

    def __init__(self, config: Config, arrived: threading.Event | None = None) -> None:
        """`arrived` is set whenever there is something to `poll`, which clears it."""
        self._config = config
        self._arrived = arrived
        self._early: list[Report] = []
        self._former = self._backend = ""
        self._bars: dict[int, BarNotes] = {}
        self._played: set[tuple[int, int]] = set()
        self._playing: Play | None = None
        self._status: Status | None = None
        self._status_at = 0.0
        self._restarts: deque[float] = deque(maxlen=MOST_STARTS)
        self._calm_at: float | None = None

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
        self._wire = Wire(self._process.stdout, self._process.stdin, self._arrived)
        self._wire.send(self._config)
        deadline = time.perf_counter() + START_TIMEOUT_S
        while time.perf_counter() < deadline:
            self._wire.arrived.wait(0.1)
            for report in self._wire.receive():
                if isinstance(report, Ready):
                    self._former, self._backend = self._backend, report.backend
                    return report
                if isinstance(report, Failed):
                    raise PortError(report.reason)
                self._early.append(report)
            if self._wire.closed:
                break
        self._process.kill()
        self._process.wait()
        raise PortError("the engine did not start; see: ghostnote doctor")

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, command: Command) -> None:
        """An engine that has ended gets it when it has been started again, by the next `poll`."""
        self._remember(command)
        self._wire.send(command)

    def poll(self) -> list[Report]:
        """What has been reported since the last call. Raises PortError where the engine ends again and again."""
        early, self._early = self._early, []
        reports = early + self._wire.receive()
        for report in reports:
            if isinstance(report, Status):
                self._status, self._status_at = report, time.perf_counter()
        if self._wire.closed:
            reports += self._start_again()
        if self._calm_at is not None and time.perf_counter() > self._calm_at:
            self._calm_at = None
            reports.append(Trouble(text="the engine plays again", over=True))
        return reports

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
        return self._early + self._wire.receive()

    def _remember(self, command: Command) -> None:
        """What a new engine would have to be told."""
        match command:
            case Load(bar=bar):
                self._bars[bar.index] = bar
                self._played.update((note.channel, note.note) for note in bar.notes)
                for old in sorted(self._bars)[:-BARS_KEPT]:
                    del self._bars[old]
            case Play():
                self._playing = command
            case Stop() | Panic():
                self._playing = None
            case SetTempo(tempo_bpm=tempo_bpm):
                self._config = replace(self._config, tempo_bpm=tempo_bpm)
            case SetOffset(offset_ms=offset_ms):
                self._config = replace(self._config, offset_ms=offset_ms)
            case Overhear(port=port):
                self._config = replace(self._config, overheard_at=port)
            case Nudge(by_ms=by_ms):
                self._config = replace(self._config, offset_ms=self._config.offset_ms + by_ms)

    def _resume(self, playing: Play, status: Status, *, same_clock: bool) -> Resume:
        if same_clock and self._led:
            return Resume(position_ticks=status.position_ticks, until_bar=playing.until_bar, at_s=status.now_s)
        missed = seconds_to_ticks(time.perf_counter() - self._status_at, status.tempo_bpm)
        return Resume(position_ticks=status.position_ticks + round(missed), until_bar=playing.until_bar)

    @property
    def _led(self) -> bool:
        return self._config.follow_clock or self._config.follow_transport

    def _start_again(self) -> list[Report]:
        now = time.perf_counter()
        if len(self._restarts) == MOST_STARTS and now - self._restarts[0] < STARTS_WINDOW_S:
            raise PortError(f"the engine ended {MOST_STARTS + 1} times within a minute; see: ghostnote doctor")
        self._restarts.append(now)
        self._process.wait()
        status = self._status
        receivers, senders = (status.receivers, status.senders) if status else ((), ())
        hanging = tuple(sorted(self._played))
        self._config = replace(self._config, receivers=receivers, senders=senders, hanging=hanging)
        ready = self.start()
        for bar in self._bars.values():
            self._wire.send(Load(bar=bar))
        waits = self._led and status is not None and not status.playing
        if self._playing is not None and status is not None and not (status.finished or waits):
            self._wire.send(self._resume(self._playing, status, same_clock=self._former == self._backend))
        elif self._playing is not None and (status is None or (waits and not status.finished)):
            self._wire.send(self._playing)
        self._calm_at = time.perf_counter() + TROUBLE_SHOWN_S
        return [ready, Trouble(text="the engine ended and was started again", over=False)]
