"""What a training leaves in its folder, and what it refuses to do to one."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mido
import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

from instrument.errors import DataError, ModelError, UsageError
from tests.training.midi import groove as strokes
from tests.training.midi import write_folder, write_midi
from tests.training.tiny import EPOCHS, STEPS, tiny_recipe, train
from training.checkpoint import checkpoints
from training.interrupt import StopSwitch
from training.progress import SilentReporter
from training.runs import (
    EpochChoice,
    best_epoch,
    choose_epoch,
    failed_gates,
    read_facts,
    read_floor,
    read_recipe,
    read_stats,
    write_floor,
)
from training.snapshot import epochs, load_snapshot, save_snapshot
from training.train import run as train_with_the_users_cache

MEASURED = {"loss_d", "loss_g", "loss_code", "penalty", "d_gap", "d_success", "d_fixed", "d_held_out", "lr", "jitter"}
SCORES = {"fd", "kid", "precision", "recall", "coverage", "map_err", "density", "silent", "hands3"}


class Watching(SilentReporter):
    """Keeps what it is told, and calls `meanwhile` at the second step."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.steps: list[tuple[int, int]] = []
        self.rows: list[dict[str, Any]] = []
        self.files: list[tuple[int, int]] = []
        self._meanwhile = meanwhile

    def reading(self, done: int, files: int) -> None:
        self.files.append((done, files))

    def training(self, done: int, steps: int) -> None:
        self.steps.append((done, steps))
        if done == 2:
            self._meanwhile()

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        self.rows.append(row)


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("data") / "groove")


@pytest.fixture(scope="module")
def watching() -> Watching:
    return Watching()


