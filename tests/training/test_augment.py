"""The changes through which critics see real and made bars."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from instrument.core.drums import VOICES
from tests.training.test_gan import real_bars
from tests.training.test_phrases import drawn, phrase_gan
from training.augment import GAIN, QUIET_VOICES, SHIFT
from training.augment import drawn as changes
from training.networks import for_critic, from_critic

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
    assert batch.windows is not None
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
