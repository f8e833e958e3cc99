"""What a bar's place in the music adds to the knobs: fills, and what they land on. Pure functions.

A fill never lengthens its bar; the bar after it begins with a crash and a kick.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from instrument.session.knobs import Knobs

BUILD_BARS = 4
BUILD_ENERGY = 0.3
"""How much harder it is played at the top of a build."""


def formed(knobs: Knobs, index: int, fills: Collection[int] = ()) -> Knobs:
    """The knobs of bar `index`: `fills` are the bars that a fill was asked for, beside the automatic ones."""
    if index > 0 and fills_at(knobs, index - 1, fills):
        knobs = replace(knobs, landing=True)
    if fills_at(knobs, index, fills):
        knobs = replace(knobs, fill=1.0, locks=() if knobs.frozen else knobs.locks)
    return knobs


def built(knobs: Knobs, bars: int) -> Knobs:
    """The knobs of the bar that is number `bars` >= 0 of a build: more of a fill in each, and harder."""
    part = min((bars + 1) / BUILD_BARS, 1.0)
    return replace(knobs, fill=max(knobs.fill, part), energy=min(knobs.energy + BUILD_ENERGY * part, 1.0))


def fills_at(knobs: Knobs, index: int, fills: Collection[int]) -> bool:
    return index in fills or bool(knobs.fill_every and (index + 1) % knobs.fill_every == 0)
