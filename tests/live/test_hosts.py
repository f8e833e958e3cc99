"""What we send, as other programs receive it: a JACK client to the frame, a synthesiser as sound, Ardour as notes."""

from __future__ import annotations

import statistics
import subprocess
import wave
from collections import defaultdict
from pathlib import Path

import mido
import numpy as np
import pytest

from instrument.audio.synthesis import RATE
from instrument.audio.wav import write_wav
from instrument.bench.jack_server import JackServer
from instrument.core.events import NOTE_ON
from instrument.core.timebase import BAR_TICKS, PPQ, STEPS_PER_BAR
from tests.live.hosts import OUT_PORT, ask, host, missing, play, running
from tests.live.patchbay import Heard, Patchbay, held

pytestmark = pytest.mark.live

BPM = 120
FRAMES_PER_TICK = RATE * 60 // (BPM * PPQ)
STEP_TICKS = BAR_TICKS // STEPS_PER_BAR
FOUR_BARS = ("--bpm", str(BPM), "--seed", "7", "--bars", "4")
SOUNDFONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
ARDOUR_PPQ = 1920
RECORDER = Path(__file__).with_name("recorder.lua")

Message = tuple[int, bytes]
"""Tick and bytes."""


def recorded(path: Path) -> list[Message]:
    """The channel messages of a file."""
    (track,) = mido.MidiFile(path).tracks
    ticks = np.cumsum([message.time for message in track]).tolist()
    return [(tick, bytes(m.bytes())) for tick, m in zip(ticks, track, strict=True) if not m.is_meta]


def note_ons(messages: list[Message]) -> list[Message]:
    return [(tick, data) for tick, data in messages if data[0] & 0xF0 == NOTE_ON]


def test_a_jack_client_hears_the_recording_frame_by_frame(jack_server: JackServer, tmp_path: Path) -> None:
    file = tmp_path / "take.mid"
    with Patchbay(jack_server.name) as patchbay:
        patchbay.listen_to(OUT_PORT)
        play(jack_server.name, *FOUR_BARS, "--record", str(file))
        patchbay.wait_until_gone(OUT_PORT)
        heard = patchbay.notes()
    written = recorded(file)
    assert len(note_ons(written)) >= 20
    assert [event.data for event in heard] == [data for _, data in written]
    late = [error for error in frame_errors(heard, written) if error]
    assert len(late) <= len(written) // 50, f"{late} frames off the tick, of {len(written)} messages"
    assert not held(heard)


def frame_errors(heard: list[Heard], written: list[Message]) -> list[int]:
    """How far each event lies from its tick, in frames, with the start that most agree on."""
    shifts = [event.frame - tick * FRAMES_PER_TICK for event, (tick, _) in zip(heard, written, strict=True)]
    start = statistics.mode(shifts)
    return [shift - start for shift in shifts]


def test_fluidsynth_makes_sound_on_the_steps(jack_server: JackServer, tmp_path: Path) -> None:
    program = host("fluidsynth", "fluidsynth")
    if not SOUNDFONT.is_file():
        missing(f"{SOUNDFONT} is not there (apt install timgm6mb-soundfont)")
    file, wav, server = tmp_path / "take.mid", tmp_path / "live.wav", jack_server.name
    options = ["-is", "-m", "jack", "-a", "jack", "-R", "no", "-C", "no", "-g", "0.8", "-r", str(RATE)]
    for kind in ("audio", "midi"):
        options += ["-o", f"{kind}.jack.id=synth", "-o", f"{kind}.jack.server={server}"]
    with Patchbay(server) as patchbay, running([program, *options, str(SOUNDFONT)], server):
        patchbay.record("synth:left")
        patchbay.wait_until_connected()
        patchbay.connect(OUT_PORT, "synth:midi_00")
        patchbay.listen_to(OUT_PORT)
        play(server, *FOUR_BARS, "--quantise", "1", "--record", str(file))
        begin, sound = patchbay.sound()
        first_heard = patchbay.notes()[0].frame - begin
    write_wav(wav, [np.stack([sound, sound], axis=1)])

    loudest: dict[int, int] = defaultdict(int)
    for tick, data in note_ons(recorded(file)):
        assert tick % STEP_TICKS == 0
        loudest[tick] = max(loudest[tick], data[2])
    start = first_heard - min(loudest) * FRAMES_PER_TICK
    steps = {start + tick * FRAMES_PER_TICK: velocity for tick, velocity in loudest.items()}
    peaks = onsets(wav)
    reach = 3 * jack_server.period
    off = [peak for peak in peaks if min(abs(peak - step) for step in steps) > reach]
    assert len(off) <= len(peaks) // 20, f"{len(off)} of {len(peaks)} peaks lie on no step"
    strong = [step for step, velocity in steps.items() if velocity >= 70]
    silent = [step for step in strong if min(abs(peak - step) for peak in peaks) > reach]
    assert len(strong) >= 8
    assert len(silent) <= len(strong) // 5, f"{len(silent)} of {len(strong)} strong steps have no peak"


def onsets(wav: Path) -> list[int]:
    """The frames at which a WAV's treble rises by 6 dB within 2 ms, at most one in 20 ms."""
    with wave.open(str(wav), "rb") as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)[:, 0] / 32768
    hop, memory = RATE // 500, 12
    treble = np.abs(np.diff(sound))
    level = 20 * np.log10(treble[: len(treble) // hop * hop].reshape(-1, hop).max(axis=1) + 1e-4)
    found: list[int] = []
    for i in range(memory, len(level)):
        if level[i] - level[i - memory : i - 1].max() > 6 and (not found or i * hop - found[-1] > 10 * hop):
            found.append(i * hop)
    return found


def test_ardour_records_the_notes_that_were_sent(jack_server: JackServer, tmp_path: Path) -> None:
    program = host("ardour7-lua", "ardour")
    file, server = tmp_path / "take.mid", jack_server.name
    command = [program, str(RECORDER), str(tmp_path / "session")]
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    with Patchbay(server) as patchbay, running(command, server, stdin=subprocess.PIPE, variables=home) as ardour:
        ask(ardour, "rolling")
        patchbay.connect(OUT_PORT, "ardour:Drums/midi_in 1")
        play(server, *FOUR_BARS, "--record", str(file))
        words, _ = ardour.communicate("stop\n", timeout=30)
    notes = [line.split()[1:] for line in words.splitlines() if line.startswith("note")]
    found = sorted((ardour_tick(time), bytes(map(int, data))) for time, *data in notes)
    sent = note_ons(recorded(file))
    assert [data for _, data in by_note(found)] == [bytes((d[0] & 0x0F, d[1], d[2])) for _, d in by_note(sent)]
    scale = ARDOUR_PPQ // PPQ
    shifts = [there - tick * scale for (there, _), (tick, _) in zip(by_note(found), by_note(sent), strict=True)]
    start = round(statistics.median(shifts))
    off = [shift - start for shift in shifts if abs(shift - start) > 2]
    assert len(off) <= len(shifts) // 50, f"{off} of Ardour's ticks off"


def ardour_tick(time: str) -> int:
    beats, ticks = time.split(":")
    return int(beats) * ARDOUR_PPQ + int(ticks)


def by_note(messages: list[Message]) -> list[Message]:
    """Note by note, each in the order of time: notes of one tick may swap places on their way."""
    return sorted(messages, key=lambda message: (message[1][1], message[0]))
