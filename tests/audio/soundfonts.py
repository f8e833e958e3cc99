"""A SoundFont 2 file with one drum kit of one sound, built from its tables (SoundFont Technical Specification 2.04)."""

from __future__ import annotations

import struct

import numpy as np

from instrument.audio.kit import built_in_kit
from instrument.audio.synthesis import RATE
from instrument.core.drums import Voice

SAMPLE_ID, INSTRUMENT, SAMPLE_MODES, ROOT_KEY, EXCLUSIVE = 53, 41, 54, 58, 57
DRUM_BANK = 128


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def a_drum_font() -> bytes:
    """Every key plays the built-in snare, at its own pitch on key 36."""
    snare = built_in_kit().sounds[Voice.SNARE].stroke(127).mean(axis=0)
    frames = np.rint(snare * 32000).astype("<i2").tobytes()
    silence = bytes(2 * 46)
    info = chunk(b"ifil", struct.pack("<HH", 2, 1)) + chunk(b"isng", b"EMU8000\0") + chunk(b"INAM", b"One drum\0\0")
    tables = (
        chunk(b"phdr", _preset(b"Kit", DRUM_BANK, 0) + _preset(b"EOP", 0, 1))
        + chunk(b"pbag", struct.pack("<HHHH", 0, 0, 1, 0))
        + chunk(b"pmod", bytes(10))
        + chunk(b"pgen", struct.pack("<HHHH", INSTRUMENT, 0, 0, 0))
        + chunk(b"inst", struct.pack("<20sH20sH", b"Drum", 0, b"EOI", 1))
        + chunk(b"ibag", struct.pack("<HHHH", 0, 0, 2, 0))
        + chunk(b"imod", bytes(10))
        + chunk(b"igen", struct.pack("<HHHHHH", ROOT_KEY, 36, SAMPLE_ID, 0, 0, 0))
        + chunk(b"shdr", _sample(b"Snare", 0, len(snare)) + _sample(b"EOS", 0, 0))
    )
    body = chunk(b"LIST", b"INFO" + info)
    body += chunk(b"LIST", b"sdta" + chunk(b"smpl", frames + silence))
    body += chunk(b"LIST", b"pdta" + tables)
    return chunk(b"RIFF", b"sfbk" + body)


def _preset(name: bytes, bank: int, bag: int) -> bytes:
    return struct.pack("<20sHHHIII", name, 0, bank, bag, 0, 0, 0)


def _sample(name: bytes, start: int, end: int) -> bytes:
    return struct.pack("<20sIIIIIBbHH", name, start, end, start, max(end - 1, start), RATE, 36, 0, 0, 1)
