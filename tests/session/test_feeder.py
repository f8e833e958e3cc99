"""The feeder: two bars ahead, at once anew when a knob turns, and never nothing, whatever the net does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from instrument.core.bar import Bar
from instrument.core.drums import GM_KIT
from instrument.core.timebase import BAR_TICKS, PPQ
from instrument.engine.messages import Load, Play
from instrument.engine.player import Player
from instrument.model.scripted import ScriptedBarModel, ScriptedPreset
from instrument.ports.memory import MemorySink
from instrument.session.composer import Composed, Composer
from instrument.session.feeder import BARS_AHEAD, HANG_S, PATIENCE_S, READY_TICKS, Feeder
from instrument.session.net_worker import Made, NetWorker
from instrument.session.view import Knobs
from tests.engine.manual import Clock

KNOBS = Knobs(epoch=4)


class ScriptedWorker:
    """Answers each order after `takes_s` of the clock, or never."""

    def __init__(self, compose: Callable[[int, Knobs], Composed], clock: Clock) -> None:
        self.takes_s: float | None = 0.0
        self.closed = False
        self._compose, self._clock = compose, clock
        self._order: tuple[int, Knobs, float] | None = None

    def ask(self, index: int, knobs: Knobs) -> None:
        assert self._order is None
        assert not self.closed
        self._order = (index, knobs, self._clock())

    def collect(self) -> list[Made]:
        if self._order is None or self.takes_s is None or self._clock() < self._order[2] + self.takes_s:
            return []
        (index, knobs, since), self._order = self._order, None
        composed, error = None, ""
        try:
            composed = self._compose(index, knobs)
        except Exception as problem:
            error = str(problem)
        return [Made(index=index, knobs=knobs, composed=composed, error=error, seconds=self._clock() - since)]

    def busy_s(self) -> float:
        return 0.0 if self._order is None else max(self._clock() - self._order[2], 1e-9)

    def close(self) -> None:
        self.closed = True


class Stand:
    """A feeder over scripted nets, its clock in our hand. `spoil` does what it likes with an order."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.knobs = KNOBS
        self.spoil: Callable[[int, Knobs], None] = lambda index, knobs: None
        self.workers: list[ScriptedWorker] = []
        self.composer = Composer(ScriptedPreset(), GM_KIT, 7)
        self.feeder = Feeder(self.composer, self._worker)

    def _worker(self) -> ScriptedWorker:
        self.workers.append(ScriptedWorker(self._compose, self.clock))
        return self.workers[-1]

    def _compose(self, index: int, knobs: Knobs) -> Composed:
        self.spoil(index, knobs)
        return self.composer.compose(index, knobs)

    def feed(self, position: int, times: int = 2 * (BARS_AHEAD + 1)) -> list[int]:
        """The bars that the engine is told, in order."""
        return [bar.index for _ in range(times) for bar in self.feeder.feed(position, lambda index: self.knobs)]

    def made_from(self, index: int) -> Knobs:
        fed = self.feeder.fed[index]
        assert fed.composed.notes == self.composer.compose(index, fed.knobs).notes
        return fed.knobs


def test_the_bar_that_sounds_comes_first_and_two_ahead() -> None:
    stand = Stand()
    assert stand.feed(0) == [0, 1, 2]
    assert stand.feed(BAR_TICKS) == [3]
    assert set(stand.feeder.fed) == {0, 1, 2, 3}
    assert stand.feed(17 * BAR_TICKS + 5) == [17, 18, 19]


def test_a_turned_knob_is_heard_in_the_bar_that_sounds_unless_changes_are_held() -> None:
    stand = Stand()
    stand.feed(0)
    stand.knobs = replace(KNOBS, density=0.9)
    assert stand.feed(100) == [0, 1, 2]
    stand.feeder.holds_changes = True
    stand.knobs = replace(KNOBS, density=0.1)
    assert stand.feed(200) == [1, 2]
    assert (stand.made_from(0).density, stand.made_from(1).density) == (0.9, 0.1)


def test_a_higher_revision_is_told_each_time() -> None:
    stand = Stand()
    revisions = []
    for step in range(20):
        stand.knobs = replace(KNOBS, density=step / 20)
        for _ in range(6):
            revisions += [bar.revision for bar in stand.feeder.feed(step * 90, lambda index: stand.knobs)]
    assert all(a < b for a, b in pairwise(revisions))


def test_a_net_that_fails_is_stood_in_for_said_and_tried_again_at_the_next_bar() -> None:
    stand = Stand()
    stand.feed(0)

    def broken(index: int, knobs: Knobs) -> None:
        if index == 3:
            raise ValueError("no good")

    stand.spoil = broken
    assert stand.feed(BAR_TICKS) == []
    assert stand.feeder.trouble == "no good"
    assert 3 not in stand.feeder.fed
    stand.feed(2 * BAR_TICKS)
    assert stand.feed(2 * BAR_TICKS + READY_TICKS) == [3]
    assert (stand.feeder.misses, stand.feeder.fed[3].stands_in) == (1, True)
    assert stand.feed(3 * BAR_TICKS) == [5]
    assert stand.feeder.trouble == ""


