"""One MIDI file of anybody's into drum hits, or a reason why not.

symusic parses; what it lets pass is checked around it: the size before the file is read, the header and the chunk list
before it is parsed, and the length of the music before any array is made from it. So no damaged file costs more than
a moment and a few megabytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic

from instrument.core.bar import Hits, Ints
from instrument.core.drums import VOICE_OF_NOTE
from instrument.core.timebase import BAR_TICKS, PPQ

LARGEST_BYTES = 4 * 2**20
MOST_BARS = 4096
_HEADER_BYTES = 14


class UnusableFileError(Exception):
    """The reason, in words, why a file can't be learnt from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrumTrack:
    """A file's drum hits at 480 ticks a quarter, its tempo, and how many notes no voice stands for."""

    hits: Hits
    tempo_bpm: float
    unmapped: int


def read_drums(path: Path) -> DrumTrack:
    """Raises UnusableFileError for a file that is huge, broken, not in 4/4 throughout or without drum hits."""
    return parse_drums(_read(path))


def parse_drums(data: bytes) -> DrumTrack:
    """As `read_drums`, from the bytes of a file."""
    check_chunks(data)
    try:
        score: Any = symusic.Score.from_midi(data)
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).removeprefix("MiniMidi: ").split("!")[0]
        raise UnusableFileError(f"broken MIDI: {_printable(reason)}") from error
    if score.tpq < 1:
        raise UnusableFileError("broken MIDI: no ticks per quarter note")
    _check_meter(score)
    tick, pitch, velocity = _drum_notes(score)
    if not len(tick):
        raise UnusableFileError("no drum notes (channel 10, or the only track)")
    tick = (tick * PPQ + score.tpq // 2) // score.tpq
    if tick.min() < 0 or tick.max() >= MOST_BARS * BAR_TICKS:
        raise UnusableFileError(f"longer than {MOST_BARS} bars, or its times are broken")
    voice = _VOICE_OF_PITCH[pitch]
    known = (voice >= 0) & (velocity >= 1)
    if not known.any():
        raise UnusableFileError("none of its notes is in the drum table")
    hits = Hits(tick=tick[known], voice=voice[known], velocity=velocity[known])
    tempo = float(score.tempos[0].qpm) if len(score.tempos) else 120.0
    return DrumTrack(hits=hits, tempo_bpm=tempo, unmapped=int((~known).sum()))


def check_chunks(data: bytes) -> None:
    """Walks the chunks: header, declared tracks against those that are there, no length beyond the end."""
    if len(data) < _HEADER_BYTES or data[:4] != b"MThd":
        raise UnusableFileError("not a MIDI file")
    declared = int.from_bytes(data[10:12], "big")
    division = int.from_bytes(data[12:14], "big")
    if division & 0x8000:
        raise UnusableFileError("its time is in SMPTE frames, not in quarter notes")
    position, tracks = 8 + int.from_bytes(data[4:8], "big"), 0
    while position + 8 <= len(data) and tracks < declared:
        length = int.from_bytes(data[position + 4 : position + 8], "big")
        if position + 8 + length > len(data):
            raise UnusableFileError("cut short: a track ends after the file does")
        tracks += data[position : position + 4] == b"MTrk"
        position += 8 + length
    if tracks < max(declared, 1):
        raise UnusableFileError(f"cut short: {declared} tracks declared, {tracks} there")


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise UnusableFileError("no such file" if not path.exists() else "not a regular file")
        if path.stat().st_size > LARGEST_BYTES:
            raise UnusableFileError(f"larger than {LARGEST_BYTES >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise UnusableFileError(f"can't be read: {error.strerror}") from error


def _check_meter(score: Any) -> None:
    meters = [(t.numerator, t.denominator) for t in score.time_signatures]
    other = [meter for meter in meters if meter != (4, 4)]
    if other:
        raise UnusableFileError(f"in {other[0][0]}/{other[0][1]}, not 4/4")


def _drum_notes(score: Any) -> tuple[Ints, Ints, Ints]:
    """Tick, pitch and velocity of the notes on channel 10; of the only track where that is empty."""
    tracks = [track for track in score.tracks if track.note_num()]
    drums = [track for track in tracks if track.is_drum] or (tracks if len(tracks) == 1 else [])
    columns = [track.notes.numpy() for track in drums]
    tick, pitch, velocity = (
        np.concatenate([np.zeros(0, np.int64), *(c[name].astype(np.int64) for c in columns)])
        for name in ("time", "pitch", "velocity")
    )
    order = np.argsort(tick, kind="stable")
    return tick[order], pitch[order], velocity[order]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


_VOICE_OF_PITCH = np.array([VOICE_OF_NOTE.get(pitch, -1) for pitch in range(128)], np.int64)
