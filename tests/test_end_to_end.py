"""A tiny net from drum files to bars that are played, through the command line alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mido
import pytest
import torch

from instrument.cli import main
from tests.training.midi import groove as strokes
from tests.training.midi import write_folder, write_midi
from tests.training.tiny import PLAIN

SIZES = ("latent_dim=6", "code_dim=2", "generator_channels=8", "critic_channels=8", "batch=8", "metrics.bars=64")
SETTINGS = (*SIZES, *PLAIN)
TINY = ("--recipe", "bar-small", *(word for setting in SETTINGS for word in ("--set", setting)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command returned and wrote."""

    code: int
    out: str
    err: str


class Ghostnote:
    """The command line, in this process."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: object) -> Said:
        self._capture.readouterr()
        code = exit_code(*arguments)
        out, err = self._capture.readouterr()
        return Said(code=code, out=out, err=err)


def exit_code(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.fixture
def ghostnote(capfd: pytest.CaptureFixture[str]) -> Ghostnote:
    return Ghostnote(capfd)


@pytest.fixture(scope="module", autouse=True)
def _at_home_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's cache and presets are left alone, and torch to one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        for name, place in {"HOME": "", "XDG_CACHE_HOME": "cache", "XDG_DATA_HOME": "data"}.items():
            patch.setenv(name, str(home / place))
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("data") / "groove")


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained for two epochs, stopped, and resumed for a third."""
    out = tmp_path_factory.mktemp("runs") / "tiny"
    assert exit_code("train", data, *TINY, "--epochs", 2, "--out", out) == 0
    assert exit_code("train", data, "--resume", "--epochs", 3, "--out", out) == 0
    return out


