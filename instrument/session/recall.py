"""A bar as a short code, and back: which preset and epoch, the seed, the bar's number, and every knob off its rest.

A code is bytes in Crockford's base 32 (no I, L, O, U; small and large letters are one), five letters to a group. The
bytes: version, two of the preset's name's hash, two of the epoch's file's, then numbers of variable length (seven bits
to a byte, least first), then knobs as a field's place in `FIELDS` and its value, and a checksum. A number that isn't
told in ten-thousandths is kept whole, so the same bar comes back byte for byte.
"""

from __future__ import annotations

import binascii
import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from instrument.core.drums import VOICES
from instrument.core.manifest import Manifest
from instrument.core.taps import Tapped
from instrument.errors import UsageError
from instrument.session.knobs import Knobs, Lock, settled, unsettled
from instrument.text import printable

VERSION = 1
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOK_ALIKES = str.maketrans("ILOilo", "110110")
GROUP = 5
LONGEST = 20_000
SCALE = 10_000
WHOLE = 0x80
"""Added to a field's place where its value follows as a float of eight bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """What a code says. `name`, `weights`: the first two bytes of the hashes of the preset's name and the epoch's
    file. The knobs leave out the preset where it is that one."""

    name: bytes
    weights: bytes
    index: int
    knobs: Knobs

    def is_of(self, name: str) -> bool:
        """Whether it was made with the preset of this name, as far as two bytes tell."""
        return self.name == _mark(name.encode())

    def settled(self, manifest: Manifest) -> Knobs:
        """The knobs with this preset's name. Raises UsageError where the code was made with another one."""
        name = printable(manifest.name)
        if not self.is_of(manifest.name):
            raise UsageError(f'the recall code was made with another preset than "{name}"')
        knobs = settled(self.knobs, self.knobs.seed, manifest.name)
        if not any(epoch.number == knobs.epoch for epoch in manifest.epochs):
            raise UsageError(f'the recall code names epoch {knobs.epoch}, which preset "{name}" doesn\'t have')
        if self.weights != weights_mark(manifest, knobs.epoch):
            raise UsageError(f'the recall code was made with another net than that of preset "{name}"')
        return knobs


def _mark(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:2]


def weights_mark(manifest: Manifest, epoch: int) -> bytes:
    return bytes.fromhex(manifest.epoch(epoch).sha256[:4])


def encode(manifest: Manifest, knobs: Knobs, index: int) -> str:
    """The code of bar `index` as these settled knobs make it; `manifest` is that of their preset."""
    head = bytes([VERSION]) + _mark(manifest.name.encode()) + weights_mark(manifest, knobs.epoch)
    plain = unsettled(knobs, knobs.seed, manifest.name)
    body = head + _number(knobs.seed) + _number(index) + _knobs(plain)
    return _letters(body + binascii.crc_hqx(body, 0).to_bytes(2, "big"))


def decode(code: str) -> Recall:
    """Raises UsageError for a text that is no code, or was mistyped."""
    data = _bytes(code)
    if len(data) < 10 or binascii.crc_hqx(data[:-2], 0).to_bytes(2, "big") != data[-2:]:
        raise UsageError(f'"{printable(code, 60)}" is no recall code, or has a letter wrong')
    if data[0] != VERSION:
        raise UsageError(f"the recall code is of version {data[0]}; this Ghostnote reads {VERSION}")
    reader = _Reader(data[5:-2])
    try:
        seed, index, knobs = reader.number(), reader.number(), reader.knobs(deep=3)
        if reader.rest:
            raise ValueError("it doesn't end where it should")
        knobs = settled(knobs, seed, "")
    except (ValueError, IndexError, KeyError, struct.error, UnicodeDecodeError) as error:
        raise UsageError(f"the recall code says what can't be: {error}") from error
    return Recall(name=data[1:3], weights=data[3:5], index=index, knobs=knobs)


