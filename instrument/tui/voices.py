"""The table of voices: who rests, who plays alone, who is kept, how much and how hard, when, and on which note."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from instrument.core.drums import VOICES, Voice
from instrument.core.groove import MOST_LATE_TICKS
from instrument.session.knobs import Knobs
from instrument.session.view import StageView
from instrument.tui.glyphs import Glyphs
from instrument.tui.picture import Picture, Row, Span, Tone, fill, gap

NAME = 11
ORDER = tuple(reversed(Voice))
"""As drummers' grids stand: the kick lowest."""

Pads = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`words` says a voice's value, `change` gives the knobs that turn it by steps; a switch is turned by any."""

    name: str
    width: int
    words: Callable[[TableLook, int], str]
    change: Callable[[TableLook, int, float], dict[str, Any]]
    rest: Callable[[TableLook, int], dict[str, Any]]
    switch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLook:
    """`row` 0 is the highest voice; `column` indexes `COLUMNS`."""

    knobs: Knobs
    pads: Pads
    row: int
    column: int
    held: bool
    edits: bool

    @property
    def voice(self) -> int:
        return int(ORDER[self.row])


def table_look(view: StageView, row: int, column: int, *, held: bool, edits: bool) -> TableLook:
    return TableLook(knobs=view.knobs, pads=view.pads, row=row, column=column, held=held, edits=edits)


def _toggled(name: str) -> Callable[[TableLook, int, float], dict[str, Any]]:
    return lambda look, voice, steps: {name: getattr(look.knobs, name) ^ {voice}}


def _of(values: tuple[Any, ...], voice: int, rest: Any) -> Any:
    return values[voice] if values else rest


def _with(values: tuple[Any, ...], voice: int, value: Any, rest: Any) -> tuple[Any, ...]:
    """One voice's value changed; all at rest is none at all."""
    full = list(values or (rest,) * VOICES)
    full[voice] = value
    return () if all(one == rest for one in full) else tuple(full)


def _number(
    name: str, rest: float, low: float, high: float, step: float
) -> tuple[Callable[[TableLook, int, float], dict[str, Any]], Callable[[TableLook, int], dict[str, Any]]]:
    def change(look: TableLook, voice: int, steps: float) -> dict[str, Any]:
        values = getattr(look.knobs, name)
        value = min(max(_of(values, voice, rest) + steps * step, low), high)
        exact = round(value, 6) if isinstance(rest, float) else round(value)
        return {name: _with(values, voice, exact, rest)}

    return change, lambda look, voice: {name: _with(getattr(look.knobs, name), voice, rest, rest)}


def _pad(part: int, most: int) -> Callable[[TableLook, int, float], dict[str, Any]]:
    def change(look: TableLook, voice: int, steps: float) -> dict[str, Any]:
        pad = list(look.pads[voice])
        pad[part] = min(max(pad[part] + (1 if steps > 0 else -1), 0), most)
        return {"pads": (*look.pads[:voice], (pad[0], pad[1]), *look.pads[voice + 1 :])}

    return change


def _no_pads(look: TableLook, voice: int) -> dict[str, Any]:
    return {"pads": ()}


def _signed(value: float) -> str:
    return f"{value:+.0f}" if round(value) else "0"


_DENSITY, _VELOCITY = _number("voice_density", 1.0, 0.0, 1.0, 0.05), _number("voice_velocity", 0.0, -1.0, 1.0, 0.05)
_LATE = _number("late", 0, -MOST_LATE_TICKS, MOST_LATE_TICKS, 1)

