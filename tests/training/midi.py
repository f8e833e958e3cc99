"""Small drum files, made where a test needs them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import mido
import numpy as np

Stroke = tuple[int, int, int]
"""Tick, note, velocity."""

COLUMNS = ["drummer", "session", "id", "style", "bpm", "beat_type", "time_signature", "midi_filename"]
COLUMNS += ["audio_filename", "duration", "split"]


def write_midi(
    path: Path, strokes: Iterable[Stroke], *, ppq: int = 480, meter: tuple[int, int] = (4, 4), channel: int = 9
) -> None:
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1]))
    events = sorted(
        [(t, 1, n, v) for t, n, v in strokes] + [(t + 1, 0, n, 0) for t, n, _ in strokes], key=lambda e: (e[0], e[1])
    )
    now = 0
    for tick, on, note, velocity in events:
        kind = "note_on" if on else "note_off"
        track.append(mido.Message(kind, channel=channel, note=note, velocity=velocity, time=tick - now))
        now = tick
    file = mido.MidiFile(type=0, ticks_per_beat=ppq)
    file.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save(path)


def groove(bars: int, seed: int, ppq: int = 480) -> list[Stroke]:
    """Kick on one and three, snare on two and four, eighths on the hat; loudness and a ghost note vary by seed."""
    random = np.random.default_rng(seed)
    beat = ppq
    strokes: list[Stroke] = []
    for bar in range(bars):
        start = bar * 4 * beat
        strokes += [(start + b * beat, 36, int(random.integers(60, 120))) for b in (0, 2)]
        strokes += [(start + b * beat, 38, int(random.integers(70, 127))) for b in (1, 3)]
        strokes += [(start + e * beat // 2, 42, int(random.integers(30, 100))) for e in range(8)]
        ghost = int(random.integers(0, 16))
        strokes.append((start + ghost * beat // 4 + beat // 16, 40, int(random.integers(5, 30))))
    return strokes


def write_folder(folder: Path, files: int = 6, bars: int = 12) -> Path:
    """A folder laid out as GMD is, the last third of its files for validation, two styles, one fill."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(files):
        name = f"drummer1/session1/{number}.mid"
        write_midi(folder / name, groove(bars, number))
        style, kind = ("rock", "beat") if number % 2 == 0 else ("funk/shuffle", "beat" if number > 1 else "fill")
        split = "validation" if number >= files * 2 // 3 else "train"
        rows.append(["drummer1", "s", str(number), style, "100", kind, "4-4", name, "", "1.0", split])
    write_info(folder, rows)
    return folder


def write_info(folder: Path, rows: list[list[str]]) -> None:
    with (folder / "info.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
