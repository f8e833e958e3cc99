"""Two processes on one processor do what one does with twice the batch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from instrument.errors import UsageError
from tests.cli.run import ghostnote
from tests.training.midi import write_folder
from tests.training.tiny import SETTINGS
from training.parallel import Parallel
from training.runs import read_stats

LOSSES = ("loss_d", "loss_g", "loss_code", "penalty", "d_gap")


def test_two_processes_have_the_losses_of_one_with_twice_the_batch(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "groove", files=8)
    sets = [word for setting in (*SETTINGS, "metrics.bars=64", "penalty_every=2") for word in ("--set", setting)]
    rows = []
    for name, options in (("one", ("--set", "batch=32")), ("two", ("--set", "batch=16", "--devices", "2"))):
        words = ["train", folder, "--recipe", "bar-small", *sets, "--epochs", "3", "--seed", "3", *options]
        done = ghostnote(
            *words,
            "--out",
            tmp_path / name,
            "--json",
            environment={"XDG_CACHE_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"},
        )
        assert done.code == 0, done.words
        assert done.data.count('"epochs": 3') == 1, "only the leader speaks"
        rows.append(read_stats(tmp_path / name))
    assert len(rows[0]) == len(rows[1]) == 3
    for one, two in zip(*rows, strict=True):
        for name in LOSSES:
            assert (name in one) == (name in two)
            assert one.get(name, 0) == pytest.approx(two.get(name, 0), rel=1e-4, abs=1e-6), (name, one["epoch"])
        assert one["bars"] == two["bars"]


def test_a_batch_is_shared_out_whole_and_what_the_critic_compares_stays_together() -> None:
    class Two(Parallel):
        world = 2

        def __init__(self, rank: int) -> None:
            self.rank = rank

    parts = [Two(rank).share(32, 8) for rank in (0, 1)]
    assert sorted(torch.cat(parts).tolist()) == list(range(32))
    groups = torch.arange(32).view(8, 4)
    for part in parts:
        compared = part.view(8, 2)
        for column in range(2):
            assert any(torch.equal(compared[:, column], groups[:, whole]) for whole in range(4))


@pytest.mark.parametrize(
    ("options", "words"),
    [((0, 1, "32"), "--devices 0"), ((1, 0, "32"), "--nodes 0"), ((1, 1, "8"), "--precision 8 is none of 32, bf16")],
)
def test_what_cannot_be_is_told(options: tuple[int, int, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Parallel(*options)
