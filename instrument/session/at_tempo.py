"""The tempo and the phase of a performance, as its hands set them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from instrument.engine.messages import Nudge, SetOffset, SetTempo
from instrument.session.engine_line import EngineLine
from instrument.session.keeper import Keeper
from instrument.session.tape import Tape
from instrument.session.taps import Taps
from instrument.session.view import check_offset, check_tempo


class AtTempo:
    """The part of a performance that keeps time."""

    _clock: Callable[[], float]
    _follows_clock: bool
    _keeper: Keeper
    _line: EngineLine
    _lock: threading.Lock
    _nudge_ms: float
    _offset_ms: float
    _tape: Tape
    _taps: Taps
    _tempo_bpm: float
    _wake: threading.Event

    def set_tempo(self, tempo_bpm: float) -> None:
        check_tempo(tempo_bpm)
        if self._follows_clock:
            raise ValueError("the tempo is the MIDI clock's: it is set where the clock comes from")
        with self._lock:
            self._tempo_bpm = tempo_bpm
            self._tape.tempo(self._line.position(), tempo_bpm)
            self._line.ask(SetTempo(tempo_bpm=tempo_bpm))
        self._wake.set()

    def tap(self) -> None:
        tempo_bpm = self._taps.tap(self._clock())
        if tempo_bpm is not None:
            self.set_tempo(tempo_bpm)

    def nudge(self, by_ms: float) -> None:
        with self._lock:
            check_offset(self._offset_ms + self._nudge_ms + by_ms)
            self._nudge_ms += by_ms
            self._line.ask(Nudge(by_ms=by_ms))
        self._wake.set()

    def keep_nudge(self) -> None:
        with self._lock:
            self._offset_ms, nudge_ms, self._nudge_ms = self._offset_ms + self._nudge_ms, self._nudge_ms, 0.0
            self._line.ask(SetOffset(offset_ms=self._offset_ms), Nudge(by_ms=-nudge_ms))
        self._keeper.keep_offset(self._line.ready.out_port, self._offset_ms)
        self._wake.set()
