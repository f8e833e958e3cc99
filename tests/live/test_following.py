"""Led by `jack_midi_clock`: our notes on its sixteenths, in the bar that it is in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import mido
import psutil
import pytest

from instrument.bench.jack_server import RATE, JackServer
from tests.cli.run import ghostnote
from tests.live.conductor import CLOCK_PORT, Conductor
from tests.live.hosts import OUT_PORT, ask, host, jam, running
from tests.live.patchbay import Heard, Patchbay, held

pytestmark = pytest.mark.live
IN_PORT = "Ghostnote:in"
FRAMES_PER_STEP = RATE * 60 // 120 // 4
STEP_TICKS = 120
COMMITTED_STEPS = 0.5
"""Of the place that was left, what was committed may still sound so long: a look-ahead and more."""
BBT_FRAMES = 48
"""JACK's bars, beats and ticks are whole numbers, and the clock follows them."""
RESTARTS = int(os.environ.get("GHOSTNOTE_RESTARTS", "2"))
"""How often JACK is killed during a run: 20 for a long look."""
STRAYING_BPM = 12.0
"""Of a clock whose intervals stray by a tenth."""
LEADER = Path(__file__).with_name("leader.lua")
ARDOUR_SETTINGS = '<Ardour><Config><Option name="send-midi-clock" value="1"/></Config></Ardour>'
ARDOUR_CLOCK = "ardour:MIDI Clock out"
ARDOUR_FRAMES = 12
"""Ardour's own ticks lie that far apart."""
FOLLOWING = ("--sync", "midi", "--seed", "7", "--quantise", "1", "--json")


def clock(*options: str) -> list[str]:
    return [host("jack_midi_clock", "jack-midi-clock"), "-b", "120", "-d", "0", *options]


def steps(notes: Sequence[Heard], first_frame: int, first_step: int) -> list[tuple[float, int]]:
    """(step of the song, note) of each stroke, `first_frame` being that of `first_step`."""
    return [((note.frame - first_frame) / FRAMES_PER_STEP + first_step, note.data[1]) for note in notes if note.note_on]


def exact(places: Sequence[float], frames: int = 1) -> bool:
    """Within so many frames of a sixteenth; a machine that is busy may be late with one in ten."""
    hits = sum(abs(place - round(place)) * FRAMES_PER_STEP <= frames for place in places)
    return bool(places) and hits >= 0.9 * len(places)


