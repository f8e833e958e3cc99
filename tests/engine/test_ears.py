"""What hands send reaches the player's process: with its time and place in the music, and never too much at once."""

from __future__ import annotations

import pickle

from instrument.engine.ears import MOST_READ, MOST_REPORTED, Ears
from instrument.engine.following import Switches
from instrument.engine.messages import Heard, Played
from instrument.engine.wire import HEADER
from instrument.ports.contract import MOST_WAITING, Arrived
from tests.engine.leader import Leader
from tests.engine.manual import Stand, beats

PIPE_BYTES = 4096
"""What a pipe takes without waiting, where it says that it has room (POSIX, PIPE_BUF on Linux)."""


def heard(stand: Stand) -> tuple[Played, ...]:
    stand.listen()
    while stand.player.ears.read():
        pass
    return stand.player.ears.take().events


def told(ears: Ears) -> Heard:
    while ears.read():
        pass
    assert ears.waiting
    return ears.take()


def test_a_hit_has_its_time_and_its_place_in_the_music() -> None:
    stand = Stand(tempo_bpm=120)
    stand.load(beats(0))
    stand.start()
    stand.run(0.03 + 0.5)
    stand.sink.arrive(bytes((0x99, 38, 100)), stand.clock() - 0.1, "Pads:out")
    (played,) = heard(stand)
    assert (played.kind, played.channel, played.data1, played.data2) == (0x90, 9, 38, 100)
    assert (played.at_s, played.port) == (stand.clock() - 0.1, "Pads:out")
    assert played.position_ticks == 480 - 96


def test_a_hit_has_no_place_where_the_music_rests_and_is_never_before_its_start() -> None:
    stand = Stand()
    stand.sink.arrive(bytes((0x90, 38, 100)), stand.clock())
    assert [played.position_ticks for played in heard(stand)] == [-1]
    stand.start()
    stand.sink.arrive(bytes((0x90, 38, 100)), stand.clock())
    assert [played.position_ticks for played in heard(stand)] == [0]


def test_a_hit_is_placed_in_a_leaders_music_and_its_clock_is_not_told() -> None:
    stand = Stand(switches=Switches(clock=True, transport=True))
    leader = Leader(stand, tempo_bpm=100)
    stand.start()
    leader.ticks(48)
    leader.start()
    leader.beats(2)
    assert not heard(stand)
    stand.sink.arrive(bytes((0xF8, 0x99, 0xFE, 38, 100)), stand.clock())
    found = [played for played in heard(stand) if played.kind == 0x90]
    assert len(found) == 1
    assert abs(found[0].position_ticks - leader.position()) < 2


def test_nothing_that_comes_in_goes_out() -> None:
    stand = Stand()
    for data in ((0x90, 60, 100), (0xB0, 74, 3), (0xC0, 4), (0xE0, 0, 64)):
        stand.sink.arrive(bytes(data), stand.clock())
    assert len(heard(stand)) == 4
    assert not stand.messages


def test_two_ports_in_running_status_do_not_mix() -> None:
    ears = Ears()
    for data, port in (((0xB0, 1, 2), "a"), ((0x90, 3, 4), "b"), ((1, 5), "a"), ((6, 7), "b")):
        ears.hear(Arrived(data=bytes(data), at_s=0.0, port=port), -1)
    found = [(played.port, played.kind, played.data1, played.data2) for played in told(ears).events]
    assert found == [("b", 0x90, 3, 4), ("a", 0xB0, 1, 5), ("b", 0x90, 6, 7)]


def test_a_controller_that_moves_on_is_told_where_it_is_but_a_pedals_press_is_kept() -> None:
    ears = Ears()
    for value in (3, 10, 90, 127, 80, 5, 2):
        ears.hear(Arrived(data=bytes((0xB0, 64, value)), at_s=0.0), -1)
    assert [played.data2 for played in told(ears).events] == [80, 2]


def test_a_flood_is_cut_and_counted_and_the_newest_place_of_a_controller_survives() -> None:
    ears = Ears()
    for k in range(3000):
        ears.hear(Arrived(data=bytes((0xB0, 7, k % 60, 0x90, k % 128, 99)), at_s=k * 1e-4), -1)
    report = told(ears)
    assert len(report.events) == MOST_REPORTED
    assert [played.data2 for played in report.events if played.kind == 0xB0] == [2999 % 60]
    assert report.dropped == 3000 - (MOST_REPORTED - 1)


def test_only_a_little_is_read_at_once() -> None:
    ears = Ears()
    for k in range(MOST_READ + 1):
        ears.hear(Arrived(data=bytes((0x90, k, 99)), at_s=0.0), -1)
    assert ears.read()
    assert len(ears.take().events) == MOST_READ
    assert not ears.read()


def test_what_is_not_read_in_time_is_lost_oldest_first_and_counted() -> None:
    ears = Ears()
    for k in range(MOST_WAITING + 10):
        ears.hear(Arrived(data=bytes((0xB0, 7, k % 60)), at_s=float(k)), -1)
    assert told(ears).dropped == 10


def test_the_longest_report_fits_into_a_pipe_that_has_room() -> None:
    ears = Ears()
    for k in range(MOST_REPORTED):
        ears.hear(Arrived(data=bytes((0x9F, k, 127)), at_s=1e5 + k / 7, port="A long name of a port" * 6), 10**7 + k)
    report = told(ears)
    assert len(report.events) == MOST_REPORTED
    assert len(pickle.dumps(report, pickle.HIGHEST_PROTOCOL)) + HEADER.size <= PIPE_BYTES
