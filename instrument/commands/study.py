"""analyze: what happened over the epochs of trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from instrument.commands.shared import Json, need, print_json, say


def analyze(
    runs: Annotated[list[Path], typer.Argument(help="One or several runs' folders.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for pictures and table.")],
    json: Json = False,
) -> int:
    """Draw D's success, losses and scores over the epochs, and recommend one."""
    need("analyze", "matplotlib")
    from training.analysis.report import analyze as write_report

    report = write_report(runs, out)
    if json:
        print_json(report.table)
    else:
        print("\n\n".join("\n".join(run["words"]) for run in report.table["runs"]))
    say(f"{out}: {', '.join(path.name for path in report.written)}")
    return 0


def register(app: typer.Typer) -> None:
    app.command()(analyze)
