"""A tap: what a person beats on a table, and what the drums around it should keep.

It is [4, T]: onset, velocity 0..1, offset in half steps, and 1 in the last row where there is a tap at all, so that
silence is told from no tap. The tap of a bar is its kick and its accented snare, the louder where both sound (Gillick
et al. 2019 tap all drums into one voice; hats and ghosts are left out here, as the hands leave them out).
"""

from __future__ import annotations

import torch
from torch import Tensor

from instrument.core.drums import Voice

ACCENT = 0.5
"""Velocity from which a snare is tapped along with."""

SHARPNESS = 20.0
"""Of the accent's gradient: how steeply a velocity passes it."""


def tap_of(x: Tensor) -> Tensor:
    """The tap [B, 4, T] that bars [B, C, T] have; straight-through gradients reach onsets and velocities."""
    onset, velocity, offset = x.chunk(3, 1)
    soft = torch.sigmoid(SHARPNESS * (velocity[:, Voice.SNARE] - ACCENT))
    accent = (velocity[:, Voice.SNARE] >= ACCENT).to(x.dtype) + (soft - soft.detach())
    kick, snare = onset[:, Voice.KICK], onset[:, Voice.SNARE] * accent
    struck = 1 - (1 - kick) * (1 - snare)
    loud_kick, loud_snare = velocity[:, Voice.KICK], velocity[:, Voice.SNARE] * accent
    late = torch.where(loud_snare > loud_kick, offset[:, Voice.SNARE] * accent, offset[:, Voice.KICK])
    return torch.stack([struck, torch.maximum(loud_kick, loud_snare), 2 * late, torch.ones_like(struck)], 1)
