"""What is kept and brought back in a performance: snapshots, recall codes, captures, presets."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from instrument.core.timebase import BAR_TICKS
from instrument.errors import GhostnoteError
from instrument.session import recall
from instrument.session.composer import Composer
from instrument.session.desk import Desk, frozen_at
from instrument.session.engine_line import EngineLine
from instrument.session.keeper import Keeper
from instrument.session.kits import check_kit_name, keep_kit
from instrument.session.knobs import Knobs, settled
from instrument.session.lengths import check_capture, check_morph
from instrument.session.snapshots import SLOTS
from instrument.session.tape import Tape
from instrument.text import printable


class Keeping:
    """The part of a performance that keeps things. Files and nets are opened aside, on the keeper's thread."""

    _composer: Composer
    _desk: Desk
    _keeper: Keeper
    _line: EngineLine
    _lock: threading.Lock
    _tape: Tape

    def load_preset(self, name: str) -> None:
        """Change to another preset's best epoch as soon as it has been opened and checked, elsewhere."""
        self._keeper.send(lambda: self._open_preset(name))

    def presets(self) -> tuple[str, ...]:
        return self._composer.known_presets()

    def store(self, slot: int) -> None:
        with self._lock:
            knobs = self._desk.knobs
        self._keeper.store(slot, settled(knobs, self._composer.seed, self._composer.manifest.name))

    def morph_in(self, bars: int) -> None:
        self._keeper.morph_bars = check_morph(bars)

    def capture_last(self, bars: int) -> None:
        self._keeper.capture_bars = check_capture(bars)

    def recall(self, slot: int) -> None:
        knobs, bars = self._keeper.kept(slot), self._keeper.morph_bars
        self._keeper.send(lambda: self._take_up(knobs, bars, SLOTS[slot]))

    def recall_code(self, code: str) -> None:
        """Freeze on the bar that a code tells, of the preset that it was made with where that is here."""
        try:
            found = recall.decode(code)
            with self._lock:
                names = (self._desk.knobs.preset, *self._composer.known_presets())
                of = next((name for name in names if found.is_of(name)), self._desk.knobs.preset)
                manifest = self._composer.source_of(of).manifest
            knobs = found.settled(manifest)
            self._composer.check(knobs)
        except GhostnoteError as error:
            raise ValueError(str(error)) from error
        self._change(lambda: self._desk.add(frozen_at(found.index, knobs)), f"recall {code}")

    def keep_kit(self, name: str) -> None:
        check_kit_name(name)
        with self._lock:
            kit = self._composer.kit.with_pads(self._composer.pads(self._desk.knobs))
        self._keeper.send(lambda: f"kept: --kit {printable(keep_kit(name, kit).stem)}")

    def capture(self) -> None:
        self._keeper.capture(self._cut)

    def _open_preset(self, name: str) -> str:
        manifest = self._composer.source_of(name).manifest
        with self._lock:
            knobs = self._desk.knobs
        style = knobs.style if knobs.style in manifest.model.styles else ""
        other = replace(knobs, preset=name, epoch=manifest.best_epoch, style=style, z=(), locks=())
        self._change(lambda: self._desk.add(other), f"preset {name}")
        return f"preset {manifest.title}"

    def _take_up(self, knobs: Knobs, bars: int, slot: str) -> str:
        self._composer.check(knobs)
        with self._lock:
            bar = max(self._line.position() // BAR_TICKS, 0)
        self._change(lambda: self._desk.morph_to(knobs, bar, bars), f"snapshot {slot}")
        return f"{slot} in {bars} bars" if bars else slot

    def _cut(self, bars: int) -> tuple[bytes, int]:
        with self._lock:
            return self._tape.capture(bars)

    def _change(self, change: Callable[[], object], words: str) -> None:
        """Something on the desk, at once, told in a word or two."""
        raise NotImplementedError