@pytest.fixture(scope="module")
def preset(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("presets") / "tiny"
    assert exit_code("export", run, "-o", out) == 0
    return out


def everything(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")
    }


def test_the_preset_passes_its_check(ghostnote: Ghostnote, preset: Path) -> None:
    said = ghostnote("presets", "check", preset)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [f"epoch {number}     good" for number in (1, 2, 3)]


def test_render_writes_the_bars(ghostnote: Ghostnote, preset: Path, tmp_path: Path) -> None:
    for name in ("out.mid", "again.mid"):
        assert ghostnote("render", "--preset", preset, "--bars", 4, "--seed", 1, "-o", tmp_path / name).code == 0
    assert (tmp_path / "out.mid").read_bytes() == (tmp_path / "again.mid").read_bytes()
    file = mido.MidiFile(tmp_path / "out.mid")
    assert (file.type, file.ticks_per_beat, len(file.tracks)) == (0, 480, 1)
    assert file.length == pytest.approx(8.0, abs=0.5)
    notes = [message for message in file.tracks[0] if message.type == "note_on" and message.velocity]
    assert len(notes) > 8
    assert {message.channel for message in notes} == {9}


@pytest.mark.parametrize("epoch", ["1", "3"])
def test_a_jam_records_what_render_writes(epoch: str, ghostnote: Ghostnote, preset: Path, tmp_path: Path) -> None:
    music = ("--preset", preset, "--epoch", epoch, "--bpm", 300, "--bars", 2, "--seed", 1)
    take, out = tmp_path / "take.mid", tmp_path / "out.mid"
    said = ghostnote("jam", "--headless", "--backend", "none", *music, "--record", take, "--json")
    assert said.code == 0
    assert json.loads(said.out)["seed"] == 1
    assert ghostnote("render", *music, "-o", out).code == 0
    assert take.read_bytes() == out.read_bytes()
    assert [message.type for message in mido.MidiFile(out).tracks[0]].count("note_on") > 4


def test_a_training_tells_its_end_in_numbers(ghostnote: Ghostnote, data: Path, tmp_path: Path) -> None:
    said = ghostnote("train", data, *TINY, "--epochs", 1, "--out", tmp_path / "run", "--json")
    told = json.loads(said.out)
    assert (told["epochs"], told["interrupted"], told["skipped"]) == (1, False, [])
    assert told["windows"] == {"train": 48, "validation": 24, "test": 0}
    assert "epoch 1 of 1" in said.err
    assert f"next: ghostnote export {tmp_path / 'run'} -o PRESET" in said.err


def test_a_run_is_not_trained_over(ghostnote: Ghostnote, data: Path, run: Path) -> None:
    before = everything(run)
    said = ghostnote("train", data, *TINY, "--epochs", 1, "--out", run)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "--resume goes on with it" in said.err
    assert everything(run) == before
    assert len((run / "stats.jsonl").read_text().splitlines()) == 3


def test_ctrl_c_leaves_a_run_that_exports(ghostnote: Ghostnote, data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    program = "import sys; from instrument.cli import main; main(sys.argv[1:])"
    words = [*map(str, (*TINY, "--epochs", 100_000, "--out", run))]
    command = [sys.executable, "-c", program, "train", str(data), *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as training:
        assert training.stderr is not None
        for line in training.stderr:
            if line.startswith("epoch 1 "):
                training.send_signal(signal.SIGINT)
                break
        rest = training.stderr.read()
        assert training.wait() == 130
    assert "Traceback" not in rest
    assert ghostnote("export", run, "--epochs", "best", "-o", tmp_path / "preset").code == 0


def test_files_that_cannot_be_used_are_named_and_the_others_trained_on(ghostnote: Ghostnote, tmp_path: Path) -> None:
    songs = tmp_path / "songs"
    for number in range(4):
        write_midi(songs / f"{number}.mid", strokes(8, number))
    (songs / "bad\x1b[2J.mid").write_bytes(b"MThd nothing")
    write_midi(songs / "waltz.mid", strokes(1, 0), meter=(3, 4))
    said = ghostnote("train", songs, *TINY, "--dry-run", "--out", tmp_path / "run")
    assert said.code == 0
    assert said.err.splitlines()[:2] == [
        "skipped bad?[2J.mid: not a MIDI file",
        "skipped waltz.mid: in 3/4, not 4/4",
    ]
    assert said.err.splitlines()[2].startswith("4 files read, 2 skipped")
    assert said.err.splitlines()[3:] == ["dry run: one step made, nothing written"]
    assert not (tmp_path / "run").exists()


MISTAKES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "no folder": (("train",), 2, "train needs the folder of the data"),
    "a missing folder": (("train", "{gone}"), 1, "{gone} is not a folder"),
    "an empty folder": (("train", "{empty}"), 1, "{empty} holds no .mid files"),
    "a file for a folder": (("train", "{file}"), 1, "{file} is not a folder"),
    "broken files": (("train", "{broken}"), 1, "{broken}: none of 2 files can be used; the first, a.mid"),
    "an unknown recipe": (("train", "{data}", "--recipe", "bar-smal"), 2, '(did you mean "bar-small"?)'),
    "a missing recipe": (("train", "{data}", "--recipe", "{gone}.toml"), 1, "can't read the recipe {gone}.toml"),
    "an unknown key": (("train", "{data}", "--set", "generator_chanels=8"), 2, '(did you mean "generator_channels"?)'),
    "a key of a table": (("train", "{data}", "--set", "loss.gama=1"), 2, '(did you mean "loss.gamma"?)'),
    "a value out of range": (("train", "{data}", "--set", "loss.gamma=-1"), 2, "gamma"),
    "a wrong value": (("train", "{data}", "--set", "batch=9"), 2, "batch"),
    "no epochs": (("train", "{data}", "--epochs", "0"), 2, "--epochs 0"),
    "no time": (("train", "{data}", "--minutes", "nan"), 2, "--minutes nan"),
    "a wrong seed": (("train", "{data}", "--seed", "-1"), 2, "--seed -1"),
    "a huge seed": (("train", "{data}", "--seed", "9" * 30), 2, "--seed 999"),
    "nothing to resume": (("train", "{data}", "--resume"), 1, "{out} is no training run"),
    "an option of nobody's": (("train", "{data}", "--epoch", "3"), 2, "--epoch"),
    "no run": (("export", "{gone}"), 1, "{gone} is no training run"),
    "a folder that is no run": (("export", "{data}"), 1, "{data} has no snapshot yet"),
    "an unknown epoch": (("export", "{run}", "--epochs", "7"), 2, "has no snapshot of epoch 7; there are 1, 2, 3"),
    "epochs in words": (("export", "{run}", "--epochs", "bset"), 2, '--epochs "bset" is neither'),
    "a wrong name": (("export", "{run}", "--name", "../x"), 2, "can't name a preset"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_clear_line(mistake: str, ghostnote: Ghostnote, data: Path, run: Path, tmp_path: Path) -> None:
    for name in ("empty", "broken"):
        (tmp_path / name).mkdir()
    for name in ("a.mid", "b.mid"):
        (tmp_path / "broken" / name).write_bytes(b"\xff" * 99)
    (tmp_path / "file").write_bytes(b"")
    places = {name: str(tmp_path / name) for name in ("gone", "empty", "broken", "file", "out")}
    places |= {"data": str(data), "run": str(run)}
    before = everything(tmp_path), everything(data), everything(run)
    arguments, code, words = MISTAKES[mistake]
    said = ghostnote(*(argument.format(**places) for argument in arguments), "--out", tmp_path / "out")
    assert (said.code, said.out) == (code, "")
    assert words.format(**places) in said.err
    *details, line = said.err.splitlines()
    assert line.startswith("ghostnote: ")
    assert details == (["skipped b.mid: not a MIDI file"] if mistake == "broken files" else [])
    assert (everything(tmp_path), everything(data), everything(run)) == before


@pytest.mark.parametrize("place", ["file", "file/inside"])
@pytest.mark.parametrize("command", ["train", "export"])
def test_an_output_that_cannot_be_written_is_named(
    command: str, place: str, ghostnote: Ghostnote, data: Path, run: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    arguments = (data, *TINY) if command == "train" else (run,)
    said = ghostnote(command, *arguments, "--out", tmp_path / place)
    assert said.code == 1
    assert said.err.splitlines()[-1].startswith("ghostnote: ")
    assert str(tmp_path / place) in said.err.splitlines()[-1]
    assert "Traceback" not in said.err
    assert everything(tmp_path) == {"file": b"mine"}
