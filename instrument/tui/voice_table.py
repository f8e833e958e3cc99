"""The table of voices as a control: a cell in hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from textual import events

from instrument.core.drums import Voice
from instrument.session.view import StageView
from instrument.tui.glyphs import Glyphs
from instrument.tui.keys import TABLE, bindings
from instrument.tui.picture import Picture
from instrument.tui.voices import COLUMNS, LOCK, TableLook, cell_at, paint_table, table_look
from instrument.tui.widgets import Control, Steer


class VoiceTable(Control[TableLook]):
    """A cell of the table in hand: the arrows move, Enter switches or opens it, then left and right turn it."""

    BINDINGS = bindings(TABLE)

    def __init__(self, glyphs: Glyphs, steer: Steer, lock: Callable[[int], None], *, id: str) -> None:
        super().__init__(glyphs, steer, id=id)
        self._lock = lock
        self._row, self._column, self._edits = len(Voice) - 1, 0, False

    def look(self, view: StageView) -> TableLook:
        return table_look(view, self._row, self._column, held=self.has_focus, edits=self._edits)

    def paint(self, look: TableLook, width: int, height: int) -> Picture:
        return paint_table(look, width, height, self.glyphs)

    def action_turn(self, steps: int) -> None:
        if self._edits:
            self.steer(self.turned(steps, fine=False))
        else:
            self._column = (self._column + steps) % len(COLUMNS)
        self.look_again()

    def action_turn_fine(self, steps: int) -> None:
        self.steer(self.turned(steps, fine=True))

    def action_climb(self, steps: int) -> None:
        if not self._edits and not 0 <= self._row - steps < len(Voice):
            super().action_climb(steps)
            return
        self._row = min(max(self._row - steps, 0), len(Voice) - 1)
        self.look_again()

    def action_edit(self) -> None:
        """Switch a switch; open another cell for turning, or close it."""
        if self._column == LOCK:
            self._lock(self._look_now().voice)
        elif COLUMNS[self._column].switch:
            self.steer(self.turned(1, fine=False))
        else:
            self._edits = not self._edits
        self.look_again()

    def turned(self, steps: float, fine: bool) -> Mapping[str, Any]:
        look = self._look_now()
        return COLUMNS[self._column].change(look, look.voice, steps)

    def at_end(self, end: int) -> Mapping[str, Any]:
        look = self._look_now()
        return (
            {} if COLUMNS[self._column].switch else COLUMNS[self._column].change(look, look.voice, 1000 * (2 * end - 1))
        )

    def at_rest(self) -> Mapping[str, Any]:
        look = self._look_now()
        return COLUMNS[self._column].rest(look, look.voice)

    def touched(self, column: int, row: int) -> Mapping[str, Any]:
        found = cell_at(self._look_now(), column, row, self.size.height)
        if found is not None:
            self._row, self._column = found
            self.focus()
            self.action_edit()
        return {}

    def on_blur(self, event: events.Blur) -> None:
        self._edits = False
        super().on_blur(event)

    def _look_now(self) -> TableLook:
        return self.look(self._shown())
