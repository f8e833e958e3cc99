"""`ghostnote analyze` as typed: data on stdout, words on stderr, wrong folders in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import ghostnote
from tests.training.curves import made_up, write_made_up


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_made_up(folder / "ticks-1000", made_up(12))
    write_made_up(folder / "ticks-3200", made_up(6, seed=1))
    write_made_up(folder / "young", [])
    broken = write_made_up(folder / "broken", made_up(3))
    (broken / "floor.json").write_text('{"fd": [3, 1]}')
    return folder


def test_the_recommendation_is_data_and_the_files_are_words(runs: Path, tmp_path: Path) -> None:
    outcome = ghostnote("analyze", runs / "ticks-1000", runs / "ticks-3200", "-o", tmp_path / "out")
    assert outcome.code == 0
    first, second = outcome.data.split("\n\n")
    assert first.startswith("ticks-1000: epoch 12, by the least C2ST + FD / 20 ")
    assert second.startswith("ticks-3200: epoch 6, by the least C2ST + FD / 20 ")
    (line,) = outcome.words.splitlines()
    assert line.startswith(f"{tmp_path / 'out'}: success.png, success.svg, ")
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(line.partition(": ")[2].split(", "))


def test_json_is_the_table(runs: Path, tmp_path: Path) -> None:
    outcome = ghostnote("analyze", runs / "ticks-1000", "--out", tmp_path, "--json")
    assert outcome.code == 0
    found = json.loads(outcome.data)
    assert found == json.loads((tmp_path / "table.json").read_text())
    assert found["runs"][0]["recommended"]["epoch"] == 12


@pytest.mark.parametrize(
    ("names", "code", "words"),
    [
        (["nowhere"], 1, "nowhere is no training run"),
        (["."], 1, "is no training run"),
        (["ticks-1000/run.json"], 1, "is no training run"),
        (["young"], 1, "young has no finished epoch yet"),
        (["ticks-1000", "broken"], 1, "floor.json can't be used"),
        (["ticks-1000", "./ticks-1000"], 2, "is given twice"),
    ],
)
def test_what_is_no_run_is_one_line(names: list[str], code: int, words: str, runs: Path, tmp_path: Path) -> None:
    outcome = ghostnote("analyze", *(runs / name for name in names), "-o", tmp_path / "out")
    assert words in outcome.error
    assert outcome.code == code
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("place", ["file", "file/out"])
def test_a_folder_that_cannot_be_made_is_one_line(place: str, runs: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    outcome = ghostnote("analyze", runs / "ticks-1000", "-o", tmp_path / place)
    assert f"can't make the folder {tmp_path / place}" in outcome.error
    assert outcome.code == 1
    assert (tmp_path / "file").read_bytes() == b"mine"


@pytest.mark.parametrize(("arguments", "words"), [([], "runs"), (["."], "--out"), ([".", "-o", ".", "--jsn"], "--jsn")])
def test_wrong_words_are_one_line(arguments: list[str], words: str) -> None:
    outcome = ghostnote("analyze", *arguments)
    assert words in outcome.error
    assert outcome.code == 2


def test_without_matplotlib_it_says_what_to_install(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    outcome = ghostnote("analyze", runs / "ticks-1000", "-o", tmp_path / "out", environment={"PYTHONPATH": path})
    assert "pip install 'ghostnote[train]'" in outcome.error
    assert outcome.code == 1


def test_it_needs_no_torch_and_no_display(runs: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from training.analysis.report import analyze;"
        f"analyze([Path({str(runs / 'ticks-3200')!r})], Path({str(tmp_path)!r}));"
        "print([name for name in ('torch', 'matplotlib.pyplot', 'tkinter') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""
