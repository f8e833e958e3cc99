"""What went out, kept: all of it for a recording, else as much as can still be captured after the fact."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from instrument.core.events import Message
from instrument.core.timebase import BAR_TICKS
from instrument.engine.messages import Sent
from instrument.errors import DataError
from instrument.ports.smf import TempoChange, Words
from instrument.session.knobs import Knobs
from instrument.session.lengths import CAPTURES
from instrument.session.recording import captured_file, recorded_file, take

MOST_CAPTURED = CAPTURES[-1]
MOST_NOTES = 2**12
"""Messages that are kept without a recording: 128 to each of `MOST_CAPTURED` bars."""

Encode = Callable[[int, Knobs], str]
"""A bar's number and what it was made from -> the code that brings it back."""


class Tape:
    """Mutable; its owner keeps other threads out."""

    def __init__(self, tempo_bpm: float, encode: Encode, *, whole: bool) -> None:
        self._encode = encode
        self._whole = whole
        self._sent: deque[Sent] = deque(maxlen=None if whole else MOST_NOTES)
        self._tempos = [TempoChange(position_ticks=0, tempo_bpm=tempo_bpm)]
        self._made: dict[int, Knobs] = {}
        self._markers: list[Words] = []

    def note(self, sent: Sequence[Sent]) -> None:
        self._sent.extend(sent)

    def made(self, index: int, knobs: Knobs) -> None:
        """What the newest revision of a bar was made from."""
        self._made[index] = knobs
        while not self._whole and len(self._made) > 4 * MOST_CAPTURED:
            del self._made[next(iter(self._made))]

    def mark(self, position_ticks: int, words: str) -> None:
        """Something was turned, for the recording's timeline."""
        if self._whole:
            self._markers.append(Words(position_ticks=position_ticks, text=words, marker=True))

    def tempo(self, position_ticks: int, tempo_bpm: float) -> None:
        """A change before the first note, or at the place of the last one, replaces that one."""
        if position_ticks <= self._tempos[-1].position_ticks:
            position_ticks = self._tempos.pop().position_ticks
        self._tempos.append(TempoChange(position_ticks=position_ticks, tempo_bpm=tempo_bpm))

    def sent(self) -> list[Sent]:
        return list(self._sent)

    @property
    def count(self) -> int:
        """How many messages are kept."""
        return len(self._sent)

    def recording(self, bars: int | None, heard: Sequence[tuple[int, Message]] = ()) -> bytes:
        """A .mid of all that went out, and on a track of its own of what was `heard`, each with the `count` then."""
        played = take(self._sent)
        return recorded_file(played, self._tempos, bars, self.code, self._markers, played.beside(heard))

    def capture(self, bars: int) -> tuple[bytes, int]:
        """A .mid of the last `bars` that are complete, fewer where fewer were played, and how many they are. Raises
        DataError where nothing was."""
        played = take(self._sent)
        last = played.messages[-1].position_ticks // BAR_TICKS if played.messages else 0
        end = max(last, 1) * BAR_TICKS
        first = played.messages[0].position_ticks // BAR_TICKS if played.messages else end // BAR_TICKS
        bars = min(bars, end // BAR_TICKS - max(first, 0))
        if bars < 1:
            raise DataError("nothing has been played that could be captured")
        return captured_file(played, end, bars, self._tempos, self.code), bars

    def code(self, index: int) -> str:
        """The code of a bar, or "" for one that isn't remembered."""
        knobs = self._made.get(index)
        return "" if knobs is None else self._encode(index, knobs)
