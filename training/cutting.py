"""How a performance becomes what is learnt: bars on a grid, or windows of ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from instrument.core.bar import GRID, Bars, Grid, Hits, encode
from instrument.core.windows import Windows, split
from training.dataset import Array, Catalogue, Dataset
from training.windows import TickWindows

Piece = TypeVar("Piece")
Made = TypeVar("Made", bound=Catalogue, covariant=True)


class Cut(Protocol, Generic[Piece, Made]):
    """Frozen and told apart by its repr, which is a part of the cache's key."""

    @property
    def kind(self) -> type[Made]: ...

    def cut(self, hits: Hits) -> Piece:
        """A performance's items."""

    def count(self, piece: Piece) -> int:
        """How many they are."""

    def lost(self, hits: Hits, piece: Piece) -> int:
        """Hits of the performance that are in none of them."""

    def arrays(self, pieces: Sequence[Piece]) -> dict[str, Array]:
        """The arrays of the data set, `kind.ARRAYS`, of all performances one after the other."""


@dataclass(frozen=True, slots=True)
class BarCut:
    """Bars of 4/4 on a grid; a hit early on a bar's first step belongs to it."""

    grid: Grid = GRID

    @property
    def kind(self) -> type[Dataset]:
        return Dataset

    def cut(self, hits: Hits) -> Bars:
        return encode(hits, grid=self.grid)

    def count(self, piece: Bars) -> int:
        return len(piece)

    def lost(self, hits: Hits, piece: Bars) -> int:
        return len(piece.dropped)

    def arrays(self, pieces: Sequence[Bars]) -> dict[str, Array]:
        velocity = np.concatenate([np.rint(piece.velocity * 127) for piece in pieces])
        offset = np.concatenate([np.rint(piece.offset * self.grid.step_ticks) for piece in pieces])
        return {"velocity": velocity.astype(np.uint8), "offset_ticks": offset.astype(np.int8)}


@dataclass(frozen=True, slots=True)
class TickCut:
    """Windows of `window_ticks`. `truncate` keeps each performance's first window alone, as the original's first
    attempt did: what it loses is counted."""

    window_ticks: int
    truncate: bool = False

    @property
    def kind(self) -> type[TickWindows]:
        return TickWindows

    def cut(self, hits: Hits) -> Windows:
        if self.truncate:
            hits = hits.take(np.flatnonzero(hits.tick < self.window_ticks))
        return split(hits, self.window_ticks)

    def count(self, piece: Windows) -> int:
        return len(piece)

    def lost(self, hits: Hits, piece: Windows) -> int:
        return len(hits) - len(piece.hits)

    def arrays(self, pieces: Sequence[Windows]) -> dict[str, Array]:
        starts = np.cumsum([0, *(len(piece.hits) for piece in pieces)])
        first: list[Any] = [np.zeros(1, np.int64)]
        first += [piece.first[1:] + start for piece, start in zip(pieces, starts, strict=False)]
        return {
            "window_ticks": np.array([self.window_ticks], np.int64),
            "first": np.concatenate(first),
            "tick": np.concatenate([piece.hits.tick for piece in pieces]).astype(np.int32),
            "voice": np.concatenate([piece.hits.voice for piece in pieces]).astype(np.uint8),
            "velocity": np.concatenate([piece.hits.velocity for piece in pieces]).astype(np.uint8),
        }
