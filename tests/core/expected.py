"""The sequencer's reference: what must be struck, in the plainest words, without queues and without note-offs."""

from __future__ import annotations

from instrument.core.events import BarNotes, Message, Note
from instrument.core.sequencer import EARLIEST_TICKS
from instrument.core.timebase import BAR_TICKS

Strike = tuple[int, int, int, int]
"""(position, channel, note, velocity)"""


def strikes(messages: list[Message]) -> list[Strike]:
    """The note-ons among messages, sorted."""
    return sorted((m.position_ticks, m.status & 0x0F, m.data1, m.data2) for m in messages if m.is_note_on)


class Expected:
    """Every stroke of the latest revision that is known when its place is committed, unless its cell has sounded."""

    def __init__(self) -> None:
        self.bars: dict[int, BarNotes] = {}
        self.kept: dict[int, tuple[int, list[Note]]] = {}
        self.misses = 0
        self.start(0, 0, -1)

    def start(self, bar: int, tick: int, until_bar: int) -> None:
        self.first_bar = self.next_bar = bar
        self.until_bar = until_bar
        self.place = bar * BAR_TICKS + tick
        self.sounded: set[tuple[int, int]] = set()
        self.kept.clear()

    def load(self, bar: BarNotes, settled: int = 0) -> None:
        """A revision, which replaces what lies at `settled` and after."""
        kept = [
            note
            for note in self._notes_of(bar.index)
            if self.place <= self._place_of(bar.index, note) < settled and (bar.index, note.cell) not in self.sounded
        ]
        self.bars[bar.index] = bar
        self.kept.pop(bar.index, None)
        if bar.index < self.next_bar and settled:
            self.kept[bar.index] = settled, kept

    def _notes_of(self, index: int) -> list[Note]:
        """What a bar has in the end, where its last revision came too late for its beginning."""
        notes = list(self.bars[index].notes) if index in self.bars else []
        settled, kept = self.kept.get(index, (0, []))
        cells = {note.cell for note in kept}
        return kept + [n for n in notes if not settled or (self._place_of(index, n) >= settled and n.cell not in cells)]

    @property
    def end(self) -> int | None:
        return None if self.until_bar < 0 else self.until_bar * BAR_TICKS

    @property
    def ended(self) -> bool:
        return self.end is not None and self.place > self.end

    def advance(self, until: int) -> list[Strike]:
        while until > self.next_bar * BAR_TICKS - EARLIEST_TICKS and self.next_bar != self.until_bar:
            self._take_bar()
        limit = until if self.end is None else min(until, self.end)
        loudest: dict[tuple[int, int, int], int] = {}
        for bar in self.bars.values():
            for note in self._notes_of(bar.index) if self.first_bar <= bar.index < self.next_bar else ():
                position = self._place_of(bar.index, note)
                if self.place <= position < limit and (bar.index, note.cell) not in self.sounded:
                    self.sounded.add((bar.index, note.cell))
                    key = position, note.channel, note.note
                    loudest[key] = max(note.velocity, loudest.get(key, 0))
        self.place = max(self.place, until if self.end is None else min(until, self.end + 1))
        oldest = self.place // BAR_TICKS - 1
        self.bars = {index: bar for index, bar in self.bars.items() if index >= oldest}
        return sorted((*key, velocity) for key, velocity in loudest.items())

    def _take_bar(self) -> None:
        index = self.next_bar
        if index not in self.bars:
            before = self.bars.get(index - 1)
            self.bars[index] = BarNotes(index=index, revision=-1, notes=before.notes if before else ())
            self.misses += 1
        self.next_bar += 1

    def _place_of(self, bar: int, note: Note) -> int:
        """An early stroke of the bar that playing begins with sounds on its line."""
        place = bar * BAR_TICKS + note.tick
        return max(place, bar * BAR_TICKS) if bar == self.first_bar else place
