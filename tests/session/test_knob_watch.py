"""Knob to sound: from the turn to the engine's word."""

from __future__ import annotations

from dataclasses import replace

from instrument.core.events import BarNotes
from instrument.session.knob_watch import KnobWatch
from tests.engine.manual import Clock, Stand

PLAYING = replace(Stand().player.status(0.0, connected=True), playing=True)


def revision(bar: int, number: int) -> BarNotes:
    return BarNotes(index=bar, revision=number, notes=())


def test_from_the_first_turn_to_the_word_that_it_plays() -> None:
    clock = Clock()
    watch = KnobWatch(clock)
    assert watch.percentile_ms(0.5) == 0.0
    for wait_s in (0.010, 0.020, 0.030):
        watch.turned()
        clock.now_s += 0.001
        watch.turned()
        watch.sent(revision(4, 5), 3)
        watch.sent(revision(3, 6), 3)
        watch.heard(replace(PLAYING, bar=3, revision=5))
        clock.now_s += wait_s - 0.001
        watch.heard(replace(PLAYING, bar=3, revision=6))
        watch.heard(replace(PLAYING, bar=3, revision=6))
    assert [round(watch.percentile_ms(share), 6) for share in (0.0, 0.5, 0.99)] == [10.0, 20.0, 30.0]


def test_a_turn_at_the_bar_line_teaches_nothing_and_does_not_spoil_the_next() -> None:
    clock = Clock()
    watch = KnobWatch(clock)
    watch.turned()
    watch.sent(revision(3, 1), 3)
    clock.now_s += 5
    watch.heard(replace(PLAYING, bar=4, revision=2))
    watch.turned()
    watch.sent(revision(4, 3), 4)
    clock.now_s += 0.002
    watch.heard(replace(PLAYING, bar=4, revision=3))
    assert round(watch.percentile_ms(0.99), 6) == 2.0
