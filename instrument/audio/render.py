"""Messages to sound, offline: every stroke is added to the mix at its exact sample.

A stroke at position p starts on sample round(seconds(p) * 48000); its note-off changes nothing, as a drum rings until
it is silent, except that a closed hat chokes the open one. The mix is made in blocks, so an hour needs no more memory
than a minute, and goes through a limiter without memory: a sample below the knee is not touched, none reaches 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instrument.audio.kit import Kit, built_in_kit
from instrument.audio.synthesis import RATE, Floats
from instrument.core.drums import CHOKES, GM_KIT, VOICE_OF_NOTE, KitMap, Voice
from instrument.core.events import Message
from instrument.core.timebase import BAR_TICKS, ticks_to_seconds

BLOCK = RATE * 10
KNEE = 0.75
CEILING = 0.985
CHOKE_FADE_S = 0.006


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A sound to be heard: its first sample, its voice, velocity 1..127, and the sample that chokes it, or -1."""

    start: int
    voice: Voice
    velocity: int
    choked: int = -1


def strokes(messages: Iterable[Message], *, tempo_bpm: float, kit_map: KitMap = GM_KIT) -> list[Stroke]:
    """The note-ons as strokes, sorted by start. A note that is not of `kit_map` is looked up in the drum table; one
    that is in neither is silent. A position before bar 0 sounds at the very start."""
    voice_of = {(target.channel, target.note): voice for voice, target in zip(Voice, kit_map.targets, strict=True)}
    found: list[Stroke] = []
    for message in messages:
        voice = voice_of.get((message.status & 0x0F, message.data1), VOICE_OF_NOTE.get(message.data1))
        if message.is_note_on and voice is not None:
            start = max(round(ticks_to_seconds(message.position_ticks, tempo_bpm) * RATE), 0)
            found.append(Stroke(start=start, voice=voice, velocity=message.data2))
    return _choked(sorted(found, key=lambda stroke: stroke.start))


def render(
    messages: Iterable[Message],
    *,
    tempo_bpm: float,
    bars: int,
    kit: Kit | None = None,
    kit_map: KitMap = GM_KIT,
) -> Floats:
    """`bars` bars of messages, and what rings on after them, as float32 [N, 2] at 48 kHz, each within (-1, 1)."""
    made = blocks(messages, tempo_bpm=tempo_bpm, bars=bars, kit=kit, kit_map=kit_map)
    return np.concatenate([np.zeros((0, 2), np.float32), *made])


def blocks(
    messages: Iterable[Message],
    *,
    tempo_bpm: float,
    bars: int,
    kit: Kit | None = None,
    kit_map: KitMap = GM_KIT,
) -> Iterator[Floats]:
    """As `render`, block after block, each float32 [n, 2]."""
    kit = built_in_kit() if kit is None else kit
    todo = strokes(messages, tempo_bpm=tempo_bpm, kit_map=kit_map)
    length = max(
        [
            round(ticks_to_seconds(bars * BAR_TICKS, tempo_bpm) * RATE),
            *(s.start + len(kit.sounds[s.voice]) for s in todo),
        ]
    )
    longest = max(len(sound) for sound in kit.sounds)
    mix = np.zeros((2, BLOCK + longest), np.float32)
    first = 0
    for begin in range(0, length, BLOCK):
        past = first
        while past < len(todo) and todo[past].start < begin + BLOCK:
            past += 1
        _add(mix, todo[first:past], begin, kit)
        first = past
        yield limited(mix[:, : min(BLOCK, length - begin)].T)
        mix[:, :longest] = mix[:, BLOCK:]
        mix[:, longest:] = 0


def limited(mix: Floats) -> Floats:
    """Below the knee as it is, above it bent towards the ceiling, smooth in value and slope."""
    room = np.float32(CEILING - KNEE)
    over = np.maximum(np.abs(mix) - np.float32(KNEE), 0)
    bent = np.float32(KNEE) + room * np.tanh(over / room)
    return np.ascontiguousarray(np.where(over > 0, np.sign(mix) * bent, mix), np.float32)


def _choked(todo: Sequence[Stroke]) -> list[Stroke]:
    """The same strokes, each knowing the next stroke that ends it."""
    out = list(todo)
    ended_by = {ended: ending for ending, ended in CHOKES.items()}
    next_start: dict[Voice, int] = {}
    for index in range(len(out) - 1, -1, -1):
        stroke = out[index]
        ending = ended_by.get(stroke.voice)
        if ending in next_start:
            out[index] = Stroke(
                start=stroke.start, voice=stroke.voice, velocity=stroke.velocity, choked=next_start[ending]
            )
        next_start[stroke.voice] = stroke.start
    return out


def _add(mix: npt.NDArray[np.float32], todo: Sequence[Stroke], begin: int, kit: Kit) -> None:
    made: dict[tuple[Voice, int], Floats] = {}
    for stroke in todo:
        key = stroke.voice, stroke.velocity
        if key not in made:
            made[key] = kit.sounds[stroke.voice].stroke(stroke.velocity)
        sound = made[key]
        if 0 <= stroke.choked < stroke.start + sound.shape[1]:
            sound = _cut(sound, stroke.choked - stroke.start)
        start = stroke.start - begin
        mix[:, start : start + sound.shape[1]] += sound


def _cut(sound: Floats, at: int) -> Floats:
    """The sound up to sample `at`, then a quick fade to silence."""
    fade = np.linspace(1, 0, round(CHOKE_FADE_S * RATE), dtype=np.float32)
    out = sound[:, : at + len(fade)].copy()
    out[:, at:] *= fade[: out.shape[1] - at]
    return out
