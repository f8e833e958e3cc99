"""A live performance: the knobs and their history, and the thread that keeps the engine fed.

Threads: the screen's (or the headless loop's) thread calls everything public; the feeder thread alone talks to the
engine's pipe and to the net. They share the state below under one lock, held for microseconds, and pass only frozen
values. The feeder is never waited for: a bar that isn't ready in time is played over by the engine, which counts it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from instrument.core.bar import Bar
from instrument.core.events import Message
from instrument.core.timebase import BAR_TICKS, PPQ
from instrument.engine.client import EngineClient
from instrument.engine.messages import (
    Command,
    Config,
    Feedback,
    Heard,
    Journal,
    Load,
    Panic,
    Play,
    Ready,
    Report,
    Sent,
    SetOffset,
    Status,
    Stop,
)
from instrument.errors import GhostnoteError
from instrument.session.along import Hearing
from instrument.session.at_desk import AtDesk
from instrument.session.at_tempo import AtTempo
from instrument.session.composer import Composer
from instrument.session.desk import Desk
from instrument.session.engine_line import EngineLine
from instrument.session.feeder import Feeder
from instrument.session.folders import Folders
from instrument.session.hands import Hands
from instrument.session.keeper import Keeper
from instrument.session.keeping import Keeping
from instrument.session.knob_watch import KnobWatch
from instrument.session.knobs import Knobs
from instrument.session.monitoring import MonitorSwitch
from instrument.session.net_worker import NetWorker
from instrument.session.partner import Partner
from instrument.session.port_settings import latency_ms, offset_ms
from instrument.session.tape import Tape
from instrument.session.taps import Taps
from instrument.session.view import StageView
from instrument.session.vitals import health, percentiles
from instrument.session.with_partner import WithPartner

POLL_S = 0.005
PAST_BARS = 4
"""What has sounded and is still shown."""
CLOSE_WAIT_S = 0.3
"""How long the feeder may still take when the player leaves; silence doesn't wait for it longer."""


