"""The engine's loop: sleeps to absolute deadlines, looks at the pipe a few hundred times a second, keeps a port open.

A port that goes away (its server died) is reported; the music goes on silently on the system's clock and the port is
opened again, once a second, in phase and with the receivers it had. Every way out ends in note-offs and closed ports.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

from instrument.core.timebase import seconds_to_ticks
from instrument.engine.following import Switches
from instrument.engine.messages import Close, Config, Failed, Journal, Load, Overhear, Ready, Status, Trouble
from instrument.engine.player import Player
from instrument.engine.realtime import Rights, claim
from instrument.engine.wire import Wire
from instrument.errors import GhostnoteError, PortError
from instrument.ports.contract import OutSink, PortNames
from instrument.ports.memory import MemorySink
from instrument.ports.open import open_sink

LONGEST_SLEEP_S = 0.004
SPARE_S = 0.001
"""What hands played is looked at where the music leaves so much time."""
STATUS_S = 1 / 30
HEARTBEAT_S = 1.0

HOWL = "our own notes come back in; they are not listened to: take that connection away"

Opener = Callable[[str, PortNames, str], OutSink]
"""`ports.open.open_sink`, or a twin of it."""


class Loop:
    """One engine, from its configuration to its end."""

    def __init__(
        self, wire: Wire, config: Config, clock: Callable[[], float] = time.perf_counter, opener: Opener = open_sink
    ) -> None:
        self._wire = wire
        self._open = opener
        self._config = config
        self._clock = clock
        self._leaving = threading.Event()
        self._lost = threading.Event()
        self._receivers: list[str] = []
        self._senders: list[str] = []
        self._told: set[str] = set()
        self._place = (-1, -1)
        self._names = PortNames(client=config.client_name)
        self._next_try = 0.0
        self._next_status = 0.0
        self._seen = (0.0, 0.0)

    def leave(self, *_: object) -> None:
        """A signal handler: the loop ends at its next turn."""
        self._leaving.set()

    def run(self) -> int:
        """Until the pipe closes, a signal or `Close`. Returns the exit code."""
        try:
            sink = self._open(self._config.backend, self._names, self._config.in_port)
        except PortError as error:
            self._wire.send(Failed(reason=str(error)))
            return PortError.exit_code
        config = self._config
        self._player = Player(
            sink,
            config.tempo_bpm,
            config.offset_ms,
            switches=Switches(clock=config.follow_clock, transport=config.follow_transport, goes_on=config.goes_on),
            sends_clock=config.send_clock,
        )
        if config.overheard_at:
            self._player.handle(Overhear(port=config.overheard_at), sink.now())
        self._rights = claim()
        self._announce(sink, self._rights)
        self._take_over(list(config.receivers), list(config.senders), config.hanging)
        threading.Thread(target=self._watch_port, name="heartbeat", daemon=True).start()
        try:
            while not (self._leaving.is_set() or self._wire.closed):
                if not self._turn():
                    break
        finally:
            self._say_goodbye()
        return 0

    def _turn(self) -> bool:
        """One look at the pipe, the music and the clock; False where the player's side said close."""
        if self._lost.is_set():
            self._find_port()
        player = self._player
        now = player.sink.now()
        for arrived in player.sink.incoming():
            player.hear(arrived, now)
        for command in self._wire.receive():
            if isinstance(command, Close):
                return False
            player.handle(command, now)
            if isinstance(command, Load):
                self._next_status = 0.0
        wake = player.step(player.sink.now())
        now = player.sink.now()
        self._seen = (player.position(now), self._clock())
        if (player.leap, player.rest_bar) != self._place:
            self._place = (player.leap, player.rest_bar)
            self._next_status = 0.0
        self._report(now)
        self._pass_on(wake)
        pause = LONGEST_SLEEP_S if wake is None else min(wake - player.sink.now(), LONGEST_SLEEP_S)
        if pause > 0:
            time.sleep(pause)
        return True

    def _report(self, now: float) -> None:
        clock = self._clock()
        if clock < self._next_status or not self._wire.has_room():
            return
        self._next_status = clock + STATUS_S
        sent = self._player.collect(now)
        if sent and self._config.journal:
            self._wire.send(Journal(sent=tuple(sent)))
        status = self._status(now)
        self._wire.send(status)
        where = status.clock.source or self._player.sink.in_port
        self._tell_of("two clocks", status.clock.two_clocks, f"two clocks at once from {where}: following one")
        self._tell_of("howl", self._player.ears.echo.howls(now), HOWL)

    def _tell_of(self, trouble: str, there: bool, text: str) -> None:
        """When it begins, and when it is over."""
        if there != (trouble in self._told):
            self._told ^= {trouble}
            self._wire.send(Trouble(text=text, over=not there))

    def _pass_on(self, wake: float | None) -> None:
        """Report what hands have played."""
        player = self._player
        last = player.sink.now() + LONGEST_SLEEP_S
        while player.sink.now() < (last if wake is None else min(last, wake - SPARE_S)) and player.ears.read():
            pass
        if player.ears.waiting and self._wire.has_room():
            self._wire.send(player.ears.take())

    def _status(self, now: float) -> Status:
        """Who listens and who leads is kept beyond the end of the port: a new one looks for them."""
        sink = self._player.sink
        if hasattr(sink, "receivers"):
            self._receivers = sink.receivers() or self._receivers
        if hasattr(sink, "senders"):
            self._senders = sink.senders() or self._senders
        return self._player.status(
            now, connected=not self._lost.is_set(), receivers=tuple(self._receivers), senders=tuple(self._senders)
        )

    def _announce(self, sink: OutSink, rights: Rights) -> None:
        self._wire.send(
            Ready(
                backend=sink.backend,
                out_port=sink.out_port,
                in_port=sink.in_port,
                realtime=rights.realtime,
                advice=rights.advice,
            )
        )

    def _watch_port(self) -> None:
        """The heartbeat's thread: it looks at the port and tells the loop when it is gone."""
        while not self._leaving.wait(HEARTBEAT_S):
            if self._lost.is_set():
                continue
            if not self._player.sink.alive():
                self._lost.set()

    def _find_port(self) -> None:
        """The port is gone: play on without one, and try to have it back once a second."""
        clock = self._clock()
        if not isinstance(self._player.sink, MemorySink):
            gone = self._player.sink
            self._wire.send(Trouble(text=f"the port {gone.out_port} is gone; trying to open it again", over=False))
            self._move(MemorySink(clock=self._clock))
            threading.Thread(target=gone.close, daemon=True).start()
            self._next_try = clock + HEARTBEAT_S
        elif clock >= self._next_try:
            self._next_try = clock + HEARTBEAT_S
            try:
                sink = self._open(self._config.backend, self._names, self._config.in_port)
            except PortError:
                return
            held = self._player.held
            self._move(sink)
            self._take_over(self._receivers, self._senders, held)
            self._lost.clear()
            self._announce(sink, self._rights)
            self._wire.send(Trouble(text=f"the port {sink.out_port} is back", over=True))

    def _take_over(self, receivers: list[str], senders: list[str], hanging: tuple[tuple[int, int], ...]) -> None:
        """A new port in the place of one that died: whoever listened to that one hears its notes end."""
        sink = self._player.sink
        if (receivers or senders) and hasattr(sink, "connect"):
            sink.connect(receivers, senders)
            self._receivers, self._senders = receivers, senders
        self._player.end_notes_again(hanging, sink.now())

    def _move(self, sink: OutSink) -> None:
        position, seen = self._seen
        status = self._player.status(0.0, connected=False)
        elapsed = seconds_to_ticks(self._clock() - seen, status.tempo_bpm) if self._player.playing else 0.0
        self._player.move_to(sink, position + elapsed)

    def _say_goodbye(self) -> None:
        self._leaving.set()
        player = self._player
        now = player.sink.now()
        player.silence(now)
        player.sink.close()
        sent = player.collect(player.sink.now())
        if sent and self._config.journal:
            self._wire.send(Journal(sent=tuple(sent)))
        self._wire.send(self._status(now))


def serve(wire: Wire, clock: Callable[[], float] = time.perf_counter) -> int:
    """Wait for the configuration, then run. Signals that ask to end are answered with silence first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    config = _first_value(wire)
    if config is None:
        return 0
    loop = Loop(wire, config, clock)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), loop.leave)
    try:
        return loop.run()
    except Exception as error:
        wire.send(Trouble(text=f"the engine ended: {error or type(error).__name__}", over=False))
        return error.exit_code if isinstance(error, GhostnoteError) else 1


def _first_value(wire: Wire) -> Config | None:
    while not wire.closed:
        wire.arrived.wait(0.5)
        for value in wire.receive():
            if isinstance(value, Config):
                return value
    return None
