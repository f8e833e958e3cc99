"""Another player on a real port: what a live run has heard gives the same drums again, and our own notes don't howl."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import mido
import pytest

from instrument.bench.controller import Controller
from instrument.bench.jack_server import JackServer
from instrument.core.timebase import BAR_TICKS
from instrument.ports.smf import HEARD_TITLE
from tests.cli.run import ghostnote
from tests.live.hosts import OUT_PORT, ask, host, jam, running
from tests.live.patchbay import Patchbay
from tests.live.test_following import ARDOUR_CLOCK, ARDOUR_SETTINGS, order

pytestmark = pytest.mark.live
IN_PORT = "Ghostnote:in"
PARTNER = Path(__file__).with_name("partner.lua")
BPM = 150
STEP_S = 60 / BPM / 4

Stroke = tuple[int, int, int, int]
"""Tick, channel, note, velocity."""


def strokes(track: mido.MidiTrack) -> list[Stroke]:
    found, tick = [], 0
    for message in track:
        tick += message.time
        if message.type == "note_on" and message.velocity:
            found.append((tick, message.channel, message.note, message.velocity))
    return found


def drums(path: Path) -> list[Stroke]:
    return strokes(mido.MidiFile(path).tracks[0])


def play_along(keys: Controller, seconds: float) -> None:
    """A busy player who is never quite on the grid."""
    chance = random.Random(3)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        note, velocity = chance.choice((40, 52, 60)), chance.randint(30, 127)
        keys.send(0x90, note, velocity)
        time.sleep(STEP_S * chance.choice((1, 2, 2, 3)) * chance.uniform(0.9, 1.1))
        keys.send(0x80, note, 64)


@pytest.mark.parametrize(
    "options",
    [
        ("--follow", "1", "--variation", "0"),
        ("--follow", "0.7", "--follow-energy", "--complement"),
        ("--trade", "2", "--distance", "0.5"),
    ],
    ids=["follow", "energy", "trade"],
)
def test_what_a_live_run_heard_gives_the_same_drums_again(
    jack_server: JackServer, tmp_path: Path, options: tuple[str, ...]
) -> None:
    recorded, again = tmp_path / "live.mid", tmp_path / "again.mid"
    music = ("--seed", "7", "--bpm", str(BPM), *options)
    with (
        Patchbay(jack_server.name) as patchbay,
        Controller(jack_server.name) as keys,
        running(jam("--bars", "6", "--record", str(recorded), "--json", *music), jack_server.name) as process,
    ):
        patchbay.connect(keys.port, IN_PORT)
        patchbay.listen_to(OUT_PORT)
        patchbay.wait_until_connected()
        patchbay.wait_for_sounding_note()
        play_along(keys, 8.5)
        out, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    heard = strokes(next(track for track in mido.MidiFile(recorded).tracks if track.name == HEARD_TITLE))
    assert json.loads(out)["heard"]["notes"] == len(heard) > 20
    assert ghostnote("render", "--along", recorded, "-o", again, *music).code == 0
    assert drums(recorded) == drums(again)
    if options[:2] == ("--follow", "1"):
        ticks = [tick for tick, *_ in drums(recorded)]
        answered = [
            any(abs(near - tick - BAR_TICKS) <= 60 for near in ticks) for tick, *_ in heard if tick < 5 * BAR_TICKS
        ]
        assert sum(answered) >= 0.95 * len(answered)


class Thru:
    """A host that sends on what it gets, a period later."""

    def __init__(self, server: str) -> None:
        import jack

        self._client: Any = jack.Client("thru", servername=server, no_start_server=True)
        self._in = self._client.midi_inports.register("in")
        self._out = self._client.midi_outports.register("out")
        self._client.set_process_callback(self._process)
        self._client.activate()

    def _process(self, frames: int) -> None:
        self._out.clear_buffer()
        for offset, data in self._in.incoming_midi_events():
            self._out.write_midi_event(offset, bytes(data))

    def close(self) -> None:
        self._client.deactivate()
        self._client.close()


def test_our_own_notes_are_not_answered(jack_server: JackServer) -> None:
    thru = Thru(jack_server.name)
    with (
        Patchbay(jack_server.name) as patchbay,
        running(jam("--seed", "7", "--follow", "1", "--bpm", "240", "--json"), jack_server.name) as process,
    ):
        patchbay.connect(OUT_PORT, "thru:in")
        patchbay.connect("thru:out", IN_PORT)
        patchbay.wait_until_connected()
        time.sleep(6.0)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=10)
    thru.close()
    assert json.loads(out)["heard"]["notes"] == 0
    assert "our own notes come back in" in errors


def test_bars_are_traded_with_ardour_playing_from_its_session(jack_server: JackServer, tmp_path: Path) -> None:
    """Its clock leads, its track plays what was recorded there; its bars are waited through, ours answer them."""
    program, name = host("ardour7-lua", "ardour"), jack_server.name
    settings = tmp_path / "config" / "ardour7" / "config"
    settings.parent.mkdir(parents=True)
    settings.write_text(ARDOUR_SETTINGS, encoding="utf-8")
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    command, take = [program, str(PARTNER), str(tmp_path / "session")], tmp_path / "take.mid"
    trade = ("--trade", "1", "--seed", "7")
    with Patchbay(name) as patchbay, running(command, name, stdin=subprocess.PIPE, variables=home) as ardour:
        ask(ardour, "ready")
        with Controller(name) as keys:
            patchbay.connect(keys.port, "ardour:Guitar/midi_in 1")
            patchbay.wait_until_connected()
            order(ardour, "record")
            play_along(keys, 4 * 2.0)
            order(ardour, "keep")
        with running(jam("--sync", "midi", "--record", str(take), "--json", *trade), name) as process:
            patchbay.connect(ARDOUR_CLOCK, IN_PORT)
            patchbay.connect("ardour:Guitar/midi_out 1", IN_PORT)
            patchbay.wait_until_connected()
            order(ardour, "roll")
            time.sleep(4 * 2.0 + 0.5)
            order(ardour, "stop")
            process.send_signal(signal.SIGINT)
            facts = json.loads(process.communicate(timeout=20)[0])
        ardour.communicate("end\n", timeout=30)
    assert facts["clock"]["sync"] == "midi"
    assert facts["heard"]["notes"] > 8
    bars = [{note for tick, _, note, _ in drums(take) if (tick + 60) // BAR_TICKS == bar} for bar in range(4)]
    assert all(bars[bar] <= {42, 51} for bar in (0, 2)), "we play in its turn"
    assert all(bars[bar] - {42, 51} for bar in (1, 3)), "we don't answer"
    assert {36, 49} <= bars[1]
