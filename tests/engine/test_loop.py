"""The loop around the player: however it ends, the notes end first."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from instrument.core.events import Message
from instrument.engine.loop import Loop
from instrument.engine.messages import Close, Command, Config, Failed, Heard, Journal, Load, Play, Ready, Report, Status
from instrument.engine.wire import Wire
from instrument.errors import PortError
from instrument.ports.contract import OutSink, PortNames
from instrument.ports.memory import MemorySink
from tests.core.notes import bar, check_line, note

CONFIG = Config(backend="none", client_name="Test", port_name="out", in_port="", tempo_bpm=300, journal=True)
PATIENCE_S = 10.0


class Breaking(MemorySink):
    """A sink that raises at its n-th message."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.kept: list[Message] = []
        self._last = last

    def send(self, message: Message, due_s: float) -> None:
        self.kept.append(message)
        if len(self.kept) == self._last:
            raise RuntimeError("broken")
        super().send(message, due_s)


class Bench:
    """The player's end of a loop that runs in a thread."""

    def __init__(self, sink: MemorySink) -> None:
        self.sink = sink
        to_engine, to_player = os.pipe(), os.pipe()
        self.wire = Wire(os.fdopen(to_player[0], "rb"), os.fdopen(to_engine[1], "wb"))
        engine = Wire(os.fdopen(to_engine[0], "rb"), os.fdopen(to_player[1], "wb"))
        self.loop = Loop(engine, CONFIG, opener=self._open)
        self.error: Exception | None = None
        self.reports: list[Report] = []
        self._engine = engine
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _open(self, backend: str, names: PortNames, in_port: str) -> OutSink:
        return self.sink

    def _run(self) -> None:
        try:
            self.loop.run()
        except Exception as error:
            self.error = error
        finally:
            self._engine.hang_up()

    def play(self) -> None:
        """A long note at once, so that something sounds."""
        for command in (Load(bar=bar(0, note(0, length_ticks=1900))), Play(from_bar=0)):
            self.send(command)
        self.wait(lambda: any(isinstance(report, Status) and report.held for report in self.reports))

    def send(self, command: Command) -> None:
        assert self.wire.send(command)

    def wait(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < deadline
            self.wire.arrived.wait(0.05)
            self.reports += self.wire.receive()

    def end(self) -> list[Message]:
        """All that was sent, once the loop has ended."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        self.wire.drain(PATIENCE_S)
        self.reports += self.wire.receive()
        return [entry.message for report in self.reports if isinstance(report, Journal) for entry in report.sent]


@contextmanager
def bench(sink: MemorySink) -> Iterator[Bench]:
    stand = Bench(sink)
    try:
        yield stand
    finally:
        stand.loop.leave()
        stand.wire.hang_up()


@pytest.mark.parametrize("way", ["close", "signal", "pipe"])
def test_every_way_out_ends_the_notes_and_closes_the_port(way: str) -> None:
    with bench(MemorySink()) as stand:
        stand.play()
        if way == "close":
            stand.send(Close())
        elif way == "signal":
            stand.loop.leave()
        else:
            stand.wire.hang_up()
        check_line(stand.end())
    assert stand.error is None
    assert stand.sink.closed


def test_an_exception_ends_the_notes_too() -> None:
    sink = Breaking(2)
    with bench(sink) as stand:
        for command in (Load(bar=bar(0, note(0, length_ticks=1900), note(480, 38, cell=1))), Play(from_bar=0)):
            stand.send(command)
        stand.end()
    assert isinstance(stand.error, RuntimeError)
    assert sink.closed
    sounding: set[int] = set()
    for message in sink.kept:
        (sounding.add if message.is_note_on else sounding.discard)(message.data1)
    assert not sounding


def test_a_loop_says_that_it_is_ready_and_where_it_is() -> None:
    with bench(MemorySink()) as stand:
        stand.wait(lambda: any(isinstance(report, Status) for report in stand.reports))
        stand.send(Close())
        stand.end()
    ready, status = stand.reports[0], stand.reports[1]
    assert isinstance(ready, Ready)
    assert ready.backend == "none"
    assert isinstance(status, Status)
    assert not status.playing


def test_what_comes_in_is_reported_and_never_sent_out() -> None:
    sink = MemorySink()
    with bench(sink) as stand:
        for k in range(1, 31):
            sink.arrive(bytes((0xB0, 74, k, 0xF8, 0x90, 36, k)), sink.now())
        stand.wait(lambda: len(_heard(stand.reports, 0x90)) == 30)
        stand.send(Close())
        assert not stand.end()
    assert _heard(stand.reports, 0x90) == list(range(1, 31))
    assert _heard(stand.reports, 0xB0)[-1] == 30
    assert not _heard(stand.reports, 0xF0)


def _heard(reports: list[Report], kind: int) -> list[int]:
    """The last bytes of the messages of a kind that were reported."""
    heard = [report for report in reports if isinstance(report, Heard)]
    return [event.data2 for report in heard for event in report.events if event.kind == kind]


def test_a_port_that_cannot_be_opened_is_told_with_its_reason() -> None:
    def refuse(backend: str, names: PortNames, in_port: str) -> OutSink:
        raise PortError("no such port")

    read, write = os.pipe()
    into, never = os.pipe()
    os.close(never)
    with os.fdopen(read, "rb") as ours, os.fdopen(write, "wb") as theirs, os.fdopen(into, "rb") as silence:
        wire = Wire(silence, theirs)
        assert Loop(wire, CONFIG, opener=refuse).run() == 3
        wire.hang_up()
        answers = Wire(ours, open(os.devnull, "wb"))  # noqa: PTH123, SIM115
        answers.drain(PATIENCE_S)
        assert answers.receive() == [Failed(reason="no such port")]
