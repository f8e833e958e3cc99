"""Trainings over windows of ticks, from a folder to samples, and what the windows hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from instrument.core.bar import Hits
from instrument.core.windows import join, split
from tests.training.midi import write_folder
from training import features, groove
from training.cutting import BarCut, TickCut
from training.dataset import from_npz, to_npz
from training.examples import TickExamples
from training.interrupt import StopSwitch
from training.metrics.sources import TickSource, stretches, strokes_of
from training.midi_file import read_drums
from training.progress import SilentReporter
from training.recipes import Recipe, list_recipes, load_recipe
from training.runs import read_floor, read_stats
from training.train import TrainResult, run
from training.windows import TickWindows

SMALL = ("generator_channels=8", "critic_channels=8", "mapping_dim=16", "latent_dim=6", "batch=8", "metrics.bars=64")
TICK_RECIPES = sorted(name for name in list_recipes() if name.startswith("ticks"))


def small(name: str, *settings: str) -> Recipe:
    return load_recipe(name, [*SMALL, "c2st_every=2", "epochs=2", *settings])


def train(folder: Path, out: Path, recipe: Recipe | None, **options: bool) -> TrainResult:
    return run(folder, out, recipe, cache=out.parent / "cache", **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("data") / "groove", files=18, bars=6)


def test_the_windows_of_a_folder_hold_every_hit_on_its_tick(data: Path, cache: Path) -> None:
    windows = groove.load(data, TickCut(1000), cache=cache)
    assert isinstance(windows, TickWindows)
    rows = np.flatnonzero(windows.performance == 0)
    found = join(windows.windows_of(rows))
    real = read_drums(data / windows.files[0]).hits
    doubles = split(real, 1000).dropped
    assert len(found) == len(real) - len(doubles)
    wanted = join(split(real, 1000))
    assert (found.tick == wanted.tick).all()
    assert (found.voice == wanted.voice).all()
    assert (found.velocity == wanted.velocity).all()
    again = from_npz(to_npz(windows), TickWindows)
    assert to_npz(again) == to_npz(windows)
    assert windows.windows()["train"] > windows.windows()["validation"] > 0


def test_cutting_off_keeps_each_first_window_and_counts_what_it_loses(data: Path, cache: Path) -> None:
    whole = groove.load(data, TickCut(1000), cache=cache)
    cut = groove.load(data, TickCut(1000, truncate=True), cache=cache)
    assert len(cut) == len(cut.files) == 18
    assert set(cut.position.tolist()) == {0}
    assert cut.hit_counts().sum() + cut.report.lost == whole.report.notes
    assert cut.report.lost > whole.report.lost


def test_a_batch_is_made_dense_with_half_a_quantum_of_noise(data: Path, cache: Path) -> None:
    windows = groove.load(data, TickCut(1000), cache=cache)
    scale = features.scales(windows)
    examples = TickExamples.of(windows, features.features(windows, "train", scale), velocity_only=False)
    rows = torch.tensor([4, 0, 7])
    x = examples.x(rows)
    onset, velocity = x.chunk(2, 1)
    assert x.shape == (3, 18, 1000)
    assert onset.sum((1, 2)).tolist() == windows.hit_counts()[examples.rows[rows].numpy()].tolist()
    assert torch.equal(onset > 0, velocity > 0)
    noisy = examples.noisy(rows, torch.arange(3), torch.Generator().manual_seed(0))
    assert torch.equal(noisy[:, :9], onset)
    moved = (noisy[:, 9:] - velocity)[onset > 0]
    assert 0 < float(moved.abs().max()) <= 0.5 / 127 + 1e-6
    mine = examples.noisy(rows, torch.tensor([2, 0]), torch.Generator().manual_seed(0))
    assert torch.equal(mine, noisy[[2, 0]])
    phase = examples.condition[rows, 3] * 1920
    assert torch.allclose(phase, torch.from_numpy(windows.position[examples.rows[rows].numpy()] * 1000 % 1920).float())


def test_real_windows_cut_into_bars_are_the_real_bars(data: Path, cache: Path) -> None:
    """What scores a net's windows is blind to none of their hits: real ones give the bars that the bar codec gives."""
    windows, bars = groove.load(data, TickCut(1000), cache=cache), groove.load(data, BarCut(), cache=cache)
    part = features.features(windows, "train", features.scales(windows))
    examples = TickExamples.of(windows, part, velocity_only=False)
    source = TickSource(examples, examples, bars, len(windows.styles))

    class Tape:
        """Plays the first performance in the place of a net."""

        class shape:  # noqa: N801
            latent_dim = 1

        place = 0

        def forward_raw(self, z: torch.Tensor, style: object, condition: object) -> tuple[torch.Tensor, ...]:
            rows = torch.arange(self.place, self.place + len(z)) % len(examples)
            self.place += len(z)
            onset, velocity = examples.x(rows).unsqueeze(1).chunk(2, 2)
            return onset, velocity

    tape = Tape()
    (stretch,) = stretches(1000, 2)
    tape.place = stretch.windows.start
    made = source.asked(tape, 2, seed=0)
    first = np.flatnonzero((bars.performance == 0) & (bars.position >= 1))[:2]
    assert (made.onset == (bars.velocity[first] > 0)).all()
    assert (made.velocity == bars.velocity[first] / np.float32(127)).all()
    assert (made.offset == bars.offset_ticks[first] / np.float32(120)).all()


