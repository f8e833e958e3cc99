"""What hands do to a desk while music plays: the part that every session shares."""

from __future__ import annotations

from collections.abc import Callable

from instrument.core.drums import Voice
from instrument.session.desk import Desk
from instrument.session.knobs import Knobs


class AtDesk:
    """Subclasses have a desk, and say where the music is and what comes with a change."""

    _desk: Desk

    def new_z(self) -> None:
        self._change(self._desk.new_z, "new z")

    def undo(self) -> None:
        self._change(self._desk.undo, "undo")

    def redo(self) -> None:
        self._change(self._desk.redo, "redo")

    def fill(self) -> None:
        self._change(lambda: self._desk.fill(self._place()), "fill")

    def build(self, on: bool) -> None:
        self._change(lambda: self._desk.build(on, self._place()), "build" if on else "build ends")

    def freeze(self) -> None:
        self._change(lambda: self._desk.freeze(*self._sounding()), "freeze")

    def lock(self, voice: int) -> None:
        self._change(lambda: self._desk.lock(voice, *self._sounding()), f"lock {Voice(voice).label}")

    def look_back(self, bars: int) -> None:
        self._change(lambda: self._desk.look_back(bars), "back" if bars > 0 else "forth")

    def _change(self, change: Callable[[], object], words: str) -> None:
        """Something on the desk, at once, told in a word or two."""
        raise NotImplementedError

    def _place(self) -> int:
        """The music's position, in ticks."""
        raise NotImplementedError

    def _sounding(self) -> tuple[int, Knobs]:
        """The bar that sounds, and what it is made from."""
        raise NotImplementedError
