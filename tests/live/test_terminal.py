"""The real instrument in a real terminal, playing to a real listener, while the terminal is treated badly."""

from __future__ import annotations

import fcntl
import os
import random
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from instrument.bench.jack_server import JackServer
from tests.live.hosts import CLI, OUT_PORT, host, surroundings
from tests.live.patchbay import Patchbay, held

pytestmark = pytest.mark.live

ALT_SCREEN, LEFT_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
CURSOR = b"\x1b[?25h"
MOUSE_OFF, PASTE_OFF = b"\x1b[?1003l", b"\x1b[?2004l"
PAGE = b"ENSITY"
PATIENCE_S = 20.0
PLAYS = [*CLI, "jam", "--backend", "jack", "--seed", "7"]
QUIT, SUSPEND, INTERRUPT, FLOW = 0x11, 0x1A, 0x03, (0x13, 0x1C)


class Terminal:
    """A pseudo-terminal with a program in it that owns it; all that is shown is kept."""

    def __init__(self, command: list[str], server: str) -> None:
        self.master, self.slave = os.openpty()
        self.size(80, 24)
        self.before = termios.tcgetattr(self.slave)
        environ = {**surroundings(server), "TERM": "xterm-256color", "LANG": "C.UTF-8", "PS1": "shell> "}
        self.process = subprocess.Popen(
            command,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=environ,
            start_new_session=True,
            preexec_fn=_own_the_terminal,  # noqa: PLW1509
        )
        self.seen = b""
        self._closed = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, data: bytes) -> None:
        while data:
            _, ready, _ = select.select([], [self.master], [], PATIENCE_S)
            assert ready, "the program doesn't read what is typed"
            data = data[os.write(self.master, data[:256]) :]

    def wait_for(self, mark: bytes, after: int = 0) -> int:
        """Where in what was seen the mark is."""
        self.wait_until(lambda: mark in self.seen[after:], f"{mark!r} was never shown")
        return self.seen.index(mark, after)

    def wait_until(self, true: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < deadline, complaint
            time.sleep(0.02)

    def hang_up(self) -> None:
        self._closed.set()
        self._reader.join()
        os.close(self.slave)
        os.close(self.master)

    def close(self) -> None:
        if self.process.poll() is None:
            for child in psutil.Process(self.process.pid).children(recursive=True):
                child.kill()
            self.process.kill()
        self.process.wait(PATIENCE_S)
        if not self._closed.is_set():
            self.hang_up()

    def check_restored(self) -> None:
        """As it was found, and nothing said that is no screen."""
        assert termios.tcgetattr(self.slave) == self.before
        last = self.seen.rindex(LEFT_SCREEN)
        assert ALT_SCREEN not in self.seen[last:]
        assert CURSOR in self.seen[self.seen.rindex(ALT_SCREEN) :]
        assert MOUSE_OFF in self.seen
        assert PASTE_OFF in self.seen
        assert b"Traceback" not in self.seen

    def _read(self) -> None:
        while not self._closed.is_set():
            ready, _, _ = select.select([self.master], [], [], 0.05)
            try:
                self.seen += os.read(self.master, 65536) if ready else b""
            except OSError:
                return


def _own_the_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def playing(server: str, command: list[str] = PLAYS) -> Iterator[tuple[Terminal, Patchbay]]:
    """The instrument, drawn and sounding."""
    with Patchbay(server) as patchbay:
        terminal = Terminal(command, server)
        try:
            patchbay.listen_to(OUT_PORT)
            terminal.wait_for(PAGE)
            patchbay.wait_for_sounding_note()
            yield terminal, patchbay
        finally:
            terminal.close()


def children(terminal: Terminal) -> list[Any]:
    found: list[Any] = psutil.Process(terminal.process.pid).children(recursive=True)
    return found


def test_three_hundred_sizes_while_it_plays(jack_server: JackServer) -> None:
    chance = random.Random(5)
    with playing(jack_server.name) as (terminal, patchbay):
        heard = len(patchbay.heard)
        sizes = [(1, 1), (500, 200), (2, 80), (80, 2)]
        sizes += [(chance.randint(1, 260), chance.randint(1, 90)) for _ in range(296)]
        for columns, rows in sizes:
            terminal.size(columns, rows)
            time.sleep(0.02)
        terminal.size(80, 24)
        assert any(event.note_on for event in patchbay.heard[heard:]), "the music stopped"
        terminal.type(bytes([QUIT]))
        assert terminal.process.wait(PATIENCE_S) == 0
        patchbay.wait_until_gone(OUT_PORT)
        terminal.wait_until(lambda: LEFT_SCREEN in terminal.seen, "the screen wasn't left")
        terminal.check_restored()
        assert not held(patchbay.heard)


def test_to_the_shell_and_back(jack_server: JackServer) -> None:
    shell = [host("bash", "bash"), "--norc", "--noprofile", "-i"]
    with Patchbay(jack_server.name) as patchbay:
        terminal = Terminal(shell, jack_server.name)
        try:
            terminal.wait_for(b"shell> ")
            words = " ".join(f"'{word}'" if " " in word else word for word in PLAYS)
            terminal.type(words.encode() + b"\n")
            patchbay.listen_to(OUT_PORT)
            terminal.wait_for(PAGE)
            patchbay.wait_for_sounding_note()
            after = len(terminal.seen)
            terminal.type(bytes([SUSPEND]))
            left = terminal.wait_for(LEFT_SCREEN, after)
            terminal.wait_for(b"shell> ", left)
            patchbay.wait_until(lambda: not held(patchbay.heard), "a note hangs in the background")
            (job,) = psutil.Process(terminal.process.pid).children()
            assert job.status() == psutil.STATUS_STOPPED
            after, heard = len(terminal.seen), len(patchbay.heard)
            terminal.type(b"fg\n")
            terminal.wait_for(PAGE, terminal.wait_for(ALT_SCREEN, after))
            terminal.type(b" ")
            patchbay.wait_until(lambda: any(e.note_on for e in patchbay.heard[heard:]), "it doesn't play again")
            after = len(terminal.seen)
            terminal.type(bytes([QUIT]))
            terminal.wait_for(b"shell> ", terminal.wait_for(LEFT_SCREEN, after))
            patchbay.wait_until_gone(OUT_PORT)
            assert not held(patchbay.heard)
            assert b"Traceback" not in terminal.seen
        finally:
            terminal.close()


def test_a_terminal_that_goes_away_takes_the_notes_with_it(jack_server: JackServer) -> None:
    with playing(jack_server.name) as (terminal, patchbay):
        processes = [psutil.Process(terminal.process.pid), *children(terminal)]
        terminal.hang_up()
        assert terminal.process.wait(PATIENCE_S) == 128 + signal.SIGHUP
        _, alive = psutil.wait_procs(processes, timeout=5)
        assert not alive
        patchbay.wait_until_gone(OUT_PORT)
        assert not held(patchbay.heard)


@pytest.mark.parametrize("seed", range(3))
def test_a_hundred_kilobytes_of_garbage(jack_server: JackServer, seed: int) -> None:
    """The keys that leave, suspend or stop the terminal's flow are left out; whatever else may be pressed."""
    chance = random.Random(seed)
    kept = [byte for byte in range(256) if byte not in (QUIT, SUSPEND, INTERRUPT, *FLOW)]
    with playing(jack_server.name) as (terminal, patchbay):
        terminal.type(bytes(chance.choices(kept, k=100_000 // 3)))
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.process.wait(PATIENCE_S) == 128 + signal.SIGTERM
        patchbay.wait_until_gone(OUT_PORT)
        terminal.wait_until(lambda: LEFT_SCREEN in terminal.seen, "the screen wasn't left")
        terminal.check_restored()
        assert not held(patchbay.heard)
