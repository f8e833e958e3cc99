"""What dies while it plays: the engine, the server; and the portable sink beside the exact one."""

from __future__ import annotations

import signal
from pathlib import Path

import mido
import psutil
import pytest

from instrument.bench.jack_server import JackServer
from tests.live.hosts import OUT_PORT, jam, play, running
from tests.live.patchbay import Patchbay, held

pytestmark = pytest.mark.live


def test_a_killed_engine_comes_back_for_its_listener_and_leaves_nothing_sounding(jack_server: JackServer) -> None:
    server = jack_server.name
    with Patchbay(server) as patchbay, running(jam("--seed", "7"), server) as process:
        patchbay.listen_to(OUT_PORT)
        patchbay.wait_for_sounding_note()
        (engine,) = psutil.Process(process.pid).children()
        engine.kill()
        engine.wait(5)
        heard = len(patchbay.heard)
        patchbay.wait_for(OUT_PORT)
        patchbay.wait_until(lambda: any(event.note_on for event in patchbay.heard[heard:]), "the new engine is silent")
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 130
        patchbay.wait_until_gone(OUT_PORT)
        assert not held(patchbay.heard)


def test_a_server_that_dies_and_comes_back_is_played_to_again(jack_server: JackServer) -> None:
    server = jack_server.name
    with running(jam("--seed", "7"), server) as process:
        with Patchbay(server) as patchbay:
            patchbay.listen_to(OUT_PORT)
            patchbay.wait_for_sounding_note()
        jack_server.kill()
        jack_server.start()
        with Patchbay(server) as patchbay:
            patchbay.listen_to(OUT_PORT)
            patchbay.wait_for_sounding_note()
            process.send_signal(signal.SIGINT)
            assert process.wait(5) == 130
            patchbay.wait_until_gone(OUT_PORT)
            assert not held(patchbay.heard)


def test_the_portable_sink_sends_what_it_records(jack_server: JackServer, tmp_path: Path) -> None:
    if Path("/dev/snd/seq").exists():
        pytest.skip("RtMidi takes the ALSA sequencer here, where the JACK client can't listen")
    file = tmp_path / "take.mid"
    with Patchbay(jack_server.name) as patchbay:
        patchbay.listen_to(OUT_PORT)
        play(jack_server.name, "--backend", "rtmidi", "--seed", "7", "--bars", "4", "--record", str(file))
        patchbay.wait_until_gone(OUT_PORT)
        heard = [event.data for event in patchbay.notes()]
    written = [bytes(message.bytes()) for message in mido.MidiFile(file).tracks[0] if not message.is_meta]
    assert heard == written
    assert not held(patchbay.heard)
