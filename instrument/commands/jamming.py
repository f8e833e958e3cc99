"""A jam from start to end: the performance, the screen or none, the recording, the figures."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from instrument.commands.options import Choice, Company, JamOptions
from instrument.commands.shared import need, print_json, say
from instrument.commands.wiring import hearing_of, set_up
from instrument.engine.messages import Config
from instrument.errors import PortError, UsageError, nearest
from instrument.files import write_atomic
from instrument.session.along import Hearing
from instrument.session.composer import Composer
from instrument.session.desk import frozen_at
from instrument.session.folders import Folders
from instrument.session.partner import MOST_LATENCY_MS
from instrument.session.performance import Performance
from instrument.session.view import Knobs

BACKENDS = ("auto", "jack", "rtmidi", "none")
WORDS = {"sync": ("internal", "midi"), "transport": ("", "own", "midi"), "lost_clock": ("rest", "go-on")}
CHANGES = ("now", "bar")
LOOK_S = 0.05


def run_jam(choice: Choice, company: Company, options: JamOptions) -> int:
    """Play until the player, a signal or `--bars` ends it. Returns the exit code."""
    if options.backend not in BACKENDS:
        raise UsageError(f'--backend "{options.backend}"{nearest(options.backend, BACKENDS)} is none of {BACKENDS}')
    for name, words in WORDS.items():
        if (word := getattr(options, name)) not in words:
            legal = ", ".join(filter(None, words))
            raise UsageError(f'--{name.replace("_", "-")} "{word}"{nearest(word, words)} is none of {legal}')
    if options.offset_ms is not None and not -1000 <= options.offset_ms <= 1000:
        raise UsageError(f"--offset-ms {options.offset_ms:g} is not in -1000..1000")
    if options.in_ms is not None and not abs(options.in_ms) <= MOST_LATENCY_MS:
        raise UsageError(f"--in-ms {options.in_ms:g} is not in -{MOST_LATENCY_MS:g}..{MOST_LATENCY_MS:g}")
    if options.changes not in CHANGES:
        raise UsageError(f'--changes "{options.changes}"{nearest(options.changes, CHANGES)} is neither now nor bar')
    if not options.port_name.strip() or ":" in options.port_name or not options.port_name.isprintable():
        raise UsageError("--port-name must be a name without colons")
    if options.web:
        need("jam --web", "textual_serve", extra="web")
        if not 0 <= options.web_port <= 65535:
            raise UsageError(f"--web-port {options.web_port} is not in 0..65535")
    composer, knobs, only = set_up(choice, company)
    if only >= 0:
        knobs = frozen_at(only, knobs)
    hearing = hearing_of(company)
    performance = _start(composer, knobs, choice, hearing, options)
    try:
        if options.web:
            code = _in_browsers(performance, options)
        else:
            code = _headless(performance) if options.headless else _on_screen(performance)
    finally:
        performance.close()
        if options.record is not None:
            write_atomic(options.record, performance.recording(options.bars))
    if options.json:
        print_json(_statistics(performance, choice, knobs))
    if code == 0 and options.headless and (performance.failure or not performance.view().health.connected):
        raise PortError(performance.failure or performance.trouble)
    return code


def _start(composer: Composer, knobs: Knobs, choice: Choice, hearing: Hearing, options: JamOptions) -> Performance:
    """With a screen, a missing MIDI system is told there and nothing is sent; without one it is an error."""
    until_bar = -1 if options.bars is None else options.bars

    def performance(backend: str) -> Performance:
        config = Config(
            backend=backend,
            client_name=options.port_name,
            port_name="out",
            in_port=options.in_port,
            tempo_bpm=choice.tempo_bpm,
            journal=True,
            offset_ms=options.offset_ms or 0.0,
            follow_clock=options.sync == "midi",
            follow_transport=options.follows_transport,
            goes_on=options.lost_clock == "go-on",
            send_clock=options.send_clock,
        )
        started = Performance(
            composer,
            knobs,
            config,
            until_bar=until_bar,
            remembers=options.offset_ms is None,
            records=options.record is not None,
            feedback=options.feedback,
            hearing=hearing,
            in_ms=options.in_ms,
            folders=Folders() if options.captures is None else Folders(captures=options.captures),
        )
        for complaint in started.hands.complaints:
            started.complain(complaint)
        started.hold_changes(options.changes == "bar")
        if options.monitor:
            started.toggle_monitor()
        return started

    from instrument.audio.preview import missing_sound

    try:
        return performance(options.backend)
    except PortError as error:
        if options.headless or options.in_port:
            raise
        silent = performance("none")
        silent.complain(str(error))
        if options.monitor is None and not missing_sound():
            silent.toggle_monitor()
        return silent


def _headless(performance: Performance) -> int:
    with _signals() as arrived:
        _greet(performance)
        told = ""
        performance.play()
        while not (arrived.wait(LOOK_S) or performance.finished or performance.failure):
            if performance.trouble != told:
                told = performance.trouble
                say(told or "all is well again")
    return 128 + arrived.number if arrived.is_set() else 0


def _in_browsers(performance: Performance, options: JamOptions) -> int:
    from instrument.web.serving import Serving

    with Serving(performance, options.web_host, options.web_port) as serving:
        say(f"open {serving.address}")
        return _headless(performance)


def _greet(performance: Performance) -> None:
    ready, view = performance.ready, performance.view()
    say(
        f"{view.manifest.name}, epoch {view.knobs.epoch}, seed {view.seed}, {view.tempo_bpm:g} BPM "
        f"to {ready.out_port or 'nowhere'} ({ready.backend}); Ctrl-C stops"
    )
    if view.sync == "midi":
        say(f"the tempo is that of the MIDI clock at {ready.in_port or 'nowhere'}")
    if ready.advice:
        say(ready.advice)


def _on_screen(performance: Performance) -> int:
    from instrument.tui.app import play

    performance.play()
    return play(performance)


class _Arrived(threading.Event):
    """Set by a signal, whose number it keeps."""

    number = 0

    def take(self, number: int, frame: object) -> None:
        self.number = number
        self.set()


@contextmanager
def _signals() -> Iterator[_Arrived]:
    arrived = _Arrived()
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [(number, signal.signal(number, arrived.take)) for number in numbers]
    try:
        yield arrived
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _statistics(performance: Performance, choice: Choice, knobs: Knobs) -> dict[str, Any]:
    status, ready, view = performance.status, performance.ready, performance.view()
    return {
        "preset": view.manifest.name,
        "epoch": knobs.epoch,
        "seed": choice.seed,
        "tempo_bpm": view.tempo_bpm,
        "backend": ready.backend,
        "port": ready.out_port,
        "realtime": ready.realtime,
        "bars": max(status.bar, 0) if status else 0,
        "notes": status.notes_sent if status else 0,
        "misses": view.health.misses,
        "held": status.held if status else 0,
        "lateness_ms": {
            "p50": view.health.lateness_p50_ms,
            "p99": view.health.lateness_p99_ms,
            "max": view.health.lateness_max_ms,
        },
        "clock": asdict(view.health.clock),
        "knob_ms": {"p50": round(view.health.knob_p50_ms, 2), "p99": round(view.health.knob_p99_ms, 2)},
        "heard": {"notes": view.partner.notes, "latency_ms": view.partner.latency_ms},
        "bar_ms": performance.bar_times_ms(),
    }
