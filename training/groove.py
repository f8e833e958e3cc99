"""The Groove MIDI Dataset, or any folder of drum files, into bars or windows.

A folder with GMD's `info.csv` is read by that list: its splits, styles, drummers, and beats told from fills (Gillick et
al. 2019). Any other folder is searched for .mid files, of which about one in ten, chosen by the hash of its content,
validates; they share the style "any". What can't be used is named with its reason.

Reading is cached under a key of everything that the result depends on: the list of files with sizes and times, the
list's own content, how they are cut and the drum table.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import platformdirs

from instrument.core.drums import NOTES_OF_VOICE
from instrument.errors import DataError
from instrument.files import write_atomic
from training.cutting import Cut, Made, Piece
from training.dataset import LARGEST_BYTES, SPLITS, Report, Skipped, from_npz, to_npz
from training.midi_file import DrumTrack, UnusableFileError, read_drums

INFO = "info.csv"
ANY_STYLE = "any"
READER_VERSION = 2
"""Part of the cache's key: raise it when the same files give other bars."""

NO_CACHE = Path(os.devnull)
"""In place of a cache's folder: nothing is looked up and nothing is kept."""

_COLUMNS = ("drummer", "style", "bpm", "beat_type", "time_signature", "midi_filename", "split")
_LONGEST_INFO = 64 * 2**20

Progress = Callable[[int, int], None]
"""Called with (files done, files in all)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of the listing. `reason` is set where the listing alone rules it out; `split` is "" for "by hash"."""

    file: str
    split: str = ""
    style: str = ANY_STYLE
    drummer: str = "unknown"
    fill: bool = False
    tempo_bpm: float | None = None
    reason: str = ""


def load(folder: Path, cut: Cut[Piece, Made], *, cache: Path | None = None, progress: Progress | None = None) -> Made:
    """All usable bars or windows of a folder, from the cache where it has them.

    `cache` is a folder (the user's cache by default), or NO_CACHE. A cached file that is damaged is made anew; a cache
    that can't be written is done without. Raises DataError for a folder that is missing or has no usable file.
    """
    entries = listing(folder)
    key = cache_key(folder, entries, cut)
    if cache == NO_CACHE:
        return read(folder, entries, cut, key=key, progress=progress)
    place = (cache or default_cache()) / f"{key}.npz"
    cached = _cached(place, key, cut.kind)
    if cached is not None:
        return cached
    dataset = read(folder, entries, cut, key=key, progress=progress)
    with suppress(DataError, OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(place, to_npz(dataset))
    return dataset


def default_cache() -> Path:
    return platformdirs.user_cache_path("ghostnote") / "datasets"


def listing(folder: Path) -> list[Entry]:
    """The files of a folder, by its info.csv or by search, in a fixed order. Raises DataError where there are none."""
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; give the folder of the Groove MIDI Dataset or of .mid files")
    entries = list(_by_info(folder / INFO)) if (folder / INFO).is_file() else list(_by_search(folder))
    if not entries:
        raise DataError(f"{folder} holds no .mid files")
    return entries


def read(
    folder: Path, entries: list[Entry], cut: Cut[Piece, Made], *, key: str = "", progress: Progress | None = None
) -> Made:
    """Every entry read and cut. Raises DataError where none can be used."""
    performances: list[tuple[Entry, DrumTrack, Piece]] = []
    skipped: list[Skipped] = []
    for number, entry in enumerate(entries):
        try:
            if entry.reason:
                raise UnusableFileError(entry.reason)
            track = read_drums(folder / entry.file)
        except UnusableFileError as error:
            skipped.append(Skipped(file=_printable(entry.file), reason=str(error)))
        else:
            performances.append((entry, track, cut.cut(track.hits)))
        if progress is not None:
            progress(number + 1, len(entries))
    if not performances:
        first, *others = skipped
        nothing = DataError(
            f"{folder}: none of {len(entries)} files can be used; the first, {first.file}: {first.reason}"
        )
        for file in others:
            nothing.add_note(f"skipped {file.file}: {file.reason}")
        raise nothing
    return _assemble(folder, performances, tuple(skipped), cut, key)


def cache_key(folder: Path, entries: list[Entry], cut: Cut[Piece, Made]) -> str:
    """Names, sizes and times of the files, what the listing says of them, how they are cut and the drum table."""
    digest = hashlib.sha256(repr((READER_VERSION, cut, NOTES_OF_VOICE)).encode())
    for entry in entries:
        try:
            stat = (folder / entry.file).stat()
            digest.update(repr((entry, stat.st_size, stat.st_mtime_ns)).encode())
        except OSError:
            digest.update(repr((entry, "missing")).encode())
    return digest.hexdigest()[:32]


def _cached(place: Path, key: str, kind: type[Made]) -> Made | None:
    try:
        if place.stat().st_size > LARGEST_BYTES:
            return None
        dataset = from_npz(place.read_bytes(), kind)
    except (OSError, ValueError):
        return None
    return dataset if dataset.key == key else None


def _by_search(folder: Path) -> Iterator[Entry]:
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if name.lower().endswith((".mid", ".midi")):
                yield Entry(file=(Path(parent) / name).relative_to(folder).as_posix())


def _by_info(path: Path) -> Iterator[Entry]:
    try:
        if path.stat().st_size > _LONGEST_INFO:
            raise DataError(f"{path} is larger than {_LONGEST_INFO >> 20} MiB")
        rows = csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""))
        missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise DataError(f'{path} has no column "{missing[0]}"; it is not the list of the Groove MIDI Dataset')
        for row in rows:
            yield _entry(row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} can't be read as CSV") from error


