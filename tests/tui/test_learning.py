"""Teaching a controller on the screen: m, the thing itself, a move; what was learnt stands beside the control."""

from __future__ import annotations

import pytest

from instrument.engine.messages import Heard, Played
from instrument.tui.dialogs import Presets
from tests.tui.stand import Stand, opened

pytestmark = pytest.mark.asyncio


def last_line(stand: Stand) -> str:
    return stand.text().splitlines()[-1].strip()


async def move(stand: Stand, number: int, value: int, kind: int = 0xB0, at_s: float = 0.0) -> None:
    """A controller moves by itself, and a picture is taken."""
    events = (Played(kind=kind, channel=0, data1=number, data2=value, at_s=at_s, port="Knobs"),)
    stand.session.hands.heard(Heard(events=events))
    stand.app.page.take_picture()
    await stand.pilot.pause()


async def test_m_teaches_the_control_in_hand_and_esc_leaves() -> None:
    async with opened(120, 30) as stand:
        await stand.press("m")
        assert last_line(stand) == "learning density: move a knob or hit a pad; esc leaves"
        await move(stand, 74, 3)
        assert "learning density: cc74" in last_line(stand)
        assert stand.knobs.density == 0.62
        await stand.press("escape")
        assert "learning" not in last_line(stand)
        row = next(line for line in stand.text().splitlines() if "DENSITY" in line)
        assert "cc74" in row
        await move(stand, 74, 127)
        assert stand.knobs.density == 1.0


@pytest.mark.parametrize("size", [(80, 24), (120, 30), (200, 50)])
async def test_what_was_learnt_stands_beside_each_control(size: tuple[int, int]) -> None:
    async with opened(*size) as stand:
        for number, key in enumerate(("D", "S", "E", "L"), 20):
            await stand.press(key, "m")
            await move(stand, number, 1)
            await stand.press("escape")
        text = stand.text()
        assert [f"cc{number}" in text for number in range(20, 24)] == [True] * 4
        assert all(len(line) <= size[0] for line in text.splitlines())


async def test_the_key_of_an_action_is_what_is_taught_and_is_not_done() -> None:
    async with opened() as stand:
        await stand.press("m", "f")
        assert last_line(stand).startswith("learning fill: move")
        assert stand.view.fill_in == -1
        await move(stand, 36, 99, kind=0x90)
        await stand.press("escape")
        await move(stand, 36, 99, kind=0x90)
        assert stand.view.fill_in == 0


async def test_a_preset_is_learnt_from_its_dialog_and_not_loaded() -> None:
    async with opened() as stand:
        await stand.press("m", "P")
        assert isinstance(stand.app.screen, Presets)
        await stand.press("enter")
        name = stand.session.presets()[0]
        assert last_line(stand).startswith(f"learning preset {name}")
        await move(stand, 40, 99, kind=0x90)
        assert stand.session.loaded == []
        await stand.press("escape")
        await move(stand, 40, 99, kind=0x90)
        assert stand.session.loaded == [name]


async def test_another_control_is_taken_while_it_is_taught_and_the_pad_has_two_sides() -> None:
    async with opened(120, 30) as stand:
        await stand.press("m", "V")
        assert last_line(stand).startswith("learning variation")
        await stand.press("L")
        assert last_line(stand).startswith("learning latent across")
        assert "m for latent up" in last_line(stand)
        await stand.press("m")
        assert last_line(stand).startswith("learning latent up")
        await stand.press("m")
        assert "learning" not in last_line(stand)


async def test_backspace_unlearns_and_turns_nothing() -> None:
    async with opened(120, 30) as stand:
        await stand.press("m")
        await move(stand, 74, 3)
        await stand.press("backspace")
        assert last_line(stand) == "learning density: move a knob or hit a pad; esc leaves"
        assert "cc74" not in stand.text()
        assert stand.knobs.density == 0.62


async def test_what_cannot_be_learnt_is_refused_with_its_reason() -> None:
    async with opened(120, 30) as stand:
        await stand.press("m")
        await move(stand, 0, 3)
        assert "banks" in last_line(stand)
        await move(stand, 123, 0)
        assert "mode" in last_line(stand)
        await move(stand, 75, 0)
        assert "cc75" in last_line(stand)


async def test_the_key_can_be_another_one() -> None:
    async with opened(keymap={"learn": "w"}) as stand:
        await stand.press("w")
        assert last_line(stand).startswith("learning density")


async def test_a_click_on_a_narrower_rail_turns_to_where_it_was() -> None:
    async with opened(200, 24) as stand:
        await stand.press("m")
        await move(stand, 74, 3)
        await stand.press("escape")
        control = stand.app.stage.query_one("#density")
        assert control.size.height == 1
        row = next(line for line in stand.text().splitlines() if "DENSITY" in line)
        end = row.index("62") - 2 - control.region.x
        await stand.pilot.click("#density", offset=(end, 0))
        assert stand.knobs.density == 1.0
