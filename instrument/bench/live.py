"""A performance without a port: how long a bar takes, how soon a knob is heard, and what a long run leaks."""

from __future__ import annotations

import gc
import os
import threading
import time
from array import array
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import linear_regression

from instrument.bench.figures import Figures, NotMeasuredError, spread
from instrument.core.drums import GM_KIT
from instrument.core.timebase import BAR_TICKS, ticks_to_seconds
from instrument.engine.messages import Config, Status
from instrument.errors import PortError
from instrument.model.store import load_preset
from instrument.session.composer import Composer
from instrument.session.encoding import place_of
from instrument.session.folders import Folders
from instrument.session.performance import Performance
from instrument.session.view import Knobs
from presets import FLAGSHIP

BARS = 2000
PLACES = 200
BPM = 120.0
TURNS = 100
LOOK_S = 0.0005
TURN_TIMEOUT_S = 2.0
SOAK_LOOK_S = 1.0
WARM_UP_S = 300.0
FEWEST_LOOKS = 3


def composer_and_knobs() -> tuple[Composer, Knobs]:
    preset = load_preset(FLAGSHIP)
    return Composer(preset, GM_KIT, 7), Knobs(epoch=preset.resolve_epoch("best"))


def started(backend: str, folders: Folders | None = None) -> Performance:
    composer, knobs = composer_and_knobs()
    config = Config(backend=backend, client_name="Ghostnote", port_name="out", in_port="", tempo_bpm=BPM, journal=False)
    return Performance(composer, knobs, config, folders=folders)


def bar() -> Figures:
    """From latent to rendered events, in ms, the warm-up left out; one thread."""
    composer, knobs = composer_and_knobs()
    times = []
    for index in range(BARS + 10):
        started = time.perf_counter()
        composer.compose(index, knobs)
        times.append((time.perf_counter() - started) * 1000)
    return {**spread(times[10:], "ms"), "bars": BARS}


def place() -> Figures:
    """From a bar that was played to its place, in ms, the warm-up left out; one thread."""
    composer, knobs = composer_and_knobs()
    times = []
    for index in range(PLACES + 3):
        played = composer.compose(index, replace(knobs, variation=1.0)).given
        started = time.perf_counter()
        place_of(played, composer, knobs)
        times.append((time.perf_counter() - started) * 1000)
    return {**spread(times[3:], "ms"), "bars": PLACES}


def knob() -> Figures:
    """From a turn of the density knob to the engine's word that it has the new revision of the bar that sounds, in ms:
    an upper bound, as the word travels back too."""
    performance = started("none")
    times = []
    try:
        performance.play()
        wait_for(lambda: (status := performance.status) is not None and status.playing and status.revision >= 0)
        for turn in range(TURNS):
            taken_ms = _turn(performance, 0.3 + 0.4 * (turn % 2))
            if taken_ms is not None:
                times.append(taken_ms)
    finally:
        performance.close()
    return {**spread(times, "ms"), "turns": TURNS}


def _turn(performance: Performance, density: float) -> float | None:
    """None where a bar line came between."""
    before = performance.status
    started = time.perf_counter()
    performance.turn(density=density)
    wait_for(lambda: _place(performance.status) != _place(before))
    taken_ms = (time.perf_counter() - started) * 1000
    after = performance.status
    return taken_ms if before is not None and after is not None and before.bar == after.bar else None


def _place(status: Status | None) -> tuple[int, int]:
    return (status.bar, status.revision) if status else (-1, -1)


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + TURN_TIMEOUT_S
    while not true():
        if time.perf_counter() > deadline:
            raise NotMeasuredError("the engine did not answer")
        time.sleep(LOOK_S)


def soak(seconds: float) -> Figures:
    """Play for a while: misses, lateness, seconds in which the music stood still; how fast position and clock drift
    apart and how fast memory grows, as slopes of the lines through all samples (a position is told in whole ticks,
    and a leak is what goes on); threads and descriptors at the start and the end. The start comes after half of the
    time, `WARM_UP_S` at most, when what is remembered has been filled."""
    try:
        performance = started("auto")
    except PortError:
        performance = started("none")
    try:
        performance.play()
        wait_for(lambda: (status := performance.status) is not None and status.playing)
        time.sleep(min(seconds / 2, WARM_UP_S))
        before, watch, end = _resources(), _Watch(), time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            time.sleep(min(SOAK_LOOK_S, left))
            watch.look(performance.status)
        gc.collect()
        after, view, status = _resources(), performance.view(), performance.status
    finally:
        performance.close()
    if status is None or len(watch.drifts) < FEWEST_LOOKS:
        raise NotMeasuredError("the engine did not answer for long enough")
    return {
        "seconds": seconds,
        "backend": view.health.backend,
        "bars": status.position_ticks // BAR_TICKS,
        "notes": status.notes_sent,
        "misses": status.misses,
        "stood_still_s": sum(a == b for a, b in pairwise(watch.positions)) * SOAK_LOOK_S,
        "lateness_p99_ms": view.health.lateness_p99_ms,
        "drift_ms_an_hour": watch.an_hour(watch.drifts),
        "main_mb_an_hour": watch.an_hour(watch.main_mb),
        "engine_mb_an_hour": watch.an_hour(watch.engine_mb),
        **{name: [before[name], after[name]] for name in before},
    }


class _Watch:
    """Samples of a long run, in arrays: they must not be what grows."""

    def __init__(self) -> None:
        self.seconds, self.drifts, self.main_mb, self.engine_mb = (array("d") for _ in range(4))
        self.positions = array("q")

    def look(self, status: Status | None) -> None:
        if status is None:
            return
        sizes = _resources()
        music_s = ticks_to_seconds(status.position_ticks, status.tempo_bpm)
        self.seconds.append(status.now_s)
        self.drifts.append((status.now_s - music_s) * 1000)
        self.main_mb.append(sizes["main_mb"])
        self.engine_mb.append(sizes["engine_mb"])
        self.positions.append(status.position_ticks)

    def an_hour(self, values: array[float]) -> float:
        """How much a value grows in an hour: the slope of its line of least squares."""
        return round(linear_regression(self.seconds, values).slope * 3600, 3)


def _resources() -> dict[str, float]:
    """Resident megabytes of this process and of its engine, threads and open descriptors; zeros where there is no
    /proc."""
    mine = os.getpid()
    try:
        engines = [int(pid) for pid in Path(f"/proc/{mine}/task/{mine}/children").read_text().split()]
        sizes = [_resident_mb(mine), sum(map(_resident_mb, engines))]
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
    except OSError:
        sizes, descriptors = [0.0, 0.0], 0
    return {
        "main_mb": round(sizes[0], 2),
        "engine_mb": round(sizes[1], 2),
        "threads": threading.active_count(),
        "descriptors": descriptors,
    }


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
