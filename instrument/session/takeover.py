"""Soft takeover: a knob that stands elsewhere than the controller that turns it doesn't jump. Pure.

    mode      a move by the controller
    pickup    turns the knob once the controller has passed the place where the knob is; until then nothing happens
    jump      puts the knob where the controller is
    scale     turns the knob by as much of the way that is left to it as the controller goes of its own

Passing counts, not nearness: a controller that is moved fast has no value near the knob's. Whoever else turns the knob
takes it out of the controller's hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SAME = 1e-6


class Mode(StrEnum):
    PICKUP = "pickup"
    JUMP = "jump"
    SCALE = "scale"


@dataclass(slots=True, kw_only=True)
class Grip:
    """A controller's hold of a knob. `last`: where the controller was, None before its first move; `left`: where it
    left the knob, None while it has no hold; `wanted`: the same, finer than the knob's steps."""

    last: float | None = None
    left: float | None = None
    wanted: float = 0.0

    def holds(self, knob: float) -> bool:
        """Whether the knob is where this controller left it."""
        return self.left is not None and abs(knob - self.left) <= SAME

    def settle(self, place: float, knob: float) -> None:
        """The controller is at a place and has the knob, which is where it wants it."""
        self.last, self.left, self.wanted = place, knob, knob


def take(grip: Grip, mode: Mode, place: float, knob: float) -> float | None:
    """Where a move to `place` puts the knob, that is at `knob`, or None where it stays; all 0..1. The caller then says
    with `left` where the knob really went."""
    last, grip.last = grip.last, place
    held = grip.holds(knob)
    if mode is Mode.JUMP:
        goal: float | None = place
    elif mode is Mode.SCALE:
        goal = None if last is None else _scaled(last, place, grip.wanted if held else knob)
    else:
        goal = place if held or (last is not None and _passed(last, place, knob)) else None
    grip.left = None
    if goal is not None:
        grip.wanted = goal
    return goal


def _passed(last: float, place: float, knob: float) -> bool:
    return min(last, place) <= knob <= max(last, place)


def _scaled(last: float, place: float, knob: float) -> float:
    """Controller and knob reach either end together."""
    if place >= last:
        return knob + (1 - knob) * (place - last) / (1 - last) if last < 1 else knob
    return knob * place / last
