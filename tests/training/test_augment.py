"""What critics see of real and made bars: the changes they both go through, and how far hits stray."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from instrument.core.drums import VOICES, Voice
from tests.training.test_gan import real_bars
from tests.training.test_phrases import BARS, drawn, phrase_gan
from training.augment import GAIN, QUIET_VOICES, SHIFT
from training.augment import drawn as changes
from training.networks import CRITIC_SCALE, HINTS, Discriminator, NetworkShape, for_critic, from_critic, hints

STEPS = 16


def random() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def onsets(x: Tensor) -> Tensor:
    return x[:, : 2 * VOICES].view(len(x), 2, VOICES, STEPS)


def bars(count: int = 48) -> Tensor:
    return for_critic(real_bars(count).bars)


def test_without_a_chance_nothing_changes() -> None:
    x = bars()
    torch.testing.assert_close(changes(len(x), STEPS, 0.0, random())(x), x, atol=0, rtol=0)


def test_each_change_comes_as_often_as_it_is_asked_for() -> None:
    change = changes(20_000, STEPS, 0.3, random())
    turned = change.source[:, 0] != 0
    assert set(change.source[:, 0].tolist()) == {0, 4, 8, 12}
    halved = ~change.kept.any(1)
    assert set(halved.sum(1).tolist()) == {0, STEPS // 2} | ({STEPS} & set(halved.sum(1).tolist()))
    whole = change.kept[~halved.any(1)]
    silent = ~whole.any(2)
    for share, wanted in (
        (turned, 0.3),
        (halved.any(1), 0.3),
        (change.gain != 1, 0.3),
        (silent, 0.3 * QUIET_VOICES),
    ):
        assert float(share.float().mean()) == pytest.approx(wanted, abs=0.02)
    assert float((change.gain - 1).abs().max()) <= GAIN + 1e-6
    assert float(change.shift.abs().max()) <= SHIFT


def test_hits_are_turned_cut_and_moved_and_nothing_else_is() -> None:
    x = bars()
    change = changes(len(x), STEPS, 1.0, random())
    seen, before = from_critic(change(x)), from_critic(x)
    wanted = onsets(before).gather(3, change.source[:, None, None].expand(-1, 2, VOICES, -1)) * change.kept[:, None]
    assert torch.equal(onsets(seen), wanted)
    assert 0 < float(wanted.sum()) < float(onsets(before).sum())
    _, loud, late = seen.chunk(3, 1)
    silent = wanted.flatten(1, 2) == 0
    assert torch.count_nonzero(loud[silent]) == torch.count_nonzero(late[silent]) == 0
    row = int(wanted.flatten(1).any(1).nonzero()[0])
    where = wanted[row].flatten(0, 1) > 0
    was = before.chunk(3, 1)[1][row][:, change.source[row]][where]
    torch.testing.assert_close(loud[row][where], was * change.gain[row])


def test_the_bars_of_a_window_are_changed_alike_and_a_fake_as_its_real_bar() -> None:
    gan = phrase_gan("augment=0.9", "decay_from=0")
    gan.step = gan.steps
    batch = drawn(gan)
    assert batch.change is not None
    for row in batch.windows:
        assert len({tuple(batch.change.source[bar].tolist()) for bar in row}) == 1
        assert len({float(batch.change.gain[bar]) for bar in row}) == 1
    duels = gan.duels(batch)
    assert torch.equal(duels[0].real, duels[0].view(batch.x))
    assert torch.equal(duels[1].real, duels[1].view(batch.x))
    assert not torch.equal(duels[0].real, batch.x)


def test_changes_begin_as_the_learning_rates_fall() -> None:
    gan = phrase_gan("augment=0.4", "decay_from=0.5")
    assert gan.changes(8) is None
    gan.step = gan.steps
    change = gan.changes(4000)
    assert change is not None
    assert float((change.gain != 1).float().mean()) == pytest.approx(0.4, abs=0.03)


def test_gradients_reach_what_was_kept() -> None:
    x = bars(8).requires_grad_()
    change = changes(8, STEPS, 1.0, random())
    change(x).sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    kept = change.kept.sum((1, 2)) * 2
    reached = (x.grad.chunk(3, 1)[1] != 0).float().sum((1, 2))
    assert torch.equal(reached, kept)


def of_hits(*hits: tuple[int, Voice, int, float, float]) -> Tensor:
    """A window [1, K * C, T] of main hits: bar, voice, step, velocity, offset."""
    x = torch.zeros(BARS, 3, 2, VOICES, STEPS)
    for bar, voice, step, velocity, offset in hits:
        x[bar, :, 0, voice, step] = torch.tensor([1, velocity * CRITIC_SCALE[1], offset * CRITIC_SCALE[2]])
    return x.view(1, -1, STEPS)


def told(x: Tensor) -> Tensor:
    shape = NetworkShape(styles=2, bars=BARS, hints=True)
    critic = Discriminator(shape, inputs=BARS * shape.bar_channels)
    assert critic(x, torch.eye(2)[:1], torch.zeros(1, shape.conditions)).shape == (1,)
    return hints(x, BARS, shape).view(BARS, HINTS, STEPS)


def test_critics_are_told_how_far_hits_stray_from_their_means() -> None:
    kick, snare = Voice.KICK, Voice.SNARE
    found = told(of_hits((0, kick, 0, 0.5, 0.1), (1, kick, 8, 0.9, -0.1), (1, snare, 8, 0.3, 0.3)))
    wanted = torch.zeros(BARS, 3, VOICES, STEPS)
    for bar, voice, step, louder, later, apart in (
        (0, kick, 0, -0.2, 0.1, 0.0),
        (1, kick, 8, 0.2, -0.1, -0.2),
        (1, snare, 8, 0.0, 0.0, 0.2),
    ):
        scaled = (2 * CRITIC_SCALE[1] * louder, CRITIC_SCALE[2] * later, CRITIC_SCALE[2] * apart)
        wanted[bar, :, voice, step] = torch.tensor(scaled)
    torch.testing.assert_close(found[:, :-1], wanted.flatten(1, 2))


def test_critics_are_told_where_a_third_hand_is_needed() -> None:
    four = [(3, voice, 12, 0.5, 0.0) for voice in (Voice.SNARE, Voice.RIDE, Voice.CRASH, Voice.OPEN_HAT)]
    two = [(3, voice, 4, 0.5, 0.0) for voice in (Voice.SNARE, Voice.RIDE, Voice.KICK, Voice.CLOSED_HAT)]
    wanted = torch.zeros(BARS, STEPS)
    wanted[3, 12] = 2
    assert torch.equal(told(of_hits(*four, *two))[:, -1], wanted)


def test_hints_of_evenness_don_t_pull_at_onsets() -> None:
    """Or G would be told that a stroke which isn't there strays by its voice's whole mean."""
    x = of_hits((0, Voice.KICK, 0, 0.5, 0.1), (1, Voice.KICK, 8, 0.9, -0.1)).requires_grad_()
    told(x)[:, :-1].square().sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    onset, velocity, offset = x.grad.view(BARS, 3, -1).unbind(1)
    assert torch.count_nonzero(onset) == 0
    assert torch.count_nonzero(velocity) == torch.count_nonzero(offset) == 2
