"""The third page: another player, and how we go along with them."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from instrument.tui.controls import COMPLEMENT, DISTANCE, ENERGY, FOLLOW, LEAST, MOST, TRADE, WAITS
from instrument.tui.page import Page
from instrument.tui.widgets import DialControl, Duet, HealthLine, Hints, KeepStrip, PickControl, Rule, Transport


class Duo(Page):
    """The page for playing along."""

    AUTO_FOCUS = "#follow"

    def compose(self) -> ComposeResult:
        g, steer = self.glyphs, self.steer
        yield Transport(g, id="transport")
        yield Rule(g, id="rule-top")
        yield Duet(g, id="duet")
        yield Rule(g, id="rule-bottom")
        with Horizontal(id="company"):
            with Vertical(id="amounts"):
                for dial in (FOLLOW, LEAST, MOST, DISTANCE):
                    yield DialControl(g, steer, dial)
            with Vertical(id="choices"):
                for pick in (ENERGY, TRADE, WAITS, COMPLEMENT):
                    yield PickControl(g, steer, pick)
        yield KeepStrip(g, id="keep")
        yield HealthLine(g, id="health")
        yield Hints(g, id="hints")
