"""A session that lives in another process, as a screen sees it: it keeps `instrument.session.contract.Session`."""

from __future__ import annotations

from dataclasses import replace
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from instrument.core.bar import Bar
from instrument.errors import DataError
from instrument.session.view import StageView
from instrument.web.link import Address, Line


class RemoteHands:
    """Teaching controllers, over there."""

    def __init__(self, line: Line) -> None:
        self._line = line

    @property
    def learning(self) -> bool:
        return bool(self._line.ask("hands.learning"))

    def learn(self, control: str = "") -> None:
        self._line.ask("hands.learn", control)

    def pick(self, id: str) -> bool:
        return bool(self._line.ask("hands.pick", id))

    def unlearn(self) -> None:
        self._line.ask("hands.unlearn")

    def leave(self) -> None:
        self._line.ask("hands.leave")


class RemoteSession:
    """One thread, the screen's. Every call raises EOFError once the performance has ended."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._bars: list[Bar] = []
        self.hands = RemoteHands(line)

    def view(self) -> StageView:
        """A bar that has come before is the same object again, so that what shows it isn't drawn anew."""
        view: StageView = self._line.ask("view")
        view = replace(
            view,
            now=self._known(view.now),
            next=self._known(view.next),
            after=self._known(view.after),
            past=tuple((index, self._known(bar) or bar) for index, bar in view.past),
        )
        self._bars = [bar for bar in (view.now, view.next, view.after, *(bar for _, bar in view.past)) if bar]
        return view

    def _known(self, bar: Bar | None) -> Bar | None:
        return next((old for old in self._bars if bar is not None and _same(old, bar)), bar)

    def turn(self, **changes: Any) -> None:
        self._line.ask("turn", **changes)

    def toggle_play(self) -> None:
        self._line.ask("toggle_play")

    def set_tempo(self, tempo_bpm: float) -> None:
        self._line.ask("set_tempo", tempo_bpm)

    def nudge(self, by_ms: float) -> None:
        self._line.ask("nudge", by_ms)

    def keep_nudge(self) -> None:
        self._line.ask("keep_nudge")

    def panic(self) -> None:
        self._line.ask("panic")

    def new_z(self) -> None:
        self._line.ask("new_z")

    def undo(self) -> None:
        self._line.ask("undo")

    def redo(self) -> None:
        self._line.ask("redo")

    def fill(self) -> None:
        self._line.ask("fill")

    def build(self, on: bool) -> None:
        self._line.ask("build", on)

    def freeze(self) -> None:
        self._line.ask("freeze")

    def lock(self, voice: int) -> None:
        self._line.ask("lock", voice)

    def look_back(self, bars: int) -> None:
        self._line.ask("look_back", bars)

    def store(self, slot: int) -> None:
        self._line.ask("store", slot)

    def recall(self, slot: int) -> None:
        self._line.ask("recall", slot)

    def morph_in(self, bars: int) -> None:
        self._line.ask("morph_in", bars)

    def recall_code(self, code: str) -> None:
        self._line.ask("recall_code", code)

    def capture(self) -> None:
        self._line.ask("capture")

    def capture_last(self, bars: int) -> None:
        self._line.ask("capture_last", bars)

    def presets(self) -> tuple[str, ...]:
        return tuple(self._line.ask("presets"))

    def load_preset(self, name: str) -> None:
        self._line.ask("load_preset", name)

    def toggle_monitor(self) -> None:
        self._line.ask("toggle_monitor")

    def keep_kit(self, name: str) -> None:
        self._line.ask("keep_kit", name)

    def hold_changes(self, hold: bool) -> None:
        self._line.ask("hold_changes", hold)

    def press_loop(self) -> None:
        self._line.ask("press_loop")

    def clear_loop(self) -> None:
        self._line.ask("clear_loop")

    def grab(self) -> None:
        self._line.ask("grab")

    def calibrate(self) -> None:
        self._line.ask("calibrate")

    def tap(self) -> None:
        self._line.ask("tap")

    def close(self) -> None:
        """Only this screen's line: the performance goes on."""
        self._line.close()


def connect(link: Path) -> RemoteSession:
    """To the performance that a switchboard's file tells of. Raises DataError where none listens there."""
    try:
        address = msgspec.json.decode(link.read_bytes(), type=Address)
        return RemoteSession(Line(Client(address.at, authkey=address.key)))
    except (OSError, EOFError, AuthenticationError, msgspec.MsgspecError) as error:
        raise DataError(f"no performance listens at {link}: {error}") from error


def _same(one: Bar, other: Bar) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("onset", "velocity", "offset"))
