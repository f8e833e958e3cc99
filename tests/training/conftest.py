from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.training.midi import write_folder


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    """Sums come out the same to the last bit for one number of threads only."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "groove")


@pytest.fixture(scope="session")
def gmd() -> Path:
    """The Groove MIDI Dataset: the folder that GHOSTNOTE_GMD names, else ../shared/groove beside the repository.

    Without it the test is skipped, or fails where GHOSTNOTE_LIVE=1 asks for all of them.
    """
    path = Path(os.environ.get("GHOSTNOTE_GMD", Path(__file__).parents[3] / "shared" / "groove"))
    if not (path / "info.csv").is_file():
        reason = f"no Groove MIDI Dataset at {path}; set GHOSTNOTE_GMD"
        if os.environ.get("GHOSTNOTE_LIVE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
