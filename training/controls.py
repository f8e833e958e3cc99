"""What a player steers a net by, and how each is taught: the entries of z that are a measure's own, and the knobs.

A control that is hard to learn is turned more often and counts for more. Drummers ride or don't, and so would a net;
what is heard of a fill or a kick is a whole number of strokes, and few; but what a player turns by a little is to be
heard a little.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Turned anywhere from `low` to `high`, `often` times in a round. `slope` of what is heard, in deviations, is asked
    for each unit, and `spare` times as much is welcome; a miss counts by `weight`. `column`: of the condition, where it
    is a knob's; an entry of z is where the net's shape has it (`NetworkShape.named`)."""

    name: str
    low: float
    high: float
    slope: float
    spare: float
    often: int = 1
    weight: float = 1.0
    column: int | None = None


def _entry(name: str, *, slope: float = 0.3, often: int = 1, weight: float = 1.0) -> Control:
    """Leanings are as steep as drummers make them."""
    return Control(name=name, low=-3.0, high=3.0, slope=slope, spare=5.0, often=often, weight=weight)


ENTRIES = (
    _entry("kick", often=2, weight=3.0),
    _entry("snare"),
    _entry("hats"),
    _entry("ride", often=2, weight=6.0),
    _entry("ghost notes", slope=0.6, often=3, weight=6.0),  # most bars would have none of them else
    _entry("laid back"),
    _entry("swing", often=2, weight=3.0),
)
"""One for each of `training.measures.MEASURES`, in their order."""

KNOBS = (
    Control(name="density", column=1, low=-2.2, high=2.2, slope=0.9, spare=1.3, often=5, weight=2.0),
    Control(name="energy", column=2, low=-2.2, high=2.2, slope=0.9, spare=1.3, often=2),
    Control(name="fill", column=0, low=0.0, high=1.0, slope=3.0, spare=1.3, often=6, weight=4.0),
)
"""A knob is a scale: little more than the slope is welcome."""

CONTROLS = (*ENTRIES, *KNOBS)
