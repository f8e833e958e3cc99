"""From knobs, seed and number to a bar, with the shipped preset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from instrument.core.bar import Bar
from instrument.core.drums import GM_KIT
from instrument.errors import UsageError
from instrument.model.store import load_preset
from instrument.session.composer import Composer
from instrument.session.offline import render
from instrument.session.view import Knobs


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer(load_preset("groove"), GM_KIT, 7)


@pytest.fixture
def knobs(composer: Composer) -> Knobs:
    return Knobs(epoch=composer.manifest.best_epoch)


def test_a_bar_is_a_pure_function_of_seed_knobs_and_number(composer: Composer, knobs: Knobs) -> None:
    again = Composer(composer.source, GM_KIT, 7)
    for index in (5, 0, 3):
        assert composer.compose(index, knobs).notes == again.compose(index, knobs).notes
    bars = {composer.compose(index, knobs).notes for index in range(8)}
    assert len(bars) > 4
    assert Composer(composer.source, GM_KIT, 8).compose(0, knobs).notes != composer.compose(0, knobs).notes


def test_without_variation_it_is_a_loop(composer: Composer, knobs: Knobs) -> None:
    still = replace(knobs, variation=0.0)
    assert len({composer.compose(index, still).notes for index in range(4)}) == 1


def test_density_and_energy_are_alive(composer: Composer, knobs: Knobs) -> None:
    def mean(**change: Any) -> tuple[float, float]:
        bars = [composer.compose(index, replace(knobs, **change)).notes for index in range(24)]
        loud = [note.velocity for notes in bars for note in notes]
        return float(np.mean([len(notes) for notes in bars])), float(np.mean(loud))

    assert mean(density=0.9)[0] > mean(density=0.1)[0] + 4
    assert mean(energy=0.9)[1] > mean(energy=0.1)[1] + 15


def test_a_fill_hits_the_toms_more(composer: Composer, knobs: Knobs) -> None:
    def toms(chosen: Knobs) -> int:
        return sum(note.note in (43, 47, 50) for index in range(32) for note in composer.compose(index, chosen).notes)

    assert toms(replace(knobs, fill=1.0)) > toms(knobs)


def test_the_pad_moves_the_bar_and_comes_back(composer: Composer, knobs: Knobs) -> None:
    middle = composer.compose(0, knobs).notes
    assert composer.compose(0, replace(knobs, x=1.0, y=-1.0)).notes != middle
    assert composer.compose(0, replace(knobs, x=0.0, y=0.0)).notes == middle


def test_what_the_preset_does_not_have_is_refused_with_the_nearest(composer: Composer, knobs: Knobs) -> None:
    with pytest.raises(UsageError, match='did you mean "jazz"'):
        composer.check(replace(knobs, style="jaz"))
    with pytest.raises(UsageError, match="epoch"):
        composer.check(replace(knobs, epoch=999))


def test_a_longer_render_begins_as_a_shorter_one(composer: Composer, knobs: Knobs) -> None:
    two, four = render(composer, knobs, 2).messages, render(composer, knobs, 4).messages
    end = 2 * 1920 - 60
    assert [m for m in two if m.position_ticks < end] == [m for m in four if m.position_ticks < end]


@pytest.mark.parametrize(
    "wrong", [{"density": 1.1}, {"energy": -0.1}, {"x": 2.0}, {"swing": 49.0}, {"variation": float("nan")}]
)
def test_a_knob_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="not in"):
        Knobs(epoch=1, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pad", "axis", "measure"),
    [(1, "x", "density"), (1, "y", "syncopation"), (2, "x", "dynamics"), (2, "y", "swing")],
)
def test_macros_mean_what_they_are_called_over_many_bars(
    composer: Composer, knobs: Knobs, pad: int, axis: str, measure: str
) -> None:
    names = [direction.name for direction in composer.manifest.epoch(knobs.epoch).axes(pad)]
    assert names["xy".index(axis)] == measure
    played = replace(knobs, style="rock", variation=0.0, pad=pad)

    def mean(place: float) -> float:
        change: dict[str, Any] = {axis: place}
        bars = [composer.compose(0, replace(played, home=home, **change)).given for home in range(200)]
        return float(np.mean([MEASURES[measure](bar) for bar in bars]))

    assert mean(0.9) > mean(-0.9)
    assert composer.compose(0, replace(played, x=0.0)).notes == composer.compose(0, replace(played, pad=0)).notes


def _syncopation(bar: Bar) -> float:
    skins = bar.velocity[0, :2]
    return 1 - float(skins[:, ::4].sum() / max(skins.sum(), 1e-6))


def _swing(bar: Bar) -> float:
    onset, offset = bar.onset[0], bar.offset[0]
    odd, even = (offset[:, at::2].sum() / max(onset[:, at::2].sum(), 1) for at in (1, 0))
    return float(odd - even)


MEASURES: dict[str, Callable[[Bar], float]] = {
    "density": lambda bar: float(bar.onset[0].sum()),
    "syncopation": _syncopation,
    "dynamics": lambda bar: float(bar.velocity[0][bar.onset[0] > 0.5].std()),
    "swing": _swing,
}
