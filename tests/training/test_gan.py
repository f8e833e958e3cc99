from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import Tensor

from tests.training.tiny import tiny_recipe
from training.batch import Batch, Sums
from training.examples import BarExamples, dequantise
from training.gan import Gan
from training.loop import Loop, steps_per_epoch
from training.parallel import Parallel

STEP_TICKS = 120
STYLES = 2


def real_bars(count: int = 48) -> BarExamples:
    """Hits in a fifth of the cells, a seventh of them as loud as can be, all a little late."""
    random = torch.Generator().manual_seed(5)
    onset = (torch.rand((count, 18, 16), generator=random) < 0.2).float()
    velocity = (torch.rand(onset.shape, generator=random) * 148).clamp(1, 127).round() / 127 * onset
    x = torch.cat([onset, velocity, 7 / STEP_TICKS * onset], 1)
    condition = torch.randn((count, 3), generator=random)
    condition[:, 0] = torch.arange(count) % 2
    return BarExamples(bars=x, style=torch.arange(count) % STYLES, condition=condition, step_ticks=STEP_TICKS)


def tiny_gan(*settings: str, seed: int = 0, steps: int = 24) -> Gan:
    recipe = tiny_recipe(*settings)
    return Gan(recipe, STYLES, steps, seed, Parallel())


def batch(gan: Gan, rows: int = 8) -> Batch:
    return gan.draw(real_bars(), torch.arange(rows))


def weights(gan: Gan) -> dict[str, Tensor]:
    """All parameters of each net, as one vector."""
    nets = {"G": gan.G, "D": gan.D, "G_ema": gan.G_ema} | ({} if gan.Q is None else {"Q": gan.Q})
    return {name: torch.cat([p.detach().flatten() for p in net.parameters()]) for name, net in nets.items()}


def losses(gan: Gan, epochs: int = 2) -> list[dict[str, float] | None]:
    loop = Loop(gan, real_bars(), 8)
    return [loop.run_epoch(lambda: False, lambda step: None) for _ in range(epochs)]


def test_a_step_moves_every_net() -> None:
    gan = tiny_gan()
    before = weights(gan)
    gan.train_step(batch(gan), Sums())
    after = weights(gan)
    assert gan.step == 1
    for name, vector in before.items():
        assert not torch.equal(after[name], vector), name
        assert bool(after[name].isfinite().all())


def test_without_a_code_there_is_no_reader_and_all_else_learns() -> None:
    gan = tiny_gan("loss.code=0")
    before, sums = weights(gan), Sums()
    gan.train_step(batch(gan), sums)
    assert gan.Q is None
    assert not torch.equal(weights(gan)["G"], before["G"])
    assert "loss_code" not in sums.means()


def test_the_penalty_comes_at_each_nth_step_and_not_at_all_without_gamma() -> None:
    gan, sums = tiny_gan("penalty_every=3"), Sums()
    for _ in range(7):
        gan.train_step(batch(gan), sums)
    assert sums.counts == {"loss_d": 7, "d_gap": 7, "d_success": 7, "penalty": 3, "loss_g": 7, "loss_code": 7}
    without, sums = tiny_gan("gamma=0"), Sums()
    without.train_step(batch(without), sums)
    assert "penalty" not in sums.counts


def test_the_critic_learns_to_tell_an_unlearned_generator() -> None:
    gan = tiny_gan("loss.code=0", "lr=1e-2", steps=200)
    means = []
    for _ in range(20):
        sums = Sums()
        gan.train_step(batch(gan, 16), sums)
        means.append(sums.means())
    assert means[0]["loss_d"] == pytest.approx(math.log(2), abs=0.1)
    assert min(step["loss_d"] for step in means) < 0.3
    assert max(step["d_success"] for step in means) == 1.0


def test_the_same_seed_gives_the_same_losses_and_another_does_not() -> None:
    first, again, other = losses(tiny_gan(seed=3)), losses(tiny_gan(seed=3)), losses(tiny_gan(seed=4))
    assert first == again
    assert first != other
    assert set(first[0] or {}) == {"loss_d", "loss_g", "loss_code", "penalty", "d_gap", "d_success"}


