"""The run folder: what a training leaves behind, and reading it.

run.json                        what the data was: styles, knob scales, prior, counts (`RunFacts`)
config.toml                     the recipe, whole, as it was used
stats.jsonl                     a line per epoch (`read_stats`)
snapshots/epoch-0001.safetensors        EMA weights of the generator, with a .sha256 beside each
checkpoints/step-00000272.pt    everything needed to go on bit for bit, with a .sha256
samples/epoch-0001.mid          eight bars from fixed noise
tensorboard/                    the same numbers as curves
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from instrument.core.manifest import Conditions, KnobScale, Prior
from instrument.errors import DataError
from instrument.files import write_atomic
from training.recipes import Recipe, recipe_from_toml, recipe_to_toml

RUN_SCHEMA = 1
FACTS, CONFIG, STATS = "run.json", "config.toml", "stats.jsonl"


class RunFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an export must know beside the weights.

    `styles` in the order of the net's style input. `density` and `energy`: 21 z-scores at 0, 5, ..., 100 % of the
    training bars. `prior_*`: sampled conditions of training beats, columns of one length. `data` names the data:
    its key, the number of files and windows.
    """

    schema: int = RUN_SCHEMA
    kind: str = "bar"
    styles: Annotated[tuple[str, ...], Meta(min_length=1)]
    density: tuple[float, ...]
    energy: tuple[float, ...]
    prior_style: tuple[int, ...]
    prior_density: tuple[float, ...]
    prior_energy: tuple[float, ...]
    prior_fill: tuple[float, ...]
    seed: int = 0
    data: dict[str, str | int | float] = {}

    @property
    def conditions(self) -> Conditions:
        return Conditions(density=KnobScale(quantiles=self.density), energy=KnobScale(quantiles=self.energy))

    @property
    def prior(self) -> Prior:
        return Prior(style=self.prior_style, density=self.prior_density, energy=self.prior_energy, fill=self.prior_fill)


def write_facts(run: Path, facts: RunFacts) -> None:
    write_atomic(run / FACTS, msgspec.json.format(msgspec.json.encode(facts), indent=1))


def read_facts(run: Path) -> RunFacts:
    """Raises DataError where `run` is no run folder or its run.json is not what it should be."""
    path = run / FACTS
    try:
        facts = msgspec.json.decode(_read(run, FACTS), type=RunFacts)
    except msgspec.DecodeError as error:
        raise DataError(f"{path} can't be used: {error}") from error
    try:
        _ = facts.conditions, facts.prior
    except ValueError as error:
        raise DataError(f"{path} can't be used: {error}") from error
    return facts


def write_recipe(run: Path, recipe: Recipe) -> None:
    write_atomic(run / CONFIG, recipe_to_toml(recipe).encode())


def read_recipe(run: Path) -> Recipe:
    """The recipe of a run. Raises DataError where it isn't there."""
    return recipe_from_toml(_read(run, CONFIG).decode("utf-8", "replace"), str(run / CONFIG))


def read_stats(run: Path) -> list[dict[str, Any]]:
    """One dict per finished epoch, in order: epoch, bars, seconds, losses, D's success, scores; [] before the first.

    Keys: `training.train` documents them. Raises DataError for a line that is not a JSON object with an epoch.
    """
    path = run / STATS
    if not path.exists():
        return []
    rows = []
    for number, line in enumerate(_read(run, STATS).decode("utf-8", "replace").splitlines(), 1):
        try:
            row = json.loads(line)
            rows.append(row | {"epoch": int(row["epoch"])})
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}, line {number}: not a line of training statistics") from error
    return rows


def write_stats(run: Path, rows: list[dict[str, Any]]) -> None:
    """All rows at once: a line is never half there."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    write_atomic(run / STATS, text.encode())


def best_epoch(rows: list[dict[str, Any]]) -> int | None:
    """The epoch with the least C2ST + FD / 20 among those that have both and pass the gates; None without any.

    The gates keep out what the two-sample test does not see: silence, collapse, three-handed bars.
    """
    scored = [row for row in rows if "c2st" in row and "fd" in row]
    passed = [row for row in scored if row.get("silent", 0) <= 0.02 and row.get("recall", 1) >= 0.3]
    ranked = sorted(passed or scored, key=lambda row: float(row["c2st"]) + float(row["fd"]) / 20)
    return int(ranked[0]["epoch"]) if ranked else None


def _read(run: Path, name: str) -> bytes:
    try:
        return (run / name).read_bytes()
    except OSError as error:
        raise DataError(f"{run} is no training run: can't read {name} ({error.strerror})") from error
