"""presets: list, show, check, install."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from instrument.commands.shared import Json, print_json, say

presets = typer.Typer(help="List, show, check and install presets.", no_args_is_help=True)


@presets.command("list")
def list_all(json: Json = False) -> int:
    """The presets that are there."""
    from instrument.model.store import list_presets

    found = list_presets()
    if json:
        print_json([{**asdict(preset), "folder": str(preset.folder)} for preset in found])
        return 0
    for preset in found:
        epochs = ", ".join(map(str, preset.epochs))
        words = preset.problem or f"epochs {epochs}; best {preset.best_epoch}"
        print(f"{preset.name:16} {preset.title:24} {words}")
    return 0


@presets.command()
def show(name: str, json: Json = False) -> int:
    """What a preset is: its net, its epochs with their scores, its licence."""
    from instrument.model.store import describe, load_preset

    facts = describe(load_preset(name))
    if json:
        print_json(facts)
        return 0
    for key, value in facts.items():
        if key == "epochs":
            for epoch in value:
                scores = "  ".join(f"{score} {number:.3g}" for score, number in epoch["scores"].items())
                print(f"epoch {epoch['number']:<5} {epoch['bytes']:>9} bytes  parity {epoch['parity']:.1e}  {scores}")
        elif key == "encoder":
            print(f"encoder: {value['bytes']} bytes, parity {value['parity']:.1e}" if value else "encoder: none")
        else:
            print(f"{key}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    return 0


@presets.command()
def check(path: str, json: Json = False) -> int:
    """Hash, load and run every epoch, each as if it came from a stranger."""
    from instrument.model.store import check_preset

    report = check_preset(path)
    if json:
        print_json({**asdict(report), "folder": str(report.folder), "ok": report.ok})
    else:
        for epoch in report.epochs:
            print(f"epoch {epoch.number:<5} {epoch.problem or 'good'}")
        if report.encoder is not None:
            print(f"encoder     {report.encoder or 'good'}")
    for file in report.strangers:
        say(f"{file} is in the folder but not in preset.toml")
    return 0 if report.ok else 1


@presets.command()
def install(path: Path) -> int:
    """Copy a preset, a folder or a .zip, to where `--preset NAME` finds it."""
    from instrument.model.bundle import install_preset

    say(f"installed {install_preset(path).manifest.name}")
    return 0


def register(app: typer.Typer) -> None:
    app.add_typer(presets, name="presets")