def _letters(data: bytes) -> str:
    bits = len(data) * 8
    number = int.from_bytes(data, "big") << (-bits % 5)
    count = -(-bits // 5)
    text = "".join(LETTERS[number >> 5 * place & 31] for place in reversed(range(count)))
    return "-".join(text[at : at + GROUP] for at in range(0, count, GROUP))


def _bytes(code: str) -> bytes:
    text = "".join(code.split()).replace("-", "").translate(LOOK_ALIKES).upper()
    if len(text) > LONGEST or any(letter not in LETTERS for letter in text):
        return b""
    number = 0
    for letter in text:
        number = number << 5 | LETTERS.index(letter)
    size = len(text) * 5 // 8
    return (number >> (len(text) * 5 - size * 8)).to_bytes(size, "big") if size else b""


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _signed(value: int) -> bytes:
    return _number(2 * value if value >= 0 else -2 * value - 1)


def _exact(value: float) -> bool:
    return round(value * SCALE) / SCALE == value


def _text(value: str) -> bytes:
    data = value.encode()
    return _number(len(data)) + data


def _voices(value: frozenset[int]) -> bytes:
    return _number(sum(1 << voice for voice in value))


def _flag(value: bool) -> bytes:
    return _number(int(value))


def _strokes(strokes: tuple[Tapped, ...]) -> bytes:
    """Three numbers to each, the tick as its distance from the one before."""
    told, last = [_number(len(strokes))], 0
    for tick, velocity, voice in strokes:
        told.append(_signed(tick - last) + bytes([velocity]) + _number(voice + 1))
        last = tick
    return b"".join(told)


def _parts(values: tuple[float, ...]) -> bytes:
    return struct.pack(f"<{VOICES}d", *values)


def _pads(pads: tuple[tuple[int, int], ...]) -> bytes:
    return bytes(number for pad in pads for number in pad)


def _latent(z: tuple[float, ...]) -> bytes:
    return _number(len(z)) + struct.pack(f"<{len(z)}d", *z)


def _locks(locks: tuple[Lock, ...]) -> bytes:
    """Voices that keep the same bar together."""
    groups: dict[tuple[int, Knobs], set[int]] = {}
    for lock in locks:
        groups.setdefault((lock.index, lock.knobs), set()).add(lock.voice)
    told = (_voices(frozenset(voices)) + _number(index) + _knobs(knobs) for (index, knobs), voices in groups.items())
    return _number(len(groups)) + b"".join(told)


def _knobs(knobs: Knobs) -> bytes:
    rest = Knobs(epoch=knobs.epoch)
    told = []
    for place, (name, write) in enumerate(FIELDS):
        value = getattr(knobs, name)
        if value == getattr(rest, name):
            continue
        if write is not None:
            told.append(bytes([place]) + write(value))
        elif _exact(value):
            told.append(bytes([place]) + _signed(round(value * SCALE)))
        else:
            told.append(bytes([place | WHOLE]) + struct.pack("<d", value))
    return _number(knobs.epoch) + _number(len(told)) + b"".join(told)


FIELDS: tuple[tuple[str, Callable[[Any], bytes] | None], ...] = (
    ("style", _text),
    ("density", None),
    ("energy", None),
    ("fill", None),
    ("home", _number),
    ("x", None),
    ("y", None),
    ("variation", None),
    ("quantise", None),
    ("swing", None),
    ("humanise", None),
    ("accent", None),
    ("softest", _number),
    ("loudest", _number),
    ("glide", None),
    ("truncation", None),
    ("walk", None),
    ("walk_bars", _number),
    ("morph", None),
    ("toward", _knobs),
    ("z", _latent),
    ("fill_every", _number),
    ("landing", _flag),
    ("late", lambda late: b"".join(map(_signed, late))),
    ("voice_density", _parts),
    ("voice_velocity", _parts),
    ("pads", _pads),
    ("muted", _voices),
    ("soloed", _voices),
    ("locks", _locks),
    ("preset", _text),
    ("seed", _number),
    ("phrase", _number),
    ("follow", None),
    ("with_energy", _flag),
    ("least", None),
    ("most", None),
    ("waits", _text),
    ("trade", _number),
    ("distance", None),
    ("complement", _flag),
    ("theirs", _voices),
    ("heard", _strokes),
    ("call", _strokes),
    ("hushed", _flag),
    ("clicks", _flag),
    ("pad", _number),
)
"""Every knob's name and how its value is written; None for a plain number. A new knob comes at the end."""


class _Reader:
    """Takes values off the front of bytes. Raises IndexError and ValueError where there are none."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def take(self, size: int) -> bytes:
        if size > len(self.rest):
            raise ValueError("it ends too early")
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number has no end")

    def signed(self) -> int:
        value = self.number()
        return value // 2 if value % 2 == 0 else -(value + 1) // 2

    def voices(self) -> frozenset[int]:
        mask = self.number()
        return frozenset(voice for voice in range(mask.bit_length()) if mask >> voice & 1)

    def parts(self, count: int) -> tuple[float, ...]:
        return struct.unpack(f"<{count}d", self.take(8 * count))

    def knobs(self, deep: int) -> Knobs:
        if not deep:
            raise ValueError("knobs lie within knobs")
        epoch, count = self.number(), self.number()
        found: dict[str, Any] = {}
        for _ in range(count):
            place = self.take(1)[0]
            name, _write = FIELDS[place & ~WHOLE]
            found[name] = self.parts(1)[0] if place & WHOLE else self._value(name, deep)
        return Knobs(epoch=epoch, **found)

    def _value(self, name: str, deep: int) -> Any:
        match name:
            case "style" | "preset" | "waits":
                return self.take(self.number()).decode()
            case "home" | "seed" | "softest" | "loudest" | "walk_bars" | "fill_every" | "phrase" | "trade" | "pad":
                return self.number()
            case "landing" | "with_energy" | "complement" | "hushed" | "clicks":
                return bool(self.number())
            case "toward":
                return self.knobs(deep - 1)
            case "z":
                return self.parts(self.number())
            case "late":
                return tuple(self.signed() for _ in range(VOICES))
            case "voice_density" | "voice_velocity":
                return self.parts(VOICES)
            case "pads":
                return tuple((channel, note) for channel, note in zip(*[iter(self.take(2 * VOICES))] * 2, strict=True))
            case "muted" | "soloed" | "theirs":
                return self.voices()
            case "heard" | "call":
                return self._strokes()
            case "locks":
                return self._locks(deep)
        return self.signed() / SCALE

    def _strokes(self) -> tuple[Tapped, ...]:
        strokes, tick = [], 0
        for _ in range(self.number()):
            tick += self.signed()
            strokes.append(Tapped(tick, self.take(1)[0], self.number() - 1))
        return tuple(strokes)

    def _locks(self, deep: int) -> tuple[Lock, ...]:
        locks = []
        for _ in range(self.number()):
            voices, index, knobs = self.voices(), self.number(), self.knobs(deep - 1)
            locks += [Lock(voice=voice, index=index, knobs=knobs) for voice in voices]
        return tuple(sorted(locks, key=lambda lock: lock.voice))
