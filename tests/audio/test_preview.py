"""Playing to nobody: the null device takes sound in real time, and trouble with a card becomes words."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from instrument.audio import preview
from instrument.audio.preview import BUFFER_MS, NoSoundError, play
from instrument.audio.synthesis import RATE
from instrument.errors import MissingExtraError

A_MOMENT = np.full((RATE // 10, 2), 0.25, np.float32)


def test_all_of_the_sound_is_handed_over_in_order_and_then_silence() -> None:
    ramp = np.repeat(np.arange(1000, dtype=np.float32)[:, None], 2, axis=1)
    progress = preview._Progress(len(ramp))
    source = preview._feed(ramp, progress)
    next(source)
    taken = np.concatenate([source.send(asked) for asked in (300, 1, 512, 400)])
    assert (taken[:1000] == ramp).all()
    assert not taken[1000:].any()
    progress.wait()


def test_the_end_comes_after_a_buffer_of_silence() -> None:
    source = preview._feed(A_MOMENT, preview._Progress(len(A_MOMENT)))
    next(source)
    frames = len(A_MOMENT) + RATE * 2 * BUFFER_MS // 1000
    taken = [len(source.send(frames // 2 - 1)) for _ in range(3)]
    assert sum(taken) == frames
    with pytest.raises(StopIteration):
        source.send(1)


def test_it_plays_to_the_end_on_the_null_device() -> None:
    pytest.importorskip("miniaudio", reason="the audio extra is not installed")
    play(A_MOMENT, backend="NULL")


def test_a_card_that_takes_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "STALLED_S", 0.01)
    with pytest.raises(NoSoundError, match="has taken nothing"):
        preview._Progress(10).wait()


def test_a_backend_that_cannot_open_is_an_error_and_writes_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    miniaudio = pytest.importorskip("miniaudio", reason="the audio extra is not installed")
    absent = "WASAPI" if sys.platform != "win32" else "COREAUDIO"
    assert absent in miniaudio.Backend.__members__
    with pytest.raises(NoSoundError, match="no sound card"):
        play(A_MOMENT, backend=absent)
    assert capfd.readouterr().err == ""


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "miniaudio", None)
    with pytest.raises(MissingExtraError, match=r"ghostnote\[audio\]"):
        play(A_MOMENT)
