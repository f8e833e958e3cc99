"""A session in another process: every call, and what must not come through."""

from __future__ import annotations

import inspect
import secrets
import time
from collections.abc import Iterator
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from instrument.errors import DataError
from instrument.session.contract import Learner, Session
from instrument.session.scripted import ScriptedSession
from instrument.web.link import Address, Question, Switchboard
from instrument.web.remote import RemoteHands, RemoteSession, connect


@pytest.fixture
def session() -> ScriptedSession:
    return ScriptedSession(time.monotonic)


@pytest.fixture
def switchboard(session: ScriptedSession, tmp_path: Path) -> Iterator[Switchboard]:
    board = Switchboard(session, tmp_path, secrets.token_bytes(32))
    yield board
    board.close()


@pytest.fixture
def remote(switchboard: Switchboard) -> Iterator[RemoteSession]:
    screen = connect(switchboard.link)
    yield screen
    screen.close()


def methods(contract: type) -> set[str]:
    return {name for name, value in vars(contract).items() if inspect.isfunction(value) and not name.startswith("_")}


def test_a_remote_session_keeps_the_whole_contract() -> None:
    assert methods(Session) <= methods(RemoteSession)
    assert methods(Learner) <= methods(RemoteHands)


def test_a_view_is_the_same_there_and_here(session: ScriptedSession, remote: RemoteSession) -> None:
    here, first, second = session.view(), remote.view(), remote.view()
    assert first.knobs == here.knobs
    assert first.now is not None
    assert here.now is not None
    assert np.array_equal(first.now.onset, here.now.onset)
    assert first.manifest == here.manifest
    assert second.manifest is first.manifest, "it crosses once"


@pytest.mark.parametrize(
    "changes",
    [
        {"density": 0.7, "fill_every": 4},
        {"muted": frozenset({1, 3}), "complement": True},
        {"late": (1, 2, 3, 4, 5, 6, 7, 8, -9)},
        {"pads": tuple((channel, 40 + channel) for channel in range(9))},
        {"style": "", "waits": "rest", "trade": 4},
    ],
)
def test_knobs_turn_over_there(session: ScriptedSession, remote: RemoteSession, changes: dict[str, Any]) -> None:
    remote.turn(**changes)
    for name, value in changes.items():
        assert getattr(session.view().knobs, name) == value
        assert getattr(remote.view().knobs, name) == value


def test_every_call_reaches_the_session(session: ScriptedSession, remote: RemoteSession) -> None:
    remote.toggle_play()
    assert session.view().playing
    remote.set_tempo(99.5)
    assert remote.view().tempo_bpm == 99.5
    remote.nudge(2.0)
    remote.keep_nudge()
    remote.panic()
    assert session.panics == 1
    remote.new_z()
    assert remote.view().knobs.home == 1
    remote.undo()
    remote.redo()
    remote.fill()
    remote.build(True)
    assert remote.view().builds
    remote.build(False)
    remote.freeze()
    assert remote.view().knobs.frozen
    remote.freeze()
    remote.lock(2)
    assert remote.view().knobs.locked == {2}
    remote.look_back(1)
    remote.store(3)
    assert remote.view().snapshots[3]
    remote.morph_in(2)
    assert remote.view().morph_bars == 2
    remote.recall(3)
    remote.recall_code(session.view().code)
    remote.capture_last(4)
    remote.capture()
    assert session.captured == [4]
    assert remote.presets() == session.presets()
    remote.load_preset(remote.presets()[0])
    remote.toggle_monitor()
    remote.hold_changes(True)
    assert remote.view().holds
    remote.press_loop()
    remote.clear_loop()
    remote.grab()
    remote.calibrate()
    remote.keep_kit("mine")
    remote.tap()
    assert not remote.hands.learning
    remote.hands.learn("density")
    assert remote.hands.learning
    assert remote.hands.pick("swing")
    remote.hands.unlearn()
    remote.hands.leave()
    assert not session.hands.learning


def test_what_is_refused_there_is_refused_here(session: ScriptedSession, remote: RemoteSession) -> None:
    before = session.view().knobs
    for wrong in ({"density": 2.0}, {"density": "much"}, {"nonsense": 1}, {"muted": [99]}):
        with pytest.raises(ValueError, match=r".+"):
            remote.turn(**wrong)
    with pytest.raises(ValueError, match="300"):
        remote.set_tempo(1000.0)
    assert session.view().knobs == before
    assert remote.view().knobs == before


@pytest.mark.parametrize(
    "call", ["close", "_change", "__init__", "hear", "hands.heard", "hands.__init__", "nonsense", ""]
)
def test_what_is_not_in_the_contract_is_not_there(
    session: ScriptedSession, switchboard: Switchboard, call: str
) -> None:
    address = msgspec.json.decode(switchboard.link.read_bytes(), type=Address)
    with Client(address.at, authkey=address.key) as line:
        line.send_bytes(msgspec.json.encode(Question(call=call)))
        assert b"a session has no" in line.recv_bytes()
    assert not session.closed


def test_a_screen_that_leaves_or_talks_nonsense_disturbs_nobody(
    session: ScriptedSession, switchboard: Switchboard, remote: RemoteSession
) -> None:
    address = msgspec.json.decode(switchboard.link.read_bytes(), type=Address)
    with Client(address.at, authkey=address.key) as line:
        line.send_bytes(b"\x80\x04cos\nsystem\n")
    other = connect(switchboard.link)
    other.toggle_play()
    other.close()
    assert remote.view().playing
    assert not session.closed


def test_without_the_key_there_is_no_way_in(switchboard: Switchboard, tmp_path: Path) -> None:
    address = msgspec.json.decode(switchboard.link.read_bytes(), type=Address)
    forged = tmp_path / "forged"
    forged.write_bytes(msgspec.json.encode(Address(at=address.at, key=b"0" * 32)))
    with pytest.raises(DataError):
        connect(forged)
    connect(switchboard.link).close()


def test_the_end_of_the_performance_is_told(switchboard: Switchboard, tmp_path: Path) -> None:
    screen = connect(switchboard.link)
    switchboard.close()
    with pytest.raises(EOFError):
        look_for_ever(screen)
    with pytest.raises(DataError, match="no performance listens"):
        connect(tmp_path / "missing")


def look_for_ever(screen: RemoteSession) -> None:
    while True:
        screen.view()
