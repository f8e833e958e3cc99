"""Macros: what is measured, and that only those are kept that keep their promise."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from instrument.core.drums import Voice
from training.macros import MACROS, macros, measures

VOICES = len(Voice)


class Straight:
    """A net whose density follows the first entry of z, and that leaves all else to chance."""

    latent_dim = 6

    def __call__(self, z: Tensor) -> Any:
        bars = torch.zeros(len(z), 3 * 2 * VOICES, 16)
        count = (8 + 3 * z[:, 0]).round().clamp(0, 16)
        bars[:, Voice.CLOSED_HAT] = (torch.arange(16) < count[:, None]).float()
        bars[:, 2 * VOICES + Voice.CLOSED_HAT] = bars[:, Voice.CLOSED_HAT] * 0.5
        return SimpleNamespace(bars=lambda: bars)


def test_what_rises_is_kept_and_nothing_else() -> None:
    (density,) = [macro for macro in macros(Straight()) if macro.rank > 0.9]  # type: ignore[arg-type]
    assert density.name == "density"
    assert abs(density.vector[0]) > 0.99
    assert np.linalg.norm(density.vector) == pytest.approx(1)
    assert density.high > density.low + 5


def test_measures_say_what_they_are_called() -> None:
    bars = torch.zeros(1, 3 * 2 * VOICES, 16)
    bars[0, Voice.KICK, [0, 6]] = 1
    bars[0, 2 * VOICES + Voice.KICK, [0, 6]] = torch.tensor([0.9, 0.3])
    bars[0, Voice.SNARE, 7] = 1
    bars[0, 2 * VOICES + Voice.SNARE, 7] = 0.6
    bars[0, 4 * VOICES + Voice.SNARE, 7] = 0.25
    found = dict(zip(MACROS, measures(bars)[0].tolist(), strict=True))
    assert found["density"] == 3
    assert found["syncopation"] == pytest.approx(1 - 0.9 / 1.8)
    assert found["dynamics"] == pytest.approx(np.std([0.9, 0.3, 0.6]))
    assert found["swing"] == pytest.approx(0.25)
