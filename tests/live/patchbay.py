"""A listener on the wire: a JACK client that logs every event at its frame, and connects other programs' ports."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np

from instrument.audio.synthesis import Floats
from instrument.core.events import NOTE_OFF, NOTE_ON

RETRY_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message as it came in, and its frame on JACK's clock."""

    frame: int
    data: bytes

    @property
    def note_on(self) -> bool:
        return self.data[0] & 0xF0 == NOTE_ON and self.data[2] > 0

    @property
    def note_off(self) -> bool:
        return self.data[0] & 0xF0 == NOTE_OFF or (self.data[0] & 0xF0 == NOTE_ON and self.data[2] == 0)


def held(heard: Sequence[Heard]) -> set[tuple[int, int]]:
    """(channel, note) of the notes that were begun and not ended."""
    notes: set[tuple[int, int]] = set()
    for event in heard:
        if event.note_on:
            notes.add((event.data[0] & 0x0F, event.data[1]))
        elif event.note_off:
            notes.discard((event.data[0] & 0x0F, event.data[1]))
    return notes


class Patchbay:
    """JACK's threads append to `heard` and `_sound` and say that ports have changed; a thread of ours connects.

    JACK's server waits for a client to answer each of its notices, also while that client's own call is running: so
    the notice only sets a flag, and no lock is held over a call.
    """

    def __init__(self, server: str) -> None:
        import jack

        self._jack: Any = jack
        self._client: Any = jack.Client("patchbay", servername=server, no_start_server=True)
        self._in = self._client.midi_inports.register("in")
        self._ear = self._client.inports.register("ear")
        self.heard: list[Heard] = []
        self._sound: list[tuple[int, Floats]] = []
        self._wanted: list[tuple[str, str]] = []
        self._known: set[str] = set()
        self._changed = threading.Event()
        self._leaving = threading.Event()
        self._client.set_process_callback(self._process)
        self._client.set_port_registration_callback(self._ports_changed, only_available=False)
        self._client.activate()
        self._thread = threading.Thread(target=self._connect_for_ever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        self._changed.set()
        self._thread.join()
        self._client.deactivate()
        self._client.close()

    def listen_to(self, source: str) -> None:
        """Log what a MIDI port sends."""
        self.connect(source, self._in.name)

    def record(self, source: str) -> None:
        """Keep what an audio port plays, from now on."""
        self._sound.clear()
        self.connect(source, self._ear.name)

    def sound(self) -> tuple[int, Floats]:
        """JACK's frame at which the recorded sound begins, and the sound, float32 [N]."""
        blocks = list(self._sound)
        first = blocks[0][0]
        sound = np.zeros(blocks[-1][0] - first + len(blocks[-1][1]), np.float32)
        for frame, block in blocks:
            sound[frame - first : frame - first + len(block)] = block
        return first, sound

    def notes(self) -> list[Heard]:
        """What was heard, but for controllers and the like."""
        return [event for event in self.heard if event.note_on or event.note_off]

    def connect(self, source: str, sink: str) -> None:
        """Connect two ports now, or as soon as both are there."""
        self._wanted.append((source, sink))
        self._changed.set()

    def wait_for(self, port: str, timeout_s: float = 20.0) -> None:
        self._wait(lambda: port in self._names(), f"no port {port}", timeout_s)

    def wait_until_gone(self, port: str, timeout_s: float = 5.0) -> None:
        self._wait(lambda: port not in self._names(), f"{port} is still there", timeout_s)

    def wait_until_connected(self, timeout_s: float = 20.0) -> None:
        """Until all connections that were asked for have been made."""
        self._wait(lambda: not self._wanted, f"can't connect {self._wanted}", timeout_s)

    def wait_for_sounding_note(self, timeout_s: float = 20.0) -> None:
        """Until a note has been begun and not ended."""
        self._wait(lambda: bool(held(self.heard[-64:])), "no note sounds", timeout_s, look_s=0.001)

    def wait_until(self, true: Callable[[], bool], complaint: str, timeout_s: float = 20.0) -> None:
        self._wait(true, complaint, timeout_s)

    def _wait(self, true: Callable[[], bool], complaint: str, timeout_s: float, look_s: float = 0.01) -> None:
        deadline = time.monotonic() + timeout_s
        while not true():
            assert time.monotonic() < deadline, f"{complaint} after {timeout_s} s"
            time.sleep(look_s)

    def _process(self, frames: int) -> None:
        start = self._client.last_frame_time
        for offset, data in self._in.incoming_midi_events():
            self.heard.append(Heard(frame=start + offset, data=bytes(data)))
        if self._ear.number_of_connections:
            self._sound.append((start, self._ear.get_array().copy()))

    def _ports_changed(self, port: object, registered: bool) -> None:
        self._changed.set()

    def _names(self) -> set[str]:
        """All ports; those of the last look where one goes away meanwhile."""
        try:
            self._known = {str(port.name) for port in self._client.get_ports()}
        except self._jack.JackError:
            self._changed.set()
        return self._known

    def _connect_for_ever(self) -> None:
        """Connections sometimes fail at first: each is looked up after it was made, and tried again."""
        while not self._leaving.is_set():
            self._changed.clear()
            names = self._names()
            for ends in list(self._wanted):
                if names >= set(ends) and self._connected(*ends):
                    self._wanted.remove(ends)
            self._changed.wait(RETRY_S)

    def _connected(self, source: str, sink: str) -> bool:
        try:
            if not self._has(source, sink):
                self._client.connect(source, sink)
            return self._has(source, sink)
        except self._jack.JackError:
            return False

    def _has(self, source: str, sink: str) -> bool:
        return any(str(port.name) == sink for port in self._client.get_all_connections(source))
