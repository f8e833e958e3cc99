"""Where the bars to be scored come from: real ones as references, and a generator's, asked for under real conditions.

The reference is a part of the training bars; a generator is asked under the conditions of others, so that nothing is
scored against the very bar that its condition was taken from. All draws come from fixed seeds, never from a training's
generator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from instrument.core.bar import GRID, Bars, Floats, Grid, Hits, encode
from instrument.core.drums import VOICES
from instrument.core.timebase import BAR_TICKS
from instrument.core.windows import audible, peaks, sparse, windows_of_bar
from training.dataset import Dataset
from training.examples import BarExamples, Examples, TickExamples
from training.metrics.played import Played, play, play_real

REFERENCE_BARS = 4000
_CHUNK = 256
STRETCH_BARS = 2
"""Bars that are made at least in one go out of windows laid end to end."""


class Source(Protocol):
    """Bars of one kind of training, real and made. `step_ticks` of their grid."""

    step_ticks: int

    def reference(self) -> Played:
        """Training bars, at most REFERENCE_BARS."""

    def others(self) -> Played:
        """Training bars outside the reference."""

    def held_out(self, count: int) -> Played:
        """Validation bars, at most `count`."""

    def asked(self, generator: Any, count: int, seed: int) -> Played:
        """A generator's bars under the conditions of training bars outside the reference."""

    def asked_held_out(self, generator: Any, count: int, seed: int) -> Played:
        """A generator's bars under the conditions of validation bars, as many as `held_out(count)`."""


def latents(count: int, latent_dim: int, seed: int) -> Tensor:
    """z [count, latent_dim], the same for a seed wherever it is asked for."""
    return torch.randn((count, latent_dim), generator=torch.Generator().manual_seed(seed))


