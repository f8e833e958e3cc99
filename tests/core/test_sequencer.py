"""The sequencer: whatever comes in and however time is cut, every note ends and nothing sounds twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.events import BarNotes, Message
from instrument.core.sequencer import EARLIEST_TICKS, Sequencer
from instrument.core.timebase import BAR_TICKS
from tests.core.notes import bar, bars, check_line, note

THREE_BARS = st.tuples(bars(0), bars(1), bars(2))
CUTS = st.lists(st.integers(0, 3 * BAR_TICKS), max_size=12)


def play(music: tuple[BarNotes, ...], cuts: list[int]) -> list[Message]:
    sequencer = Sequencer()
    sequencer.start(0, until_bar=len(music))
    for revision in music:
        sequencer.load(revision)
    messages: list[Message] = []
    for until in [*sorted(cuts), len(music) * BAR_TICKS + 1]:
        messages += sequencer.advance(until)
    assert not sequencer.held
    assert not sequencer.misses
    return messages


def struck(messages: list[Message]) -> list[tuple[int, int]]:
    return [(message.position_ticks, message.data1) for message in messages if message.is_note_on]


@given(THREE_BARS, CUTS)
def test_every_note_on_has_its_note_off(music: tuple[BarNotes, ...], cuts: list[int]) -> None:
    check_line(play(music, cuts))


@given(THREE_BARS, CUTS)
def test_however_time_is_cut_the_same_is_played(music: tuple[BarNotes, ...], cuts: list[int]) -> None:
    assert play(music, cuts) == play(music, [])


@given(THREE_BARS, CUTS)
def test_nothing_sounds_before_its_time_or_after_it(music: tuple[BarNotes, ...], cuts: list[int]) -> None:
    sequencer = Sequencer()
    sequencer.start(0, until_bar=3)
    for revision in music:
        sequencer.load(revision)
    before = 0
    for until in [*sorted(cuts), 3 * BAR_TICKS + 1]:
        for message in sequencer.advance(until):
            assert before <= message.position_ticks < max(until, before + 1)
        before = max(before, until)


@given(THREE_BARS)
def test_every_stroke_is_played_at_its_place(music: tuple[BarNotes, ...]) -> None:
    """The loudest of those that meet on one note; early ones of the first bar on its line."""
    wanted = {
        (max(revision.index * BAR_TICKS + stroke.tick, 0), stroke.channel, stroke.note)
        for revision in music
        for stroke in revision.notes
    }
    played = [(m.position_ticks, m.status & 0x0F, m.data1) for m in play(music, []) if m.is_note_on]
    assert len(played) == len(set(played))
    assert set(played) == wanted


@given(THREE_BARS)
def test_a_note_lasts_its_length_unless_something_ends_it(music: tuple[BarNotes, ...]) -> None:
    """The same note struck again, its choke on the same channel, or the end."""
    lengths: dict[tuple[int, int, int], tuple[int, int]] = {}
    for revision in music:
        for stroke in revision.notes:
            key = max(revision.index * BAR_TICKS + stroke.tick, 0), stroke.channel, stroke.note
            if stroke.velocity > lengths.get(key, (0, 0))[0]:
                lengths[key] = stroke.velocity, stroke.length_ticks
    wanted = []
    for (position, channel, number), (_, length_ticks) in lengths.items():
        enders = {number, 42} if number == 46 else {number}
        ends = [p for p, c, n in lengths if c == channel and n in enders and p > position]
        wanted.append((min(position + length_ticks, len(music) * BAR_TICKS, *ends), channel, number))
    offs = [(m.position_ticks, m.status & 0x0F, m.data1) for m in play(music, []) if not m.is_note_on]
    assert sorted(offs) == sorted(wanted)


def test_at_one_position_note_offs_come_first_then_note_ons_in_the_order_of_their_bars() -> None:
    music = (bar(0, note(900, 50, length_ticks=990), note(1890, 38, cell=1)), bar(1, note(-30), note(0, 42, cell=1)))
    messages = [m for m in play(music, []) if m.position_ticks == BAR_TICKS - 30]
    assert [(m.data1, m.is_note_on) for m in messages] == [(50, False), (38, True), (36, True)]


def test_a_hit_early_on_step_0_sounds_before_the_bar_line() -> None:
    music = (bar(0), bar(1, note(-EARLIEST_TICKS), note(0, 38, cell=1)), bar(2))
    assert struck(play(music, [])) == [(BAR_TICKS - EARLIEST_TICKS, 36), (BAR_TICKS, 38)]


def test_a_closed_hat_ends_the_open_one() -> None:
    closing = replace(note(480, 42, cell=1), chokes=(9, 46))
    messages = play((bar(0, note(0, 46, length_ticks=2000), closing),), [])
    assert [(m.position_ticks, m.data1, m.is_note_on) for m in messages][:3] == [
        (0, 46, True),
        (480, 46, False),
        (480, 42, True),
    ]


def test_a_choke_reaches_across_channels() -> None:
    ringing = replace(note(0, 60, length_ticks=2000), channel=3)
    closing = replace(note(480, 60, cell=1), channel=2, chokes=(3, 60))
    messages = play((bar(0, ringing, closing),), [])
    assert [(m.position_ticks, m.status & 0x0F, m.is_note_on) for m in messages][:3] == [
        (0, 3, True),
        (480, 3, False),
        (480, 2, True),
    ]


def test_a_note_that_is_struck_again_is_ended_first() -> None:
    messages = play((bar(0, note(0, length_ticks=1000), note(480, cell=1)),), [])
    assert [(m.position_ticks, m.is_note_on) for m in messages] == [(0, True), (480, False), (480, True), (540, False)]


def test_a_missing_bar_is_the_last_one_again_and_a_miss() -> None:
    sequencer = Sequencer()
    sequencer.start(0, until_bar=3)
    sequencer.load(bar(0, note(480)))
    messages = sequencer.advance(3 * BAR_TICKS + 1)
    assert struck(messages) == [(480 + k * BAR_TICKS, 36) for k in range(3)]
    assert sequencer.misses == 2
    check_line(messages)


def test_before_the_first_bar_there_is_silence_and_a_miss() -> None:
    sequencer = Sequencer()
    sequencer.start(0, until_bar=1)
    assert sequencer.advance(BAR_TICKS + 1) == []
    assert sequencer.misses == 1


def test_a_bar_that_comes_late_plays_what_is_left_of_it() -> None:
    sequencer = Sequencer()
    sequencer.start(0, until_bar=2)
    sequencer.load(bar(0, note(480)))
    messages = sequencer.advance(BAR_TICKS + 100)
    assert sequencer.revision(1) == -1
    sequencer.load(bar(1, note(0, 38, cell=1), note(960, 38, cell=2)))
    assert sequencer.revision(1) == 0
    messages += sequencer.advance(2 * BAR_TICKS + 1)
    assert struck(messages) == [(480, 36), (BAR_TICKS + 960, 38)]


@pytest.mark.parametrize("place", [BAR_TICKS - EARLIEST_TICKS, BAR_TICKS - EARLIEST_TICKS + 1])
def test_a_bar_is_missed_once_its_earliest_hit_could_have_sounded(place: int) -> None:
    sequencer = Sequencer()
    sequencer.start(0)
    sequencer.load(bar(0))
    sequencer.advance(place)
    assert sequencer.misses == place - (BAR_TICKS - EARLIEST_TICKS)


def test_a_revision_that_moves_a_struck_hit_does_not_repeat_it() -> None:
    sequencer = Sequencer()
    sequencer.start(0, until_bar=1)
    sequencer.load(bar(0, note(480), note(960, 38, cell=1)))
    messages = sequencer.advance(500)
    sequencer.load(bar(0, note(520), note(1200, 38, cell=1), note(100, 42, cell=2), revision=1))
    messages += sequencer.advance(BAR_TICKS + 1)
    assert struck(messages) == [(480, 36), (1200, 38)]
    check_line(messages)


def test_an_older_revision_is_not_taken() -> None:
    sequencer = Sequencer()
    sequencer.start(0, until_bar=1)
    sequencer.load(bar(0, note(480), revision=2))
    sequencer.load(bar(0, note(960), revision=1))
    assert sequencer.revision(0) == 2
    assert struck(sequencer.advance(BAR_TICKS + 1)) == [(480, 36)]


def test_the_end_ends_all_and_no_early_hit_of_the_bar_after_it_sounds() -> None:
    sequencer = Sequencer()
    sequencer.start(0, until_bar=1)
    sequencer.load(bar(0, note(1900, length_ticks=480)))
    sequencer.load(bar(1, note(-60, 38), note(0, 42, cell=1)))
    messages = sequencer.advance(5 * BAR_TICKS)
    assert [(m.position_ticks, m.data1, m.is_note_on) for m in messages] == [(1900, 36, True), (BAR_TICKS, 36, False)]
    assert sequencer.committed == BAR_TICKS + 1
    assert sequencer.next_position() is None
    assert sequencer.advance(9 * BAR_TICKS) == []


def test_the_end_is_waited_for_whether_a_note_outlasts_it_or_none_sounds() -> None:
    for length_ticks, waited in ((480, [1900, BAR_TICKS]), (5, [1900, 1905, BAR_TICKS])):
        sequencer = Sequencer()
        sequencer.start(0, until_bar=1)
        sequencer.load(bar(0, note(1900, length_ticks=length_ticks)))
        places = []
        sequencer.advance(1)
        while (place := sequencer.next_position()) is not None:
            places.append(place)
            sequencer.advance(place + 1)
        assert places == waited


def test_the_bars_ahead_are_counted_up_to_the_first_that_is_missing() -> None:
    sequencer = Sequencer()
    sequencer.start(0)
    for index in (0, 1, 2, 4):
        sequencer.load(bar(index))
    assert sequencer.ahead() == 2
    sequencer.advance(BAR_TICKS)
    assert sequencer.ahead() == 1


def test_starting_within_a_bar_leaves_out_what_lies_before() -> None:
    sequencer = Sequencer()
    sequencer.start(1, tick=480, until_bar=2)
    sequencer.load(bar(1, note(0), note(479, cell=1), note(480, cell=2), note(960, cell=3)))
    assert struck(sequencer.advance(2 * BAR_TICKS + 1)) == [(BAR_TICKS + 480, 36), (BAR_TICKS + 960, 36)]


def test_the_next_place_is_never_later_than_the_next_message() -> None:
    """A caller that sleeps until `next_position` misses nothing, not even the first hit of the next bar."""
    music = (bar(0, note(0), note(700, cell=1)), bar(1, note(-60), note(3, cell=1)))
    sequencer = Sequencer()
    sequencer.start(0, until_bar=2)
    for revision in music:
        sequencer.load(revision)
    while (place := sequencer.next_position()) is not None and place < 2 * BAR_TICKS:
        for message in sequencer.advance(place + 1):
            assert message.position_ticks == place
