"""A page on a scripted session whose clock is a number: nothing moves but what a test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textual.pilot import Pilot

from instrument.core.manifest import Manifest
from instrument.session.scripted import ScriptedSession
from instrument.session.view import Health, Knobs, StageView
from instrument.tui.app import GhostnoteApp

UTF8 = {"LANG": "C.UTF-8", "TERM": "xterm-256color"}


@dataclass
class Clock:
    """Seconds, turned by hand."""

    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Stand:
    """The app, its session and its clock."""

    app: GhostnoteApp
    session: ScriptedSession
    clock: Clock
    pilot: Pilot[int]

    @property
    def view(self) -> StageView:
        return self.session.view()

    @property
    def knobs(self) -> Knobs:
        return self.view.knobs

    @property
    def held(self) -> str:
        """The control in hand."""
        focused = self.app.page.focused
        return focused.id or "" if focused else ""

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def pass_steps(self, steps: float) -> None:
        """Let the music go on by sixteenths, and take a picture."""
        self.clock.now_s += steps * 15 / self.view.tempo_bpm
        self.app.page.take_picture()
        await self.pilot.pause()

    def text(self) -> str:
        """What the terminal shows, as characters."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips) + "\n"


@asynccontextmanager
async def opened(
    width: int = 80,
    height: int = 24,
    *,
    manifest: Manifest | None = None,
    health: Health | None = None,
    keymap: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Stand]:
    clock = Clock()
    session = ScriptedSession(clock, manifest=manifest, health=health)
    app = GhostnoteApp(session, keymap=keymap, theme=None, environ=environ or UTF8, frames_per_s=0)
    async with app.run_test(size=(width, height)) as pilot:
        await pilot.pause()
        yield Stand(app, session, clock, pilot)
