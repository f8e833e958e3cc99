"""Run folders in, a folder of pictures and tables out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instrument.errors import DataError
from instrument.files import write_atomic
from training.analysis.pictures import losses_figure, metrics_figure, success_figure
from training.analysis.studied import Runs, load
from training.analysis.style import house_style, render_png, render_svg
from training.analysis.table import markdown, table

FIGURES = {"success": success_figure, "losses": losses_figure, "metrics": metrics_figure}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`table`: what table.json holds. `written`: the files, in order."""

    table: dict[str, Any]
    written: tuple[Path, ...]


def analyze(runs: Sequence[Path], out: Path) -> Report:
    """Reads the runs, then writes success, losses and metrics as .png and .svg, table.json and table.md into `out`.

    The same runs give the same bytes. Raises UsageError and DataError; nothing is written before all is drawn.
    """
    studied = load(runs)
    _make(out)
    found = table(studied)
    files = {**pictures(studied), "table.json": _json(found), "table.md": markdown(found).encode()}
    for name, data in files.items():
        write_atomic(out / name, data)
    return Report(table=found, written=tuple(out / name for name in files))


def pictures(studied: Runs) -> dict[str, bytes]:
    """File name -> bytes."""
    files = {}
    for name, draw in FIGURES.items():
        with house_style():
            figure = draw(studied)
            files[f"{name}.png"] = render_png(figure)
            files[f"{name}.svg"] = render_svg(figure)
    return files


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"can't make the folder {out}: {error.strerror}") from error


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
