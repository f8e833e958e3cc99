"""A bar that was played becomes a place whose bar resembles it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from instrument.core.bar import GRID, Bar
from instrument.core.drums import GM_KIT
from instrument.errors import ModelError, UsageError
from instrument.model.nearest import likeness
from instrument.model.scripted import ScriptedPreset
from instrument.session.composer import Composer
from instrument.session.encoding import place_of
from instrument.session.knobs import Knobs


class WithoutEncoder(ScriptedPreset):
    def encoder(self) -> None:  # type: ignore[override]
        return None


@pytest.fixture
def composer() -> Composer:
    return Composer(ScriptedPreset(), GM_KIT, 7)


def played(composer: Composer, home: int, **turned: float) -> Bar:
    knobs = replace(Knobs(epoch=4, home=home, variation=0.0), **turned)  # type: ignore[arg-type]
    return composer.compose(0, knobs).given


@pytest.mark.parametrize("home", range(4))
def test_the_place_of_a_bar_that_the_net_made_has_nearly_the_same_bar(composer: Composer, home: int) -> None:
    bar = played(composer, home, density=0.6, energy=0.3)
    found = composer.compose(5, place_of(bar, composer, Knobs(epoch=4))).given
    assert likeness(found, bar) > 0.85


def test_the_place_is_the_same_each_time_and_for_every_bar_number(composer: Composer) -> None:
    bar = played(composer, 3)
    knobs = place_of(bar, composer, Knobs(epoch=4))
    assert place_of(bar, composer, Knobs(epoch=4, home=9, x=0.5, variation=0.7)) == replace(knobs, home=9)
    one, other = (composer.compose(index, knobs).given for index in (0, 17))
    assert np.array_equal(one.onset, other.onset)


def test_what_is_not_of_the_place_stays_as_it_is(composer: Composer) -> None:
    knobs = Knobs(epoch=4, swing=60.0, muted=frozenset({2}), accent=0.4, seed=12)
    found = place_of(played(composer, 0), composer, knobs)
    assert (found.swing, found.muted, found.accent, found.seed) == (60.0, frozenset({2}), 0.4, 12)


@pytest.mark.parametrize("onset", [0.0, 1.0], ids=["silent", "full"])
def test_no_bar_is_too_strange(composer: Composer, onset: float) -> None:
    cells = np.full(GRID.shape, onset, np.float32)
    knobs = place_of(Bar(onset=cells, velocity=cells, offset=0 * cells), composer, Knobs(epoch=4))
    assert len(knobs.z) == composer.manifest.model.latent_dim


def test_a_preset_without_an_encoder_says_so() -> None:
    composer = Composer(WithoutEncoder(), GM_KIT, 7)
    with pytest.raises(UsageError, match='"scripted" has no encoder'):
        place_of(played(composer, 0), composer, Knobs(epoch=4))


def test_a_bar_of_another_grid_is_refused(composer: Composer) -> None:
    cells = np.zeros((1, 9, 32), np.float32)
    with pytest.raises(ModelError, match="doesn't fit"):
        place_of(Bar(onset=cells, velocity=cells, offset=cells), composer, Knobs(epoch=4))
