"""Following a leader in the engine: bytes from the port in, the course of the music out.

Clock and transport are two switches. With the clock alone our own play and stop count, and playing begins on the
leader's next tick; with the transport alone we start and stop with the leader at our own tempo, at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from instrument.core.clock_follower import ClockFollower, Course, State
from instrument.core.clock_sender import MIDI_BEAT_TICKS
from instrument.core.sync_messages import CONTINUE, SONG_POSITION, START, STOP, TIMING_CLOCK, SyncMessage, SyncReader
from instrument.engine.messages import ClockFacts
from instrument.ports.contract import Arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """What is followed; `goes_on`: whether the music outlives a lost clock by more than a beat."""

    clock: bool = False
    transport: bool = False
    goes_on: bool = False


class Leader:
    """What we know of the leader. Mutable; one thread, the engine's. Times are the sink's."""

    def __init__(self, switches: Switches, tempo_bpm: float) -> None:
        self.switches = switches
        self._reader = SyncReader()
        self._follower = ClockFollower(tempo_bpm, goes_on=switches.goes_on)
        self._rolls = False
        self._place = 0

    @property
    def rest_ticks(self) -> int:
        """Where playing will begin when the leader says so."""
        return self._follower.next_ticks if self.switches.clock else self._place

    @property
    def rolls(self) -> bool:
        """Whether the leader plays, be it that its clock is still to come."""
        return self._follower.state is not State.STOPPED if self.switches.clock else self._rolls

    def hear(self, arrived: Arrived) -> list[SyncMessage]:
        """Take up what came in. Returns what a player has to do at once, where only the transport is followed."""
        told = []
        for message in self._reader.read(arrived.data):
            if self.switches.clock:
                self._follow(message, arrived.at_s)
            elif self.switches.transport and message.status != TIMING_CLOCK:
                told.append(message)
                self._note(message)
        return told

    def course(self, now: float) -> Course | None:
        return self._follower.course(now)

    def play_from(self, position_ticks: int, now: float) -> None:
        """Our own play key, where the leader's doesn't count."""
        self._follower.play_from(position_ticks, now)

    def stop(self) -> None:
        self._follower.stop()

    def rest_at(self, position_ticks: int) -> None:
        """A leader that has no clock of ours to tell where it stopped: where we did."""
        self._place = position_ticks

    def join(self, position_ticks: float, now: float) -> None:
        """Go on from where the music should be, in another engine's place."""
        self._follower.join(position_ticks, now)

    def believed_ticks(self, clock: Callable[[], float]) -> float | None:
        """Where the leader should be since `join`, as no tick has come; None where it isn't a matter of belief."""
        return self._follower.believed_ticks(clock()) if self._follower.believes else None

    def move_to(self, position_ticks: float, now: float) -> None:
        """Another sink, whose clock is another one: the leader's is to be learnt anew."""
        if self.rolls:
            self._follower.join(position_ticks, now)
        else:
            self._follower.forget_clock()

    def facts(self, now: float, senders: tuple[str, ...], nudge_ms: float) -> ClockFacts:
        if not self.switches.clock:
            return ClockFacts(nudge_ms=nudge_ms)
        follower = self._follower
        return ClockFacts(
            sync="midi",
            state=follower.sync(now).value,
            tempo_bpm=follower.tempo_bpm,
            jitter_ms=round(follower.jitter_s * 1000, 4),
            phase_error_ms=round(follower.phase_error_s * 1000, 4),
            source=", ".join(senders),
            two_clocks=follower.two_clocks,
            nudge_ms=nudge_ms,
        )

    def _follow(self, message: SyncMessage, at_s: float) -> None:
        follower, status = self._follower, message.status
        if status == TIMING_CLOCK:
            follower.tick(at_s)
        elif not self.switches.transport:
            return
        elif status == START:
            follower.start(at_s)
        elif status == CONTINUE:
            follower.resume(at_s)
        elif status == STOP:
            follower.stop()
        elif status == SONG_POSITION:
            follower.locate(message.midi_beats, at_s)

    def _note(self, message: SyncMessage) -> None:
        if message.status == SONG_POSITION:
            self._place = message.midi_beats * MIDI_BEAT_TICKS
        elif message.status == START:
            self._place = 0
        self._rolls = message.status in (START, CONTINUE) or (self._rolls and message.status != STOP)
