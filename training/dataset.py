"""What is learnt from many performances, as arrays, and its file: an npz without pickles.

A `Catalogue` says of each item, a bar or a window of ticks, where it comes from; `Dataset` holds bars, and
`training.windows.TickWindows` windows. Velocity and offset are kept as whole numbers, as MIDI has them: 19,601 bars of
GMD are 11 MB, and the file holds exactly what the codec saw.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from instrument.core.bar import Floats, Grid
from instrument.core.drums import VOICES
from instrument.errors import DataError
from instrument.files import write_atomic

SPLITS = ("train", "validation", "test")
LARGEST_BYTES = 2**30

Array = npt.NDArray[np.generic]
Integers = npt.NDArray[np.integer]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A file that was not used: its path within the folder, and the reason in words."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What reading a folder came to. `lost`: notes that found no free cell, or none in what is kept of their file;
    `unmapped`: notes of no voice."""

    files: int
    notes: int
    lost: int
    unmapped: int
    skipped: tuple[Skipped, ...] = ()

    def lines(self) -> list[str]:
        """For people: one line per skipped file, then the sum."""
        lines = [f"skipped {skip.file}: {skip.reason}" for skip in self.skipped]
        share = 100 * self.lost / max(self.notes, 1)
        lines.append(
            f"{self.files} files read, {len(self.skipped)} skipped; {self.notes} notes,"
            f" {self.lost} ({share:.2f} %) left out, {self.unmapped} of no voice"
        )
        return lines


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue:
    """N items by where they come from.

    Per item [N]: `style`, `drummer`, `performance` index `styles`, `drummers`, `files`; `fill` tells fills from beats;
    `tempo_bpm`; `position` is the item's number within its performance; `split` indexes SPLITS.
    """

    ARRAYS: ClassVar[dict[str, str]] = {}
    """The other arrays of a subclass, by name, and their types."""

    style: npt.NDArray[np.int32]
    drummer: npt.NDArray[np.int32]
    performance: npt.NDArray[np.int32]
    position: npt.NDArray[np.int32]
    fill: Mask
    tempo_bpm: npt.NDArray[np.float32]
    split: npt.NDArray[np.int32]
    styles: tuple[str, ...]
    drummers: tuple[str, ...]
    files: tuple[str, ...]
    report: Report
    key: str = ""

    def _check(self) -> None:
        """Raises ValueError where the columns don't belong together."""
        n = len(self.style)
        if any(len(getattr(self, column)) != n for column in _PER_ITEM):
            raise ValueError("the columns of the data set differ in length")
        for column, names in (("style", self.styles), ("drummer", self.drummers), ("performance", self.files)):
            values: Integers = getattr(self, column)
            if n and not (values.min() >= 0 and values.max() < len(names)):
                raise ValueError(f"a {column} has no name")
        if n and not (self.split.min() >= 0 and self.split.max() < len(SPLITS)):
            raise ValueError("a split is out of range")

    def __len__(self) -> int:
        return len(self.style)

    def hit_counts(self) -> Floats:
        """Hits of each item, [N]."""
        raise NotImplementedError

    def loudness(self) -> Floats:
        """Mean velocity 1..127 of each item's hits, 0 where it is silent, [N]."""
        raise NotImplementedError

    @property
    def sounding(self) -> Mask:
        """Items with at least one hit, [N]."""
        return np.asarray(self.hit_counts() > 0, np.bool_)

    def rows(self, split: str) -> npt.NDArray[np.intp]:
        """The sounding items of a split, in order."""
        return np.flatnonzero((self.split == SPLITS.index(split)) & self.sounding)

    def windows(self) -> dict[str, int]:
        """Items by split, silent ones included."""
        counts = Counter(self.split.tolist())
        return {name: counts[index] for index, name in enumerate(SPLITS)}

    def fingerprint(self) -> str:
        """Of all that a training learns from."""
        digest = hashlib.sha256(repr(self.styles).encode())
        for name in (*self.ARRAYS, "style", "fill", "split"):
            digest.update(getattr(self, name).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset(Catalogue):
    """N bars. `velocity` uint8 [N, H, V, T], 0 where there is no hit; `offset_ticks` int8 [N, H, V, T]."""

    ARRAYS: ClassVar[dict[str, str]] = {"velocity": "uint8", "offset_ticks": "int8"}

    velocity: npt.NDArray[np.uint8]
    offset_ticks: npt.NDArray[np.int8]

    def __post_init__(self) -> None:
        self._check()
        if self.velocity.ndim != 4 or self.velocity.shape[2] != VOICES or len(self.velocity) != len(self):
            raise ValueError(f"bars of shape {self.velocity.shape}, not [N, H, {VOICES}, T]")
        if self.offset_ticks.shape != self.velocity.shape:
            raise ValueError("the columns of the data set differ in length")
        if len(self) and self.velocity.max() > 127:
            raise ValueError("a velocity is out of range")

    @property
    def grid(self) -> Grid:
        _, planes, _, steps = self.velocity.shape
        return Grid(planes=planes, steps=steps)

    def hit_counts(self) -> Floats:
        return np.asarray((self.velocity > 0).sum((1, 2, 3)), np.float32)

    def loudness(self) -> Floats:
        total = self.velocity.sum((1, 2, 3), dtype=np.int64)
        return np.asarray(total / np.maximum(self.hit_counts(), 1), np.float32)

    def planes(self, rows: npt.NDArray[np.intp] | slice) -> Floats:
        """Bars as float32 [n, P=3, H, V, T]: onset, velocity 0..1, offset in steps."""
        velocity = self.velocity[rows]
        offset = self.offset_ticks[rows] / np.float32(self.grid.step_ticks)
        return np.stack([(velocity > 0).astype(np.float32), velocity / np.float32(127), offset], 1)


_PER_ITEM = {
    **dict.fromkeys(("style", "drummer", "performance", "position", "split"), "int32"),
    "fill": "bool",
    "tempo_bpm": "float32",
}
_NAMES = ("styles", "drummers", "files")
_BROKEN_NPZ = (ValueError, KeyError, OSError, EOFError, TypeError, NotImplementedError, zipfile.BadZipFile, zlib.error)

AnyCatalogue = TypeVar("AnyCatalogue", bound=Catalogue)


def to_npz(dataset: Catalogue) -> bytes:
    """The data set as the bytes of an npz; texts are arrays of fixed-width characters, nothing is pickled."""
    report = dataset.report
    arrays: dict[str, Array] = {name: getattr(dataset, name) for name in (*dataset.ARRAYS, *_PER_ITEM)}
    arrays |= {name: np.array(getattr(dataset, name), np.str_) for name in _NAMES}
    arrays["skipped"] = np.array([(s.file, s.reason) for s in report.skipped], np.str_).reshape(-1, 2)
    arrays["counts"] = np.array([report.files, report.notes, report.lost, report.unmapped], np.int64)
    arrays["key"] = np.array(dataset.key, np.str_)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def from_npz(data: bytes, kind: type[AnyCatalogue]) -> AnyCatalogue:
    """Raises ValueError for bytes that hold no such data set."""
    types = kind.ARRAYS | _PER_ITEM
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            columns: dict[str, Any] = {name: arrays[name] for name in types}
            names: dict[str, Any] = {name: tuple(arrays[name].tolist()) for name in _NAMES}
            skipped = tuple(Skipped(file=str(a), reason=str(b)) for a, b in arrays["skipped"].tolist())
            files, notes, lost, unmapped = arrays["counts"].tolist()
            key = str(arrays["key"])
    except _BROKEN_NPZ as error:
        raise ValueError("not a data set") from error
    if any(str(columns[name].dtype) != wanted for name, wanted in types.items()):
        raise ValueError("a column has the wrong type")
    report = Report(files=files, notes=notes, lost=lost, unmapped=unmapped, skipped=skipped)
    return kind(**columns, **names, report=report, key=key)


def save_dataset(dataset: Catalogue, path: Path) -> None:
    """Writes the npz whole. Raises DataError where it can't."""
    write_atomic(path, to_npz(dataset))


def load_dataset(path: Path, kind: type[AnyCatalogue]) -> AnyCatalogue:
    """Raises DataError for a file that can't be read or holds no data set of this kind."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise DataError(f"{path} is larger than {LARGEST_BYTES >> 30} GiB; not read")
        return from_npz(path.read_bytes(), kind)
    except OSError as error:
        raise DataError(f"can't read {path}: {error.strerror}") from error
    except ValueError as error:
        raise DataError(f"{path} is no feature file: {error}") from error
