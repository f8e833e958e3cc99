"""Another player: what they play, heard on our grid, and what it adds to the knobs of our bars.

`shaped` is a function of the strokes that were heard, the knobs, the bar and how far the music has come; the same
strokes give the same bars, live and from a file. What a bar may know of the strokes is `core.taps`' law. Energy goes by
the last `MEMORY_BARS`, the form of a trade by the bar's number alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from instrument.core.drums import DRUM_CHANNEL, VOICE_OF_NOTE, KitMap
from instrument.core.energy import Energy, within
from instrument.core.looper import Loop, State
from instrument.core.taps import ANY_VOICE, BOUNDARIES, DEAF_STEPS, KNOWN_TICKS, Tapped, boundary, fold, known
from instrument.core.timebase import BAR_TICKS, STEPS_PER_BAR
from instrument.core.trading import MOST_BARS, Turn, turn
from instrument.session.knobs import MOST_HEARD, Knobs

KINDS = ("auto", "drums", "notes")
MEMORY_BARS = 16
KEPT_BARS = 2 * MOST_BARS + MEMORY_BARS + 2
COMPLEMENT_BARS = 4
"""For so long a voice stays the player's who leaves it out."""

MOST_STROKES = 96
"""In one bar; what comes after is no rhythm any more."""

FIRE = 0.25
"""How much harder an answer is played at distance 1."""

Lines = dict[tuple[int, int], int]
"""(channel, note) -> voice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What of the notes that come in is music to play along with. `channels`: 0..15, empty for all; notes from `low`
    to `high`; `kind`: one of `KINDS`, "auto" takes channel 10 for drums; `lines`: a drummer's own kit."""

    channels: frozenset[int] = frozenset()
    low: int = 0
    high: int = 127
    kind: str = "auto"
    lines: Lines = field(default_factory=dict, hash=False)

    def voice(self, channel: int, note: int) -> int | None:
        """The voice of a note, `ANY_VOICE` for one that is no drum, None for one that is not listened to."""
        if (self.channels and channel not in self.channels) or not self.low <= note <= self.high:
            return None
        if self.kind == "notes" or (self.kind == "auto" and channel != DRUM_CHANNEL and not self.lines):
            return ANY_VOICE
        return self.lines.get((channel, note), int(VOICE_OF_NOTE.get(note, ANY_VOICE)))


def lines_of(kit: KitMap) -> Lines:
    """The notes of a player's kit."""
    return {(target.channel, target.note): voice for voice, target in enumerate(kit.targets)}


def accompanies(knobs: Knobs) -> bool:
    """Whether another player has any say in our bars."""
    return bool(knobs.follow or knobs.with_energy or knobs.trade or knobs.complement or knobs.theirs)


