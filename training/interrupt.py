"""Stopping a training cleanly: the first Ctrl-C, SIGTERM or SIGHUP asks, a second Ctrl-C insists."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_ASKING = [signal.SIGINT, signal.SIGTERM] + ([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])


class StopSwitch:
    """Set once, by a signal or by whoever holds it; any thread may."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def __call__(self) -> bool:
        return self._event.is_set()


@contextmanager
def stop_on_signals(switch: StopSwitch) -> Iterator[None]:
    """Within the context the signals set the switch; the old handlers come back at its end.

    Outside the main thread, where Python allows no handlers, nothing is caught.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    old: dict[int, Any] = {}

    def ask(number: int, frame: FrameType | None) -> None:
        switch.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    for asking in _ASKING:
        old[asking] = signal.signal(asking, ask)
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
