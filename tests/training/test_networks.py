from __future__ import annotations

import pytest
import torch

from training.networks import (
    CodeReader,
    Discriminator,
    Generator,
    NetworkShape,
    for_critic,
    main_hits_first,
    minibatch_deviation,
    straight_through_clamp,
    straight_through_onset,
)

SHAPE = NetworkShape(styles=3, latent_dim=8, code_dim=4, style_dim=4, generator_channels=12, critic_channels=8)


def inputs(batch: int = 8) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    z = torch.randn((batch, SHAPE.latent_dim), generator=random)
    style = torch.eye(SHAPE.styles)[torch.arange(batch) % SHAPE.styles]
    return z, style, torch.randn((batch, 3), generator=random)


@pytest.fixture
def generator() -> Generator:
    torch.manual_seed(3)
    return Generator(SHAPE)


def test_without_an_onset_velocity_and_offset_are_exactly_zero(generator: Generator) -> None:
    with torch.no_grad():
        generator.head.weight.mul_(8)
        onset, velocity, offset = generator(*inputs(64)).chunk(3, 1)
    silent = onset == 0
    assert set(onset.flatten().tolist()) == {0.0, 1.0}
    assert 0 < int(silent.sum()) < silent.numel()
    assert torch.count_nonzero(velocity[silent]) == 0
    assert torch.count_nonzero(offset[silent]) == 0
    assert velocity.min() >= 0
    assert velocity.max() <= 1
    assert offset.abs().max() <= 0.5


def test_a_second_hit_needs_a_main_hit(generator: Generator) -> None:
    with torch.no_grad():
        generator.head.weight.mul_(8)
        main, second = generator(*inputs(64)).chunk(3, 1)[0].chunk(2, 1)
    assert torch.count_nonzero(second) > 0
    assert torch.count_nonzero(second[main == 0]) == 0
    planes = main_hits_first(torch.tensor([[[0.0]], [[1.0]]]).repeat(1, 4, 1), 2)
    assert planes[:, :, 0].tolist() == [[0, 0, 0, 0], [1, 1, 1, 1]]


def test_what_is_played_is_what_was_trained(generator: Generator) -> None:
    with torch.no_grad():
        onset, velocity, offset = generator.forward_raw(*inputs())
        trained = generator(*inputs())
    assert onset.shape == velocity.shape == offset.shape == (8, 2, 9, 16)
    hit = (onset > 0.5).float().cumprod(1)
    played = torch.cat([plane.flatten(1, 2) for plane in (hit, velocity * hit, offset * hit)], 1)
    torch.testing.assert_close(played, trained)


def test_straight_through_gradients() -> None:
    x = torch.tensor([-1.0, 0.5, 3.0], requires_grad=True)
    onset = straight_through_onset(x)
    onset.sum().backward()  # type: ignore[no-untyped-call]
    p = torch.sigmoid(x.detach())
    assert onset.tolist() == [0.0, 1.0, 1.0]
    torch.testing.assert_close(x.grad, p * (1 - p))
    y = torch.tensor([0.5, 1.1], requires_grad=True)
    clamped = straight_through_clamp(y)
    clamped.sum().backward()  # type: ignore[no-untyped-call]
    assert clamped.tolist() == [0.5, 1.0]
    assert y.grad is not None
    assert y.grad.tolist() == [1.0, 1.0]


def test_blended_styles_lie_between_their_embeddings(generator: Generator) -> None:
    condition = torch.zeros(3, 3)
    style = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0]])
    first, second, blend = generator.embedding(style, condition)
    torch.testing.assert_close(blend, (first + second) / 2)


def test_minibatch_deviation_by_hand() -> None:
    x = torch.randn(16, 3, 4)
    out = minibatch_deviation(x, 8)
    groups = x.view(8, 2, 3, 4)
    expected = (groups.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2))
    assert out.shape == (16, 4, 4)
    torch.testing.assert_close(out[:, 3, 0], expected.repeat(8))
    one_group = minibatch_deviation(x[:5], 8)[:, 3]
    torch.testing.assert_close(one_group, one_group[0, 0].expand(5, 4))


def test_critic_and_reader_give_one_answer_per_bar() -> None:
    z, style, condition = inputs()
    x = Generator(SHAPE)(z, style, condition)
    assert Discriminator(SHAPE)(for_critic(x), style, condition).shape == (8,)
    assert CodeReader(SHAPE)(x).shape == (8, 4)
