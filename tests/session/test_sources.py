"""Moves of controllers from messages, what of them can be learnt, and what is sent back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.channel_messages import ChannelReader
from instrument.engine.messages import Played
from instrument.session.learning import NEXT, Event, Learning, State
from instrument.session.sources import LARGEST_NUMBER, Decoder, Kind, Move, Source, messages, refusal

CC = Source(kind=Kind.CC, channel=0, number=74)
CONTINUOUS = st.builds(
    lambda kind, channel, number: Source(kind=kind, channel=channel, number=number % (LARGEST_NUMBER[kind] + 1)),
    st.sampled_from([Kind.CC, Kind.CC14, Kind.BEND]),
    st.integers(0, 15),
    st.integers(0, 119),
)


def played(kind: int, data1: int, data2: int = 0, channel: int = 0) -> Played:
    return Played(kind=kind, channel=channel, data1=data1, data2=data2, at_s=0.0)


def moves(*told: Played, pairs: frozenset[tuple[int, int]] = frozenset()) -> list[Move | None]:
    decoder = Decoder()
    return [decoder.move(message, lambda channel, number: (channel, number) in pairs) for message in told]


def test_each_kind_of_message() -> None:
    pad, cc, bend, program, pressure = moves(
        played(0x90, 36, 100), played(0xB0, 74, 127), played(0xE0, 127, 127), played(0xC0, 4), played(0xD0, 9)
    )
    assert pad is not None
    assert cc is not None
    assert bend is not None
    assert program is not None
    assert (pad.source.label, pad.begins, pad.raw) == ("note36", True, 100)
    assert (cc.source.label, cc.place) == ("cc74", 1.0)
    assert (bend.source.label, bend.place) == ("bend", 1.0)
    assert (program.source.label, program.begins) == ("pc5", True)
    assert pressure is None


def test_a_pair_is_one_source_where_it_was_learnt_and_two_where_not() -> None:
    told = played(0xB0, 1, 64), played(0xB0, 33, 5), played(0xB0, 33, 6)
    assert [move.raw for move in moves(*told, pairs=frozenset({(0, 1)})) if move] == [8192, 8197, 8198]
    assert [move.source.label for move in moves(*told) if move] == ["cc1", "cc33", "cc33"]


@pytest.mark.parametrize(("number", "word"), [(0, "banks"), (32, "banks"), (120, "mode"), (127, "mode")])
def test_banks_and_mode_messages_are_no_knobs(number: int, word: str) -> None:
    assert word in refusal(Source(kind=Kind.CC, channel=3, number=number))
    armed = Learning().after(Event.LEARN).after(Event.PICK, "density")
    refused = armed.moved(Source(kind=Kind.CC, channel=3, number=number), 1.0)
    assert refused.source is None
    assert word in refused.refused
    assert refused.moved(CC, 2.0).source == CC


@given(CONTINUOUS, st.integers(0, 2**14 - 1))
def test_what_is_sent_back_is_heard_as_the_same_place(source: Source, raw: int) -> None:
    raw %= source.largest + 1
    data = b"".join(message.to_bytes() for message in messages(source, raw))
    told = [
        Played(kind=m.kind, channel=m.channel, data1=m.data1, data2=m.data2, at_s=0.0)
        for m in ChannelReader().read(data)
    ]
    pairs = frozenset({(source.channel, source.number)}) if source.kind is Kind.CC14 else frozenset()
    assert moves(*told, pairs=pairs)[-1] == Move(source=source, raw=raw)


def test_the_table_has_every_state_and_event() -> None:
    assert set(NEXT) == {(state, event) for state in State for event in Event}


def test_a_pair_is_learnt_by_its_halves_coming_together_and_two_knobs_are_two() -> None:
    armed = Learning().after(Event.LEARN).after(Event.PICK, "density")
    upper, lower = Source(kind=Kind.CC, channel=0, number=7), Source(kind=Kind.CC, channel=0, number=39)
    pair = Source(kind=Kind.CC14, channel=0, number=7)
    assert armed.moved(upper, 1.0).moved(lower, 1.001).source == pair
    assert armed.moved(upper, 1.0).moved(lower, 1.001).moved(upper, 1.1).moved(lower, 1.101).source == pair
    assert armed.moved(upper, 1.0).moved(lower, 3.0).source == lower
