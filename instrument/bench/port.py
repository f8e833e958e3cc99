"""Lateness at an independent receiver, with the screen drawing and the net running beside it; start-up and memory.

The recording says where each message belongs; the receiver says at which of JACK's frames it came. An error is the
distance from where the messages around it lie (their median): JACK's clock and the system's, which the rtmidi sink
plays by, drift apart.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

import mido

from instrument.bench.figures import Figures, NotMeasuredError, spread
from instrument.bench.jack_server import RATE, JackServer
from instrument.bench.receiver import Heard, Receiver
from instrument.bench.terminal import Terminal
from instrument.core.timebase import PPQ
from instrument.errors import PortError

BPM = 120
PERIOD = 128
AROUND = 65
FRAMES_PER_TICK = RATE * 60 / (BPM * PPQ)
SOURCE = "Ghostnote:out"
FIRST_NOTE_S = 20.0
WARM_UP_S = 4.0
SIZES = ((80, 24), (200, 50))
LOOK_S = 0.01


def lateness(backend: str, seconds: float) -> Figures:
    """Of each message, in ms; frames that were missed; memory and processor time of the instrument meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        take = Path(folder) / "take.mid"
        heard, figures = _played(backend, seconds, take)
        written = _recorded(take)
    if [event.data for event in heard] != [data for _, data in written]:
        raise NotMeasuredError(f"{len(heard)} messages were heard of {len(written)} sent")
    shifts = [event.frame - tick * FRAMES_PER_TICK for event, (tick, _) in zip(heard, written, strict=True)]
    errors = errors_ms(shifts)
    return {
        **spread(errors, "ms"),
        "exact_to_the_frame": round(sum(error * RATE < 1000 for error in errors) / len(errors), 5),
        "messages": len(heard),
        "period_ms": round(PERIOD * 1000 / RATE, 3),
        **figures,
    }


def errors_ms(shifts: list[float]) -> list[float]:
    """How far each message lies from those around it, from shifts in frames."""
    return [abs(shift - statistics.median(_around(shifts, place))) * 1000 / RATE for place, shift in enumerate(shifts)]


def _around(values: list[float], place: int) -> list[float]:
    first = min(max(place - AROUND // 2, 0), max(len(values) - AROUND, 0))
    return values[first : first + AROUND]


def first_note() -> Figures:
    """From the command to the first note at the receiver, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        return {"first_note_s": _played("jack", 0.0, Path(folder) / "take.mid")[1]["first_note_s"]}


def screen(seconds: float) -> Figures:
    """The share of a core that the main process takes while it plays and draws at 30 frames a second, in percent."""
    share: Figures = {}
    for columns, rows in SIZES:
        with Terminal("jam", "--backend", "none", environment=dict(os.environ), columns=columns, rows=rows) as terminal:
            time.sleep(WARM_UP_S)
            before, begun = terminal.cpu_s(), time.perf_counter()
            time.sleep(seconds / len(SIZES))
            taken, passed = terminal.cpu_s() - before, time.perf_counter() - begun
        share[f"cpu_{columns}x{rows}"] = round(100 * taken / passed, 1)
    return share


def _played(backend: str, seconds: float, take: Path) -> tuple[list[Heard], Figures]:
    arguments = ("jam", "--backend", backend, "--seed", "7", "--bpm", str(BPM), "--record", str(take))
    try:
        server = JackServer(period=PERIOD)
        with server, Receiver(SOURCE, server.environment) as receiver:
            with Terminal(*arguments, environment=server.environment) as terminal:
                begun = _wait_for_note(receiver, terminal)
                used = terminal.cpu_s()
                time.sleep(seconds)
                share = (terminal.cpu_s() - used) / max(time.perf_counter() - begun, 1e-3)
                figures = terminal.memory()
            time.sleep(0.1)
    except PortError as error:
        raise NotMeasuredError(str(error)) from error
    figures |= {"first_note_s": round(begun - terminal.started, 3), "main_cpu_percent": round(share * 100, 1)}
    return receiver.heard, figures


def _wait_for_note(receiver: Receiver, terminal: Terminal) -> float:
    deadline = terminal.started + FIRST_NOTE_S
    while not receiver.heard:
        if not terminal.running or time.perf_counter() > deadline:
            raise NotMeasuredError("no note reached the receiver")
        time.sleep(LOOK_S)
    return receiver.heard[0].time_s


def _recorded(take: Path) -> list[tuple[int, bytes]]:
    """(tick, bytes) of each channel message of the recording."""
    tick, messages = 0, []
    for message in mido.MidiFile(os.fspath(take)).tracks[0]:
        tick += message.time
        if not message.is_meta:
            messages.append((tick, bytes(message.bytes())))
    return messages