@pytest.mark.parametrize("ticks", [480, 1000, 1920, 3200, 10_000])
def test_stretches_want_for_no_early_hit_and_begin_everywhere(ticks: int) -> None:
    plan = stretches(ticks, 60)
    assert sum(stretch.bars for stretch in plan) >= 60
    for stretch in plan:
        assert stretch.windows.start * ticks <= stretch.first_bar * 1920 - 60
        assert stretch.windows.stop * ticks >= (stretch.first_bar + stretch.bars) * 1920 - 60
    assert plan[0].first_bar == 1


@pytest.mark.parametrize("name", TICK_RECIPES)
def test_each_recipe_trains_an_epoch(name: str, data: Path, tmp_path: Path) -> None:
    out = tmp_path / name
    settings = ("window_ticks=500",) if "10000" in name else ()
    result = train(data, out, small(name, "epochs=1", *settings))
    assert result.epochs == 1
    (row,) = read_stats(out)
    assert {"loss_d", "loss_g", "d_fixed", "d_held_out", "fd", "c2st"} <= set(row)
    assert (out / "samples" / "epoch-0001.png").read_bytes().startswith(b"\x89PNG")
    assert read_floor(out)["fd"][0] >= 0


def test_a_resumed_training_equals_an_unbroken_one(data: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(data, whole, small("ticks-1000"))
    switch = StopSwitch()

    class Stopping(SilentReporter):
        def training(self, done: int, steps: int) -> None:
            if done == 7:
                switch.set()

    broken = run(data, parts, small("ticks-1000"), cache=tmp_path / "cache", reporter=Stopping(), stop=switch)
    assert (broken.interrupted, broken.epochs) == (True, 0)
    train(data, parts, None, resume=True)
    rows = [read_stats(out) for out in (whole, parts)]
    for one, other in zip(*rows, strict=True):
        assert {k: v for k, v in one.items() if k != "seconds"} == {k: v for k, v in other.items() if k != "seconds"}


def test_a_velocity_alone_sounds_where_midi_can_say_it() -> None:
    velocity = torch.zeros((1, 1, 9, 20))
    velocity[0, 0, 3, 4], velocity[0, 0, 5, 6] = 0.4 / 127, 0.6 / 127
    (hits,) = strokes_of((velocity,))
    assert (hits.tick.tolist(), hits.voice.tolist(), hits.velocity.tolist()) == ([6], [5], [1])
    assert len(Hits.of([])) == 0
