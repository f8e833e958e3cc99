"""Which epoch a player means."""

from __future__ import annotations

from instrument.core.manifest import Manifest
from instrument.errors import UsageError
from instrument.text import printable


def resolve_epoch(manifest: Manifest, wanted: str | int) -> int:
    """ "best" or a number -> the number of an epoch of the preset. Raises UsageError, naming the nearest one."""
    if wanted == "best":
        return manifest.best_epoch
    numbers = [epoch.number for epoch in manifest.epochs]
    text = str(wanted).strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise UsageError(f'epoch "{printable(text, 40)}" is neither "best" nor a number')
    number = int(text)
    if number not in numbers:
        near = min(numbers, key=lambda other: abs(other - number))
        raise UsageError(
            f"preset {manifest.name} has no epoch {number}; the nearest is {near} (there are {listed(numbers)})"
        )
    return number


def listed(numbers: list[int], most: int = 12) -> str:
    """ "1, 2, 4", or "1, 2, ... 240" where there are many."""
    if len(numbers) <= most:
        return ", ".join(map(str, numbers))
    return f"{', '.join(map(str, numbers[: most - 1]))}, ... {numbers[-1]}"
