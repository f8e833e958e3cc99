"""The portable sink: python-rtmidi over ALSA, JACK, CoreMIDI or Windows MM, sending each message when it is due.

Virtual ports exist everywhere but on Windows, where an existing loopback port is used instead. RtMidi says nothing when
a JACK server dies, and holds the interpreter for milliseconds while it opens a client to look: so another client, which
is told, watches the server.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import Any

from instrument.core.events import Message
from instrument.engine.messages import Sent
from instrument.errors import PortError, nearest
from instrument.ports.contract import LONGEST_HEARD, MOST_WAITING, Arrived, PortNames
from instrument.ports.jack_watch import JackWatch
from instrument.ports.quiet import quiet

LOOPBACKS = ("Default App Loopback", "loopMIDI")
FLUSH_S = 0.01
"""RtMidi over JACK hands its ring over once a period; a port that closes sooner loses what is in it."""


def load_rtmidi() -> Any:
    """The library. Raises PortError, saying what is missing, where it can't be imported."""
    try:
        import rtmidi
    except ImportError as error:
        hint = "install libasound2" if "libasound" in str(error) else "reinstall python-rtmidi with Python 3.11 or 3.12"
        raise PortError(f"python-rtmidi can't be loaded ({error}); {hint}") from error
    return rtmidi


def api_names(rtmidi: Any) -> dict[int, str]:
    """The MIDI systems that the library was built for."""
    names = {
        rtmidi.API_LINUX_ALSA: "alsa",
        rtmidi.API_UNIX_JACK: "jack",
        rtmidi.API_MACOSX_CORE: "coremidi",
        rtmidi.API_WINDOWS_MM: "winmm",
    }
    return {api: names[api] for api in rtmidi.get_compiled_api() if api in names}


class RtMidiSink:
    """Keeps the contract of `OutSink`."""

    look_ahead_s = 0.0

    def __init__(self, rtmidi: Any, api: int, api_name: str, names: PortNames, in_port: str) -> None:
        """Opens the ports. Raises the library's RtMidiError, or PortError for a port that isn't there."""
        self._rtmidi = rtmidi
        self._names = names
        self.backend = f"rtmidi/{api_name}"
        self.now = time.perf_counter
        self._sent: list[Sent] = []
        self._arrived: deque[Arrived] = deque(maxlen=MOST_WAITING)
        with quiet():
            self._out: Any = rtmidi.MidiOut(api, name=names.client)
            self._ins: list[Any] = []
            self.out_port = self._open_out()
            self.in_port = self._open_virtual_in(api)
            if in_port:
                self.in_port = self._open_in(api, in_port)
        self._watch = JackWatch.of(names.client) if api == rtmidi.API_UNIX_JACK else None

    def send(self, message: Message, due_s: float) -> None:
        try:
            self._out.send_message(message.to_bytes())
        except self._rtmidi.RtMidiError:
            return
        self._sent.append(Sent(message=message, due_s=due_s, sent_s=self.now()))

    def collect(self) -> list[Sent]:
        sent, self._sent = self._sent, []
        return sent

    def incoming(self) -> list[Arrived]:
        arrived = []
        while self._arrived:
            arrived.append(self._arrived.popleft())
        return arrived

    def _hear(self, event: tuple[list[int], float], data: object = None) -> None:
        """RtMidi's thread calls it as soon as a message is there."""
        at_s = self.now()
        message, _ = event
        kept = message if len(message) <= LONGEST_HEARD else message[:1]
        self._arrived.append(Arrived(data=bytes(kept), at_s=at_s, port=str(data or "")))

    def alive(self) -> bool:
        if self._watch is not None:
            return self._watch.alive
        return self._virtual or self.out_port in self._out.get_ports()

    def close(self) -> None:
        if self._out is None:
            return
        time.sleep(FLUSH_S)
        with quiet():
            for port in self._ins:
                port.cancel_callback()
            for port in (*self._ins, self._out):
                port.close_port()
                port.delete()
        self._ins, self._out = [], None
        if self._watch is not None:
            self._watch.close()

    @property
    def _virtual(self) -> bool:
        return sys.platform != "win32"

    def _open_out(self) -> str:
        if self._virtual:
            self._out.open_virtual_port(self._names.out)
            return f"{self._names.client}:{self._names.out}"
        ports = self._out.get_ports()
        for index, port in enumerate(ports):
            if any(loopback in port for loopback in LOOPBACKS):
                self._out.open_port(index)
                return str(port)
        raise PortError(
            "Windows has no loopback MIDI port; install loopMIDI, or the new Windows MIDI Services, and add one"
        )

    def _open_virtual_in(self, api: int) -> str:
        if not self._virtual:
            return ""
        self._new_in(api).open_virtual_port(self._names.into)
        return f"{self._names.client}:{self._names.into}"

    def _new_in(self, api: int, sender: str = "") -> Any:
        port = self._rtmidi.MidiIn(api, name=self._names.client)
        port.ignore_types(sysex=True, timing=False, active_sense=True)
        port.set_callback(self._hear, data=sender)
        self._ins.append(port)
        return port

    def _open_in(self, api: int, wanted: str) -> str:
        """Listen to a port beside our own."""
        ports = self._rtmidi.MidiIn(api).get_ports()
        for index, port in enumerate(ports):
            if wanted == port or wanted in port:
                self._new_in(api, str(port)).open_port(index, self._names.into)
                return str(port)
        raise PortError(f'no MIDI input "{wanted}"{nearest(wanted, ports)}; see: ghostnote ports')
