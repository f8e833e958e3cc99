"""Keys that keep and bring back: snapshots, freezing, captures, codes; the glide, voices, places, the monitor."""

from __future__ import annotations

from dataclasses import replace

import pytest

from instrument.core.manifest import Place
from instrument.session.scripted import scripted_manifest
from instrument.tui.duo import Duo
from instrument.tui.stage import Stage
from instrument.tui.workbench import Workbench
from tests.tui.stand import opened

pytestmark = pytest.mark.asyncio


async def test_snapshots_are_kept_and_gone_to_over_bars() -> None:
    async with opened() as stand:
        await stand.press("1")
        assert "nothing is kept in A" in stand.text()
        await stand.press("s", "1", "end", "s", "2")
        assert stand.view.snapshots[:3] == (True, True, False)
        assert "1A 2B 3·" in stand.text()
        await stand.press("1")
        assert stand.knobs.density == 0.62
        await stand.press("y", "y", "y", "space", "2")
        assert "morph 4" in stand.text()
        await stand.pass_steps(2 * 16)
        assert "MORPH" in stand.text()
        assert 0.62 < stand.knobs.density < 1.0
        await stand.pass_steps(2 * 16)
        assert stand.knobs.density == 1.0


async def test_freezing_looking_back_and_letting_go() -> None:
    async with opened() as stand:
        await stand.press("space")
        await stand.pass_steps(5 * 16)
        await stand.press("z")
        assert stand.knobs.frozen
        assert "FROZEN" in stand.text()
        await stand.press("z")
        assert not stand.knobs.frozen
        await stand.press("left_parenthesis", "left_parenthesis", "right_parenthesis")
        assert stand.view.back == 1
        assert "BACK 1" in stand.text()


async def test_a_build_is_held_and_let_go() -> None:
    async with opened() as stand:
        await stand.press("space", "g")
        assert "BUILD" in stand.text()
        await stand.pass_steps(3 * 16)
        await stand.press("g")
        assert not stand.view.builds
        await stand.press("a", "a")
        assert stand.knobs.fill_every == 4


async def test_capture_tells_the_file_and_goes_round_its_lengths() -> None:
    async with opened() as stand:
        await stand.press("c")
        await stand.pass_steps(0)
        assert "8 bars captured: jam.mid" in stand.text()
        await stand.press("C", "c")
        assert stand.session.captured == [8, 16]


async def test_a_code_is_copied_and_recalled() -> None:
    async with opened(120, 40) as stand:
        await stand.press("x")
        code = stand.view.code
        assert f"copied {code}" in stand.text()
        assert stand.app.clipboard == code
        await stand.press("X", *code.lower(), "enter")
        assert stand.knobs.frozen
        await stand.press("X", *"nonsense", "enter")
        assert "no recall code" in stand.text()


async def test_another_preset_is_chosen_from_a_list() -> None:
    async with opened() as stand:
        await stand.press("P")
        assert "ticks-1000" in stand.text()
        await stand.press("down", "enter")
        assert stand.session.loaded == ["ticks-1000"]
        await stand.press("P", "escape")
        assert stand.session.loaded == ["ticks-1000"]


async def test_the_epoch_dial_glides() -> None:
    async with opened() as stand:
        await stand.press("E", "home", "right_curly_bracket")
        assert (stand.knobs.epoch, stand.knobs.glide) == (1, 0.25)
        assert "25% 2" in stand.text()
        await stand.press(*["shift+right"] * 8)
        assert stand.knobs.epoch + stand.knobs.glide == pytest.approx(2.05)
        await stand.press("left_curly_bracket", "right")
        assert (stand.knobs.epoch, stand.knobs.glide) == (2, 0.0)


async def test_function_keys_mute_and_the_grid_tells() -> None:
    async with opened() as stand:
        await stand.press("f2")
        assert stand.knobs.muted == {1}
        assert "×snare" in stand.text()
        await stand.press("f2", "H")
        assert not stand.knobs.muted
        assert stand.session.holds


async def test_the_table_of_voices() -> None:
    async with opened() as stand:
        await stand.press("tab")
        assert isinstance(stand.app.screen, Workbench)
        await stand.press("up", "enter", "right", "right", "enter")
        assert (stand.knobs.muted, stand.knobs.locked) == (frozenset({1}), frozenset({1}))
        await stand.press("right", "enter", "left", "left", "enter", "right", "shift+right")
        assert stand.knobs.voice_density[1] == pytest.approx(0.9)
        assert stand.knobs.voice_velocity[1] == pytest.approx(0.05)
        await stand.press("right", "enter", "end", "enter", "right", "shift+left", "right", "shift+right")
        assert stand.knobs.late[1] == 40
        assert stand.knobs.pads[1] == (8, 39)
        await stand.press("backspace")
        assert stand.knobs.pads == ()
        await stand.press("left", "left", "backspace", "left", "backspace", "left", "backspace")
        assert (stand.knobs.late, stand.knobs.voice_velocity, stand.knobs.voice_density) == ((), (), ())
        await stand.press(*["left"] * 3, "backspace", "right", "right", "backspace", "tab")
        assert (stand.knobs.muted, stand.knobs.locks) == (frozenset(), ())
        assert isinstance(stand.app.screen, Duo)


async def test_a_control_of_the_other_page_is_taken_there() -> None:
    async with opened() as stand:
        await stand.press("N")
        assert isinstance(stand.app.screen, Workbench)
        await stand.press("right")
        assert stand.knobs.humanise == pytest.approx(0.05)
        await stand.press("D")
        assert isinstance(stand.app.screen, Stage)
        await stand.press("space", "tab", "p")
        assert stand.session.panics == 1


async def test_voices_without_a_key_are_locked_and_soloed_by_a_keymap() -> None:
    async with opened(keymap={"lock-kick": "f10", "solo-ride": "f11"}) as stand:
        await stand.press("f10", "f11")
        assert (stand.knobs.locked, stand.knobs.soloed) == (frozenset({0}), frozenset({8}))


async def test_the_monitor_is_a_key() -> None:
    async with opened() as stand:
        await stand.press("M")
        assert stand.view.monitored
        assert "SOUND" in stand.text()
        await stand.press("M")
        assert not stand.view.monitored


async def test_named_places_are_gone_round_and_shown() -> None:
    async with opened() as stand:
        await stand.press("o")
        assert "no named places" in stand.text()
    whole = scripted_manifest()
    named = tuple(Place(name=name, z=(value,) * 64) for name, value in (("sparse funk", 0.1), ("busy ride", -0.2)))
    manifest = replace(whole, epochs=tuple(replace(epoch, places=named) for epoch in whole.epochs))
    async with opened(manifest=manifest) as stand:
        await stand.press("o")
        assert stand.knobs.z == named[0].z
        assert "sparse funk z 0" in stand.text()
        await stand.press("o")
        assert stand.knobs.z == named[1].z
        await stand.press("o", "n")
        assert stand.knobs.z == ()


async def test_the_table_is_kept_as_a_kit() -> None:
    async with opened() as stand:
        await stand.press("B", *"mine", "enter")
        assert "kept: --kit mine" in stand.text()
        await stand.press("B", *"td", "enter")
        assert "choose another name" in stand.text()
        await stand.press("B", "escape")
        assert isinstance(stand.app.screen, Stage)
