"""The engine as a process: what it imports, how it dies, and how it comes back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from instrument.core.timebase import BAR_TICKS
from instrument.engine.client import MOST_STARTS, EngineClient
from instrument.engine.messages import Config, Journal, Load, Play, Ready, Report, Status, Trouble
from instrument.errors import PortError
from tests.core.notes import check_line
from tests.engine.manual import beats

CONFIG = Config(backend="none", client_name="Test", port_name="out", in_port="", tempo_bpm=300, journal=True)
PATIENCE_S = 20.0
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


class Watched:
    """A client whose reports are kept."""

    def __init__(self) -> None:
        self.client = EngineClient(CONFIG)
        self.ready = self.client.start()
        self.reports: list[Report] = []

    def play(self) -> None:
        for index in range(4):
            self.client.send(Load(bar=beats(index)))
        self.client.send(Play(from_bar=0))
        self.wait(lambda status: status.playing and status.notes_sent > 0)

    def kill(self) -> None:
        """And wait until another one reports."""
        pid = self.client.pid
        os.kill(pid, signal.SIGKILL)
        self.wait(lambda status: self.client.pid != pid)

    def wait(self, true: Callable[[Status], bool]) -> Status:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            new = self.client.poll()
            self.reports += new
            for report in new:
                if isinstance(report, Status) and true(report):
                    return report
            time.sleep(0.002)
        raise AssertionError("the engine never got there")


@pytest.fixture
def engine() -> Iterator[Watched]:
    watched = Watched()
    yield watched
    watched.client.close()


def journal(reports: list[Report]) -> list[bool]:
    return [entry.message.is_note_on for report in reports if isinstance(report, Journal) for entry in report.sent]


def test_closing_ends_the_notes_and_the_process(engine: Watched) -> None:
    engine.play()
    engine.reports += engine.client.close()
    sent = [entry.message for report in engine.reports if isinstance(report, Journal) for entry in report.sent]
    assert sent
    check_line(sent)
    with pytest.raises(ProcessLookupError):
        os.kill(engine.client.pid, 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_to_the_engine_ends_its_notes_and_it_is_started_again(engine: Watched, number: signal.Signals) -> None:
    engine.play()
    first = engine.client.pid
    os.kill(first, number)
    engine.wait(lambda status: engine.client.pid != first and status.playing)
    assert any(isinstance(report, Trouble) and not report.over for report in engine.reports)


def test_a_killed_engine_comes_back_where_the_music_would_be(engine: Watched) -> None:
    engine.play()
    before = engine.wait(lambda status: status.position_ticks > BAR_TICKS // 2)
    seen = time.perf_counter()
    first = engine.client.pid
    os.kill(first, signal.SIGKILL)
    after = engine.wait(lambda status: engine.client.pid != first and status.playing and status.notes_sent > 0)
    passed = (time.perf_counter() - seen) * 300 * 480 / 60
    assert abs(after.position_ticks - before.position_ticks - passed) < 480
    assert sum(isinstance(report, Ready) for report in engine.reports) == 1


def test_sigint_at_the_terminal_is_the_players_business(engine: Watched) -> None:
    engine.play()
    os.kill(engine.client.pid, signal.SIGINT)
    before = engine.wait(lambda status: status.playing).position_ticks
    engine.wait(lambda status: status.playing and status.position_ticks > before + 100)


def test_an_engine_that_dies_again_and_again_is_given_up(engine: Watched) -> None:
    for _ in range(MOST_STARTS):
        engine.kill()
    os.kill(engine.client.pid, signal.SIGKILL)
    with pytest.raises(PortError, match="within a minute"):
        engine.wait(lambda status: False)


def test_the_main_process_gone_the_engine_goes_too(engine: Watched) -> None:
    """The pipe's end is all that tells it."""
    engine.play()
    pid = engine.client.pid
    engine.client._wire.hang_up()
    engine.client._process.wait(PATIENCE_S)
    assert engine.client._process.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
