"""Pictures of the page for the README: `python -m instrument.tui.screenshot FOLDER` writes the pages at
80 x 24 and 200 x 50 from a scripted session, the same on every machine."""

from __future__ import annotations

import asyncio
import re
import sys
from itertools import product
from pathlib import Path

from instrument.core.drums import Voice
from instrument.files import write_atomic
from instrument.session.scripted import ScriptedSession
from instrument.tui.app import GhostnoteApp

PAGES = ("stage", "workbench", "duo")
PLAYED = ((0, 370, 480, 840, 1200, 1440), (110, 45, 90, 60, 100, 30))
"""Ticks and velocities of another player."""
SIZES = ((80, 24), (200, 50))
FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
MOMENT_S = 32.05
"""Into the seventeenth bar at 124 BPM."""


async def picture(page: str, width: int, height: int) -> str:
    """A page as SVG, playing, with a fill under way."""
    moments = iter([0.0, 0.0])
    session = ScriptedSession(lambda: next(moments, MOMENT_S))
    session.toggle_play()
    session.turn(density=0.85, x=0.3, y=0.4)
    for slot in (0, 1, 3):
        session.store(slot)
    session.fill()
    app = GhostnoteApp(session, environ={"LANG": "C.UTF-8"}, theme="ghostnote", frames_per_s=0)
    async with app.run_test(size=(width, height)) as pilot:
        if page == "workbench":
            session.turn(muted=frozenset({Voice.CRASH}), swing=56.0, humanise=0.4)
            await pilot.press("tab")
        if page == "duo":
            session.hear(*PLAYED)
            session.turn(follow=0.7, trade=4)
            await pilot.press("tab", "tab")
        await pilot.pause()
        app.page.take_picture()
        await pilot.pause()
        return self_contained(app.export_screenshot(title="Ghostnote"))


def self_contained(svg: str) -> str:
    """Without the fonts that Rich's template fetches: any monospaced one does, as each text has its width."""
    return FONT_FACE.sub("", svg).replace("Fira Code, monospace", "monospace").replace("Fira Code", "monospace")


def main(words: list[str]) -> int:
    folder = Path(words[0] if words else "docs")
    folder.mkdir(parents=True, exist_ok=True)
    for page, (width, height) in product(PAGES, SIZES):
        path = folder / f"{page}-{width}x{height}.svg"
        write_atomic(path, asyncio.run(picture(page, width, height)).encode())
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
