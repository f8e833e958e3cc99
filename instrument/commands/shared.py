"""What several commands share: options that mean the same everywhere, and how data is printed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from instrument.errors import DataError, MissingExtraError, UsageError

Preset = Annotated[str, typer.Option("--preset", help="A preset's name or folder.")]
Epoch = Annotated[str, typer.Option("--epoch", help="An exported epoch's number, or best.")]
Bpm = Annotated[float, typer.Option("--bpm", help="Tempo, 20 to 300.")]
Style = Annotated[str, typer.Option("--style", help="A style of the preset's; none: one that the seed draws.")]
Density = Annotated[float, typer.Option("--density", help="How many notes, 0 to 1; 0.5 as drummers play.")]
Energy = Annotated[float, typer.Option("--energy", help="How hard, 0 to 1; 0.5 as drummers play.")]
Variation = Annotated[float, typer.Option("--variation", help="How far bars stray from home: 0 a loop, 1 all new.")]
FillEvery = Annotated[int, typer.Option("--fill-every", help="A fill every so many bars; 0: none.")]
Recall = Annotated[str, typer.Option("--recall", help="The bar of a recall code, with its seed and knobs.")]
Quantise = Annotated[float, typer.Option("--quantise", help="0: the drummer's timing; 1: every onset on the grid.")]
Swing = Annotated[float, typer.Option("--swing", help="50 (straight) to 75 per cent.")]
Humanise = Annotated[float, typer.Option("--humanise", help="How far the hands wander about the beat, 0 to 1.")]
Accent = Annotated[float, typer.Option("--accent", help="-1: all hits alike; 1: accents twice as strong.")]
Velocity = Annotated[str, typer.Option("--velocity", help="The softest and the loudest hit, as 20-110.")]
Late = Annotated[str, typer.Option("--late", help="Voices late (+) or early (-) in ticks: snare=12,hats=-6.")]
Mute = Annotated[str, typer.Option("--mute", help="Voices that rest: crash,toms.")]
Kit = Annotated[str, typer.Option("--kit", help="A kit map's name or TOML file.")]
Channel = Annotated[int | None, typer.Option("--channel", help="Every voice on this MIDI channel, 1 to 16.")]
Data = Annotated[Path, typer.Argument(help="The Groove MIDI Dataset's folder, or any folder of .mid files.")]
Json = Annotated[bool, typer.Option("--json", help="Data as JSON on stdout.")]


def version() -> str:
    from importlib.metadata import version as of

    return of("ghostnote")


def say(text: str) -> None:
    """Words go to stderr."""
    from instrument.text import printable

    print(printable(text), file=sys.stderr)


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def check_writable(path: Path) -> None:
    """Raises DataError now for a file that couldn't be written at the end."""
    import os

    if path.exists() and not path.is_file():
        raise DataError(f"{path} is a folder or a device; name a file")
    if not path.parent.is_dir():
        raise DataError(f"can't write {path}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise DataError(f"can't write {path}: its folder is read-only for you")


def check_bars(bars: int) -> None:
    if not 1 <= bars <= 100_000:
        raise UsageError(f"--bars {bars} is not in 1..100000")


def need(command: str, *packages: str) -> None:
    """Raises MissingExtraError where a package of the `train` extra can't be imported."""
    from importlib import import_module

    try:
        for package in packages:
            import_module(package)
    except ImportError as error:
        raise MissingExtraError(command, "train") from error
