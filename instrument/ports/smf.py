"""Standard MIDI files: what was played as bytes, and somebody's file as drum hits.

A file that we write is type 0 at 480 ticks to the quarter note: name, tempo and 4/4 at tick 0, then the messages in
the order in which they were sent, and its end on a bar line, so that a DAW loops it as it stands. The same messages
give the same bytes.

A file that we read may come from anywhere. mido parses it, but accepts what is no music and can be kept busy for
minutes; so the header and the chunks are checked first, a number of endless bytes is refused, and mido reads through a
file object that gives up where a file holds more events than a long performance.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from instrument.core.bar import Hits
from instrument.core.drums import DRUM_CHANNEL, VOICE_OF_NOTE
from instrument.core.events import Message
from instrument.core.timebase import BAR_TICKS, PPQ, microseconds_per_beat
from instrument.errors import DataError
from instrument.text import printable

if TYPE_CHECKING:
    from typing import TypeAlias

    import mido

    Event: TypeAlias = mido.Message | mido.MetaMessage

LARGEST_BYTES = 4 * 2**20
MOST_READS = 500_000
MOST_BARS = 4096
DEFAULT_BPM = 120.0
HEARD_TITLE = "Ghostnote in"
"""The track of what another player gave us, beside ours."""

_HEADER_BYTES = 14
_ENDLESS_NUMBER = re.compile(rb"[\x80-\xff]{512}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TempoChange:
    """From `position_ticks` on, the music runs at `tempo_bpm`."""

    position_ticks: int
    tempo_bpm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text at a position; a `marker` is shown on a DAW's timeline."""

    position_ticks: int
    text: str
    marker: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DrumFile:
    """A file's hits at 480 ticks a quarter, its first tempo, and how many notes no voice stands for."""

    hits: Hits
    tempo_bpm: float
    unmapped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedFile:
    """A file that is played along with: (tick at 480 a quarter, channel, note, velocity) of each note, sorted; its
    first tempo, and its length, up to a bar line."""

    notes: tuple[tuple[int, int, int, int], ...]
    tempo_bpm: float
    bars: int


def midi_file(
    messages: Iterable[Message],
    *,
    tempo_bpm: float,
    bars: int,
    title: str,
    words: Sequence[Words] = (),
    tempo_changes: Sequence[TempoChange] = (),
    heard: Sequence[Message] = (),
) -> bytes:
    """Messages sorted by position -> the bytes of a type 0 file; of a type 1 file with a second track, `HEARD_TITLE`,
    where there is something that was `heard`.

    `tempo_bpm` holds from tick 0, `tempo_changes` (sorted) after it; `words` (sorted) stand before the messages at
    their position. A message
    before bar 0 (a hit early on the very first step) is put on tick 0, as a file has nothing before it. The file ends
    on the bar line after `bars` bars, or on the first one that the last message doesn't cross. Raises ValueError for
    messages out of order.
    """
    import mido

    head = [
        mido.MetaMessage("track_name", name=title),
        mido.MetaMessage("set_tempo", tempo=microseconds_per_beat(tempo_bpm)),
        mido.MetaMessage("time_signature", numerator=4, denominator=4),
    ]
    tracks = [_track(head, _timed(messages, tempo_changes, words), bars)]
    if heard:
        tracks.append(_track([mido.MetaMessage("track_name", name=HEARD_TITLE)], _timed(heard, (), ()), bars))
    buffer = io.BytesIO()
    mido.MidiFile(type=len(tracks) - 1, ticks_per_beat=PPQ, charset="utf-8", tracks=tracks).save(file=buffer)
    return buffer.getvalue()


