"""Two hours of music in seconds, by a clock in our hand: nothing drifts, nothing grows."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from pathlib import Path

from instrument.core.drums import GM_KIT
from instrument.core.timebase import BAR_TICKS, ticks_to_seconds
from instrument.engine.messages import Load, Play
from instrument.engine.player import START_DELAY_S, Player
from instrument.model.scripted import ScriptedPreset
from instrument.ports.memory import MemorySink
from instrument.session.composer import Composer
from instrument.session.feeder import Feeder
from instrument.session.view import Knobs
from tests.engine.manual import Clock
from tests.session.test_feeder import ScriptedWorker

BPM = 127.3
HOURS = 2
DRIFT_S_PER_HOUR = 0.001
GROWTH_BYTES_PER_HOUR = 1_000_000


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0


def test_two_hours_of_bars_drift_by_nothing_and_grow_by_nothing() -> None:
    clock = Clock()
    composer = Composer(ScriptedPreset(), GM_KIT, 7)
    feeder = Feeder(composer, lambda: ScriptedWorker(composer.compose, clock))
    player = Player(MemorySink(clock=clock, look_ahead_s=0.0), BPM)
    knobs = Knobs(epoch=4, humanise=0.5, swing=58)
    bar_s = ticks_to_seconds(BAR_TICKS, BPM)
    bars = round(HOURS * 3600 / bar_s)
    begun, worst_s, notes = 0.0, 0.0, 0
    sizes, threads, open_files = [], threading.active_count(), descriptors()
    tracemalloc.start()
    try:
        for index in range(bars):
            for _ in range(6):
                for bar in feeder.feed(index * BAR_TICKS, lambda _: knobs):
                    player.handle(Load(bar=bar), clock())
            if index == 0:
                player.handle(Play(from_bar=0), clock())
                begun = clock() + START_DELAY_S
            clock.now_s = begun + (index + 1) * bar_s - 0.1
            player.step(clock())
            for sent in player.collect(clock()):
                should = begun + ticks_to_seconds(sent.message.position_ticks, BPM)
                worst_s = max(worst_s, abs(sent.due_s - should))
                notes += sent.message.is_note_on
            if index in (bars // 4, bars - 1):
                gc.collect()
                sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert notes > 8 * bars
    assert worst_s < DRIFT_S_PER_HOUR
    assert sizes[1] - sizes[0] < GROWTH_BYTES_PER_HOUR * HOURS * 0.75
    assert threading.active_count() == threads
    assert descriptors() <= open_files
    assert player.status(clock(), connected=True).misses == feeder.misses == 0
