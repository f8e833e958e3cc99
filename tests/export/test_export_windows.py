"""Nets of windows, exported and played: laid end to end, cut at the bar line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.build import export_run, run_contract
from instrument.core.bar import Floats, Grid, decode
from instrument.core.drums import GM_KIT
from instrument.core.timebase import BAR_TICKS
from instrument.model.onnx import OnnxWindowModel
from instrument.model.preset import Preset
from instrument.model.store import Places, check_preset, load_preset
from instrument.session.composer import Composer
from instrument.session.offline import render
from instrument.session.view import Knobs
from tests.training.midi import write_folder
from training.recipes import load_recipe
from training.train import run

NOWHERE = Places(shipped=Path("nowhere"), own=Path("nowhere"), cache=None)
SMALL = ("generator_channels=8", "critic_channels=8", "mapping_dim=16", "latent_dim=6", "batch=8", "metrics.bars=64")


@pytest.fixture(scope="module", params=["ticks-1000", "ticks-3200", "ticks-1000-linear", "ticks-1000-velocity-only"])
def preset(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Preset:
    place = tmp_path_factory.mktemp("windows")
    folder = write_folder(place / "groove", files=12, bars=8)
    recipe = load_recipe(request.param, [*SMALL, "epochs=1", "c2st_every=9"])
    run(folder, place / "run", recipe, cache=place / "cache")
    export_run(place / "run", place / "out")
    assert run_contract(place / "run").kind == "window"
    assert check_preset(place / "out", NOWHERE).ok
    return load_preset(place / "out", NOWHERE)


def test_a_bar_is_made_of_the_windows_that_hold_it(preset: Preset) -> None:
    model = preset.model(1)
    assert isinstance(model, OnnxWindowModel)
    ticks, style, condition = model.contract.steps, np.eye(len(model.contract.styles), dtype=np.float32)[0], np.zeros(3)
    z = np.random.default_rng(0).standard_normal((200, 6)).astype(np.float32)
    end = model.latents(5).stop
    onset, velocity = model.windows(range(end), z[:end], style, condition.astype(np.float32), 0.3)
    for index in range(5):
        numbers = model.latents(index)
        bar = model.bar_at(index, z[numbers.start : numbers.stop], style, condition.astype(np.float32), 0.3)
        hits, _ = decode(bar, grid=Grid())
        for tick, voice, loud in zip(hits.tick, hits.voice, hits.velocity, strict=True):
            assert onset[voice, tick + index * BAR_TICKS]
            assert loud == max(round(float(velocity[voice, tick + index * BAR_TICKS]) * 127), 1)
        assert numbers.start * ticks <= max(index * BAR_TICKS - 60, 0)


def test_the_session_plays_it_like_any_other(preset: Preset) -> None:
    composer = Composer(preset, GM_KIT, 3)
    knobs = Knobs(epoch=1)
    first, again = render(composer, knobs, 6).messages, render(Composer(preset, GM_KIT, 3), knobs, 6).messages
    assert first == again
    one, other = (render(composer, knobs, 4, independent=True).messages for _ in range(2))
    assert one == other
    still = replace(knobs, variation=0.0, quantise=1.0)
    assert composer.compose(2, still).notes == composer.compose(2, still).notes


def test_a_net_of_windows_is_fed_its_phase(preset: Preset) -> None:
    model = preset.model(1)
    seen: list[Floats] = []
    inner = model.run

    def watched(*inputs: Floats) -> tuple[Floats, ...]:
        seen.append(inputs[3])
        return inner(*inputs)

    model.run = watched  # type: ignore[method-assign]
    numbers = model.latents(3)
    z = np.zeros((len(numbers), 6), np.float32)
    style = np.eye(len(model.contract.styles), dtype=np.float32)[0]
    model.bar_at(3, z, style, np.zeros(3, np.float32))
    assert seen[0][:, 0] * BAR_TICKS == pytest.approx([n * model.contract.steps % BAR_TICKS for n in numbers])