def _entry(row: dict[str, str | None]) -> Entry:
    """A line of info.csv. Only the primary style counts, the part before the slash."""
    value = {name: (row.get(name) or "").strip() for name in _COLUMNS}
    file = value["midi_filename"]
    path = PurePosixPath(file)
    try:
        tempo: float | None = float(value["bpm"])
    except ValueError:
        tempo = None
    reason = ""
    if not file or path.is_absolute() or ".." in path.parts or "\0" in file:
        reason = "its path leaves the folder"
    elif value["time_signature"] != "4-4":
        reason = f"in {_printable(value['time_signature']).replace('-', '/')}, not 4/4"
    elif value["split"] not in SPLITS:
        reason = f'its split "{_printable(value["split"])}" is none of {", ".join(SPLITS)}'
    return Entry(
        file=file,
        split=value["split"],
        style=_printable(value["style"].split("/")[0]) or ANY_STYLE,
        drummer=_printable(value["drummer"]) or "unknown",
        fill=value["beat_type"] == "fill",
        tempo_bpm=tempo,
        reason=reason,
    )


def _assemble(
    folder: Path,
    performances: list[tuple[Entry, DrumTrack, Piece]],
    skipped: tuple[Skipped, ...],
    cut: Cut[Piece, Made],
    key: str,
) -> Made:
    entries = [entry for entry, _, _ in performances]
    styles = tuple(sorted({entry.style for entry in entries}))
    drummers = tuple(sorted({entry.drummer for entry in entries}))
    lengths = [cut.count(piece) for _, _, piece in performances]

    def per_item(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        return np.repeat(np.array(values, np.int32), lengths)

    columns: dict[str, Any] = {
        "style": per_item([styles.index(entry.style) for entry in entries]),
        "drummer": per_item([drummers.index(entry.drummer) for entry in entries]),
        "performance": per_item(list(range(len(entries)))),
        "position": np.concatenate([np.arange(n, dtype=np.int32) for n in lengths]),
        "fill": per_item([entry.fill for entry in entries]).astype(np.bool_),
        "tempo_bpm": np.repeat(np.array([e.tempo_bpm or t.tempo_bpm for e, t, _ in performances], np.float32), lengths),
        "split": per_item(_splits(folder, entries)),
    }
    report = Report(
        files=len(performances),
        notes=sum(len(track.hits) for _, track, _ in performances),
        lost=sum(cut.lost(track.hits, piece) for _, track, piece in performances),
        unmapped=sum(track.unmapped for _, track, _ in performances),
        skipped=skipped,
    )
    arrays: dict[str, Any] = cut.arrays([piece for _, _, piece in performances])
    files = tuple(_printable(entry.file) for entry in entries)
    return cut.kind(**arrays, **columns, styles=styles, drummers=drummers, files=files, report=report, key=key)


def _splits(folder: Path, entries: list[Entry]) -> list[int]:
    """The listed split, or by the file's hash: one in ten validates, and at least one where there are two or more."""
    if all(entry.split for entry in entries):
        return [SPLITS.index(entry.split) for entry in entries]
    hashes = [hashlib.sha256((folder / entry.file).read_bytes()).digest() for entry in entries]
    splits = [int(digest[0] % 10 == 0) for digest in hashes]
    if len(entries) > 1 and len(set(splits)) == 1:
        flipped = hashes.index(min(hashes))
        splits[flipped] = 1 - splits[flipped]
    return splits


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
