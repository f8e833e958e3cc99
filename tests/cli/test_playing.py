"""The commands that make music, from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import wave
from pathlib import Path

import mido
import numpy as np
import pytest

from instrument.model.store import load_preset
from presets import FLAGSHIP
from tests.cli.run import COMMAND, ghostnote

JAM = ("jam", "--headless", "--backend", "none", "--bpm", "300", "--seed", "7")
FIRST = str(load_preset(FLAGSHIP).manifest.epochs[0].number)
COMMANDS = ("jam", "render", "listen", "train", "export", "presets", "ports", "doctor", "bench")


def test_a_render_is_a_type_0_file_of_480_ppq_on_channel_10(tmp_path: Path) -> None:
    out = tmp_path / "out.mid"
    assert ghostnote("render", "--bars", "64", "--seed", "1", "--bpm", "97", "-o", out).code == 0
    file = mido.MidiFile(out)
    assert (file.type, file.ticks_per_beat, len(file.tracks)) == (0, 480, 1)
    track = file.tracks[0]
    tempo = next(message for message in track if message.type == "set_tempo")
    meter = next(message for message in track if message.type == "time_signature")
    assert abs(mido.tempo2bpm(tempo.tempo) - 97) < 0.01
    assert (meter.numerator, meter.denominator) == (4, 4)
    notes = [message for message in track if message.type in ("note_on", "note_off")]
    assert {message.channel for message in notes} == {9}
    assert sum(message.time for message in track) == 64 * 4 * 480
    assert sum(message.type == "note_on" for message in notes) > 64 * 8


@pytest.mark.parametrize(
    "knobs",
    [
        (),
        ("--quantise", "1"),
        ("--density", "0.9", "--style", "funk"),
        ("--epoch", FIRST, "--swing", "66", "--kit", "td"),
        ("--humanise", "1", "--accent", "0.5", "--velocity", "20-110", "--late", "snare=12,hats=-6", "--mute", "crash"),
    ],
    ids=" ".join,
)
def test_what_jam_records_is_what_render_writes(knobs: tuple[str, ...], tmp_path: Path) -> None:
    played, rendered = tmp_path / "played.mid", tmp_path / "rendered.mid"
    outcome = ghostnote(*JAM, "--bars", "4", "--record", played, *knobs)
    assert outcome.code == 0
    assert ghostnote("render", "--bars", "4", "--bpm", "300", "--seed", "7", "-o", rendered, *knobs).code == 0
    assert played.read_bytes() == rendered.read_bytes()


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        ghostnote("render", "--bars", "4", "--seed", seed, "-o", tmp_path / f"{name}.mid")
    a, b, c = ((tmp_path / f"{name}.mid").read_bytes() for name in "abc")
    assert a == b != c


def test_a_render_as_sound(tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    assert ghostnote("render", "--bars", "2", "--seed", "1", "-o", out).code == 0
    with wave.open(str(out), "rb") as file:
        seconds = file.getnframes() / file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert 4.0 <= seconds < 8.0
    assert np.abs(sound).max() > 3000


def test_jam_as_json_prints_figures_and_nothing_else() -> None:
    outcome = ghostnote(*JAM, "--bars", "2", "--json")
    figures = json.loads(outcome.data)
    assert figures["seed"] == 7
    assert figures["bars"] == 2
    assert figures["notes"] > 0
    assert figures["held"] == figures["misses"] == 0
    assert set(figures["lateness_ms"]) == {"p50", "p99", "max"}


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_leaves_a_whole_recording(number: signal.Signals, code: int, tmp_path: Path) -> None:
    out = tmp_path / "take.mid"
    process = subprocess.Popen([*COMMAND, *JAM, "--record", str(out)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "Ctrl-C stops" in process.stderr.readline()
    process.send_signal(number)
    _, words = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in words
    sounding: set[int] = set()
    for message in mido.MidiFile(out).tracks[0]:
        if message.type == "note_on":
            sounding.add(message.note)
        elif message.type == "note_off":
            sounding.discard(message.note)
    assert not sounding


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    outcome = ghostnote(command, "-h")
    assert outcome.code == 0
    assert "Usage" in outcome.data
    assert not outcome.words


def test_options_alone_are_those_of_jam(tmp_path: Path) -> None:
    out = tmp_path / "take.mid"
    assert ghostnote(*JAM[1:], "--bars", "1", "--record", out).code == 0
    assert out.exists()


def test_help_names_every_command() -> None:
    words = ghostnote("-h").data
    assert all(command in words for command in COMMANDS)


def test_the_version() -> None:
    assert ghostnote("--version").data.startswith("ghostnote ")


def test_what_is_there_as_json() -> None:
    presets = json.loads(ghostnote("presets", "list", "--json").data)
    assert {FLAGSHIP, "groove"} <= {preset["name"] for preset in presets}
    facts = json.loads(ghostnote("presets", "show", FLAGSHIP, "--json").data)
    assert len(facts["epochs"]) >= 12
    assert isinstance(json.loads(ghostnote("ports", "--json").data), list)
    looks = {finding["subject"]: finding for finding in json.loads(ghostnote("doctor", "--json").data)}
    assert looks["presets"]["good"]
    assert looks["engine"]["words"]


def test_bench_prints_a_line_of_json_with_machine_and_load() -> None:
    outcome = ghostnote("bench", "--only", "bar", "--json")
    (line,) = outcome.data.splitlines()
    figures = json.loads(line)
    assert figures["case"] == "bar"
    assert 0 < figures["p50_ms"] <= figures["p99_ms"] <= figures["max_ms"]
    assert {"processor", "cpus", "load", "python", "system"} <= set(figures["machine"])


def test_a_code_finds_the_preset_that_it_was_made_with(tmp_path: Path) -> None:
    outcome = ghostnote("render", "--bars", "1", "--seed", "5", "--preset", "groove", "-o", tmp_path / "whole.mid")
    assert outcome.code == 0
    (track,) = mido.MidiFile(tmp_path / "whole.mid").tracks
    code = next(message.text for message in track if message.type == "text")
    outcome = ghostnote("render", "--bars", "1", "--recall", code, "-o", tmp_path / "again.mid")
    assert outcome.code == 0, outcome.words
    assert notes_of(tmp_path / "again.mid") == notes_of(tmp_path / "whole.mid")


def notes_of(path: Path) -> list[tuple[int, int]]:
    return [(message.note, message.velocity) for message in mido.MidiFile(path) if message.type == "note_on"]
