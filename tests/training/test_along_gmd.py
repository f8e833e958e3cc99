"""Drummers of the validation split tap, sing and play along: what of it is answered."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from instrument.core.drums import GM_KIT
from instrument.core.timebase import BAR_TICKS
from instrument.errors import DataError
from instrument.model.store import load_preset
from instrument.ports.smf import PlayedFile, read_played
from instrument.session.along import Hearing
from instrument.session.composer import Composer
from instrument.session.knobs import Knobs
from instrument.session.offline import heard_from, render

pytestmark = pytest.mark.gmd

FILES, MOST_BARS = 12, 12
STEP_TICKS, NEAR_TICKS = BAR_TICKS // 16, 60
Note = tuple[int, int, int, int]
"""Tick, channel, note, velocity."""

AS: dict[str, Callable[[Note], Note]] = {
    "taps on one pad": lambda note: (note[0], 9, 38, note[3]),
    "a melody": lambda note: (note[0], 0, 40 + note[2] % 24, note[3]),
    "drums": lambda note: note,
}


def performances(folder: Path) -> list[PlayedFile]:
    with (folder / "info.csv").open(encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["split"] == "validation" and row["beat_type"] == "beat"]
    found: list[PlayedFile] = []
    for row in rows:
        try:
            played = read_played(folder / row["midi_filename"])
        except DataError:
            continue
        found.append(played)
        if len(found) == FILES:
            break
    return found


@pytest.mark.parametrize("played_as", AS)
def test_what_a_drummer_plays_is_answered_a_bar_later_as_loud_as_it_was(gmd: Path, played_as: str) -> None:
    preset, pairs, missed = load_preset("groove"), [], 0
    for played in performances(gmd):
        bars = min(played.bars, MOST_BARS)
        notes = tuple(AS[played_as](note) for note in played.notes if note[0] < bars * BAR_TICKS)
        along = heard_from(PlayedFile(notes=notes, tempo_bpm=120.0, bars=bars), Hearing())
        knobs = Knobs(epoch=preset.resolve_epoch("best"), follow=1.0)
        music = render(Composer(preset, GM_KIT, 3), knobs, bars + 1, along=along)
        ours = np.array([(m.position_ticks, m.data2) for m in music.messages if m.is_note_on])
        loudest: dict[int, Note] = {}
        for note in notes:
            step = round(note[0] / STEP_TICKS)
            if step not in loudest or note[3] > loudest[step][3]:
                loudest[step] = note
        for tick, _, _, velocity in loudest.values():
            near = ours[np.abs(ours[:, 0] - tick - BAR_TICKS) <= NEAR_TICKS]
            missed += not len(near)
            pairs += [(velocity, near[:, 1].max())] if len(near) else []
    assert len(pairs) > 300
    assert missed <= 0.05 * (missed + len(pairs))
    assert np.corrcoef(np.array(pairs).T)[0, 1] >= 0.9
