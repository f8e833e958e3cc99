"""The slow part of the suite: copies, variety, judges, and the naive makers that it must tell from real bars."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.drumming import real
from training.metrics.distances import Standard
from training.metrics.full import Trial, full_scores, mean_discrepancy, nearest, overlap, variety
from training.metrics.naive import CEILINGS, markov
from training.metrics.played import Played
from training.metrics.rhythm import rhythm_features
from training.metrics.suite import Reference

BARS = 300


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.of(real(2 * BARS, 0), 120)


def trial(maker: str = "") -> Trial:
    """Other real bars, or what a naive maker makes after them."""
    sets = [real(BARS, seed) for seed in (1, 2, 3)]
    if maker:
        sets = [CEILINGS[maker](bars, BARS, seed) for seed, bars in enumerate(sets)]
    return Trial(scored=sets[0], learnt=sets[1], tested=sets[2], held_out=real(BARS, 4))


def test_real_bars_are_at_the_floor_and_naive_ones_at_the_ceiling(reference: Reference) -> None:
    library = reference.bars
    floor = full_scores(trial(), reference, library, seeds=2)
    assert floor["c2st"] < 0.6
    assert floor["c2st_low"] <= floor["c2st"] <= floor["c2st_high"]
    assert floor["c2lr"] < 0.6
    assert abs(floor["mmd"]) < 0.1
    assert floor["oa"] > 0.9
    for maker in ("bernoulli", "shuffled"):  # a drummer made of rules is nearly a Markov chain
        ceiling = full_scores(trial(maker), reference, library, seeds=1)
        assert ceiling["c2st"] > 0.85, maker
        assert ceiling["c2lr"] > 0.85, maker
        assert ceiling["nn_mean"] > floor["nn_mean"] + 1, maker
        assert ceiling["kl"] > 2 * floor["kl"], maker
    assert full_scores(trial(), reference, library, seeds=2) == floor


def test_judges_of_whole_bars_and_of_onsets_are_means_over_seeds(
    reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judged(*bars: Played, seed: int) -> float:
        return seed + 10 * all(set(np.unique(played.velocity)) <= {0, 1} for played in bars)

    monkeypatch.setattr("training.metrics.full.two_sample_test", judged)
    found = full_scores(trial(), reference, reference.bars, seeds=3)
    assert (found["c2st"], found["c2st_low"], found["c2st_high"], found["c2on"]) == (1, 0, 2, 11)


def test_copies_are_found(reference: Reference) -> None:
    found = nearest(reference.bars.take(np.arange(10)), reference.bars)
    assert found == {"nn_mean": 0.0, "nn0": 1.0, "nn2": 1.0}
    onset = reference.bars.onset[:1].copy()
    onset[0, 0, 4, :3] = ~onset[0, 0, 4, :3]
    moved = nearest(type(reference.bars)(onset=onset, velocity=onset * 1.0, offset=onset * 0.0), reference.bars)
    assert moved["nn_mean"] == 3.0


def test_variety_is_the_mean_distance_of_pairs() -> None:
    bars = real(40, 0)
    flat = bars.onset[:, 0].reshape(40, -1)
    pairs = [(flat[a] != flat[b]).sum() for a in range(40) for b in range(a)]
    assert variety(bars) == pytest.approx(np.mean(pairs))
    assert variety(bars.take(np.zeros(8, np.intp))) == pytest.approx(0)


def test_a_set_overlaps_itself_wholly_and_is_at_no_distance() -> None:
    raw = rhythm_features(real(200, 0))
    features = Standard.of(raw)(raw)
    assert overlap(features, features) == {"oa": pytest.approx(1.0), "kl": pytest.approx(0.0)}
    assert mean_discrepancy(features, features) < 0
    assert mean_discrepancy(features, features + 2) > 1


def test_a_markov_chain_has_the_steps_of_real_bars_and_their_order_two_by_two() -> None:
    bars = real(400, 0)
    chain = markov(bars, 400, 1)
    steps = {step.tobytes() for bar in np.moveaxis(bars.onset, 3, 1) for step in bar}
    assert {step.tobytes() for bar in np.moveaxis(chain.onset, 3, 1) for step in bar} <= steps
    assert np.abs(chain.onset.mean(0) - bars.onset.mean(0)).max() < 0.12
    assert not (chain.onset[:, 1] & ~chain.onset[:, 0]).any()
    assert (chain.velocity[~chain.onset] == 0).all()
    assert (markov(bars, 50, 7).onset == markov(bars, 50, 7).onset).all()
