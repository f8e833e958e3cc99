"""The desk: everything that the player's hands have set, and what of it shapes a bar. Pure: no clock, thread or port.

The knobs have a history. Over them lie what holds for some bars only: fills that were asked for, a build, a morph on
its way to another setting. `wanted` puts it all together for one bar, the same way whenever it is asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from instrument.core.drums import VOICES
from instrument.core.timebase import BAR_TICKS, PPQ
from instrument.session.blending import blended
from instrument.session.form import built, fills_at, formed
from instrument.session.history import History
from instrument.session.knobs import Knobs, Lock

HEARD_BARS = 100
LAST_CHANCE_TICKS = BAR_TICKS - PPQ
"""A fill that is asked for in a bar's last beat comes in the next bar, whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Morph:
    """On the way between two settings, from bar `first` on."""

    here: Knobs
    there: Knobs
    first: int
    bars: int

    def at(self, index: int) -> Knobs:
        """Bar `first` is the first one that differs; the last of the bars is there."""
        return blended(self.here, self.there, (index - self.first + 1) / self.bars)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A bar that has sounded, and what it was made from."""

    index: int
    knobs: Knobs


class Desk:
    """Mutable; its owner keeps other threads out."""

    def __init__(self, knobs: Knobs, settle: Callable[[Knobs], Knobs] = lambda knobs: knobs) -> None:
        """`settle` gives knobs that are on their way to another place a place of their own."""
        self.history = History(knobs)
        self._settle = settle
        self._fills: set[int] = set()
        self._build = -1
        self._morph: Morph | None = None
        self._heard: deque[Heard] = deque(maxlen=HEARD_BARS)
        self._back = 0

    @property
    def knobs(self) -> Knobs:
        """As they are set."""
        return self.history.now

    @property
    def builds(self) -> bool:
        return self._build >= 0

    @property
    def back(self) -> int:
        """How many bars back the one lies that is listened to again; 0 for none."""
        return self._back

    def at(self, index: int) -> Knobs:
        """The knobs as they stand at bar `index`, on their way in a morph."""
        return self.knobs if self._morph is None else self._morph.at(index)

    def wanted(self, index: int) -> Knobs:
        """What shapes bar `index`."""
        knobs = formed(self.at(index), index, self._fills)
        return built(knobs, index - self._build) if 0 <= self._build <= index else knobs

    def turn(self, **changes: Any) -> None:
        """Set knobs by hand; a morph goes on with them."""
        if self._morph is not None:
            here, there = (replace(knobs, **changes) for knobs in (self._morph.here, self._morph.there))
            self._morph = replace(self._morph, here=here, there=there)
        self.history.turn(replace(self.knobs, **changes))

    def add(self, knobs: Knobs) -> None:
        """Other settings, an entry of their own in the history; a morph ends."""
        self._morph = None
        self.history.add(knobs)

    def undo(self) -> None:
        self._morph, self._back = None, 0
        self.history.undo()

    def redo(self) -> None:
        self._morph = None
        self.history.redo()

    def new_z(self) -> None:
        self.add(replace(self.knobs, home=self.history.newest_home + 1, z=(), x=0.0, y=0.0))

    def fill(self, position_ticks: int) -> None:
        """A fill up to the next downbeat, or to the one after it where that is less than a beat away; asked for again,
        not."""
        bar = max(position_ticks, 0) // BAR_TICKS
        bar += position_ticks - bar * BAR_TICKS >= LAST_CHANCE_TICKS
        self._fills ^= {bar}

    def build(self, on: bool, position_ticks: int) -> None:
        """From the next bar line on, more of a fill in each bar; when it ends, the next bar is landed on."""
        bar = max(position_ticks, 0) // BAR_TICKS
        if on:
            self._build = bar + 1
        elif self.builds:
            if bar >= self._build:
                self._fills.add(bar)
            self._build = -1

    def fill_in(self, bar: int) -> int:
        """Bars until the next fill, 0 while it sounds, -1 with none in sight."""
        ahead = (index for index in (bar, bar + 1) if fills_at(self.knobs, index, self._fills))
        return next((index - bar for index in ahead), -1)

    def morph_to(self, knobs: Knobs, bar: int, bars: int) -> None:
        """To another setting, there in `bars` after bar `bar`; with 0 at once. One entry in the history."""
        here = self._settle(self.at(bar))
        self.add(knobs)
        self._morph = Morph(here=here, there=knobs, first=bar + 1, bars=bars) if bars > 0 else None

    @property
    def morphs(self) -> bool:
        return self._morph is not None

    def freeze(self, index: int, knobs: Knobs) -> None:
        """Repeat bar `index`, which was made from `knobs`; a frozen desk thaws."""
        if self.knobs.frozen:
            self._back = 0
            self.add(replace(self.knobs, locks=()))
        else:
            self.add(replace(self.knobs, locks=_locks(range(VOICES), index, knobs)))

    def lock(self, voice: int, index: int, knobs: Knobs) -> None:
        """Keep a voice's strokes as they are in bar `index`; a locked one is let go."""
        others = tuple(lock for lock in self.knobs.locks if lock.voice != voice)
        if voice in self.knobs.locked:
            self.add(replace(self.knobs, locks=others))
        else:
            locks = (*others, *_locks((voice,), index, knobs))
            self.add(replace(self.knobs, locks=tuple(sorted(locks, key=lambda lock: lock.voice))))

    def look_back(self, bars: int) -> Heard | None:
        """Listen again to a bar that has sounded, so many further back (or, negative, nearer). None at the ends."""
        back = self._back + bars
        if not 0 <= back < len(self._heard):
            return None
        self._back = back
        heard = self._heard[-1 - back]
        self.turn(locks=_locks(range(VOICES), heard.index, heard.knobs))
        return heard

    def passed(self, index: int, knobs: Knobs) -> None:
        """Bar `index` has begun to sound. What was only heard again is no news."""
        self._fills = {fill for fill in self._fills if fill >= index - 1}
        if self._morph is not None and index >= self._morph.first + self._morph.bars - 1:
            self._morph = None
        if not (self._back or (self._heard and self._heard[-1].index == index)):
            self._heard.append(Heard(index=index, knobs=knobs))


def frozen_at(index: int, knobs: Knobs) -> Knobs:
    """Knobs that repeat bar `index` as these make it."""
    return replace(knobs, locks=_locks(range(VOICES), index, knobs))


def _locks(voices: range | tuple[int, ...], index: int, knobs: Knobs) -> tuple[Lock, ...]:
    """Each voice as it is in that bar: what was locked there stays what it was."""
    there = {lock.voice: lock for lock in knobs.locks}
    plain = replace(knobs, locks=())
    return tuple(there.get(voice) or Lock(voice=voice, index=index, knobs=plain) for voice in voices)
