"""What crosses the pipe between the player's process and the engine: frozen values, one way each.

The player's side sends a `Config` first, then commands; the engine answers `Ready` or `Failed`, then sends `Status`
some thirty times a second, a `Journal` of what it put on the wire where that was asked for, what it has `Heard` from
hands, and `Trouble` when something goes wrong or comes right. Times are seconds on the engine's own monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from instrument.core.events import BarNotes, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How the engine starts. `backend` is one of `ports.open.BACKENDS`; `in_port` a source to listen to, or "".

    `follow_clock` and `follow_transport`: whose tempo, and whose start and stop, count, ours or those that come in.
    `goes_on`: a clock that is lost doesn't stop the music. `send_clock`: others are led by ours.
    `overheard_at`: see `Overhear`. In place of an engine that was killed, `receivers` and `senders` are the ports to
    connect to and `hanging` the (channel, note) pairs that it may have left sounding.
    """

    backend: str
    client_name: str
    port_name: str
    in_port: str
    tempo_bpm: float
    journal: bool
    offset_ms: float = 0.0
    follow_clock: bool = False
    follow_transport: bool = False
    goes_on: bool = False
    send_clock: bool = False
    overheard_at: int = 0
    receivers: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    hanging: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A revision of a bar; it replaces what of that bar hasn't been committed."""

    bar: BarNotes


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Start at a bar line. `until_bar` is the bar at whose line to stop by itself, or -1."""

    from_bar: int
    until_bar: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Play on as if the music had never stopped and were at this position now, or were there at `at_s`: an engine's
    clock is its port's, and outlives it."""

    position_ticks: int
    until_bar: int = -1
    at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Stop now; what sounds is ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTempo:
    tempo_bpm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOffset:
    """Send everything this much later (positive) or earlier (negative)."""

    offset_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudge:
    """Shift the phase: everything so much later (positive) or earlier (negative) than so far."""

    by_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Panic:
    """End what sounds here and, on every channel that was used, whatever else does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """Messages for a controller's motors and lights, sent now; they are no part of the music."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overhear:
    """Tell every stroke also to whoever listens at this port of this machine; 0: to nobody."""

    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Note-offs, close the ports, leave."""


Command = Load | Play | Resume | Stop | SetTempo | SetOffset | Nudge | Panic | Feedback | Overhear | Close


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The ports are open. `backend`: "jack", "rtmidi/<api>" or "none"; `advice`: what would make it better, or ""."""

    backend: str
    out_port: str
    in_port: str
    realtime: bool
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The engine can't start; `reason` is one line for the player."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFacts:
    """Who leads, and how well we follow.

    `sync`: "internal" or "midi". `state`: "locked", "flywheel" or "no clock"; "" where we lead. `tempo_bpm` is the
    leader's, to a tenth. `jitter_ms`: the standard deviation of its ticks around the line that we play on;
    `phase_error_ms`: their mean distance from it, positive where they are late. `source`: the ports that the ticks come
    from; `two_clocks`: whether there are more ticks than one clock has. `nudge_ms`: our own shift of phase.
    """

    sync: str = "internal"
    state: str = ""
    tempo_bpm: float = 0.0
    jitter_ms: float = 0.0
    phase_error_ms: float = 0.0
    source: str = ""
    two_clocks: bool = False
    nudge_ms: float = 0.0

    @property
    def locked(self) -> bool:
        return self.state == "locked"


OWN_CLOCK, NO_CLOCK = ClockFacts(), ClockFacts(sync="midi", state="no clock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where the engine is. Lateness is actual minus due at the send call or in frames' time, over the last minute."""

    now_s: float
    playing: bool
    position_ticks: int
    tempo_bpm: float
    bar: int
    revision: int
    ahead_bars: int
    notes_sent: int
    misses: int
    held: int
    lateness_p50_ms: float
    lateness_p99_ms: float
    lateness_max_ms: float
    connected: bool
    finished: bool
    receivers: tuple[str, ...]
    senders: tuple[str, ...] = ()
    clock: ClockFacts = OWN_CLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message with the time it was due and the time it went out."""

    message: Message
    due_s: float
    sent_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What went out since the last one, in order."""

    sent: tuple[Sent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A channel message that came in: `kind` is its status on channel 0, `channel` 0..15, `at_s` when it came.

    `position_ticks` is where our music was at that time, rounded and never negative; -1 where it wasn't playing.
    `port` is the sender's, or "" where there are several that can't be told apart.
    """

    kind: int
    channel: int
    data1: int
    data2: int
    at_s: float
    position_ticks: int = -1
    port: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was played into our input since the last one, in order, clock and the like left out.

    Moves of one controller are told by the newest alone. `dropped`: messages lost since the start, as there were too
    many at once. Notes of ours that were sent back are left out, too.
    """

    events: tuple[Played, ...]
    dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something went wrong (`over` false) or came right again (`over` true), in one line for the player."""

    text: str
    over: bool


Report = Ready | Failed | Status | Journal | Heard | Trouble
