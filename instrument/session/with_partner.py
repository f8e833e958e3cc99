"""What hands do with another player's notes: loop them, grab them, find out how late they come."""

from __future__ import annotations

import threading
from collections.abc import Callable

from instrument.core.calibration import UnevenError
from instrument.core.taps import Tapped
from instrument.core.timebase import BAR_TICKS
from instrument.session.composer import Composer
from instrument.session.desk import Desk
from instrument.session.engine_line import EngineLine
from instrument.session.grabbing import grabbed
from instrument.session.keeper import Keeper
from instrument.session.knobs import settled
from instrument.session.partner import Partner
from instrument.session.port_settings import keep_latency_ms
from instrument.session.snapshots import SLOTS


class WithPartner:
    """The part of a performance that plays along."""

    partner: Partner
    _composer: Composer
    _desk: Desk
    _keeper: Keeper
    _line: EngineLine
    _lock: threading.Lock
    _tempo_bpm: float

    def press_loop(self) -> None:
        self._change(lambda: self.partner.along.press_loop(self._bar_now()), "loop")

    def clear_loop(self) -> None:
        self._change(self.partner.along.clear_loop, "loop cleared")

    def calibrate(self) -> None:
        self._change(lambda: self.partner.calibrate(self._bar_now()), "calibrate")

    def grab(self) -> None:
        with self._lock:
            strokes = self.partner.newest(self._line.position())
        if not strokes:
            raise ValueError("nothing was played that could be grabbed")
        self._keeper.send(lambda: self._grab(strokes))

    def _grab(self, strokes: tuple[Tapped, ...]) -> str:
        with self._lock:
            knobs = self._desk.knobs
        found = grabbed(strokes, self._composer, knobs)
        slot = next((number for number, used in enumerate(self._keeper.slots) if not used), None)
        self._change(lambda: self._desk.add(found), "grab")
        if slot is None:
            return "grabbed; no snapshot is free"
        self._keeper.store(slot, settled(found, self._composer.seed, self._composer.manifest.name))
        return f"grabbed: {SLOTS[slot]}"

    def _calibrate(self, position: int) -> None:
        """A calibration whose clicks are over is told and kept."""
        try:
            with self._lock:
                found_ms = self.partner.calibrated(position, self._tempo_bpm)
        except UnevenError as error:
            self._keeper.complain(str(error))
            return
        if found_ms is not None:
            self._keeper.send(lambda: self._keep_latency(found_ms))

    def _keep_latency(self, found_ms: float) -> str:
        keep_latency_ms(self._line.ready.in_port, found_ms)
        return f"your notes come in {abs(found_ms):g} ms {'late' if found_ms >= 0 else 'early'}: taken off"

    def _bar_now(self) -> int:
        return max(self._line.position(), 0) // BAR_TICKS

    def _change(self, change: Callable[[], object], words: str) -> None:
        """Something on the desk, at once, told in a word or two."""
        raise NotImplementedError
