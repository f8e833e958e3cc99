"""Which bars the engine gets, and when: two ahead, anew when a knob turns, and never none.

A bar that the net doesn't give in time is stood in for by the last good one, varied by the groove and counted as a
miss. It holds no thread, clock or port: `feed` is called some two hundred times a second with the position.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from instrument.core.events import BarNotes
from instrument.core.timebase import BAR_TICKS
from instrument.session.composer import Composed, Composer
from instrument.session.net_worker import Made, Worker
from instrument.session.view import Knobs

BARS_AHEAD = 2
PATIENCE_S = 0.05
"""A net that thinks for longer is late."""

HANG_S = 2.0
"""A net that thinks for longer is given up, and its epoch with it."""

MODEL_TIMES = 256
READY_TICKS = BAR_TICKS // 2
"""From this place in a bar on, the next one must be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """A bar that the engine has: its revision, what it was made from, what came out; whether it only stands in."""

    revision: int
    knobs: Knobs
    composed: Composed
    stands_in: bool = False


class Feeder:
    """Mutable; one thread, but for `fed` and the figures, which others may read."""

    def __init__(self, composer: Composer, new_worker: Callable[[], Worker]) -> None:
        self.fed: dict[int, Fed] = {}
        self.misses = 0
        self.trouble = ""
        self.times_ms: deque[float] = deque(maxlen=MODEL_TIMES)
        self.holds_changes = False
        self._composer = composer
        self._new_worker = new_worker
        self._worker = new_worker()
        self._revisions = -1
        self._last: Composed | None = None
        self._refused: set[tuple[int, Knobs]] = set()
        self._given_up: set[tuple[str, int]] = set()

    def feed(self, position_ticks: int, wanted: Callable[[int], Knobs]) -> list[BarNotes]:
        """What the engine must be told now. `wanted` gives the knobs of a bar."""
        first = max(position_ticks // BAR_TICKS, 0)
        sent = [bar for made in self._worker.collect() if (bar := self._take(made, first, wanted)) is not None]
        self._look_for_hang(first, wanted)
        needed = (first, first + 1) if position_ticks - first * BAR_TICKS >= READY_TICKS else (first,)
        sent += [bar for index in needed if (bar := self._stand_in(index, wanted(index))) is not None]
        self._ask(first, wanted)
        self._forget(first)
        return sent

    def close(self) -> None:
        self._worker.close()

    def _take(self, made: Made, first: int, wanted: Callable[[int], Knobs]) -> BarNotes | None:
        """A bar from the net: an outdated one still beats none, or one that stands in."""
        self.trouble = made.error
        if made.composed is None:
            self._refused.add((made.index, made.knobs))
            return None
        self.times_ms.append(made.seconds * 1000)
        self._last = made.composed
        fed = self.fed.get(made.index)
        if made.index < first or (fed is not None and not fed.stands_in and made.knobs != wanted(made.index)):
            return None
        return self._give(made.index, made.knobs, made.composed)

    def _give(self, index: int, knobs: Knobs, composed: Composed, *, stands_in: bool = False) -> BarNotes:
        self._revisions += 1
        self.fed[index] = Fed(revision=self._revisions, knobs=knobs, composed=composed, stands_in=stands_in)
        return composed.revision(index, self._revisions)

    def _look_for_hang(self, first: int, wanted: Callable[[int], Knobs]) -> None:
        if self._worker.busy_s() < HANG_S:
            return
        self._given_up.add(self._epoch(wanted(first)))
        self._worker.close()
        self._worker = self._new_worker()
        self.trouble = f"the net of epoch {wanted(first).epoch} hangs; the last bar goes on: choose another epoch"

    def _stand_in(self, index: int, knobs: Knobs) -> BarNotes | None:
        fed = self.fed.get(index)
        if self._last is None or (fed is not None and (not fed.stands_in or fed.knobs == knobs)):
            return None
        if not (self._hopeless(index, knobs) or self._worker.busy_s() > PATIENCE_S):
            return None
        self.misses += fed is None
        return self._give(index, knobs, self._composer.again(self._last, index, knobs), stands_in=True)

    def _ask(self, first: int, wanted: Callable[[int], Knobs]) -> None:
        """The most urgent bar that isn't as the knobs are now."""
        if self._worker.busy_s():
            return
        for index in range(first, first + BARS_AHEAD + 1):
            fed, knobs = self.fed.get(index), wanted(index)
            held = self.holds_changes and index == first
            good = fed is not None and not fed.stands_in and (fed.knobs == knobs or held)
            if not good and not self._hopeless(index, knobs):
                self._worker.ask(index, knobs)
                return

    def _hopeless(self, index: int, knobs: Knobs) -> bool:
        return (index, knobs) in self._refused or self._epoch(knobs) in self._given_up

    def _epoch(self, knobs: Knobs) -> tuple[str, int]:
        return knobs.preset, knobs.epoch

    def _forget(self, first: int) -> None:
        self.fed = {index: fed for index, fed in self.fed.items() if index >= first - 1}
        self._refused = {(index, knobs) for index, knobs in self._refused if index >= first}
