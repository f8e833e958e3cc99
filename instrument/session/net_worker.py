"""The net's own thread: it may think for as long as it likes, or for ever, and nobody waits for it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from instrument.session.composer import Composed
from instrument.session.view import Knobs

Compose = Callable[[int, Knobs], Composed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What became of an order: the bar, or why there is none; and how long it took."""

    index: int
    knobs: Knobs
    composed: Composed | None
    error: str
    seconds: float


class Worker(Protocol):
    """One order at a time."""

    def ask(self, index: int, knobs: Knobs) -> None: ...

    def collect(self) -> list[Made]:
        """What has been made since the last call."""

    def busy_s(self) -> float:
        """For how long the order under way has been; 0 with none."""

    def close(self) -> None:
        """No more orders; the one under way is nobody's."""


class NetWorker:
    """Keeps the contract of `Worker` with a thread. `done` is called on that thread after each order."""

    def __init__(
        self, compose: Compose, done: Callable[[], object], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._compose = compose
        self._done = done
        self._clock = clock
        self._orders: queue.SimpleQueue[tuple[int, Knobs] | None] = queue.SimpleQueue()
        self._made: queue.SimpleQueue[Made] = queue.SimpleQueue()
        self._since: float | None = None
        threading.Thread(target=self._work, name="net", daemon=True).start()

    def ask(self, index: int, knobs: Knobs) -> None:
        self._since = self._clock()
        self._orders.put((index, knobs))

    def collect(self) -> list[Made]:
        made = []
        while not self._made.empty():
            made.append(self._made.get())
        if made:
            self._since = None
        return made

    def busy_s(self) -> float:
        return 0.0 if self._since is None else max(self._clock() - self._since, 1e-9)

    def close(self) -> None:
        self._orders.put(None)

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            index, knobs = order
            started, composed, error = self._clock(), None, ""
            try:
                composed = self._compose(index, knobs)
            except Exception as problem:
                error = str(problem) or type(problem).__name__
            seconds = self._clock() - started
            self._made.put(Made(index=index, knobs=knobs, composed=composed, error=error, seconds=seconds))
            self._done()
