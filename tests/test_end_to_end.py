"""A tiny net from data to sound: train, export, render, jam; and what is asked wrongly on that way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import ghostnote
from tests.training.midi import write_folder

TINY = [
    *("--set", "network.generator_channels=8", "--set", "network.critic_channels=8", "--set", "network.mapping_dim=16"),
    *("--set", "network.latent_dim=6", "--set", "network.code_dim=2", "--set", "optimiser.batch=16"),
    *("--set", "metrics.bars=64", "--set", "metrics.c2st_every=100"),
]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drummer")
    write_folder(folder / "data")
    return folder


@pytest.fixture(scope="module")
def preset(work: Path) -> Path:
    """Trained for two epochs, stopped, resumed for a third, and exported."""
    cache = {"XDG_CACHE_HOME": str(work / "cache"), "OMP_NUM_THREADS": "1"}
    run, preset = work / "run", work / "preset"
    first = ghostnote(
        "train", work / "data", "--recipe", "bar-small", "--out", run, "--epochs", "2", *TINY, environment=cache
    )
    assert first.code == 0, first.words
    more = ghostnote("train", work / "data", "--out", run, "--resume", "--epochs", "3", "--json", environment=cache)
    assert more.code == 0, more.words
    assert json.loads(more.data)["epochs"] == 3
    exported = ghostnote("export", run, "-o", preset, "--name", "tiny")
    assert exported.code == 0, exported.words
    return preset


def test_the_export_passes_its_check(preset: Path) -> None:
    assert sorted(path.name for path in preset.glob("*.onnx")) == [f"epoch-00{n}.onnx" for n in (1, 2, 3)]
    assert ghostnote("presets", "check", preset).code == 0


def test_what_it_plays_live_is_what_it_renders(preset: Path, tmp_path: Path) -> None:
    played, rendered = tmp_path / "played.mid", tmp_path / "rendered.mid"
    knobs = ("--preset", preset, "--epoch", "3", "--bpm", "300", "--seed", "1", "--bars", "2")
    assert ghostnote("jam", "--headless", "--backend", "none", *knobs, "--record", played).code == 0
    assert ghostnote("render", *knobs, "-o", rendered).code == 0
    assert played.read_bytes() == rendered.read_bytes()


def test_a_dry_run_writes_nothing(work: Path) -> None:
    out = work / "dry"
    cache = {"XDG_CACHE_HOME": str(work / "cache"), "OMP_NUM_THREADS": "1"}
    assert ghostnote("train", work / "data", "--out", out, "--dry-run", *TINY, environment=cache).code == 0
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--recipe", "bar-smal"), 2, 'did you mean "bar-small"'),
        (("--set", "loss.gama=1"), 2, "gamma"),
        (("--set", "loss.gamma=-1"), 2, "gamma"),
        (("--epochs", "0"), 2, "epoch"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_training_asked_wrongly_is_one_line(
    arguments: tuple[str, ...], code: int, words: str, work: Path, tmp_path: Path
) -> None:
    outcome = ghostnote("train", work / "data", "--out", tmp_path / "run", *arguments)
    assert words in outcome.error
    assert outcome.code == code
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", ["missing", "empty", "broken", "file"])
def test_data_that_cannot_be_used_is_told_in_one_last_line(kind: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    if kind in ("empty", "broken"):
        data.mkdir()
    if kind == "broken":
        (data / "a.mid").write_bytes(b"MThd nonsense")
    if kind == "file":
        data.write_bytes(b"")
    outcome = ghostnote(
        "train", data, "--out", tmp_path / "run", environment={"XDG_CACHE_HOME": str(tmp_path / "cache")}
    )
    assert outcome.code in (1, 2)
    assert outcome.words.splitlines()[-1].startswith("ghostnote: ")
    assert str(data) in outcome.words or "a.mid" in outcome.words
    assert "Traceback" not in outcome.words
    assert not (tmp_path / "run").exists()


def test_exporting_what_is_no_run_is_one_line(tmp_path: Path) -> None:
    outcome = ghostnote("export", tmp_path / "no", "-o", tmp_path / "preset")
    assert str(tmp_path / "no") in outcome.error
    assert outcome.code == 1
    assert list(tmp_path.iterdir()) == []
