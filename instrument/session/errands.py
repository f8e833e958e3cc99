"""What takes time and isn't music: writing files, opening presets. A thread of its own does one after the other."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from instrument.errors import GhostnoteError

Errand = Callable[[], str]
"""Returns what the player is told, or ""."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The newest thing that an errand has to say; `number` tells it from the one before."""

    number: int = 0
    text: str = ""
    trouble: bool = False


class Errands:
    """`send` and `told` from any thread. A failed errand is told and leaves the others alone."""

    def __init__(self) -> None:
        self.told = Told()
        self._waiting: queue.SimpleQueue[Errand | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="errands", daemon=True)
        self._thread.start()

    def send(self, errand: Errand) -> None:
        self._waiting.put(errand)

    def close(self, patience_s: float) -> None:
        """Finish what was asked for, for so long."""
        self._waiting.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(patience_s)

    def _run(self) -> None:
        while (errand := self._waiting.get()) is not None:
            try:
                self._tell(errand(), trouble=False)
            except (GhostnoteError, OSError, ValueError) as error:
                self._tell(str(error), trouble=True)

    def _tell(self, text: str, *, trouble: bool) -> None:
        if text:
            self.told = Told(number=self.told.number + 1, text=text, trouble=trouble)
