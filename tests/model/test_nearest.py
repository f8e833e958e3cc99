"""The search for the nearest bar that a net makes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from instrument.core.bar import Bar
from instrument.model.contract import Encoded
from instrument.model.nearest import Effort, bar_of, likeness, nearest
from instrument.model.scripted import LATENT_DIM, ScriptedBarModel, ScriptedEncoder, ScriptedPreset

MODEL = ScriptedBarModel(4)
SCALES = ScriptedPreset().manifest.conditions
PLACE = Encoded(z=np.zeros(LATENT_DIM, np.float32), style=0, fill=0.2, density=0.3, energy=-0.5)


def made(seed: int, style: int = 0) -> Bar:
    z = np.random.default_rng(seed).standard_normal(LATENT_DIM).astype(np.float32)
    return bar_of(MODEL, replace(PLACE, z=z, style=style))


def found(bar: Bar, effort: Effort | None = None) -> Encoded:
    return nearest(MODEL, bar, ScriptedEncoder().encode(bar, 4), SCALES, effort)


@pytest.mark.parametrize("seed", range(6))
def test_it_comes_nearer_and_never_goes_away(seed: int) -> None:
    bar = made(seed)
    shares = [likeness(bar_of(MODEL, found(bar, Effort(rounds=rounds))), bar) for rounds in (0, 1, 4)]
    assert shares == sorted(shares)
    assert shares[-1] > max(0.85, shares[0])


def test_the_same_bar_always_has_the_same_place() -> None:
    one, other = (found(made(9)) for _ in range(2))
    assert np.array_equal(one.z, other.z)
    assert (one.style, one.fill, one.density, one.energy) == (other.style, other.fill, other.density, other.energy)


def test_it_searches_from_one_of_the_starts() -> None:
    bar = made(1, style=2)
    places = tuple(replace(PLACE, style=style, z=np.zeros(LATENT_DIM, np.float32)) for style in (0, 1, 2))
    shares = [likeness(bar_of(MODEL, nearest(MODEL, bar, [place], SCALES)), bar) for place in places]
    assert likeness(bar_of(MODEL, nearest(MODEL, bar, places, SCALES)), bar) in shares


def test_the_knobs_bound_what_is_asked_for() -> None:
    cells = np.ones_like(made(0).onset)
    place = found(Bar(onset=cells, velocity=cells, offset=0 * cells))
    scale = SCALES.density.quantiles
    assert 0 <= place.fill <= 1
    assert scale[0] <= place.density <= scale[-1]
    assert scale[0] <= place.energy <= scale[-1]


def test_likeness_counts_the_onsets_in_common() -> None:
    bar, silent = made(0), made(0)
    silent = Bar(onset=0 * silent.onset, velocity=0 * silent.velocity, offset=0 * silent.offset)
    assert likeness(bar, bar) == likeness(silent, silent) == 1
    assert likeness(bar, silent) == 0
