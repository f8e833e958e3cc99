"""Real bars and windows as a training draws them: kept as they were recorded, made into what D sees by the batch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from instrument.core.drums import VOICES
from instrument.core.windows import hit_rows
from training.dataset import Catalogue, Dataset
from training.features import Features, Rows
from training.leanings import leanings
from training.measures import measures
from training.networks import CONDITIONS
from training.windows import TickWindows

Random = torch.Generator


class Examples(Protocol):
    """N items: style index [N] and condition [N, K], whose first three columns are fill, density and energy."""

    @property
    def style(self) -> Tensor: ...

    @property
    def condition(self) -> Tensor: ...

    def __len__(self) -> int: ...

    def x(self, rows: Tensor) -> Tensor:
        """Some of them, as recorded: [B, C, T]."""

    def noisy(self, rows: Tensor, mine: Tensor, random: Random) -> Tensor:
        """Those of `rows` that `mine` indexes, with half a quantum of uniform noise on what MIDI rounds and G doesn't,
        else D would know real items by it. The noise is drawn for all rows, whichever are mine. A velocity of 127
        stays: it is an atom that G has too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarExamples:
    """Keeps the contract of `Examples` for bars: onset, velocity, offset. `step_ticks` tells how fine the offsets
    were recorded, `own` [N, M] the bars' leanings where these are learnt."""

    bars: Tensor
    style: Tensor
    condition: Tensor
    step_ticks: int
    own: Tensor | None = None

    def __len__(self) -> int:
        return len(self.bars)

    def leaning(self) -> BarExamples:
        """The same, with the bars' leanings in `own` (see `training.leanings`)."""
        return replace(self, own=_leanings(measures(self.bars), self))

    def x(self, rows: Tensor) -> Tensor:
        return self.bars[rows]

    def noisy(self, rows: Tensor, mine: Tensor, random: Random) -> Tensor:
        quanta = torch.rand((2, len(rows), self.bars.shape[1] // 3, self.bars.shape[2]), generator=random) - 0.5
        return dequantise(self.bars[rows[mine]], self.step_ticks, quanta[:, mine])

    @classmethod
    def of(cls, dataset: Dataset, part: Features) -> BarExamples:
        return cls(
            bars=torch.from_numpy(dataset.planes(part.rows)).flatten(1, 3),
            style=torch.from_numpy(part.style),
            condition=torch.from_numpy(part.condition),
            step_ticks=dataset.grid.step_ticks,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowExamples:
    """Keeps the contract of `Examples` for windows of `length` successive bars, their channels one after the other.

    `bars` are all bars of a split, under the conditions of `held`; `first` [W] the rows at which a whole window begins;
    `singles` [S] the rows of performances that have none; `own` [W, M] the windows' leanings where these are learnt.
    """

    bars: BarExamples
    first: Tensor
    singles: Tensor
    length: int
    own: Tensor | None = None

    def leaning(self) -> WindowExamples:
        """The same, with the leanings of the bars, and of the windows by what their bars measure in the mean."""
        of = self._bars_of(torch.arange(len(self))).view(len(self), -1)
        measured = measures(self.bars.bars)[of].mean(1)
        return replace(self, bars=self.bars.leaning(), own=_leanings(measured, self))

    @property
    def style(self) -> Tensor:
        return self.bars.style[self.first]

    @property
    def condition(self) -> Tensor:
        """Of the first bar: [W, 3 + K]."""
        return self.bars.condition[self.first]

    def __len__(self) -> int:
        return len(self.first)

    def x(self, rows: Tensor) -> Tensor:
        return self.bars.x(self._bars_of(rows)).view(len(rows), -1, self.bars.bars.shape[2])

    def noisy(self, rows: Tensor, mine: Tensor, random: Random) -> Tensor:
        places = torch.arange(len(rows) * self.length).view(-1, self.length)[mine].flatten()
        return self.bars.noisy(self._bars_of(rows), places, random).view(len(mine), -1, self.bars.bars.shape[2])

    def _bars_of(self, rows: Tensor) -> Tensor:
        return (self.first[rows].unsqueeze(1) + torch.arange(self.length)).flatten()

    @classmethod
    def of(cls, dataset: Dataset, part: Features, length: int) -> WindowExamples:
        begins = whole_windows(dataset, part.rows, length)
        bars = BarExamples.of(dataset, held(dataset, part, length))
        performance = dataset.performance[part.rows]
        alone = ~np.isin(performance, performance[begins])
        return cls(
            bars=bars,
            first=torch.from_numpy(np.flatnonzero(begins)),
            singles=torch.from_numpy(np.flatnonzero(alone)),
            length=length,
        )


def _leanings(measured: Tensor, of: Examples) -> Tensor:
    """[N, M] of what N items measure."""
    condition = of.condition[:, :CONDITIONS].numpy().astype(np.float64)
    return torch.from_numpy(leanings(measured.numpy().astype(np.float64), of.style.numpy(), condition))


def whole_windows(dataset: Catalogue, rows: Rows, length: int) -> npt.NDArray[np.bool_]:
    """Which of a split's rows begin `length` successive sounding bars of one performance, [n]."""
    performance, position = dataset.performance[rows], dataset.position[rows]
    begins = np.zeros(len(rows), np.bool_)
    last = len(rows) - length + 1
    if last > 0:
        ends = slice(length - 1, None)
        begins[:last] = (performance[:last] == performance[ends]) & (position[:last] + length - 1 == position[ends])
    return begins


def held(dataset: Catalogue, part: Features, length: int) -> Features:
    """A split under the conditions that a window holds, for nets of windows: density and energy are the mean of the
    window that begins with the bar, or near a performance's end of its last one; then K columns, of which the one of
    the bar's place in its phrase of K bars is 1. A performance without a window keeps each bar's own."""
    begins = whole_windows(dataset, part.rows, length)
    index = np.arange(len(part))
    window = np.maximum.accumulate(np.where(begins, index, -1))
    same = dataset.performance[part.rows] == dataset.performance[part.rows[np.maximum(window, 0)]]
    inside = (window >= 0) & same
    condition = part.condition.copy()
    means = np.stack([part.condition[np.minimum(index + k, len(part) - 1)] for k in range(length)]).mean(0)
    condition[inside, 1:] = means[window[inside], 1:]
    place = np.eye(length, dtype=np.float32)[dataset.position[part.rows] % length]
    return Features(rows=part.rows, style=part.style, condition=np.concatenate([condition, place], 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class TickExamples:
    """Keeps the contract of `Examples` for windows of ticks: onset and velocity, or velocity alone. A fourth condition
    says how far into its bar a window begins, 0..1."""

    windows: TickWindows
    rows: Tensor
    style: Tensor
    condition: Tensor
    velocity_only: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def x(self, rows: Tensor) -> Tensor:
        return self._matrix(rows, torch.zeros(0))

    def noisy(self, rows: Tensor, mine: Tensor, random: Random) -> Tensor:
        counts = torch.from_numpy(np.diff(self.windows.first))[self.rows[rows]]
        quanta = torch.rand(int(counts.sum()), generator=random) - 0.5
        parts = torch.split(quanta, counts.tolist())
        return self._matrix(rows[mine], torch.cat([parts[place] for place in mine.tolist()]) / 127)

    def _matrix(self, rows: Tensor, noise: Tensor) -> Tensor:
        """[B, C, W], with noise on the velocity of each hit where there is some."""
        windows = self.windows
        place, hit = hit_rows(windows.first, self.rows[rows].numpy())
        loud = torch.from_numpy(windows.velocity[hit].astype(np.float32)) / 127
        if len(noise):
            loud = torch.where(loud < 1, loud + noise, loud)
        where = (torch.from_numpy(place), torch.from_numpy(windows.voice[hit].astype(np.int64)))
        tick = torch.from_numpy(windows.tick[hit].astype(np.int64))
        x = torch.zeros((2, len(rows), VOICES, windows.length))
        x[0].index_put_((*where, tick), torch.ones(1))
        x[1].index_put_((*where, tick), loud)
        return x[1] if self.velocity_only else torch.cat([x[0], x[1]], 1)

    @classmethod
    def of(cls, windows: TickWindows, part: Features, velocity_only: bool) -> TickExamples:
        phase = windows.phase(part.rows)[:, None]
        return cls(
            windows=windows,
            rows=torch.from_numpy(part.rows.astype(np.int64)),
            style=torch.from_numpy(part.style),
            condition=torch.from_numpy(np.concatenate([part.condition, phase], 1)),
            velocity_only=velocity_only,
        )


def dequantise(x: Tensor, step_ticks: int, quanta: Tensor) -> Tensor:
    """Bars [B, C, T] with noise on velocity and offset, quanta [2, B, C / 3, T] in -0.5..0.5; see `Examples.noisy`."""
    onset, velocity, offset = x.chunk(3, 1)
    loud = torch.where(velocity < 1, velocity + quanta[0] / 127, velocity)
    return torch.cat([onset, loud * onset, (offset + quanta[1] / step_ticks) * onset], 1)
