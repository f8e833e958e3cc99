"""Every key does what the help says of it, seen through the session's next view."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from instrument.core.timebase import BAR_TICKS
from instrument.errors import UsageError
from instrument.session.scripted import GOOD_HEALTH, NO_MIDI_HEALTH, scripted_manifest
from instrument.session.view import ClockFacts
from instrument.tui.app import GhostnoteApp
from instrument.tui.dialogs import Doctor, Help
from instrument.tui.keys import GROUPS, action_ids, check_keymap
from instrument.tui.stage import Stage
from instrument.tui.voice_table import VoiceTable
from instrument.tui.widgets import Control
from tests.tui.stand import opened

pytestmark = pytest.mark.asyncio


async def test_space_plays_and_stops() -> None:
    async with opened() as stand:
        await stand.press("space")
        assert stand.view.playing
        await stand.press("space")
        assert not stand.view.playing


async def test_p_silences_and_stops() -> None:
    async with opened() as stand:
        await stand.press("space", "p")
        assert stand.session.panics == 1
        assert not stand.view.playing
        assert "panic" in stand.text()


async def test_f_arms_a_fill_and_disarms_it() -> None:
    async with opened() as stand:
        await stand.press("f")
        assert stand.view.fill_in == 0
        assert "FILL" in stand.text()
        await stand.press("f")
        assert stand.view.fill_in == -1
        assert "FILL" not in stand.text()


async def test_t_taps_the_tempo() -> None:
    async with opened() as stand:
        for _ in range(4):
            await stand.press("t")
            stand.clock.now_s += 0.5
        assert stand.view.tempo_bpm == pytest.approx(120)


@pytest.mark.parametrize(
    ("key", "change"), [("plus", 1), ("=", 1), ("minus", -1), ("_", -1), ("full_stop", 0.1), ("comma", -0.1)]
)
async def test_tempo_keys(key: str, change: float) -> None:
    async with opened() as stand:
        await stand.press(key)
        assert stand.view.tempo_bpm == pytest.approx(124 + change)


async def test_a_tempo_out_of_range_is_a_message_and_nothing_else() -> None:
    async with opened() as stand:
        stand.session.set_tempo(300)
        await stand.press("plus")
        assert stand.view.tempo_bpm == 300
        assert "301" in stand.text().splitlines()[-1]
        await stand.press("escape")
        assert "301" not in stand.text()


async def test_new_z_undo_redo() -> None:
    async with opened() as stand:
        await stand.press("n")
        assert stand.knobs.home == 1
        await stand.press("u")
        assert stand.knobs.home == 0
        await stand.press("U")
        assert stand.knobs.home == 1
        await stand.press("u", "ctrl+r")
        assert stand.knobs.home == 1
        await stand.press("u", "u")
        assert "nothing to undo" in stand.text()


async def test_epoch_keys_walk_and_stop_at_the_ends() -> None:
    async with opened() as stand:
        numbers = [epoch.number for epoch in stand.view.manifest.epochs]
        await stand.press("right_square_bracket")
        assert stand.knobs.epoch == numbers[numbers.index(48) + 1]
        await stand.press(*["left_square_bracket"] * len(numbers))
        assert stand.knobs.epoch == numbers[0]
        await stand.press("b")
        assert stand.knobs.epoch == stand.view.manifest.best_epoch


@pytest.mark.parametrize(
    ("take", "field", "more", "fine"),
    [
        ("D", "density", 0.05, 0.01),
        ("I", "energy", 0.05, 0.01),
        ("V", "variation", 0.05, 0.01),
        ("F", "quantise", -0.05, -0.01),
        ("W", "swing", 1.0, 0.1),
    ],
)
async def test_dials_turn_both_ways_and_to_their_ends(take: str, field: str, more: float, fine: float) -> None:
    async with opened() as stand:
        stand.session.turn(quantise=0.5, swing=60.0)
        await stand.pass_steps(0)
        await stand.press(take)
        start = getattr(stand.knobs, field)
        await stand.press("right")
        assert getattr(stand.knobs, field) == pytest.approx(start + more)
        await stand.press("left", "h", "l")
        assert getattr(stand.knobs, field) == pytest.approx(start)
        await stand.press("shift+right")
        assert getattr(stand.knobs, field) == pytest.approx(start + fine)
        await stand.press("shift+left")
        assert getattr(stand.knobs, field) == pytest.approx(start)
        await stand.press("home")
        least = getattr(stand.knobs, field)
        await stand.press("left", "end")
        assert (getattr(stand.knobs, field) > least) == (more > 0)
        await stand.press("backspace")
        assert (
            getattr(stand.knobs, field)
            == {"density": 0.5, "energy": 0.5, "variation": 0.4, "quantise": 0, "swing": 50}[field]
        )


async def test_a_turn_against_the_stop_is_not_history() -> None:
    async with opened() as stand:
        await stand.press("W", "home", "left", "left")
        assert not stand.view.can_undo


async def test_style_goes_round() -> None:
    async with opened() as stand:
        await stand.press("S", "left")
        assert stand.knobs.style == ""
        await stand.press("left")
        assert stand.knobs.style == "latin"
        await stand.press("right", "right", "right")
        assert stand.knobs.style == "funk"
        await stand.press("home")
        assert stand.knobs.style == ""
        await stand.press("end")
        assert stand.knobs.style == "latin"
        await stand.press("backspace")
        assert stand.knobs.style == ""


async def test_epoch_in_hand() -> None:
    async with opened() as stand:
        await stand.press("E", "left")
        assert stand.knobs.epoch == 32
        await stand.press("home")
        assert stand.knobs.epoch == 1
        await stand.press("end")
        assert stand.knobs.epoch == 128
        await stand.press("delete")
        assert stand.knobs.epoch == 48


async def test_the_pad_moves_on_all_arrows_and_stays_in_hand_over_the_pages() -> None:
    async with opened() as stand:
        await stand.press("L", "right", "up", "up", "shift+right", "shift+up")
        assert (stand.knobs.x, stand.knobs.y) == (0.12, 0.22)
        await stand.press("left", "down", "shift+left", "shift+down")
        assert (stand.knobs.x, stand.knobs.y) == (0.0, 0.1)
        await stand.press("end", *["up"] * 20)
        assert (stand.knobs.x, stand.knobs.y) == (1.0, 1.0)
        assert stand.held == "latent"
        await stand.press("tab", "tab", "tab", "backspace")
        assert (stand.knobs.x, stand.knobs.y) == (0.0, 0.0)


async def test_up_and_down_select_in_the_order_one_sees() -> None:
    order = ["density", "intensity", "variation", "style", "feel", "swing", "epoch", "latent"]
    async with opened() as stand:
        seen = [stand.held]
        for _ in order[1:]:
            await stand.press("down")
            seen.append(stand.held)
        assert seen == order
        await stand.press("E", "up", "k")
        assert stand.held == "feel"
        await stand.press("j", "shift+down", "shift+up")
        assert stand.held == "swing"


async def test_two_quick_presses_both_count() -> None:
    async with opened() as stand:
        await stand.pilot.press("right", "right", "right")
        assert stand.knobs.density == pytest.approx(0.62 + 0.15)


async def test_help_shows_every_action_and_playing_goes_on() -> None:
    async with opened(100, 130) as stand:
        await stand.press("question_mark")
        assert isinstance(stand.app.screen, Help)
        page = stand.text()
        assert all(action.says in page for group in GROUPS for action in group.actions if action.keys)
        await stand.press("space", "p")
        assert stand.session.panics == 1
        await stand.press("question_mark")
        assert isinstance(stand.app.screen, Stage)


async def test_doctor_says_what_helps() -> None:
    async with opened(health=NO_MIDI_HEALTH) as stand:
        assert "no MIDI system" in stand.text()
        await stand.press("d")
        assert isinstance(stand.app.screen, Doctor)
        assert "modprobe snd-seq" in stand.text()
        await stand.press("down", "up", "escape")
        assert isinstance(stand.app.screen, Stage)


async def test_the_palette_finds_an_action_and_does_it() -> None:
    async with opened() as stand:
        await stand.press("ctrl+p", *"new z", "enter")
        await stand.app.workers.wait_for_complete()
        await stand.press("enter")
        await stand.pilot.pause()
        assert stand.knobs.home == 1


async def test_every_action_is_in_the_palette() -> None:
    async with opened() as stand:
        offered = {command.title for command in stand.app.get_system_commands(stand.app.screen)}
        assert {action.name for group in GROUPS for action in group.actions} | {"Theme"} <= offered


async def test_quit_closes_the_session() -> None:
    async with opened() as stand:
        await stand.press("ctrl+q")
        assert stand.session.closed
        assert stand.app.return_code == 0


async def test_suspend_silences_first() -> None:
    async with opened() as stand:
        await stand.press("space", "ctrl+z")
        assert stand.session.panics == 1
        assert not stand.view.playing


async def test_a_keymap_moves_an_action_and_the_help_knows() -> None:
    async with opened(100, 130, keymap={"panic": "x", "more": "m"}) as stand:
        await stand.press("p")
        assert stand.session.panics == 0
        await stand.press("x", "m")
        assert stand.session.panics == 1
        assert stand.knobs.density == pytest.approx(0.67)
        await stand.press("question_mark")
        assert any(line.split("│")[1].split()[:1] == ["x"] for line in stand.text().splitlines() if "silence" in line)


async def test_a_keymap_with_an_unknown_action_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r'keys\.toml: .*"panik".*did you mean "panic"'):
        check_keymap({"panik": "x"}, "keys.toml")


async def test_action_ids_are_unique_and_have_methods() -> None:
    ids = action_ids()
    assert len(ids) == len(set(ids))
    owners: dict[str, type] = {"In hand": Control, "In the table": VoiceTable}
    for group in GROUPS:
        for action in group.actions:
            method = "action_" + action.call.removeprefix("app.").split("(")[0]
            owner = owners.get(group.title, Stage) if not action.call.startswith("app.") else GhostnoteApp
            assert callable(getattr(owner, method))


async def test_clicks_and_the_wheel_turn_what_they_touch() -> None:
    async with opened() as stand:
        await stand.pilot.click("#density", offset=(11, 0))
        assert stand.knobs.density == 0.0
        await stand.pilot.click("#epoch", offset=(11, 1))
        assert stand.knobs.epoch == 1
        await stand.pilot.click("#latent", offset=(0, 1))
        assert (stand.knobs.x, stand.knobs.y) == (-1.0, 1.0)
        await stand.pilot.click("#style", offset=(14, 0))
        assert stand.knobs.style == "funk"
        await stand.pilot.click("#density", offset=(1, 0))
        assert stand.knobs.density == 0.0


async def test_a_control_without_room_says_so() -> None:
    async with opened(40, 12) as stand:
        await stand.press("W")
        assert "swing has no room here" in stand.text()
        await stand.press("I", "right")
        assert stand.knobs.energy == pytest.approx(0.55)


async def test_the_playhead_moves_by_steps_and_bars() -> None:
    async with opened() as stand:
        await stand.press("space")
        heads = []
        for _ in range(4):
            heads.append(next(line for line in stand.text().splitlines() if "▲" in line).index("▲"))
            await stand.pass_steps(1)
        assert [b - a for a, b in pairwise(heads)] == [2, 2, 2]
        await stand.pass_steps(16)
        assert stand.view.position_ticks // BAR_TICKS == 1
        assert "bar 2" in stand.text()


async def test_a_preset_with_one_epoch_and_no_scores() -> None:
    whole = scripted_manifest(scores={3: 1.0})
    manifest = replace(whole, epochs=tuple(replace(epoch, scores={}) for epoch in whole.epochs))
    async with opened(manifest=manifest) as stand:
        assert "no scores in this preset" in stand.text()
        await stand.press("E", "left", "right", "end", "home", "b")
        assert stand.knobs.epoch == 3
        assert not stand.view.can_undo


async def test_nudging_and_keeping_it() -> None:
    async with opened() as stand:
        await stand.press("greater_than_sign", "greater_than_sign", "less_than_sign", "greater_than_sign")
        assert (stand.session.nudge_ms, stand.session.offset_ms) == (2, 0)
        assert "1 ms later" in stand.text().splitlines()[-1]
        await stand.press("K")
        assert (stand.session.nudge_ms, stand.session.offset_ms) == (0, 2)
        stand.session.offset_ms = 1000
        await stand.press("greater_than_sign")
        assert "1001" in stand.text().splitlines()[-1]


async def test_a_leaders_clock_is_shown_with_how_it_is_followed() -> None:
    clock = ClockFacts(sync="midi", state="flywheel", tempo_bpm=119.9, jitter_ms=0.4, source="Live:out")
    async with opened(100, 30, health=replace(GOOD_HEALTH, clock=clock)) as stand:
        assert "flywheel" in stand.text().splitlines()[0]
        await stand.press("d")
        assert "flywheel, 119.9 BPM from Live:out" in stand.text()


async def test_i_goes_round_the_pads_axes() -> None:
    async with opened() as stand:
        await stand.press("L", "right", "i")
        assert (stand.knobs.pad, stand.knobs.x) == (1, 0.0)
        assert "the pad goes along density and syncopation" in stand.text()
        await stand.press("i")
        assert stand.knobs.pad == 0
        stand.session.turn(epoch=stand.session.manifest.epochs[0].number)
        await stand.press("i")
        assert "no other ways" in stand.text()
