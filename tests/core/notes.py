"""Bars of notes for the sequencer's tests, and what must hold of every line of messages."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from instrument.core.events import BarNotes, Message, Note
from instrument.core.sequencer import EARLIEST_TICKS
from instrument.core.timebase import BAR_TICKS

NOTES = (36, 38, 42, 46)


@st.composite
def notes(draw: st.DrawFn, early: bool = True) -> Note:
    """A stroke; closed hats (42) choke open ones (46), as kits do."""
    number = draw(st.sampled_from(NOTES))
    channel = draw(st.sampled_from([0, 9]))
    return Note(
        tick=draw(st.integers(-EARLIEST_TICKS if early else 0, BAR_TICKS - 1)),
        channel=channel,
        note=number,
        velocity=draw(st.integers(1, 127)),
        length_ticks=draw(st.sampled_from([1, 60, 120, 3000])),
        cell=draw(st.integers(0, 287)),
        chokes=(channel, 46) if number == 42 else None,
    )


@st.composite
def bars(draw: st.DrawFn, index: int, revision: int = 0) -> BarNotes:
    """A bar of up to twelve strokes, each in a cell of its own."""
    drawn = draw(st.lists(notes(), max_size=12, unique_by=lambda note: note.cell))
    return BarNotes(index=index, revision=revision, notes=tuple(sorted(drawn, key=lambda note: note.tick)))


def note(tick: int, number: int = 36, *, cell: int = 0, length_ticks: int = 60, velocity: int = 100) -> Note:
    return Note(tick=tick, channel=9, note=number, velocity=velocity, length_ticks=length_ticks, cell=cell)


def bar(index: int, *strokes: Note, revision: int = 0) -> BarNotes:
    return BarNotes(index=index, revision=revision, notes=tuple(sorted(strokes, key=lambda n: n.tick)))


def check_line(messages: Sequence[Message], *, ended: bool = True) -> set[tuple[int, int]]:
    """In order; at one position note-offs first; no note struck while it sounds, none ended that doesn't. Answers what
    is left sounding, which must be nothing where the line has `ended`."""
    order = [(message.position_ticks, message.is_note_on) for message in messages]
    assert order == sorted(order)
    sounding: set[tuple[int, int]] = set()
    for message in messages:
        key = message.status & 0x0F, message.data1
        if message.is_note_on:
            assert key not in sounding
            sounding.add(key)
        else:
            assert key in sounding
            sounding.remove(key)
    assert not (ended and sounding)
    return sounding
