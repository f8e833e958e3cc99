"""RtMidi's sink over a JACK server that goes: noticed, and played to again when it is back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from instrument.bench.jack_server import JackServer
from instrument.ports.contract import PortNames
from instrument.ports.rtmidi_sink import RtMidiSink, load_rtmidi

pytestmark = pytest.mark.live
NOTICED_S = 5.0


def segments() -> list[str]:
    """JACK's shared memory as this process has mapped it; empty where there is no /proc."""
    try:
        paths = [line.split()[5] for line in Path("/proc/self/maps").read_text().splitlines() if "/jack-" in line]
    except OSError:
        return []
    return [path for path in paths if "registry" not in path and ".so" not in path]


def open_jack() -> RtMidiSink:
    rtmidi = load_rtmidi()
    if rtmidi.API_UNIX_JACK not in rtmidi.get_compiled_api():
        pytest.skip("RtMidi was built without JACK")
    return RtMidiSink(rtmidi, rtmidi.API_UNIX_JACK, "jack", PortNames(client="Watched"), "")


def test_a_server_that_goes_is_noticed_and_its_memory_is_mapped_once(
    jack_server: JackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
        monkeypatch.setenv(name, jack_server.environment[name])
    for _ in range(2):
        sink = open_jack()
        assert sink.alive()
        assert len(segments()) == len(set(segments()))
        jack_server.kill()
        deadline = time.monotonic() + NOTICED_S
        while sink.alive() and time.monotonic() < deadline:
            pass
        assert not sink.alive()
        sink.close()
        sink.close()
        assert segments() == []
        jack_server.start()
