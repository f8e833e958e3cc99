from __future__ import annotations

import pytest
import torch

from tests.training.test_gan import batch, tiny_gan, weights
from training.batch import Sums


@pytest.mark.parametrize("ema", [0.0, 0.3, 0.999])
def test_the_averaged_generator_follows_the_formula(ema: float) -> None:
    """theta_ema <- m theta_ema + (1 - m) theta with m = min(ema, (1 + step) / (10 + step))."""
    gan = tiny_gan(f"ema={ema}")
    expected = weights(gan)["G"]
    assert torch.equal(weights(gan)["G_ema"], expected)
    for step in range(12):
        gan.train_step(batch(gan), Sums())
        memory = min(ema, (1 + step) / (10 + step))
        expected = memory * expected + (1 - memory) * weights(gan)["G"]
        torch.testing.assert_close(weights(gan)["G_ema"], expected)


def test_without_a_memory_it_is_the_generator() -> None:
    gan = tiny_gan("ema=0")
    for _ in range(3):
        gan.train_step(batch(gan), Sums())
    assert torch.equal(weights(gan)["G_ema"], weights(gan)["G"])


def test_it_has_no_gradients_and_no_state_but_its_parameters() -> None:
    gan = tiny_gan()
    gan.train_step(batch(gan), Sums())
    assert all(p.grad is None and not p.requires_grad for p in gan.G_ema.parameters())
    assert list(gan.G_ema.buffers()) == []
    assert not gan.G_ema.training
