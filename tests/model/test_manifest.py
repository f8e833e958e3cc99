from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.manifest import KNOB_POINTS, KnobScale, Prior, Rounding, is_preset_name
from instrument.model.manifest_file import encode_manifest, parse_manifest
from tests.model.nets import CONTRACT, entry_of, manifest_of

ROUNDING = ("flips =", "velocity =", "offset =")
rising = st.lists(st.floats(-5, 5), min_size=KNOB_POINTS, max_size=KNOB_POINTS, unique=True).map(sorted)


@given(rising, st.floats(-1, 2), st.floats(-1, 2))
def test_a_knob_rises_and_stays_within_its_scale(quantiles: list[float], low: float, high: float) -> None:
    scale = KnobScale(quantiles=tuple(quantiles))
    low, high = min(low, high), max(low, high)
    assert quantiles[0] <= scale.value(low) <= scale.value(high) + 1e-9
    assert scale.value(high) <= quantiles[-1] + 1e-9


@given(rising, st.integers(0, KNOB_POINTS - 1))
def test_a_knob_meets_the_points_of_its_scale_and_comes_back(quantiles: list[float], point: int) -> None:
    scale = KnobScale(quantiles=tuple(quantiles))
    place = point / (KNOB_POINTS - 1)
    assert scale.value(place) == pytest.approx(quantiles[point], abs=1e-9)
    assert scale.knob(quantiles[point]) == pytest.approx(place, abs=1e-9)


def test_the_ends_of_a_scale() -> None:
    scale = KnobScale(quantiles=tuple(float(i) for i in range(KNOB_POINTS)))
    assert (scale.knob(-9), scale.knob(99)) == (0.0, 1.0)
    flat = KnobScale(quantiles=(0.0,) * 5 + (1.0,) * 16)
    assert 0.0 <= flat.knob(0.5) <= 1.0


@pytest.mark.parametrize("name", ["groove", "a", "my-2nd_groove"])
def test_names_that_a_preset_may_have(name: str) -> None:
    assert is_preset_name(name)


@pytest.mark.parametrize("name", ["", "Groove", "../x", "a b", "-x", "x.y", "x" * 65, "é"])
def test_names_that_it_may_not_have(name: str) -> None:
    assert not is_preset_name(name)
    with pytest.raises(ValueError, match="the name"):
        replace(manifest_of({1: b"x"}), name=name)


def test_a_preset_that_says_nothing_of_rounding_has_whole_weights() -> None:
    manifest = manifest_of({1: b"x"})
    text = encode_manifest(manifest).decode()
    older = "".join(line for line in text.splitlines(True) if not line.startswith(("[epochs.rounding]", *ROUNDING)))
    assert "rounding" in text
    assert "rounding" not in older
    assert parse_manifest(older.encode(), "preset.toml") == manifest
    assert manifest.epoch(1).rounding == Rounding()


def test_the_rules_between_the_values() -> None:
    manifest = manifest_of({1: b"x", 2: b"y"})
    with pytest.raises(KeyError):
        manifest.epoch(3)
    with pytest.raises(ValueError, match="in order"):
        replace(manifest, epochs=(entry_of(2, b"y"), entry_of(1, b"x")))
    with pytest.raises(ValueError, match="a style that"):
        replace(manifest, prior=Prior(style=(2,), density=(0.0,), energy=(0.0,), fill=(0.0,)))
    with pytest.raises(ValueError, match="not finite"):
        Rounding(flips=math.nan)
    with pytest.raises(ValueError, match="differ in length"):
        Prior(style=(0,), density=())
    with pytest.raises(ValueError, match="styles"):
        replace(CONTRACT, styles=("rock", "rock"))
