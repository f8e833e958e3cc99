"""The pad: a place in the plane of two of the latent's directions, and the home that it starts from."""

from __future__ import annotations

from dataclasses import dataclass

from instrument.core.manifest import Manifest
from instrument.text import printable
from instrument.tui.controls import label_row
from instrument.tui.glyphs import Glyphs, cut
from instrument.tui.picture import Picture, Row, Span, Tone, beside, fill, gap, width_of

STEP = 0.1
FINE_STEP = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class PadLook:
    """`x`, `y` in -1..1, `home` the number of the latent, `across` and `up` the names of the directions.
    `named`: places with a name and where they lie, `near` the nearest one's."""

    x: float
    y: float
    home: int
    across: str
    up: str
    held: bool
    named: tuple[tuple[str, float, float], ...] = ()
    near: str = ""


def direction_names(manifest: Manifest, epoch: int, pad: int = 0) -> tuple[str, str]:
    """What the pad's axes are called: the epoch's directions for this pad, or plain x and y."""
    named = next((e.axes(pad) for e in manifest.epochs if e.number == epoch), ())
    names = [printable(direction.name) for direction in named]
    return names[0] if names else "x", names[1] if len(names) > 1 else "y"


def next_pad(manifest: Manifest, epoch: int, pad: int) -> int:
    """The next pair of axes that the epoch has names for, the first after the last."""
    found = next((e for e in manifest.epochs if e.number == epoch), None)
    return pad + 1 if found is not None and len(found.axes(pad + 1)) == 2 else 0


def moved(x: float, y: float, right: float, up: float) -> dict[str, float]:
    """The change of knobs after a move, stopped at the edges."""
    return {"x": round(min(max(x + right, -1.0), 1.0), 6), "y": round(min(max(y + up, -1.0), 1.0), 6)}


def cell_of(x: float, y: float, width: int, height: int) -> tuple[int, int]:
    """The column and row of a place on a field of this size; up is up."""
    return round((x + 1) / 2 * (width - 1)), round((1 - y) / 2 * (height - 1))


def place_at(column: int, row: int, width: int, height: int) -> tuple[float, float]:
    """The place of a cell: what a click on it means."""
    x = 2 * column / (width - 1) - 1 if width > 1 else 0.0
    y = 1 - 2 * row / (height - 1) if height > 1 else 0.0
    return min(max(x, -1.0), 1.0), min(max(y, -1.0), 1.0)


def paint_pad(look: PadLook, width: int, height: int, glyphs: Glyphs) -> Picture:
    """Name and home above, the field, and the place in figures beneath."""
    label = label_row("LATENT", "L", look.held, glyphs)
    room = width - width_of(label) - len(f" z {look.home}") - 2
    name = f"near {look.near}" if width >= 40 else look.near
    near = f"{cut(printable(name), max(room, 0), glyphs)} " if look.near else ""
    top = beside(label, (Span(near, Tone.QUIET), Span(f"z {look.home}", Tone.STRONG)), width)
    if height < 4:
        return fill([beside(label, _figures(look), width)], width, height)
    field = _field(look, width, height - 2, glyphs)
    return fill([top, *field, _figures_wide(look, width)], width, height)


def _figures(look: PadLook) -> Row:
    return (Span(f"{look.x:+.2f} {look.y:+.2f}", Tone.ALIVE if look.held else Tone.TEXT),)


def _figures_wide(look: PadLook, width: int) -> Row:
    tone = Tone.ALIVE if look.held else Tone.TEXT
    room = max((width - 14) // 2, 1)
    names = [cut(name, room) for name in (look.across, look.up)]
    left = (Span(f"{names[0]} ", Tone.QUIET), Span(f"{look.x:+.2f}", tone))
    right = (Span(f"{names[1]} ", Tone.QUIET), Span(f"{look.y:+.2f}", tone))
    return beside((gap(1), *left), right, width) if width_of(left) + width_of(right) < width else _figures(look)


def _field(look: PadLook, width: int, height: int, glyphs: Glyphs) -> list[Row]:
    """Axes, a grid of quiet dots, and the place."""
    column, row = cell_of(look.x, look.y, width, height)
    home = cell_of(0.0, 0.0, width, height)
    here = Span(glyphs.here, Tone.ALIVE)
    named = {cell_of(x, y, width, height) for _, x, y in look.named if abs(x) <= 1 and abs(y) <= 1}
    rows: list[Row] = []
    for y in range(height):
        line = "".join(
            glyphs.beat_off if (x, y) in named else _ground(x - home[0], y - home[1], height, glyphs)
            for x in range(width)
        )
        if y == row:
            rows.append((Span(line[:column], Tone.GHOST), here, Span(line[column + 1 :], Tone.GHOST)))
        else:
            rows.append((Span(line, Tone.GHOST),))
    return rows


def _ground(right: int, down: int, height: int, glyphs: Glyphs) -> str:
    """The field's glyph so far from its middle: a cross, its arms, and dots that thin out on a tall field."""
    if not right or not down:
        return glyphs.cross if right == down else glyphs.axis_y if not right else glyphs.axis_x
    return glyphs.dot if right % 4 == 0 and (height < 8 or down % 2 == 0) else " "
