"""The player: commands in, messages out, at the sink's time. It holds no clock and sleeps nowhere.

The loop around it calls `handle` for each command and `step` at the time that the last `step` asked for. Positions
become seconds only when a message is handed to the sink, so a new tempo holds for everything that hasn't been.
"""

from __future__ import annotations

import math

from instrument.core.events import ALL_NOTES_OFF, ALL_SOUND_OFF, CONTROL_CHANGE, OUTSIDE, Message, note_off
from instrument.core.sequencer import Sequencer
from instrument.core.timebase import BAR_TICKS, bar_and_tick, seconds_to_ticks
from instrument.core.transport import Transport
from instrument.engine.lateness import Lateness
from instrument.engine.messages import (
    Command,
    Load,
    Panic,
    Play,
    Resume,
    Sent,
    SetOffset,
    SetTempo,
    Status,
    Stop,
)
from instrument.ports.contract import OutSink

START_DELAY_S = 0.03
"""From the play command to the first bar line, so that its hits are handed over in time."""


class Player:
    """Mutable; one thread, the engine's. Times are the sink's."""

    def __init__(self, sink: OutSink, tempo_bpm: float, offset_ms: float = 0.0) -> None:
        self.sink = sink
        self._transport = Transport(tempo_bpm)
        self._sequencer = Sequencer()
        self._lateness = Lateness()
        self._offset_s = offset_ms / 1000
        self._notes_sent = 0
        self._channels: set[int] = set()
        self._finished = False

    def handle(self, command: Command, now: float) -> None:
        """Carry out a command. `Close` is the loop's."""
        match command:
            case Load(bar=bar):
                self._sequencer.load(bar)
            case Play(from_bar=bar, until_bar=until_bar):
                self._play(bar, until_bar, now)
            case Resume(position_ticks=position, until_bar=until_bar):
                self._resume(position, until_bar, now)
            case Stop():
                self.silence(now)
            case SetTempo(tempo_bpm=tempo_bpm):
                self._transport.set_tempo(tempo_bpm, max(self._sequencer.committed, self._transport.position(now)))
            case SetOffset(offset_ms=offset_ms):
                self._offset_s = offset_ms / 1000
            case Panic():
                self._panic(now)

    def step(self, now: float) -> float | None:
        """Hand over what is due; answers when to be called again, or None while nothing is waiting."""
        if not self._transport.playing:
            return None
        horizon = now + self.sink.look_ahead_s - self._offset_s
        until = math.floor(self._transport.position(horizon) + 1e-6) + 1
        if until > self._sequencer.committed:
            for message in self._sequencer.advance(until):
                self._hand_over(message)
        end = self._sequencer.end
        if end is not None and self._sequencer.committed > end:
            self._transport.stop(self._transport.time_of(end))
            self._finished = True
            return None
        position = self._sequencer.next_position()
        if position is None:
            return None
        return self._transport.time_of(position) + self._offset_s - self.sink.look_ahead_s

    def collect(self, now: float) -> list[Sent]:
        """What has gone out, counted into the lateness."""
        sent = self.sink.collect()
        for entry in sent:
            if entry.message.is_note_on:
                self._notes_sent += 1
                self._lateness.add(now, entry.sent_s - entry.due_s)
        return sent

    def silence(self, now: float) -> None:
        """Stop, and end what sounds."""
        position = max(math.ceil(self._transport.position(now)), self._sequencer.committed)
        self._end_notes(position, max(now, self._transport.time_of(position)) if self._transport.playing else now)
        self._transport.stop(now)

    def move_to(self, sink: OutSink, position: float) -> None:
        """Go on with another sink, whose clock is another one, from a position; notes of the old one are forgotten."""
        playing = self._transport.playing
        self.sink = sink
        if playing:
            self._transport.start(position, sink.now())

    def end_notes_again(self, notes: tuple[tuple[int, int], ...], now: float) -> None:
        """Note-offs for what another sink, now gone, had sounding."""
        for channel, note in notes:
            self.sink.send(note_off(OUTSIDE, channel, note), now)

    def position(self, now: float) -> float:
        return self._transport.position(now)

    @property
    def playing(self) -> bool:
        return self._transport.playing

    @property
    def held(self) -> tuple[tuple[int, int], ...]:
        return self._sequencer.held

    def status(self, now: float, *, connected: bool, receivers: tuple[str, ...] = ()) -> Status:
        p50, p99, largest = self._lateness.percentiles_ms()
        position = math.floor(self._transport.position(now) + 1e-6)
        return Status(
            now_s=now,
            playing=self._transport.playing,
            position_ticks=position,
            tempo_bpm=self._transport.tempo_bpm,
            bar=position // BAR_TICKS,
            revision=self._sequencer.revision(position // BAR_TICKS),
            ahead_bars=self._sequencer.ahead(),
            notes_sent=self._notes_sent,
            misses=self._sequencer.misses,
            held=len(self._sequencer.held),
            lateness_p50_ms=p50,
            lateness_p99_ms=p99,
            lateness_max_ms=largest,
            connected=connected,
            finished=self._finished,
            receivers=receivers,
        )

    def _play(self, bar: int, until_bar: int, now: float) -> None:
        if self._transport.playing:
            self.silence(now)
        self._finished = False
        self._sequencer.start(bar, until_bar=until_bar)
        self._transport.start(bar * BAR_TICKS, now + START_DELAY_S + self.sink.look_ahead_s)

    def _resume(self, position: int, until_bar: int, now: float) -> None:
        """A moment ahead, so that what lies right after it is still in time."""
        delay_s = START_DELAY_S + self.sink.look_ahead_s
        bar, tick = bar_and_tick(position + round(seconds_to_ticks(delay_s, self._transport.tempo_bpm)))
        self._finished = False
        self._sequencer.start(bar, tick=tick, until_bar=until_bar)
        self._transport.start(bar * BAR_TICKS + tick, now + delay_s)

    def _panic(self, now: float) -> None:
        """While playing only note-offs: a controller message would choke some modules (Ardour PR#968)."""
        self._end_notes(max(math.ceil(self._transport.position(now)), self._sequencer.committed), now)
        if not self._transport.playing:
            for channel in sorted(self._channels):
                for controller in (ALL_NOTES_OFF, ALL_SOUND_OFF):
                    message = Message(
                        position_ticks=OUTSIDE, status=CONTROL_CHANGE | channel, data1=controller, data2=0
                    )
                    self.sink.send(message, now)

    def _end_notes(self, position: int, due_s: float) -> None:
        for message in self._sequencer.end_held(position):
            self.sink.send(message, due_s)

    def _hand_over(self, message: Message) -> None:
        self._channels.add(message.status & 0x0F)
        self.sink.send(message, self._transport.time_of(message.position_ticks) + self._offset_s)
