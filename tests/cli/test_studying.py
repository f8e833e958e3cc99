"""extract and evaluate, as typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.cli.run import ghostnote
from tests.training.midi import groove, write_folder, write_midi


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("data") / "groove", files=12, bars=20)


@pytest.fixture
def alone(tmp_path: Path) -> Mapping[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}


def test_extract_writes_bars_and_windows_without_torch(data: Path, tmp_path: Path, alone: Mapping[str, str]) -> None:
    out = tmp_path / "ticks.npz"
    done = ghostnote("extract", data, "--recipe", "ticks-1000", "-o", out, "--json", environment=alone)
    assert done.code == 0, done.words
    facts = json.loads(done.data)
    assert (facts["kind"], facts["window_ticks"], facts["bytes"]) == ("ticks", 1000, out.stat().st_size)
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["first"][-1] == facts["hits"] == len(arrays["tick"])
        assert arrays["tick"].max() < 1000
        assert len(arrays["first"]) == facts["items"] + 1
    assert ghostnote("extract", data, "-o", tmp_path / "bars.npz", environment=alone).code == 0


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("extract", "{data}", "-o", "x.txt"), "must name a .npz"),
        (("extract", "{data}/nowhere", "-o", "{tmp}/x.npz"), "is not a folder"),
        (("extract", "{data}", "-o", "{tmp}/no/x.npz"), "there is no folder"),
        (("extract", "{data}", "-o", "{tmp}/x.npz", "--recipe", "tick-1000"), 'did you mean "ticks-1000"'),
        (("evaluate", "groove", "--data", "{data}", "--split", "tests"), "none of train, validation, test"),
        (("evaluate", "groove", "--data", "{data}", "--split", "test"), "0 bars of test"),
        (("evaluate", "groove", "--data", "{data}", "--bars", "3"), "at least 32"),
        (("evaluate", "grove", "--data", "{data}"), "grove"),
        (("evaluate", "{tmp}/none.mid", "--data", "{data}"), "no such file"),
    ],
)
def test_what_cannot_be_is_one_line(
    words: tuple[str, ...], error: str, data: Path, tmp_path: Path, alone: Mapping[str, str]
) -> None:
    done = ghostnote(*(word.format(data=data, tmp=tmp_path) for word in words), environment=alone)
    assert done.code in (1, 2)
    assert error in done.error
    assert not (tmp_path / "x.npz").exists()


def test_a_drummer_of_the_data_scores_better_than_naive_makers(
    data: Path, tmp_path: Path, alone: Mapping[str, str]
) -> None:
    write_midi(tmp_path / "played.mid", groove(80, 1234))
    words = ("evaluate", tmp_path / "played.mid", "--data", data, "--bars", "60")
    done = ghostnote(*words, "--json", environment=alone)
    assert done.code == 0, done.words
    found = json.loads(done.data)
    assert found["split"] == "validation"
    assert set(found["ceilings"]) == {"bernoulli", "markov", "shuffled"}
    assert found["scores"]["fd"] < min(ceiling["fd"] for ceiling in found["ceilings"].values())
    assert ghostnote(*words, "--json", environment=alone).data == done.data
    table = ghostnote(*words, environment=alone).data
    assert "c2st" in table
    assert "told from drummers' bars" in table
