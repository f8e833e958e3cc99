"""A bar that was played in becomes a place: with the encoder, and without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from instrument.core.drums import GM_KIT
from instrument.core.taps import STEP_TICKS, Tapped
from instrument.model.store import load_preset
from instrument.session.composer import Composer
from instrument.session.grabbing import alike, grabbed
from instrument.session.knobs import Knobs

ROCK = [
    Tapped(step * STEP_TICKS, velocity, voice)
    for voice, step, velocity in (
        *((2, step, 70) for step in range(0, 16, 2)),
        (0, 0, 110),
        (0, 8, 105),
        (1, 4, 115),
        (1, 12, 112),
    )
]
TAPS = [Tapped(step * STEP_TICKS, 100) for step in (0, 3, 6, 10, 12)]


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer(load_preset("groove"), GM_KIT, 7)


@pytest.mark.parametrize("strokes", [ROCK, TAPS], ids=["drummed", "tapped"])
def test_the_place_sounds_more_like_it_than_chance_and_bars_still_stray(
    composer: Composer, strokes: list[Tapped]
) -> None:
    knobs = Knobs(epoch=composer.manifest.best_epoch, variation=0.3)
    found = grabbed(strokes, composer, knobs)
    assert found.variation == 0.3
    assert found == grabbed(strokes, composer, knobs)
    there = alike(composer.compose(0, replace(found, variation=0.0)).given, strokes)
    chance = [alike(composer.compose(0, replace(knobs, home=home, variation=0.0)).given, strokes) for home in range(24)]
    assert there > np.mean(chance) + 0.1
    assert composer.compose(0, found).notes != composer.compose(1, found).notes
