"""The second page: every voice, the groove, the walk through the latent, the epochs."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from instrument.tui.controls import ACCENT, FEEL, HUMANISE, LEG, REACH, SWING, VARIATION, WALK
from instrument.tui.page import Page
from instrument.tui.voice_table import VoiceTable
from instrument.tui.widgets import (
    DialControl,
    EpochControl,
    HealthLine,
    Hints,
    KeepStrip,
    LatentPad,
    Rule,
    StyleControl,
    Transport,
)


class Workbench(Page):
    """The page for the rest."""

    AUTO_FOCUS = "#voices"

    def compose(self) -> ComposeResult:
        g, steer = self.glyphs, self.steer
        yield Transport(g, id="transport")
        yield Rule(g, id="rule-top")
        with Horizontal(id="kit"):
            yield VoiceTable(g, steer, self.action_lock, id="voices")
            with Vertical(id="groove"):
                yield StyleControl(g, steer, id="style")
                for dial in (FEEL, SWING, HUMANISE, ACCENT, VARIATION, WALK, LEG, REACH):
                    yield DialControl(g, steer, dial)
        yield Rule(g, id="rule-bottom")
        with Horizontal(id="net"):
            yield EpochControl(g, steer, id="epoch")
            yield LatentPad(g, steer, id="latent")
        yield KeepStrip(g, id="keep")
        yield HealthLine(g, id="health")
        yield Hints(g, id="hints")
