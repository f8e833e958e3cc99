"""Following a MIDI clock: where the leader is in the music, from its ticks, start, continue, stop and song position.

A tick (`TimingClock`, 24 to the beat) has an index, its distance from the start of the song, which is the position.
A known clock's tick is the one that was due nearest to it: one that was lost is counted by the time that passed, one
that came twice or belongs to another clock is not counted. Several evenly spaced ticks that don't fit are another
tempo: then each of them counts.

Start, continue and song position give the next tick its index, while playing too:

    state      start     continue    song position    tick       stop
    STOPPED    ARMED     ARMED       STOPPED          -          STOPPED
    ARMED      ARMED     ARMED       ARMED            ROLLING    STOPPED
    ROLLING    ARMED     ROLLING     ARMED            ROLLING    STOPPED

With a clock that is known already, ARMED is ROLLING at once: the next tick's time is known before it comes.
A clock that is lost is carried on for a beat; then the music rests, or goes on, until it is back.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from instrument.core.phase_loop import LONGEST_TICK_S, SHORTEST_TICK_S, PhaseLoop
from instrument.core.timebase import CLOCKS_PER_BEAT, TICKS_PER_CLOCK

CLOCKS_PER_MIDI_BEAT = 6
LEARNT, SETTLED = 6, 30
"""Ticks after which a clock is known, and known well."""
OWN_JITTERS, DRIFTING, UNSETTLED, UNSETTLED_S = 3.0, 0.9, 0.75, 0.008
"""A tick that strays by so much jitter, or by half a tick, is the one that is due; more is allowed to a clock that is
new, or whose tempo changes."""
FLYWHEEL_CLOCKS = CLOCKS_PER_BEAT
LATE_CLOCKS = 2.5
"""A clock that is silent for longer is missing."""
ECHO_S = 0.0005
"""A tick so soon after another is the same one, on a second way."""
EVEN, SPREAD = 4, 3.0
"""So many intervals; their range by the deviation of one tick."""
JUMPED_JITTERS = 2.0
"""A leader that was located anew and is off by more has its ticks elsewhere now, too."""
EVENNESS, EVENNESS_JITTERS = 0.3, 4.0
ANOTHER_TEMPO, ANOTHER_TEMPO_JITTERS = 0.1, 1.5
"""Intervals are even, and a tempo is another one, by parts of a tick, or by the jitter where that is more."""
MEMORY_CLOCKS = 48
SHOWN_STEP_BPM, SHOWN_JUMP = 0.1, 0.02
STRANGERS, STRANGERS_FORGOTTEN = 12.0, 0.98


class State(Enum):
    STOPPED = "stopped"
    ARMED = "armed"
    ROLLING = "rolling"


class Sync(Enum):
    NO_CLOCK = "no clock"
    FLYWHEEL = "flywheel"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The music is at `position_ticks` at `time_s`, and runs at `tempo_bpm`.

    `leap` changes with every start and every new song position; the music since then began at `from_ticks`.
    """

    position_ticks: float
    time_s: float
    tempo_bpm: float
    leap: int
    from_ticks: int


