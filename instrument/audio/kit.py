"""The built-in drum kit: nine sounds computed from a few figures, so that music can be heard with no file at hand.

Each sound has two layers: a body, and an edge (stick, click, wires, shimmer) that grows faster than the body as the
stroke gets harder. A loud stroke is so not only louder but brighter, as on a real drum. Kick, snare and toms ring a
little in a small room. The kit is the same on every machine: its noise comes from a generator with a fixed seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from instrument.audio.synthesis import (
    RATE,
    Floats,
    band,
    decay,
    faded,
    noise,
    partials,
    square_cloud,
    swept_tone,
)
from instrument.core.drums import VOICES, Voice

LOUDNESS_POWER = 1.7
SEED = 1003


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sound:
    """One voice: body and edge, float32 [2, N] (left and right, N samples at 48 kHz)."""

    body: Floats
    edge: Floats

    def __post_init__(self) -> None:
        if self.body.shape != self.edge.shape or self.body.ndim != 2 or len(self.body) != 2:
            raise ValueError(f"body {self.body.shape} and edge {self.edge.shape} must share one shape [2, N]")

    def __len__(self) -> int:
        return int(self.body.shape[1])

    def stroke_part(self, hardness: float, part: slice) -> Floats:
        """Some samples of a stroke of hardness 0..1, [2, n]."""
        body, edge = self.body[:, part], self.edge[:, part]
        return (body + edge * np.float32(hardness)) * np.float32(hardness**LOUDNESS_POWER)

    def stroke(self, velocity: int) -> Floats:
        """The sound of a stroke at velocity 1..127, [2, N]."""
        hardness = np.float32(velocity / 127)
        return (self.body + self.edge * hardness) * hardness ** np.float32(LOUDNESS_POWER)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kit:
    """A sound for each voice, in their order."""

    sounds: tuple[Sound, ...]

    def __post_init__(self) -> None:
        if len(self.sounds) != VOICES:
            raise ValueError(f"a kit has {VOICES} sounds, not {len(self.sounds)}")


@cache
def built_in_kit() -> Kit:
    """The kit, made at the first call."""
    room = _room(np.random.default_rng(SEED))
    return Kit(sounds=tuple(_sound(voice, room) for voice in Voice))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """How a voice is mixed: peak level at velocity 127, pan -1..1 (left to right, as the drummer sits), room 0..1."""

    level: float
    pan: float
    room: float
    layers: Callable[[np.random.Generator], tuple[Floats, Floats]]


def _sound(voice: Voice, room: Floats) -> Sound:
    place = _PLACES[voice]
    body, edge = place.layers(np.random.default_rng([SEED, voice]))
    dry = np.stack([body, edge])  # [2 layers, N] or [2 layers, 2 channels, N]
    if dry.ndim == 2:
        dry = dry[:, None, :].repeat(2, axis=1)
    dry = faded(dry, dry.shape[-1] // 6)
    if place.room:
        dry = _in_room(dry, room, place.room)
    angle = (place.pan + 1) * np.pi / 4
    gains = np.sqrt(2) * np.array([np.cos(angle), np.sin(angle)], np.float32)
    mixed = faded(dry * gains[None, :, None].astype(np.float32), RATE // 100)
    scale = np.float32(place.level) / np.abs(mixed.sum(axis=0)).max()
    return Sound(body=mixed[0] * scale, edge=mixed[1] * scale)


def _room(random: np.random.Generator) -> Floats:
    """A small room's answer, [2, N]: noise that loses its treble and dies away in a third of a second."""
    n = RATE * 3 // 10
    dull = np.stack([noise(random, n, 250, 4200, 1) for _ in range(2)])
    answer = dull * decay(n, 0.055)
    answer[:, : RATE // 125] = 0
    return np.asarray(answer / np.sqrt((answer**2).sum(axis=1, keepdims=True)), np.float32)


def _in_room(dry: Floats, room: Floats, amount: float) -> Floats:
    """[2 layers, 2, N] -> the same, longer by the room, with the room's answer under it."""
    n = dry.shape[-1] + room.shape[-1]
    wet = np.fft.irfft(np.fft.rfft(dry, n) * np.fft.rfft(room, n), n).astype(np.float32)
    wet *= np.float32(amount)
    wet[..., : dry.shape[-1]] += dry
    return np.asarray(wet, np.float32)


def _kick(random: np.random.Generator) -> tuple[Floats, Floats]:
    n = RATE * 45 // 100
    tone = swept_tone(n, 47, (95, 0.030), (260, 0.006)) * decay(n, 0.115)
    body = np.asarray(np.tanh(np.float32(1.8) * tone), np.float32)
    tick = swept_tone(n, 900, (1400, 0.004)) * decay(n, 0.005)
    click: Floats = noise(random, n, 1800, 7000, 2) * decay(n, 0.004) + 0.5 * tick
    return body, 0.42 * click


def _snare(random: np.random.Generator) -> tuple[Floats, Floats]:
    n = RATE * 40 // 100
    head = swept_tone(n, 182, (60, 0.012)) * decay(n, 0.075) + 0.55 * swept_tone(n, 331, (90, 0.010)) * decay(n, 0.045)
    wires = noise(random, n, 1300, 9500, 2) * (0.75 * decay(n, 0.085) + 0.25 * decay(n, 0.018))
    crack = noise(random, n, 3000, 16000, 2) * (decay(n, 0.016) + 0.35 * decay(n, 0.07))
    return 0.58 * head + 1.15 * wires, 1.15 * crack


_HAT_HZ = (317.0, 465.0, 551.0, 812.0, 1043.0, 1331.0)


def _hat(random: np.random.Generator, n: int, ring_s: float) -> tuple[Floats, Floats]:
    metal = square_cloud(random, n, _HAT_HZ, 6200, 15000)
    hiss = noise(random, n, 6800, 17000, 3)
    body = (0.7 * metal + 0.5 * hiss) * (0.8 * decay(n, ring_s) + 0.2 * decay(n, ring_s / 4))
    stick = noise(random, n, 4200, 18000, 2) * (decay(n, 0.004) + 0.25 * decay(n, ring_s * 0.5))
    return body, 0.8 * stick


def _closed_hat(random: np.random.Generator) -> tuple[Floats, Floats]:
    return _hat(random, RATE * 20 // 100, 0.028)


def _open_hat(random: np.random.Generator) -> tuple[Floats, Floats]:
    return _hat(random, RATE * 120 // 100, 0.30)


def _tom(hz: float, ring_s: float) -> Callable[[np.random.Generator], tuple[Floats, Floats]]:
    def layers(random: np.random.Generator) -> tuple[Floats, Floats]:
        n = RATE * 80 // 100
        head = swept_tone(n, hz, (hz * 0.55, 0.045)) * decay(n, ring_s)
        overtone = swept_tone(n, hz * 1.59, (hz * 0.5, 0.030)) * decay(n, ring_s * 0.35)
        shell = noise(random, n, hz * 2, hz * 9, 1) * decay(n, 0.030)
        stick = noise(random, n, 1200, 7000, 2) * decay(n, 0.007)
        punch = np.asarray(np.tanh(np.float32(1.2) * head), np.float32)
        return punch + 0.30 * overtone + 0.18 * shell, 0.5 * stick

    return layers


def _cymbal(random: np.random.Generator, n: int, low_hz: float, high_hz: float, count: int, ring_s: float) -> Floats:
    """[2, n]: a cloud of inharmonic partials; the higher a band, the sooner it dies. Left and right ring apart."""
    edges = np.geomspace(low_hz, high_hz, 4)
    out = np.zeros((2, n), np.float32)
    for channel in range(2):
        for k, (low, high) in enumerate(pairwise(edges)):
            hz = random.uniform(low, high, count).astype(np.float32)
            weight = random.exponential(1.0, count).astype(np.float32) * band(hz, low_hz, high_hz, 1)
            out[channel] += partials(random, n, hz, weight) * decay(n, ring_s / (1 + 0.6 * k))
    return out


def _crash(random: np.random.Generator) -> tuple[Floats, Floats]:
    n = RATE * 25 // 10
    wash = _cymbal(random, n, 900, 15000, 400, 0.75)
    swell = 1 - 0.6 * decay(n, 0.010)
    burst = noise(random, n, 2500, 17000, 1) * (decay(n, 0.06) + 0.3 * decay(n, 0.35))
    return wash * swell, 1.6 * np.stack([burst, burst])


_PING_HZ = np.array([1187, 1823, 2641, 3374, 4289, 5123, 6310, 7741], np.float32)
_PING_WEIGHT = np.array([0.35, 0.5, 0.8, 1, 1, 1, 0.9, 0.7], np.float32)


def _ride(random: np.random.Generator) -> tuple[Floats, Floats]:
    n = RATE * 16 // 10
    wash = _cymbal(random, n, 2600, 15000, 260, 0.50)
    ping = partials(random, n, _PING_HZ, _PING_WEIGHT) * decay(n, 0.16)
    tick = noise(random, n, 4500, 15000, 2) * decay(n, 0.006)
    return 0.8 * wash + 0.6 * ping, 0.9 * np.stack([tick, tick]) + 0.25 * wash * decay(n, 0.15)


_PLACES: dict[Voice, _Place] = {
    Voice.KICK: _Place(level=0.62, pan=0.0, room=0.05, layers=_kick),
    Voice.SNARE: _Place(level=0.56, pan=-0.08, room=0.16, layers=_snare),
    Voice.CLOSED_HAT: _Place(level=0.30, pan=-0.38, room=0.0, layers=_closed_hat),
    Voice.OPEN_HAT: _Place(level=0.32, pan=-0.38, room=0.0, layers=_open_hat),
    Voice.LOW_TOM: _Place(level=0.54, pan=0.45, room=0.14, layers=_tom(83, 0.24)),
    Voice.MID_TOM: _Place(level=0.52, pan=0.10, room=0.14, layers=_tom(117, 0.20)),
    Voice.HIGH_TOM: _Place(level=0.50, pan=-0.22, room=0.14, layers=_tom(158, 0.17)),
    Voice.CRASH: _Place(level=0.42, pan=-0.30, room=0.0, layers=_crash),
    Voice.RIDE: _Place(level=0.34, pan=0.50, room=0.0, layers=_ride),
}
