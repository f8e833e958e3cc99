"""The characters that a picture is drawn with, each with a plain twin.

A terminal without UTF-8, or with a console font of 256 characters, gets the plain set; nothing else differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

NARROW_CONSOLES = ("linux", "dumb", "vt100", "vt102", "vt220", "ansi")


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """`heights`: the levels of a cell, low to high, short of a full one so that a stroke never
    touches the one above. `block`: a full cell; `rail`, `fill`, `grip`: a knob's bar."""

    plain: bool
    heights: str
    block: str
    empty: str
    early: str
    late: str
    head: str
    rule: str
    fill: str
    rail: str
    grip: str
    beat_on: str
    beat_off: str
    play: str
    stop: str
    less: str
    more: str
    best: str
    picked: str
    here: str
    axis_x: str
    axis_y: str
    cross: str
    dot: str
    bad: str
    ellipsis: str
    mid: str
    lock: str
    mute: str

    def height(self, level: float) -> str:
        """0..1 -> the glyph that high; what is above zero is never invisible."""
        return self.heights[min(max(int(level * len(self.heights)), 0), len(self.heights) - 1)]


FINE = Glyphs(
    plain=False,
    heights="▁▂▃▄▅▆▇",
    block="█",
    empty="·",
    early="‹",
    late="›",
    head="▲",
    rule="─",
    fill="━",
    rail="─",
    grip="●",
    beat_on="●",
    beat_off="○",
    play="▶",
    stop="■",
    less="◂",
    more="▸",
    best="★",
    picked="▸",
    here="●",
    axis_x="─",
    axis_y="│",
    cross="┼",
    dot="·",
    bad="▲",
    ellipsis="…",
    mid="·",
    lock="▪",
    mute="×",
)

PLAIN = Glyphs(
    plain=True,
    heights="123456789",
    block="#",
    empty=".",
    early="<",
    late=">",
    head="^",
    rule="-",
    fill="=",
    rail="-",
    grip="o",
    beat_on="*",
    beat_off=".",
    play=">",
    stop="#",
    less="<",
    more=">",
    best="*",
    picked=">",
    here="@",
    axis_x="-",
    axis_y="|",
    cross="+",
    dot="-",
    bad="!",
    ellipsis="~",
    mid="-",
    lock="=",
    mute="x",
)


def glyphs_for(environ: Mapping[str, str]) -> Glyphs:
    """By the locale's character set (POSIX order: LC_ALL, LC_CTYPE, LANG) and the kind of terminal."""
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "UTF-8")
    utf8 = locale.lower().replace("-", "").endswith("utf8") or "utf8" in locale.lower().replace("-", "")
    return FINE if utf8 and environ.get("TERM", "") not in NARROW_CONSOLES else PLAIN


def cut(text: str, most: int, glyphs: Glyphs = FINE) -> str:
    """At most `most` cells; what is longer ends in an ellipsis. A plain terminal gets ASCII."""
    if glyphs.plain:
        text = text.encode("ascii", "replace").decode()
    if cell_len(text) <= most:
        return text
    return set_cell_size(text, most - 1) + glyphs.ellipsis if most > 0 else ""
