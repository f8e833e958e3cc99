"""Whatever is asked wrongly: one clear line, the right exit code, nothing half-written."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from tests.cli.run import ghostnote

RENDER = ("render", "--bars", "2", "-o")
JAM = ("jam", "--headless", "--backend", "none", "--bars", "1", "--bpm", "300")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--preset", "groov"), 2, 'did you mean "groove"'),
        (("--epoch", "9999"), 2, "the nearest is "),
        (("--epoch", "newest"), 2, "newest"),
        (("--bpm", "0"), 2, "20..300"),
        (("--bpm", "1000"), 2, "20..300"),
        (("--bpm", "nan"), 2, "nan"),
        (("--bpm", "fast"), 2, "fast"),
        (("--seed", "-1"), 2, "seed"),
        (("--style", "rokk"), 2, 'did you mean "rock"'),
        (("--density", "1.5"), 2, "0..1"),
        (("--quantise", "-0.1"), 2, "0..1"),
        (("--swing", "80"), 2, "50..75"),
        (("--kit", "gn"), 2, 'did you mean "gm"'),
        (("--channel", "17"), 2, "1..16"),
        (("--bars", "0"), 2, "1..100000"),
        (("--bars", "-3"), 2, "1..100000"),
        (("--nonsense",), 2, "--nonsense"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@pytest.mark.parametrize("command", ["render", "jam"])
def test_a_wrong_word_is_one_line(
    command: str, arguments: tuple[str, ...], code: int, words: str, tmp_path: Path
) -> None:
    out = tmp_path / "out.mid"
    start = (*RENDER, out) if command == "render" else (*JAM, "--record", out)
    outcome = ghostnote(*start, *arguments)
    assert words in outcome.error
    assert outcome.code == code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--backend", "jak"), 'did you mean "jack"'),
        (("--offset-ms", "5000"), "-1000..1000"),
        (("--sync", "mid"), 'did you mean "midi"'),
        (("--transport", "host"), "own, midi"),
        (("--lost-clock", "go"), "rest, go-on"),
        (("--port-name", "a:b"), "--port-name"),
        (("--port-name", ""), "--port-name"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_port_option_is_one_line(arguments: tuple[str, ...], words: str) -> None:
    outcome = ghostnote(*JAM, *arguments)
    assert words in outcome.error
    assert outcome.code == 2


@pytest.mark.parametrize(
    ("command", "name"),
    [(command, name) for command in ("render", "jam") for name in ("no/such/folder/out.mid", ".")]
    + [("render", "out.txt"), ("render", "")],
)
def test_an_output_that_cannot_be_written_is_told_first(command: str, name: str, tmp_path: Path) -> None:
    out = tmp_path / name if name else ""
    start = (*RENDER, out) if command == "render" else (*JAM, "--record", out)
    outcome = ghostnote(*start)
    assert outcome.code in (1, 2)
    assert outcome.error
    assert list(tmp_path.iterdir()) == []


def test_a_preset_whose_hash_does_not_fit_is_not_played(tmp_path: Path) -> None:
    preset = tmp_path / "mine"
    shutil.copytree(Path(str(files("presets"))) / "groove", preset)
    (net,) = preset.glob("epoch-*.onnx")
    data = bytearray(net.read_bytes())
    data[len(data) // 2] ^= 1
    net.write_bytes(data)
    out = tmp_path / "out.mid"
    outcome = ghostnote(*RENDER, out, "--preset", preset)
    assert net.name in outcome.error
    assert outcome.code == 1
    assert not out.exists()
    check = ghostnote("presets", "check", preset)
    assert check.code == 1
    assert "Traceback" not in check.words


def test_without_a_midi_system_headless_says_what_is_missing() -> None:
    if Path("/dev/snd/seq").exists():
        pytest.skip("this machine has an ALSA sequencer")
    outcome = ghostnote("jam", "--headless", "--bars", "1")
    assert outcome.code == 3
    assert "JACK" in outcome.error


def test_jack_without_a_server_is_exit_code_3() -> None:
    outcome = ghostnote("jam", "--headless", "--backend", "jack", "--bars", "1")
    assert outcome.code == 3
    assert "JACK" in outcome.error


@pytest.mark.parametrize(
    "command", [("presets", "show", "no"), ("presets", "check", "no"), ("presets", "install", "no")]
)
def test_a_preset_that_is_not_there_is_one_line(command: tuple[str, ...]) -> None:
    outcome = ghostnote(*command)
    assert outcome.error
    assert outcome.code in (1, 2)


@pytest.mark.parametrize("arguments", [("--only", "bra"), ("--seconds", "0")])
def test_a_bench_that_is_not_there_is_one_line(arguments: tuple[str, ...]) -> None:
    outcome = ghostnote("bench", *arguments)
    assert outcome.error
    assert outcome.code == 2
