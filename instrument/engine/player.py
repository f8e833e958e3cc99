"""The player: commands in, messages out, at the sink's time. It holds no clock and sleeps nowhere.

The loop around it calls `handle` for each command and `step` at the time that the last `step` asked for. Positions
become seconds only when a message is handed to the sink, so a new tempo holds for everything that hasn't been.

Where a leader is followed, its course is our transport's line, taken up anew before each step. Small changes bend the
line: what is committed stays, so nothing sounds twice. A new start or song position, or a change by more than
`FARTHEST_BEND_TICKS`, begins the music anew, at that place.
"""

from __future__ import annotations

import math

from instrument.core.clock_follower import Course
from instrument.core.clock_sender import ClockSender
from instrument.core.events import ALL_NOTES_OFF, ALL_SOUND_OFF, CONTROL_CHANGE, OUTSIDE, Message, note_off
from instrument.core.sequencer import Sequencer
from instrument.core.sync_messages import CONTINUE, SONG_POSITION, START, STOP, SyncMessage
from instrument.core.timebase import BAR_TICKS, PPQ, bar_and_tick, seconds_to_ticks
from instrument.core.transport import Transport
from instrument.engine.ears import Ears
from instrument.engine.following import Leader, Switches
from instrument.engine.lateness import Lateness
from instrument.engine.messages import (
    Command,
    Feedback,
    Load,
    Nudge,
    Overhear,
    Panic,
    Play,
    Resume,
    Sent,
    SetOffset,
    SetTempo,
    Status,
    Stop,
)
from instrument.engine.overheard import Overheard
from instrument.ports.contract import Arrived, OutSink

START_DELAY_S = 0.03
"""From the play command to the first bar line, so that its hits are handed over in time."""
SETTLED_S = 0.006
"""Longer than the engine's loop sleeps: what changes sooner would be late."""
FARTHEST_BEND_TICKS = PPQ // 2
GRACE_S, LOOK_S = 0.03, 0.002
"""A bar that a leader jumped to is waited for so long: its first strokes sound late rather than not at all."""
BEFORE_ALL = -1


