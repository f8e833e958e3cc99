"""The player by a manual clock: on time, in order, silent when it should be."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.events import ALL_NOTES_OFF, ALL_SOUND_OFF, CONTROL_CHANGE, OUTSIDE
from instrument.core.timebase import BAR_TICKS
from instrument.engine.messages import Load, Panic, Play, Resume, SetOffset, SetTempo, Stop
from instrument.ports.memory import MemorySink
from tests.core.notes import bar, check_line, note
from tests.engine.manual import Stand, beats


def onsets(stand: Stand) -> list[float]:
    """Due times of the note-ons, in seconds after the first, to the microsecond."""
    assert stand.messages
    due = [entry.due_s for entry in stand.sent if entry.message.is_note_on]
    return [round(time - due[0], 6) for time in due]


def test_beats_at_120_are_half_a_second_apart_and_never_late() -> None:
    stand = Stand()
    stand.load(beats(0), beats(1))
    stand.start(until_bar=2)
    stand.run(10)
    assert onsets(stand) == [k / 2 for k in range(8)]
    assert all(entry.sent_s - entry.due_s < 1e-5 for entry in stand.sent)
    check_line(stand.messages)
    status = stand.player.status(stand.clock(), connected=True)
    assert (status.finished, status.playing, status.held, status.misses, status.notes_sent) == (True, False, 0, 0, 8)


@pytest.mark.parametrize("look_ahead_s", [0.0, 0.008, 0.02])
def test_a_sink_that_looks_ahead_gets_messages_so_much_earlier(look_ahead_s: float) -> None:
    stand = Stand(look_ahead_s=look_ahead_s)
    stand.load(beats(0))
    stand.start(until_bar=1)
    handed: list[float] = []
    while (wake := stand.player.step(stand.clock())) is not None:
        handed += [entry.due_s - stand.clock() for entry in stand.sink.collect() if entry.message.is_note_on]
        stand.clock.now_s = max(wake, stand.clock() + 1e-6)
    assert len(handed) == 4
    assert all(abs(ahead - look_ahead_s) < 0.0025 for ahead in handed)


@given(st.floats(20, 300), st.floats(20, 300), st.floats(0.1, 6))
def test_a_new_tempo_holds_for_what_has_not_been_sent(before: float, after: float, at_s: float) -> None:
    stand = Stand(tempo_bpm=before)
    stand.load(*(beats(index) for index in range(40)))
    stand.start()
    stand.run(at_s)
    stand.player.handle(SetTempo(tempo_bpm=after), stand.clock())
    stand.run(30)
    times = onsets(stand)
    gaps = [b - a for a, b in itertools.pairwise(times)]
    odd = [gap for gap in gaps if abs(gap - 60 / before) > 1e-5 and abs(gap - 60 / after) > 1e-5]
    assert len(odd) <= 1
    low, high = sorted((60 / before, 60 / after))
    assert all(low - 1e-5 <= gap <= high + 1e-5 for gap in odd)
    check_line(stand.messages, ended=False)


@given(st.floats(0, 4))
def test_stopping_anywhere_ends_what_sounds(at_s: float) -> None:
    stand = Stand()
    stand.load(*(bar(index, note(0, length_ticks=1900), note(700, 38, cell=1)) for index in range(4)))
    stand.start()
    stand.run(at_s)
    stand.player.handle(Stop(), stand.clock())
    before = len(stand.messages)
    stand.run(10)
    assert len(stand.messages) == before
    check_line(stand.messages)


def test_stopped_and_started_again_it_plays_from_the_bar_line() -> None:
    stand = Stand()
    stand.load(*(beats(index) for index in range(4)))
    stand.start()
    stand.run(2.9)
    stand.player.handle(Stop(), stand.clock())
    assert stand.player.position(stand.clock()) // BAR_TICKS == 1
    stand.sent.clear()
    stand.load(beats(1))
    stand.start(1)
    stand.run(1.9)
    assert [m.position_ticks for m in stand.messages if m.is_note_on] == [BAR_TICKS + k * 480 for k in range(4)]


def test_a_revision_in_mid_bar_changes_what_is_still_to_come() -> None:
    stand = Stand()
    stand.load(beats(0))
    stand.start(until_bar=1)
    stand.run(0.9)
    stand.player.handle(Load(bar=bar(0, note(1200, 38, cell=300), revision=1)), stand.clock())
    stand.run(5)
    assert [(m.position_ticks, m.data1) for m in stand.messages if m.is_note_on] == [(0, 36), (480, 36), (1200, 38)]
    check_line(stand.messages)


@pytest.mark.parametrize("offset_ms", [-20.0, 35.0])
def test_an_offset_moves_everything_alike(offset_ms: float) -> None:
    plain, moved = Stand(look_ahead_s=0.05), Stand(look_ahead_s=0.05)
    moved.player.handle(SetOffset(offset_ms=offset_ms), moved.clock())
    for stand in (plain, moved):
        stand.load(beats(0))
        stand.start(until_bar=1)
        stand.run(5)
    shifts = [round((b.due_s - a.due_s) * 1000, 6) for a, b in zip(plain.sent, moved.sent, strict=True)]
    assert set(shifts) == {offset_ms}


def test_resuming_plays_on_as_if_it_had_never_stopped() -> None:
    stand = Stand()
    stand.load(*(beats(index) for index in range(8)))
    begun = stand.clock()
    stand.player.handle(Resume(position_ticks=5 * BAR_TICKS + 500), begun)
    stand.run(4)
    first = next(entry for entry in stand.sent if entry.message.is_note_on)
    assert first.message.position_ticks == 5 * BAR_TICKS + 960
    assert abs(first.due_s - begun - 460 / 960) < 0.001
    check_line(stand.messages, ended=False)


def test_panic_while_playing_sends_note_offs_only() -> None:
    stand = Stand()
    stand.load(bar(0, note(0, length_ticks=1900)), beats(1))
    stand.start()
    stand.run(1)
    stand.player.handle(Panic(), stand.clock())
    assert check_line(stand.messages) == set()
    assert all(message.status & 0xF0 != CONTROL_CHANGE for message in stand.messages)
    stand.run(2)
    assert any(message.is_note_on and message.position_ticks >= BAR_TICKS for message in stand.messages)


def test_panic_at_rest_tells_every_channel_that_was_used() -> None:
    stand = Stand()
    stand.load(beats(0))
    stand.start()
    stand.run(1)
    stand.player.handle(Stop(), stand.clock())
    stand.player.handle(Panic(), stand.clock())
    said = [(m.status, m.data1) for m in stand.messages if m.status & 0xF0 == CONTROL_CHANGE]
    assert said == [(CONTROL_CHANGE | 9, ALL_NOTES_OFF), (CONTROL_CHANGE | 9, ALL_SOUND_OFF)]


def test_another_sink_goes_on_in_phase_and_ends_the_notes_of_the_first() -> None:
    stand = Stand()
    stand.load(*(bar(index, note(0, length_ticks=1900)) for index in range(4)))
    stand.start()
    stand.run(0.5)
    held, position = stand.player.held, stand.player.position(stand.clock())
    assert held == ((9, 36),)
    new = MemorySink(clock=lambda: stand.clock() - 77.0)
    stand.player.move_to(new, position)
    stand.player.end_notes_again(held, new.now())
    (off,) = [entry.message for entry in new.collect()]
    assert (off.is_note_on, off.data1, off.position_ticks) == (False, 36, OUTSIDE)
    assert abs(stand.player.position(new.now()) - position) < 1


def test_playing_while_playing_starts_anew_and_leaves_nothing_sounding() -> None:
    stand = Stand()
    stand.load(bar(0, note(0, length_ticks=1900)), bar(1, note(0, length_ticks=1900)))
    stand.start()
    stand.run(0.5)
    stand.player.handle(Play(from_bar=0, until_bar=1), stand.clock())
    stand.run(5)
    assert check_line_of_restarts(stand) == set()


def check_line_of_restarts(stand: Stand) -> set[int]:
    sounding: set[int] = set()
    for message in stand.messages:
        (sounding.add if message.is_note_on else sounding.discard)(message.data1)
    return sounding
