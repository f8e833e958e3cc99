"""A controller on a real port: a learnt knob changes what sounds, nothing comes back, a flood makes nothing late."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from instrument.bench.controller import Controller
from instrument.bench.jack_server import JackServer
from instrument.session.maps import ControllerMap, keep_map
from instrument.session.sources import Kind, Source
from tests.live.hosts import OUT_PORT, jam, running
from tests.live.patchbay import Patchbay

pytestmark = pytest.mark.live
IN_PORT = "Ghostnote:in"
FLOOD_S = float(os.environ.get("GHOSTNOTE_FLOOD_S", "4"))
DENSITY = Source(kind=Kind.CC, channel=0, number=74)


@pytest.fixture
def config(tmp_path: Path) -> dict[str, str]:
    """A player's folder in which the density was learnt from cc74 of whatever there is."""
    learned = ControllerMap().with_source("density", DENSITY)
    keep_map(tmp_path / "ghostnote" / "controllers" / "any.toml", learned)
    return {"XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}


def strokes(patchbay: Patchbay, seconds: float) -> int:
    """How many notes begin within a time."""
    before = len(patchbay.heard)
    time.sleep(seconds)
    return sum(event.note_on for event in patchbay.heard[before:])


def test_a_learnt_controller_changes_what_sounds(jack_server: JackServer, config: dict[str, str]) -> None:
    with (
        Patchbay(jack_server.name) as patchbay,
        Controller(jack_server.name) as knobs,
        running(jam("--seed", "7", "--bpm", "240", "--feedback"), jack_server.name, variables=config) as process,
    ):
        patchbay.connect(knobs.port, IN_PORT)
        patchbay.listen_to(OUT_PORT)
        patchbay.wait_until_connected()
        patchbay.wait_for_sounding_note()
        counts = []
        for value in (0, 127, 0, 127):
            knobs.send(0xB0, 74, 64)
            knobs.send(0xB0, 74, value)
            time.sleep(1.0)
            counts.append(strokes(patchbay, 3.0))
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 130
    assert min(counts[1], counts[3]) > 1.5 * max(counts[0], counts[2]), counts
    told = [event.data for event in patchbay.heard if event.data[0] & 0xF0 == 0xB0]
    assert set(told) <= {bytes((0xB0, 74, 64))}, "its own moves were sent back"


def test_ten_thousand_messages_a_second_make_nothing_late(jack_server: JackServer, config: dict[str, str]) -> None:
    quiet = _figures(jack_server, config, 0)
    for notes in (False, True):
        flooded = _figures(jack_server, config, 10_000, notes=notes)
        assert flooded["misses"] == 0
        assert flooded["lateness_ms"]["p99"] <= max(0.1, 2 * quiet["lateness_ms"]["p99"]), (quiet, flooded)


def _figures(
    jack_server: JackServer, config: dict[str, str], per_second: int, *, notes: bool = False
) -> dict[str, Any]:
    """What a performance tells of itself after some seconds of so many messages; notes are followed."""
    with (
        Patchbay(jack_server.name) as patchbay,
        Controller(jack_server.name) as knobs,
        running(jam("--seed", "7", "--follow", "0.5", "--json"), jack_server.name, variables=config) as process,
    ):
        patchbay.connect(knobs.port, IN_PORT)
        patchbay.listen_to(OUT_PORT)
        patchbay.wait_until_connected()
        patchbay.wait_for_sounding_note()
        sent = knobs.flood(per_second=per_second, seconds=FLOOD_S, notes=notes)
        process.send_signal(signal.SIGINT)
        words, _ = process.communicate(timeout=10)
        assert process.returncode == 130
    assert sent >= 0.8 * FLOOD_S * per_second
    figures: dict[str, Any] = json.loads(words)
    return figures
