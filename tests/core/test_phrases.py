"""How bars of a net of phrases follow each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from instrument.core.latent import draw, stream
from instrument.core.phrases import NATURAL, PHRASE_STRAY, REPEATS, own_part, place, sounding, z_of


@dataclass(frozen=True)
class Shape:
    phrase_dim: int = 24
    walk_dim: int = 4
    bars: int = 4


SHAPE, SIZE = Shape(), 32
HOME = draw(1, "home", 0, SIZE)


def z(index: int, variation: float = NATURAL, held: int = 4) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return z_of(1, index, HOME, SHAPE, variation, held)


def test_without_variation_every_bar_is_home() -> None:
    for index in range(9):
        np.testing.assert_allclose(z(index, 0.0), HOME, atol=1e-6)
        assert sounding(1, index, 0.0) == index
        assert place(1, index, 0.0) == 0


def test_a_phrase_is_held_and_the_next_strays_a_little() -> None:
    held = [z(index)[:24] for index in range(8)]
    assert all((part == held[0]).all() for part in held[:4])
    assert all((part == held[4]).all() for part in held[4:])
    likeness = float(np.corrcoef(held[0], held[4])[0, 1])
    assert 1 - 4 * PHRASE_STRAY**2 < likeness < 1
    assert all((z(index, held=0)[:24] == HOME[:24]).all() for index in (0, 40))


def test_a_fresh_draw_keeps_nothing_of_home() -> None:
    far = np.stack([z_of(seed, 4 * seed, HOME, SHAPE, 1.0, 4) for seed in range(300)])
    assert np.abs(far.mean(0)).max() < 0.25
    assert abs(far.std() - 1) < 0.05


def test_a_bars_own_part_walks_and_jumps() -> None:
    parts = np.stack([[own_part(seed, index, 8, 4, 4) for index in (5, 6, 7, 8, 9)] for seed in range(2000)])
    for lag, wanted in enumerate((1.0, 0.75, 0.5, 0.25, 0.0)):
        found = (parts[:, 0] * parts[:, lag]).mean(0)
        np.testing.assert_allclose(found[:4], wanted, atol=0.12)
        np.testing.assert_allclose(found[4:], float(lag == 0), atol=0.12)


def test_some_bars_are_played_again() -> None:
    again = [sounding(3, index, NATURAL) != index for index in range(4000)]
    assert abs(np.mean(again) - REPEATS) < 0.008
    assert sounding(3, 0, NATURAL) == 0
    index = again.index(True)
    assert sounding(3, index, NATURAL) == sounding(3, index - 1, NATURAL)


def test_a_bar_takes_its_place_as_often_as_it_may_vary() -> None:
    assert all(place(2, index, NATURAL) == index for index in range(50))
    half = [place(2, index, NATURAL / 2) == index for index in range(1, 1001)]
    assert abs(np.mean(half) - 0.5) < 0.06


@pytest.mark.parametrize("purpose", ["phrase", "repeat", "place"])
def test_streams_of_their_own_leave_the_others(purpose: str) -> None:
    first = stream(7, purpose, 0).random(4)  # type: ignore[arg-type]
    others = [stream(7, other, n).random(4) for other in ("home", "bar", "pad", "conditions") for n in range(50)]
    assert all((first != other).any() for other in others)
