"""extract, analyze, evaluate: what the data is, what happened over the epochs, how near the bars are to real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from instrument.commands.shared import Data, Epoch, Json, check_writable, need, print_json, say
from instrument.errors import UsageError


def extract(
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", help="The feature file, .npz.")],
    recipe: Annotated[str, typer.Option("--recipe", help="A recipe's name or TOML file.")] = "bar",
    setting: Annotated[list[str] | None, typer.Option("--set", help="key=value, over the recipe's.")] = None,
    json: Json = False,
) -> int:
    """Cut a folder of drum files into bars or windows of ticks, as arrays in one file."""
    need("extract", "symusic", "rich")
    from training.dataset import save_dataset
    from training.progress import ConsoleReporter
    from training.reading import describe, read
    from training.recipes import load_recipe

    if out.suffix.lower() != ".npz":
        raise UsageError(f"-o {out} must name a .npz file")
    check_writable(out)
    chosen = load_recipe(recipe, setting or [])
    with ConsoleReporter() as reporter:
        found = read(data, chosen.data, None, reporter)
        for line in found.report.lines():
            reporter.note(line)
    save_dataset(found, out)
    if json:
        print_json({"file": str(out), "bytes": out.stat().st_size, "recipe": chosen.name, **describe(found)})
    say(f"{out}: {len(found)} {'windows of ticks' if chosen.kind == 'ticks' else 'bars'}")
    return 0


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


def evaluate(
    what: Annotated[str, typer.Argument(metavar="PRESET|FILE.mid", help="A preset's name or folder, or a .mid file.")],
    data: Annotated[Path, typer.Option("--data", help="The Groove MIDI Dataset's folder, or any folder of .mid.")],
    split: Annotated[str, typer.Option("--split", help="train, validation or test.")] = "validation",
    bars: Annotated[int, typer.Option("--bars", help="How many bars are scored.")] = 2000,
    epoch: Epoch = "best",
    json: Json = False,
) -> int:
    """Score bars against real ones, beside what real bars and naive makers score."""
    need("evaluate", "torch", "symusic", "sklearn")
    from training.evaluate import evaluate_file, evaluate_model
    from training.scorecard import as_object, as_table

    if what.lower().endswith((".mid", ".midi")):
        found = evaluate_file(Path(what), data, split=split, bars=bars, cache=None, told=say)
    else:
        from instrument.model.store import load_preset

        preset = load_preset(what)
        number = preset.resolve_epoch(epoch)
        name = f"{preset.manifest.name}, epoch {number}"
        found = evaluate_model(preset.model(number), name, data, split=split, bars=bars, cache=None, told=say)
    print_json(as_object(found)) if json else print(as_table(found))
    return 0


def register(app: typer.Typer) -> None:
    for command in (extract, analyze, evaluate):
        app.command()(command)
