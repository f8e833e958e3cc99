"""What another player makes of one bar: the net's bar bent towards what was heard, boundary by boundary. Pure.

The knobs hold all that the bar may know in the end (`Knobs.heard`); at an earlier boundary it knew less. So a bar that
is finished is put together from as many as it took, each from the boundary on at which it was known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from instrument.core import answer, groove
from instrument.core.bar import Bar
from instrument.core.drums import VOICES, Voice
from instrument.core.energy import ACCENT
from instrument.core.taps import ANY_VOICE, BOUNDARIES, BOUNDARY_STEPS, DEAF_STEPS, Tapped, fold, known
from instrument.core.timebase import STEPS_PER_BAR
from instrument.session.knobs import Knobs

CANDIDATES = 8
"""Bars that the one that is most like the player's is chosen from, with all of `follow`."""

SOFTLY = 0.75
"""How loud a hat is that waits, beside one that plays."""

WAITING_HAT = 0.4
"""Velocity of the quarters that wait where the bar has neither hat nor ride."""

CLICK = 0.85
LAST_BEAT_STEPS = 4

Given = Callable[[tuple[Tapped, ...]], Bar]
"""The net's bar around the player's strokes of one bar."""


def boundaries(knobs: Knobs) -> list[int]:
    """The first one, and those at which the bar comes to know a stroke that it didn't know before."""
    steps = {stroke.step for stroke in knobs.heard}
    newest = [(at, at * BOUNDARY_STEPS - DEAF_STEPS) for at in range(1, BOUNDARIES)]
    return [0, *(at for at, last in newest if not steps.isdisjoint(range(last - BOUNDARY_STEPS + 1, last + 1)))]


def candidates(knobs: Knobs) -> int:
    """Among how many bars to look for the one that is most like the player's."""
    return 1 + round((CANDIDATES - 1) * knobs.follow) if knobs.heard else 1


def bent(bar: Bar, knobs: Knobs, boundary: int) -> Bar:
    """The net's bar as it is from a boundary on."""
    if knobs.clicks:
        return quarters(bar, CLICK)
    if knobs.call:
        return answer.follow(bar, fold(knobs.call), 1 - knobs.distance, knobs.resting)
    heard = known(knobs.heard, boundary)
    barred = knobs.resting | _theirs(knobs, heard)
    if knobs.follow and heard:
        bar = answer.push(bar, _rise(knobs, heard, boundary), knobs.follow)
        bar = answer.follow(bar, fold(heard), knobs.follow, barred)
    if knobs.hushed and not _woken(knobs, boundary):
        bar = hush(bar, knobs.waits)
    return groove.mute(bar, barred - knobs.resting)


def spliced(bars: list[tuple[int, Bar]]) -> Bar:
    """Bars by the boundary from which they hold, as one."""
    whole = bars[0][1]
    for boundary, bar in bars[1:]:
        whole = answer.splice(whole, bar, boundary * BOUNDARY_STEPS)
    return whole


def hush(bar: Bar, waits: str) -> Bar:
    """The bar of one who waits: nothing, or the hat or ride alone, softly."""
    if waits == "rest":
        return groove.mute(bar, range(VOICES))
    if waits == "play":
        return bar
    busier = max((Voice.CLOSED_HAT, Voice.RIDE), key=lambda voice: float(bar.onset[0, voice].sum()))
    kept = groove.mute(bar, [voice for voice in range(VOICES) if voice != busier])
    if kept.onset.any():
        return replace(kept, velocity=np.maximum(kept.velocity * np.float32(SOFTLY), kept.onset / np.float32(127)))
    return quarters(bar, WAITING_HAT)


def quarters(bar: Bar, velocity: float) -> Bar:
    """In a bar's place four strokes of the closed hat."""
    onset = np.zeros_like(bar.onset)
    onset[0, Voice.CLOSED_HAT, :: STEPS_PER_BAR // 4] = 1
    return Bar(onset=onset, velocity=onset * np.float32(velocity), offset=np.zeros_like(onset))


def _theirs(knobs: Knobs, heard: tuple[Tapped, ...]) -> frozenset[int]:
    """The voices that a complement leaves to the player."""
    return frozenset(stroke.voice for stroke in heard if stroke.voice != ANY_VOICE) if knobs.complement else frozenset()


def _rise(knobs: Knobs, heard: tuple[Tapped, ...], boundary: int) -> float:
    """How much louder the player has become in this bar: the ratio to what the bar began with."""
    before = answer.loudness(known(knobs.heard, 0))
    last = boundary * BOUNDARY_STEPS - DEAF_STEPS
    now = answer.loudness([stroke for stroke in heard if stroke.step > max(last - LAST_BEAT_STEPS, -DEAF_STEPS)])
    return now / before if before and now else 1.0


def _woken(knobs: Knobs, boundary: int) -> bool:
    """Whether an accent within this bar has ended the wait."""
    return any(stroke.velocity >= ACCENT and stroke.step > -DEAF_STEPS for stroke in known(knobs.heard, boundary))
