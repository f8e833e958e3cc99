"""The last line: the keys that one needs most, or what has just gone wrong."""

from __future__ import annotations

from dataclasses import dataclass

from instrument.text import printable
from instrument.tui.glyphs import Glyphs, cut
from instrument.tui.picture import Picture, Row, Span, Tone, fill, gap, width_of

KEYS = (
    ("space", "play"),
    ("?", "keys"),
    ("f", "fill"),
    ("n", "new z"),
    ("u", "undo"),
    ("z", "freeze"),
    ("c", "capture"),
    ("1-8", "snap"),
    ("tab", "page"),
    ("p", "panic"),
    ("[ ]", "epoch"),
    ("+ -", "tempo"),
    ("t", "tap"),
    ("d", "doctor"),
    ("b", "best epoch"),
    ("^p", "all actions"),
    ("^q", "quit"),
)
"""Most needed first: what doesn't fit is left out from the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HintsLook:
    message: str
    trouble: bool
    playing: bool


def paint_hints(look: HintsLook, width: int, height: int, glyphs: Glyphs) -> Picture:
    if look.message:
        words = f"{glyphs.bad} {printable(look.message)}" if look.trouble else printable(look.message)
        tone = Tone.TROUBLE if look.trouble else Tone.TEXT
        return fill([(Span(cut(words, width, glyphs), tone),)], width, height)
    return fill([_keys(look.playing, width)], width, height)


def _keys(playing: bool, width: int) -> Row:
    spans: list[Span] = []
    for key, name in KEYS:
        word = "stop" if key == "space" and playing else name
        more = [*([gap(2)] if spans else []), Span(key, Tone.TEXT), Span(f" {word}", Tone.QUIET)]
        if width_of((*spans, *more)) > width:
            break
        spans += more
    return tuple(spans)
