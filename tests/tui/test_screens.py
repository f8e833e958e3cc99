"""Whole screens, compared as text with `screens/*.txt`, and what must hold at any size and for any name.

After an intended change of the page, `GHOSTNOTE_UPDATE_SCREENS=1 pytest tests/tui/test_screens.py` writes the files
anew; read them before committing.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from instrument.session.scripted import GOOD_HEALTH, NO_MIDI_HEALTH, scripted_manifest
from instrument.session.view import Health
from instrument.tui.layout import Layout, layout_for
from instrument.tui.palette import DAY, NIGHT
from instrument.tui.picture import Tone
from tests.tui.stand import UTF8, Stand, opened

pytestmark = pytest.mark.asyncio

SCREENS = Path(__file__).parent / "screens"
UPDATE = bool(os.environ.get("GHOSTNOTE_UPDATE_SCREENS"))
HOSTILE = "Gr\x1b[2J\x07oove [bold red]x[/] \u202e字字字字字字字字 " + "long " * 40


def agree(name: str, text: str) -> None:
    path = SCREENS / f"{name}.txt"
    if UPDATE:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


async def seventeenth_bar(stand: Stand) -> str:
    """Playing, a fill armed, on the third beat of bar 17."""
    await stand.press("space")
    await stand.pass_steps(16 * 16 + 8.5)
    stand.session.turn(density=0.85, x=0.3, y=0.4)
    stand.session.fill()
    await stand.pass_steps(0)
    return stand.text()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (40, 12), (60, 40), (120, 30)])
async def test_the_page_at_its_sizes(width: int, height: int) -> None:
    async with opened(width, height) as stand:
        agree(f"stage-{width}x{height}", await seventeenth_bar(stand))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (40, 12), (60, 40)])
async def test_the_duo_at_its_sizes(width: int, height: int) -> None:
    async with opened(width, height) as stand:
        await seventeenth_bar(stand)
        stand.session.hear([0, 370, 480, 840, 1200, 1440], [110, 45, 90, 60, 100, 30])
        await stand.press("T", "right", "right", "right")
        agree(f"duo-{width}x{height}", stand.text())


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (40, 12), (60, 40)])
async def test_the_workbench_at_its_sizes(width: int, height: int) -> None:
    async with opened(width, height) as stand:
        await seventeenth_bar(stand)
        await stand.press("f2", "tab", "up", "up", "right", "right", "enter")
        agree(f"workbench-{width}x{height}", stand.text())


async def test_the_page_without_utf8() -> None:
    async with opened(environ={"LC_ALL": "C", "TERM": "xterm"}) as stand:
        text = await seventeenth_bar(stand)
        assert text.isascii()
        agree("stage-80x24-plain", text)


async def test_the_page_without_midi() -> None:
    async with opened(health=NO_MIDI_HEALTH) as stand:
        agree("stage-80x24-no-midi", stand.text())
        await stand.press("d")
        agree("doctor-80x24", stand.text())


async def test_the_keys_page() -> None:
    async with opened(80, 70) as stand:
        await stand.press("question_mark")
        agree("keys-80x70", stand.text())


@pytest.mark.parametrize(
    ("size", "layout"),
    [
        ((40, 12), Layout.SMALL),
        ((1, 1), Layout.SMALL),
        ((200, 20), Layout.SMALL),
        ((60, 40), Layout.NARROW),
        ((80, 24), Layout.NORMAL),
        ((77, 22), Layout.NORMAL),
        ((200, 50), Layout.LARGE),
    ],
)
async def test_which_layout_a_size_gets(size: tuple[int, int], layout: Layout) -> None:
    assert layout_for(*size) is layout


async def test_a_storm_of_resizes_leaves_the_page_as_it_was() -> None:
    draw = random.Random(5)
    async with opened() as stand:
        before = await seventeenth_bar(stand)
        for _ in range(25):
            await stand.pilot.resize_terminal(draw.randint(1, 240), draw.randint(1, 70))
            await stand.pass_steps(0)
        await stand.pilot.resize_terminal(80, 24)
        await stand.press("D")
        assert stand.text() == before


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (40, 12), (12, 4)])
async def test_hostile_names_stay_inside_their_place(size: tuple[int, int]) -> None:
    manifest = replace(scripted_manifest(styles=(HOSTILE, "rock")), title=HOSTILE)
    health: Health = replace(GOOD_HEALTH, port=HOSTILE, trouble=HOSTILE, advice=HOSTILE, backend=HOSTILE)
    async with opened(*size, manifest=manifest, health=health) as stand:
        page = stand.text()
        assert not any(ord(c) < 32 and c != "\n" for c in page)
        assert "\u202e" not in page
        assert len(page.splitlines()) == size[1]
        if size[0] >= 80:
            assert "[bold" in page
        await stand.press("d")
        assert "\x1b" not in stand.text()


@pytest.mark.parametrize("theme", [NIGHT.name, DAY.name, "nord", "solarized-light", "ansi-dark", "ansi-light"])
async def test_every_tone_has_its_own_look_in_any_theme(theme: str) -> None:
    async with opened() as stand:
        stand.app.theme = theme
        await stand.pilot.pause()
        styles = stand.app.stage.palette
        assert set(styles) == set(Tone)
        told_apart = [Tone.GHOST, Tone.STRONG, Tone.ALIVE, Tone.TROUBLE, Tone.HEAD, Tone.HEAD_HIT, Tone.KEY]
        assert len({styles[tone] for tone in told_apart}) == len(told_apart)


async def test_no_color_means_no_colour() -> None:
    async with opened(environ={**UTF8, "NO_COLOR": "1"}) as stand:
        await seventeenth_bar(stand)
        assert stand.app.native_ansi_color
        assert stand.app.theme == "ansi-dark"
        assert "▲" in stand.text()