class Along:
    """Mutable; its owner keeps other threads out."""

    def __init__(self, hearing: Hearing | None = None, *, remembers: bool = False) -> None:
        """`remembers`: all that is ever heard, else as many bars as count."""
        self.hearing = hearing or Hearing()
        self.loop = Loop()
        self._remembers = remembers
        self._bars: dict[int, list[Tapped]] = defaultdict(list)
        self._first = -1
        self._cache: dict[tuple[int, int], tuple[Knobs, Knobs]] = {}
        self._energies: dict[int, Energy] = {}

    def hear(self, tick: int, channel: int, note: int, velocity: int) -> bool:
        """A note that was played at a position of the music. Whether it is listened to."""
        voice = self.hearing.voice(channel, note)
        if voice is None or tick < 0:
            return False
        stroke = Tapped(tick, velocity, voice)
        bar = stroke.step // STEPS_PER_BAR
        if len(self._bars[bar]) >= MOST_STROKES:
            return False
        if self.loop.state in (State.RECORDS, State.OVERDUBS):
            self.loop = self.loop.heard(stroke)
        self._bars[bar].append(stroke)
        self._first = bar if self._first < 0 else min(self._first, bar)
        self._forget()
        return True

    def went(self, tick: int) -> None:
        """The music begins anew at a position: what was heard at later ones is from another time."""
        for bar in [bar for bar in self._bars if bar * BAR_TICKS >= tick]:
            del self._bars[bar]
        self._first = min(self._bars, default=-1)
        self._forget()

    def passed(self, bar: int) -> None:
        """Bar `bar` has begun."""
        self.loop = self.loop.at(bar)
        self._energies.clear()
        for old in [old for old in self._bars if old < bar - KEPT_BARS and not self._remembers]:
            del self._bars[old]
            self._forget()

    def press_loop(self, bar: int) -> None:
        """The looper's pedal."""
        self.loop = self.loop.pressed(bar)
        self._cache.clear()

    def clear_loop(self) -> None:
        self.loop = Loop()
        self._cache.clear()

    def strokes(self, bar: int) -> tuple[Tapped, ...]:
        """What was played in a bar, ticks from its bar line, the loudest of each voice and step."""
        return fold(stroke.moved(-bar * BAR_TICKS) for stroke in self._bars.get(bar, ()))

    def energy(self, bar: int) -> Energy:
        """As bar `bar` begins."""
        if bar not in self._energies:
            self._energies[bar] = self._energy_of(bar)
        return self._energies[bar]

    def _energy_of(self, bar: int) -> Energy:
        start = max(bar - MEMORY_BARS, 0)
        energy = Energy(silent=0 if 0 <= self._first < start else -1)
        for near in range(start, bar + 1):
            energy = energy.after(known(self._around(near), 0))
        return energy

    def shaped(self, knobs: Knobs, bar: int, now_ticks: int) -> Knobs:
        """The knobs of bar `bar` with what the player adds to them, the music having come to `now_ticks`."""
        if not accompanies(knobs):
            return knobs
        at = boundary(now_ticks - bar * BAR_TICKS)
        key = (bar, at if at >= 0 else -1 - max(now_ticks - KNOWN_TICKS, 0) // (BAR_TICKS // BOUNDARIES))
        found = self._cache.get(key)
        if found is None or found[0] != knobs:
            if len(self._cache) > 4 * BOUNDARIES:
                self._cache.clear()
            found = self._cache[key] = (knobs, self._shape(knobs, bar, at, now_ticks))
        return found[1]

    def _forget(self) -> None:
        """What was worked out from other strokes."""
        self._cache.clear()
        self._energies.clear()

    def _shape(self, knobs: Knobs, bar: int, at: int, now_ticks: int) -> Knobs:
        near = bar if at >= 0 else max((now_ticks - BAR_TICKS) // BAR_TICKS + 1, 0)
        near = min(near, bar)
        energy = self.energy(near)
        changes: dict[str, Any] = {"muted": knobs.muted | knobs.theirs}
        if knobs.complement:
            changes["muted"] |= self._voices(near)
        if knobs.with_energy:
            changes["density"] = within(energy.busy, knobs.least, knobs.most)
            changes["energy"] = within(energy.hard, knobs.least, knobs.most)
        waits = knobs.waits != "play"
        whose = turn(bar, knobs.trade) if knobs.trade else None
        if whose is not None and (whose.ours or waits):
            changes |= self._traded(knobs, bar, whose, changes)
        else:
            changes |= self._followed(knobs, bar, at, now_ticks)
            listens = bool(knobs.follow or knobs.with_energy) and not self.loop.bars
            changes["hushed"] = waits and energy.is_silent and listens
        return _plain(replace(knobs, **changes))

    def _traded(self, knobs: Knobs, bar: int, whose: Turn, changes: dict[str, Any]) -> dict[str, Any]:
        """Their bars are waited through; ours answer theirs, begin with a crash, and hand over with a fill."""
        if not whose.ours:
            return {"hushed": True, "follow": 0.0}
        last = whose.bars * STEPS_PER_BAR - DEAF_STEPS
        call = tuple(stroke for stroke in self.strokes(bar - whose.bars) if stroke.step <= last)
        traded: dict[str, Any] = {"call": call[:MOST_HEARD], "follow": 0.0}
        if whose.begins:
            traded["landing"] = True
        if whose.ends and whose.bars > 1:
            traded["fill"] = 1.0
        energy = changes.get("energy", knobs.energy)
        return traded | {"energy": round(min(energy + FIRE * knobs.distance, 1.0), 4)}

    def _followed(self, knobs: Knobs, bar: int, at: int, now_ticks: int) -> dict[str, Any]:
        if self.loop.bars and knobs.follow:
            around: Iterable[Tapped] = [
                stroke.moved(shift * BAR_TICKS) for shift in (-2, -1, 0) for stroke in self.loop.bar(bar)
            ]
            at = max(at, 0)
        elif at >= 0:
            around = self._around(bar)
        else:
            around, at = self._foreseen(now_ticks), 0
        last = at * (STEPS_PER_BAR // BOUNDARIES) - DEAF_STEPS
        first = -DEAF_STEPS - STEPS_PER_BAR
        heard = tuple(sorted(stroke for stroke in around if first < stroke.step <= last))
        return {"heard": heard[:MOST_HEARD] if knobs.follow or knobs.complement else ()}

    def _voices(self, bar: int) -> frozenset[int]:
        """The voices that the player was heard to play lately, as bar `bar` begins."""
        strokes = (
            stroke for near in range(bar - COMPLEMENT_BARS + 1, bar + 1) for stroke in known(self._around(near), 0)
        )
        return frozenset(stroke.voice for stroke in strokes if stroke.voice != ANY_VOICE)

    def _around(self, bar: int) -> list[Tapped]:
        """The strokes of the two bars before a bar and of that one, ticks from its bar line, one for each cell."""
        return [
            stroke.moved((near - bar) * BAR_TICKS)
            for near in (bar - 2, bar - 1, bar)
            if near in self._bars
            for stroke in self.strokes(near)
        ]

    def _foreseen(self, now_ticks: int) -> list[Tapped]:
        """What a bar to come will have heard if the player goes on so."""
        bar = max(now_ticks, 0) // BAR_TICKS
        at = boundary(now_ticks - bar * BAR_TICKS)
        newest = fold(known(self._around(bar), max(at, 0)))
        deaf = STEPS_PER_BAR - DEAF_STEPS
        return [stroke.moved(-BAR_TICKS if stroke.step <= deaf else -2 * BAR_TICKS) for stroke in newest]


_REST = Knobs(epoch=0)


def _plain(knobs: Knobs) -> Knobs:
    """Without what has done its work for this bar, so that alike bars have alike knobs."""
    return replace(
        knobs,
        with_energy=False,
        least=_REST.least,
        most=_REST.most,
        waits=knobs.waits if knobs.hushed else _REST.waits,
        trade=0,
        distance=knobs.distance if knobs.call else _REST.distance,
        complement=knobs.complement and bool(knobs.heard),
        follow=knobs.follow if knobs.heard else 0.0,
        theirs=frozenset(),
    )
