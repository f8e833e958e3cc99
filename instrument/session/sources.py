"""What on a controller moves: a key or pad, a controller of 7 or 14 bits, pitch bend, a program. Pure.

A 14-bit controller is a pair: number n (0..31) brings the upper seven bits, n + 32 the lower (MIDI 1.0, table 3). Which
pairs there are can't be heard, so the caller says which were learnt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from instrument.core import channel_messages, events
from instrument.core.events import OUTSIDE, Message
from instrument.engine.messages import Played

PAIRS, LOWER = 32, 32
LARGEST_7, LARGEST_14 = 127, 2**14 - 1
BANKS = frozenset((0, 32))
FIRST_MODE_MESSAGE = 120


class Kind(StrEnum):
    NOTE = "note"
    CC = "cc"
    CC14 = "cc14"
    BEND = "bend"
    PROGRAM = "program"


LARGEST_NUMBER = {Kind.NOTE: 127, Kind.CC: 119, Kind.CC14: PAIRS - 1, Kind.BEND: 0, Kind.PROGRAM: 127}
SHORT = {Kind.NOTE: "note", Kind.CC: "cc", Kind.CC14: "cc", Kind.PROGRAM: "pc"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`channel` 0..15; `number`: the note, controller (of a pair, the upper one) or program, 0 for pitch bend."""

    kind: Kind
    channel: int
    number: int = 0

    @property
    def label(self) -> str:
        """As short as can be: "cc74", "cc1+33", "note36", "bend", "pc5". Programs count from 1 for people."""
        if self.kind is Kind.BEND:
            return "bend"
        number = self.number + 1 if self.kind is Kind.PROGRAM else self.number
        return f"{SHORT[self.kind]}{number}{f'+{self.number + LOWER}' if self.kind is Kind.CC14 else ''}"

    @property
    def largest(self) -> int:
        return LARGEST_14 if self.kind in (Kind.CC14, Kind.BEND) else LARGEST_7

    @property
    def continuous(self) -> bool:
        """Whether it has a place that a knob can be at."""
        return self.kind in (Kind.CC, Kind.CC14, Kind.BEND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A source is at `raw`, 0..its largest. `begins`: a key went down, or a program came; `ends`: a key went up."""

    source: Source
    raw: int
    begins: bool = False
    ends: bool = False

    @property
    def place(self) -> float:
        """0..1."""
        return self.raw / self.source.largest


class Decoder:
    """Mutable: remembers the upper halves of pairs. One for each port."""

    def __init__(self) -> None:
        self._upper: dict[tuple[int, int], int] = {}

    def move(self, played: Played, is_pair: Callable[[int, int], bool]) -> Move | None:
        """What moved; None for what can't be learnt. `is_pair` of a channel and an upper number."""
        channel, number, value = played.channel, played.data1, played.data2
        match played.kind:
            case events.NOTE_ON | events.NOTE_OFF:
                down = played.kind == events.NOTE_ON
                source = Source(kind=Kind.NOTE, channel=channel, number=number)
                return Move(source=source, raw=value if down else 0, begins=down, ends=not down)
            case events.CONTROL_CHANGE:
                return self._controller(channel, number, value, is_pair)
            case channel_messages.PROGRAM_CHANGE:
                source = Source(kind=Kind.PROGRAM, channel=channel, number=number)
                return Move(source=source, raw=number, begins=True)
            case channel_messages.PITCH_BEND:
                return Move(source=Source(kind=Kind.BEND, channel=channel), raw=value << 7 | number)
        return None

    def _controller(self, channel: int, number: int, value: int, is_pair: Callable[[int, int], bool]) -> Move:
        upper = number % LOWER
        if number < PAIRS + LOWER and is_pair(channel, upper):
            pair = Source(kind=Kind.CC14, channel=channel, number=upper)
            if number < LOWER:
                self._upper[channel, upper] = value
                return Move(source=pair, raw=value << 7)
            return Move(source=pair, raw=self._upper.get((channel, upper), 0) << 7 | value)
        return Move(source=Source(kind=Kind.CC, channel=channel, number=number), raw=value)


def refusal(source: Source) -> str:
    """Why a source can't be learnt, or ""."""
    if source.kind in (Kind.CC, Kind.CC14) and source.number in BANKS:
        return f"cc{source.number} chooses banks of programs: it is no knob"
    if source.kind is Kind.CC and source.number >= FIRST_MODE_MESSAGE:
        return f"cc{source.number} is a channel mode message, all notes off and the like: it is no knob"
    return ""


def messages(source: Source, raw: int) -> tuple[Message, ...]:
    """What puts a motor or a light of a continuous source at a place."""
    raw = min(max(raw, 0), source.largest)
    if source.kind is Kind.BEND:
        return (_message(channel_messages.PITCH_BEND | source.channel, raw & 0x7F, raw >> 7),)
    status = events.CONTROL_CHANGE | source.channel
    if source.kind is Kind.CC14:
        lower = source.number + LOWER
        return _message(status, source.number, raw >> 7), _message(status, lower, raw & 0x7F)
    return (_message(status, source.number, raw),)


def _message(status: int, data1: int, data2: int) -> Message:
    return Message(position_ticks=OUTSIDE, status=status, data1=data1, data2=data2)
