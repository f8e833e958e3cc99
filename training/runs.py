"""The run folder: what a training leaves behind, and reading it.

run.json                        what the data was: styles, knob scales, prior, counts (`RunFacts`)
config.toml                     the recipe, whole, as it was used
stats.jsonl                     a line per epoch (`read_stats`)
floor.json                      what real bars score against real bars (`read_floor`); not in every run
snapshots/epoch-0001.safetensors        EMA weights of the generator, with a .sha256 beside each
checkpoints/step-00000272.pt    everything needed to go on bit for bit, with a .sha256
samples/epoch-0001.mid          eight bars from fixed noise
tensorboard/                    the same numbers as curves
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from instrument.core.manifest import Conditions, KnobScale, Prior
from instrument.errors import DataError
from instrument.files import write_atomic
from training.recipes import Recipe, recipe_from_toml, recipe_to_toml

RUN_SCHEMA = 1
FACTS, CONFIG, STATS, FLOOR = "run.json", "config.toml", "stats.jsonl", "floor.json"

EARLIER = "earlier"
"""Marks a row of the run that this one was begun from. Its scores were taken under other conditions, and so it is
never the best."""

SILENT_MOST, RECALL_LEAST = 0.02, 0.3
"""The gates: they keep out what the two-sample test does not see, silence and collapse."""


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


def read_floor(run: Path) -> dict[str, tuple[float, float]]:
    """Metric -> the range (low, high) that real training bars score against others; {} where no one measured it.

    Raises DataError for a file that holds anything else.
    """
    path = run / FLOOR
    if not path.exists():
        return {}
    try:
        floor = msgspec.json.decode(_read(run, FLOOR), type=dict[str, tuple[float, float]])
        _check_floor(floor)
    except (msgspec.DecodeError, ValueError) as error:
        raise DataError(f"{path} can't be used: {error}") from error
    return floor


def write_floor(run: Path, floor: Mapping[str, tuple[float, float]]) -> None:
    """Raises ValueError for a range that is not finite, or whose low end is above its high end."""
    _check_floor(floor)
    write_atomic(run / FLOOR, msgspec.json.format(msgspec.json.encode(dict(floor)), indent=1) + b"\n")


def _check_floor(floor: Mapping[str, tuple[float, float]]) -> None:
    for metric, (low, high) in floor.items():
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise ValueError(f'"{metric}": {low:g} to {high:g} is no range')


def number(row: Mapping[str, Any], key: str) -> float | None:
    """A row's finite number, else None: not every recipe measures everything at every epoch."""
    value = row.get(key)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def failed_gates(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The gates that an epoch fails, of "silent" and "recall"; one that was not measured is not failed."""
    silent, recall = number(row, "silent"), number(row, "recall")
    failed = {
        "silent": silent is not None and silent > SILENT_MOST,
        "recall": recall is not None and recall < RECALL_LEAST,
    }
    return tuple(name for name, fails in failed.items() if fails)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochChoice:
    """The best epoch, weighed `by` these scores `among` so many epochs; `passed`: only those that pass the gates."""

    epoch: int
    by: tuple[str, ...]
    among: int
    passed: bool


def choose_epoch(rows: list[dict[str, Any]]) -> EpochChoice | None:
    """The epoch with the least C2ST + FD / 20; with the least FD where no epoch has a C2ST; None without any FD.

    Among those that pass the gates, or where none does among all; `EARLIER` ones only where there are no others.
    """
    rows = [row for row in rows if not row.get(EARLIER)] or rows
    weights = {"c2st": 1.0, "fd": 1 / 20}
    for by in (("c2st", "fd"), ("fd",)):
        scored = [row for row in rows if all(number(row, key) is not None for key in by)]
        if not scored:
            continue
        passed = [row for row in scored if not failed_gates(row)]
        among = passed or scored
        best = min(among, key=lambda row: sum(weights[key] * float(row[key]) for key in by))
        return EpochChoice(epoch=int(best["epoch"]), by=by, among=len(among), passed=bool(passed))
    return None


def best_epoch(rows: list[dict[str, Any]]) -> int | None:
    """The epoch of `choose_epoch`, or None."""
    choice = choose_epoch(rows)
    return choice.epoch if choice else None


def _read(run: Path, name: str) -> bytes:
    try:
        return (run / name).read_bytes()
    except OSError as error:
        raise DataError(f"{run} is no training run: can't read {name} ({error.strerror})") from error
