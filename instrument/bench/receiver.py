"""An independent receiver: a JACK client in a process of its own, which logs each message at its frame.

`python -m instrument.bench.receiver SOURCE...` connects to the port of one of these names whenever it appears and
prints a line for each message: the time on the system's monotonic clock in seconds, JACK's frame, the bytes. It ends
when its stdin does.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

LOOK_S = 0.01
READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message, JACK's frame of it, and when the receiver got it."""

    time_s: float
    frame: int
    data: bytes


def _log_for_ever(sources: list[str]) -> None:
    import jack

    client: Any = jack.Client("Ghostnote bench", no_start_server=True)
    port = client.midi_inports.register("in")
    log: deque[tuple[float, int, bytes]] = deque()

    def process(frames: int) -> None:
        for offset, data in port.incoming_midi_events():
            log.append((time.perf_counter(), client.last_frame_time + offset, bytes(data)))

    client.set_process_callback(process)
    left = threading.Event()
    threading.Thread(target=_wait_for_end, args=(left,), daemon=True).start()
    with client:
        print(READY, flush=True)
        while not left.wait(LOOK_S):
            if not port.connections:
                _connect(client, port, sources)
            while log:
                moment, frame, data = log.popleft()
                print(moment, frame, data.hex(), flush=True)


def _connect(client: Any, port: Any, sources: list[str]) -> None:
    import jack

    for there in client.get_ports(is_output=True):
        if there.name in sources:
            with suppress(jack.JackError):
                client.connect(there, port)


def _wait_for_end(left: threading.Event) -> None:
    sys.stdin.read()
    left.set()


class Receiver:
    """The process of a receiver, and what it has heard."""

    def __init__(self, sources: str | Sequence[str], environment: dict[str, str]) -> None:
        self.heard: list[Heard] = []
        names = [sources] if isinstance(sources, str) else sources
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "instrument.bench.receiver", *names],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._ready.wait(10)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            if line.strip() == READY:
                self._ready.set()
                continue
            moment, frame, data = line.split()
            self.heard.append(Heard(time_s=float(moment), frame=int(frame), data=bytes.fromhex(data)))

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


if __name__ == "__main__":
    _log_for_ever(sys.argv[1:])
