"""Leanings: standard normal whatever a bar is asked to be like, and a bar's own all the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from instrument.errors import UsageError
from tests.training.test_gan import STEP_TICKS, real_bars, tiny_gan
from tests.training.test_phrases import windows
from tests.training.tiny import tiny_recipe, train
from training.batch import Sums
from training.examples import BarExamples
from training.leanings import ORDER, leanings
from training.measures import MEASURES
from training.networks import BarGenerator
from training.recipes import load_recipe
from training.runs import read_stats
from training.snapshot import load_snapshot

COUNT = 3000
RIDE, HATS = MEASURES.index("ride"), MEASURES.index("hats")


def measured(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The ride goes by style and density, the hats by the ride and the energy's square, all else by nothing; what is
    left over is told too."""
    style = random.integers(0, 3, COUNT)
    condition = random.normal(size=(COUNT, 3))
    rest = random.normal(size=(COUNT, len(MEASURES)))
    found = rest.copy()
    found[:, RIDE] = np.round(4 + 2 * style + 3 * condition[:, 1] + 2 * rest[:, RIDE])
    found[:, HATS] = -0.5 * found[:, RIDE] + condition[:, 2] ** 2 + (1 + style) * rest[:, HATS]
    return found, style, condition, rest


def test_they_are_standard_normal_and_tell_nothing_that_is_known() -> None:
    values, style, condition, rest = measured(np.random.default_rng(1))
    found = leanings(values, style, condition)
    assert found.shape == (COUNT, len(MEASURES))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.mean(0), 0, atol=0.01)
    np.testing.assert_allclose(found.std(0), 1, atol=0.01)
    for known in (*np.eye(3)[style].T, *condition.T, condition[:, 2] ** 2):
        assert np.abs(np.corrcoef(np.vstack([found.T, known]))[-1, :-1]).max() < 0.25
    assert np.abs(np.asarray(np.corrcoef(found.T)) - np.eye(len(MEASURES))).max() < 0.15
    for of in range(3):  # the spread of the hats goes by the style, and that of their leaning doesn't
        assert found[style == of, HATS].std() == pytest.approx(1, abs=0.25)
    for column in range(len(MEASURES)):
        assert np.asarray(np.corrcoef(found[:, column], rest[:, column]))[0, 1] > 0.8


def test_equal_bars_are_told_apart_the_same_way_each_time() -> None:
    style, condition = np.zeros(COUNT, np.int64), np.random.default_rng(2).normal(size=(COUNT, 3))
    values = np.zeros((COUNT, len(MEASURES)))
    values[:, RIDE] = np.where(np.arange(COUNT) % 3, 0.0, 8.0)  # a third of the bars have one
    found = leanings(values, style, condition)
    assert np.array_equal(found, leanings(values, style, condition))
    np.testing.assert_allclose(found.std(0), 1, atol=0.01)
    ride, without = found[values[:, RIDE] > 0, RIDE], found[values[:, RIDE] == 0, RIDE]
    assert float(np.quantile(ride, 0.1)) > float(np.quantile(without, 0.9))


def test_a_few_bars_lean_too() -> None:
    random = np.random.default_rng(4)
    found = leanings(random.normal(size=(9, len(MEASURES))), np.zeros(9, np.int64), random.normal(size=(9, 3)))
    assert bool(np.isfinite(found).all())
    assert set(ORDER) == set(MEASURES)


def test_critics_are_told_them_and_g_gets_them_as_its_own_entries() -> None:
    gan = tiny_gan("latent_dim=9", "leanings=true", "jitter=0", "jitter_end=0", "told=1.0")
    examples = real_bars().leaning()
    assert examples.own is not None
    rows = torch.arange(16)
    batch = gan.draw(examples, rows)
    assert batch.own is not None
    torch.testing.assert_close(batch.own, examples.own[rows])
    assert torch.equal(batch.z[:, gan.shape.named], batch.own)
    assert batch.conditions.shape == (16, 3 + len(MEASURES))
    before = gan.D(batch.x, batch.style, batch.conditions)
    told = batch.conditions.clone()
    told[:, -1] += 1
    assert not torch.equal(gan.D(batch.x, batch.style, told), before)
    gan.train_step(batch, Sums())


def test_of_some_nothing_is_told_and_their_z_is_drawn() -> None:
    gan = tiny_gan("latent_dim=9", "leanings=true", "told=0.5", "jitter=0", "jitter_end=0")
    own = 5 + torch.rand((400, len(MEASURES)))
    z = torch.zeros((400, 4, 9))
    found = gan.lean(z, own, torch.arange(400))
    assert found is not None
    told = found.any(1)
    assert 150 < int(told.sum()) < 250
    for bar in range(4):
        assert torch.equal(z[:, bar, gan.shape.named], own * told.unsqueeze(1))
    assert torch.equal(found, own * told.unsqueeze(1))
    assert not z[:, :, :2].any()


def test_the_noise_on_them_leaves_them_standard_normal() -> None:
    gan = tiny_gan("latent_dim=9", "leanings=true", "jitter=1.0", "jitter_end=1.0", "told=1.0")
    own = torch.randn((4000, len(MEASURES)), generator=torch.Generator().manual_seed(1))
    found = gan.lean(torch.zeros((4000, 1, 9)), own, torch.arange(4000))
    assert found is not None
    assert float(found.std()) == pytest.approx(1, abs=0.02)
    assert float((found * own).mean()) == pytest.approx(0.5**0.5, abs=0.03)


def test_a_window_and_its_bars_are_of_one_leaning() -> None:
    examples = windows().leaning()
    assert examples.own is not None
    assert examples.own.shape == (len(examples), len(MEASURES))
    assert examples.bars.own is not None
    assert examples.bars.own.shape == (len(examples.bars), len(MEASURES))
    assert isinstance(examples.bars, BarExamples)
    assert examples.bars.step_ticks == STEP_TICKS


def test_there_must_be_room_for_them() -> None:
    with pytest.raises(UsageError, match=r"network\.leanings needs 7 entries"):
        tiny_gan("latent_dim=6", "leanings=true")
    for setting in ("leanings=true", "loss.steer=1", "loss.match=1", "loss.smooth=1"):
        with pytest.raises(UsageError, match='for kind "bar"'):
            load_recipe("ticks-1000", [setting])
    with pytest.raises(UsageError, match=r"loss\.relate is for data\.bars"):
        load_recipe("bar", ["loss.relate=1"])


def test_a_training_with_leanings(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(folder, run, recipe=tiny_recipe("latent_dim=9", "leanings=true", "epochs=1"))
    (row,) = read_stats(run)
    assert 0 <= row["d_held_out"] <= 1
    generator = load_snapshot(run, 1)
    assert isinstance(generator, BarGenerator)
    assert generator.shape.named == [2, 3, 4, 5, 6, 7, 8]
