"""The same music through a SoundFont instead of the built-in kit: every note on its General MIDI drum channel.

tinysoundfont plays it in this process where it is installed, else the `fluidsynth` program, which several systems
already have. The file's outline is checked before either of them sees it.
"""

from __future__ import annotations

import importlib.util
import itertools
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from instrument.audio.render import limited
from instrument.audio.synthesis import RATE, Floats
from instrument.core.drums import DRUM_CHANNEL
from instrument.core.events import NOTE_OFF, NOTE_ON, Message
from instrument.core.timebase import BAR_TICKS, ticks_to_seconds
from instrument.errors import DataError, GhostnoteError
from instrument.ports.smf import midi_file
from instrument.text import printable

TAIL_S = 2.0
DRUM_BANK = 128
GAIN_DB = -6.0
FLUIDSYNTH_GAIN = 0.8
LARGEST_BYTES = 2**31
RECORD_BYTES = {
    b"phdr": 38,
    b"pbag": 4,
    b"pmod": 10,
    b"pgen": 4,
    b"inst": 22,
    b"ibag": 4,
    b"imod": 10,
    b"igen": 4,
    b"shdr": 46,
}
"""The tables of a SoundFont 2 file's preset chunk, and the size of a row of each."""


class NoSynthesiserError(GhostnoteError):
    """Nothing here can play a SoundFont."""


def render_soundfont(font: Path, messages: Iterable[Message], *, tempo_bpm: float, bars: int) -> Floats:
    """`bars` bars of messages and two seconds of tail, float32 [N, 2] at 48 kHz, each within (-1, 1).

    Raises DataError where `font` isn't a SoundFont 2 file, NoSynthesiserError where nothing can play it.
    """
    check_soundfont(font)
    drums = list(_on_drum_channel(messages))
    if importlib.util.find_spec("tinysoundfont") is not None:
        return limited(_by_tinysoundfont(font, drums, tempo_bpm, bars))
    program = shutil.which("fluidsynth")
    if program is None:
        raise NoSynthesiserError(
            "--soundfont needs fluidsynth (from your system's packages) or: pip install --no-deps tinysoundfont"
        )
    return limited(by_fluidsynth(program, font, drums, tempo_bpm, bars))


def check_soundfont(font: Path) -> None:
    """Raises DataError, naming the file, where it isn't laid out as a SoundFont 2 file."""
    name = printable(str(font))
    try:
        size = font.stat().st_size
        with font.open("rb") as file:
            wrong = _outline_fault(file, size)
    except OSError as error:
        raise DataError(f"can't read {name}: {error.strerror}") from error
    if wrong:
        raise DataError(f"{name} is not a usable SoundFont 2 file: {wrong}")


def _outline_fault(file: BinaryIO, size: int) -> str:
    """What is wrong with the chunks, or nothing."""
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        return "it has no RIFF sfbk header"
    if int.from_bytes(head[4:8], "little") + 8 > size:
        return "it is cut short"
    if size > LARGEST_BYTES:
        return f"it is larger than {LARGEST_BYTES >> 30} GiB"
    lists: set[bytes] = set()
    tables: set[bytes] = set()
    for kind, at, length in _chunks(file, 12, size):
        if at + length > size:
            return "a chunk ends after the file does"
        file.seek(at)
        inner = file.read(4) if kind == b"LIST" else b""
        lists.add(inner)
        if inner == b"pdta":
            for table, start, bytes_ in _chunks(file, at + 4, at + length):
                row = RECORD_BYTES.get(table)
                if row is None or bytes_ % row or bytes_ < row or start + bytes_ > at + length:
                    return "a table of its presets is broken"
                tables.add(table)
    if not {b"sdta", b"pdta"} <= lists or tables != set(RECORD_BYTES):
        return "it lacks samples or presets"
    return ""


def _chunks(file: BinaryIO, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place of the content and length of each RIFF chunk."""
    while begin + 8 <= end:
        file.seek(begin)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        yield head[:4], begin + 8, length
        begin += 8 + length + length % 2


def _on_drum_channel(messages: Iterable[Message]) -> Iterator[Message]:
    for m in messages:
        if m.status & 0xF0 in (NOTE_ON, NOTE_OFF):
            status = m.status & 0xF0 | DRUM_CHANNEL
            yield Message(position_ticks=m.position_ticks, status=status, data1=m.data1, data2=m.data2)


def _length(tempo_bpm: float, bars: int) -> int:
    return round((ticks_to_seconds(bars * BAR_TICKS, tempo_bpm) + TAIL_S) * RATE)


def _by_tinysoundfont(font: Path, drums: list[Message], tempo_bpm: float, bars: int) -> Floats:
    import tinysoundfont

    synth = tinysoundfont.Synth(gain=GAIN_DB, samplerate=RATE)
    try:
        number = synth.sfload(str(font))
        synth.program_select(DRUM_CHANNEL, number, DRUM_BANK, 0, True)
    except Exception as error:
        raise DataError(f"can't use {printable(str(font))}: it has no drum kit that can be played") from error
    sound = np.zeros((_length(tempo_bpm, bars), 2), np.float32)
    done = 0
    for start, together in itertools.groupby(drums, lambda m: _sample(m, tempo_bpm)):
        if start > done:
            synth.generate(start - done, sound[done:start].data.cast("B"))
            done = start
        for message in together:
            if message.is_note_on:
                synth.noteon(DRUM_CHANNEL, message.data1, message.data2)
            else:
                synth.noteoff(DRUM_CHANNEL, message.data1)
    synth.generate(len(sound) - done, sound[done:].data.cast("B"))
    return sound


def _sample(message: Message, tempo_bpm: float) -> int:
    return max(round(ticks_to_seconds(message.position_ticks, tempo_bpm) * RATE), 0)


def by_fluidsynth(program: str, font: Path, drums: list[Message], tempo_bpm: float, bars: int) -> Floats:
    """As `render_soundfont`, before the limiter, by a run of the fluidsynth program."""
    length = _length(tempo_bpm, bars)
    tail_bars = int(TAIL_S / ticks_to_seconds(BAR_TICKS, tempo_bpm)) + 1
    with tempfile.TemporaryDirectory(prefix="ghostnote-") as folder:
        music, wav = Path(folder, "music.mid"), Path(folder, "music.wav")
        music.write_bytes(midi_file(drums, tempo_bpm=tempo_bpm, bars=bars + tail_bars, title="Ghostnote"))
        options = ["-niq", "-F", str(wav), "-T", "wav", "-O", "s16", "-r", str(RATE), "-g", str(FLUIDSYNTH_GAIN)]
        run = subprocess.run([program, *options, str(font.resolve()), str(music)], capture_output=True, check=False)
        if run.returncode or not wav.is_file():
            raise DataError(f"fluidsynth can't use {printable(str(font))}: {_last_line(run.stderr)}")
        with wave.open(str(wav), "rb") as file:
            frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    sound = np.zeros((length, 2), np.float32)
    n = min(length, len(frames))
    sound[:n] = frames[:n] / np.float32(32768)
    return sound


def _last_line(words: bytes) -> str:
    lines = words.decode(errors="replace").strip().splitlines()
    return printable(lines[-1], 120) if lines else "it says nothing"