def _track(head: Iterable[Event], events: Iterable[tuple[int, Event]], bars: int) -> mido.MidiTrack:
    import mido

    track = mido.MidiTrack(head)
    last = 0
    for position, event in events:
        if position < last:
            raise ValueError(f"a message at tick {position} comes after one at tick {last}")
        event.time = position - last
        track.append(event)
        last = position
    end = max(bars * BAR_TICKS, -(-last // BAR_TICKS) * BAR_TICKS)
    track.append(mido.MetaMessage("end_of_track", time=end - last))
    return track


def _timed(
    messages: Iterable[Message], tempo_changes: Sequence[TempoChange], words: Sequence[Words]
) -> Iterator[tuple[int, Event]]:
    """Position and mido message: at one position a tempo, then words, then messages."""
    import mido

    others = iter(sorted([*map(_tempo, tempo_changes), *map(_words, words)], key=lambda other: other[0]))
    other = next(others, None)
    for message in messages:
        position = max(message.position_ticks, 0)
        while other is not None and other[0] <= position:
            yield other
            other = next(others, None)
        yield position, mido.Message.from_bytes((message.status, message.data1, message.data2))
    while other is not None:
        yield other
        other = next(others, None)


def _tempo(change: TempoChange) -> tuple[int, mido.MetaMessage]:
    import mido

    return max(change.position_ticks, 0), mido.MetaMessage("set_tempo", tempo=microseconds_per_beat(change.tempo_bpm))


def _words(words: Words) -> tuple[int, mido.MetaMessage]:
    import mido

    return max(words.position_ticks, 0), mido.MetaMessage("marker" if words.marker else "text", text=words.text)


def read_hits(path: Path) -> DrumFile:
    """The drum hits of a file: channel 10's, or those of the only channel that has notes.

    Raises DataError, naming the file, for one that is missing, huge, broken, not in 4/4 or without drum hits.
    """
    return parse_hits(_read(path), name=str(path))


def parse_hits(data: bytes, *, name: str) -> DrumFile:
    """As `read_hits`, from the bytes of the file `name`."""
    try:
        return _drum_file(data)
    except _UnusableError as error:
        raise _refusal(name, error) from error


def read_played(path: Path) -> PlayedFile:
    """The notes of a file: those of the track `HEARD_TITLE` where there is one, else all.

    Raises DataError, naming the file, for one that is missing, huge, broken, not in 4/4 or without notes.
    """
    try:
        return _played_file(_read(path))
    except _UnusableError as error:
        raise _refusal(str(path), error) from error


class _UnusableError(Exception):
    """Why a file is no use, in words."""


def _file(data: bytes) -> tuple[mido.MidiFile, int]:
    """A file in 4/4, and its ticks to the quarter note."""
    division = _check_frame(data)
    file = _parse(data)
    if any(m.type == "time_signature" and (m.numerator, m.denominator) != (4, 4) for t in file.tracks for m in t):
        raise _UnusableError("it is not in 4/4 throughout")
    return file, division


def _played_file(data: bytes) -> PlayedFile:
    file, division = _file(data)
    _, tempo = _notes(file.tracks)
    ends = [sum(message.time for message in track) for track in file.tracks]
    notes, _ = _notes([track for track in file.tracks if track.name == HEARD_TITLE] or file.tracks)
    if not notes:
        raise _UnusableError("it has no notes")
    bars = -(-_scaled(max(ends), division) // BAR_TICKS)
    if bars > MOST_BARS:
        raise _UnusableError(f"it is longer than {MOST_BARS} bars, or its times are broken")
    played = sorted((_scaled(tick, division), channel, note, velocity) for tick, channel, note, velocity in notes)
    return PlayedFile(notes=tuple(played), tempo_bpm=tempo, bars=max(bars, 1))


def _scaled(tick: int, division: int) -> int:
    return (tick * PPQ + division // 2) // division


def _drum_file(data: bytes) -> DrumFile:
    file, division = _file(data)
    notes, tempo = _notes(file.tracks)
    channels = {channel for _, channel, _, _ in notes}
    channel = channels.pop() if len(channels) == 1 else DRUM_CHANNEL
    drums = [(tick, note, velocity) for tick, on, note, velocity in notes if on == channel]
    if not drums:
        raise _UnusableError("it has no drum notes (channel 10, or the only channel)")
    rows = [
        (_scaled(tick, division), int(VOICE_OF_NOTE[note]), velocity)
        for tick, note, velocity in drums
        if note in VOICE_OF_NOTE
    ]
    if not rows:
        raise _UnusableError("none of its notes is in the drum table")
    if max(rows)[0] >= MOST_BARS * BAR_TICKS:
        raise _UnusableError(f"it is longer than {MOST_BARS} bars, or its times are broken")
    return DrumFile(hits=Hits.of(sorted(rows)), tempo_bpm=tempo, unmapped=len(drums) - len(rows))


def _notes(tracks: Sequence[mido.MidiTrack]) -> tuple[list[tuple[int, int, int, int]], float]:
    """(tick, channel, note, velocity) of every note-on, in the file's own ticks, and the first tempo in BPM."""
    notes: list[tuple[int, int, int, int]] = []
    tempos: list[tuple[int, int]] = []
    for track in tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                notes.append((tick, message.channel, message.note, message.velocity))
            elif message.type == "set_tempo":
                tempos.append((tick, message.tempo))
    microseconds = min(tempos)[1] if tempos else 0
    return notes, 60e6 / microseconds if microseconds else DEFAULT_BPM


class _Bounded(io.BytesIO):
    """A file that can be read from only so often: mido's time goes with its reads, one or more to a byte."""

    _left = MOST_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise _UnusableError("it holds more events than a long performance")
        return super().read(size)


def _parse(data: bytes) -> mido.MidiFile:
    import mido

    try:
        return mido.MidiFile(file=_Bounded(data))
    except _UnusableError:
        raise
    except Exception as error:
        # mido answers damage with half a dozen kinds of exception, IndexError among them
        reason = printable(str(error), 80) or "it ends too early"
        raise _UnusableError(f"broken MIDI ({reason})") from error


def _check_frame(data: bytes) -> int:
    """The ticks per quarter note, once header and chunk list agree with the bytes that are there."""
    if len(data) < _HEADER_BYTES or data[:4] != b"MThd":
        raise _UnusableError("it is no MIDI file")
    kind, declared, division = (int.from_bytes(data[at : at + 2], "big") for at in (8, 10, 12))
    if kind > 1:
        raise _UnusableError(f"it is a type {kind} file; types 0 and 1 can be read")
    if division == 0 or division & 0x8000:
        raise _UnusableError("its time is not in ticks per quarter note")
    position, tracks = 8 + int.from_bytes(data[4:8], "big"), 0
    while position + 8 <= len(data) and tracks < declared:
        position += 8 + int.from_bytes(data[position + 4 : position + 8], "big")
        tracks += position <= len(data)
    if tracks < max(declared, 1):
        raise _UnusableError(f"it is cut short: {declared} tracks declared, {tracks} there")
    if _ENDLESS_NUMBER.search(data):
        raise _UnusableError("broken MIDI (a number without an end)")
    return division


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise _UnusableError("it doesn't exist" if not path.exists() else "it is not a file")
        if path.stat().st_size > LARGEST_BYTES:
            raise _UnusableError(f"it is larger than {LARGEST_BYTES >> 20} MiB")
        return path.read_bytes()
    except _UnusableError as error:
        raise _refusal(str(path), error) from error
    except OSError as error:
        raise _refusal(str(path), _UnusableError(f"it can't be read ({error.strerror})")) from error


def _refusal(name: str, why: _UnusableError) -> DataError:
    return DataError(f"can't use {printable(name)}: {why}")
