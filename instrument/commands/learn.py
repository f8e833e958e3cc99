"""train and export: from data to a preset; they need the `train` extra."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from instrument.commands.shared import Json, need, print_json, say
from instrument.errors import UsageError

if TYPE_CHECKING:
    from export.build import Choice
    from training.train import TrainResult

Data = Annotated[Path | None, typer.Argument(help="The Groove MIDI Dataset's folder, or any folder of .mid files.")]


def train(
    data: Data = None,
    recipe: Annotated[str, typer.Option("--recipe", help="A recipe's name or TOML file.")] = "",
    setting: Annotated[list[str] | None, typer.Option("--set", help="key=value, over the recipe's.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The run's folder.")] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", help="In place of the recipe's.")] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", help="Stop after the last epoch that fits.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run stopped.")] = False,
    init: Annotated[
        str | None, typer.Option("--init", help="Begin from a preset's or a run's net: NAME or NAME:EPOCH.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed trains the same net.")] = 0,
    devices: Annotated[int, typer.Option("--devices", help="Processes on this machine: GPUs, or CPU workers.")] = 1,
    nodes: Annotated[int, typer.Option("--nodes", help="Machines; start each with torchrun.")] = 1,
    precision: Annotated[str, typer.Option("--precision", help="32, or bf16 for the nets' inner sums.")] = "32",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read the data, make one step, write nothing.")] = False,
    list_recipes: Annotated[bool, typer.Option("--list-recipes", help="Print the recipes and leave.")] = False,
    json: Json = False,
) -> int:
    """Train a GAN on drum bars."""
    need("train", "torch", "symusic")
    from training import recipes
    from training.parallel import Parallel
    from training.progress import ConsoleReporter
    from training.train import run

    if list_recipes:
        known = recipes.list_recipes()
        print_json(known) if json else print("\n".join(f"{name:25} {title}" for name, title in known.items()))
        return 0
    if data is None:
        raise UsageError("train needs the folder of the data: ghostnote train FOLDER")
    chosen = None if resume and not recipe and not setting else recipes.load_recipe(recipe or "bar", setting or [])
    folder = out or Path("runs") / (chosen.name if chosen else "bar")
    with ConsoleReporter() as reporter:
        result = run(
            data,
            folder,
            chosen,
            seed=seed,
            epochs=epochs,
            minutes=minutes,
            resume=resume,
            dry_run=dry_run,
            init=init,
            reporter=reporter,
            parallel=lambda: Parallel(devices, nodes, precision),
        )
    if not result.leader:
        return 130 if result.interrupted else 0
    if json:
        print_json(_told(result))
    if dry_run:
        say("dry run: one step made, nothing written")
        return 0
    say(f"{folder}: {result.epochs} epochs, best {result.best_epoch}; next: ghostnote export {folder} -o PRESET")
    return 130 if result.interrupted else 0


def _told(result: TrainResult) -> dict[str, Any]:
    return {
        "run": str(result.run),
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "seconds": round(result.seconds, 1),
        "interrupted": result.interrupted,
        "windows": result.windows,
        "parameters": result.parameters,
        "skipped": [{"file": file.file, "reason": file.reason} for file in result.report.skipped],
    }


def export(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The preset's folder.")],
    epochs: Annotated[str, typer.Option("--epochs", help="all, best, or numbers: 1,2,4")] = "all",
    name: Annotated[str | None, typer.Option("--name", help="What players will call it.")] = None,
    encoder: Annotated[
        Path | None, typer.Option("--encoder", help="The run's data: also teach the way from a bar to its place.")
    ] = None,
    json: Json = False,
) -> int:
    """Write a run's epochs as a preset of ONNX files, each proved against torch."""
    need("export", "torch", "onnx", "onnxscript")
    from export.build import export_run
    from export.encoder import Lesson

    lesson = None if encoder is None else Lesson(data=encoder)
    report = export_run(run, out, epochs=_epochs(epochs), name=name, lesson=lesson)
    worst = max(proof.difference for proof in report.parity.values())
    flips = max(epoch.rounding.flips for epoch in report.manifest.epochs)
    if json:
        print_json(
            {
                "folder": str(report.folder),
                "epochs": [epoch.number for epoch in report.manifest.epochs],
                "best_epoch": report.manifest.best_epoch,
                "parity": worst,
                "rounding_flips": flips,
                "encoder": dict(report.manifest.encoder.scores) if report.manifest.encoder else {},
                "seconds": round(report.seconds, 1),
            }
        )
    say(
        f"{out}: {len(report.parity)} epochs, each within {worst:.1e} of torch; half precision moved at most "
        f"{flips:.2%} of the onsets; play: ghostnote --preset {out}"
    )
    if report.manifest.encoder:
        share = report.manifest.encoder.scores["onsets"]
        say(f"the encoder finds bars that have {share:.0%} of their onsets (F1) in common with held-out ones")
    return 0


def register(app: typer.Typer) -> None:
    for command in (train, export):
        app.command()(command)


def _epochs(text: str) -> Choice:
    if text == "all":
        return "all"
    if text == "best":
        return "best"
    try:
        return [int(number) for number in text.split(",")]
    except ValueError as error:
        raise UsageError(f'--epochs "{text}" is neither all, best nor numbers like 1,2,4') from error
