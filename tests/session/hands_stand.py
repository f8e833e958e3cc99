"""Hands on a desk without music: knobs, what is sent back, and controllers to move."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from instrument.core.events import Message
from instrument.engine.messages import Heard, Played
from instrument.session.contract import Session
from instrument.session.desk import Desk
from instrument.session.hands import Hands
from instrument.session.scripted import GOOD_HEALTH, scripted_manifest
from instrument.session.targets import TARGETS, Knob
from instrument.session.view import Knobs, StageView

MANIFEST = scripted_manifest()


class Music:
    """As much of a session as hands need, and quick: it draws no bars. `done` lists the actions."""

    def __init__(self) -> None:
        self.desk = Desk(Knobs(epoch=MANIFEST.best_epoch))
        self.done: list[str] = []

    def view(self) -> StageView:
        return StageView(
            manifest=MANIFEST,
            knobs=self.desk.knobs,
            seed=1,
            playing=False,
            tempo_bpm=120.0,
            sync="internal",
            position_ticks=0,
            now=None,
            next=None,
            fill_in=-1,
            can_undo=True,
            health=GOOD_HEALTH,
        )

    def turn(self, **changes: Any) -> None:
        self.desk.turn(**changes)

    def undo(self) -> None:
        self.desk.undo()

    def fill(self) -> None:
        self.done.append("fill")

    def build(self, on: bool) -> None:
        self.done.append(f"build {on}")

    def load_preset(self, name: str) -> None:
        self.done.append(name)

    def set_tempo(self, tempo_bpm: float) -> None:
        raise ValueError("the tempo is the MIDI clock's")


class Stand:
    """Hands, their music, and what they sent and said."""

    def __init__(self, folder: Path | None = None, *, feedback: bool = False) -> None:
        self.music = Music()
        self.sent: list[Message] = []
        self.told: list[str] = []
        self.hands = Hands(
            cast(Session, self.music), folder, send=self.sent.extend, tell=self.told.append, feedback=feedback
        )

    def move(self, data1: int, data2: int = 0, *, kind: int = 0xB0, channel: int = 0, port: str = "A") -> None:
        played = Played(kind=kind, channel=channel, data1=data1, data2=data2, at_s=0.0, port=port)
        self.hands.heard(Heard(events=(played,)))

    def teach(self, id: str, data1: int, data2: int = 0, **where: Any) -> None:
        self.hands.learn(id)
        self.move(data1, data2, **where)
        self.hands.leave()

    def place(self, id: str) -> float:
        knob = TARGETS[id]
        assert isinstance(knob, Knob)
        return knob.place(self.music.view())

    def feedback(self) -> list[tuple[int, int, int]]:
        """What is sent back now: status, data."""
        self.sent.clear()
        self.hands.look()
        return [(message.status, message.data1, message.data2) for message in self.sent]
