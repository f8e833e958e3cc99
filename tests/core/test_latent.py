"""Places in the latent: named by seed and number for ever, and moved between without a jump."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.latent import LARGEST_SEED, draw, plane, slerp, stray, stream

SEEDS = st.integers(0, LARGEST_SEED)
DIM = 32


@given(SEEDS, st.integers(0, 10**6))
def test_a_draw_is_named_by_seed_purpose_and_number(seed: int, number: int) -> None:
    z = draw(seed, "bar", number, DIM)
    assert z.dtype == np.float32
    np.testing.assert_array_equal(z, draw(seed, "bar", number, DIM))
    others = [draw(seed, "home", number, DIM), draw(seed, "bar", number + 1, DIM), draw(seed ^ 1, "bar", number, DIM)]
    assert all((z != other).any() for other in others)


def test_draws_are_the_same_on_every_machine() -> None:
    """NumPy keeps Philox's stream; a seed that was written down brings its bar back."""
    np.testing.assert_allclose(draw(7, "bar", 0, 3), EXPECTED, rtol=1e-6)


EXPECTED = [-0.5934703, 1.547825, -0.5029522]


@pytest.mark.parametrize("seed", [-1, LARGEST_SEED + 1])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match="seed"):
        stream(seed, "bar", 0)


@given(SEEDS)
def test_straying_goes_from_home_to_a_fresh_draw(seed: int) -> None:
    home, fresh = draw(seed, "home", 0, DIM), draw(seed, "bar", 0, DIM)
    np.testing.assert_array_equal(stray(home, fresh, 0), home)
    np.testing.assert_array_equal(stray(home, fresh, 1), fresh)


def test_straying_keeps_the_variance() -> None:
    mixed = stray(draw(1, "home", 0, 20_000), draw(1, "bar", 0, 20_000), 0.4)
    assert abs(mixed.std() - 1) < 0.02


@given(SEEDS, st.floats(0, 1))
def test_slerp_ends_where_it_should_and_keeps_its_length(seed: int, t: float) -> None:
    a, b = draw(seed, "home", 0, DIM), draw(seed, "home", 1, DIM)
    np.testing.assert_allclose(slerp(a, b, 0), a, atol=1e-5)
    np.testing.assert_allclose(slerp(a, b, 1), b, atol=1e-5)
    wanted = (1 - t) * np.linalg.norm(a) + t * np.linalg.norm(b)
    assert abs(np.linalg.norm(slerp(a, b, t)) - wanted) < 1e-3


def test_slerp_between_the_same_opposite_or_no_places_is_finite() -> None:
    a = draw(3, "home", 0, DIM)
    for pair in ((a, a), (a, -a), (a, np.zeros_like(a)), (np.zeros_like(a), np.zeros_like(a))):
        assert np.isfinite(slerp(*pair, 0.5)).all()


@given(st.integers(0, 2), SEEDS)
def test_the_pads_plane_is_orthonormal(axes: int, seed: int) -> None:
    across, up = plane(DIM, [draw(seed, "pad", k, DIM) for k in range(axes)])
    np.testing.assert_allclose([across @ across, up @ up, across @ up], [1, 1, 0], atol=1e-5)


def test_equal_axes_still_span_a_plane() -> None:
    axis = draw(1, "pad", 0, DIM)
    across, up = plane(DIM, [axis, axis])
    assert abs(across @ up) < 1e-5
