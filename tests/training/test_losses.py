from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from training.losses import code_loss, critic_loss, generator_loss, gradient_penalty, penalty
from training.networks import Discriminator, NetworkShape, for_critic

SHAPE = NetworkShape(styles=3, latent_dim=8, code_dim=4, style_dim=4, generator_channels=12, critic_channels=8)
BAR = (54, 16)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def critic_of(shape: NetworkShape) -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(shape)


def conditions(bars: int) -> tuple[Tensor, Tensor]:
    return torch.eye(SHAPE.styles)[torch.arange(bars) % SHAPE.styles], noise(bars, 3, seed=9)


def test_the_relativistic_losses_by_hand() -> None:
    real, fake = torch.tensor([2.0, 0.0, -1.0]), torch.tensor([0.0, 0.0, 2.0])
    for_d = (softplus(-2) + softplus(0) + softplus(3)) / 3
    for_g = (softplus(2) + softplus(0) + softplus(-3)) / 3
    assert critic_loss(real, fake).item() == pytest.approx(for_d)
    assert generator_loss(real, fake).item() == pytest.approx(for_g)


def test_only_the_difference_of_a_pair_counts() -> None:
    real, fake, shift = noise(8, seed=1), noise(8, seed=2), noise(8, seed=3)
    torch.testing.assert_close(critic_loss(real + shift, fake + shift), critic_loss(real, fake))
    torch.testing.assert_close(generator_loss(real + shift, fake + shift), generator_loss(real, fake))
    torch.testing.assert_close(generator_loss(real, fake), critic_loss(fake, real))


def test_scores_that_cannot_be_told_apart_cost_ln_2_and_pull_half() -> None:
    real, fake = torch.zeros(4, requires_grad=True), torch.zeros(4, requires_grad=True)
    loss = critic_loss(real, fake)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == pytest.approx(math.log(2))
    assert real.grad is not None
    assert fake.grad is not None
    assert real.grad.tolist() == [-0.125] * 4
    assert fake.grad.tolist() == [0.125] * 4


def test_a_pair_that_is_far_apart_costs_nothing_one_way_and_its_distance_the_other() -> None:
    real, fake = torch.tensor([200.0]), torch.tensor([0.0])
    assert critic_loss(real, fake).item() == 0.0
    assert generator_loss(real, fake).item() == 200.0


def test_the_gradient_penalty_by_hand() -> None:
    slope, x = noise(1, *BAR, seed=1), noise(8, *BAR)

    def linear(bars: Tensor) -> Tensor:
        return (bars * slope).sum((1, 2))

    def square(bars: Tensor) -> Tensor:
        return bars.square().sum((1, 2))

    torch.testing.assert_close(gradient_penalty(linear, x), slope.square().sum())
    torch.testing.assert_close(gradient_penalty(square, x), 4 * x.square().sum((1, 2)).mean())


def test_a_flat_critic_is_not_penalised() -> None:
    x, y = noise(8, *BAR), noise(8, *BAR, seed=1)
    assert penalty(lambda bars: 0 * bars.sum((1, 2)) + 3, x, y, 0.5, 8).item() == 0.0
    steep = penalty(lambda bars: bars.sum((1, 2)), x, y, 0.5, 8)
    assert steep.item() > 0
    assert penalty(lambda bars: bars.sum((1, 2)), x, y, 0.0, 8).item() == 0.0


def test_the_penalty_takes_reals_and_fakes_and_makes_up_for_the_steps_left_out() -> None:
    def square(bars: Tensor) -> Tensor:
        return bars.square().sum((1, 2))

    real, fake = noise(8, *BAR), 2 * noise(8, *BAR, seed=1)
    r1, r2 = (4 * x.square().sum((1, 2)).mean() for x in (real, fake))
    for every in (1, 8):
        torch.testing.assert_close(penalty(square, real, fake, 0.5, every), every * 0.25 * (r1 + r2))


def test_the_penalty_of_the_critic_is_its_slope_by_small_differences() -> None:
    critic, x = critic_of(SHAPE).double(), for_critic(torch.rand(8, *BAR, dtype=torch.float64))
    style, condition = (values.double() for values in conditions(8))

    def score(bars: Tensor) -> Tensor:
        total: Tensor = critic(bars, style, condition)
        return total

    direction = noise(8, *BAR, seed=4).double()
    step = 1e-6
    with torch.no_grad():
        slope = (score(x + step * direction).sum() - score(x - step * direction).sum()) / (2 * step)
    moved = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(score(moved).sum(), moved)
    torch.testing.assert_close((gradient * direction).sum(), slope, rtol=1e-5, atol=1e-8)
    torch.testing.assert_close(gradient_penalty(score, x), gradient.square().sum((1, 2)).mean().detach())


def test_the_penalty_reaches_the_critics_weights_and_not_the_bars() -> None:
    critic, (style, condition) = critic_of(SHAPE), conditions(8)
    x = for_critic(torch.rand(8, *BAR)).requires_grad_()
    loss = penalty(lambda bars: critic(bars, style, condition), x, x, 1.0, 1)
    loss.backward()  # type: ignore[no-untyped-call]
    for layer in (critic.conv1, critic.conv2, critic.conv3, critic.full, critic.score, critic.project):
        assert layer.weight.grad is not None
        assert layer.weight.grad.abs().sum() > 0
    assert x.grad is None


def test_the_code_loss_is_the_mean_square() -> None:
    code = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert code_loss(code, code).item() == 0.0
    assert code_loss(torch.zeros(2, 2), code).item() == pytest.approx((1 + 4 + 9 + 16) / 4)
