"""The drum table: nine voices, the notes that drummers' kits send for them, and the notes that we send.

The voices are those of Gillick et al. 2019 ("Learning to Groove with Inverse Sequence Transformations"), in one
order that every array of this project uses. A kit map says which channel and note each voice goes to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Voice(IntEnum):
    """A row of the bar tensor."""

    KICK = 0
    SNARE = 1
    CLOSED_HAT = 2
    OPEN_HAT = 3
    LOW_TOM = 4
    MID_TOM = 5
    HIGH_TOM = 6
    CRASH = 7
    RIDE = 8

    @property
    def label(self) -> str:
        return self.name.lower().replace("_", " ")


VOICES = len(Voice)

NOTES_OF_VOICE: dict[Voice, tuple[int, ...]] = {
    Voice.KICK: (36, 35),
    Voice.SNARE: (38, 40, 37, 39),
    Voice.CLOSED_HAT: (42, 22, 44),
    Voice.OPEN_HAT: (46, 26),
    Voice.LOW_TOM: (43, 58, 41),
    Voice.MID_TOM: (47, 45),
    Voice.HIGH_TOM: (50, 48),
    Voice.CRASH: (49, 55, 57, 52),
    Voice.RIDE: (51, 59, 53),
}
"""Notes of General MIDI and of Roland's TD kits (the Groove MIDI Dataset), by voice."""

VOICE_OF_NOTE: dict[int, Voice] = {note: voice for voice, notes in NOTES_OF_VOICE.items() for note in notes}

CHOKES: dict[Voice, Voice] = {Voice.CLOSED_HAT: Voice.OPEN_HAT}
"""A hit of the first voice ends what still sounds of the second."""

DRUM_CHANNEL = 9
"""General MIDI's percussion channel: 10 to people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a voice goes: channel 0..15, note 0..127, and how long its note is held, in ticks."""

    channel: int
    note: int
    length_ticks: int

    def __post_init__(self) -> None:
        if not 0 <= self.channel <= 15:
            raise ValueError(f"channel {self.channel + 1} is not in 1..16")
        if not 0 <= self.note <= 127:
            raise ValueError(f"note {self.note} is not in 0..127")
        if self.length_ticks < 1:
            raise ValueError(f"a note's length must be at least one tick, not {self.length_ticks}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KitMap:
    """Voice -> target, for all nine voices in their order."""

    name: str
    targets: tuple[Target, ...]

    def __post_init__(self) -> None:
        if len(self.targets) != VOICES:
            raise ValueError(f"kit map {self.name!r} has {len(self.targets)} voices, not {VOICES}")

    def on_channel(self, channel: int) -> KitMap:
        """The same kit with every voice on one channel, 0..15."""
        targets = tuple(Target(channel=channel, note=t.note, length_ticks=t.length_ticks) for t in self.targets)
        return KitMap(name=self.name, targets=targets)

    def with_pads(self, pads: Sequence[tuple[int, int]]) -> KitMap:
        """The same kit with another (channel, note) for each voice."""
        targets = tuple(
            Target(channel=channel, note=note, length_ticks=target.length_ticks)
            for (channel, note), target in zip(pads, self.targets, strict=True)
        )
        return KitMap(name=self.name, targets=targets)


def _gm() -> KitMap:
    notes = (36, 38, 42, 46, 43, 47, 50, 49, 51)
    ring = {Voice.OPEN_HAT: 240, Voice.CRASH: 480, Voice.RIDE: 240}
    targets = tuple(
        Target(channel=DRUM_CHANNEL, note=note, length_ticks=ring.get(voice, 60))
        for voice, note in zip(Voice, notes, strict=True)
    )
    return KitMap(name="gm", targets=targets)


GM_KIT = _gm()
