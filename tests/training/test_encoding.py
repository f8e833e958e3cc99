"""E, the way back from a bar to a place: what goes in and comes out, and that it learns."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.midi import write_folder
from training import features, groove
from training.cutting import BarCut
from training.encoding import (
    Encoder,
    EncoderSchedule,
    Lessons,
    likeness_loss,
    one_epoch,
    planes,
    teach,
    with_first_place,
)
from training.examples import BarExamples
from training.networks import Generator, NetworkShape

SHAPE = NetworkShape(styles=3, latent_dim=6, code_dim=2, generator_channels=8, critic_channels=8, mapping_dim=16)
SHORT = EncoderSchedule(steps=100, batch=16)


def generator(seed: int, shape: NetworkShape = SHAPE) -> Generator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Generator(shape).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> BarExamples:
    folder: Path = write_folder(tmp_path_factory.mktemp("data") / "groove")
    dataset = groove.load(folder, BarCut(), cache=groove.NO_CACHE)
    return BarExamples.of(dataset, features.features(dataset, "train", features.scales(dataset)))


def test_a_bar_has_a_place_under_each_style_in_each_epoch(real: BarExamples) -> None:
    encoder = Encoder(SHAPE, 2)
    bars = planes(real.x(torch.arange(5)), SHAPE)
    assert bars.shape == (5, 3, 2, 9, 16)
    z, condition = encoder(bars, one_epoch(1, 2, 5), torch.eye(3)[[0, 1, 2, 0, 1]])
    assert z.shape == (5, 6)
    assert condition.shape == (5, 3)
    assert 0 <= condition[:, 0].min() <= condition[:, 0].max() <= 1
    assert condition[:, 1:].abs().max() <= 3


def test_it_learns_to_find_likelier_places(real: BarExamples) -> None:
    losses: list[float] = []
    teach([generator(1)], real, 3, SHORT, lambda _, loss: losses.append(loss))
    assert len(losses) == SHORT.steps
    assert max(losses[-20:]) < min(losses[:5])


def test_the_best_epoch_is_learnt_most_and_no_epoch_is_forgotten(real: BarExamples) -> None:
    lessons = Lessons([generator(1)] * 4, real, SHORT, seed=3, best=2)
    drawn = [lessons._epoch() for _ in range(2000)]
    assert abs(drawn.count(2) / 2000 - (0.5 + 0.5 / 4)) < 0.05
    for other in (0, 1, 3):
        assert abs(drawn.count(other) / 2000 - 0.5 / 4) < 0.05


def test_the_same_seed_teaches_the_same_net_and_leaves_the_generators_as_they_are(real: BarExamples) -> None:
    made = generator(1)
    before = {name: value.clone() for name, value in made.state_dict().items()}
    short = EncoderSchedule(steps=3, batch=8)
    one, same, other = (teach([made], real, seed, short).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)
    assert all(torch.equal(before[name], value) for name, value in made.state_dict().items())


def test_what_a_generator_makes_is_nearest_to_the_place_it_was_made_from() -> None:
    made = generator(1)
    chance = torch.Generator().manual_seed(1)
    z, style, condition = torch.randn(8, 6, generator=chance), torch.eye(3)[torch.arange(8) % 3], torch.zeros(8, 3)
    x = made(z, style, condition)
    assert likeness_loss(made, x, z, style, condition).sum() < likeness_loss(made, x, z.flip(0), style, condition).sum()


def test_a_net_of_phrases_is_asked_for_the_first_bar_of_one() -> None:
    shape = NetworkShape(styles=3, latent_dim=6, code_dim=2, generator_channels=8, mapping_dim=16, bars=4, phrase_dim=4)
    condition = with_first_place(generator(1, shape), torch.zeros(2, 3))
    assert condition.tolist() == [[0, 0, 0, 1, 0, 0, 0]] * 2
    assert with_first_place(generator(1), torch.zeros(2, 3)).shape == (2, 3)