class ClockFollower:
    """Mutable; one thread. Times are seconds on the clock that stamps the messages, and don't go back."""

    def __init__(self, tempo_bpm: float, *, goes_on: bool = False) -> None:
        """`tempo_bpm`: until the clock is known. `goes_on`: a clock that is lost doesn't stop the music."""
        self._loop = PhaseLoop(60 / (tempo_bpm * CLOCKS_PER_BEAT))
        self._goes_on = goes_on
        self._state = State.STOPPED
        self._seen = 0
        self._first_s = self._last_s = -math.inf
        self._index = -1
        self._pending = 0
        self._assumed: tuple[float, float] | None = None
        self._exact = False
        self._leap, self._from = 0, 0
        self._window: deque[tuple[float, int, bool]] = deque(maxlen=EVEN + 2)
        self._shown_bpm = self._slow_bpm = tempo_bpm
        self._strangers = 0.0

    @property
    def state(self) -> State:
        return self._state

    @property
    def next_ticks(self) -> int:
        """The position of the next tick, or of the one that playing will begin at."""
        return (self._index + 1 if self._state is State.ROLLING else self._pending) * TICKS_PER_CLOCK

    @property
    def tempo_bpm(self) -> float:
        """To a tenth, and steady: it moves when the tempo does, not with the jitter."""
        return self._shown_bpm

    @property
    def jitter_s(self) -> float:
        """How far ticks stray from the line, as a standard deviation over the last two beats."""
        return self._loop.jitter_s

    @property
    def phase_error_s(self) -> float:
        """How late the ticks of the last two beats were by the line, on average."""
        return self._loop.error_s

    @property
    def two_clocks(self) -> bool:
        """Whether ticks keep coming that aren't this clock's."""
        return self._strangers > STRANGERS

    def sync(self, now_s: float) -> Sync:
        silent = (now_s - self._last_s) / self._loop.tick_s
        if self._seen < LEARNT or silent > FLYWHEEL_CLOCKS + 1:
            return Sync.NO_CLOCK
        return Sync.LOCKED if silent <= LATE_CLOCKS else Sync.FLYWHEEL

    def course(self, now_s: float) -> Course | None:
        """Where the music is; None while it rests."""
        lost = now_s - self._last_s > (FLYWHEEL_CLOCKS + 1) * self._loop.tick_s
        if self._state is not State.ROLLING or (lost and not self._goes_on):
            return None
        return Course(
            position_ticks=(self._index + 1) * TICKS_PER_CLOCK,
            time_s=self._loop.next_s,
            tempo_bpm=60 / (self._loop.tick_s * CLOCKS_PER_BEAT),
            leap=self._leap,
            from_ticks=self._from,
        )

    def start(self, at_s: float) -> None:
        """The next tick is the song's first."""
        self.play_from(0, at_s)

    def resume(self, at_s: float) -> None:
        """The next tick is the one after the last, or at the song position."""
        if self._state is State.STOPPED:
            self.play_from(self._pending * TICKS_PER_CLOCK, at_s)

    def stop(self) -> None:
        if self._state is State.ROLLING:
            self._pending = self._index + 1
        self._state = State.STOPPED
        self._assumed = None

    def locate(self, midi_beats: int, at_s: float) -> None:
        """The next tick is at a song position, in sixteenths."""
        self._pending = midi_beats * CLOCKS_PER_MIDI_BEAT
        self._assumed = None
        if self._state is not State.STOPPED:
            self.play_from(self._pending * TICKS_PER_CLOCK, at_s)

    def play_from(self, position_ticks: int, at_s: float) -> None:
        """The next tick is at a position, rounded to a tick's."""
        self._pending = round(position_ticks / TICKS_PER_CLOCK)
        self._assumed = None
        self._state = State.ARMED
        due = at_s - self._loop.next_s < self._loop.tick_s / 2
        if due and self.sync(at_s) is Sync.LOCKED:
            self._roll(self._pending - 1)
            self._exact = True

    def join(self, position_ticks: float, at_s: float) -> None:
        """The leader is believed to be at a position already; the next tick, whenever it comes, is the nearest one.

        The clock itself has to be known anew: a port that was opened again has another clock of its own.
        """
        self._state = State.ARMED
        self._assumed = (position_ticks, at_s)
        self._pending = round(position_ticks / TICKS_PER_CLOCK)
        self.forget_clock()

    @property
    def believes(self) -> bool:
        """Whether the leader's place is only believed, since `join`."""
        return self._assumed is not None

    def believed_ticks(self, now_s: float) -> float:
        """Where the leader should be. Only while it is believed."""
        position, since_s = self._assumed or (0.0, now_s)
        return position + (now_s - since_s) / self._loop.tick_s * TICKS_PER_CLOCK

    def forget_clock(self) -> None:
        """The ticks that come now are stamped by another clock."""
        self._seen = 0
        self._first_s = self._last_s = -math.inf

    def tick(self, at_s: float) -> None:
        """A tick came."""
        if self.believes:
            self._pending = round(self.believed_ticks(at_s) / TICKS_PER_CLOCK)
            self._assumed = None
        steps = self._measure(at_s)
        if steps and self._state is State.ARMED:
            self._roll(self._pending)
        else:
            self._index += steps
        if steps:
            self._exact = False
        self._show()

    def _roll(self, index: int) -> None:
        self._index = index
        self._state = State.ROLLING
        self._leap += 1
        self._from = self._pending * TICKS_PER_CLOCK
        self._window.clear()

    def _measure(self, at_s: float) -> int:
        """Correct the line by a tick. Returns by how many the index grows."""
        gap_s = at_s - self._last_s
        if self._seen and gap_s < ECHO_S:
            self._strangers += 1
            return 0
        self._last_s = at_s
        if self._seen < LEARNT:
            return self._learn(at_s, gap_s)
        steps = self._steps(at_s)
        if gap_s > FLYWHEEL_CLOCKS * self._loop.tick_s:
            self._begin_anew(at_s)
            return steps
        return self._fit(at_s, steps)

    def _steps(self, at_s: float) -> int:
        """By how many ticks the leader went on: one, where jitter explains the error."""
        error_s, tick_s = at_s - self._loop.next_s, self._loop.tick_s
        self._seen = min(self._seen + 1, SETTLED)
        unsettled_s = max(UNSETTLED * tick_s, UNSETTLED_S) if self._seen < SETTLED else 0.0
        own = DRIFTING if self._loop.drifts else 0.5
        if self._exact or abs(error_s) <= max(own * tick_s, OWN_JITTERS * self.jitter_s, unsettled_s):
            return 1
        return max(0, 1 + round(error_s / tick_s))

    def _learn(self, at_s: float, gap_s: float) -> int:
        """The first ticks are counted, and their mean is the tempo."""
        if not self._seen or gap_s > 1.5 * LONGEST_TICK_S:
            self._begin_anew(at_s)
            return 1
        tick_s = (at_s - self._first_s) / self._seen
        self._seen += 1
        self._loop.seed(at_s, tick_s)
        return 1

    def _begin_anew(self, at_s: float) -> None:
        self._seen = 1
        self._first_s = self._last_s = at_s
        self._loop.seed(at_s, self._loop.tick_s)
        self._window.clear()

    def _fit(self, at_s: float, steps: int) -> int:
        loop = self._loop
        error_s = at_s - loop.next_s - (steps - 1) * loop.tick_s
        odd = steps != 1 or abs(error_s) > loop.limit_s
        self._strangers = self._strangers * STRANGERS_FORGOTTEN + (steps == 0)
        located = self._exact or (self._state is State.ARMED and steps > 0)
        if located and (odd or abs(error_s) > JUMPED_JITTERS * self.jitter_s):
            loop.seed(at_s, loop.tick_s)
            return steps
        self._window.append((at_s, self._index + steps, odd))
        if (gaps := self._another_tempo()) is not None:
            steps = self._window[0][1] + len(self._window) - 1 - self._index
            self._window.clear()
            self._strangers = 0.0
            loop.seed(at_s, sum(gaps) / EVEN)
            loop.trust((max(gaps) - min(gaps)) / SPREAD)
        elif steps:
            loop.next_s += (steps - 1) * loop.tick_s
            loop.correct(at_s)
        return steps

    def _another_tempo(self) -> list[float] | None:
        """The last intervals, where they are even and don't fit."""
        window = list(self._window)
        if len(window) < EVEN + 2 or sum(odd for _, _, odd in window[-EVEN:]) < EVEN // 2:
            return None
        gaps = [b[0] - a[0] for a, b in pairwise(window[-EVEN - 1 :])]
        mean, known = sum(gaps) / EVEN, self._loop.tick_s
        even = max(gaps) - min(gaps) <= max(EVENNESS * mean, EVENNESS_JITTERS * self.jitter_s)
        other = abs(mean - known) > max(ANOTHER_TEMPO * known, ANOTHER_TEMPO_JITTERS * self.jitter_s)
        return gaps if even and other and SHORTEST_TICK_S <= mean <= LONGEST_TICK_S else None

    def _show(self) -> None:
        bpm = 60 / (self._loop.tick_s * CLOCKS_PER_BEAT)
        if abs(bpm - self._slow_bpm) > SHOWN_JUMP * self._slow_bpm:
            self._slow_bpm = bpm
        self._slow_bpm += (bpm - self._slow_bpm) / MEMORY_CLOCKS
        if abs(self._slow_bpm - self._shown_bpm) > 0.75 * SHOWN_STEP_BPM:
            self._shown_bpm = round(self._slow_bpm, 1)