@pytest.fixture(scope="module")
def run(data: Path, watching: Watching, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "deep" / "run"
    train(data, out, reporter=watching, seed=5)
    return out


def test_the_folder_holds_what_it_should_and_nothing_half_written(run: Path) -> None:
    each = range(1, EPOCHS + 1)
    expected = {f"snapshots/epoch-{n:04d}.safetensors{end}" for n in each for end in ("", ".sha256")}
    expected |= {f"samples/epoch-{n:04d}.{end}" for n in each for end in ("mid", "png")}
    expected |= {f"checkpoints/step-{STEPS * n:08d}.pt{end}" for n in each[-2:] for end in ("", ".sha256")}
    expected |= {"run.json", "config.toml", "floor.json", "stats.jsonl", ".lock", "snapshots", "samples", "checkpoints"}
    found = names(run)
    assert {name for name in found if not name.startswith("tensorboard")} == expected
    assert len([name for name in found if name.startswith("tensorboard/events")]) == 1


def test_the_recipe_is_kept_whole(run: Path) -> None:
    assert read_recipe(run) == tiny_recipe()
    config = tomllib.loads((run / "config.toml").read_text())
    assert config["network"]["generator_channels"] == 8
    assert config["optimiser"]["beta2"] == 0.99


def test_the_facts_tell_data_and_seed(run: Path) -> None:
    facts = read_facts(run)
    assert facts.styles == ("funk", "rock")
    assert facts.seed == 5
    assert (facts.data["files"], facts.data["train"], facts.data["validation"]) == (6, 48, 24)
    assert len(facts.prior) == 512


def test_each_epoch_is_one_line_of_json_with_finite_numbers(run: Path, watching: Watching) -> None:
    rows = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    assert rows == read_stats(run) == watching.rows
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert [row["bars"] for row in rows] == [48, 96, 144, 192]
    for row in rows:
        assert set(row) >= MEASURED | SCORES
        assert all(math.isfinite(value) for value in row.values())
        assert 0 <= row["d_success"] <= 1
    assert ["c2st" in row for row in rows] == [False, True, False, True]
    assert rows[0]["seconds"] <= rows[-1]["seconds"]


def test_progress_is_told_by_file_and_by_step(watching: Watching) -> None:
    assert watching.files == [(n, 6) for n in range(1, 7)]
    assert watching.steps == [(n, EPOCHS * STEPS) for n in range(1, EPOCHS * STEPS + 1)]
    assert watching.notes == ["6 files read, 0 skipped; 936 notes, 0 (0.00 %) left out, 0 of no voice"]


def test_tensorboard_shows_the_same_numbers(run: Path) -> None:
    events = EventAccumulator(str(run / "tensorboard")).Reload()
    rows = read_stats(run)
    assert set(events.Tags()["scalars"]) == {name for row in rows for name in row} - {"epoch"}
    for name in ("loss_d", "fd", "c2st"):
        found = [(event.step, event.value) for event in events.Scalars(name)]
        assert found == [(row["epoch"], pytest.approx(row[name], rel=1e-6)) for row in rows if name in row]


def test_samples_are_eight_bars_that_any_reader_takes(run: Path) -> None:
    for path in sorted((run / "samples").glob("*.mid")):
        file = mido.MidiFile(path)
        assert (file.type, file.ticks_per_beat) == (0, 480)
        kinds = [message.type for message in file.tracks[0]]
        assert kinds.count("note_on") == kinds.count("note_off")
        assert {message.channel for message in file.tracks[0] if message.type == "note_on"} <= {9}
        assert file.length < 17.0
    assert len({path.read_bytes() for path in (run / "samples").iterdir()}) > 1


def test_a_snapshot_is_the_averaged_generator(run: Path) -> None:
    assert epochs(run) == [1, 2, 3, 4]
    generator = load_snapshot(run, 4)
    assert not generator.training
    stored = load_file(run / "snapshots" / "epoch-0004.safetensors")
    assert stored.keys() == generator.state_dict().keys()
    assert all(torch.equal(stored[name], value) for name, value in generator.state_dict().items())
    with pytest.raises(UsageError, match=r"no snapshot of epoch 9; there are: 1\.\.4"):
        load_snapshot(run, 9)


def test_a_snapshot_that_is_damaged_or_of_other_nets_is_named(run: Path, tmp_path: Path) -> None:
    for name in ("run.json", "config.toml"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    path = save_snapshot(tmp_path, 1, {"another": torch.zeros(3)})
    with pytest.raises(DataError, match="doesn't hold this run's generator"):
        load_snapshot(tmp_path, 1)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"epoch-0001\.safetensors is not what its \.sha256 says"):
        load_snapshot(tmp_path, 1)


def test_two_trainings_do_not_share_a_folder(data: Path, tmp_path: Path) -> None:
    out, told = tmp_path / "run", []

    def second() -> None:
        with pytest.raises(DataError, match="another training is at work in") as error:
            train(data, out, resume=True)
        told.append(str(error.value))
        with pytest.raises(UsageError, match="already holds a training"):
            train(data, out)

    assert train(data, out, reporter=Watching(second)).epochs == EPOCHS
    assert told == [f"another training is at work in {out}; wait for it, or choose another folder"]
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="already holds a training; --resume goes on with it"):
        train(data, out)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_dry_run_makes_one_step_and_writes_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    before = names(data)
    result = train(data, tmp_path / "run", dry_run=True)
    assert (result.epochs, result.windows["train"]) == (0, 48)
    assert result.parameters["G"] > 0
    train_with_the_users_cache(data, tmp_path / "run", tiny_recipe(), dry_run=True)
    assert names(tmp_path) == set()
    assert names(data) == before


def test_the_seed_decides_and_the_scores_do_not(data: Path, tmp_path: Path) -> None:
    def lines(out: str, seed: int, *settings: str) -> list[float]:
        recipe = tiny_recipe("epochs=2", *settings)
        train(data, tmp_path / out, seed=seed, recipe=recipe)
        return [row["loss_g"] for row in read_stats(tmp_path / out)]

    assert lines("a", 1) == lines("b", 1) == lines("c", 1, "c2st_every=1", "metrics.bars=80")
    assert lines("d", 2) != lines("e", 1)


@pytest.mark.parametrize("place", ["file", "file/run"])
def test_a_folder_that_cannot_be_made_is_named(place: str, data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="can't make the run folder") as error:
        train(data, tmp_path / place)
    assert str(tmp_path / place) in str(error.value)
    assert (tmp_path / "file").read_bytes() == b""


def test_a_run_stopped_before_its_first_epoch_has_no_line_and_no_best(data: Path, tmp_path: Path) -> None:
    stop = StopSwitch()
    result = train(data, tmp_path / "run", stop=stop, reporter=Watching(stop.set))
    assert (result.epochs, result.best_epoch, result.interrupted) == (0, None, True)
    assert read_stats(tmp_path / "run") == []


