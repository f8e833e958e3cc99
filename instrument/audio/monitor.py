"""The monitor: a process that makes what the engine sends sound through the sound card, and nothing else.

`python -P -m instrument.audio.monitor BACKEND`, the kit map's channels and notes on stdin; prints the number of the
port that it listens at, then lives until its stdin ends. Strokes come as datagrams with the time until they are due;
each starts a period late, so that it lies on its sample.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Generator
from typing import Any

import numpy as np

from instrument.audio.kit import built_in_kit
from instrument.audio.mixer import Mixer
from instrument.audio.preview import NoSoundError, open_device
from instrument.audio.synthesis import RATE, Floats
from instrument.core.drums import VOICE_OF_NOTE, VOICES, Voice
from instrument.engine.overheard import HERE, STROKE
from instrument.errors import GhostnoteError

PERIOD_MS = 5
NAME = "Ghostnote monitor"
Voices = dict[tuple[int, int], Voice]
"""(channel, note) -> voice."""


class Strokes:
    """What comes in at a port, never waited for."""

    def __init__(self, voices: Voices) -> None:
        self._voices = voices
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HERE, 0))
        self._socket.setblocking(False)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def arrived(self) -> list[tuple[float, Voice, int]]:
        """Seconds until each is due, its voice and its velocity."""
        found = []
        while (data := self._next()) is not None:
            if len(data) != STROKE.size:
                continue
            in_s, status, note, velocity = STROKE.unpack(data)
            voice = self._voices.get((status & 0x0F, note), VOICE_OF_NOTE.get(note))
            if voice is not None and -1 < in_s < 1:
                found.append((in_s, voice, min(velocity, 127)))
        return found

    def _next(self) -> bytes | None:
        try:
            return self._socket.recv(64)
        except OSError:
            return None


def sound(strokes: Strokes, mixer: Mixer, delay_frames: int) -> Generator[Floats, int, None]:
    """Blocks as the card asks for them."""
    frames = yield np.zeros((0, 2), np.float32)
    while True:
        for in_s, voice, velocity in strokes.arrived():
            mixer.strike(voice, velocity, mixer.frame + max(round(in_s * RATE) + delay_frames, 0))
        frames = yield mixer.block(frames)


def voices_of(pads: Any) -> Voices:
    """Raises ValueError for what is no list of nine channels and notes."""
    if len(pads) != VOICES:
        raise ValueError(f"{len(pads)} voices, not {VOICES}")
    return {(int(channel), int(note)): voice for voice, (channel, note) in zip(Voice, pads, strict=True)}


def main(words: list[str]) -> int:
    strokes = Strokes(voices_of(json.loads(sys.stdin.readline())))
    mixer = Mixer(built_in_kit())
    try:
        device = open_device(words[0] if words and words[0] else None, PERIOD_MS, NAME)
    except GhostnoteError as error:
        print(json.dumps({"trouble": str(error)}), flush=True)
        return error.exit_code
    with device:
        source = sound(strokes, mixer, RATE * PERIOD_MS // 1000)
        next(source)
        device.start(source)
        print(json.dumps({"port": strokes.port, "backend": device.backend}), flush=True)
        while sys.stdin.readline():
            time.sleep(0)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except NoSoundError as error:
        sys.exit(str(error))
