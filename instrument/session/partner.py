"""The other player, live: their notes on our grid, how late they come in, what is kept of them, their loop.

What they play is told by the engine with its place in the music. The latency is taken off here; a note that a
controller has learnt is no music and doesn't come this far.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from instrument.core.calibration import CLICKS, latency_ms
from instrument.core.channel_messages import POLY_PRESSURE
from instrument.core.energy import Energy
from instrument.core.events import NOTE_OFF, NOTE_ON, Message
from instrument.core.taps import STEP_TICKS, Tapped
from instrument.core.timebase import BAR_TICKS, PPQ, seconds_to_ticks
from instrument.core.trading import Turn, turn
from instrument.engine.messages import Played
from instrument.session.along import Along, Hearing
from instrument.session.knobs import Knobs

SLACK_TICKS = STEP_TICKS // 2
"""How long a note may be on its way to us, in the music's time, and still count for the boundary that it was played
for."""

CLICK_BARS = CLICKS * PPQ // BAR_TICKS
MOST_LATENCY_MS = 500.0
MOST_KEPT = 2**14
"""Messages that are kept without a recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerView:
    """What the screen shows of the other player. `now`, `last`: their strokes in the bar that sounds and in the one
    before. `turn`: whose bar it is, where bars are traded. `clicks`: beats of a calibration that are still to come, or
    -1. `notes`: how many were listened to. `loop`: the looper's state, and its bars."""

    now: tuple[Tapped, ...] = ()
    last: tuple[Tapped, ...] = ()
    energy: Energy = Energy()  # noqa: RUF009
    turn: Turn | None = None
    clicks: int = -1
    latency_ms: float = 0.0
    notes: int = 0
    loop: str = "empty"
    loop_bars: int = 0


NO_PARTNER = PartnerView()


class Partner:
    """Mutable; its owner keeps other threads out. `records`: all that they play is kept."""

    def __init__(self, hearing: Hearing, *, latency_ms: float = 0.0, records: bool = False) -> None:
        self.along = Along(hearing)
        self.latency_ms = latency_ms
        self._kept: deque[tuple[int, Message]] = deque(maxlen=None if records else MOST_KEPT)
        self._open: set[tuple[int, int]] = set()
        self._notes = 0
        self._clicks_from = -1
        self._clicked: list[int] = []

    def hear(self, played: Iterable[Played], tempo_bpm: float, sent: int) -> None:
        """Notes have come in; `sent`: how many messages had gone out by then."""
        late_ticks = round(seconds_to_ticks(self.latency_ms / 1000, tempo_bpm))
        for note in played:
            if note.position_ticks < 0 or not NOTE_OFF <= note.kind < POLY_PRESSURE:
                continue
            tick = max(note.position_ticks - late_ticks, 0)
            if note.kind == NOTE_ON and self._clicks_from >= 0:
                self._clicked.append(note.position_ticks - self._clicks_from * BAR_TICKS)
            elif note.kind == NOTE_ON and self.along.hear(tick, note.channel, note.data1, note.data2):
                self._notes += 1
                self._open.add((note.channel, note.data1))
                self._keep(sent, tick, note)
            elif note.kind == NOTE_OFF and (note.channel, note.data1) in self._open:
                self._open.discard((note.channel, note.data1))
                self._keep(sent, tick, note)

    def shaped(self, knobs: Knobs, bar: int, position: int) -> Knobs:
        """The knobs of a bar with what the player adds to them by now; clicks while a calibration runs."""
        if 0 <= self._clicks_from <= bar < self._clicks_from + CLICK_BARS:
            return Knobs(epoch=knobs.epoch, preset=knobs.preset, clicks=True)
        return self.along.shaped(knobs, bar, position - SLACK_TICKS)

    def kept(self) -> list[tuple[int, Message]]:
        """What they have played, each with how many messages of ours had gone out by then."""
        return list(self._kept)

    def calibrate(self, bar: int) -> None:
        """Two bars of clicks from the next bar line on; asked for again, none."""
        self._clicks_from = -1 if self._clicks_from >= 0 else bar + 1
        self._clicked = []

    def calibrated(self, position: int, tempo_bpm: float) -> float | None:
        """The latency, once the clicks are over; None before. Raises UnevenError, and the latency stays."""
        over = self._clicks_from >= 0 and position >= (self._clicks_from + CLICK_BARS) * BAR_TICKS
        if not over:
            return None
        clicked, self._clicked, self._clicks_from = self._clicked, [], -1
        self.latency_ms = min(max(latency_ms(clicked, tempo_bpm), -MOST_LATENCY_MS), MOST_LATENCY_MS)
        return self.latency_ms

    def newest(self, position: int) -> tuple[Tapped, ...]:
        """The last whole bar that they played in; the one that sounds where they have played in none."""
        bar = max(position, 0) // BAR_TICKS
        return self.along.strokes(bar - 1) or self.along.strokes(bar)

    def view(self, knobs: Knobs, position: int) -> PartnerView:
        bar = max(position, 0) // BAR_TICKS
        clicks = -1
        if self._clicks_from >= 0:
            clicks = min(max(CLICKS - (position - self._clicks_from * BAR_TICKS) // PPQ, 0), CLICKS)
        return PartnerView(
            now=self.along.strokes(bar),
            last=self.along.strokes(bar - 1),
            energy=self.along.energy(bar) if self._notes else NO_PARTNER.energy,
            turn=turn(bar, knobs.trade) if knobs.trade else None,
            clicks=clicks,
            latency_ms=self.latency_ms,
            notes=self._notes,
            loop=self.along.loop.state.value,
            loop_bars=self.along.loop.bars,
        )

    def _keep(self, sent: int, tick: int, note: Played) -> None:
        message = Message(position_ticks=tick, status=note.kind | note.channel, data1=note.data1, data2=note.data2)
        self._kept.append((sent, message))
