"""Leaving on a signal: silence first, then the terminal, and never hanging.

Left alone, SIGINT, SIGTERM, SIGHUP and SIGQUIT end the process at once, with notes hanging and the terminal raw. So
they are taken by the event loop: the session is closed (note-offs), the app asked to end, and a timer sees to it that a
terminal that is gone, or a port that blocks, can't keep the process alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable

SIGNAL_PATIENCE_S = 1.0
QUIT_PATIENCE_S = 5.0
"""How long leaving may take before the process is ended: a gone terminal hangs it, a slow port needs a moment."""
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))
TERMINAL_BACK = "\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[0m"
"""Main screen, cursor, no mouse, no bracketed paste, plain text."""

Leave = Callable[[int], None]
LastResort = Callable[[int, float], threading.Timer]


def exit_code(signum: int) -> int:
    """What shells report for a process that a signal ended."""
    return 128 + signum


def listen(leave: Leave) -> None:
    """Call `leave(exit code)` in the running event loop when a signal asks to end."""
    loop = asyncio.get_running_loop()
    for signum in SIGNALS:
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(signum, leave, exit_code(signum))


def unlisten() -> None:
    loop = asyncio.get_running_loop()
    for signum in SIGNALS:
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signum)


def last_resort(code: int, after_s: float) -> threading.Timer:
    """End the process after a while, whatever hangs; cancel the timer once the app has ended."""
    timer = threading.Timer(after_s, _end, args=(code,))
    timer.daemon = True
    timer.start()
    return timer


def _end(code: int) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.set_blocking(sys.__stderr__.fileno(), False)  # type: ignore[union-attr]
        os.write(sys.__stderr__.fileno(), TERMINAL_BACK.encode())  # type: ignore[union-attr]
    os._exit(code)