def test_nothing_is_drawn_from_the_global_generator() -> None:
    before = torch.get_rng_state()
    losses(tiny_gan(), epochs=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_restored_state_goes_on_bit_for_bit() -> None:
    gan = tiny_gan()
    losses(gan, epochs=1)
    other = tiny_gan(seed=9)
    other.restore(copy.deepcopy(gan.state()))
    assert losses(other) == losses(gan)
    for name, vector in weights(gan).items():
        assert torch.equal(weights(other)[name], vector)


def test_the_state_of_other_nets_is_refused() -> None:
    state = tiny_gan().state()
    with pytest.raises(RuntimeError, match="size mismatch"):
        tiny_gan("generator_channels=12").restore(state)
    with pytest.raises(KeyError):
        tiny_gan().restore({"step": 3})


def test_dequantising_keeps_the_hits_and_moves_the_rest_by_half_a_quantum_at_most() -> None:
    x = real_bars().bars
    onset, velocity, offset = x.chunk(3, 1)
    hit = onset > 0
    quanta = torch.rand((2, *onset.shape), generator=torch.Generator().manual_seed(0)) - 0.5
    new_onset, loud, late = dequantise(x, STEP_TICKS, quanta).chunk(3, 1)
    assert torch.equal(new_onset, onset)
    assert torch.count_nonzero(loud[~hit]) == 0
    assert torch.count_nonzero(late[~hit]) == 0
    full = velocity == 1
    assert 0 < int(full.sum()) < int(hit.sum())
    assert torch.equal(loud[full], velocity[full])
    assert torch.equal((loud * 127).round()[hit], (velocity * 127).round()[hit])
    assert float((loud - velocity)[hit & ~full].abs().max()) <= 0.5 / 127 + 1e-6
    assert 0.4 / STEP_TICKS < float((late - offset)[hit].abs().max()) <= 0.5 / STEP_TICKS + 1e-6


def test_the_jitter_leaves_the_fill_and_dies_with_its_setting() -> None:
    bars, rows = real_bars(), torch.tensor([3, 1, 40])
    drawn = tiny_gan("jitter=0.3").draw(bars, rows)
    assert torch.equal(drawn.condition[:, 0], bars.condition[rows, 0])
    assert (drawn.condition[:, 1:] != bars.condition[rows, 1:]).all()
    assert drawn.style.tolist() == [[0, 1], [0, 1], [1, 0]]
    still = tiny_gan("jitter=0", "jitter_end=0").draw(bars, rows)
    assert torch.equal(still.condition, bars.condition[rows])
    assert torch.equal(bars.condition, real_bars().condition)


def test_rates_and_jitter_stay_then_fall_to_their_floor() -> None:
    gan = tiny_gan("decay_from=0.5", "lr_floor=0.1", "jitter=0.4", "jitter_end=0.2", steps=100)
    found = []
    for gan.step in (0, 50, 75, 100):
        found += [gan.decay(), gan.jitter()]
    half = 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi / 2))
    assert found == pytest.approx([1, 0.4, 1, 0.4, half, 0.3, 0.1, 0.2])
    gan.train_step(batch(gan), Sums())
    assert {o.param_groups[0]["lr"] for o in gan.optimisers.values()} == {gan.recipe.optimiser.lr * 0.1}


@pytest.mark.parametrize(("bars", "batch_size", "steps"), [(48, 8, 6), (50, 8, 6), (7, 8, 1), (8, 8, 1)])
def test_an_epoch_is_its_whole_batches(bars: int, batch_size: int, steps: int) -> None:
    assert steps_per_epoch(bars, batch_size) == steps
    told: list[int] = []
    loop = Loop(tiny_gan(), real_bars(bars), batch_size)
    loop.run_epoch(lambda: False, told.append)
    assert told == list(range(1, steps + 1))
    assert sorted(loop.order.tolist()) == list(range(bars))
    assert (loop.epoch, loop.position) == (1, 0)
