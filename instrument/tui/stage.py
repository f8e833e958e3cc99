"""The stage page: everything that a player needs in the dark."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from instrument.tui.controls import DENSITY, FEEL, INTENSITY, SWING, VARIATION
from instrument.tui.page import Page
from instrument.tui.widgets import (
    DialControl,
    EpochControl,
    Grids,
    HealthLine,
    Hints,
    KeepStrip,
    LatentPad,
    Past,
    Rule,
    StyleControl,
    Transport,
)


class Stage(Page):
    """The first page."""

    AUTO_FOCUS = "#density"

    def compose(self) -> ComposeResult:
        g, steer = self.glyphs, self.steer
        yield Transport(g, id="transport")
        yield Rule(g, id="rule-top")
        yield Past(g, id="past")
        yield Grids(g, id="grids")
        yield Rule(g, id="rule-bottom")
        with Horizontal(id="desk"):
            with Vertical(id="bench"):
                with Horizontal(id="dials"):
                    with Vertical(id="macros"):
                        yield DialControl(g, steer, DENSITY)
                        yield DialControl(g, steer, INTENSITY)
                        yield DialControl(g, steer, VARIATION)
                    with Vertical(id="manners"):
                        yield StyleControl(g, steer, id="style")
                        yield DialControl(g, steer, FEEL)
                        yield DialControl(g, steer, SWING)
                yield EpochControl(g, steer, id="epoch")
            yield LatentPad(g, steer, id="latent")
        yield KeepStrip(g, id="keep")
        yield HealthLine(g, id="health")
        yield Hints(g, id="hints")
