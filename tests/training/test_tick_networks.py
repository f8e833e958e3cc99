"""Nets over windows of ticks: any window size, exact silence, and the same decisions at training and at play."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.core import windows
from instrument.core.timebase import BAR_TICKS
from training.tick_layers import TickShape, bar_time, peaks, strides_for
from training.tick_networks import Discriminator, Generator, LinearDiscriminator, LinearGenerator

SIZES = {"latent_dim": 6, "style_dim": 4, "mapping_dim": 16, "generator_channels": 8, "critic_channels": 8}


def shape(window_ticks: int = 480, layers: int = 3, velocity_only: bool = False) -> TickShape:
    return TickShape(styles=3, window_ticks=window_ticks, layers=layers, velocity_only=velocity_only, **SIZES)  # type: ignore[arg-type]


def inputs(of: TickShape, batch: int = 8) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    condition = torch.randn((batch, 4), generator=random)
    condition[:, 3] = torch.rand(batch, generator=random)
    z = torch.randn((batch, of.latent_dim), generator=random)
    return z, torch.eye(3)[torch.arange(batch) % 3], condition


def opened(of: TickShape) -> Generator:
    """A generator whose gates are open often enough to look at."""
    torch.manual_seed(1)
    net = Generator(of)
    with torch.no_grad():
        assert net.out.bias is not None
        net.out.bias.zero_()
    return net


@given(st.integers(1, 70_000), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_the_strides_reach_over_any_window(ticks: int, layers: int) -> None:
    columns, strides = strides_for(ticks, layers)
    assert len(strides) == layers
    assert columns * math.prod(strides) >= ticks
    assert list(strides[:-1]) == sorted(strides[:-1])


def test_little_is_wasted_on_the_windows_that_ship() -> None:
    for ticks in (1000, 3200, 10_000):
        for layers in (3, 5):
            columns, strides = strides_for(ticks, layers)
            assert columns * math.prod(strides) < 1.15 * ticks


@pytest.mark.parametrize("layers", [1, 3, 5])
@pytest.mark.parametrize("ticks", [1, 37, 480, 1000, 1234, 3200])
def test_nets_fit_any_window_and_number_of_layers(ticks: int, layers: int) -> None:
    of = shape(ticks, layers)
    given = inputs(of)
    made = Generator(of)(*given)
    assert made.shape == (8, 18, ticks)
    assert Discriminator(of)(made, *given[1:]).shape == (8,)


def test_silence_is_exact_and_strokes_lie_apart() -> None:
    of = shape(1000)
    with torch.no_grad():
        onset, velocity = opened(of)(*inputs(of, 32)).chunk(2, 1)
    assert set(onset.unique().tolist()) == {0.0, 1.0}
    assert torch.count_nonzero(velocity[onset == 0]) == 0
    assert (velocity[onset == 1] > 0).all()
    ticks = onset.nonzero()
    same = (ticks[1:, :2] == ticks[:-1, :2]).all(1)
    assert int((ticks[1:, 2] - ticks[:-1, 2])[same].min()) >= windows.APART_TICKS


def test_what_is_played_is_what_was_trained() -> None:
    of = shape(1000)
    net, given = opened(of), inputs(of, 16)
    with torch.no_grad():
        trained = net(*given)
        chance, loud = (plane[:, 0].numpy() for plane in net.forward_raw(*given))
    hit = windows.peaks(chance)
    np.testing.assert_array_equal(hit, trained[:, :9].numpy() > 0.5)
    np.testing.assert_allclose(np.where(hit, loud, 0), trained[:, 9:].numpy(), atol=1e-6)


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=60))
def test_both_codes_find_the_same_peaks(values: list[float]) -> None:
    chance = np.array(values, np.float32)
    found = peaks(torch.from_numpy(chance)[None, None])[0, 0].numpy()
    np.testing.assert_array_equal(found, windows.peaks(chance))


def test_a_gate_that_is_shut_still_learns() -> None:
    of = shape()
    net = Generator(of)
    made = net(*inputs(of))
    assert torch.count_nonzero(made[:, :9]) < made[:, :9].numel() / 50
    made[:, :9].sum().backward()
    assert net.out.weight.grad is not None
    assert (net.out.weight.grad[:9].abs().sum(1) > 0).all()


def test_a_velocity_matrix_has_one_plane_and_never_falls_silent() -> None:
    of = shape(velocity_only=True)
    net = Generator(of)
    given = inputs(of)
    made = net(*given)
    assert made.shape == (8, 9, 480)
    assert float(made.detach().min()) > 0
    (raw,) = net.forward_raw(*given)
    assert torch.equal(raw[:, 0], made)


def test_the_bar_has_one_time_wherever_the_window_begins() -> None:
    """A column at the same place of the bar is told the same, from any window."""
    early = bar_time(torch.tensor([[0.0]]), 48, 40)
    late = bar_time(torch.tensor([[0.25]]), 48, 40)
    torch.testing.assert_close(early[:, :, 12:], late[:, :, :-12], atol=1e-4, rtol=0)
    again = bar_time(torch.tensor([[BAR_TICKS / BAR_TICKS]]), 48, 40)
    torch.testing.assert_close(early, again, atol=1e-4, rtol=0)


def test_the_linear_pair_is_one_matrix_each() -> None:
    of = TickShape(styles=3, window_ticks=1000, linear=True, **SIZES)  # type: ignore[arg-type]
    generator, critic = LinearGenerator(of), LinearDiscriminator(of)
    given = inputs(of)
    made = generator(*given)
    assert made.shape == (8, 18, 1000)
    assert critic(made, *given[1:]).shape == (8,)
    assert sum(isinstance(part, torch.nn.Linear) for part in generator.modules()) == 2
