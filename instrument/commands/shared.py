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


def need(command: str, *packages: str, extra: str = "train") -> None:
    """Raises MissingExtraError where a package of an extra can't be imported."""
    from importlib import import_module

    try:
        for package in packages:
            import_module(package)
    except ImportError as error:
        raise MissingExtraError(command, extra) from error
