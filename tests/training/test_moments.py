"""The distance by moments: by hand, against automatic differentiation, and from where it was kept."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from training.moments import KEPT, Moments


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def settled(moments: Moments, made: Tensor, real: Tensor, steps: int = 1500) -> Tensor:
    """The loss once the memory holds these items alone."""
    for _ in range(steps):
        loss = moments.loss(made, real)
    return loss


def test_normal_distributions_are_as_far_apart_as_the_formula_says() -> None:
    real = normal(4000, 3, seed=0)
    real = (real - real.mean(0)) @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(real.T))).T
    scale, shift = torch.tensor([1.0, 0.5, 0.2]), torch.tensor([0.0, 0.3, -0.4])
    found = settled(Moments(real), real * scale + shift, real)
    assert found.item() == pytest.approx(0.3**2 + 0.4**2 + 0.5**2 + 0.8**2, abs=5e-3)


def test_what_is_alike_costs_nothing() -> None:
    real = normal(4000, 4, seed=1)
    assert settled(Moments(real), real, real).item() == pytest.approx(0.0, abs=1e-4)


def test_the_pull_is_the_slope_of_the_distance() -> None:
    real, made = normal(400, 4, seed=2), 0.7 * normal(400, 4, seed=3) @ normal(4, 4, seed=4) + 0.2
    moments = Moments(real)
    settled(moments, made, real, steps=60)
    _, away, pull = moments._distance()
    mean = moments.mean.clone().requires_grad_()
    cov = (moments.second - moments.mean.unsqueeze(2) * moments.mean.unsqueeze(1)).requires_grad_()
    values, vectors = torch.linalg.eigh(cov[1].detach())
    root = vectors @ values.sqrt().diag() @ vectors.T
    shared = torch.linalg.eigvalsh(root @ cov[0] @ root).sqrt().sum()
    value = (mean[0] - mean[1]).square().sum() + cov[0].trace() + cov[1].trace() - 2 * shared
    value.backward()
    assert mean.grad is not None
    assert cov.grad is not None
    torch.testing.assert_close(mean.grad[0], 2 * away)
    torch.testing.assert_close(cov.grad[0], pull, rtol=1e-3, atol=1e-3)


def test_what_follows_the_gradient_becomes_alike() -> None:
    real, noise = normal(2000, 3, seed=5) @ normal(3, 3, seed=6), normal(2000, 3, seed=7)
    weight, bias = torch.eye(3).requires_grad_(), torch.ones(3).requires_grad_()
    moments, optimiser = Moments(real), torch.optim.Adam([weight, bias], lr=0.003)
    for step in range(1500):
        rows = slice(64 * (step % 31), 64 * (step % 31) + 64)
        loss = moments.loss(noise[rows] @ weight + bias, real[rows])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    made = (noise @ weight + bias).detach()
    apart = ((made.mean(0) - real.mean(0)) / real.std(0)).abs()
    assert float(apart.max()) < 0.1
    torch.testing.assert_close(torch.corrcoef(made.T), torch.corrcoef(real.T), rtol=0, atol=0.1)
    torch.testing.assert_close(made.std(0), real.std(0), rtol=0.1, atol=0)


def test_a_number_that_never_changes_and_one_that_follows_are_allowed() -> None:
    real = normal(200, 2, seed=8)
    real = torch.cat([real, real.sum(1, keepdim=True), torch.ones(200, 1)], 1)
    made = (real + 0.1).requires_grad_()
    Moments(real).loss(made, real).backward()  # type: ignore[no-untyped-call]
    assert made.grad is not None
    assert bool(made.grad.isfinite().all())


def test_a_memory_goes_on_from_where_it_was_kept() -> None:
    real, made = normal(100, 3, seed=9), normal(100, 3, seed=10)
    moments, again = Moments(real), Moments(real)
    settled(moments, made, real, steps=5)
    again.restore(moments.state())
    assert torch.equal(moments.loss(made, real), again.loss(made, real))
    with pytest.raises(KeyError):
        again.restore({})


def test_some_hundred_steps_are_remembered() -> None:
    real = normal(500, 2, seed=11)
    moments = Moments(real)
    for _ in range(100):
        moments.loss(real + 1, real)
    left = 1 - KEPT**100
    assert moments.mean[0].tolist() == pytest.approx((moments.mean[1] + left / real.std(0)).tolist(), abs=0.05)
