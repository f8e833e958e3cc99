"""What the pages share: a picture of the session thirty times a second, and the hands' wishes passed on.

What a session refuses (ValueError) becomes a message in the last line; nothing is lost and nothing covers the grid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from textual import events
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer

from instrument.core.drums import Voice
from instrument.session.contract import Session
from instrument.session.dial import glided, next_epoch
from instrument.session.lengths import CAPTURES, MORPHS
from instrument.session.snapshots import SLOTS
from instrument.session.targets import GLIDE, PRESET
from instrument.session.tour import go_on
from instrument.session.view import StageView
from instrument.tui.canvas import Canvas
from instrument.tui.dialogs import Ask, Doctor, Help, Presets
from instrument.tui.glyphs import Glyphs
from instrument.tui.keys import STAGE_GROUPS, bindings
from instrument.tui.layout import Layout, layout_for
from instrument.tui.pad import direction_names, next_pad
from instrument.tui.palette import Palette
from instrument.tui.widgets import Hints

MESSAGE_S = 5.0
FILLS = (0, 2, 4, 8, 16)
LOOP_WORDS = {
    "empty": "no loop",
    "records": "the loop records from the next bar line on; r ends it",
    "plays": "the loop comes round; r overdubs it, e erases it",
    "overdubs": "what you play goes into the loop; r ends that",
}


class Page(Screen[None]):
    """A page of the instrument. Subclasses compose canvases, the last line `Hints` among them."""

    BINDINGS = bindings(*STAGE_GROUPS)

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
        self._stores = False
        self._told = session.view().told.number

    def on_mount(self) -> None:
        self._canvases = list(self.query(Canvas))
        self.dress(self.palette)
        self.take_picture()
        if self._frames_per_s > 0:
            self.set_interval(1 / self._frames_per_s, self.take_picture)

    def on_resize(self, event: events.Resize) -> None:
        chosen = layout_for(event.size.width, event.size.height)
        for layout in Layout:
            self.set_class(layout is chosen, f"-{layout.value}")

    def take_picture(self) -> None:
        """Look at the session now, where the page is the one that shows."""
        if self.is_current:
            self.shown = self.session.view()

    def on_screen_resume(self) -> None:
        self.take_picture()

    def watch_shown(self, view: StageView | None) -> None:
        if view is None:
            return
        for canvas in self._canvases:
            canvas.show(view)
        if view.told.number != self._told:
            self._told = view.told.number
            self.say(view.told.text, trouble=view.told.trouble)

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

    def action_build(self) -> None:
        builds = self.session.view().builds
        self._ask(lambda: self.session.build(not builds), "" if builds else "the fill builds up until g lets it go")

    def action_fill_every(self) -> None:
        every = _after(FILLS, self.session.view().knobs.fill_every)
        self.steer({"fill_every": every})
        self.say(f"a fill every {every} bars" if every else "no fills but yours")

    def action_freeze(self) -> None:
        self._ask(self.session.freeze)

    def action_lock(self, voice: int) -> None:
        self._ask(lambda: self.session.lock(voice))

    def action_mute(self, voice: int) -> None:
        muted = self.session.view().knobs.muted
        self.steer({"muted": muted ^ {voice}})
        self.say(f"{Voice(voice).label} {'sounds' if voice in muted else 'rests'}")

    def action_solo(self, voice: int) -> None:
        self.steer({"soloed": self.session.view().knobs.soloed ^ {voice}})

    def action_look_back(self, bars: int) -> None:
        self._ask(lambda: self.session.look_back(bars))
        back = self.session.view().back
        self.say(f"{back} bars back: z lets go" if back else "the last bar")

    def action_store(self) -> None:
        self._stores = True
        self.say("keep as: press 1 to 8")

    def action_snapshot(self, slot: int) -> None:
        """Go to a snapshot; keep one after `action_store`."""
        stores, self._stores = self._stores, False
        if stores:
            self._ask(lambda: self.session.store(slot), f"kept as {SLOTS[slot]}")
        else:
            self._ask(lambda: self.session.recall(slot))

    def action_morph_bars(self) -> None:
        bars = _after(MORPHS, self.session.view().morph_bars)
        words = f"snapshots are reached in {bars} bars" if bars else "snapshots are reached at once"
        self._ask(lambda: self.session.morph_in(bars), words)

    def action_capture(self) -> None:
        self._ask(self.session.capture)

    def action_capture_bars(self) -> None:
        bars = _after(CAPTURES, self.session.view().capture_bars)
        self._ask(lambda: self.session.capture_last(bars), f"c captures the last {bars} bars")

    def action_copy_code(self) -> None:
        code = self.session.view().code
        if code:
            self.app.copy_to_clipboard(code)
        self.say(f"copied {code}" if code else "no bar has sounded yet")

    def action_recall_code(self) -> None:
        def recall(code: str | None) -> None:
            if code:
                self._ask(lambda: self.session.recall_code(code))

        self.app.push_screen(Ask("recall a bar", "plays it", "its code"), recall)

    def action_keep_kit(self) -> None:
        def keep(name: str | None) -> None:
            if name:
                self._ask(lambda: self.session.keep_kit(name))

        self.app.push_screen(Ask("keep the kit", "keeps channels and notes", "a name for --kit"), keep)

    def action_presets(self) -> None:
        self.app.push_screen(Presets(self.session.presets()), self._choose_preset)

    def _choose_preset(self, name: str | None) -> None:
        """Load it, or teach a controller to."""
        if name and not self.session.hands.pick(f"{PRESET}{name}"):
            self.session.load_preset(name)
        self.take_picture()

    def action_hold_changes(self) -> None:
        holds = not self.session.view().holds
        self.session.hold_changes(holds)
        self.say("changes wait for the bar line" if holds else "changes are heard at once")

    def action_monitor(self) -> None:
        self.say("the monitor ends" if self.session.view().monitored else "the monitor starts")
        self._ask(self.session.toggle_monitor)

    def action_loop(self) -> None:
        self._ask(self.session.press_loop)
        self.say(LOOP_WORDS[self.session.view().partner.loop])

    def action_clear_loop(self) -> None:
        self._ask(self.session.clear_loop, "the loop is forgotten")

    def action_grab(self) -> None:
        self._ask(self.session.grab)

    def action_calibrate(self) -> None:
        self._ask(self.session.calibrate)
        runs = self.session.view().partner.clicks >= 0
        self.say("play a note on each of the eight clicks" if runs else "no clicks; the latency stays")

    def action_glide(self, steps: int) -> None:
        view = self.session.view()
        self.steer(glided(view.manifest, view.knobs, steps * GLIDE))

    def action_next_pad(self) -> None:
        """Other axes, from their middle."""
        view = self.session.view()
        pad = next_pad(view.manifest, view.knobs.epoch, view.knobs.pad)
        if pad == view.knobs.pad:
            self.say("this epoch names no other ways")
            return
        self.steer({"pad": pad, "x": 0.0, "y": 0.0})
        across, up = direction_names(view.manifest, view.knobs.epoch, pad)
        self.say(f"the pad goes along {across} and {up}")

    def action_new_z(self) -> None:
        self._ask(self.session.new_z)

    def action_next_place(self) -> None:
        """Make the next named place home."""
        reached: list[str] = []
        self._ask(lambda: reached.append(go_on(self.session)))
        if reached:
            self.say(f"home is now: {reached[0]}")

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
        """Take a control in hand, on the page that has it."""
        control = next(iter(self.query(f"#{name}").results(Canvas)), None)
        if control is None:
            self.app.call_later(self.app.run_action, f"page('{name}')")
        elif control.focusable and control.size.width:
            control.focus()
        else:
            self.say(f"{name} has no room here: make the window larger", trouble=True)

    def action_hush(self) -> None:
        self._stores = False
        self.say("")

    def action_learn(self) -> None:
        self._ask(lambda: self.session.hands.learn(self.focused.id or "" if self.focused else ""))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """What is taken in hand while a controller is taught is what it is taught."""
        if self.session.hands.pick(event.widget.id or ""):
            self.take_picture()

    def action_help(self) -> None:
        self.app.push_screen(Help(self.keymap))

    def action_doctor(self) -> None:
        self.app.push_screen(Doctor(lambda: self.session.view().health))


def _after(choices: tuple[int, ...], chosen: int) -> int:
    """The next choice, the first after the last."""
    return next((choice for choice in choices if choice > chosen), choices[0])
