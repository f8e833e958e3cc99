"""Signals under a real terminal: the process ends soon, with the right code, and the terminal is restored."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from instrument.tui.farewell import last_resort

pty = pytest.importorskip("pty", reason="pseudo-terminals are POSIX")

PATIENCE_S = 30.0
LEFT_SCREEN = b"\x1b[?1049l"
PAGE = b"ENSITY"
"""The D is drawn apart, as the key that it is."""


class Terminal:
    """The demo in a pseudo-terminal that answers nothing and keeps all it is sent."""

    def __init__(self) -> None:
        self.master, slave = os.openpty()
        environ = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "COLUMNS": "80", "LINES": "24"}
        command = [sys.executable, "-m", "instrument.tui.demo"]
        root = Path(__file__).parents[2]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environ, cwd=root, start_new_session=True
        )
        os.close(slave)
        self.seen = b""

    def read_until(self, mark: bytes) -> bool:
        """Whether `mark` came before the end, or before patience ran out."""
        while mark not in self.seen:
            ready, _, _ = select.select([self.master], [], [], PATIENCE_S)
            if not ready:
                return False
            try:
                chunk = os.read(self.master, 65536)
            except OSError:
                return mark in self.seen
            if not chunk:
                return False
            self.seen += chunk
        return True

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE_S)
        os.close(self.master)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    yield opened
    opened.close()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_restores_the_terminal(terminal: Terminal, signum: signal.Signals) -> None:
    assert terminal.read_until(PAGE)
    terminal.process.send_signal(signum)
    assert terminal.read_until(LEFT_SCREEN)
    assert terminal.process.wait(PATIENCE_S) == 128 + signum
    assert b"Traceback" not in terminal.seen


def test_ctrl_q_leaves_with_zero(terminal: Terminal) -> None:
    assert terminal.read_until(PAGE)
    os.write(terminal.master, b" \x11")
    assert terminal.read_until(LEFT_SCREEN)
    assert terminal.process.wait(PATIENCE_S) == 0


def test_a_terminal_that_is_gone_ends_the_process() -> None:
    gone = Terminal()
    assert gone.read_until(PAGE)
    os.close(gone.master)
    gone.process.send_signal(signal.SIGHUP)
    assert gone.process.wait(PATIENCE_S) == 128 + signal.SIGHUP


def test_garbage_typed_is_no_traceback(terminal: Terminal) -> None:
    assert terminal.read_until(PAGE)
    os.write(terminal.master, bytes(b for b in range(256) if b not in (3, 0x11, 0x1A)) * 8 + b"\x1b[999;999M\xff\xfe")
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.read_until(LEFT_SCREEN)
    assert terminal.process.wait(PATIENCE_S) == 128 + signal.SIGTERM
    assert b"Traceback" not in terminal.seen


def test_the_last_resort_ends_a_process_that_hangs() -> None:
    hang = "import threading; threading.Event().wait()"
    script = f"from instrument.tui.farewell import last_resort; last_resort(129, 0.0); {hang}"
    done = subprocess.run([sys.executable, "-c", script], timeout=PATIENCE_S, check=False, capture_output=True)
    assert done.returncode == 129
    assert LEFT_SCREEN in done.stderr


def test_the_last_resort_can_be_called_off() -> None:
    timer = last_resort(1, 3600.0)
    timer.cancel()
    timer.join(PATIENCE_S)
    assert timer not in threading.enumerate()
