"""What another player's strokes are made into, piece by piece: the grid, the answer, energy, turns, loops, echoes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from instrument.core.answer import TIMEKEEPERS, follow, splice
from instrument.core.bar import GRID, Bar, decode
from instrument.core.calibration import CLICKS, UnevenError, latency_ms
from instrument.core.drums import VOICES, Voice
from instrument.core.echo import SAID_FROM, EchoFilter
from instrument.core.energy import DEAD_BAND, PATIENCE_BARS, Energy, within
from instrument.core.looper import MOST_BARS, Loop, State
from instrument.core.taps import (
    BOUNDARIES,
    DEAF_STEPS,
    STEP_TICKS,
    Tapped,
    asked_to_keep,
    boundary,
    fold,
    known,
    loudest,
    tap_of,
)
from instrument.core.timebase import BAR_TICKS, PPQ
from instrument.core.trading import turn

velocities = st.integers(1, 127)
strokes_of_a_bar = st.lists(
    st.builds(Tapped, st.integers(-60, BAR_TICKS - 61), velocities, st.integers(-1, VOICES - 1)), max_size=24
).map(fold)


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    chance = np.random.Generator(np.random.Philox(draw(st.integers(0, 2**32))))
    onset = np.zeros(GRID.shape, np.float32)
    onset[0] = chance.random(GRID.shape[1:]) < draw(st.floats(0, 0.5))
    onset[1] = onset[0] * (chance.random(GRID.shape[1:]) < 0.1)
    velocity = onset * chance.uniform(1 / 127, 1, GRID.shape).astype(np.float32)
    offset = onset * chance.uniform(-0.45, 0.45, GRID.shape).astype(np.float32)
    return Bar(onset=onset, velocity=velocity, offset=offset)


def same(one: Bar, other: Bar) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("onset", "velocity", "offset"))


@given(st.integers(-2 * BAR_TICKS, 2 * BAR_TICKS), velocities)
def test_a_stroke_is_its_step_and_what_it_is_off(tick: int, velocity: int) -> None:
    stroke = Tapped(tick, velocity)
    assert -0.5 <= stroke.off < 0.5
    assert round((stroke.step + stroke.off) * STEP_TICKS) == tick


@given(st.integers(-BAR_TICKS, BAR_TICKS - 1))
def test_a_boundary_is_reached_when_its_last_step_has_ended(tick: int) -> None:
    at = boundary(tick)
    ends = [(2 * number - DEAF_STEPS) * STEP_TICKS + STEP_TICKS // 2 for number in range(BOUNDARIES)]
    assert at == max((number for number, end in enumerate(ends) if tick >= end), default=-1)


@given(st.lists(st.builds(Tapped, st.integers(-2100, 1800), velocities), max_size=40), st.integers(0, BOUNDARIES - 1))
def test_what_a_boundary_knows_is_one_bar_and_nothing_later(strokes: list[Tapped], at: int) -> None:
    steps = [stroke.step for stroke in known(strokes, at)]
    assert all(2 * at - DEAF_STEPS - 16 < step <= 2 * at - DEAF_STEPS for step in steps)
    later = [Tapped(stroke.tick + BAR_TICKS, stroke.velocity) for stroke in strokes]
    assert known(strokes, at) == known([*strokes, *(s for s in later if s.step > 2 * at - DEAF_STEPS)], at)


def test_no_stroke_waits_longer_than_a_beat() -> None:
    """From its tick to the line of the first boundary that knows it, whatever its place."""
    for tick in range(BAR_TICKS):
        stroke = Tapped(tick - BAR_TICKS, 100)
        lines = [at * 2 * STEP_TICKS + bar * BAR_TICKS for bar in (-1, 0) for at in range(BOUNDARIES)]
        first = min(line for line in lines if stroke.step <= line // STEP_TICKS - DEAF_STEPS)
        assert 0 < first - stroke.tick <= PPQ


def test_a_tap_is_as_a_net_hears_it() -> None:
    tap = tap_of([Tapped(0, 127), Tapped(130, 64), Tapped(BAR_TICKS - 150, 100)])
    assert tap is not None
    assert tap.shape == (4, 16)
    assert np.flatnonzero(tap[0]).tolist() == [0, 1, 15]
    assert tap[2, 1] == pytest.approx(2 * 10 / STEP_TICKS)
    assert tap[2, 15] == pytest.approx(-2 * 30 / STEP_TICKS)
    assert (tap[3] == 1).all()
    assert tap_of([]) is None


@given(bars(), strokes_of_a_bar)
def test_all_of_follow_answers_every_stroke_as_it_was_played(bar: Bar, strokes: tuple[Tapped, ...]) -> None:
    answered = follow(bar, strokes, 1.0)
    tapped = loudest(strokes)
    for step, stroke in tapped.items():
        assert answered.onset[0, :, step].any()
        assert answered.velocity[:, :, step].max() == pytest.approx(stroke.velocity / 127, abs=0.01)
    if strokes:
        loud = [voice for voice in range(VOICES) if voice not in TIMEKEEPERS]
        assert {int(step) for step in np.flatnonzero(answered.onset[0, loud].any(axis=0))} <= set(tapped)
    decode(answered)


@given(bars(), strokes_of_a_bar, st.frozensets(st.integers(0, VOICES - 1)))
def test_barred_voices_answer_nothing(bar: Bar, strokes: tuple[Tapped, ...], barred: frozenset[int]) -> None:
    answered = follow(bar, strokes, 1.0, barred)
    for voice in barred:
        assert (answered.onset[:, voice] <= bar.onset[:, voice]).all()


@given(bars(), strokes_of_a_bar)
def test_none_of_follow_or_no_strokes_change_nothing(bar: Bar, strokes: tuple[Tapped, ...]) -> None:
    assert follow(bar, strokes, 0.0) is bar
    assert follow(bar, (), 1.0) is bar


@given(bars(), bars(), st.integers(1, 15))
def test_a_splice_keeps_what_comes_before_its_line(early: Bar, late: Bar, step: int) -> None:
    spliced = splice(early, late, step)
    line = step * STEP_TICKS

    def before(bar: Bar) -> list[tuple[int, int, int]]:
        hits, _cells = decode(bar)
        kept = hits.tick < line
        return list(zip(hits.tick[kept], hits.voice[kept], hits.velocity[kept], strict=True))

    def early_enough(bar: Bar) -> list[tuple[int, int, int]]:
        return [row for row in before(bar) if row[0] < line - STEP_TICKS // 2]

    assert early_enough(spliced) == early_enough(early)
    assert set(before(spliced)) == set(before(early))
    assert same(splice(early, late, 0), late)
    assert splice(early, early, step) is early


def test_energy_lets_small_changes_pass_and_follows_large_ones() -> None:
    def bar(count: int, velocity: int) -> list[Tapped]:
        return [Tapped(step * STEP_TICKS, velocity) for step in range(count)]

    energy = Energy()
    for _ in range(8):
        energy = energy.after(bar(12, 115))
    assert energy.busy > 1 - DEAD_BAND
    assert energy.hard > 1 - DEAD_BAND
    assert energy.after(bar(11, 112)) == energy
    for _ in range(8):
        energy = energy.after(bar(2, 35))
    assert energy.busy < 0.17 + DEAD_BAND
    assert energy.hard < 0.06 + DEAD_BAND
    for _ in range(PATIENCE_BARS):
        assert not energy.is_silent
        energy = energy.after([])
    assert energy.is_silent
    assert not energy.after(bar(1, 100)).is_silent
    assert within(0.5, 0.2, 0.4) == pytest.approx(0.3)


def test_turns_keep_the_form_a_thousand_times() -> None:
    for bars_each in range(1, 17):
        whose = [turn(index, bars_each) for index in range(1000)]
        assert [t.ours for t in whose] == [index // bars_each % 2 == 1 for index in range(1000)]
        assert all(t.begins == (index % bars_each == 0) for index, t in enumerate(whose))
        assert all(t.ends == (index % bars_each == bars_each - 1) for index, t in enumerate(whose))


@given(st.floats(-120, 120), st.floats(0, 15), st.floats(60, 240), st.integers(0, 2**32))
def test_a_latency_is_found(late_ms: float, jitter_ms: float, tempo_bpm: float, seed: int) -> None:
    chance = np.random.default_rng(seed)
    per_ms = tempo_bpm * PPQ / 60_000
    ticks = [round(beat * PPQ + per_ms * (late_ms + chance.uniform(-jitter_ms, jitter_ms))) for beat in range(CLICKS)]
    assert latency_ms(ticks, tempo_bpm) == pytest.approx(late_ms, abs=jitter_ms + 1.5)


def test_clicks_that_were_not_played_or_not_evenly_tell_no_latency() -> None:
    with pytest.raises(UnevenError, match="3 of 8"):
        latency_ms([0, PPQ, 2 * PPQ], 120)
    with pytest.raises(UnevenError, match="too far apart"):
        latency_ms([beat * PPQ + (150 if beat % 2 else -150) for beat in range(CLICKS)], 120)


def test_an_echo_is_known_once_and_a_howl_is_told() -> None:
    echo = EchoFilter()
    for number in range(SAID_FROM):
        echo.sent(number * 0.1, 9, 38, 90)
        assert not echo.is_echo(number * 0.1 + 0.01, 9, 38, 91)
        assert not echo.is_echo(number * 0.1 + 0.2, 9, 38, 90) or number == 0
        assert not echo.howls(number * 0.1)
        assert echo.is_echo(number * 0.1 + 0.02, 9, 38, 90)
        assert not echo.is_echo(number * 0.1 + 0.03, 9, 38, 90), "each of ours is looked for once"
    assert echo.howls(1.0)
    assert not echo.howls(10.0)


class LooperStates(RuleBasedStateMachine):
    """A looper against a list of what was played."""

    def __init__(self) -> None:
        super().__init__()
        self.loop, self.bar = Loop(), 0
        self.taken: list[Tapped] = []

    @rule(bars=st.integers(1, 3))
    def play_on(self, bars: int) -> None:
        for _ in range(bars):
            self.bar += 1
            self.loop = self.loop.at(self.bar)

    @rule()
    def press(self) -> None:
        self.loop = self.loop.pressed(self.bar)
        if self.loop.state is State.EMPTY:
            self.taken = []

    @rule()
    def clear(self) -> None:
        self.loop, self.taken = Loop(), []

    @rule(step=st.integers(0, 15), velocity=velocities)
    def strike(self, step: int, velocity: int) -> None:
        stroke = Tapped(self.bar * BAR_TICKS + step * STEP_TICKS, velocity)
        takes = self.loop.state in (State.RECORDS, State.OVERDUBS) and self.bar >= self.loop.first
        self.loop = self.loop.heard(stroke) if self.loop.state is not State.PLAYS else self.loop
        if takes:
            self.taken.append(stroke)

    @precondition(lambda self: self.loop.bars)
    @invariant()
    def what_was_played_comes_round_in_its_place(self) -> None:
        length = self.loop.bars
        assert 1 <= length <= MOST_BARS
        for stroke in self.taken:
            bar = (stroke.step // 16 - self.loop.first) % length
            placed = Tapped(stroke.tick % BAR_TICKS, stroke.velocity)
            for time in range(2):
                assert placed in self.loop.bar(self.loop.first + bar + time * length)
        total = sum(len(self.loop.bar(self.loop.first + bar)) for bar in range(length))
        assert total == len(self.taken)


TestLooperStates = LooperStates.TestCase


def test_the_voice_of_an_answer_fits_its_place() -> None:
    empty = _empty()
    answered = follow(empty, (Tapped(0, 110), Tapped(4 * STEP_TICKS, 100), Tapped(7 * STEP_TICKS, 40)), 1.0)
    found = {(Voice(voice), int(step)) for voice, step in np.argwhere(answered.onset[0] > 0.5)}
    assert found == {(Voice.KICK, 0), (Voice.SNARE, 4), (Voice.SNARE, 7)}


def _empty() -> Bar:
    zeros = np.zeros(GRID.shape, np.float32)
    return Bar(onset=zeros, velocity=zeros, offset=zeros)


def test_a_net_is_asked_for_what_it_was_taught_to_keep_and_more_of_it_the_more_it_follows() -> None:
    kick, loud = Tapped(0, 90, Voice.KICK), Tapped(4 * STEP_TICKS, 64, Voice.SNARE)
    ghost, hat = Tapped(5 * STEP_TICKS, 63, Voice.SNARE), Tapped(0, 127, Voice.CLOSED_HAT)
    assert asked_to_keep([kick, loud, ghost, hat], 1.0) == (kick, loud)
    assert asked_to_keep([kick, loud, ghost, hat], 0.5) == (kick,)
    assert asked_to_keep([hat], 1.0) == ()
    melody = tuple(Tapped(step * STEP_TICKS, 20 + step) for step in range(8))
    for share, count in ((0.0, 0), (0.01, 1), (0.5, 4), (1.0, 8)):
        assert asked_to_keep(melody, share) == melody[8 - count :]
