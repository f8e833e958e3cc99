"""Which MIDI systems there are and what can be connected through them."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import Any

from instrument.errors import PortError
from instrument.ports.jack_sink import load_jack
from instrument.ports.quiet import quiet
from instrument.ports.rtmidi_sink import api_names, load_rtmidi
from instrument.text import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A MIDI system. `inputs` can be listened to, `outputs` played to; `problem` says why it can't be used, or ""."""

    name: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    problem: str = ""

    def as_data(self) -> dict[str, Any]:
        return asdict(self)


def systems() -> list[System]:
    """All that this machine could have, usable or not."""
    found = [_jack()] if sys.platform.startswith("linux") else []
    return found + _rtmidi()


def _jack() -> System:
    try:
        jack = load_jack()
        with quiet():
            client = jack.Client("Ghostnote ports", no_start_server=True)
    except PortError as error:
        return System(name="jack", problem=str(error))
    except Exception as error:
        return System(name="jack", problem=f"no JACK server answers ({printable(str(error), 80)})")
    with client:
        inputs = tuple(printable(port.name) for port in client.get_ports(is_midi=True, is_output=True))
        outputs = tuple(printable(port.name) for port in client.get_ports(is_midi=True, is_input=True))
    return System(name="jack", inputs=inputs, outputs=outputs)


def _rtmidi() -> list[System]:
    try:
        rtmidi = load_rtmidi()
    except PortError as error:
        return [System(name="rtmidi", problem=str(error))]
    return [_rtmidi_system(rtmidi, api, f"rtmidi/{name}") for api, name in api_names(rtmidi).items()]


def _rtmidi_system(rtmidi: Any, api: int, name: str) -> System:
    try:
        with quiet():
            source, target = rtmidi.MidiIn(api), rtmidi.MidiOut(api)
            inputs, outputs = source.get_ports(), target.get_ports()
            source.delete()
            target.delete()
    except rtmidi.RtMidiError as error:
        return System(name=name, problem=printable(str(error), 120))
    return System(name=name, inputs=tuple(map(printable, inputs)), outputs=tuple(map(printable, outputs)))