COLUMNS = (
    Column(
        name="mute",
        width=5,
        words=lambda look, voice: "mute" if voice in look.knobs.muted else "",
        change=_toggled("muted"),
        rest=lambda look, voice: {"muted": look.knobs.muted - {voice}},
        switch=True,
    ),
    Column(
        name="solo",
        width=5,
        words=lambda look, voice: "solo" if voice in look.knobs.soloed else "",
        change=_toggled("soloed"),
        rest=lambda look, voice: {"soloed": look.knobs.soloed - {voice}},
        switch=True,
    ),
    Column(
        name="lock",
        width=5,
        words=lambda look, voice: "lock" if voice in look.knobs.locked else "",
        change=lambda look, voice, steps: {},
        rest=lambda look, voice: {"locks": tuple(lock for lock in look.knobs.locks if lock.voice != voice)},
        switch=True,
    ),
    Column(
        name="dens",
        width=5,
        words=lambda look, voice: f"{100 * _of(look.knobs.voice_density, voice, 1.0):.0f}",
        change=_DENSITY[0],
        rest=_DENSITY[1],
    ),
    Column(
        name="vel",
        width=5,
        words=lambda look, voice: _signed(100 * _of(look.knobs.voice_velocity, voice, 0.0)),
        change=_VELOCITY[0],
        rest=_VELOCITY[1],
    ),
    Column(
        name="late",
        width=5,
        words=lambda look, voice: _signed(_of(look.knobs.late, voice, 0)),
        change=_LATE[0],
        rest=_LATE[1],
    ),
    Column(
        name="ch",
        width=4,
        words=lambda look, voice: str(look.pads[voice][0] + 1),
        change=_pad(0, 15),
        rest=_no_pads,
    ),
    Column(
        name="note",
        width=5,
        words=lambda look, voice: str(look.pads[voice][1]),
        change=_pad(1, 127),
        rest=_no_pads,
    ),
)
LOCK = next(index for index, column in enumerate(COLUMNS) if column.name == "lock")
WIDTH = NAME + sum(column.width for column in COLUMNS)


def paint_table(look: TableLook, width: int, height: int, glyphs: Glyphs) -> Picture:
    """Names of columns, then a line to a voice; the cell in hand stands between brackets."""
    head: Row = (
        Span(f"{'VOICES':<{NAME}}", Tone.ALIVE if look.held else Tone.QUIET),
        *(Span(f"{column.name:>{column.width - 1}} ", Tone.QUIET) for column in COLUMNS),
    )
    apart, first = _apart(height), _first(look.row, height)
    rows: list[Row] = [head]
    for row, voice in enumerate(ORDER[first:], first):
        rows += [_voice_row(look, row, int(voice), glyphs), *[()] * (apart - 1)]
    return fill(rows, width, height)


def _apart(height: int) -> int:
    """Lines from one voice to the next."""
    return 2 if height >= 2 * VOICES + 1 else 1


def _first(row: int, height: int) -> int:
    """The highest voice that is shown, where there is no room for all."""
    shown = max((height - 1) // _apart(height), 1)
    return min(max(row - shown // 2, 0), max(VOICES - shown, 0))


def _voice_row(look: TableLook, row: int, voice: int, glyphs: Glyphs) -> Row:
    name = Tone.GHOST if voice in look.knobs.resting else Tone.TEXT
    mark = Span(glyphs.picked if look.held and row == look.row else " ", Tone.ALIVE)
    spans = [mark, Span(f"{Voice(voice).label:<{NAME - 1}}", name)]
    for index, column in enumerate(COLUMNS):
        here = look.held and row == look.row and index == look.column
        words = column.words(look, voice) or glyphs.empty
        tone = Tone.ALIVE if here else Tone.STRONG if column.switch and words != glyphs.empty else Tone.TEXT
        ends = (f"{glyphs.less}", f"{glyphs.more}") if here and look.edits else ("[", "]") if here else (" ", " ")
        spans.append(Span(f"{ends[0] + words:>{column.width - 1}}{ends[1]}", tone))
    return (*spans, gap(0))


def cell_at(look: TableLook, column: int, row: int, height: int) -> tuple[int, int] | None:
    """The row and column of the table at a place on the screen."""
    at, line = NAME, (row - 1) // _apart(height) + _first(look.row, height)
    if not 0 <= line < VOICES or row < 1:
        return None
    for index, each in enumerate(COLUMNS):
        if at <= column < at + each.width:
            return line, index
        at += each.width
    return None
