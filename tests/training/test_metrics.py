"""The scores against what is known: floors of real bars, naive fakes well above them, and values by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from instrument.core.drums import VOICES, Voice
from tests.training.drumming import STEPS, collapsed, real
from training.metrics.c2st import two_sample_test
from training.metrics.distances import Standard, frechet, kernel_distance, marginals, radii, support, wasserstein
from training.metrics.naive import CEILINGS, bernoulli, shuffled
from training.metrics.played import Played, play
from training.metrics.rhythm import hands, metric_weights, rhythm_features
from training.metrics.suite import Reference, fast_scores, gates

BARS = 600
STEP_TICKS = 120


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.of(real(BARS, 0), STEP_TICKS)


@pytest.fixture(scope="module")
def floor(reference: Reference) -> dict[str, float]:
    return fast_scores(real(BARS, 1), reference)


def empty(bars: int = 1) -> Played:
    zeros = np.zeros((bars, 2, VOICES, STEPS), np.float32)
    return Played(onset=zeros > 0, velocity=zeros, offset=zeros.copy())


def test_other_bars_of_the_same_drummer_are_at_the_floor(floor: dict[str, float]) -> None:
    assert floor["fd"] < 4
    assert abs(floor["kid"]) < 2
    assert min(floor[name] for name in ("precision", "recall", "coverage")) > 0.9
    assert max(floor[name] for name in ("rate_err", "map_err", "w1_offset")) < 0.1
    assert floor["w1_velocity"] < 1.5
    assert floor["backbeat"] == 1.0
    assert floor["silent"] == 0.0


def test_the_very_same_bars_are_at_zero(reference: Reference) -> None:
    scores = fast_scores(reference.bars, reference)
    for name in ("rate_err", "map_err", "w1_density", "w1_velocity", "w1_offset"):
        assert scores[name] == 0.0
    assert scores["fd"] == pytest.approx(0, abs=1e-3)
    assert [scores[name] for name in ("precision", "recall", "coverage")] == [1, 1, 1]


@pytest.mark.parametrize("fake", ["bernoulli", "shuffled"])
def test_naive_bars_are_far_above_the_floor(fake: str, reference: Reference, floor: dict[str, float]) -> None:
    bars = CEILINGS[fake](real(BARS, 1), BARS, 2)
    scores = fast_scores(bars, reference)
    assert scores["fd"] > 20 * floor["fd"]
    assert scores["kid"] > 100
    assert scores["coverage"] < 0.1
    assert scores["precision"] < 0.1


def test_marginals_pass_independent_cells_and_catch_shuffled_steps(reference: Reference) -> None:
    drummer = real(BARS, 1)
    assert fast_scores(bernoulli(drummer, BARS, 2), reference)["map_err"] < 0.1
    assert fast_scores(shuffled(drummer, BARS, 3), reference)["map_err"] > 0.4


def test_a_collapse_is_seen_by_recall_and_coverage(reference: Reference, floor: dict[str, float]) -> None:
    scores = fast_scores(collapsed(real(BARS, 1), BARS), reference)
    assert scores["precision"] > 0.5
    assert max(scores["recall"], scores["coverage"]) < 0.1
    assert scores["fd"] > 20 * floor["fd"]


def test_the_scores_are_the_same_each_time(floor: dict[str, float]) -> None:
    assert fast_scores(real(BARS, 1), Reference.of(real(BARS, 0), STEP_TICKS)) == floor


def judged(fake: Played, test_fake: Played, seed: int = 0) -> float:
    return two_sample_test(real(BARS, 10), fake, real(BARS, 12), test_fake, seed=seed)


def test_the_judge_cannot_tell_real_from_real() -> None:
    assert judged(real(BARS, 11), real(BARS, 13)) == pytest.approx(0.5, abs=0.08)


def test_the_judge_tells_naive_bars_from_real() -> None:
    drummer = real(BARS, 1)
    assert judged(bernoulli(drummer, BARS, 2), bernoulli(drummer, BARS, 3)) > 0.9
    assert judged(shuffled(real(BARS, 11), BARS, 2), shuffled(real(BARS, 13), BARS, 3)) > 0.9


def test_the_judge_is_the_same_by_seed_and_leaves_the_global_generator_alone() -> None:
    fakes = real(64, 11), real(64, 13)
    before = torch.get_rng_state()
    first = two_sample_test(real(64, 10), fakes[0], real(64, 12), fakes[1], seed=3)
    torch.rand(5, generator=torch.Generator())
    assert two_sample_test(real(64, 10), fakes[0], real(64, 12), fakes[1], seed=3) == first
    assert torch.equal(torch.get_rng_state(), before)


def test_wasserstein_by_hand() -> None:
    a, b = np.array([1, 1, 3, 3]), np.array([2, 2, 4, 4])
    assert wasserstein(a, b, 0, 9) == 1.0
    assert wasserstein(a, np.array([1]), 0, 9) == 1.0
    assert wasserstein(a, a, 0, 9) == 0.0
    assert wasserstein(a, np.zeros(0, np.int64), 0, 9) == 0.0
    assert wasserstein(np.array([-5]), np.array([5]), -9, 9) == 10.0


def test_the_frechet_distance_of_normal_distributions() -> None:
    x = np.random.default_rng(0).normal(size=(4000, 3))
    assert frechet(x, x + np.array([3, 0, 4])) == pytest.approx(25)
    assert frechet(x, 2 * x) == pytest.approx(np.trace(np.cov(x, rowvar=False)) + (x.mean(0) ** 2).sum())
    assert frechet(x, x) == pytest.approx(0, abs=1e-9)


def test_the_kernel_distance_is_unbiased_about_zero() -> None:
    random = np.random.default_rng(0)
    found = [kernel_distance(random.normal(size=(200, 4)), random.normal(size=(200, 4))) for _ in range(20)]
    assert min(found) < 0 < max(found)
    assert abs(np.mean(found)) < 2
    assert kernel_distance(random.normal(size=(200, 4)), random.normal(2, size=(200, 4))) > 100


def test_support_by_hand() -> None:
    line = np.arange(10, dtype=np.float64)[:, None]
    assert radii(line, k=1).tolist() == [1.0] * 10
    near, far = np.array([[0.5], [0.6]]), np.array([[50.0], [51.0]])
    assert support(far, line) == {"precision": 0.0, "recall": 0.0, "coverage": 0.0}
    inside = support(near, line[::9])  # both of the two lie 9 from each other
    assert inside["precision"] == 1.0
    assert inside["coverage"] == 1.0


def test_equal_sets_cover_what_theory_says() -> None:
    random = np.random.default_rng(0)
    found = support(random.normal(size=(1000, 6)), random.normal(size=(1000, 6)))
    assert found["coverage"] == pytest.approx(1 - 2**-5, abs=0.02)


def test_a_standard_clips_at_six_deviations() -> None:
    standard = Standard.of(np.array([[0.0, 5.0], [2.0, 5.0]]))
    assert standard(np.array([[1.0, 5.0], [9.0, 5.0], [-9.0, 6.0]])).tolist() == [[0, 0], [6, 0], [-6, 6]]


def test_metric_weights_are_longuet_higgins_and_lees() -> None:
    assert metric_weights(16).tolist() == [0, -4, -3, -4, -2, -4, -3, -4, -1, -4, -3, -4, -2, -4, -3, -4]


def test_gates_by_hand() -> None:
    bars = empty(4)
    bars.onset[0, 0, [Voice.SNARE, Voice.RIDE, Voice.CRASH, Voice.KICK, Voice.CLOSED_HAT], 0] = True
    bars.onset[1, 0, Voice.SNARE, [4, 12]] = True
    bars.onset[2, 0, Voice.KICK, 0] = True
    assert hands(bars.onset[:, 0])[:, 0].tolist() == [3, 0, 0, 0]
    assert gates(bars) == {"density": 2.0, "silent": 0.25, "hands3": 25.0, "backbeat": 0.25}


def test_silent_bars_have_finite_features_and_bad_scores(reference: Reference, floor: dict[str, float]) -> None:
    assert np.isfinite(rhythm_features(empty(3))).all()
    scores = fast_scores(empty(20), reference)
    assert np.isfinite(list(scores.values())).all()
    assert scores["silent"] == 1.0
    assert scores["fd"] > floor["fd"]
    assert marginals(empty(2), empty(2), STEP_TICKS)["map_err"] == 0.0


def test_bars_are_scored_as_they_would_be_played() -> None:
    onset = np.zeros((1, 2, VOICES, STEPS), np.float32)
    onset[0, :, 0, :3] = [[0.51, 0.5, 0.4], [0.6, 0.9, 0.9]]
    played = play(onset, np.full_like(onset, 0.001), np.full_like(onset, 0.5), STEP_TICKS)
    assert played.onset[0, :, 0, :3].tolist() == [[True, False, False], [True, False, False]]
    assert played.velocity[0, 0, 0, 0] == np.float32(1 / 127)
    assert played.offset[0, 0, 0, 0] == np.float32(59 / 120)
    assert np.count_nonzero(played.velocity) == np.count_nonzero(played.offset) == 2
