"""A run as it is studied: its rows with what tells it apart from the others in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from instrument.errors import DataError, UsageError
from instrument.text import printable
from training.runs import (
    EpochChoice,
    choose_epoch,
    failed_gates,
    number,
    read_facts,
    read_floor,
    read_recipe,
    read_stats,
)

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudiedRun:
    """`rows` by epoch, at least one; `floor` as in `training.runs.read_floor`; `windows`: bars it learns from, or 0."""

    name: str
    folder: Path
    rows: list[dict[str, Any]] = field(repr=False)
    floor: dict[str, tuple[float, float]]
    recipe: str
    windows: int

    @property
    def epochs(self) -> list[int]:
        return [int(row["epoch"]) for row in self.rows]

    @property
    def choice(self) -> EpochChoice | None:
        return choose_epoch(self.rows)

    def series(self, key: str) -> tuple[Doubles, Doubles]:
        """Epochs and values of those rows that have a finite number under `key`, each [N]."""
        found = [(row["epoch"], value) for row in self.rows if (value := number(row, key)) is not None]
        epochs, values = np.array(found, np.float64).reshape(-1, 2).T
        return epochs, values

    def at(self, key: str, epoch: int) -> float | None:
        return next((number(row, key) for row in self.rows if row["epoch"] == epoch), None)

    def gates(self) -> dict[int, tuple[str, ...]]:
        """Epoch -> the gates that it fails, for those that fail one."""
        return {row["epoch"]: failed for row in self.rows if (failed := failed_gates(row))}


Runs = Sequence[StudiedRun]


def any_has(runs: Runs, key: str) -> bool:
    return any(len(run.series(key)[0]) for run in runs)


def floors(runs: Runs, key: str) -> dict[int, tuple[float, float]]:
    """Number of the run -> its floor, for those that have one."""
    return {number: run.floor[key] for number, run in enumerate(runs) if key in run.floor}


def load(folders: Sequence[Path]) -> list[StudiedRun]:
    """Raises UsageError for a folder given twice, DataError for one that is no run or has no finished epoch."""
    places = [folder.resolve() for folder in folders]
    for place, folder in zip(places, folders, strict=True):
        if places.count(place) > 1:
            raise UsageError(f"{folder} is given twice; name each run once")
    return [_load(folder, name) for folder, name in zip(folders, short_names(places), strict=True)]


def _load(folder: Path, name: str) -> StudiedRun:
    facts, recipe, rows = read_facts(folder), read_recipe(folder), read_stats(folder)
    if not rows:
        raise DataError(
            f"{folder} has no finished epoch yet; `ghostnote train --resume --out {folder}` goes on with it"
        )
    return StudiedRun(
        name=name,
        folder=folder,
        rows=rows,
        floor=read_floor(folder),
        recipe=recipe.name,
        windows=int(number(facts.data, "train") or 0),
    )


def short_names(places: Sequence[Path]) -> list[str]:
    """As many of the last parts of each path as tell it from the others."""

    def tail(place: Path, parts: int) -> str:
        return Path(*place.parts[-parts:]).as_posix()

    names = []
    for place in places:
        others = [other for other in places if other != place]
        parts = 1
        while parts < len(place.parts) and any(tail(other, parts) == tail(place, parts) for other in others):
            parts += 1
        names.append(printable(tail(place, parts)))
    return names
