"""Sound through the sound card, by miniaudio (the `audio` extra), until it has ended or Ctrl-C is pressed."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any

import numpy as np

from instrument.audio.synthesis import RATE, Floats
from instrument.errors import GhostnoteError, MissingExtraError
from instrument.ports.quiet import quiet

BUFFER_MS = 100
STALLED_S = 5.0


class NoSoundError(GhostnoteError):
    """No sound card, or one that doesn't answer."""


def play(sound: Floats, *, backend: str | None = None) -> None:
    """Plays float32 [N, 2] at 48 kHz and returns when it has been heard.

    `backend` is one of miniaudio's, in capitals (`NULL` plays to nobody, in real time); None takes the system's own.
    Raises MissingExtraError without miniaudio, NoSoundError without a sound card or where it stops taking sound, and
    lets KeyboardInterrupt through, the sound card closed in each case.
    """
    with open_device(backend) as device:
        progress = _Progress(len(sound))
        source = _feed(sound, progress)
        next(source)
        device.start(source)
        progress.wait()


def missing_sound() -> str:
    """Why `play` can't be heard here, or nothing."""
    try:
        with open_device(None):
            return ""
    except (MissingExtraError, NoSoundError) as error:
        return str(error)


def open_device(backend: str | None, period_ms: int = BUFFER_MS, name: str = "Ghostnote") -> Any:
    """An open device, not yet started. Raises what `play` says."""
    try:
        import miniaudio
    except ImportError as error:
        raise MissingExtraError("listen", "audio") from error
    backends = None if backend is None else [miniaudio.Backend[backend]]
    try:
        with quiet():
            device = miniaudio.PlaybackDevice(
                output_format=miniaudio.SampleFormat.FLOAT32,
                nchannels=2,
                sample_rate=RATE,
                buffersize_msec=period_ms,
                backends=backends,
                app_name=name,
            )
    except miniaudio.MiniaudioError as error:
        raise NoSoundError("there is no sound card that can play") from error
    if backend is None and device.backend == "Null":
        device.close()
        raise NoSoundError("there is no sound card that can play")
    return device


class _Progress:
    """How far the card has come. The card's thread calls `step`, the caller's thread `wait`."""

    def __init__(self, frames: int) -> None:
        self._left = frames
        self._stepped = threading.Event()

    def step(self, frames: int) -> None:
        self._left -= frames
        self._stepped.set()

    def wait(self) -> None:
        """Until all has been taken; NoSoundError where nothing is taken for five seconds."""
        while self._left > 0:
            self._stepped.clear()
            if self._left > 0 and not self._stepped.wait(STALLED_S):
                raise NoSoundError(f"the sound card has taken nothing for {STALLED_S:g} s")


def _feed(sound: Floats, progress: _Progress) -> Generator[Floats, int, None]:
    """Sends the frames that are asked for, with silence at the end for as long as the card's buffer lasts."""
    silence = np.zeros((RATE * 2 * BUFFER_MS // 1000, 2), np.float32)
    padded = np.concatenate([sound, silence])
    asked = yield padded[:0]
    at = 0
    while at < len(padded):
        block = padded[at : at + asked]
        at += len(block)
        progress.step(len(block))
        asked = yield block
