"""Our clock on the wire: each tick at its frame, and another Ghostnote that follows it."""

from __future__ import annotations

import signal
import time
from itertools import pairwise

import pytest

from instrument.bench.jack_server import RATE, JackServer
from tests.live.hosts import OUT_PORT, jam, play, running
from tests.live.patchbay import Patchbay, held

pytestmark = pytest.mark.live
TICK_FRAMES = RATE * 60 // 120 // 24


def test_the_clock_that_goes_out_is_exact_to_the_frame(jack_server: JackServer) -> None:
    with Patchbay(jack_server.name) as patchbay:
        patchbay.listen_to(OUT_PORT)
        play(jack_server.name, "--send-clock", "--seed", "7", "--bars", "3")
        patchbay.wait_until_gone(OUT_PORT)
    told = [event for event in patchbay.heard if event.data[0] >= 0xF0]
    ticks = [event.frame for event in told if event.data[0] == 0xF8]
    assert [event.data[0] for event in told] == [0xFA, *[0xF8] * 3 * 96, 0xFC]
    exact = sum(b - a == TICK_FRAMES for a, b in pairwise(ticks))
    odd = sorted({b - a for a, b in pairwise(ticks)})
    assert exact >= 0.98 * (len(ticks) - 1), f"ticks {odd} frames apart"
    assert ticks[-1] - ticks[0] == TICK_FRAMES * (len(ticks) - 1)
    assert not held(patchbay.heard)


@pytest.mark.parametrize("backend", ["jack", "rtmidi"])
def test_another_ghostnote_follows_it(jack_server: JackServer, backend: str) -> None:
    name, follows = jack_server.name, ("--sync", "midi", "--quantise", "1", "--port-name", "Second")
    with Patchbay(name) as patchbay, running(jam("--backend", backend, *follows), name) as second:
        port = "Second:in" if backend == "jack" else next(iter(_inputs(patchbay, "Second")))
        patchbay.connect(OUT_PORT, port)
        patchbay.listen_to(OUT_PORT)
        with running(jam("--send-clock", "--seed", "3"), name) as first:
            patchbay.wait_until_connected()
            time.sleep(6)
            first.send_signal(signal.SIGINT)
            assert first.wait(5) == 130
        time.sleep(0.2)
        second.send_signal(signal.SIGINT)
        _, words = second.communicate(timeout=10)
        assert second.returncode == 130, words


def _inputs(patchbay: Patchbay, client: str) -> list[str]:
    found: list[str] = []

    def look() -> bool:
        found[:] = [name for name in patchbay._names() if name.startswith(client) and name.endswith(":in")]
        return bool(found)

    patchbay.wait_until(look, f"no input of {client}")
    return found
