"""How far from a leader's sixteenths ours are: led by `jack_midi_clock` through JACK, and by a clock that jitters.

Through JACK, one receiver hears the clock and another one us, both on JACK's frames. The clock that jitters is drawn:
each of its ticks comes late by a half-normal time; it leads the engine's player, whose messages are handed over as far
ahead as the jack sink asks for. Its mean lateness, a constant delay, is taken off.
"""

from __future__ import annotations

import random
import shutil
import statistics
import subprocess
import time
from bisect import bisect_left

from instrument.bench.figures import Figures, NotMeasuredError, spread
from instrument.bench.jack_server import RATE, JackServer
from instrument.bench.receiver import Heard, Receiver
from instrument.bench.terminal import Terminal
from instrument.core.events import NOTE_ON, BarNotes, Note
from instrument.core.sync_messages import START, TIMING_CLOCK
from instrument.core.timebase import BAR_TICKS, CLOCKS_PER_BEAT, STEPS_PER_BAR
from instrument.engine.following import Switches
from instrument.engine.messages import Load, Play
from instrument.engine.player import Player
from instrument.errors import PortError
from instrument.ports.jack_sink import LOOK_AHEAD_S, load_jack
from instrument.ports.memory import MemorySink

BPM = 120
PERIOD = 128
CLOCKS_PER_STEP = CLOCKS_PER_BEAT // 4
CLOCK_PORT, OUT_PORT = "jack_midi_clock:mclk_out", "Ghostnote:out"
SETTLING_STEPS = 8
READY_S, LOOK_S = 15.0, 0.05
JITTER_S = 0.003
JITTER_BARS = 64
TURN_S = 0.004
"""How long the engine's loop sleeps at the most."""


def follower(seconds: float) -> Figures:
    """Errors of a sixteenth in ms, steady through JACK and at 3 ms of jitter."""
    return {**_through_jack(seconds), **{f"jitter_3ms_{name}": value for name, value in _jittered().items()}}


def _through_jack(seconds: float) -> Figures:
    program = shutil.which("jack_midi_clock")
    if program is None:
        raise NotMeasuredError("jack_midi_clock is not installed (apt install jack-midi-clock)")
    try:
        with JackServer(period=PERIOD) as server, Receiver(CLOCK_PORT, server.environment) as clock:
            leader = subprocess.Popen(
                [program, "-b", str(BPM)],
                env=server.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                with Receiver(OUT_PORT, server.environment) as receiver:
                    _lead(server, seconds)
            finally:
                leader.terminate()
                leader.wait()
    except PortError as error:
        raise NotMeasuredError(str(error)) from error
    errors = _errors(clock.heard, receiver.heard)
    exact = sum(error < 1 for error in errors) / max(len(errors), 1)
    return {
        **spread((error * 1000 / RATE for error in errors), "ms"),
        "exact_to_the_frame": round(exact, 5),
        "sixteenths": len(errors),
        "period_ms": round(PERIOD * 1000 / RATE, 3),
    }


def _lead(server: JackServer, seconds: float) -> None:
    """Start the transport once everybody is there, and let it roll."""
    client = load_jack().Client("bench", servername=server.name, no_start_server=True)
    options = ("--sync", "midi", "--in", "jack_midi_clock", "--quantise", "1", "--seed", "7", "--backend", "jack")
    try:
        _wait_for(client, CLOCK_PORT)
        with Terminal("jam", *options, environment=server.environment):
            _wait_for(client, OUT_PORT)
            time.sleep(1)
            client.transport_start()
            time.sleep(seconds)
            client.transport_stop()
            time.sleep(0.2)
    finally:
        client.close()


def _wait_for(client: object, port: str) -> None:
    deadline = time.perf_counter() + READY_S
    while not any(str(there.name) == port for there in client.get_ports(is_midi=True)):  # type: ignore[attr-defined]
        if time.perf_counter() > deadline:
            raise NotMeasuredError(f"there is no port {port}")
        time.sleep(LOOK_S)


def _errors(clock: list[Heard], music: list[Heard]) -> list[int]:
    """Of each stroke, in frames from the nearest sixteenth; the first ones, and those beyond the clock, left out."""
    grid = [event.frame for event in clock if event.data[0] == TIMING_CLOCK][::CLOCKS_PER_STEP]
    if len(grid) <= SETTLING_STEPS:
        raise NotMeasuredError("the clock was not heard")
    strokes = [event.frame for event in music if event.data[0] & 0xF0 == NOTE_ON and event.data[2]]
    half = (grid[-1] - grid[0]) // (len(grid) - 1) // 2
    heard = [frame for frame in strokes if grid[SETTLING_STEPS] - half <= frame <= grid[-1] + half]
    return [min(abs(frame - near) for near in _neighbours(grid, frame)) for frame in heard]


def _neighbours(grid: list[int], frame: int) -> list[int]:
    place = bisect_left(grid, frame)
    return grid[max(place - 1, 0) : place + 1]


def _jittered() -> Figures:
    draw = random.Random(7)
    now, due_s, tick_s = [0.0], 1.0, 60 / (BPM * CLOCKS_PER_BEAT)
    sink = MemorySink(clock=lambda: now[0], look_ahead_s=LOOK_AHEAD_S)
    player = Player(sink, BPM * 0.8, switches=Switches(clock=True, transport=True))
    for bar in range(JITTER_BARS + 2):
        player.handle(Load(bar=_sixteenths(bar)), 0.0)
    player.handle(Play(from_bar=0), 0.0)
    sink.arrive(bytes([START]), 0.0)
    dues: dict[int, float] = {}
    for index in range(JITTER_BARS * STEPS_PER_BAR * CLOCKS_PER_STEP):
        at_s = max(due_s + index * tick_s + abs(draw.gauss(0, JITTER_S)), now[0])
        while now[0] + TURN_S < at_s:
            now[0] += TURN_S
            player.step(now[0])
        now[0] = at_s
        sink.arrive(bytes([TIMING_CLOCK]), at_s)
        for arrived in sink.incoming():
            player.hear(arrived, at_s)
        player.step(at_s)
        dues |= {sent.message.position_ticks: sent.due_s for sent in player.collect(at_s) if sent.message.is_note_on}
    step_ticks = BAR_TICKS // STEPS_PER_BAR
    errors = [at_s - due_s - place / step_ticks * CLOCKS_PER_STEP * tick_s for place, at_s in dues.items()]
    settled = errors[SETTLING_STEPS:]
    delay = statistics.mean(settled)
    return spread((abs(error - delay) * 1000 for error in settled), "ms")


def _sixteenths(index: int) -> BarNotes:
    step_ticks = BAR_TICKS // STEPS_PER_BAR
    notes = (
        Note(tick=step * step_ticks, channel=9, note=42, velocity=90, length_ticks=30, cell=step)
        for step in range(STEPS_PER_BAR)
    )
    return BarNotes(index=index, revision=0, notes=tuple(notes))