class Performance(AtDesk, AtTempo, Keeping, WithPartner):
    """Keeps the contract of `instrument.session.contract.Session`."""

    def __init__(
        self,
        composer: Composer,
        knobs: Knobs,
        config: Config,
        *,
        until_bar: int = -1,
        remembers: bool = False,
        records: bool = False,
        feedback: bool = False,
        folders: Folders | None = None,
        hearing: Hearing | None = None,
        in_ms: float | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Starts the engine. `remembers`: with the offset that was kept for its port, in place of the configuration's.
        `records`: all that goes out is kept. `feedback`: controllers are told where others turn their knobs.
        `folders`: where captures, snapshots and maps go, the player's own if None. `hearing`: what of the notes that
        come in is played along with; `in_ms`: how late they come, what was found for the port if None. Raises PortError
        where there is no port, and what `Composer.check` raises."""
        composer.check(knobs)
        self._composer = composer
        self._clock = clock
        self._until_bar = until_bar
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._desk = Desk(knobs, composer.settle)
        self._tape = Tape(config.tempo_bpm, composer.code, whole=records)
        folders = folders or Folders()
        self._keeper = Keeper(folders)
        self.hands = Hands(
            self, folders.maps, send=self._feed_back, tell=self._tell, aside=self._aside, feedback=feedback
        )
        self.partner = Partner(hearing or Hearing(), latency_ms=in_ms or 0.0, records=records)
        self._bar_passed = -1
        self._farthest = 0
        self._past: deque[tuple[int, Bar]] = deque(maxlen=PAST_BARS)
        self._monitor = MonitorSwitch(self._ask)
        self._taps = Taps()
        self._tempo_bpm = config.tempo_bpm
        self._follows_clock = config.follow_clock
        self._offset_ms, self._nudge_ms = config.offset_ms, 0.0
        self._led = config.follow_clock or config.follow_transport
        self._feeder = Feeder(composer, lambda: NetWorker(composer.compose, self._wake.set, clock))
        self._failure = ""
        self._playing_wanted = False
        self._knob = KnobWatch(clock)
        self._listeners: list[Callable[[Heard], None]] = []
        self._line = EngineLine(EngineClient(replace(config, journal=True), self._wake), clock)
        if remembers and (kept_ms := offset_ms(self._line.ready.out_port)):
            self._offset_ms = kept_ms
            self._line.ask(SetOffset(offset_ms=kept_ms))
        if in_ms is None:
            self.partner.latency_ms = latency_ms(self._line.ready.in_port)
        self._thread = threading.Thread(target=self._feed_for_ever, name="feeder", daemon=True)
        self._thread.start()

    def view(self) -> StageView:
        with self._lock:
            status = self._line.status
            position = self._line.position()
            bar = max(position // BAR_TICKS, 0)
            knobs = self._desk.at(bar)
            return StageView(
                manifest=self._composer.source_of(knobs.preset).manifest,
                knobs=knobs,
                seed=self._composer.seed,
                playing=self._sounds(status),
                tempo_bpm=self._tempo_bpm,
                sync="midi" if self._follows_clock else "internal",
                position_ticks=position,
                now=self._bar(bar),
                next=self._bar(bar + 1),
                fill_in=self._desk.fill_in(bar),
                can_undo=self._desk.history.can_undo,
                health=health(self._line, self._feeder, self._knob, follows_clock=self._follows_clock),
                builds=self._desk.builds,
                back=self._desk.back,
                snapshots=self._keeper.slots,
                morphs=self._desk.morphs,
                morph_bars=self._keeper.morph_bars,
                capture_bars=self._keeper.capture_bars,
                code=self._tape.code(bar),
                holds=self._feeder.holds_changes,
                monitored=self._monitor.on,
                pads=self._composer.pads(knobs),
                landmarks=self._composer.landmarks(knobs),
                told=self._keeper.told,
                hands=self.hands.shown,
                partner=self.partner.view(knobs, position),
                past=tuple(self._past),
                after=self._bar(bar + 2),
            )

    def turn(self, **changes: Any) -> None:
        unknown = changes.keys() - Knobs.__dataclass_fields__.keys()
        if unknown:
            raise ValueError(f"there is no knob {sorted(unknown)[0]!r}")
        with self._lock:
            knobs = replace(self._desk.knobs, **changes)
        try:
            self._composer.check(knobs)
        except GhostnoteError as error:
            raise ValueError(str(error)) from error
        words = ", ".join(f"{name} {value}" for name, value in changes.items())
        self._change(lambda: self._desk.turn(**changes), words)

    def play(self) -> None:
        """Start at the line of the bar that was stopped in; at the first bar where nothing was played."""
        with self._lock:
            self._playing_wanted = True
            bar = max(self._line.position() // BAR_TICKS, 0)
            until_bar = self._until_bar if bar < self._until_bar else -1
            self.partner.along.went(bar * BAR_TICKS)
            self._line.ask(Play(from_bar=bar, until_bar=until_bar))
        self._wake.set()

    def stop(self) -> None:
        with self._lock:
            self._playing_wanted = False
            self._line.ask(Stop())
        self._wake.set()

    def toggle_play(self) -> None:
        self.stop() if self._playing_wanted else self.play()

    def panic(self) -> None:
        with self._lock:
            self._playing_wanted = False
            self._line.ask(Stop(), Panic())
        self._wake.set()

    def toggle_monitor(self) -> None:
        self._keeper.send(lambda: self._monitor.toggle(self._composer.pads(self._desk.knobs)))

    def hold_changes(self, hold: bool) -> None:
        """Whether turned knobs wait for the next bar line."""
        self._feeder.holds_changes = hold

    def listen(self, listener: Callable[[Heard], None]) -> None:
        """Whom to tell what comes in. It is called on the feeder's thread, with no lock held, and returns at once."""
        self._listeners.append(listener)

    def close(self) -> None:
        self._closing.set()
        self._wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=CLOSE_WAIT_S)
        self._feeder.close()
        self._take(self._line.close())
        self.hands.close()
        self._keeper.close(CLOSE_WAIT_S)
        self._monitor.stop()

    @property
    def ready(self) -> Ready:
        """The ports that the engine opened."""
        return self._line.ready

    @property
    def finished(self) -> bool:
        """Whether the engine has reached `until_bar`."""
        with self._lock:
            return self._line.status is not None and self._line.status.finished

    @property
    def status(self) -> Status | None:
        """The engine's last word."""
        with self._lock:
            return self._line.status

    @property
    def trouble(self) -> str:
        """What is wrong with the port or the net now, or nothing."""
        with self._lock:
            return self._line.trouble or self._feeder.trouble

    @property
    def failure(self) -> str:
        """Why nothing can be played any more, or nothing."""
        with self._lock:
            return self._failure

    def sent(self) -> list[Sent]:
        """What went out, in order: all of it in a recording, else the newest."""
        with self._lock:
            return self._tape.sent()

    def recording(self, bars: int | None) -> bytes:
        """A .mid of what went out, to the bar line after the last note or after `bars`."""
        with self._lock:
            return self._tape.recording(bars, self.partner.kept())

    def bar_times_ms(self) -> dict[str, float]:
        """How long the last bars took from latent to notes: p50, p99 and the longest."""
        return percentiles(self._feeder.times_ms.copy())

    def complain(self, trouble: str) -> None:
        """Show something that is wrong from the start."""
        with self._lock:
            self._line.trouble = trouble

    def _change(self, change: Callable[[], object], words: str) -> None:
        """At once, and into the recording's timeline."""
        with self._lock:
            change()
            self._knob.turned()
            self._tape.mark(self._line.position(), words)
        self._wake.set()

    def _place(self) -> int:
        return self._line.position()

    def _sounding(self) -> tuple[int, Knobs]:
        index = max(self._line.position() // BAR_TICKS, 0)
        fed = self._feeder.fed.get(index)
        return index, self._desk.wanted(index) if fed is None else fed.knobs

    def _ask(self, command: Command) -> None:
        with self._lock:
            self._line.ask(command)
        self._wake.set()

    def _feed_for_ever(self) -> None:
        while not self._closing.is_set():
            try:
                self._feed_once()
            except Exception as error:
                self._give_up(str(error) or type(error).__name__)
                return
            self._wake.wait(POLL_S)
            self._wake.clear()

    def _give_up(self, reason: str) -> None:
        """The engine can't be kept alive."""
        with self._lock:
            self._line.trouble = self._failure = reason
            self._playing_wanted = False

    def _feed_once(self) -> None:
        self._take(self._line.poll())
        with self._lock:
            position = self._line.position()
        for bar in self._feeder.feed(position, self._wanted):
            self._line.send(Load(bar=bar))
            self._knob.sent(bar, position // BAR_TICKS)
        self._follow_leap(position)
        with self._lock:
            self._note_made(position)
            commands = self._line.due(self._feeder.fed)
        for command in commands:
            self._line.send(command)
        if self._monitor.ended():
            self.complain("the monitor has ended; M starts it again")

    def _follow_leap(self, position: int) -> None:
        """A leader may go back in the song; and a calibration ends at its place."""
        with self._lock:
            if position < self._farthest - PPQ:
                self.partner.along.went(position)
            self._farthest = position
        self._calibrate(position)

    def _note_made(self, position: int) -> None:
        for index, fed in self._feeder.fed.items():
            self._tape.made(index, fed.knobs)
        bar = position // BAR_TICKS
        if bar != self._bar_passed and bar in self._feeder.fed and self._sounds(self._line.status):
            if (before := self._bar(self._bar_passed)) is not None:
                self._past.append((self._bar_passed, before))
            self._bar_passed = bar
            self._desk.passed(bar, self._feeder.fed[bar].knobs)
            self.partner.along.passed(bar)

    def _wanted(self, index: int) -> Knobs:
        """What shapes a bar as things are now."""
        with self._lock:
            return self.partner.shaped(self._desk.wanted(index), index, self._line.position())

    def _take(self, reports: list[Report]) -> None:
        for heard in (report for report in reports if isinstance(report, Heard)):
            for listener in self._listeners:
                listener(heard)
            music = self.hands.heard(heard)
            with self._lock:
                self.partner.hear(music, self._tempo_bpm, self._tape.count)
        with self._lock:
            for report in reports:
                self._line.note(report)
                match report:
                    case Status():
                        self._follow_tempo(report)
                        self._knob.heard(report)
                    case Journal(sent=sent):
                        self._tape.note(sent)
        if any(isinstance(report, Status) for report in reports):
            self.hands.look()

    def _feed_back(self, messages: tuple[Message, ...]) -> None:
        with self._lock:
            self._line.ask(Feedback(messages=messages))

    def _tell(self, words: str) -> None:
        self._keeper.send(lambda: words)

    def _aside(self, task: Callable[[], object]) -> None:
        self._keeper.send(lambda: str(task() or ""))

    def _follow_tempo(self, status: Status) -> None:
        tempo_bpm = status.clock.tempo_bpm
        if self._follows_clock and tempo_bpm not in (0.0, self._tempo_bpm):
            self._tempo_bpm = tempo_bpm
            self._tape.tempo(status.position_ticks, tempo_bpm)

    def _sounds(self, status: Status | None) -> bool:
        """Whether the music plays; with a leader, whether it has begun to."""
        if self._led:
            return status is not None and status.playing
        return self._playing_wanted and not (status is not None and status.finished)

    def _bar(self, index: int) -> Bar | None:
        fed = self._feeder.fed.get(index)
        return fed.composed.bar if fed else None
