"""Bytes from any port: time is read from them whatever else they hold."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from instrument.core.sync_messages import (
    CONTINUE,
    FOLLOWED,
    SONG_POSITION,
    START,
    STOP,
    TIMING_CLOCK,
    SyncMessage,
    SyncReader,
)

DATA = st.integers(0, 127)
OTHERS = st.one_of(
    st.tuples(st.integers(0x80, 0xEF), st.lists(DATA, max_size=6)).map(lambda pair: [pair[0], *pair[1]]),
    st.lists(DATA, max_size=300).map(lambda data: [0xF0, *data, 0xF7]),
    st.sampled_from([[0xF1, 3], [0xF3, 1], [0xF6], [0xFE], [0xFF], [0xF9]]),
)
POSITIONS = st.integers(0, 2**14 - 1).map(lambda beats: [SONG_POSITION, beats & 0x7F, beats >> 7])
REAL_TIME = st.sampled_from([TIMING_CLOCK, START, CONTINUE, STOP])


def read(data: list[int], cuts: list[int]) -> list[SyncMessage]:
    reader, places = SyncReader(), sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    pieces = [bytes(data[a:b]) for a, b in pairwise(places)]
    return [message for piece in pieces for message in reader.read(piece)]


def test_the_messages_of_a_transport() -> None:
    data = [0xF2, 0x10, 0x02, 0xFB, 0xF8, 0xFC, 0xFA]
    assert read(data, []) == [
        SyncMessage(status=SONG_POSITION, midi_beats=0x110),
        *(SyncMessage(status=status) for status in (0xFB, 0xF8, 0xFC, 0xFA)),
    ]


@given(st.lists(OTHERS | POSITIONS, max_size=12), st.data(), st.lists(st.integers(0, 5000), max_size=5))
def test_real_time_bytes_anywhere_neither_get_lost_nor_break_what_they_interrupt(
    messages: list[list[int]], draw: st.DataObject, cuts: list[int]
) -> None:
    plain = [byte for message in messages for byte in message]
    inserted = draw.draw(st.lists(st.tuples(st.integers(0, len(plain)), REAL_TIME), max_size=8))
    mixed = list(plain)
    for place, byte in sorted(inserted, reverse=True):
        mixed.insert(place, byte)
    found = read(mixed, cuts)
    expected = [m[1] | m[2] << 7 for m in messages if m[0] == SONG_POSITION]
    assert [message.midi_beats for message in found if message.status == SONG_POSITION] == expected
    heard = [message.status for message in found if message.status in FOLLOWED]
    assert heard == [byte for _, byte in sorted(inserted, key=lambda pair: (pair[0], pair[1]))]


@given(st.binary(max_size=400))
def test_no_bytes_break_it(data: bytes) -> None:
    assert all(0 <= message.midi_beats < 2**14 for message in SyncReader().read(data))
