"""A widget that shows a picture and repaints only the cells that changed.

A canvas takes from each view what it needs (its look, a comparable value); where the look is the old one nothing
happens at all. Otherwise it paints, compares with the picture on the screen and asks for just the differing cells.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from instrument.session.view import StageView
from instrument.tui.glyphs import Glyphs
from instrument.tui.palette import Palette
from instrument.tui.picture import Picture, patches

Look = TypeVar("Look")


class Canvas(Widget, Generic[Look]):
    """A picture of a look. Subclasses say what they look at and how it is painted."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.glyphs = glyphs
        self.picture: Picture = ()
        self._view: StageView | None = None
        self._look: Look | None = None
        self._palette: Palette = {}
        self._strips: dict[int, Strip] = {}

    def look(self, view: StageView) -> Look:
        """What of the view is shown here."""
        raise NotImplementedError

    def paint(self, look: Look, width: int, height: int) -> Picture:
        """The picture of a look: `height` rows of `width` cells."""
        raise NotImplementedError

    def painted(self, look: Look, width: int, height: int) -> Picture:
        """The picture, with whatever belongs on every one of its kind."""
        return self.paint(look, width, height)

    def show(self, view: StageView) -> None:
        """Take a view; paint where it looks different."""
        self._view = view
        look = self.look(view)
        if look != self._look:
            self._look = look
            self._repaint()

    def dress(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        self._palette = palette
        self._strips.clear()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        strip = self._strips.get(y)
        if strip is None:
            row = self.picture[y] if y < len(self.picture) else ()
            strip = Strip([Segment(span.text, self._palette.get(span.tone)) for span in row])
            self._strips[y] = strip
        return strip

    def on_resize(self, event: events.Resize) -> None:
        self._repaint()

    def on_focus(self, event: events.Focus) -> None:
        self.look_again()

    def on_blur(self, event: events.Blur) -> None:
        self.look_again()

    def look_again(self) -> None:
        """Show the last view once more, as something beside the view has changed."""
        if self._view is not None:
            self.show(self._view)

    def _repaint(self) -> None:
        width, height = self.size
        if self._look is None or not width or not height:
            return
        before, self.picture = self.picture, self.painted(self._look, width, height)
        if _size(before) != _size(self.picture):
            self._strips.clear()
            self.refresh()
            return
        stale = patches(before, self.picture)
        for patch in stale:
            self._strips.pop(patch.y, None)
        if stale:
            self.refresh(*(Region(patch.x0, patch.y, patch.x1 - patch.x0, 1) for patch in stale))


def _size(picture: Picture) -> tuple[int, int]:
    return len(picture), sum(len(span.text) for span in picture[0]) if picture else 0
