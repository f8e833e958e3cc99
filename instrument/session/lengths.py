"""How many bars a morph takes and a capture keeps, and the lengths that keys and controllers choose from."""

from __future__ import annotations

MORPHS = (0, 1, 2, 4, 8, 16)
"""0: at once."""

CAPTURES = (1, 2, 4, 8, 16, 32)
USUAL_CAPTURE = 8


def check_morph(bars: int) -> int:
    """Raises ValueError outside 0..16."""
    if not MORPHS[0] <= bars <= MORPHS[-1]:
        raise ValueError(f"a morph can't take {bars} bars: {MORPHS[0]} to {MORPHS[-1]}")
    return bars


def check_capture(bars: int) -> int:
    """Raises ValueError outside 1..32."""
    if not CAPTURES[0] <= bars <= CAPTURES[-1]:
        raise ValueError(f"{bars} bars can't be captured: {CAPTURES[0]} to {CAPTURES[-1]}")
    return bars
