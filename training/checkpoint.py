"""Checkpoints: the full state of a training, to go on from bit for bit.

Each is a new file, with its SHA-256 beside it, before the older ones go: whenever a training is killed, the newest that
is whole remains. Only tensors, numbers, texts, lists and dicts are read (`weights_only`): a checkpoint runs no code.
"""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from instrument.errors import DataError
from training.snapshot import read_hashed, write_hashed

KEPT = 2
_NAME = re.compile(r"step-(\d{8,})\.pt")


def save_checkpoint(run: Path, step: int, state: dict[str, Any]) -> Path:
    """Writes the state after `step` steps and removes all but the newest KEPT files."""
    folder = run / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    path = folder / f"step-{step:08d}.pt"
    write_hashed(path, buffer.getvalue())
    for old in checkpoints(run)[:-KEPT]:
        old.unlink(missing_ok=True)
        old.with_name(old.name + ".sha256").unlink(missing_ok=True)
    return path


def checkpoints(run: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    folder = run / "checkpoints"
    found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)] if folder.is_dir() else []
    return sorted(found, key=_step)


def _step(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))


def load_checkpoint(run: Path, tell: Callable[[str], object] = lambda line: None) -> dict[str, Any]:
    """The newest state that is whole. Where that isn't the newest file, `tell` gets a line with what is wrong with that
    one and the step that is gone on from. Raises DataError where there is none, naming the newest file."""
    problem: DataError | None = None
    for path in reversed(checkpoints(run)):
        try:
            state = _load(path)
        except DataError as error:
            problem = problem or error
            continue
        if problem is not None:
            tell(f"{problem}; going on from step {_step(path)}")
        return state
    raise problem or DataError(f"{run} has no checkpoint to go on from")


def _load(path: Path) -> dict[str, Any]:
    try:
        state = torch.load(io.BytesIO(read_hashed(path)), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise DataError(f"{path} is no checkpoint") from error
    if not isinstance(state, dict):
        raise DataError(f"{path} is no checkpoint")
    return state
