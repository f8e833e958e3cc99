"""Learning a controller: what is to be learnt is chosen, then whatever moves is its source. Pure.

    state      learn       pick      move       unlearn    leave
    OFF        CHOOSING    OFF       OFF        OFF        OFF
    CHOOSING   OFF         ARMED     CHOOSING   CHOOSING   OFF
    ARMED      OFF         ARMED     ARMED      ARMED      OFF

ARMED stays armed: a later move takes the earlier one's place, another target can be picked. A move that can't be learnt
is refused with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from instrument.session.sources import LOWER, Kind, Source, refusal

PAIR_S = 0.02
"""The lower half of a 14-bit controller comes so soon after the upper one."""


class State(Enum):
    OFF = "off"
    CHOOSING = "choosing"
    ARMED = "armed"


class Event(Enum):
    LEARN = "learn"
    PICK = "pick"
    MOVE = "move"
    UNLEARN = "unlearn"
    LEAVE = "leave"


NEXT = {
    (State.OFF, Event.LEARN): State.CHOOSING,
    (State.OFF, Event.PICK): State.OFF,
    (State.OFF, Event.MOVE): State.OFF,
    (State.OFF, Event.UNLEARN): State.OFF,
    (State.OFF, Event.LEAVE): State.OFF,
    (State.CHOOSING, Event.LEARN): State.OFF,
    (State.CHOOSING, Event.PICK): State.ARMED,
    (State.CHOOSING, Event.MOVE): State.CHOOSING,
    (State.CHOOSING, Event.UNLEARN): State.CHOOSING,
    (State.CHOOSING, Event.LEAVE): State.OFF,
    (State.ARMED, Event.LEARN): State.OFF,
    (State.ARMED, Event.PICK): State.ARMED,
    (State.ARMED, Event.MOVE): State.ARMED,
    (State.ARMED, Event.UNLEARN): State.ARMED,
    (State.ARMED, Event.LEAVE): State.OFF,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """`target`: the id of what is to be learnt, "" with none; `source`: what moved last, which came at `moved_s`;
    `refused`: why the last move can't be learnt."""

    state: State = State.OFF
    target: str = ""
    source: Source | None = None
    moved_s: float = 0.0
    refused: str = ""

    @property
    def on(self) -> bool:
        return self.state is not State.OFF

    def after(self, event: Event, target: str = "") -> Learning:
        """Any event but a move. `target`: the one that is picked."""
        state = NEXT[self.state, event]
        if event is Event.PICK and state is State.ARMED:
            return self if target == self.target else Learning(state=state, target=target)
        return Learning(state=state, target=self.target if state is State.ARMED else "")

    def moved(self, source: Source, at_s: float) -> Learning:
        """Something moved; where it can be learnt, it is `source` now."""
        state = NEXT[self.state, Event.MOVE]
        if state is not State.ARMED:
            return self
        source = self._paired(source, at_s)
        refused = refusal(source)
        return replace(self, source=self.source if refused else source, moved_s=at_s, refused=refused)

    def _paired(self, source: Source, at_s: float) -> Source:
        """The pair that a half belongs to: the lower one after the upper one, then either of both."""
        last = self.source
        if last is None or source.kind is not Kind.CC or source.channel != last.channel:
            return source
        pair = Source(kind=Kind.CC14, channel=source.channel, number=source.number % LOWER)
        begins = source.number == last.number + LOWER and last.kind is Kind.CC and last.number < LOWER
        goes_on = last == pair and source.number < 2 * LOWER
        return pair if goes_on or (begins and at_s - self.moved_s <= PAIR_S) else source
