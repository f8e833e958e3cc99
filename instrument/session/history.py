"""The knobs' history: what was good can be had back."""

from __future__ import annotations

from dataclasses import replace

from instrument.session.view import Knobs

DEPTH = 100


class History:
    """A line of knob settings with a place in it. Turning one knob on and on makes one entry, not a hundred."""

    def __init__(self, first: Knobs) -> None:
        self._line = [first]
        self._place = 0
        self.newest_home = first.home

    @property
    def now(self) -> Knobs:
        return self._line[self._place]

    @property
    def can_undo(self) -> bool:
        return self._place > 0

    @property
    def can_redo(self) -> bool:
        return self._place < len(self._line) - 1

    def add(self, knobs: Knobs) -> None:
        """A new entry after this one; what was undone before is forgotten."""
        self._line = [*self._line[: self._place + 1], knobs][-DEPTH:]
        self._place = len(self._line) - 1
        self.newest_home = max(self.newest_home, knobs.home)

    def turn(self, knobs: Knobs) -> None:
        """As `add`, but an entry that only turns the same knob further takes the last one's place."""
        if knobs == self.now:
            return
        if self.can_undo and not self.can_redo and self._only_change(self._line[self._place - 1], self.now, knobs):
            self._line[self._place] = knobs
        else:
            self.add(knobs)

    def undo(self) -> None:
        self._place = max(self._place - 1, 0)

    def redo(self) -> None:
        self._place = min(self._place + 1, len(self._line) - 1)

    @staticmethod
    def _only_change(before: Knobs, last: Knobs, knobs: Knobs) -> bool:
        turned = [name for name in Knobs.__dataclass_fields__ if getattr(before, name) != getattr(last, name)]
        same = {name: getattr(before, name) for name in turned}
        return "home" not in turned and replace(knobs, **same) == before
