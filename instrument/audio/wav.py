"""WAV files: float sound in, 16-bit PCM out, written as a whole or not at all."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from instrument.audio.synthesis import RATE, Floats
from instrument.errors import UsageError
from instrument.files import write_atomic

MOST_FRAMES = (2**32 - 256) // 4
"""What a WAV file's 32-bit lengths can say: six hours in stereo."""


def pcm(sound: Floats) -> bytes:
    """float32 [N, 2] within [-1, 1] -> 16-bit little-endian frames."""
    whole: npt.NDArray[np.int16] = np.rint(np.clip(sound, -1, 1) * np.float32(32767)).astype("<i2")
    return whole.tobytes()


def wav_bytes(blocks: Iterable[Floats]) -> bytes:
    """Blocks of float32 [n, 2] at 48 kHz -> the bytes of a 16-bit stereo WAV file.

    Raises UsageError for more music than a WAV file can hold.
    """
    buffer = io.BytesIO()
    frames = 0
    with wave.open(buffer, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for block in blocks:
            frames += len(block)
            if frames > MOST_FRAMES:
                raise UsageError(f"a WAV file holds at most {MOST_FRAMES // RATE // 60} minutes; render fewer bars")
            file.writeframes(pcm(block))
    return buffer.getvalue()


def write_wav(path: Path, blocks: Iterable[Floats]) -> None:
    """Raises DataError where the file can't be written, UsageError where it would be too long."""
    write_atomic(path, wav_bytes(blocks))
