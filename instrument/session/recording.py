"""What was played, as a file: the notes that went out, at the positions they were sent for, and at each bar line the
code that brings the bar back."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from instrument.core.events import NOTE_OFF, NOTE_ON, OUTSIDE, Message, note_off
from instrument.core.timebase import BAR_TICKS
from instrument.engine.messages import Sent
from instrument.ports.smf import TempoChange, Words, midi_file

TITLE = "Ghostnote"
EARLY_TICKS = BAR_TICKS // 32
"""How long before its bar line a bar's first hit may come."""
Code = Callable[[int], str]
"""A bar's number -> the code that brings it back, or "" where none is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """Messages on a file's timeline, and which bar begins at which of its bar lines. `shifts`: from which message on
    (counted as they were sent) the timeline runs how many ticks after the music's."""

    messages: list[Message]
    lines: dict[int, int]
    shifts: tuple[tuple[int, int], ...] = ((0, 0),)

    @property
    def bars(self) -> int:
        """Up to the bar line after the last message."""
        end = self.messages[-1].position_ticks if self.messages else 0
        return max(-(-end // BAR_TICKS), 1)

    def beside(self, heard: Iterable[tuple[int, Message]]) -> list[Message]:
        """On the same timeline what came in, each message with how many had been sent by then."""
        starts = [start for start, _ in self.shifts]
        placed = [
            replace(message, position_ticks=message.position_ticks + self.shifts[bisect(starts, count) - 1][1])
            for count, message in heard
        ]
        return sorted(placed, key=lambda message: (message.position_ticks, message.is_note_on))

    def codes(self, code: Code) -> list[Words]:
        told = ((tick, code(index)) for tick, index in sorted(self.lines.items()))
        return [Words(position_ticks=tick, text=text) for tick, text in told if text]


def take_of(messages: Iterable[Message]) -> Take:
    """Of music that was never stopped."""
    played = list(messages)
    lines = {_line(message.position_ticks): max(message.position_ticks, 0) // BAR_TICKS for message in played}
    return Take(messages=played, lines=lines)


def take(sent: Iterable[Sent]) -> Take:
    """The notes in the order of sending, positions never going back: what was played after a stop begins on the next
    bar line of the file. A note that was ended outside the music ends with what was sent before."""
    messages: list[Message] = []
    lines: dict[int, int] = {}
    sounding: set[tuple[int, int]] = set()
    shift = last = 0
    shifts = [(0, 0)]
    for count, message in enumerate(entry.message for entry in sent):
        key = message.status & 0x0F, message.data1
        if message.status & 0xF0 not in (NOTE_ON, NOTE_OFF):
            continue
        outside = message.position_ticks == OUTSIDE
        if outside and key not in sounding:
            continue
        (sounding.add if message.is_note_on else sounding.discard)(key)
        position = last if outside else message.position_ticks + shift
        if position < last:
            line = -(-last // BAR_TICKS) * BAR_TICKS
            shift = line - message.position_ticks // BAR_TICKS * BAR_TICKS
            position = message.position_ticks + shift
            shifts.append((count, shift))
        last = position
        messages.append(replace(message, position_ticks=position))
        if not outside:
            lines[_line(position)] = max(position - shift, 0) // BAR_TICKS
    return Take(messages=messages, lines=lines, shifts=tuple(shifts))


def recorded_file(
    played: Take,
    tempos: Sequence[TempoChange],
    bars: int | None,
    code: Code,
    markers: Sequence[Words] = (),
    heard: Sequence[Message] = (),
) -> bytes:
    """The bytes of a .mid: `tempos` starts with the tempo at bar 0; the file ends on the bar line after the last note,
    or after `bars`."""
    return midi_file(
        played.messages,
        tempo_bpm=tempos[0].tempo_bpm,
        tempo_changes=tempos[1:],
        bars=played.bars if bars is None else bars,
        title=TITLE,
        words=[*played.codes(code), *markers],
        heard=heard,
    )


def captured_file(played: Take, end_tick: int, bars: int, tempos: Sequence[TempoChange], code: Code) -> bytes:
    """The bytes of a .mid of the `bars` before the bar line at `end_tick`, moved to the file's start. A note that
    sounds over the end is cut there; one that came early on the first beat is put on it."""
    start = end_tick - bars * BAR_TICKS
    messages = _cut(played.messages, start, end_tick)
    lines = {tick - start: index for tick, index in played.lines.items() if start <= tick < end_tick}
    first = [change for change in tempos if change.position_ticks <= start][-1:] or [tempos[0]]
    within = [change for change in tempos if start < change.position_ticks < end_tick]
    moved = [replace(change, position_ticks=max(change.position_ticks - start, 0)) for change in [*first, *within]]
    return recorded_file(Take(messages=messages, lines=lines), moved, bars, code)


def _line(position: int) -> int:
    return max(position, 0) // BAR_TICKS * BAR_TICKS


def _cut(messages: Sequence[Message], start: int, end: int) -> list[Message]:
    sounding: set[tuple[int, int]] = set()
    kept: list[Message] = []
    for message in messages:
        key = message.status & 0x0F, message.data1
        if not start - EARLY_TICKS <= message.position_ticks < end or not (message.is_note_on or key in sounding):
            continue
        kept.append(replace(message, position_ticks=max(message.position_ticks - start, 0)))
        (sounding.add if message.is_note_on else sounding.discard)(key)
    return [*kept, *(note_off(end - start, channel, note) for channel, note in sorted(sounding))]
