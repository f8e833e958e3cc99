"""Whatever a controller can be given does something, or is refused in words: every knob, every action."""

from __future__ import annotations

import pytest

from instrument.errors import UsageError
from instrument.session.scripted import ScriptedSession
from instrument.session.snapshots import SLOTS
from instrument.session.targets import ACTIONS, KNOBS, TARGETS, Action, Knob, target_of
from instrument.tui.controls import DIALS
from instrument.tui.keys import GROUPS

NOT_TAUGHT = {
    *("preset", "store", "copy-code", "recall-code", "keep-kit"),
    *(
        action.id
        for group in GROUPS
        if group.title in ("In hand", "Take in hand", "In the table")
        for action in group.actions
    ),
    *(action.id for group in GROUPS if group.title in ("Look", "Leave") for action in group.actions),
}


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: knob.id)
def test_a_knob_goes_from_end_to_end_and_stands_where_it_was_put(knob: Knob) -> None:
    session = ScriptedSession(lambda: 0.0)
    for place in (0.0, 1.0, 0.25):
        knob.turn(session, session.view(), place)
        assert knob.place(session.view()) == pytest.approx(place, abs=0.26 if hasattr(knob, "options") else 0.01)


def test_a_pad_goes_to_a_snapshot_in_as_many_bars_as_a_knob_says_and_captures_as_many() -> None:
    session = ScriptedSession(lambda: 0.0)
    session.store(0)
    for id, place, bars in (("morph", 0.6, "morph_bars"), ("capture-bars", 0.1, "capture_bars")):
        knob = target_of(id)
        assert isinstance(knob, Knob)
        knob.turn(session, session.view(), place)
        assert getattr(session.view(), bars) == {"morph_bars": 4, "capture_bars": 1}[bars]
    session.turn(density=0.9)
    for id in ("snapshot-a", "capture"):
        pad = target_of(id)
        assert isinstance(pad, Action)
        pad.press(session)
    assert session.view().morphs
    assert session.captured == [1]
    with pytest.raises(ValueError, match="0 to 16"):
        session.morph_in(17)
    with pytest.raises(ValueError, match="1 to 32"):
        session.capture_last(0)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_an_action_is_done_or_refused_in_words(action: Action) -> None:
    session = ScriptedSession(lambda: 0.0)
    refused = {"snapshot": "nothing is kept", "place": "no named places"}.get(action.id.split("-")[0])
    if refused is not None:
        with pytest.raises(ValueError, match=refused):
            action.press(session)
        return
    action.press(session)
    if action.release is not None:
        action.release(session)


def test_ids_are_those_of_the_keys_and_of_the_dials() -> None:
    assert {dial.name for dial in DIALS} <= TARGETS.keys()
    keys = {action.id for group in GROUPS for action in group.actions}
    assert keys - NOT_TAUGHT <= TARGETS.keys()
    assert {action.id for action in ACTIONS} - {f"store-{slot.lower()}" for slot in SLOTS} <= keys
    assert len(TARGETS) == len(KNOBS) + len(ACTIONS)


def test_an_unknown_one_is_refused_with_the_nearest_and_a_preset_is_an_action() -> None:
    with pytest.raises(UsageError, match='did you mean "density"'):
        target_of("densty")
    session = ScriptedSession(lambda: 0.0)
    preset = target_of("preset:ticks-1000")
    assert isinstance(preset, Action)
    preset.press(session)
    assert session.loaded == ["ticks-1000"]
