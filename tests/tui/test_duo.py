"""The third page: another player, the loop, turns, the clicks."""

from __future__ import annotations

import pytest

from instrument.core.trading import turn
from instrument.tui.duet import turn_words
from instrument.tui.duo import Duo
from tests.tui.stand import opened

pytestmark = pytest.mark.asyncio


async def test_the_page_is_two_tabs_away_and_one_back() -> None:
    async with opened() as stand:
        await stand.press("tab", "tab")
        assert isinstance(stand.app.screen, Duo)
        assert stand.held == "follow"
        await stand.press("shift+tab", "shift+tab", "shift+tab")
        assert isinstance(stand.app.screen, Duo)


async def test_dials_and_choices_turn_the_knobs() -> None:
    async with opened() as stand:
        await stand.press("tab", "tab", "end", "shift+left", "down", "right", "down", "left", "down", "home")
        knobs = stand.knobs
        assert (knobs.follow, knobs.least, knobs.most, knobs.distance) == pytest.approx((0.99, 0.15, 0.85, 0.0))
        await stand.press("down", "right", "down", "right", "right", "down", "left", "down", "end")
        knobs = stand.knobs
        assert (knobs.with_energy, knobs.trade, knobs.waits, knobs.complement) == (True, 2, "play", True)
        await stand.press("backspace", "up", "backspace", "up", "end", "up", "backspace")
        knobs = stand.knobs
        assert (knobs.with_energy, knobs.trade, knobs.waits, knobs.complement) == (False, 8, "hat", False)


async def test_trade_is_taken_from_any_page_and_the_turn_is_seen_on_the_stage() -> None:
    async with opened() as stand:
        await stand.press("T")
        assert isinstance(stand.app.screen, Duo)
        await stand.press("right", "right", "space")
        assert "your turn 1/2" in stand.text()
        await stand.press("tab")
        await stand.pass_steps(2 * 16 + 1)
        assert "our turn 1/2" in stand.text()


async def test_the_loop_is_recorded_and_erased_and_the_bar_grabbed() -> None:
    async with opened() as stand:
        await stand.press("r")
        assert "records from the next bar line" in stand.text()
        await stand.press("tab", "tab")
        assert "LOOP records" in stand.text()
        await stand.press("r", "e")
        assert "forgotten" in stand.text()
        await stand.press("G")
        assert "grabbed: A" in stand.text()


async def test_the_clicks_are_counted_down_and_called_off() -> None:
    async with opened() as stand:
        await stand.press("tab", "tab", "J")
        assert "play a note on each of the eight clicks" in stand.text()
        assert "8 to go" in stand.text()
        await stand.press("J")
        assert "the latency stays" in stand.text()


async def test_turns_are_told_in_words() -> None:
    assert [turn_words(turn(index, 2)) for index in range(5)] == [
        "your turn 1/2",
        "your turn 2/2",
        "our turn 1/2",
        "our turn 2/2",
        "your turn 1/2",
    ]
    assert turn_words(None) == ""
