"""SoundFonts: a font made here is played by whatever can, and a broken one is refused before anything reads it."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

from instrument.audio import soundfont
from instrument.audio.soundfont import NoSynthesiserError, by_fluidsynth, check_soundfont, render_soundfont
from instrument.audio.synthesis import RATE, Floats
from instrument.core.events import Message, note_off, note_on
from instrument.errors import DataError
from tests.audio.soundfonts import a_drum_font, chunk

TWO_KICKS = [note_on(0, 9, 36, 127), note_off(100, 9, 36), note_on(960, 9, 36, 127), note_off(1060, 9, 36)]


@pytest.fixture
def font(tmp_path: Path) -> Path:
    path = tmp_path / "drums.sf2"
    path.write_bytes(a_drum_font())
    return path


def onsets(sound: Floats, threshold: float = 0.02) -> list[int]:
    """The first samples above the threshold after a tenth of a second below it."""
    loud = np.flatnonzero(np.abs(sound).max(axis=1) > threshold)
    return [int(at) for at in loud[np.r_[True, np.diff(loud) > RATE // 10]]]


@pytest.mark.skipif(importlib.util.find_spec("tinysoundfont") is None, reason="tinysoundfont is not installed")
def test_tinysoundfont_plays_each_note_on_its_sample(font: Path) -> None:
    sound = render_soundfont(font, TWO_KICKS, tempo_bpm=120, bars=1)
    assert sound.shape == (4 * RATE, 2)
    first, second = onsets(sound)
    assert abs(second - first - RATE) <= 1
    assert np.abs(sound).max() < 1


@pytest.mark.skipif(shutil.which("fluidsynth") is None, reason="fluidsynth is not installed")
def test_fluidsynth_plays_each_note_at_its_time(font: Path) -> None:
    program = shutil.which("fluidsynth") or ""
    sound = by_fluidsynth(program, font, TWO_KICKS, 120, 1)
    assert sound.shape == (4 * RATE, 2)
    first, second = onsets(sound)
    assert abs(second - first - RATE) <= 128, "fluidsynth works in blocks of 64 samples"


def test_notes_go_to_the_drum_channel_and_nothing_else_does() -> None:
    control = Message(position_ticks=0, status=0xB3, data1=7, data2=100)
    moved = soundfont._on_drum_channel([note_on(0, 3, 36, 90), control, note_off(5, 4, 36)])
    assert [m.to_bytes() for m in moved] == [b"\x99\x24\x5a", b"\x89\x24\x40"]


def test_with_no_synthesiser_it_says_what_to_get(font: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NoSynthesiserError, match="fluidsynth") as refusal:
        render_soundfont(font, TWO_KICKS, tempo_bpm=120, bars=1)
    assert refusal.value.exit_code == 1


WHOLE = a_drum_font()
DAMAGED = {
    "empty": (b"", "no RIFF"),
    "a WAV file": (b"RIFF\x04\0\0\0WAVE", "no RIFF sfbk"),
    "cut": (WHOLE[:-10], "cut short"),
    "no chunks": (chunk(b"RIFF", b"sfbk"), "lacks samples"),
    "a long chunk": (chunk(b"RIFF", b"sfbkLIST\xff\xff\xff\x7fpdta"), "ends after"),
    "an odd table": (
        chunk(b"RIFF", b"sfbk" + chunk(b"LIST", b"pdta" + chunk(b"phdr", bytes(39)))),
        "a table of its presets",
    ),
    "an unknown table": (
        chunk(b"RIFF", b"sfbk" + chunk(b"LIST", b"pdta" + chunk(b"what", bytes(38)))),
        "a table of its presets",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_font_is_named_with_its_reason(name: str, tmp_path: Path) -> None:
    data, reason = DAMAGED[name]
    path = tmp_path / "broken.sf2"
    path.write_bytes(data)
    with pytest.raises(DataError, match=reason) as refusal:
        check_soundfont(path)
    assert str(path) in str(refusal.value)


def test_a_font_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.sf2"):
        check_soundfont(tmp_path / "none.sf2")
