"""Which sink there is: JACK where a server answers, else what python-rtmidi finds, else none and the reason."""

from __future__ import annotations

import sys

from instrument.errors import PortError
from instrument.ports.contract import OutSink, PortNames
from instrument.ports.jack_sink import JackSink
from instrument.ports.memory import MemorySink
from instrument.ports.quiet import quiet
from instrument.ports.rtmidi_sink import RtMidiSink, api_names, load_rtmidi

BACKENDS = ("auto", "jack", "rtmidi", "none")


def open_sink(backend: str, names: PortNames, in_port: str = "") -> OutSink:
    """Open the ports. Raises PortError, in one line, where the backend isn't there."""
    if backend == "none":
        return MemorySink()
    if backend == "jack":
        return JackSink(names, in_port)
    if backend == "rtmidi":
        return _open_rtmidi(names, in_port)
    if sys.platform.startswith("linux"):
        try:
            return JackSink(names, in_port)
        except PortError as error:
            if in_port and "no MIDI input" in str(error):
                raise
    return _open_rtmidi(names, in_port)


def _open_rtmidi(names: PortNames, in_port: str) -> OutSink:
    rtmidi = load_rtmidi()
    for api, name in api_names(rtmidi).items():
        try:
            with quiet():
                return RtMidiSink(rtmidi, api, name, names, in_port)
        except rtmidi.RtMidiError:
            continue
    raise PortError(missing_system())


def missing_system() -> str:
    """One line: what is missing here and how to get it."""
    if sys.platform.startswith("linux"):
        return (
            "no MIDI system: no ALSA sequencer (/dev/snd/seq) and no JACK server; "
            "load the sequencer with `sudo modprobe snd-seq`, or start JACK or PipeWire"
        )
    if sys.platform == "darwin":
        return "no MIDI system: CoreMIDI does not answer; log out and in again, or restart the Mac"
    return "no MIDI system: Windows has no loopback MIDI port; install loopMIDI and add a port in it"
