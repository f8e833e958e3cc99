"""From hands to the music: how soon a learnt knob is in the engine's hands, and whether a storm of them disturbs it."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from instrument.bench.controller import Controller
from instrument.bench.figures import Figures, NotMeasuredError, spread
from instrument.bench.jack_server import JackServer
from instrument.bench.live import TURNS, started, wait_for
from instrument.errors import PortError
from instrument.session.folders import Folders
from instrument.session.maps import ControllerMap, keep_map
from instrument.session.performance import Performance
from instrument.session.sources import Kind, Source
from instrument.session.takeover import Mode
from instrument.session.targets import KNOBS

PERIOD = 128
IN_PORT = "Ghostnote:in"
NUMBER = 74
LOW, HIGH = 30, 100
STORM_HZ = 200
PAUSE_S = 0.02
"""Between two turns, so that they fall anywhere within the engine's turns and the feeder's."""


def controller() -> Figures:
    """From a controller's message, handed to JACK, to the engine's word that it has the new revision of the bar that
    sounds, in ms: the first event that differs can't be committed later."""
    try:
        with JackServer(period=PERIOD) as server, environment(server), tempfile.TemporaryDirectory() as folder:
            learned = ControllerMap(takeover=Mode.JUMP).with_source(
                "density", Source(kind=Kind.CC, channel=0, number=NUMBER)
            )
            keep_map(Path(folder) / "controller.toml", learned)
            with Controller(server.name) as hand:
                return _measured(started("jack", Folders(maps=Path(folder))), hand)
    except PortError as error:
        raise NotMeasuredError(str(error)) from error


def _measured(performance: Performance, hand: Controller) -> Figures:
    times = []
    try:
        performance.play()
        wait_for(lambda: hand.connect(IN_PORT))
        wait_for(lambda: (status := performance.status) is not None and status.playing and status.revision >= 0)
        for turn in range(TURNS):
            if (taken_ms := _turn(performance, hand, (LOW, HIGH)[turn % 2])) is not None:
                times.append(taken_ms)
            time.sleep(PAUSE_S + turn % 7 / 1000)
    finally:
        performance.close()
    return {**spread(times, "ms"), "turns": TURNS, "period_ms": round(PERIOD / 48, 3)}


def _turn(performance: Performance, hand: Controller, value: int) -> float | None:
    """None where a bar line came between."""
    before = performance.status
    begun = time.perf_counter()
    hand.send(0xB0, NUMBER, value)
    wait_for(lambda: performance.status is not None and performance.status.revision != (before and before.revision))
    after = performance.status
    taken_ms = (time.perf_counter() - begun) * 1000
    return taken_ms if before is not None and after is not None and before.bar == after.bar else None


def storm(seconds: float) -> Figures:
    """The lateness of a calm run, then of one in which knobs are moved `STORM_HZ` times a second, all of them in turn,
    by the session and by a controller on the port at once; with both sinks."""
    try:
        with JackServer(period=PERIOD) as server, environment(server), Controller(server.name) as hand:
            return {
                f"{backend}_{name}_{figure}": value
                for backend in ("jack", "rtmidi")
                for name, stormy in (("calm", False), ("storm", True))
                for figure, value in _weathered(backend, hand, seconds / 4, stormy).items()
            }
    except PortError as error:
        raise NotMeasuredError(str(error)) from error


def _weathered(backend: str, hand: Controller, seconds: float, stormy: bool) -> Figures:
    performance, chance, turns = started(backend), random.Random(1), 0
    try:
        performance.play()
        wait_for(lambda: hand.connect_to_one_of("Ghostnote"))
        wait_for(lambda: (status := performance.status) is not None and status.playing and status.revision >= 0)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            time.sleep(1 / STORM_HZ)
            if stormy:
                with suppress(ValueError):
                    # some places contradict each other, as a softest velocity above the loudest
                    KNOBS[turns % len(KNOBS)].turn(performance, performance.view(), chance.random())
                hand.send(0xB0, 1 + turns % 31, chance.randrange(128))
                turns += 1
        health = performance.view().health
    finally:
        performance.close()
    return {"p99_ms": health.lateness_p99_ms, "max_ms": health.lateness_max_ms, "misses": health.misses, "turns": turns}


@contextmanager
def environment(server: JackServer) -> Iterator[None]:
    """The engine's process finds the server by it."""
    before = dict(os.environ)
    os.environ.update(server.environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
