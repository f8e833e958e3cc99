"""Our lateness beside that of other Python players, in one run: same server, same receiver, both cores kept busy.

The peers play steady sixteenths: mido's `MidiFile.play` and, where it is installed, isobar's timeline, each through
RtMidi over JACK as they do by themselves. `python -m instrument.bench.peers NAME BPM SECONDS` is one of them.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from instrument.bench.figures import Figures, NotMeasuredError, spread
from instrument.bench.jack_server import RATE, JackServer
from instrument.bench.port import PERIOD, errors_ms, lateness
from instrument.bench.receiver import Receiver
from instrument.errors import PortError

BPM = 120
STEP_TICKS = 120
KICK = 36
FRAME_MS = 1000 / RATE
PORT = "peer"
RTMIDI_CLIENTS = f"RtMidiOut Client:{PORT}", f"RtMidi Output Client:{PORT}"
BUSY = "while True: pass"
JACK = "mido.backends.rtmidi/UNIX_JACK"


def ratio(seconds: float) -> Figures:
    """p99 of the error at the receiver in ms, ours (jack sink, the screen drawing) and each peer's, and how many times
    ours it is. An error of ours under a frame counts as one."""
    with _busy_cores():
        ours = lateness("jack", seconds)["p99_ms"]
        peers = {name: _peer(name, seconds) for name in PEERS if importlib.util.find_spec(name) is not None}
    figures: Figures = {"ours_p99_ms": ours, "busy_processes": os.cpu_count()}
    for name, p99 in peers.items():
        figures |= {f"{name}_p99_ms": p99, f"{name}_ratio": round(p99 / max(ours, FRAME_MS), 1)}
    return figures | {f"{name}_ratio": "not installed" for name in PEERS if name not in peers}


def _peer(name: str, seconds: float) -> float:
    try:
        server = JackServer(period=PERIOD)
        with server, Receiver(RTMIDI_CLIENTS, server.environment) as receiver:
            command = [sys.executable, "-P", "-m", "instrument.bench.peers", name, str(BPM), str(seconds)]
            subprocess.run(
                command,
                env={**server.environment, "MIDO_BACKEND": JACK},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=seconds + 30,
                check=False,
            )
            time.sleep(0.1)
    except (PortError, subprocess.TimeoutExpired) as error:
        raise NotMeasuredError(str(error)) from error
    ons = [event.frame for event in receiver.heard if event.data[0] & 0xF0 == 0x90 and event.data[2]]
    step = RATE * 60 / (BPM * 4)
    shifts = [frame - round((frame - ons[0]) / step) * step for frame in ons]
    return float(spread(errors_ms(shifts), "ms")["p99_ms"])


@contextmanager
def _busy_cores() -> Iterator[None]:
    """A process that never rests for each core."""
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def _play_mido(bpm: float, seconds: float) -> None:
    import mido

    file, track = mido.MidiFile(ticks_per_beat=480), mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)))
    for _ in range(round(seconds * bpm / 60 * 4)):
        track.append(mido.Message("note_on", channel=9, note=KICK, velocity=100, time=0))
        track.append(mido.Message("note_off", channel=9, note=KICK, time=STEP_TICKS))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "steps.mid"
        file.save(path)
        with mido.open_output(PORT, virtual=True) as port:
            time.sleep(1)
            for message in mido.MidiFile(path).play():
                port.send(message)


def _play_isobar(bpm: float, seconds: float) -> None:
    import isobar

    device = isobar.MidiOutputDevice(PORT, virtual=True)
    time.sleep(1)
    timeline: Any = isobar.Timeline(bpm, output_device=device)
    steps = round(seconds * bpm / 60 * 4)
    timeline.schedule({"note": isobar.PSequence([KICK], steps), "duration": 0.25, "gate": 0.5, "channel": 9})
    timeline.stop_when_done = True
    timeline.run()


PEERS: dict[str, Callable[[float, float], None]] = {"mido": _play_mido, "isobar": _play_isobar}


if __name__ == "__main__":
    PEERS[sys.argv[1]](float(sys.argv[2]), float(sys.argv[3]))
