"""Bytes from any port: what hands play is read from them, however they are cut and whatever interrupts them."""

from __future__ import annotations

from itertools import pairwise

import mido
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.channel_messages import SHORT_KINDS, ChannelMessage, ChannelReader
from instrument.core.events import NOTE_OFF, NOTE_ON

DATA = st.integers(0, 127)
CHANNEL = st.tuples(st.integers(0x80, 0xEF), DATA, DATA).map(
    lambda m: [m[0], m[1]] if m[0] & 0xF0 in SHORT_KINDS else list(m)
)
OTHERS = st.one_of(
    st.lists(DATA, max_size=300).map(lambda data: [0xF0, *data, 0xF7]),
    st.sampled_from([[0xF1, 3], [0xF2, 5, 7], [0xF3, 1], [0xF6]]),
)
REAL_TIME = st.sampled_from([0xF8, 0xFA, 0xFB, 0xFC, 0xFE, 0xFF])
CUTS = st.lists(st.integers(0, 5000), max_size=8)


def read(data: list[int], cuts: list[int]) -> list[ChannelMessage]:
    reader, places = ChannelReader(), sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    pieces = [bytes(data[a:b]) for a, b in pairwise(places)]
    return [message for piece in pieces for message in reader.read(piece)]


def by_mido(data: list[int]) -> list[ChannelMessage]:
    """What mido's parser reads, with its silent note-ons told as note-offs."""
    parser = mido.Parser()
    parser.feed(bytes(data))
    found = [message.bytes() for message in parser if message.bytes()[0] < 0xF0]
    return [expected(message) for message in found]


def expected(message: list[int]) -> ChannelMessage:
    kind, channel = message[0] & 0xF0, message[0] & 0x0F
    data1, data2 = (*message[1:], 0)[:2]
    if kind == NOTE_ON and data2 == 0:
        kind, data2 = NOTE_OFF, 64
    return ChannelMessage(kind=kind, channel=channel, data1=data1, data2=data2)


def test_a_controller_in_running_status_with_the_clock_between_its_bytes() -> None:
    data = [0xB2, 74, 0xF8, 10, 74, 0xFA, 11, 0xC2, 5, 6, 0x92, 36, 0]
    assert read(data, [4]) == [
        ChannelMessage(kind=0xB0, channel=2, data1=74, data2=10),
        ChannelMessage(kind=0xB0, channel=2, data1=74, data2=11),
        ChannelMessage(kind=0xC0, channel=2, data1=5),
        ChannelMessage(kind=0xC0, channel=2, data1=6),
        ChannelMessage(kind=0x80, channel=2, data1=36, data2=64),
    ]


def test_a_system_message_ends_running_status() -> None:
    assert read([0xB0, 1, 2, 0xF0, 3, 4, 0xF7, 5, 6], []) == [ChannelMessage(kind=0xB0, channel=0, data1=1, data2=2)]
    assert read([0xB0, 1, 2, 0xF1, 3, 5, 6], []) == [ChannelMessage(kind=0xB0, channel=0, data1=1, data2=2)]


@given(st.lists(CHANNEL | OTHERS, max_size=20), CUTS)
def test_it_reads_what_mido_reads_however_the_bytes_are_cut(messages: list[list[int]], cuts: list[int]) -> None:
    data = [byte for message in messages for byte in message]
    assert read(data, cuts) == by_mido(data)


@given(st.lists(CHANNEL | OTHERS, max_size=12), st.data(), CUTS)
def test_running_status_and_interruptions_change_nothing(
    messages: list[list[int]], draw: st.DataObject, cuts: list[int]
) -> None:
    data: list[int] = []
    status = 0
    for message in messages:
        data += message[1:] if message[0] == status and draw.draw(st.booleans()) else message
        status = message[0] if message[0] < 0xF0 else 0
    for place in sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=8)), reverse=True):
        data.insert(place, draw.draw(REAL_TIME))
    assert read(data, cuts) == [expected(message) for message in messages if message[0] < 0xF0]


@given(st.binary(max_size=400))
def test_no_bytes_break_it(data: bytes) -> None:
    for message in ChannelReader().read(data):
        assert 0x80 <= message.kind <= 0xE0
        assert all(0 <= value < 128 for value in (message.data1, message.data2))
