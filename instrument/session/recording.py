"""What was played, as a file: the notes that went out, at the positions they were sent for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from instrument.core.events import NOTE_OFF, NOTE_ON, OUTSIDE, Message
from instrument.core.timebase import BAR_TICKS
from instrument.engine.messages import Sent
from instrument.ports.smf import TempoChange, midi_file


def timeline(sent: Sequence[Sent]) -> list[Message]:
    """The notes in the order of sending, positions never going back: what was played after a stop begins on the next
    bar line of the file. A note that was ended outside the music ends with what was sent before."""
    messages: list[Message] = []
    sounding: set[tuple[int, int]] = set()
    shift = last = 0
    for entry in sent:
        message = entry.message
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
        last = position
        messages.append(replace(message, position_ticks=position))
    return messages


def recorded_file(sent: Sequence[Sent], tempos: Sequence[TempoChange], bars: int | None) -> bytes:
    """The bytes of a .mid: `tempos` starts with the tempo at bar 0; the file ends on the bar line after the last note,
    or after `bars`."""
    messages = timeline(sent)
    end = messages[-1].position_ticks if messages else 0
    length = bars if bars is not None else max(-(-end // BAR_TICKS), 1)
    return midi_file(messages, tempo_bpm=tempos[0].tempo_bpm, tempo_changes=tempos[1:], bars=length, title="Ghostnote")