def test_nets_that_diverge_are_told_and_not_saved(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"diverged in epoch 1; start anew with --set lr=100000$"):
        train(data, tmp_path / "run", recipe=tiny_recipe("lr=1e6"))
    assert [path.name for path in checkpoints(tmp_path / "run")] == ["step-00000000.pt"]
    left = {name for name in names(tmp_path / "run") if not name.startswith(("tensorboard", "checkpoints"))}
    assert left == {"run.json", "config.toml", "floor.json", ".lock"}


@pytest.mark.parametrize(("files", "bars", "words"), [(3, 1, "2 bars for train"), (1, 9, "0 bars for validation")])
def test_too_few_bars_are_told_before_anything_is_written(files: int, bars: int, words: str, tmp_path: Path) -> None:
    for number in range(files):
        write_midi(tmp_path / "songs" / f"{number}.mid", strokes(bars, number))
    with pytest.raises(DataError, match=words) as error:
        train(tmp_path / "songs", tmp_path / "run")
    assert str(tmp_path / "songs") in str(error.value)
    assert not (tmp_path / "run").exists()


def test_the_best_epoch_passes_the_gates() -> None:
    rows: list[dict[str, Any]] = [
        {"epoch": 1, "c2st": 0.9, "fd": 4.0, "silent": 0.0, "recall": 0.5},
        {"epoch": 2, "c2st": 0.6, "fd": 4.0, "silent": 0.0, "recall": 0.5},
        {"epoch": 3, "c2st": 0.5, "fd": 2.0, "silent": 0.1, "recall": 0.5},
        {"epoch": 4, "c2st": 0.5, "fd": 2.0, "silent": 0.0, "recall": 0.1},
        {"epoch": 5, "fd": 1.0},
    ]
    assert best_epoch(rows) == 2
    assert best_epoch(rows[2:]) == 3
    assert failed_gates(rows[2]) == ("silent",)
    assert failed_gates(rows[3]) == ("recall",)
    assert failed_gates({"epoch": 1}) == ()


def test_without_a_two_sample_test_the_best_epoch_is_the_nearest_in_rhythm() -> None:
    rows: list[dict[str, Any]] = [
        {"epoch": 1, "fd": 9.0},
        {"epoch": 2, "fd": 3.0},
        {"epoch": 3, "fd": 2.0, "recall": 0.1},
        {"epoch": 4, "c2st": math.nan, "fd": None},
    ]
    assert choose_epoch(rows) == EpochChoice(epoch=2, by=("fd",), among=2, passed=True)
    assert choose_epoch(rows[2:]) == EpochChoice(epoch=3, by=("fd",), among=1, passed=False)
    assert choose_epoch([*rows, {"epoch": 5, "c2st": 0.9, "fd": 9.0}]) == EpochChoice(
        epoch=5, by=("c2st", "fd"), among=1, passed=True
    )
    assert choose_epoch(rows[3:]) is None
    assert best_epoch([]) is None


def test_the_floor_of_real_bars_comes_back_as_written(tmp_path: Path) -> None:
    assert read_floor(tmp_path) == {}
    floor = {"fd": (1.2, 1.6), "kid": (-0.05, 0.1), "silent": (0.0, 0.0)}
    write_floor(tmp_path, floor)
    assert read_floor(tmp_path) == floor


@pytest.mark.parametrize(
    "text", ["", "[]", '{"fd": 1}', '{"fd": [1]}', '{"fd": [1, 2, 3]}', '{"fd": [2, 1]}', '{"fd": ["a", "b"]}']
)
def test_a_floor_that_is_none_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "floor.json").write_text(text)
    with pytest.raises(DataError, match="can't be used") as error:
        read_floor(tmp_path)
    assert str(tmp_path / "floor.json") in str(error.value)
    assert "\n" not in str(error.value)


def test_a_floor_that_is_no_range_is_not_written(tmp_path: Path) -> None:
    for wrong in ((2.0, 1.0), (math.nan, 1.0), (0.0, math.inf)):
        with pytest.raises(ValueError, match="is no range"):
            write_floor(tmp_path, {"fd": wrong})
    assert list(tmp_path.iterdir()) == []
