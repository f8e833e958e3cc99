"""The cache of a folder's bars, and what the conditions are made of."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from instrument.core.bar import GRID, Grid
from instrument.errors import DataError
from tests.training.midi import groove as strokes
from tests.training.midi import write_folder, write_midi
from training import features, groove
from training.cutting import BarCut
from training.dataset import Dataset, from_npz, load_dataset, save_dataset, to_npz


class Reading:
    """How often files were read."""

    def __init__(self) -> None:
        self.files = 0

    def __call__(self, done: int, files: int) -> None:
        self.files += 1


def files_read(folder: Path, cache: Path, grid: Grid = GRID) -> int:
    reading = Reading()
    groove.load(folder, BarCut(grid), cache=cache, progress=reading)
    return reading.files


def key(folder: Path, grid: Grid = GRID) -> str:
    return groove.cache_key(folder, groove.listing(folder), BarCut(grid))


def test_the_second_time_no_file_is_read(folder: Path, cache: Path) -> None:
    first = groove.load(folder, BarCut(), cache=cache)
    assert files_read(folder, cache) == 0
    again = groove.load(folder, BarCut(), cache=cache)
    assert to_npz(again) == to_npz(first)
    assert again.report == first.report


def test_changed_data_or_another_grid_has_another_key(folder: Path) -> None:
    name = "drummer1/session1/0.mid"
    keys = [key(folder), key(folder, Grid(planes=1)), key(folder, Grid(steps=32))]
    assert key(folder) == keys[0]
    stat = (folder / name).stat()
    os.utime(folder / name, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    keys.append(key(folder))
    write_midi(folder / name, strokes(3, 99))
    keys.append(key(folder))
    (folder / name).unlink()
    keys.append(key(folder))
    listed = (folder / "info.csv").read_text()
    (folder / "info.csv").write_text(listed.replace("rock", "jazz"))
    keys.append(key(folder))
    (folder / "info.csv").unlink()
    keys.append(key(folder))
    assert len(set(keys)) == len(keys)


def test_a_changed_file_or_grid_is_read_anew(folder: Path, cache: Path) -> None:
    first = groove.load(folder, BarCut(), cache=cache)
    assert files_read(folder, cache, Grid(planes=1)) == 6
    write_midi(folder / "drummer1/session1/0.mid", strokes(3, 99))
    assert files_read(folder, cache) == 6
    assert len(groove.load(folder, BarCut(), cache=cache)) == len(first) - 9


@pytest.mark.parametrize("harm", ["truncated", "empty", "noise", "a pickle"])
def test_a_damaged_cache_is_made_anew(harm: str, folder: Path, cache: Path) -> None:
    first = groove.load(folder, BarCut(), cache=cache)
    (place,) = cache.iterdir()
    whole = place.read_bytes()
    match harm:
        case "truncated":
            place.write_bytes(whole[:200])
        case "empty":
            place.write_bytes(b"")
        case "noise":
            place.write_bytes(b"\xff" * len(whole))
        case "a pickle":
            place.write_bytes(pickled(first))
    assert files_read(folder, cache) == 6
    assert place.read_bytes() == whole
    assert files_read(folder, cache) == 0


def test_the_bars_of_another_folder_under_this_key_are_not_believed(folder: Path, cache: Path, tmp_path: Path) -> None:
    other = groove.load(write_folder(tmp_path / "other", bars=2), BarCut(), cache=tmp_path / "elsewhere")
    first = groove.load(folder, BarCut(), cache=cache)
    (place,) = cache.iterdir()
    place.write_bytes(to_npz(other))
    assert to_npz(groove.load(folder, BarCut(), cache=cache)) == to_npz(first)


def pickled(dataset: Dataset) -> bytes:
    """The data set with one column as objects, which an npz can hold only as a pickle."""
    with np.load(io.BytesIO(to_npz(dataset)), allow_pickle=False) as arrays:
        columns = {name: arrays[name] for name in arrays.files}
    columns["style"] = columns["style"].astype(object)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, **columns)
    return buffer.getvalue()


def test_nothing_in_the_cache_is_pickled(folder: Path, cache: Path) -> None:
    groove.load(folder, BarCut(), cache=cache)
    (place,) = cache.iterdir()
    with np.load(place, allow_pickle=False) as arrays:
        assert {arrays[name].dtype.kind for name in arrays.files} == set("uifbU")


def test_a_cache_that_cannot_be_written_is_done_without(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for _ in range(2):
        assert files_read(folder, tmp_path / "file" / "cache") == 6


def test_a_data_set_file_comes_back_or_is_named(folder: Path, cache: Path, tmp_path: Path) -> None:
    first = groove.load(folder, BarCut(), cache=cache)
    save_dataset(first, tmp_path / "bars.npz")
    assert to_npz(load_dataset(tmp_path / "bars.npz", Dataset)) == to_npz(first)
    (tmp_path / "bars.npz").write_bytes(b"PK nothing")
    for name, words in (("bars.npz", "is no feature file"), ("gone.npz", "can't read")):
        with pytest.raises(DataError, match=words) as error:
            load_dataset(tmp_path / name, Dataset)
        assert str(tmp_path / name) in str(error.value)


@pytest.mark.parametrize("column", ["style", "split", "position", "velocity"])
def test_columns_that_do_not_fit_are_refused(column: str, folder: Path, cache: Path) -> None:
    with np.load(io.BytesIO(to_npz(groove.load(folder, BarCut(), cache=cache))), allow_pickle=False) as arrays:
        columns = {name: arrays[name] for name in arrays.files}
    wrong = {"style": columns["style"] + 9, "split": columns["split"] - 1, "position": columns["position"][1:]}
    columns[column] = wrong.get(column, columns["velocity"].astype(np.float64))
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **columns)
    with pytest.raises(ValueError, match=r"\w+"):
        from_npz(buffer.getvalue(), Dataset)


def test_what_was_skipped_is_told_the_second_time_too(tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "songs"
    for number in range(4):
        write_midi(folder / f"{number}.mid", strokes(4, number))
    (folder / "broken.mid").write_bytes((folder / "0.mid").read_bytes()[:-9])
    (folder / "empty.mid").write_bytes(b"")
    write_midi(folder / "silent.mid", [])
    write_midi(folder / "waltz.mid", strokes(1, 0), meter=(3, 4))
    (folder / "notes.txt").write_text("not a drum file")
    for _ in range(2):
        lines = groove.load(folder, BarCut(), cache=cache).report.lines()
        assert lines[:4] == [
            "skipped broken.mid: cut short: a track ends after the file does",
            "skipped empty.mid: not a MIDI file",
            "skipped silent.mid: no drum notes (channel 10, or the only track)",
            "skipped waltz.mid: in 3/4, not 4/4",
        ]
        assert lines[4].startswith("4 files read, 4 skipped; 208 notes, ")
        assert len(lines) == 5


def test_density_and_energy_by_hand(folder: Path, cache: Path) -> None:
    data = groove.load(folder, BarCut(), cache=cache)
    velocity = np.zeros((len(data), 2, 9, 16), np.uint8)
    velocity[0, 0, 0, [0, 8]] = (100, 50)
    velocity[0, 1, 0, 0] = 30
    bars = replace(data, velocity=velocity, offset_ticks=np.zeros(velocity.shape, np.int8))
    assert bars.hit_counts()[:2].tolist() == [3, 0]
    assert bars.loudness()[:2].tolist() == [60, 0]
    scale = features.Scaler.of(np.array([1, 3], np.float32))
    assert scale.z_score(np.array([1, 2, 5], np.float32)).tolist() == [-1, 0, 3]
    assert features.Scaler.of(np.ones(3, np.float32)).deviation > 0


def test_conditions_are_standardised_by_the_training_bars(folder: Path, cache: Path) -> None:
    data = groove.load(folder, BarCut(), cache=cache)
    train = features.features(data, "train", features.scales(data))
    assert len(train) == 48
    assert train.condition[:, 0].tolist() == data.fill[train.rows].tolist()
    np.testing.assert_allclose(train.condition[:, 2].mean(), 0, atol=1e-5)
    np.testing.assert_allclose(train.condition[:, 2].std(), 1, atol=1e-5)
    conditions = features.knob_scales(train)
    assert conditions.energy.quantiles[0] == pytest.approx(float(train.condition[:, 2].min()), abs=1e-6)
    assert conditions.energy.quantiles[-1] == pytest.approx(float(train.condition[:, 2].max()), abs=1e-6)
    assert list(conditions.energy.quantiles) == sorted(conditions.energy.quantiles)


def test_the_prior_takes_beats_and_is_the_same_each_time(folder: Path, cache: Path, tmp_path: Path) -> None:
    data = groove.load(folder, BarCut(), cache=cache)
    train = features.features(data, "train", features.scales(data))
    assert features.prior(train) == features.prior(train)
    assert set(features.prior(train).fill) == {0.0}
    assert len(features.prior(train, rows=5)) == 5
    (write_folder(tmp_path / "fills") / "info.csv").write_text(
        (tmp_path / "fills" / "info.csv").read_text().replace(",beat,", ",fill,")
    )
    fills = groove.load(tmp_path / "fills", BarCut(), cache=cache)
    assert set(features.prior(features.features(fills, "train", features.scales(fills))).fill) == {1.0}
