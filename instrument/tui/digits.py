"""Figures five rows high, to be read from across a stage."""

from __future__ import annotations

from instrument.tui.glyphs import Glyphs
from instrument.tui.picture import Row, Span, Tone

HEIGHT = 5
FONT = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", "###", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", "  #", "  #"),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
    ".": (" ", " ", " ", " ", "#"),
    "-": ("   ", "   ", "###", "   ", "   "),
    " ": (" ", " ", " ", " ", " "),
    ">": ("#  ", "## ", "###", "## ", "#  "),
    "#": ("   ", "###", "###", "###", "   "),
}
"""Three pixels wide, a pixel two columns; `>` and `#` are the signs for play and stop."""
PIXEL = 2


def big(text: str, tone: Tone, glyphs: Glyphs) -> list[Row]:
    """Five rows. Characters that the font doesn't have stay blank."""
    signs = [FONT.get(char, FONT[" "]) for char in text]
    lines = (" ".join(sign[y] for sign in signs) for y in range(HEIGHT))
    return [(Span("".join(pixel * PIXEL for pixel in line).replace("#", glyphs.block), tone),) for line in lines]
