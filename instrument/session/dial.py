"""The epoch dial: from one exported epoch to the next, at once or by gliding."""

from __future__ import annotations

from instrument.core.manifest import Manifest
from instrument.session.knobs import Knobs


def glided(manifest: Manifest, knobs: Knobs, by: float) -> dict[str, float]:
    """The change of knobs that moves the dial so far towards the next exported epoch (or, negative, the one before)."""
    numbers = [e.number for e in manifest.epochs]
    at = numbers.index(knobs.epoch) if knobs.epoch in numbers else 0
    place = min(max(round(at + knobs.glide + by, 4), 0.0), len(numbers) - 1.0)
    return {"epoch": numbers[int(place)], "glide": round(place - int(place), 4)}


def next_epoch(manifest: Manifest, epoch: int, steps: int) -> int:
    """The exported epoch `steps` further on, stopped at the ends."""
    numbers = [e.number for e in manifest.epochs]
    at = numbers.index(epoch) if epoch in numbers else 0
    return numbers[min(max(at + steps, 0), len(numbers) - 1)]
