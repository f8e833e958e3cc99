from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from instrument.errors import DataError
from training.checkpoint import KEPT, checkpoints, load_checkpoint, save_checkpoint
from training.snapshot import write_hashed

STATE: dict[str, Any] = {"epoch": 3, "order": torch.arange(5), "nets": {"G": {"w": torch.full((2, 2), 0.1)}}}


class Trap:
    """Unpickled, it would leave a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 7, STATE)
    found = load_checkpoint(tmp_path, pytest.fail)
    assert found["epoch"] == 3
    assert torch.equal(found["order"], STATE["order"])
    assert torch.equal(found["nets"]["G"]["w"], STATE["nets"]["G"]["w"])


def test_the_newest_are_kept_and_nothing_else(tmp_path: Path) -> None:
    for step in (1, 99_999_999, 100_000_000):
        save_checkpoint(tmp_path, step, STATE | {"epoch": step})
    assert KEPT == 2
    names = ["step-99999999.pt", "step-100000000.pt"]
    assert [path.name for path in checkpoints(tmp_path)] == names
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {*names, *(f"{n}.sha256" for n in names)}
    assert load_checkpoint(tmp_path)["epoch"] == 100_000_000


def test_other_files_are_not_taken_for_checkpoints(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, 5, STATE)
    (path.parent / "step-00000009.pt.tmp").write_bytes(b"half")
    (path.parent / "step-9.pt").write_bytes(b"short")
    assert checkpoints(tmp_path) == [path]
    assert checkpoints(tmp_path / "nothing") == []


@pytest.mark.parametrize("harm", ["truncated", "a bit", "no hash", "another hash", "empty"])
def test_a_damaged_file_is_named_and_the_one_before_is_used(harm: str, tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, 5, STATE | {"epoch": 5})
    hashed = path.with_name(path.name + ".sha256")
    data = path.read_bytes()
    match harm:
        case "truncated":
            path.write_bytes(data[:-1])
        case "a bit":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case "no hash":
            hashed.unlink()
        case "another hash":
            hashed.write_text("0" * 64)
        case "empty":
            path.write_bytes(b"")
    with pytest.raises(DataError, match=r"step-00000005\.pt"):
        load_checkpoint(tmp_path)
    save_checkpoint(tmp_path, 4, STATE | {"epoch": 4})
    told: list[str] = []
    assert load_checkpoint(tmp_path, told.append)["epoch"] == 4
    assert [str(path) in line and line.endswith("; going on from step 4") for line in told] == [True]


def test_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    (tmp_path / "checkpoints").mkdir()
    path = tmp_path / "checkpoints" / "step-00000005.pt"
    write_hashed(path, pickle.dumps(Trap(mark), protocol=2))
    with pytest.raises(DataError, match="is no checkpoint"):
        load_checkpoint(tmp_path)
    torch.save({"state": Trap(mark)}, path)
    write_hashed(path, path.read_bytes())
    with pytest.raises(DataError, match="is no checkpoint"):
        load_checkpoint(tmp_path)
    assert not mark.exists()


def test_a_whole_file_of_something_else_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    path = tmp_path / "checkpoints" / "step-00000005.pt"
    torch.save([1, 2], path)
    for data in (path.read_bytes(), b"not a checkpoint", b""):
        write_hashed(path, data)
        with pytest.raises(DataError, match="is no checkpoint"):
            load_checkpoint(tmp_path)
