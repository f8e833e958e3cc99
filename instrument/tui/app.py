"""The terminal instrument as a Textual app: three pages, their themes, its commands, and a clean way out."""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping

from textual.actions import ActionParseResult
from textual.app import App, SystemCommand
from textual.dom import DOMNode
from textual.driver import Driver
from textual.screen import Screen

from instrument.session.contract import Session
from instrument.tui import farewell
from instrument.tui.driver import patient
from instrument.tui.duo import Duo
from instrument.tui.glyphs import glyphs_for
from instrument.tui.keys import APP, HAND, STAGE_GROUPS, TABLE, bindings, check_keymap
from instrument.tui.learning import meant
from instrument.tui.page import Page
from instrument.tui.palette import DAY, NIGHT, palette
from instrument.tui.stage import Stage
from instrument.tui.workbench import Workbench

FRAMES_PER_S = 30.0
NOT_OFFERED = ("Keys", "Maximize", "Minimize")
"""Textual's commands that we do better or not at all."""
FEW_COLOURS = ("standard", "windows", None)
"""Rich's names of colour systems with sixteen colours or none."""


class GhostnoteApp(App[int]):
    """Shows a session and lets hands at it. Its return code is the process's.

    `keymap`: action ids -> keys, over the ones of `instrument.tui.keys`; UsageError for an unknown id. `environ` tells
    of the terminal: its character set, NO_COLOR. `frames_per_s` 0 takes pictures only when asked. `last_resort`
    ends the process when leaving takes too long; without one nothing does.
    """

    CSS_PATH = "stage.tcss"
    TITLE = "Ghostnote"
    BINDINGS = bindings(APP)
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        session: Session,
        *,
        keymap: Mapping[str, str] | None = None,
        theme: str | None = None,
        environ: Mapping[str, str] | None = None,
        frames_per_s: float = FRAMES_PER_S,
        last_resort: farewell.LastResort | None = None,
    ) -> None:
        self.environ = dict(os.environ if environ is None else environ)
        self._colourless = bool(self.environ.get("NO_COLOR"))
        super().__init__(ansi_color=True if self._colourless else None)
        self.session = session
        self.player_keys = check_keymap(keymap or {}, "keymap")
        self._last_resort = last_resort
        self._end_timer: threading.Timer | None = None
        glyphs = glyphs_for(self.environ)
        self.stage = Stage(session, glyphs, self.player_keys, frames_per_s)
        self.workbench = Workbench(session, glyphs, self.player_keys, frames_per_s)
        self.duo = Duo(session, glyphs, self.player_keys, frames_per_s)
        self.pages: tuple[Page, ...] = (self.stage, self.workbench, self.duo)
        self.register_theme(NIGHT)
        self.register_theme(DAY)
        few = self._colourless or self.console.color_system in FEW_COLOURS
        self.theme = theme or ("ansi-dark" if few else NIGHT.name)

    def get_driver_class(self) -> type[Driver]:
        return patient(super().get_driver_class())

    async def on_mount(self) -> None:
        self.set_keymap(self.player_keys)
        farewell.listen(self.leave)
        self.theme_changed_signal.subscribe(self, lambda theme: self.dress())
        for page in self.pages:
            self.install_screen(page, type(page).__name__)
        await self.push_screen(self.stage)
        self.dress()

    def on_unmount(self) -> None:
        self.session.close()

    def dress(self) -> None:
        """Put the theme's colours on the page."""
        for page in self.pages:
            page.dress(palette(self.theme_variables, self.native_ansi_color))

    def leave(self, code: int, patience_s: float = farewell.SIGNAL_PATIENCE_S) -> None:
        """End at once: silence, then the terminal; the last resort ends the process should either hang."""
        if self._last_resort is not None and self._end_timer is None:
            self._end_timer = self._last_resort(code, patience_s)
        self.session.close()
        self.exit(return_code=code)

    def stay_ended(self) -> None:
        """The app has ended by itself: the last resort isn't needed."""
        if self._end_timer is not None:
            self._end_timer.cancel()

    async def action_quit(self) -> None:
        self.leave(0, farewell.QUIT_PATIENCE_S)

    def action_suspend_process(self) -> None:
        """To the shell, but never with notes sounding; a browser has none."""
        if not self.is_web:
            self.session.panic()
            super().action_suspend_process()

    def action_stage(self, name: str) -> None:
        """Do one of the page's actions from elsewhere."""
        getattr(self.stage, f"action_{name}")()

    async def action_page(self, take: str = "", steps: int = 1) -> None:
        """Turn to the next page, or to the one that has a control that is to be taken in hand."""
        if self.screen is not self.page:
            return
        at = self.pages.index(self.page)
        for turned in range(1, len(self.pages)):
            page = self.pages[(at + steps * turned) % len(self.pages)]
            await self.switch_screen(page)
            if not take or page.query(f"#{take}"):
                break
        if take and self.screen.query(f"#{take}"):
            self.screen.query_one(f"#{take}").focus()

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """While a controller is taught, an action on a page is what it is taught, and isn't done."""
        if isinstance(action, str) and self.screen is self.page and meant(self.session.hands, action):
            self.page.take_picture()
            return True
        return await super().run_action(action, default_namespace, namespaces)

    @property
    def page(self) -> Page:
        """The one that shows, or lies beneath a dialog."""
        return next((page for page in self.pages if page in self.screen_stack), self.stage)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action, then Textual's own: theme, screenshot, quit."""
        for group in (*STAGE_GROUPS, HAND, TABLE):
            for action in group.actions:
                node = self.page.focused if group in (HAND, TABLE) else self.page
                yield SystemCommand(action.name, action.says, self._caller(action.call, node or self.page))
        yield SystemCommand("Suspend", "Stop, and to the shell", self.action_suspend_process)
        yield from (command for command in super().get_system_commands(screen) if command.title not in NOT_OFFERED)

    def _caller(self, call: str, node: DOMNode) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.run_action(call, node)

        return run


def play(session: Session, *, keymap: Mapping[str, str] | None = None, theme: str | None = None) -> int:
    """Open the instrument, play until the player leaves, and return the exit code. The session is closed on every way
    out."""
    app = GhostnoteApp(session, keymap=keymap, theme=theme, last_resort=farewell.last_resort)
    try:
        app.run()
    finally:
        session.close()
        app.stay_ended()
    return app.return_code or 0
