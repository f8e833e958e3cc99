"""What a net is like to play: bars in a row, and what knobs, latent and tap do, on generators whose answer is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from instrument.core.drums import VOICES, Voice
from tests.training.drumming import real
from training.examples import BarExamples, WindowExamples
from training.metrics.played import Played
from training.metrics.sets import compared, hamming, leading, made_windows, relations, stacked
from training.metrics.steering import (
    Asked,
    correlation,
    flams,
    knob_scores,
    latent_scores,
    ranks,
    spearman,
    tap_scores,
)

BARS = 4


@dataclass(frozen=True)
class Shape:
    latent_dim: int = 6
    phrase_dim: int = 3
    walk_dim: int = 1
    bars: int = BARS
    places: int = BARS
    tap: bool = True


@dataclass
class Obedient:
    """Hits, loudness and toms as the knobs say; the tap on the kick, as it was given."""

    shape: Shape = field(default_factory=Shape)

    def forward_raw(self, z: Tensor, style: Tensor, condition: Tensor, tap: Tensor | None = None) -> tuple[Any, ...]:
        n = len(z)
        onset, velocity = torch.zeros((n, 2, VOICES, 16)), torch.zeros((n, 2, VOICES, 16))
        hits = (8 + 3 * condition[:, 1]).round().clamp(0, 16)
        onset[:, 0, Voice.CLOSED_HAT] = (torch.arange(16) < hits[:, None]).float()
        onset[:, 0, Voice.LOW_TOM] = (torch.arange(16) < (16 * condition[:, :1]).round()).float()
        velocity += (0.5 + 0.1 * condition[:, 2]).view(-1, 1, 1, 1)
        if tap is not None:
            onset[:, 0, Voice.KICK], velocity[:, 0, Voice.KICK] = tap[:, 0], tap[:, 1]
        return onset, velocity, torch.zeros_like(onset)


def examples(count: int = 200) -> WindowExamples:
    """Windows of a drummer made of rules."""
    played = real(count, 0)
    planes = np.stack([played.onset.astype(np.float32), played.velocity, played.offset], 1)
    condition = torch.cat([torch.zeros((count, 3)), torch.eye(BARS)[torch.arange(count) % BARS]], 1)
    bars = BarExamples(
        bars=torch.from_numpy(planes).flatten(1, 3),
        style=torch.zeros(count, dtype=torch.int64),
        condition=condition,
        step_ticks=120,
    )
    return WindowExamples(bars=bars, first=torch.arange(count - 3), singles=torch.zeros(0).long(), length=BARS)


def test_knobs_that_do_what_they_say_rank_as_one() -> None:
    scores = knob_scores(Asked(Obedient(), 1, 0, 120))
    assert scores["density_rank"] > 0.99
    assert scores["energy_rank"] == pytest.approx(1)
    assert scores["fill_rank"] == pytest.approx(1)
    assert (scores["toms_0"], scores["toms_1"]) == (0, 16)


def test_a_latent_that_is_not_heard_is_told() -> None:
    scores = latent_scores(Asked(Obedient(), 1, 0, 120))
    assert scores["slerp_heard"] == 0
    assert scores["slerp_p99"] == 0
    assert scores["unique"] < 0.01


def test_a_tap_that_is_kept_is_told() -> None:
    scores = tap_scores(Obedient(), examples().bars, 1)
    assert scores["tap_recall"] == 1
    assert scores["tap_precision"] == 1
    assert scores["tap_velocity"] > 0.99


def test_rank_correlation_is_that_of_the_ranks() -> None:
    a = np.array([[1.0, 5.0, 2.0, 2.0], [3.0, 3.0, 3.0, 3.0]])
    np.testing.assert_array_equal(ranks(a), [[0, 3, 1.5, 1.5], [1.5, 1.5, 1.5, 1.5]])
    found = spearman(a, np.array([0.0, 1.0, 2.0, 3.0]))
    assert found[1] == 0
    assert 0 < found[0] < 1
    assert spearman(np.array([[1.0, 2.0, 9.0]]), np.array([0.0, 1.0, 2.0]))[0] == pytest.approx(1)


def test_flams_are_two_hits_of_one_voice_close_together() -> None:
    onset = np.zeros((1, 2, VOICES, 16), bool)
    onset[0, :, Voice.SNARE, 4] = True
    onset[0, 0, Voice.SNARE, 5] = True
    onset[0, 0, Voice.KICK, 4] = True
    offset = np.zeros(onset.shape, np.float32)
    offset[0, 1, Voice.SNARE, 4] = 40 / 120
    bars = Played(onset=onset, velocity=onset.astype(np.float32), offset=offset)
    assert flams(bars, 120) == pytest.approx(25)


def test_windows_are_as_the_player_plays_them() -> None:
    found = made_windows(Obedient(), examples(), torch.arange(8), 1, first_seed=0)
    assert found.onset.shape == (8, 2 * BARS, VOICES, 16)
    assert hamming(found, BARS).max() == 0
    assert leading(found, 2, BARS).onset.shape == (8, 4, VOICES, 16)


def test_relations_see_how_bars_differ_and_not_what_they_are() -> None:
    bars = real(64, 0)
    same = stacked(bars.take(np.repeat(np.arange(16), 4)), BARS)
    found = relations(same, BARS).reshape(16, 6, -1)
    assert (found[:, :, :-1] == 0).all()
    assert (relations(stacked(bars, BARS), BARS).reshape(16, 6, -1)[:, :, :36].sum(2) > 0).all()


def test_loops_are_told_from_a_drummers_bars() -> None:
    def windows(seed: int, loop: bool) -> Played:
        bars = real(4 * 120, seed)
        return stacked(bars.take(np.arange(480) // 4 * 4) if loop else bars, BARS)

    scores = compared([windows(0, False), windows(1, True), windows(2, False), windows(3, True)], BARS)
    assert scores["relations_4"] > 0.95
    assert scores["same_bar"] == 1
    assert scores["next_bar"] == 0
    fair = compared([windows(0, False), windows(1, False), windows(2, False), windows(3, False)], BARS)
    assert fair["relations_4"] < 0.65


def test_what_stays_goes_along_with_nothing() -> None:
    rising, still = np.arange(3.0), np.ones(3)
    found = correlation(np.stack([2 * rising + 1, -rising, still]), rising)
    assert found.tolist() == pytest.approx([1, -1, 0])
    assert correlation(rising[None], still).tolist() == [0]
