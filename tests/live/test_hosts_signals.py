"""However a headless performance ends, nothing is left sounding at whoever listens."""

from __future__ import annotations

import signal

import pytest

from instrument.bench.jack_server import JackServer
from tests.live.hosts import OUT_PORT, jam, running
from tests.live.patchbay import Patchbay, held

pytestmark = pytest.mark.live


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -signal.SIGKILL)],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else "",
)
def test_a_signal_ends_the_notes_and_the_process(jack_server: JackServer, number: signal.Signals, code: int) -> None:
    server = jack_server.name
    with Patchbay(server) as patchbay, running(jam("--seed", "7"), server) as process:
        patchbay.listen_to(OUT_PORT)
        patchbay.wait_for_sounding_note()
        process.send_signal(number)
        assert process.wait(5) == code
        patchbay.wait_until_gone(OUT_PORT)
        assert not held(patchbay.heard)
