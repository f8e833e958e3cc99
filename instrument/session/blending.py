"""Between two settings of the knobs: what lies on the way from one snapshot to another. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from instrument.session.knobs import Knobs

SMOOTH = (
    "density",
    "energy",
    "fill",
    "truncation",
    "walk",
    "variation",
    "quantise",
    "swing",
    "humanise",
    "accent",
    "follow",
    "least",
    "most",
    "distance",
)
SMOOTH_BY_VOICE = {"voice_density": 1.0, "voice_velocity": 0.0}
"""The knobs that glide, and what a voice has where nothing is told."""

DIGITS = 4
"""Knobs are rounded to, so that a code can tell them."""


def blended(here: Knobs, there: Knobs, part: float) -> Knobs:
    """From `here` (0) to `there` (1): knobs glide, the latent goes along the great circle, the rest changes over
    half-way."""
    if part <= 0 or part >= 1:
        return here if part <= 0 else there
    near, far = (here, there) if part < 0.5 else (there, here)
    changes: dict[str, Any] = {name: _between(getattr(here, name), getattr(there, name), part) for name in SMOOTH}
    for name, rest in SMOOTH_BY_VOICE.items():
        changes[name] = _by_voice(getattr(here, name), getattr(there, name), rest, part)
    if here.preset == there.preset and _place(here) != _place(there):
        own = part if near is here else 1 - part
        changes |= {"toward": replace(far, toward=None, morph=0.0, locks=()), "morph": round(own, DIGITS)}
    return replace(near, **changes)


def _place(knobs: Knobs) -> tuple[Any, ...]:
    return knobs.home, knobs.z, knobs.x, knobs.y


def _between(a: float, b: float, part: float) -> float:
    return a if a == b else round(a + part * (b - a), DIGITS)


def _by_voice(a: tuple[float, ...], b: tuple[float, ...], rest: float, part: float) -> tuple[float, ...]:
    if a == b:
        return a
    count = max(len(a), len(b))
    pairs = zip(a or (rest,) * count, b or (rest,) * count, strict=True)
    return tuple(_between(one, other, part) for one, other in pairs)
