"""Strokes to sound while they come: the live twin of `audio.render`. Pure: samples in, samples out.

A stroke starts at its sample, rings until it is silent, and is choked as in a render. Where too many ring at once the
oldest is let go.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instrument.audio.kit import Kit, Sound
from instrument.audio.render import CHOKE_FADE_S, limited
from instrument.audio.synthesis import RATE, Floats
from instrument.core.drums import CHOKES, Voice

MOST_RINGING = 48
FADE_FRAMES = round(CHOKE_FADE_S * RATE)


@dataclass(slots=True, kw_only=True)
class Ringing:
    """A stroke that sounds or will: `start` and `choked` (-1: not) count frames from the mixer's first."""

    voice: Voice
    sound: Sound
    hardness: float
    start: int
    choked: int = -1

    @property
    def end(self) -> int:
        last = self.start + len(self.sound)
        return last if self.choked < 0 else min(last, self.choked + FADE_FRAMES)


class Mixer:
    """Mutable; one thread."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._ringing: list[Ringing] = []
        self.frame = 0

    def strike(self, voice: Voice, velocity: int, start: int) -> None:
        """A stroke at velocity 1..127 that starts at a frame; one that has passed starts now."""
        start = max(start, self.frame)
        if voice in CHOKES:
            for other in self._ringing:
                if other.voice is CHOKES[voice] and other.choked < 0 and other.start <= start:
                    other.choked = start
        self._ringing.append(Ringing(voice=voice, sound=self._kit.sounds[voice], hardness=velocity / 127, start=start))
        del self._ringing[:-MOST_RINGING]

    def block(self, frames: int) -> Floats:
        """The next frames, float32 [frames, 2], each within (-1, 1)."""
        mix = np.zeros((2, frames), np.float32)
        for ringing in self._ringing:
            self._add(mix, ringing, frames)
        self.frame += frames
        self._ringing = [ringing for ringing in self._ringing if ringing.end > self.frame]
        return limited(mix.T)

    def _add(self, mix: Floats, ringing: Ringing, frames: int) -> None:
        first, last = max(ringing.start, self.frame), min(ringing.end, self.frame + frames)
        if first >= last:
            return
        part = slice(first - ringing.start, last - ringing.start)
        sound = ringing.sound.stroke_part(ringing.hardness, part)
        if ringing.choked >= 0:
            passed = np.arange(first, last) - ringing.choked
            sound = sound * np.clip(1 - passed / FADE_FRAMES, 0, 1).astype(np.float32)
        mix[:, first - self.frame : last - self.frame] += sound
