"""What G learns from beside its critics: traits against the scores' own, turns, and the losses by hand."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch

from instrument.core.drums import VOICES, Voice
from tests.training.drumming import real
from tests.training.test_gan import batch, real_bars, tiny_gan, weights
from tests.training.test_phrases import drawn as windows_drawn
from tests.training.test_phrases import phrase_gan
from training.batch import Batch, Sums
from training.controls import CONTROLS, ENTRIES, KNOBS
from training.losses import smooth_loss, steer_loss
from training.measures import MEASURES
from training.metrics import rhythm, sets
from training.networks import NetworkShape
from training.traits import BOUNDS, FOLLOWED, GROUPS, _alike, _bands, between, traits
from training.turns import STEP, STEPPED, TURNED, drawn, heard

SHAPE = NetworkShape(styles=2, latent_dim=12)
SPREADS = 2 * (1 + len(GROUPS))


def test_traits_are_what_the_scores_measure() -> None:
    """Both are written by themselves, and must say the same of the same bars."""
    bars = real(64, seed=3)
    found = traits(bars.bars()).numpy()
    loud, late = rhythm._loudness(bars), rhythm._timing(bars)
    counts, loudness, spread = 12, 3, slice(15, 15 + SPREADS)
    np.testing.assert_allclose(found[:, :VOICES], bars.onset[:, 0].sum(2), atol=1e-5)
    np.testing.assert_allclose(found[:, counts - 1], bars.onset[:, 1, Voice.SNARE].sum(1), atol=1e-5)
    np.testing.assert_allclose(found[:, spread], loud[:, :SPREADS], atol=0.011)
    np.testing.assert_allclose(found[:, counts : counts + loudness], loud[:, SPREADS:], atol=1e-5)
    np.testing.assert_allclose(found[:, spread.stop : spread.stop + 2], late[:, -3:-1], atol=1e-5)
    np.testing.assert_allclose(found[:, spread.stop + 3 : spread.stop + 5], late[:, :2], atol=0.011)
    together = spread.stop + 3 + SPREADS
    np.testing.assert_allclose(found[:, together : together + 7], rhythm._together(bars.onset[:, 0]), atol=1e-5)
    steps = rhythm._profiles(bars.onset[:, 0])
    np.testing.assert_allclose(found[:, -steps.shape[1] - 16 : -16], steps, atol=1e-5)
    np.testing.assert_allclose(found[:, -16:], bars.onset[:, 0, Voice.RIDE], atol=1e-5)


def test_a_bar_that_repeats_its_first_half_stays_where_it_is_turned() -> None:
    x = torch.zeros((2, 54, 16))
    x[:, Voice.KICK, [0, 8]] = 1
    x[0, Voice.RIDE, ::2] = 1
    x[1, Voice.CLOSED_HAT, [0, 3]] = 1
    found = _alike(x[:, :VOICES])
    moved_by_half, time_moved_by_eighth, voices, active = found[:, 2], found[:, 3], found[:, -2], found[:, -1]
    assert moved_by_half.tolist() == pytest.approx([0.0, 4 / (16 * VOICES)])
    assert time_moved_by_eighth.tolist() == pytest.approx([0.0, 4 / 16])
    assert voices.tolist() == [2, 2]
    assert active.tolist() == [8, 3]


def test_strokes_are_counted_by_how_loud_they_are() -> None:
    bars = real(64, seed=3)
    found = _bands(bars.bars().view(64, 3, -1, VOICES, 16)[:, 1, 0], torch.from_numpy(bars.onset[:, 0]).float())
    for k, voices in enumerate(GROUPS):
        loud = bars.velocity[:, 0][:, voices]
        for n, bound in enumerate(BOUNDS):
            np.testing.assert_allclose(found[:, k * len(BOUNDS) + n], (loud > bound).sum((1, 2)), atol=1e-5)


def test_windows_differ_as_the_scores_measure() -> None:
    """By voice and quarter together there, apart here."""
    bars, length = real(64, seed=3), 4
    found = between(bars.bars().view(16, length, -1, 16)).numpy().reshape(16, 6, -1)
    judged = sets.relations(sets.stacked(bars, length), length).reshape(16, 6, -1)
    moved = judged[:, :, : 4 * VOICES].reshape(16, 6, VOICES, 4)
    np.testing.assert_allclose(found[:, :, :VOICES], moved.sum(3), atol=1e-5)
    np.testing.assert_allclose(found[:, :, VOICES : VOICES + 4], moved.sum(2), atol=1e-5)
    same = VOICES + 4 + 4 * len(FOLLOWED)
    np.testing.assert_allclose(found[:, :, VOICES + 4 : same], moved[:, :, FOLLOWED].reshape(16, 6, -1), atol=1e-5)
    np.testing.assert_allclose(found[:, :, same], np.exp(-moved.sum((2, 3))), atol=1e-5)
    both = judged[:, :, -1]
    np.testing.assert_allclose(np.maximum(found[:, :, same + 1], 1), both, atol=1e-5)
    np.testing.assert_allclose(found[:, :, -2:], judged[:, :, 4 * VOICES : 4 * VOICES + 2], atol=1e-5)


def test_traits_have_gradients_wherever_a_bar_is_silent_or_full() -> None:
    for value in (0.0, 1.0):
        x = torch.full((2, 54, 16), value, requires_grad=True)
        (traits(x).sum() + between(x.unsqueeze(0)).sum()).backward()  # type: ignore[no-untyped-call]
        assert x.grad is not None
        assert bool(x.grad.isfinite().all())


def test_steering_by_hand() -> None:
    by, slope = torch.tensor([1.0, -2.0, 1.0, 1.0]), torch.tensor([0.5, 0.5, 2.0, 0.5])
    spare = torch.tensor([2.0, 2.0, 2.0, 1.2])
    gain = torch.tensor([0.7, 0.5, 1.0, 0.7])  # enough; half of what is asked; half; 0.1 too much
    weight = torch.tensor([9.0, 1.0, 4.0, 1.0])
    wanted = (0 + 0.5**2 / 3 + 4 * 1 / 2 + 0.1**2 / 2) / 4
    assert float(steer_loss(gain, by, slope, spare, weight)) == pytest.approx(wanted)
    assert float(steer_loss(-gain, by, slope, spare, weight)) > wanted


def test_smoothness_by_hand() -> None:
    before, after = torch.zeros((2, 18, 16)), torch.zeros((2, 18, 16))
    after[0, 0, :9] = 1
    after[1, 0, :6] = 1
    assert float(smooth_loss(before, after)) == pytest.approx(1.5)


def test_each_measure_and_knob_is_a_control() -> None:
    assert tuple(control.name for control in ENTRIES) == MEASURES
    assert tuple(control.name for control in KNOBS) == ("density", "energy", "fill")


def test_a_turn_moves_one_thing_and_a_step_all_of_z_a_little() -> None:
    random = torch.Generator().manual_seed(1)
    z, condition = torch.randn((128, 12), generator=random), torch.randn((128, 7), generator=random)
    condition[:, 0] = (torch.arange(128) % 2).float()
    turn = drawn(z, condition, SHAPE, random)
    assert len(turn.rows) == TURNED + STEPPED == len(set(turn.rows.tolist()))
    assert set(turn.what.tolist()) == set(range(len(CONTROLS)))
    moved_z, moved_condition = turn.z - z[turn.rows], turn.condition - condition[turn.rows]
    for k, (thing, by) in enumerate(zip(turn.what.tolist(), turn.by.tolist(), strict=True)):
        moved = torch.cat([moved_z[k], moved_condition[k]])
        column = SHAPE.named[thing] if thing < len(MEASURES) else 12 + (1, 2, 0)[thing - len(MEASURES)]
        assert torch.nonzero(moved).flatten().tolist() == [column]
        assert float(moved[column]) == pytest.approx(by, abs=1e-5)
        if thing == len(MEASURES) + 2:
            assert 0 <= float(turn.condition[k, 0]) <= 1
    assert not moved_condition[TURNED:].any()
    angle = moved_z[TURNED:].norm(dim=1).mean() / z.norm(dim=1).mean()
    assert float(angle) == pytest.approx(STEP * 2**0.5 * 2**-0.5, rel=0.2)
    assert math.isclose(STEP, math.pi / 2 / 32)


def test_a_small_batch_and_a_small_latent_are_turned_too() -> None:
    turn = drawn(
        torch.randn((8, 6)), torch.randn((8, 3)), NetworkShape(styles=1, latent_dim=6, code_dim=2), torch.Generator()
    )
    assert len(turn.rows) == 8
    assert len(turn.what) == 5
    assert set(turn.what.tolist()) == {len(MEASURES) + k for k in range(len(KNOBS))}


def test_what_a_tap_binds_is_turned_last() -> None:
    bound = torch.arange(128) % 4 > 0  # 32 are free
    turn = drawn(torch.randn((128, 12)), torch.randn((128, 7)), SHAPE, torch.Generator(), bound)
    assert not bound[turn.rows[:32]].any()
    assert bool(bound[turn.rows[32:]].all())


def test_what_is_heard_of_a_bar() -> None:
    bars = real(8, seed=1)
    found = heard(bars.bars()).numpy()
    onset = bars.onset
    np.testing.assert_allclose(found[:, -3], onset.sum((1, 2, 3)))
    np.testing.assert_allclose(found[:, -2], bars.velocity.sum((1, 2, 3)) / onset.sum((1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(found[:, -1], onset[:, :, [Voice.LOW_TOM, Voice.MID_TOM, Voice.HIGH_TOM]].sum((1, 2, 3)))


@pytest.mark.parametrize("lesson", ["match", "steer", "smooth"])
def test_each_lesson_moves_g_and_is_reported(lesson: str) -> None:
    plain, taught = (
        tiny_gan("latent_dim=9", "lessons_from=0", "steer=1e-9"),
        tiny_gan("latent_dim=9", "lessons_from=0", "steer=1e-9", f"loss.{lesson}=50"),
    )
    for gan in (plain, taught):
        gan.G.load_state_dict(plain.G.state_dict())
        sums = Sums()
        gan.train_step(batch(gan, 32), sums)
        assert f"loss_{lesson}" in sums.means() or gan is plain
    name = "head.bias" if lesson == "match" else "mapping.0.weight"
    if lesson != "smooth":  # a fresh net is smooth
        assert not torch.equal(plain.G.state_dict()[name], taught.G.state_dict()[name])


def test_bars_of_a_window_are_told_how_to_differ() -> None:
    plain, taught = phrase_gan(), phrase_gan("lessons_from=0", "relate=50")
    for gan in (plain, taught):
        gan.G.load_state_dict(plain.G.state_dict())
        sums = Sums()
        gan.train_step(windows_drawn(gan), sums)
        assert ("loss_relate" in sums.means()) is (gan is taught)
    assert not torch.equal(plain.G.state_dict()["head.bias"], taught.G.state_dict()["head.bias"])


def test_a_knob_is_learnt_where_it_is_asked_for() -> None:
    """Without critics: G's density comes to follow its condition."""
    gan = tiny_gan("latent_dim=9", "steer=1")
    optimiser = torch.optim.Adam(gan.G.parameters(), lr=0.003)
    found: list[float] = []
    for _ in range(240):
        real_ones: Batch = batch(gan, 48)
        fake = gan.for_critic(gan.make(real_ones))
        sums = Sums()
        loss = gan.lessons.losses(real_ones, fake, gan.G, None, decay=1.0, strength=1.0, sums=sums)
        optimiser.zero_grad()
        torch.stack(loss).sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        found.append(sums.means()["loss_steer"])
    assert np.mean(found[-80:]) < 0.6 * np.mean(found[:40])


def test_lessons_are_faded_in() -> None:
    gan = tiny_gan("lessons_from=0.25")  # of 24 steps
    for step, wanted in ((0, 0.0), (6, 0.0), (9, 0.5), (12, 1.0), (24, 1.0)):
        gan.step = step
        assert gan.strength() == wanted
    assert tiny_gan("lessons_from=0").strength() == 1.0


def test_a_state_with_lessons_and_leanings_goes_on_bit_for_bit() -> None:
    settings = ("latent_dim=9", "leanings=true", "lessons_from=0", "match=0.1", "steer=0.1", "smooth=0.1")
    gan, again = tiny_gan(*settings), tiny_gan(*settings, seed=1)
    examples, rows = real_bars().leaning(), torch.arange(32)
    for _ in range(3):
        gan.train_step(gan.draw(examples, rows), Sums())
    again.restore(copy.deepcopy(gan.state()))
    for one in (gan, again):
        one.train_step(one.draw(examples, rows), Sums())
    for name, vector in weights(gan).items():
        assert torch.equal(vector, weights(again)[name]), name
