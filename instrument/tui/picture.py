"""What a picture is: rows of spans, each a text and a tone. No colour, no terminal.

A tone says what a thing *means* (quiet, alive, in trouble); the palette turns it into a colour of the theme. Two
pictures can be compared, so that a screen repaints only the cells that changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size


class Tone(IntEnum):
    """GHOST: hardly there (empty steps, rails). QUIET: can wait. TEXT: plain. STRONG: look here. ALIVE: it moves or is
    held now. HEAD, HEAD_HIT: under the playhead. TROUBLE: something is wrong. KEY: a key to press."""

    GHOST = auto()
    QUIET = auto()
    TEXT = auto()
    STRONG = auto()
    ALIVE = auto()
    HEAD = auto()
    HEAD_HIT = auto()
    TROUBLE = auto()
    KEY = auto()


class Span(NamedTuple):
    text: str
    tone: Tone = Tone.TEXT


Row = tuple[Span, ...]
Picture = tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Cells `x0` up to but without `x1` of row `y`."""

    y: int
    x0: int
    x1: int


def width_of(row: Row) -> int:
    return sum(cell_len(span.text) for span in row)


def gap(width: int) -> Span:
    return Span(" " * max(width, 0), Tone.GHOST)


def trim(row: Row, width: int) -> Row:
    """Exactly `width` cells: cut on the right, or padded with blanks; neighbours of one tone become one span."""
    kept: list[Span] = []
    left = width
    for span in (*row, gap(width)):
        cells = cell_len(span.text)
        text = span.text if cells <= left else set_cell_size(span.text, left)
        left -= min(cells, left)
        if text and kept and kept[-1].tone is span.tone:
            kept[-1] = Span(kept[-1].text + text, span.tone)
        elif text:
            kept.append(Span(text, span.tone))
    return tuple(kept)


def beside(left: Row, right: Row, width: int) -> Row:
    """`left` at the left edge and `right` at the right edge; `left` is cut where they meet."""
    room = width - width_of(right)
    if room < 0:
        return trim(right, width)
    return (*trim(left, room), *right)


def centred(row: Row, width: int) -> Row:
    return trim((gap((width - width_of(row)) // 2), *row), width)


def retone(row: Row, x0: int, x1: int, tones: Mapping[Tone, Tone]) -> Row:
    """The same characters, with the tones of the cells `x0` up to but without `x1` changed. One cell to a character."""
    spans: list[Span] = []
    x = 0
    for span in row:
        start, x = x, x + len(span.text)
        if x <= x0 or start >= x1:
            spans.append(span)
            continue
        before, after = max(x0 - start, 0), x1 - start
        text, tone = span
        parts = (Span(text[:before], tone), Span(text[before:after], tones.get(tone, tone)), Span(text[after:], tone))
        spans += [part for part in parts if part.text]
    return tuple(spans)


def fill(rows: list[Row], width: int, height: int) -> Picture:
    """Exactly `height` rows of `width` cells."""
    rows = rows[:height] + [()] * (height - len(rows))
    return tuple(trim(row, width) for row in rows)


def text_of(picture: Picture) -> str:
    """The picture's characters, without trailing blanks."""
    return "\n".join("".join(span.text for span in row).rstrip() for row in picture)


def patches(old: Picture, new: Picture) -> list[Patch]:
    """The least run of cells in each row that holds every difference. Both pictures have the same size."""
    found = []
    for y, (before, after) in enumerate(zip(old, new, strict=True)):
        if before != after:
            head, width = _common(before, after), width_of(after)
            tail = _common(before[::-1], after[::-1])
            found.append(Patch(y=y, x0=min(head, width), x1=max(width - tail, head + 1)))
    return found


def _common(one: Row, other: Row) -> int:
    """The width of the spans that both rows begin with."""
    width = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        width += cell_len(a.text)
    return width
