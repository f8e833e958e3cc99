"""The stage page: takes a picture of the session thirty times a second, shows it, and passes the hands' wishes on.

What a session refuses (ValueError) becomes a message in the last line; nothing is lost and nothing covers the grid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer

from instrument.session.contract import Session
from instrument.session.view import StageView
from instrument.tui.canvas import Canvas
from instrument.tui.controls import DENSITY, FEEL, INTENSITY, SWING, VARIATION
from instrument.tui.dialogs import Doctor, Help
from instrument.tui.epochs import next_epoch
from instrument.tui.glyphs import Glyphs
from instrument.tui.keys import STAGE_GROUPS, bindings
from instrument.tui.layout import Layout, layout_for
from instrument.tui.palette import Palette
from instrument.tui.widgets import (
    DialControl,
    EpochControl,
    Grids,
    HealthLine,
    Hints,
    LatentPad,
    Rule,
    StyleControl,
    Transport,
)

MESSAGE_S = 5.0


class Stage(Screen[None]):
    """Everything that a player needs in the dark."""

    BINDINGS = bindings(*STAGE_GROUPS)
    AUTO_FOCUS = "#density"

    shown: reactive[StageView | None] = reactive(None, repaint=False)
    """The view on the screen; setting another one draws what differs."""

    def __init__(self, session: Session, glyphs: Glyphs, keymap: Mapping[str, str], frames_per_s: float) -> None:
        super().__init__()
        self.keymap = keymap
        self.session = session
        self.glyphs = glyphs
        self._frames_per_s = frames_per_s
        self.palette: Palette = {}
        self._canvases: list[Canvas[Any]] = []
        self._message_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        g, steer = self.glyphs, self.steer
        yield Transport(g, id="transport")
        yield Rule(g, id="rule-top")
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
        yield Rule(g, id="rule-health")
        yield HealthLine(g, id="health")
        yield Hints(g, id="hints")

    def on_mount(self) -> None:
        self._canvases = list(self.query(Canvas))
        self.take_picture()
        if self._frames_per_s > 0:
            self.set_interval(1 / self._frames_per_s, self.take_picture)

    def on_resize(self, event: events.Resize) -> None:
        chosen = layout_for(event.size.width, event.size.height)
        for layout in Layout:
            self.set_class(layout is chosen, f"-{layout.value}")

    def take_picture(self) -> None:
        """Look at the session now."""
        self.shown = self.session.view()

    def watch_shown(self, view: StageView | None) -> None:
        if view is not None:
            for canvas in self._canvases:
                canvas.show(view)

    def dress(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        self.palette = palette
        for canvas in self._canvases:
            canvas.dress(palette)

    def say(self, message: str, *, trouble: bool = False) -> None:
        """A message in the last line, for a while; a newer one takes its place."""
        self.query_one(Hints).say(message, trouble)
        if self._message_timer is not None:
            self._message_timer.stop()
        self._message_timer = self.set_timer(MESSAGE_S, self.action_hush) if message else None

    def steer(self, changes: Mapping[str, Any]) -> None:
        """Turn knobs; a turn that changes nothing is not history."""
        knobs = self.session.view().knobs
        wanted = {name: value for name, value in changes.items() if getattr(knobs, name) != value}
        if wanted:
            self._ask(lambda: self.session.turn(**wanted))

    def _ask(self, call: Callable[[], None], done: str = "") -> None:
        try:
            call()
        except ValueError as refused:
            self.say(str(refused), trouble=True)
        else:
            self.say(done)
        self.take_picture()

    def action_toggle_play(self) -> None:
        self._ask(self.session.toggle_play)

    def action_fill(self) -> None:
        self._ask(self.session.fill)

    def action_panic(self) -> None:
        self._ask(self.session.panic, "panic: everything is silent, the transport has stopped")

    def action_tap(self) -> None:
        self._ask(self.session.tap)

    def action_tempo(self, change_bpm: float) -> None:
        tempo_bpm = round(self.session.view().tempo_bpm + change_bpm, 1)
        self._ask(lambda: self.session.set_tempo(tempo_bpm))

    def action_nudge(self, by_ms: float) -> None:
        said = f"{abs(by_ms):g} ms {'later' if by_ms > 0 else 'earlier'}; K keeps it for this port"
        self._ask(lambda: self.session.nudge(by_ms), said)

    def action_keep_nudge(self) -> None:
        self._ask(self.session.keep_nudge, "the offset is kept for this port")

    def action_new_z(self) -> None:
        self._ask(self.session.new_z)

    def action_undo(self) -> None:
        nothing = not self.session.view().can_undo
        self._ask(self.session.undo, "nothing to undo" if nothing else "")

    def action_redo(self) -> None:
        self._ask(self.session.redo)

    def action_epoch(self, steps: int) -> None:
        view = self.session.view()
        self.steer({"epoch": next_epoch(view.manifest, view.knobs.epoch, steps)})

    def action_epoch_best(self) -> None:
        self.steer({"epoch": self.session.view().manifest.best_epoch})

    def action_take(self, name: str) -> None:
        """Take a control in hand."""
        control = self.query_one(f"#{name}", Canvas)
        if control.focusable and control.size.width:
            control.focus()
        else:
            self.say(f"{name} has no room here: make the window larger", trouble=True)

    def action_hush(self) -> None:
        self.say("")

    def action_help(self) -> None:
        self.app.push_screen(Help(self.keymap))

    def action_doctor(self) -> None:
        self.app.push_screen(Doctor(lambda: self.session.view().health))
