"""What is kept for later: snapshots, captures, a port's offset. Files are written aside, one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from instrument.files import write_atomic
from instrument.session.errands import Errand, Errands, Told
from instrument.session.folders import Folders
from instrument.session.knobs import Knobs
from instrument.session.lengths import MORPHS, USUAL_CAPTURE
from instrument.session.port_settings import keep_offset_ms
from instrument.session.snapshots import EMPTY, SLOTS, Snapshots, keep_snapshots, load_snapshots
from instrument.text import printable


class Keeper:
    """Any thread may call it."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._lock = threading.Lock()
        self._snapshots: Snapshots = EMPTY
        self.morph_bars, self.capture_bars = MORPHS[0], USUAL_CAPTURE
        self._errands = Errands()
        self._errands.send(self._fetch)

    @property
    def told(self) -> Told:
        return self._errands.told

    @property
    def slots(self) -> tuple[bool, ...]:
        """Of each snapshot, whether there is one."""
        with self._lock:
            return tuple(kept is not None for kept in self._snapshots)

    def store(self, slot: int, knobs: Knobs) -> None:
        """Keep settled knobs."""
        with self._lock:
            self._snapshots = (*self._snapshots[:slot], knobs, *self._snapshots[slot + 1 :])
            kept = self._snapshots
        self._errands.send(lambda: self._write(kept))

    def kept(self, slot: int) -> Knobs:
        """Raises ValueError for an empty slot."""
        with self._lock:
            knobs = self._snapshots[slot]
        if knobs is None:
            raise ValueError(f"nothing is kept in {SLOTS[slot]}")
        return knobs

    def capture(self, cut: Callable[[int], tuple[bytes, int]]) -> None:
        """Write what `cut` gives of the last bars."""
        bars = self.capture_bars
        self._errands.send(lambda: self._capture(bars, cut))

    def keep_offset(self, port: str, offset_ms: float) -> None:
        self._errands.send(lambda: self._keep_offset(port, offset_ms))

    def send(self, errand: Errand) -> None:
        """Do something else that takes time."""
        self._errands.send(errand)

    def complain(self, words: str) -> None:
        """Something went wrong that the player is to know."""
        self._errands.send(partial(_fail, words))

    def close(self, patience_s: float) -> None:
        self._errands.close(patience_s)

    def _fetch(self) -> str:
        kept = load_snapshots(self._folders.snapshots)
        with self._lock:
            self._snapshots = tuple(new or old for new, old in zip(self._snapshots, kept, strict=True))
        return ""

    def _write(self, snapshots: Snapshots) -> str:
        keep_snapshots(self._folders.snapshots, snapshots)
        return ""

    def _capture(self, bars: int, cut: Callable[[int], tuple[bytes, int]]) -> str:
        data, bars = cut(bars)
        file = self._folders.new_capture(bars)
        write_atomic(file, data)
        return f"{bars} {'bar' if bars == 1 else 'bars'} captured: {printable(str(file))}"

    def _keep_offset(self, port: str, offset_ms: float) -> str:
        keep_offset_ms(port, offset_ms)
        return ""


def _fail(words: str) -> str:
    raise ValueError(words)
