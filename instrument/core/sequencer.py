"""The sequencer: bars in, messages out, in the order in which they must sound.

It knows positions only. `advance(until)` commits everything before a position; what is committed never changes, the
rest can be replaced by a later revision of its bar at any time. Rules at one position: note-offs, then note-ons in the
order of their bars. A note that strikes again, or that is choked, is ended first. A bar that isn't there when its
earliest hit could sound is replaced by the bar before, and counted as a miss. Playing ends at the line of `until_bar`:
what sounds is ended there and no hit of that bar, early ones included, is played.
"""

from __future__ import annotations

import heapq

from instrument.core.events import BarNotes, Message, Note, note_off, note_on
from instrument.core.timebase import BAR_TICKS, STEPS_PER_BAR

EARLIEST_TICKS = BAR_TICKS // STEPS_PER_BAR // 2
"""How far before its bar line a hit may sound: half a step."""

Stroke = tuple[int, int, int, Note]
"""(position, bar, place in the bar, note): sorts in the order of sounding."""


class Sequencer:
    """Mutable; one thread. The same class plays live and offline."""

    def __init__(self) -> None:
        self._bars: dict[int, BarNotes] = {}
        self._struck: dict[int, set[int]] = {}
        self._pending: list[Stroke] = []
        self._held: dict[tuple[int, int], int] = {}
        self._first_bar = 0
        self._until_bar = -1
        self._next_bar = 0
        self._committed = 0
        self.misses = 0

    @property
    def committed(self) -> int:
        """Everything before this position has been given out."""
        return self._committed

    @property
    def held(self) -> tuple[tuple[int, int], ...]:
        """(channel, note) of what sounds, in order."""
        return tuple(sorted(self._held))

    @property
    def end(self) -> int | None:
        """The position at which playing ends by itself."""
        return None if self._until_bar < 0 else self._until_bar * BAR_TICKS

    def start(self, bar: int, *, tick: int = 0, until_bar: int = -1) -> None:
        """Begin at a bar line or `tick` after it. Bars that are loaded stay; nothing may be held (see `end_held`)."""
        self._first_bar = self._next_bar = bar
        self._until_bar = until_bar
        self._committed = bar * BAR_TICKS + tick
        self._struck.clear()
        self._pending.clear()

    def load(self, bar: BarNotes, settled: int = 0) -> None:
        """A new bar, or a revision of one: strokes that have sounded, or lie before the position `settled`, stay, the
        others are replaced."""
        known = self._bars.get(bar.index)
        if known is not None and known.revision > bar.revision:
            return
        self._bars[bar.index] = bar
        if bar.index < self._next_bar:
            self._schedule(bar, settled)

    def revision(self, bar: int) -> int:
        """The revision of a bar that is known, -1 for a repeated or a missing one."""
        known = self._bars.get(bar)
        return -1 if known is None else known.revision

    def ahead(self) -> int:
        """How many bars after the one being played are known."""
        bar, count = self._committed // BAR_TICKS, 0
        while bar + count + 1 in self._bars:
            count += 1
        return count

    def next_position(self) -> int | None:
        """Where there is something to do next: a message, a bar to be taken up, or the end."""
        event, end = self._next_event(), self.end
        if end is None or self._next_bar < self._until_bar:
            turn = max(self._next_bar * BAR_TICKS - EARLIEST_TICKS, self._committed)
        elif self._committed <= end:
            turn = end
        else:
            return event
        return turn if event is None else min(event, turn)

    def advance(self, until: int) -> list[Message]:
        """All messages at positions before `until`, which are committed by this."""
        out: list[Message] = []
        end = self.end
        while self._needs_bar(until):
            self._give_out(out, min(until, self._next_bar * BAR_TICKS - EARLIEST_TICKS))
            self._take_bar(self._next_bar)
        self._give_out(out, until if end is None else min(until, end))
        if end is not None and until > end and self._committed <= end:
            out += self.end_held(end)
            self._pending.clear()
            self._committed = end
        self._committed = max(self._committed, until if end is None else min(until, end + 1))
        self._forget()
        return out

    def end_held(self, position: int) -> list[Message]:
        """End what sounds, at a position; what is pending stays."""
        offs = [note_off(position, channel, note) for channel, note in self.held]
        self._held.clear()
        return offs

    def _next_event(self) -> int | None:
        places = [self._pending[0][0]] if self._pending else []
        places += self._held.values()
        return min(places, default=None)

    def _needs_bar(self, until: int) -> bool:
        if 0 <= self._until_bar <= self._next_bar:
            return False
        return until > self._next_bar * BAR_TICKS - EARLIEST_TICKS

    def _take_bar(self, index: int) -> None:
        if index not in self._bars:
            self.misses += 1
            before = self._bars.get(index - 1)
            self._bars[index] = BarNotes(index=index, revision=-1, notes=before.notes if before else ())
        self._next_bar = index + 1
        self._schedule(self._bars[index])

    def _schedule(self, bar: BarNotes, settled: int = 0) -> None:
        kept = [stroke for stroke in self._pending if stroke[1] != bar.index or stroke[0] < settled]
        struck = self._struck.setdefault(bar.index, set()) | {note.cell for _, of, _, note in kept if of == bar.index}
        first = max(self._committed, settled)
        start = bar.index * BAR_TICKS
        floor = start if bar.index == self._first_bar else start - EARLIEST_TICKS
        for place, note in enumerate(bar.notes):
            position = max(start + note.tick, floor)
            if note.cell not in struck and position >= first:
                kept.append((position, bar.index, place, note))
        heapq.heapify(kept)
        self._pending = kept

    def _give_out(self, out: list[Message], until: int) -> None:
        while (position := self._next_event()) is not None and position < until:
            strokes = self._pop(position)
            ended = {key for key, off in self._held.items() if off <= position}
            for note in strokes:
                ended.update(self._held.keys() & {(note.channel, note.note), note.chokes})
            for key in sorted(ended):
                del self._held[key]
                out.append(note_off(position, *key))
            for note in strokes:
                self._held[note.channel, note.note] = position + note.length_ticks
                out.append(note_on(position, note.channel, note.note, note.velocity))
        self._committed = max(self._committed, until)

    def _pop(self, position: int) -> list[Note]:
        """The strokes at a position; of those on one note the loudest."""
        loudest: dict[tuple[int, int], Note] = {}
        while self._pending and self._pending[0][0] == position:
            _, bar, _, note = heapq.heappop(self._pending)
            self._struck.setdefault(bar, set()).add(note.cell)
            key = note.channel, note.note
            if key not in loudest or note.velocity > loudest[key].velocity:
                loudest[key] = note
        return list(loudest.values())

    def _forget(self) -> None:
        oldest = self._committed // BAR_TICKS - 1
        for index in [k for k in self._bars if k < oldest]:
            del self._bars[index]
        for index in [k for k in self._struck if k < oldest]:
            del self._struck[index]
