"""Who imports what, proved by a fresh process that looks in `sys.modules`."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys

import pytest

import instrument

HEAVY = {"numpy", "onnxruntime", "textual", "mido", "torch", "typer", "training", "export", "rich", "msgspec"}
WITHOUT_TRAINING = """
import importlib.abc, sys
class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "training", "export", "matplotlib", "sklearn", "symusic", "onnx"}:
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Blocker())
"""


def modules_after(program: str) -> set[str]:
    """The names in `sys.modules` of a fresh interpreter after a program."""
    look = "import json, sys; print(); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", f"{program}\n{look}"], capture_output=True, text=True, check=True)
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return set(names)


def packages(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def modules_of(package: str) -> list[str]:
    found = pkgutil.walk_packages(instrument.__path__, "instrument.")
    return [module.name for module in found if module.name.startswith(f"instrument.{package}")]


def test_the_core_imports_nothing_of_ours_and_no_input_or_output() -> None:
    names = modules_after("\n".join(f"import {name}" for name in modules_of("core")))
    ours = {name for name in names if name.startswith("instrument.")}
    assert {name for name in ours if not name.startswith("instrument.core")} == set()
    assert packages(names) & {"mido", "rtmidi", "jack", "onnxruntime", "textual", "torch", "training"} == set()


@pytest.mark.parametrize("module", ["timebase", "drums", "events", "sequencer", "transport"])
def test_the_engines_part_of_the_core_is_free_of_numbers(module: str) -> None:
    assert "numpy" not in modules_after(f"import instrument.core.{module}")


def test_the_engine_imports_next_to_nothing() -> None:
    names = modules_after("import instrument.engine.loop\nfrom instrument.ports import open")
    assert packages(names) & HEAVY == set()
    assert {name.split(".")[1] for name in names if name.startswith("instrument.")} <= {
        "core",
        "engine",
        "ports",
        "errors",
        "text",
    }


def test_help_is_quick_because_it_imports_little() -> None:
    program = "from instrument.cli import main\ntry: main(['-h'])\nexcept SystemExit: pass"
    assert packages(modules_after(program)) & (HEAVY - {"typer", "rich"}) == set()


def test_playing_works_where_torch_cannot_be_imported() -> None:
    playing = [
        name
        for package in ("core", "ports", "model", "engine", "session", "tui", "audio", "bench", "commands", "cli")
        for name in modules_of(package)
        if not name.endswith("__main__")
    ]
    assert len(playing) > 60
    imports = "\n".join(f"import {name}" for name in playing)
    assert "torch" not in packages(modules_after(WITHOUT_TRAINING + imports))


def test_a_render_and_a_jam_work_where_torch_cannot_be_imported(tmp_path: object) -> None:
    commands = [
        ["render", "--bars", "2", "-o", f"{tmp_path}/a.mid"],
        ["jam", "--headless", "--backend", "none", "--bpm", "300", "--bars", "2", "--record", f"{tmp_path}/b.mid"],
    ]
    for command in commands:
        program = f"{WITHOUT_TRAINING}\nfrom instrument.cli import main\nmain({command})"
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)


def test_training_says_what_to_install_where_torch_is_missing() -> None:
    program = f"{WITHOUT_TRAINING}\nfrom instrument.cli import main\nmain(['train', '.'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'ghostnote[train]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
