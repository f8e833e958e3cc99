"""Snapshots: the averaged generator of each epoch, frozen, as safetensors with its SHA-256 beside it.

A snapshot is what is exported and played; a checkpoint (`training.checkpoint`) is what a training goes on from.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from instrument.errors import DataError, UsageError
from instrument.files import write_atomic
from training import builders
from training.runs import read_facts, read_recipe

_NAME = re.compile(r"epoch-(\d{4,})\.safetensors")
LARGEST_BYTES = 512 * 2**20


def snapshot_path(run: Path, epoch: int) -> Path:
    return run / "snapshots" / f"epoch-{epoch:04d}.safetensors"


def epochs(run: Path) -> list[int]:
    """The epochs that have a snapshot, rising. Raises DataError where `run` is not a folder."""
    if not run.is_dir():
        raise DataError(f"{run} is no training run: there is no such folder")
    folder = run / "snapshots"
    found = [_NAME.fullmatch(path.name) for path in folder.iterdir()] if folder.is_dir() else []
    return sorted(int(match[1]) for match in found if match)


def save_snapshot(run: Path, epoch: int, weights: dict[str, Tensor]) -> Path:
    """Weights and hash, each written whole."""
    path = snapshot_path(run, epoch)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = save({name: tensor.detach().contiguous() for name, tensor in weights.items()})
    write_hashed(path, data)
    return path


def load_snapshot(run: Path, epoch: int) -> nn.Module:
    """The generator of an epoch, in eval mode, without gradients.

    Raises UsageError for an epoch that isn't there, DataError for a file that isn't what its hash or the run says.
    """
    there = epochs(run)
    if epoch not in there:
        some = f"{there[0]}..{there[-1]}" if there else "none yet"
        raise UsageError(f"{run} has no snapshot of epoch {epoch}; there are: {some}")
    path = snapshot_path(run, epoch)
    data = read_hashed(path)
    generator = builders.generator(read_recipe(run), len(read_facts(run).styles))
    try:
        generator.load_state_dict(load(data))
    except (SafetensorError, RuntimeError) as error:
        raise DataError(f"{path} doesn't hold this run's generator") from error
    return generator.eval().requires_grad_(False)


def write_hashed(path: Path, data: bytes) -> None:
    """The file, and `NAME.sha256` beside it in sha256sum's format. The hash first: a file without it is refused."""
    digest = hashlib.sha256(data).hexdigest()
    write_atomic(path.with_name(path.name + ".sha256"), f"{digest}  {path.name}\n".encode())
    write_atomic(path, data)


def read_hashed(path: Path) -> bytes:
    """The bytes of a file that is what its hash says. Raises DataError otherwise."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise DataError(f"{path} is larger than {LARGEST_BYTES >> 20} MiB; not read")
        data = path.read_bytes()
        said = path.with_name(path.name + ".sha256").read_text("ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"can't read {path} and its .sha256") from error
    if not said or hashlib.sha256(data).hexdigest() != said[0]:
        raise DataError(f"{path} is not what its .sha256 says: damaged, or from another run")
    return data