def shuffled(count: int) -> Tensor:
    """0 .. count - 1 in the one order that all references are taken in."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(0))


def reference_rows(count: int) -> tuple[Tensor, Tensor]:
    """Rows of the reference, and the rows whose conditions are asked for."""
    order = shuffled(count)
    split = min(REFERENCE_BARS, max(count // 2, 1))
    return order[:split], order[split:] if count > split else order


class BarSource:
    """Keeps the contract of `Source` for nets that make bars."""

    def __init__(self, train: BarExamples, tested: BarExamples, styles: int) -> None:
        self.train, self.tested, self.styles = train, tested, styles
        self.step_ticks = train.step_ticks
        self._reference, self._asked = reference_rows(len(train))

    def reference(self) -> Played:
        return play_real(self.train.x(self._reference), VOICES, self.step_ticks)

    def held_out(self, count: int) -> Played:
        return play_real(self.tested.x(self._held_out_rows(count)), VOICES, self.step_ticks)

    def others(self) -> Played:
        """Training bars outside the reference."""
        return play_real(self.train.x(self._asked), VOICES, self.step_ticks)

    def all_training(self) -> Played:
        return play_real(self.train.x(torch.arange(len(self.train))), VOICES, self.step_ticks)

    def asked(self, generator: Any, count: int, seed: int) -> Played:
        return self._made(generator, self.train, self._asked[torch.arange(count) % len(self._asked)], seed)

    def asked_held_out(self, generator: Any, count: int, seed: int) -> Played:
        return self._made(generator, self.tested, self._held_out_rows(count), seed)

    def _held_out_rows(self, count: int) -> Tensor:
        return shuffled(len(self.tested))[:count]

    @torch.no_grad()
    def _made(self, generator: Any, examples: BarExamples, rows: Tensor, seed: int) -> Played:
        z = latents(len(rows), generator.shape.latent_dim, seed)
        style, condition = conditions_of(examples, rows, self.styles)
        chunks = []
        for start in range(0, len(rows), _CHUNK):
            part = slice(start, start + _CHUNK)
            raw = [plane.numpy() for plane in generator.forward_raw(z[part], style[part], condition[part])]
            chunks.append(play(raw[0], raw[1], raw[2], self.step_ticks))
        return Played(
            onset=np.concatenate([c.onset for c in chunks]),
            velocity=np.concatenate([c.velocity for c in chunks]),
            offset=np.concatenate([c.offset for c in chunks]),
        )


@dataclass(frozen=True, slots=True)
class Stretch:
    """Windows laid end to end that hold whole bars: those from `first_window` on hold `bars` from `first_bar` on."""

    first_bar: int
    bars: int
    windows: range


def stretches(window_ticks: int, bars: int, grid: Grid = GRID) -> list[Stretch]:
    """Stretches of at least STRETCH_BARS bars, `bars` in all or a few more. They begin at ever other bars after the
    first, so that windows begin at all the places in a bar that they can, and no bar wants for its early hits."""
    found: list[Stretch] = []
    bar, total = 1, 0
    while total < bars:
        first = windows_of_bar(bar, window_ticks, grid).start
        count = STRETCH_BARS
        last = windows_of_bar(bar + count - 1, window_ticks, grid).stop
        while windows_of_bar(bar + count, window_ticks, grid).stop <= last:
            count += 1
        found.append(Stretch(first_bar=bar, bars=count, windows=range(first, last)))
        bar, total = bar + count, total + count
    return found


class TickSource:
    """Keeps the contract of `Source` for nets that make windows of ticks: scored as the bars that they are cut into,
    against the same real bars as a net of bars."""

    def __init__(
        self, train: TickExamples, tested: TickExamples, bars: Dataset, styles: int, split: str = "validation"
    ) -> None:
        self.train, self.tested, self.bars, self.styles, self.split = train, tested, bars, styles, split
        self.step_ticks = bars.grid.step_ticks
        self.window_ticks = train.windows.length
        self._asked = reference_rows(len(train))[1]

    def reference(self) -> Played:
        rows = self.bars.rows("train")
        return self._real(rows[reference_rows(len(rows))[0].numpy()])

    def others(self) -> Played:
        rows = self.bars.rows("train")
        return self._real(rows[reference_rows(len(rows))[1].numpy()])

    def held_out(self, count: int) -> Played:
        rows = self.bars.rows(self.split)
        return self._real(rows[shuffled(len(rows))[:count].numpy()])

    def asked(self, generator: Any, count: int, seed: int) -> Played:
        return self._made(generator, self.train, self._asked, count, seed)

    def asked_held_out(self, generator: Any, count: int, seed: int) -> Played:
        count = min(count, len(self.bars.rows(self.split)))
        return self._made(generator, self.tested, shuffled(len(self.tested)), count, seed)

    def _real(self, rows: Any) -> Played:
        return play_real(torch.from_numpy(self.bars.planes(rows)).flatten(1, 3), VOICES, self.step_ticks)

    @torch.no_grad()
    def _made(self, generator: Any, examples: TickExamples, rows: Tensor, count: int, seed: int) -> Played:
        """Each stretch under one condition, with a latent and a phase of its own for each window."""
        plan = stretches(self.window_ticks, count, self.bars.grid)
        numbers = torch.tensor([window for stretch in plan for window in stretch.windows])
        of = torch.repeat_interleave(torch.arange(len(plan)), torch.tensor([len(stretch.windows) for stretch in plan]))
        style, condition = conditions_of(examples, rows[of % len(rows)], self.styles)
        condition[:, 3] = (numbers * self.window_ticks % BAR_TICKS) / BAR_TICKS
        z = latents(len(numbers), generator.shape.latent_dim, seed)
        made = [
            strokes_of(generator.forward_raw(z[part], style[part], condition[part]))
            for part in (slice(start, start + _CHUNK) for start in range(0, len(numbers), _CHUNK))
        ]
        bars = _as_bars([hits for chunk in made for hits in chunk], plan, self.window_ticks, self.bars.grid)
        return Played(onset=bars.onset[:count] > 0.5, velocity=bars.velocity[:count], offset=bars.offset[:count])


def strokes_of(raw: tuple[Tensor, ...]) -> list[Hits]:
    """A net's windows, raw [B, 1, V, W] (see `tick_networks`), as the player would take them."""
    planes = [plane[:, 0].numpy() for plane in raw]
    velocity: Floats = planes[-1]
    onset = peaks(planes[0]) if len(planes) == 2 else audible(velocity)
    return [sparse(hit.astype(np.float32), loud) for hit, loud in zip(onset, velocity, strict=True)]


def join_hits(windows: list[Hits], window_ticks: int) -> Hits:
    """Windows laid end to end."""
    return Hits(
        tick=np.concatenate([hits.tick + number * window_ticks for number, hits in enumerate(windows)]),
        voice=np.concatenate([hits.voice for hits in windows]),
        velocity=np.concatenate([hits.velocity for hits in windows]),
    )


def conditions_of(examples: Examples, rows: Tensor, styles: int) -> tuple[Tensor, Tensor]:
    """Style weights [n, S] and condition [n, K] of some examples."""
    return F.one_hot(examples.style[rows], styles).float(), examples.condition[rows].clone()


def _as_bars(windows: list[Hits], plan: list[Stretch], window_ticks: int, grid: Grid) -> Bars:
    """The bars of all stretches, one after the other: each stretch is moved to where its bars are counted."""
    columns: list[tuple[Any, Any, Any]] = []
    place, bar = 0, 0
    early = grid.step_ticks // 2
    for stretch in plan:
        shift = (bar - stretch.first_bar) * BAR_TICKS
        low, high = bar * BAR_TICKS - early, (bar + stretch.bars) * BAR_TICKS - early
        for window in stretch.windows:
            hits = windows[place]
            tick = hits.tick + window * window_ticks + shift
            inside = (tick >= low) & (tick < high)
            columns.append((tick[inside], hits.voice[inside], hits.velocity[inside]))
            place += 1
        bar += stretch.bars
    tick, voice, velocity = (np.concatenate(column) for column in zip(*columns, strict=True))
    return encode(Hits(tick=tick, voice=voice, velocity=velocity), bars=bar, grid=grid)
