"""Named places: different ones, named by what is heard there, the same each time."""

from __future__ import annotations

import numpy as np
import torch

from instrument.core.drums import Voice
from training.metrics.steering import Asked
from training.networks import Generator, NetworkShape
from training.places import PLACES, features, gathered, places


def test_places_of_a_net_have_names_of_their_own() -> None:
    torch.manual_seed(3)
    shape = NetworkShape(styles=2, latent_dim=8, mapping_dim=16, generator_channels=16, critic_channels=16)
    ask = Asked(Generator(shape).eval(), 2, 0, 120)
    found = places(ask)
    assert 1 <= len(found) <= PLACES
    assert len({place.name for place in found}) == len(found)
    assert all(place.z.shape == (8,) for place in found)
    again = places(ask)
    assert [place.name for place in again] == [place.name for place in found]
    assert all(np.array_equal(a.z, b.z) for a, b in zip(found, again, strict=True))


def test_groups_are_what_lies_together() -> None:
    random = np.random.default_rng(1)
    middles = random.normal(size=(PLACES, 3)) * 20
    points = np.concatenate([middle + random.normal(size=(30, 3)) * 0.1 for middle in middles])
    groups = gathered(points)
    assert sorted(tuple(group // 30) for group in groups) == [(k,) * 30 for k in range(PLACES)]


def test_features_count_what_they_are_called_by() -> None:
    bars = torch.zeros(1, 3 * 2 * len(Voice), 16)
    bars[0, Voice.RIDE, ::2] = 1
    bars[0, Voice.SNARE, 3] = 1
    bars[0, 2 * len(Voice) + Voice.SNARE, 3] = 0.1
    row = features(bars)[0]
    assert (row[6], row[1], row[7], row[8], row[9]) == (8, 1, 1, 1, 9)