def written(tmp_path: Path, bars: int) -> list[tuple[int, int]]:
    """(step, note) of each stroke of the same music offline."""
    file = tmp_path / "expected.mid"
    done = ghostnote("render", "--bars", str(bars), "--seed", "7", "--quantise", "1", "-o", file)
    assert done.code == 0, done.words
    tick, strokes = 0, []
    for message in mido.MidiFile(os.fspath(file)).tracks[0]:
        tick += message.time
        if message.type == "note_on" and message.velocity:
            strokes.append((tick // STEP_TICKS, message.note))
    return strokes


def told(patchbay: Patchbay, status: int, since: int = 0) -> Heard:
    return next(event for event in patchbay.heard[since:] if event.data[0] == status)


def wait_for_position(patchbay: Patchbay, since: int) -> None:
    patchbay.wait_until(lambda: any(event.data[0] == 0xF2 for event in patchbay.heard[since:]), "no song position")


def ready(patchbay: Patchbay) -> None:
    """Everybody is there and connected."""
    patchbay.connect(CLOCK_PORT, IN_PORT)
    patchbay.listen_to(CLOCK_PORT)
    patchbay.listen_to(OUT_PORT)
    patchbay.wait_until_connected()


def ended(process: subprocess.Popen[str]) -> dict[str, object]:
    process.send_signal(signal.SIGINT)
    data, words = process.communicate(timeout=10)
    assert process.returncode == 130, words
    return dict(json.loads(data)["clock"])


@pytest.mark.parametrize("options", [(), ("-J", "10")], ids=["steady", "jittered"])
def test_started_it_plays_on_the_clocks_sixteenths(
    jack_server: JackServer, tmp_path: Path, options: tuple[str, ...]
) -> None:
    name = jack_server.name
    with (
        Conductor(name) as conductor,
        Patchbay(name) as patchbay,
        running(clock(*options), name),
        running(jam(*FOLLOWING), name) as process,
    ):
        ready(patchbay)
        assert not patchbay.notes()
        conductor.start()
        time.sleep(8)
        facts = ended(process)
    assert (facts["sync"], facts["state"], facts["source"]) == ("midi", "locked", CLOCK_PORT)
    assert abs(float(str(facts["tempo_bpm"])) - 120) <= (STRAYING_BPM if options else 0.0)
    first = told(patchbay, 0xF8)
    played = steps(patchbay.notes(), first.frame, 0)
    expected = written(tmp_path, 8)
    assert len(played) > 20
    assert [(round(step), note) for step, note in played] == expected[: len(played)]
    if not options:
        assert exact([step for step, _ in played if step > 2])
    assert not held(patchbay.heard)


def test_it_starts_at_bar_17_and_is_there_at_once_when_relocated_while_rolling(
    jack_server: JackServer, tmp_path: Path
) -> None:
    name = jack_server.name
    with (
        Conductor(name) as conductor,
        Patchbay(name) as patchbay,
        running(clock(), name),
        running(jam(*FOLLOWING), name) as process,
    ):
        ready(patchbay)
        expected = written(tmp_path, 48)
        for bar in (16, 40, 2):
            since = len(patchbay.heard)
            conductor.locate(bar * 4)
            if bar == 16:
                time.sleep(0.2)
                conductor.start()
            wait_for_position(patchbay, since)
            time.sleep(3)
            heard = patchbay.heard[since:]
            place = next(k for k, event in enumerate(heard) if event.data[0] == 0xF2)
            position = heard[place].data[1] | heard[place].data[2] << 7
            tick = next(k for k in range(place, len(heard)) if heard[k].data[0] == 0xF8)
            played = steps([event for event in heard[tick - 3 :] if event.note_on], heard[tick].frame, position)
            assert position // 16 == bar
            first = {stroke for stroke in expected if stroke[0] == position}
            assert first <= {(round(step), note) for step, note in played}
            played = [(step, note) for step, note in played if step > position + COMMITTED_STEPS]
            after = [stroke for stroke in expected if stroke[0] > position]
            assert len(played) > 8
            assert [(round(step), note) for step, note in played] == after[: len(played)]
            assert exact([step for step, _ in played if step > position + 2], BBT_FRAMES)
        ended(process)
    assert not held(patchbay.heard)


def test_a_server_that_dies_and_comes_back_is_followed_again(jack_server: JackServer) -> None:
    name = jack_server.name
    with running(jam(*FOLLOWING), name) as process:
        for _ in range(RESTARTS):
            with Conductor(name) as conductor, Patchbay(name) as patchbay, running(clock(), name) as leader:
                ready(patchbay)
                conductor.start()
                patchbay.wait_for_sounding_note()
                time.sleep(2)
                grid = told(patchbay, 0xF8).frame
                assert exact([step for step, _ in steps(patchbay.notes(), grid, 0) if step > 8])
                leader.kill()
                leader.wait()
                patchbay.wait_until(lambda: not held(patchbay.heard), "notes hang when the clock is gone")
                conductor.stop()
            jack_server.kill()
            jack_server.start()
        with Patchbay(name) as patchbay:
            patchbay.wait_for(OUT_PORT)
            ended(process)


def test_an_engine_that_is_killed_joins_its_leader_again(jack_server: JackServer) -> None:
    """JACK halts when a client dies, and its clock swings for some seconds."""
    name = jack_server.name
    with (
        Conductor(name) as conductor,
        Patchbay(name) as patchbay,
        running(clock(), name),
        running(jam(*FOLLOWING), name) as process,
    ):
        ready(patchbay)
        conductor.start()
        patchbay.wait_for_sounding_note()
        time.sleep(2)
        (engine,) = psutil.Process(process.pid).children()
        engine.kill()
        engine.wait(5)
        heard = len(patchbay.heard)
        patchbay.wait_for(OUT_PORT)
        patchbay.wait_until(lambda: any(event.note_on for event in patchbay.heard[heard:]), "the new engine is silent")
        time.sleep(7)
        facts = ended(process)
        assert facts["state"] == "locked"
    ticks = [event.frame for event in patchbay.heard if event.data[0] == 0xF8]
    strokes = [note.frame for note in patchbay.notes() if note.note_on and note.frame > ticks[-1] - RATE]
    strays = [min(abs(frame - tick) for tick in ticks) for frame in strokes]
    assert sum(stray <= BBT_FRAMES for stray in strays) >= 0.9 * len(strays) > 0
    assert not held(patchbay.heard)


def test_ardour_leads_and_is_followed_where_it_goes(jack_server: JackServer, tmp_path: Path) -> None:
    program = host("ardour7-lua", "ardour")
    settings = tmp_path / "config" / "ardour7" / "config"
    settings.parent.mkdir(parents=True)
    settings.write_text(ARDOUR_SETTINGS, encoding="utf-8")
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    command, name = [program, str(LEADER), str(tmp_path / "session")], jack_server.name
    with (
        Patchbay(name) as patchbay,
        running(command, name, stdin=subprocess.PIPE, variables=home) as ardour,
        running(jam(*FOLLOWING), name) as process,
    ):
        ask(ardour, "ready")
        patchbay.connect(ARDOUR_CLOCK, IN_PORT)
        patchbay.listen_to(ARDOUR_CLOCK)
        patchbay.listen_to(OUT_PORT)
        patchbay.wait_until_connected()
        for bar in (0, 16):
            begun = len(patchbay.heard)
            order(ardour, f"locate {bar * 16 * FRAMES_PER_STEP}")
            order(ardour, "roll")
            time.sleep(5)
            order(ardour, "stop")
            patchbay.wait_until(lambda: not held(patchbay.heard), "notes hang after Ardour's stop")
            heard = patchbay.heard[begun:]
            first = next(event.frame for event in heard if event.data[0] == 0xF8)
            notes = [event for event in heard if event.note_on]
            begin = song_position(heard)
            assert bool(begin) == bool(bar)
            played = steps(notes, first, begin)
            expected = [(step, note) for step, note in written(tmp_path, begin // 16 + 8) if step >= begin]
            assert len(played) > 10
            assert [(round(step), note) for step, note in played] == expected[: len(played)]
            assert exact([step for step, _ in played if step > begin + 4], ARDOUR_FRAMES)
        ardour.communicate("end\n", timeout=30)
        facts = ended(process)
    assert facts["source"] == ARDOUR_CLOCK


def song_position(heard: Sequence[Heard]) -> int:
    """The sixteenth that the leader said it goes to; Ardour 7.3 counts clocks there, and is taken at its word."""
    told = [event.data for event in heard if event.data[0] == 0xF2]
    return told[-1][1] | told[-1][2] << 7 if told else 0


def order(process: subprocess.Popen[str], line: str) -> None:
    """Tell a program something, and wait until it has done it."""
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    ask(process, "ready")
