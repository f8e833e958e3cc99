"""What an instrument needs of its machine, looked at one by one, with the cure where something lacks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from instrument.engine.client import EngineClient
from instrument.engine.messages import Config
from instrument.errors import GhostnoteError, PortError
from instrument.model.store import list_presets, load_preset
from instrument.ports.discover import System, systems
from instrument.text import printable

JACK_CURE = "for timing that is exact to the frame start JACK, or PipeWire with pipewire-jack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One look. `needed`: without it nothing can be played to another program; `cure` says how to get it, or ""."""

    subject: str
    good: bool
    words: str
    cure: str = ""
    needed: bool = False

    def as_data(self) -> dict[str, Any]:
        return asdict(self)


def examine() -> list[Finding]:
    """All looks, in the order in which a player would mend things."""
    found = systems()
    return [*_midi(found), _engine(found), _presets(), _sound()]


def _midi(found: list[System]) -> Iterator[Finding]:
    usable = [system for system in found if not system.problem]
    for system in found:
        ports = f"there, {len(system.inputs)} ports to listen to, {len(system.outputs)} to play to"
        yield Finding(
            subject=system.name, good=not system.problem, words=system.problem or ports, cure=_cure(system, usable)
        )
    names = ", ".join(system.name for system in usable)
    yield Finding(subject="MIDI out", good=bool(usable), words=names or "none", needed=True)


def _cure(system: System, usable: list[System]) -> str:
    if not system.problem:
        return ""
    if system.name == "jack":
        return JACK_CURE
    if system.name == "rtmidi/alsa":
        return _alsa_cure(Path("/proc/version"), Path("/dev/snd/seq"))
    if system.name == "rtmidi/winmm" or sys.platform == "win32":
        return "install loopMIDI, or the new Windows MIDI Services, and add a loopback port"
    if system.name == "rtmidi/coremidi":
        return "log out and in again; should that not help, restart the Mac"
    return "" if usable else JACK_CURE


def _alsa_cure(kernel: Path, sequencer: Path) -> str:
    """Why the ALSA sequencer can't be opened."""
    words = kernel.read_text(encoding="utf-8", errors="replace").lower() if kernel.is_file() else ""
    if "microsoft" in words:
        return "WSL has no ALSA sequencer: run Ghostnote on Windows itself, or start a JACK server in WSL"
    if sequencer.exists() and not os.access(sequencer, os.R_OK | os.W_OK):
        return f"{sequencer} is not yours to open: sudo usermod -aG audio $USER, then log in again"
    return "load the sequencer: sudo modprobe snd-seq (in a container: pass /dev/snd in)"


def _engine(found: list[System]) -> Finding:
    """Whether the engine starts, and with real-time rights."""
    backend = "auto" if any(not system.problem for system in found) else "none"
    config = Config(
        backend=backend, client_name="Ghostnote doctor", port_name="out", in_port="", tempo_bpm=120, journal=False
    )
    client = EngineClient(config)
    try:
        ready = client.start()
    except PortError as error:
        return Finding(subject="engine", good=False, words=str(error), needed=True)
    client.close()
    words = f"plays through {ready.backend}" if ready.backend != "none" else "starts; there is nothing to play through"
    rights = "with a real-time priority" if ready.realtime else "without a real-time priority"
    return Finding(subject="engine", good=not ready.advice, words=f"{words}, {rights}", cure=ready.advice)


def _presets() -> Finding:
    found = list_presets()
    names = ", ".join(preset.name for preset in found)
    try:
        for preset in found:
            load_preset(preset.name)
    except GhostnoteError as error:
        return Finding(subject="presets", good=False, words=printable(str(error)), cure="ghostnote presets check NAME")
    if not found:
        return Finding(
            subject="presets", good=False, words="none", cure="ghostnote presets install FOLDER", needed=True
        )
    return Finding(subject="presets", good=True, words=names)


def _sound() -> Finding:
    """Listening needs no port but a sound card."""
    from instrument.audio.preview import missing_sound

    problem = missing_sound()
    cure = "`ghostnote listen` and `render -o out.wav` write WAV files without one" if problem else ""
    return Finding(subject="sound", good=not problem, words=problem or "there", cure=cure)
