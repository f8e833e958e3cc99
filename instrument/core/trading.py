"""Trading bars: the player has as many as we have, in turn, and strictly in the form: it counts from bar 0."""

from __future__ import annotations

from dataclasses import dataclass

MOST_BARS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Of bar `bar` (0 .. `bars` - 1) of somebody's turn."""

    ours: bool
    bar: int
    bars: int

    @property
    def begins(self) -> bool:
        return self.bar == 0

    @property
    def ends(self) -> bool:
        return self.bar == self.bars - 1


def turn(index: int, bars: int) -> Turn:
    """Whose bar `index` is where `bars` are traded: theirs first."""
    whose, bar = divmod(index, bars)
    return Turn(ours=whose % 2 == 1, bar=bar, bars=bars)
