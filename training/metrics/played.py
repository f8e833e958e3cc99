"""Bars as they would sound: onsets decided, velocities and offsets rounded to what MIDI can say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from instrument.core.bar import Floats

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Played:
    """N bars: onset bool, velocity in 127ths, offset in steps of whole ticks, each [N, H, V, T]; 0 off the hits."""

    onset: Mask
    velocity: Floats
    offset: Floats

    def __len__(self) -> int:
        return len(self.onset)

    def take(self, rows: npt.NDArray[np.intp]) -> Played:
        return Played(onset=self.onset[rows], velocity=self.velocity[rows], offset=self.offset[rows])

    def bars(self) -> Tensor:
        """Bar tensors [N, 3 H V, T], as a net makes them."""
        return torch.from_numpy(np.stack([self.onset.astype(np.float32), self.velocity, self.offset], 1)).flatten(1, 3)

    def tensor(self) -> Tensor:
        """For a classifier: [N, 3 H V, T], offsets doubled so that all planes have about one scale."""
        planes = [self.onset.astype(np.float32), self.velocity, 2 * self.offset]
        n, _, _, steps = self.onset.shape
        return torch.from_numpy(np.concatenate([plane.reshape(n, -1, steps) for plane in planes], 1))


def play(onset: Floats, velocity: Floats, offset: Floats, step_ticks: int) -> Played:
    """A net's un-masked planes [N, H, V, T], the onset as a probability, as the player would take them."""
    hit: Mask = np.logical_and.accumulate(onset > 0.5, axis=1)
    loud = np.clip(np.rint(velocity * 127), 1, 127) / np.float32(127)
    late_most = (step_ticks - 1) // 2
    shift = np.clip(np.rint(offset * step_ticks), -(step_ticks // 2), late_most) / np.float32(step_ticks)
    return Played(onset=hit, velocity=(loud * hit).astype(np.float32), offset=(shift * hit).astype(np.float32))


def play_real(x: Tensor, voices: int, step_ticks: int) -> Played:
    """Bar tensors of real bars [N, 3 H V, T]."""
    n, channels, steps = x.shape
    onset, velocity, offset = x.numpy().reshape(n, 3, channels // (3 * voices), voices, steps).swapaxes(0, 1)
    return play(onset, velocity, offset, step_ticks)