def test_what_stands_in_is_the_last_bar_and_not_frozen() -> None:
    stand = Stand()
    stand.feed(0)
    stand.spoil = lambda index, knobs: (_ for _ in ()).throw(ValueError("gone"))
    last = stand.feeder.fed[2].composed.given
    for bar in range(2, 6):
        stand.feed(bar * BAR_TICKS + READY_TICKS)
    bars = [stand.feeder.fed[index].composed for index in (4, 5, 6)]
    assert all(bar.given is last for bar in bars)
    assert len({bar.notes for bar in bars}) == 3
    assert len({frozenset(note.cell for note in bar.notes) for bar in bars}) == 1
    assert stand.feeder.misses == 4


def test_a_slow_net_is_stood_in_for_until_its_bar_comes() -> None:
    stand = Stand()
    stand.feed(0)
    stand.workers[0].takes_s = 0.5
    stand.feed(2 * BAR_TICKS)
    stand.clock.now_s += PATIENCE_S + 0.01
    assert stand.feed(2 * BAR_TICKS + READY_TICKS) == [3]
    assert stand.feeder.fed[3].stands_in
    stand.clock.now_s += 0.5
    assert 3 in stand.feed(2 * BAR_TICKS + READY_TICKS + 1)
    assert not stand.feeder.fed[3].stands_in
    assert stand.feeder.misses == 1


def test_a_net_that_hangs_is_given_up_with_its_epoch_and_another_epoch_plays() -> None:
    stand = Stand()
    stand.feed(0)
    stand.workers[0].takes_s = None
    stand.feed(2 * BAR_TICKS)
    stand.clock.now_s += HANG_S + 0.01
    stand.feed(2 * BAR_TICKS + READY_TICKS)
    assert stand.workers[0].closed
    assert "epoch 4 hangs" in stand.feeder.trouble
    assert stand.feeder.fed[3].stands_in
    stand.knobs = replace(KNOBS, epoch=2)
    assert stand.feed(2 * BAR_TICKS + READY_TICKS) == [2, 3, 4]
    assert stand.made_from(3).epoch == 2
    assert len(stand.workers) == 2


def test_numbers_that_are_none_are_a_failure_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    stand = Stand()
    stand.feed(0)

    def nowhere(*_: object) -> Bar:
        empty = np.full((2, 9, 16), np.nan, np.float32)
        return Bar.from_outputs(empty, empty, empty)

    monkeypatch.setattr(ScriptedBarModel, "bar", nowhere)
    assert stand.feed(2 * BAR_TICKS + READY_TICKS) == [3]
    assert "not finite" in stand.feeder.trouble
    assert stand.feeder.fed[3].stands_in


def test_presets_and_epochs_swapped_every_beat_for_ten_thousand_bars_lose_no_beat() -> None:
    """Through a player on a memory port; the kick stands on every beat, and each epoch has a note of its own."""
    bars, rest = 10_000, Stand().composer.compose(0, KNOBS)
    kicks = {
        (preset, epoch): replace(
            rest,
            notes=tuple(
                replace(rest.notes[0], tick=beat * PPQ, note=36 + epoch, cell=beat * 4, chokes=None, length_ticks=60)
                for beat in range(4)
            ),
        )
        for preset in ("", "other")
        for epoch in (1, 2, 4)
    }
    clock = Clock()
    feeder = Feeder(
        Stand().composer, lambda: ScriptedWorker(lambda index, knobs: kicks[knobs.preset, knobs.epoch], clock)
    )
    sink = MemorySink(clock=clock, look_ahead_s=0.0)
    player = Player(sink, 300.0)
    beats: list[int] = []
    knobs = KNOBS
    for beat in range(4 * bars):
        knobs = replace(knobs, preset=("", "other")[beat % 2], epoch=(1, 2, 4)[beat % 3])
        position = beat * PPQ - PPQ // 2
        for _ in range(2 * (BARS_AHEAD + 1)):
            for bar in feeder.feed(max(position, 0), lambda index: knobs):  # noqa: B023
                player.handle(Load(bar=bar), clock())
        if beat == 0:
            player.handle(Play(from_bar=0), clock())
        clock.now_s += 60 / 300
        player.step(clock())
        for sent in player.collect(clock()):
            if sent.message.is_note_on:
                assert sent.message.data1 == 36 + knobs.epoch
                beats.append(sent.message.position_ticks)
    assert beats == [beat * PPQ for beat in range(len(beats))]
    assert len(beats) >= 4 * bars - 1
    assert player.status(clock(), connected=True).misses == feeder.misses == 0


def test_the_nets_thread_answers_says_why_it_can_not_and_ends() -> None:
    from threading import Event

    done = Event()

    def compose(index: int, knobs: Knobs) -> Composed:
        if index:
            raise ValueError("no good")
        return Stand().composer.compose(index, knobs)

    worker = NetWorker(compose, done.set)
    for index, error in ((0, ""), (1, "no good")):
        assert worker.busy_s() == 0
        worker.ask(index, KNOBS)
        assert worker.busy_s() > 0
        assert done.wait(20)
        done.clear()
        (made,) = worker.collect()
        assert (made.index, made.error, made.composed is None) == (index, error, bool(error))
    worker.close()
