"""Changes through which critics see real and made items alike, so that they can't learn the few real ones by heart.

Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training": a change is drawn anew for each item of
each step, a fake gets what its real bar gets, and gradients pass through to G. As each kind comes with a probability
below one, what G makes is not itself changed (Karras et al. 2020, "Training GANs with Limited Data").
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from instrument.core.drums import VOICES
from training.networks import CRITIC_SCALE, PLANES

QUIET_VOICES = 0.25
"""Share of the voices that a cut of voices takes away."""

GAIN = 0.15
"""Velocities are made up to so much louder or softer."""

SHIFT = 0.1
"""Hits come up to so many steps earlier or later."""

_KINDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """For B items: `source` [B, T] the step that each step is taken from, `kept` [B, V, T], `gain` [B] of velocity,
    `shift` [B] in steps."""

    source: Tensor
    kept: Tensor
    gain: Tensor
    shift: Tensor

    def take(self, rows: Tensor) -> Change:
        return Change(source=self.source[rows], kept=self.kept[rows], gain=self.gain[rows], shift=self.shift[rows])

    def to(self, device: torch.device) -> Change:
        fields = {name: getattr(self, name).to(device) for name in self.__slots__}
        return Change(**fields)

    def __call__(self, x: Tensor) -> Tensor:
        """Bars in the scales that D sees, [B, C, T]."""
        batch, _, steps = x.shape
        x = x.gather(2, self.source.unsqueeze(1).expand(-1, x.shape[1], -1))
        planes = x.view(batch, PLANES, -1, VOICES, steps) * self.kept[:, None, None]
        onset, velocity, offset = planes.unbind(1)
        late = offset + CRITIC_SCALE[2] * self.shift.view(-1, 1, 1, 1) * onset
        return torch.stack([onset, velocity * self.gain.view(-1, 1, 1, 1), late], 1).view_as(x)


def drawn(count: int, steps: int, chance: float, random: torch.Generator) -> Change:
    """A change for each of `count` bars of `steps`; each kind of change comes with probability `chance`: turned by
    quarters of the bar, some voices cut out, half of the steps cut out, louder and later by a little."""
    turned, fewer, halved, moved = (torch.rand((_KINDS, count), generator=random) < chance).unbind(0)
    quarters = torch.randint(1, 4, (count,), generator=random) * turned
    silent = (torch.rand((count, VOICES), generator=random) < QUIET_VOICES) & fewer.unsqueeze(1)
    begin = torch.randint(0, steps, (count, 1), generator=random)
    by = (2 * torch.rand((2, count), generator=random) - 1) * moved
    step = torch.arange(steps)
    cut = ((step - begin) % steps < steps // 2) & halved.unsqueeze(1)
    return Change(
        source=(step + quarters.unsqueeze(1) * (steps // 4)) % steps,
        kept=(~silent.unsqueeze(2) & ~cut.unsqueeze(1)).float(),
        gain=1 + GAIN * by[0],
        shift=SHIFT * by[1],
    )
