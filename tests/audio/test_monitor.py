"""The monitor's mixer against the offline render, its datagrams, and its process on a card that nobody hears."""

from __future__ import annotations

import socket
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.audio.kit import built_in_kit
from instrument.audio.mixer import MOST_RINGING, Mixer
from instrument.audio.monitor import Strokes, voices_of
from instrument.audio.render import render
from instrument.audio.synthesis import RATE
from instrument.core.drums import GM_KIT, Voice
from instrument.core.events import note_off, note_on
from instrument.core.timebase import BAR_TICKS, PPQ
from instrument.engine.overheard import HERE, STROKE, Overheard
from instrument.session.monitoring import BACKEND, Monitor, MonitorError

PADS = tuple((target.channel, target.note) for target in GM_KIT.targets)
FRAMES_PER_TICK = RATE * 60 // (120 * PPQ)
STROKES = st.lists(
    st.tuples(st.integers(0, BAR_TICKS - 1), st.sampled_from(Voice), st.integers(1, 127)), min_size=1, max_size=12
)

QUIET = 1e-3
"""60 dB below full scale: where a stroke is choked as it begins, its fade differs by as much."""


@settings(max_examples=30)
@given(STROKES, st.lists(st.integers(400, 9000), min_size=1, max_size=6))
def test_block_by_block_it_sounds_as_the_render_does(strokes: list[tuple[int, Voice, int]], sizes: list[int]) -> None:
    order = sorted(strokes, key=lambda stroke: stroke[0])
    messages = [note_on(tick, 9, GM_KIT.targets[voice].note, velocity) for tick, voice, velocity in order]
    wanted = render(messages, tempo_bpm=120, bars=1)
    mixer = Mixer(built_in_kit())
    for tick, voice, velocity in order:
        mixer.strike(voice, velocity, tick * FRAMES_PER_TICK)
    blocks, at = [], 0
    while mixer.frame < len(wanted):
        blocks.append(mixer.block(sizes[at % len(sizes)]))
        at += 1
    found = np.concatenate(blocks)[: len(wanted)]
    assert np.abs(found - wanted).max() < QUIET


def test_a_stroke_that_comes_late_starts_at_once_and_too_many_let_the_oldest_go() -> None:
    mixer = Mixer(built_in_kit())
    assert not mixer.block(1000).any()
    mixer.strike(Voice.KICK, 127, 10)
    assert np.abs(mixer.block(200)).max() > 0.01
    for _ in range(10 * MOST_RINGING):
        mixer.strike(Voice.CRASH, 127, mixer.frame)
    assert np.abs(mixer.block(2000)).max() < 1


def test_strokes_travel_as_datagrams_and_strangers_are_ignored() -> None:
    strokes, told = Strokes(voices_of(PADS)), Overheard()
    told.stroke(note_on(0, 9, 36, 100), 0.01)
    told.tell(strokes.port)
    told.stroke(note_on(0, 9, 36, 100), 0.01)
    told.stroke(note_off(0, 9, 36), 0.01)
    told.stroke(note_on(0, 9, 42, 30), 0.02)
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for data in (b"", b"x" * 60, STROKE.pack(float("nan"), 0x99, 36, 1), STROKE.pack(0.0, 0x99, 3, 1)):
        stranger.sendto(data, (HERE, strokes.port))
    stranger.close()
    heard: list[tuple[float, Voice, int]] = []
    deadline = time.monotonic() + 5
    while len(heard) < 2 and time.monotonic() < deadline:
        heard += strokes.arrived()
    assert heard == [(0.01, Voice.KICK, 100), (0.02, Voice.CLOSED_HAT, 30)]
    told.tell(0)
    told.stroke(note_on(0, 9, 36, 100), 0.01)
    assert not strokes.arrived()


def test_where_nobody_listens_nothing_happens() -> None:
    told = Overheard()
    told.tell(9)
    for _ in range(100):
        told.stroke(note_on(0, 9, 36, 100), 0.0)


def test_its_process_starts_ends_and_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("miniaudio", reason="miniaudio is not installed")
    monkeypatch.setenv(BACKEND, "NULL")
    monitor = Monitor()
    assert monitor.start(PADS) > 0
    assert monitor.on
    assert not monitor.ended()
    monitor.stop()
    assert not monitor.on
    monitor.start(PADS)
    process = monitor._process
    assert process is not None
    process.kill()
    process.wait()
    assert monitor.ended()
    assert not monitor.on


def test_without_a_sound_card_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("miniaudio", reason="miniaudio is not installed")
    monkeypatch.setenv(BACKEND, "WASAPI" if sys.platform != "win32" else "ALSA")
    monitor = Monitor()
    with pytest.raises(MonitorError, match="no sound card"):
        monitor.start(PADS)
    assert not monitor.on
