"""The monitor through a real sound server: how long after the port a stroke is heard, and what its death changes."""

from __future__ import annotations

import signal
import time
from itertools import pairwise

import numpy as np
import psutil
import pytest

from instrument.audio.synthesis import RATE, Floats
from instrument.bench.jack_server import JackServer
from tests.live.hosts import OUT_PORT, jam, running
from tests.live.patchbay import Patchbay, held

pytestmark = pytest.mark.live

SOUND_PORT = "Ghostnote monitor:playback0"
LOUD = 70
QUIET_FRAMES, MOST_FRAMES = RATE // 12, RATE // 50
"""Before a stroke, so that its beginning is its own; and 20 ms, how late it may be heard."""


def delays(sound: Floats, begin: int, frames: list[int]) -> list[int]:
    """How many frames after each of these the sound rises above what was there before."""
    found = []
    for frame in frames:
        at = frame - begin
        before = np.abs(sound[at - 480 : at]).max(initial=1e-4)
        after = np.abs(sound[at : at + 4 * MOST_FRAMES]) > 2 * before
        found.append(int(np.argmax(after)) if after.any() else 4 * MOST_FRAMES)
    return found


def test_strokes_are_heard_within_20_ms_of_the_port_and_a_killed_monitor_is_missed_by_nobody(
    jack_server: JackServer,
) -> None:
    pytest.importorskip("miniaudio", reason="miniaudio is not installed")
    options = ("--bpm", "120", "--seed", "7", "--monitor")
    with (
        Patchbay(jack_server.name) as patchbay,
        running(jam(*options), jack_server.name, variables={"GHOSTNOTE_SOUND": "JACK"}) as process,
    ):
        patchbay.listen_to(OUT_PORT)
        patchbay.record(SOUND_PORT)
        patchbay.wait_until_connected()
        time.sleep(8)
        begin, sound = patchbay.sound()
        strokes = [note for note in patchbay.notes() if note.note_on and note.frame > begin + RATE // 10]
        firsts = [
            note.frame
            for before, note in pairwise(strokes)
            if note.frame - before.frame > QUIET_FRAMES and note.data[2] >= LOUD
        ]
        late = sorted(delays(sound, begin, [frame for frame in firsts if frame < begin + len(sound) - RATE // 10]))
        assert len(late) >= 8
        assert late[len(late) // 2] <= MOST_FRAMES
        print(f"p50 {late[len(late) // 2] / 48:.1f} ms, longest {late[-1] / 48:.1f} ms of {len(late)}")
        (monitor,) = (
            child for child in psutil.Process(process.pid).children() if "instrument.audio.monitor" in child.cmdline()
        )
        monitor.kill()
        heard = len(patchbay.heard)
        patchbay.wait_until(lambda: len(patchbay.heard) > heard + 20, "the engine is silent")
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=10)
        assert process.returncode == 130
        assert "the monitor has ended" in words
    assert not held(patchbay.heard)