class Player:
    """Mutable; one thread, the engine's. Times are the sink's."""

    def __init__(
        self,
        sink: OutSink,
        tempo_bpm: float,
        offset_ms: float = 0.0,
        *,
        switches: Switches | None = None,
        sends_clock: bool = False,
    ) -> None:
        self.sink = sink
        self.ears = Ears()
        self._switches = switches or Switches()
        self._leader = Leader(self._switches, tempo_bpm)
        self._clock_sender = ClockSender() if sends_clock else None
        self._armed = False
        self._leap = BEFORE_ALL
        self._until_bar = -1
        self._grace_end_s = 0.0
        self._nudge_ms = 0.0
        self._transport = Transport(tempo_bpm)
        self._sequencer = Sequencer()
        self._lateness = Lateness()
        self._offset_s = offset_ms / 1000
        self._notes_sent = 0
        self._channels: set[int] = set()
        self._overheard = Overheard()
        self._finished = False

    def handle(self, command: Command, now: float) -> None:
        """Carry out a command. `Close` is the loop's."""
        match command:
            case Load(bar=bar):
                self._sequencer.load(bar, self._settled(now))
            case Play(from_bar=bar, until_bar=until_bar):
                self._play(bar, until_bar, now)
            case Resume(position_ticks=position, until_bar=until_bar, at_s=at_s):
                self._resume(position, until_bar, now, now if at_s is None else at_s)
            case Stop():
                self._armed = False
                if not self._switches.transport:
                    self._leader.stop()
                self.silence(now)
            case SetTempo(tempo_bpm=tempo_bpm) if not self._switches.clock:
                self._transport.set_tempo(tempo_bpm, max(self._sequencer.committed, self._transport.position(now)))
            case SetOffset(offset_ms=offset_ms):
                self._offset_s = offset_ms / 1000
            case Nudge(by_ms=by_ms):
                self._nudge_ms += by_ms
            case Panic():
                self._panic(now)
            case Overhear(port=port):
                self._overheard.tell(port)
            case Feedback(messages=messages):
                for message in messages:
                    self.sink.send(message, now)

    def hear(self, arrived: Arrived, now: float) -> None:
        """Bytes have come in. What they say about time holds at once; the rest is the ears' to read."""
        position = max(round(self._transport.position(arrived.at_s)), 0) if self._transport.playing else -1
        self.ears.hear(arrived, position)
        if self._switches.clock or self._switches.transport:
            for message in self._leader.hear(arrived):
                self._obey(message, now)

    def step(self, now: float) -> float | None:
        """Hand over what is due; answers when to be called again, or None while nothing is waiting."""
        if self._switches.clock:
            self._chase(now)
        if not self._transport.playing:
            return None
        horizon = now + self.sink.look_ahead_s - self._shift_s
        until = math.floor(self._transport.position(horizon) + 1e-6) + 1
        if until > self._sequencer.committed:
            if now < self._grace_end_s and self._sequencer.revision(self._sequencer.committed // BAR_TICKS) < 0:
                return now + LOOK_S
            self._advance(until)
        end = self._sequencer.end
        if end is not None and self._sequencer.committed > end:
            self._say_stop(self._transport.time_of(end))
            self._transport.stop(self._transport.time_of(end))
            self._finished = True
            self._armed = False
            return None
        position = self._sequencer.next_position()
        if self._clock_sender is not None:
            tick = self._clock_sender.next_position
            position = tick if position is None else min(position, tick)
        if position is None:
            return None
        return self._transport.time_of(position) + self._shift_s - self.sink.look_ahead_s

    def collect(self, now: float) -> list[Sent]:
        """What of the music has gone out, counted into the lateness."""
        sent = [entry for entry in self.sink.collect() if not entry.message.is_system]
        for entry in sent:
            if entry.message.is_note_on:
                self._notes_sent += 1
                self._lateness.add(now, entry.sent_s - entry.due_s)
        return sent

    def silence(self, now: float) -> None:
        """Stop, and end what sounds."""
        position = max(math.ceil(self._transport.position(now)), self._sequencer.committed)
        end_s = max(now, self._transport.time_of(position)) if self._transport.playing else now
        self._end_notes(position, end_s)
        if self._transport.playing:
            self._say_stop(end_s)
        self._transport.stop(now)

    def move_to(self, sink: OutSink, position: float) -> None:
        """Go on with another sink, whose clock is another one, from a position; notes of the old one are forgotten."""
        believed = self._leader.believed_ticks(self.sink.now) or position
        self.sink = sink
        self._grace_end_s = 0.0
        if self._switches.clock:
            self._leader.move_to(believed, sink.now())
            self._transport.rest_at(believed, sink.now())
        elif self._transport.playing:
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

    @property
    def leap(self) -> int:
        """Changes whenever the music begins anew."""
        return self._leap

    @property
    def rest_bar(self) -> int:
        """The bar that a leader at rest will begin in."""
        return -1 if self._leader.rolls else self._leader.rest_ticks // BAR_TICKS

    def status(
        self, now: float, *, connected: bool, receivers: tuple[str, ...] = (), senders: tuple[str, ...] = ()
    ) -> Status:
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
            senders=senders,
            clock=self._leader.facts(now, senders, self._nudge_ms),
        )

    @property
    def _shift_s(self) -> float:
        return self._offset_s + self._nudge_ms / 1000

    def _settled(self, now: float) -> int:
        """The position before which nothing is changed any more: it would come too late to be in time."""
        if not self._transport.playing:
            return 0
        return math.ceil(self._transport.position(now + SETTLED_S - self._shift_s))

    def _play(self, bar: int, until_bar: int, now: float) -> None:
        if self._transport.playing:
            self.silence(now)
        self._finished = False
        self._armed, self._leap, self._until_bar = True, BEFORE_ALL, until_bar
        if self._switches.clock and not self._switches.transport:
            self._leader.play_from(bar * BAR_TICKS, now)
        if self._switches.clock or (self._switches.transport and not self._leader.rolls):
            return
        self._begin(bar * BAR_TICKS, until_bar, now)
        self._transport.start(bar * BAR_TICKS, now + START_DELAY_S + self.sink.look_ahead_s)

    def _resume(self, position: int, until_bar: int, now: float, at_s: float) -> None:
        """A moment ahead, so that what lies right after it is still in time."""
        self._finished = False
        self._armed, self._leap, self._until_bar = True, BEFORE_ALL, until_bar
        if self._switches.clock:
            self._leader.join(position, at_s)
            return
        position += round(seconds_to_ticks(now - at_s, self._transport.tempo_bpm))
        delay_s = START_DELAY_S + self.sink.look_ahead_s
        place = position + round(seconds_to_ticks(delay_s, self._transport.tempo_bpm))
        self._begin(place, until_bar, now)
        self._transport.start(place, now + delay_s)

    def _chase(self, now: float) -> None:
        """Take up the leader's course."""
        course = self._leader.course(now) if self._armed else None
        if course is None:
            if self._transport.playing:
                self.silence(now)
            if self._switches.transport and not self._leader.rolls:
                self._transport.rest_at(self._leader.rest_ticks, now)
            return
        if self._transport.playing and course.leap == self._leap:
            before = self._transport.position(now)
            self._follow(course)
            if abs(self._transport.position(now) - before) <= FARTHEST_BEND_TICKS:
                return
        self._leap_to(course, now)

    def _leap_to(self, course: Course, now: float) -> None:
        """Begin where the leader did; where it has played on for long, at the next place that can be in time."""
        if self._transport.playing:
            self.silence(now)
        self._follow(course)
        here = self._transport.position(now)
        fresh = course.leap != self._leap and here - course.from_ticks <= FARTHEST_BEND_TICKS
        ahead = math.ceil(self._transport.position(now + self.sink.look_ahead_s))
        self._leap = course.leap
        self._grace_end_s = max(now, self._transport.time_of(course.from_ticks)) + GRACE_S
        self._begin(course.from_ticks if fresh else max(ahead, 0), self._until_bar, now)

    def _follow(self, course: Course) -> None:
        self._transport.follow(course.position_ticks, course.time_s, course.tempo_bpm)

    def _obey(self, message: SyncMessage, now: float) -> None:
        """What a leader of the transport alone says, at our own tempo."""
        playing = self._transport.playing
        if message.status == CONTINUE and playing:
            return
        if playing:
            self.silence(now)
        if message.status == STOP and playing:
            self._leader.rest_at(math.ceil(self._transport.position(now)))
        self._transport.rest_at(self._leader.rest_ticks, now)
        if not self._armed or not (
            message.status in (START, CONTINUE) or (message.status == SONG_POSITION and playing)
        ):
            return
        self._finished = False
        self._leap += 1
        self._grace_end_s = now + self.sink.look_ahead_s + GRACE_S
        self._begin(self._leader.rest_ticks, self._until_bar, now)
        self._transport.start(self._leader.rest_ticks, now + self.sink.look_ahead_s)

    def _begin(self, position: int, until_bar: int, now: float) -> None:
        """The sequencer begins at a position, and those we lead are told."""
        bar, tick = bar_and_tick(position)
        self._sequencer.start(bar, tick=tick, until_bar=until_bar if bar < until_bar else -1)
        if self._clock_sender is not None:
            for message in self._clock_sender.begin(position):
                self.sink.send(message, now)

    def _advance(self, until: int) -> None:
        end = self._sequencer.end
        messages = self._sequencer.advance(until)
        if self._clock_sender is not None:
            ticks = self._clock_sender.advance(until if end is None else min(until, end))
            messages = sorted([*ticks, *messages], key=lambda message: message.position_ticks)
        for message in messages:
            self._hand_over(message)

    def _say_stop(self, at_s: float) -> None:
        if self._clock_sender is not None:
            for message in self._clock_sender.end():
                self.sink.send(message, at_s + self._shift_s)

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
        if not message.is_system:
            self._channels.add(message.status & 0x0F)
        due_s = self._transport.time_of(message.position_ticks) + self._shift_s
        self.sink.send(message, due_s)
        if message.is_note_on:
            self.ears.echo.sent(due_s, message.status & 0x0F, message.data1, message.data2)
        self._overheard.stroke(message, due_s - self.sink.now())
