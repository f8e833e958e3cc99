"""Which of the four layouts a window of a size gets."""

from __future__ import annotations

from enum import Enum


class Layout(Enum):
    """SMALL: transport, short lanes, two macros, health. NARROW: everything, one under the other. NORMAL: the page of
    80 x 24. LARGE: the same page, readable from two metres."""

    SMALL = "small"
    NARROW = "narrow"
    NORMAL = "normal"
    LARGE = "large"


def layout_for(width: int, height: int) -> Layout:
    """By the window's columns and rows."""
    if width >= 140 and height >= 40:
        return Layout.LARGE
    if width >= 77 and height >= 22:
        return Layout.NORMAL
    if width >= 38 and height >= 34:
        return Layout.NARROW
    return Layout.SMALL
