"""Hands on controllers: what they move turns the session's knobs and presses its actions; learning; motors and lights.

Threads: `heard` and `look` belong to the feeder's, the rest to the screen's; one lock keeps them apart. `shown` may be
read by anybody at any time. What comes in is never sent out: feedback tells where a knob was put by others, never by
the controller itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from instrument.core.events import Message
from instrument.engine.messages import Heard, Played
from instrument.errors import GhostnoteError
from instrument.session.contract import Session
from instrument.session.learning import Event, Learning
from instrument.session.maps import ControllerMap, keep_map, load_maps, new_file
from instrument.session.sources import Decoder, Kind, Move, Source, messages
from instrument.session.takeover import Grip, Mode, take
from instrument.session.targets import (
    CONTROLS,
    PARTNERS,
    PRESET,
    TARGETS,
    Action,
    Knob,
    epochs,
    target_of,
)
from instrument.session.view import NO_HANDS, HandsShown
from instrument.text import printable

PRESSES, BEND_PRESSES = (0.5, 0.4), (0.75, 0.6)
"""Where a controller presses an action, and where it lets it go; pitch bend rests in the middle."""

Key = tuple[str, str]
"""Controller and target."""


class Hands:
    """`folder`: where the maps are, None to keep none. `send` takes feedback to the port; `tell` tells the player;
    `aside` does elsewhere what takes time. `feedback`: for all controllers, whatever their maps say."""

    def __init__(
        self,
        session: Session,
        folder: Path | None,
        *,
        send: Callable[[tuple[Message, ...]], None],
        tell: Callable[[str], None],
        aside: Callable[[Callable[[], object]], object] = lambda task: task(),
        feedback: bool = False,
    ) -> None:
        self._session = session
        self._folder = folder
        self._send = send
        self._tell = tell
        self._aside = aside
        self._feedback = feedback
        self._lock = threading.RLock()
        found, self.complaints = load_maps(folder) if folder else ({}, [])
        self._files = {name: file for name, (file, _) in found.items()}
        self._maps: dict[str, ControllerMap] = {name: learned for name, (_, learned) in found.items()}
        self._unsaved: set[str] = set()
        self._decoders: dict[str, Decoder] = {}
        self._grips: dict[Key, Grip] = {}
        self._raw: dict[Key, int] = {}
        self._down: set[tuple[str, Source]] = set()
        self._learning = Learning()
        self._told = ""
        self.shown = NO_HANDS
        self._show()

    def heard(self, report: Heard) -> tuple[Played, ...]:
        """Controllers have moved. Of several moves of a knob in one report the last counts. What nothing was learnt
        from is given back: it is music."""
        with self._lock:
            turned: dict[Key, Move] = {}
            free = []
            for played in report.events:
                move = self._decoder(played.port).move(played, partial(self._is_pair, played.port))
                if move is None:
                    continue
                if self._learning.on:
                    self._learn(move, played)
                elif (key := self._key(played.port, move.source)) is None:
                    free.append(played)
                    if move.source.kind is Kind.PROGRAM:
                        self._ask(self._choose_epoch, move.source.number)
                elif isinstance(action := target_of(key[1]), Action):
                    self._press(action, (key[0], move.source), move)
                else:
                    turned[key] = move
            for key, move in turned.items():
                self._ask(self._turn, key, move)
            return tuple(free)

    def look(self) -> None:
        """Tell motors and lights where the knobs are that others have turned."""
        with self._lock:
            followed = [learned for learned in self._maps.values() if self._feedback or learned.feedback]
            if not followed or self._learning.on:
                return
            view = self._session.view()
            told: list[Message] = []
            for learned in followed:
                for id, binding in learned.learned.items():
                    knob, source = TARGETS.get(id), binding.source
                    if not isinstance(knob, Knob) or not source.continuous:
                        continue
                    key, raw = (learned.controller, id), _raw(source, knob.place(view))
                    if self._raw.get(key) != raw:
                        self._raw[key] = raw
                        self._grip(key).settle(raw / source.largest, knob.place(view))
                        told += messages(source, raw)
            if told:
                self._send(tuple(told))

    def learn(self, control: str = "") -> None:
        """The learn key: begin, with the control in hand where there is one; pressed again, its partner or no more."""
        with self._lock:
            partner = PARTNERS.get(self._learning.target, "")
            if partner:
                self._step(Event.PICK, partner)
                return
            self._step(Event.LEARN)
            if self._learning.on and control:
                self.pick(control)

    def pick(self, id: str) -> bool:
        """Choose what is to be learnt: a control of the screen or an action. Whether it is one that can be."""
        with self._lock:
            id = CONTROLS.get(id, id)
            if not self._learning.on or not (id in TARGETS or id.startswith(PRESET)):
                return False
            self._step(Event.PICK, id)
            return True

    def unlearn(self) -> None:
        """Forget what the armed target was learnt from, on every controller."""
        with self._lock:
            target = self._learning.target
            for name, learned in self._maps.items():
                if target in learned.learned:
                    self._maps[name] = learned.without(target)
                    self._unsaved.add(name)
            self._step(Event.UNLEARN)

    def leave(self) -> None:
        """No more learning; what was learnt is kept."""
        with self._lock:
            self._step(Event.LEAVE)

    def close(self) -> None:
        """Keep what was learnt."""
        with self._lock:
            self._save()

    @property
    def learning(self) -> bool:
        return self._learning.on

    def _step(self, event: Event, target: str = "") -> None:
        self._learning = self._learning.after(event, target)
        self._show()
        self._save()

    def _learn(self, move: Move, played: Played) -> None:
        if move.ends:
            return
        before, self._learning = self._learning, self._learning.moved(move.source, played.at_s)
        source, target = self._learning.source, self._learning.target
        if source is not None and target and source != before.source:
            learned = self._maps.get(played.port, ControllerMap(controller=played.port))
            self._maps[played.port] = learned.with_source(target, source)
            self._unsaved.add(played.port)
            self._raw.clear()
        if self._learning.source == move.source:
            self._grips[played.port, target] = Grip(last=move.place)
        if self._learning != before:
            self._show()

    def _turn(self, key: Key, move: Move) -> None:
        """A knob follows its controller, as far as takeover lets it."""
        knob, view, learned = TARGETS[key[1]], self._session.view(), self._maps[key[0]]
        if not isinstance(knob, Knob) or move.ends:
            return
        grip = self._grip(key)
        here = knob.place(view)
        if _raw(move.source, here) == move.raw and move.source.continuous:
            grip.settle(move.place, here)
            self._raw[key] = move.raw
            return
        mode = learned.mode(key[1]) if move.source.continuous else Mode.JUMP
        goal = take(grip, mode, move.place, here)
        if goal is None:
            return
        knob.turn(self._session, view, goal)
        grip.left = knob.place(self._session.view())
        self._raw[key] = _raw(move.source, grip.left)

    def _press(self, action: Action, button: tuple[str, Source], move: Move) -> None:
        """A pad's hit, a program, a controller that passes the middle on its way up; and its release."""
        held = button in self._down
        pressed_at, released_at = BEND_PRESSES if move.source.kind is Kind.BEND else PRESSES
        if move.begins or (move.source.continuous and not held and move.place >= pressed_at):
            if move.source.kind is not Kind.PROGRAM:
                self._down.add(button)
            self._ask(action.press, self._session)
        elif held and (move.ends or move.place < released_at):
            self._down.discard(button)
            if action.release is not None:
                self._ask(action.release, self._session)

    def _choose_epoch(self, program: int) -> None:
        """A program change that nothing was learnt from picks the epoch by its place."""
        numbers = epochs(self._session.view())
        if program >= len(numbers):
            raise ValueError(f"program {program + 1}: there are only {len(numbers)} epochs")
        if self._session.view().knobs.epoch != numbers[program]:
            self._session.turn(epoch=numbers[program])

    def _ask(self, call: Callable[..., object], *arguments: object) -> None:
        """What the session refuses is told, and nothing else happens."""
        try:
            call(*arguments)
            self._told = ""
        except (ValueError, GhostnoteError) as refused:
            if str(refused) != self._told:
                self._told = str(refused)
                self._tell(self._told)

    def _key(self, port: str, source: Source) -> Key | None:
        """The first map that knows a source: the port's own, then the common one; all where the port isn't known."""
        for learned in self._maps_for(port):
            if id := learned.target(source):
                return learned.controller, id
        return None

    def _is_pair(self, port: str, channel: int, number: int) -> bool:
        return any(learned.is_pair(channel, number) for learned in self._maps_for(port))

    def _maps_for(self, port: str) -> list[ControllerMap]:
        common = [self._maps[""]] if "" in self._maps else []
        if port:
            return [*([self._maps[port]] if port in self._maps else []), *common]
        return [*common, *(learned for name, learned in self._maps.items() if name)]

    def _grip(self, key: Key) -> Grip:
        return self._grips.setdefault(key, Grip())

    def _decoder(self, port: str) -> Decoder:
        return self._decoders.setdefault(port, Decoder())

    def _show(self) -> None:
        labels: Mapping[str, str] = {
            id: binding.source.label for learned in self._maps.values() for id, binding in learned.learned.items()
        }
        self.shown = HandsShown(learned=tuple(labels.items()), prompt=_prompt(self._learning, labels))

    def _save(self) -> None:
        """What has changed, aside, as a disk may take its time."""
        if self._folder is None:
            return
        for name in sorted(self._unsaved):
            file = self._files.setdefault(name, new_file(self._folder, name, self._files.values()))
            self._aside(partial(keep_map, file, self._maps[name]))
        self._unsaved.clear()


def _raw(source: Source, place: float) -> int:
    return round(place * source.largest)


def _prompt(learning: Learning, labels: Mapping[str, str]) -> str:
    if not learning.on:
        return ""
    if not learning.target:
        return "learning: take a control, or press the key of an action; esc leaves"
    name = target_of(learning.target).name.lower()
    if learning.refused:
        return f"learning {name}: {learning.refused}; move another"
    if label := labels.get(learning.target):
        return f"learning {name}: {printable(label)}; move another, backspace unlearns, esc leaves"
    more = f", m for {TARGETS[partner].name.lower()}" if (partner := PARTNERS.get(learning.target)) else ""
    return f"learning {name}: move a knob or hit a pad{more}; esc leaves"
