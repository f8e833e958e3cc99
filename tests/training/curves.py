"""Runs as `analyze` reads them: rows of made-up numbers, and folders of them without any net."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from instrument.core.manifest import KNOB_POINTS
from training.analysis.studied import StudiedRun
from training.recipes import load_recipe
from training.runs import RunFacts, write_facts, write_floor, write_recipe, write_stats

FLOOR = {"c2st": (0.49, 0.53), "fd": (1.3, 1.5), "kid": (-0.02, 0.2), "recall": (0.9, 0.93), "density": (19.0, 20.0)}


def made_up(epochs: int, seed: int = 0, c2st_every: int = 5) -> list[dict[str, Any]]:
    """A training that gets better, with some noise; its first epoch fails a gate where there are several."""
    draw = np.random.default_rng(seed)
    rows = []
    for epoch in range(1, epochs + 1):
        done = (epoch - 1) / max(epochs - 1, 1)
        row: dict[str, Any] = {
            "epoch": epoch,
            "bars": 64 * epoch,
            "seconds": 1.5 * epoch,
            "loss_d": 0.69 - 0.05 * done,
            "loss_g": 0.71 + 0.05 * done,
            "d_fixed": 0.6 + 0.2 * done + draw.normal(0, 0.01),
            "d_held_out": 0.8 - 0.3 * done + draw.normal(0, 0.01),
            "fd": 40 * 0.05**done + draw.uniform(0, 0.2),
            "kid": 26 * 0.04**done + draw.uniform(0, 0.2),
            "w1_velocity": 9 - 6 * done,
            "w1_offset": 0.05 - 0.04 * done,
            "density": 18 + 2 * done,
            "silent": 0.0,
            "hands3": 0.4,
            "backbeat": 0.5,
        }
        row |= dict.fromkeys(("precision", "recall", "coverage"), 0.1 + 0.8 * (0.3 + done) / 1.3)
        if epoch % c2st_every == 0 or epoch == epochs:
            row["c2st"] = 0.9 - 0.35 * done + draw.normal(0, 0.005)
        rows.append(row)
    return rows


def studied(
    rows: list[dict[str, Any]], name: str = "run", floor: dict[str, tuple[float, float]] | None = None
) -> StudiedRun:
    return StudiedRun(name=name, folder=Path(name), rows=rows, floor=floor or {}, recipe="bar", windows=64)


def write_made_up(run: Path, rows: list[dict[str, Any]], floor: dict[str, tuple[float, float]] | None = None) -> Path:
    run.mkdir(parents=True)
    rising = tuple(0.2 * i - 2 for i in range(KNOB_POINTS))
    write_recipe(run, load_recipe("bar"))
    write_facts(
        run,
        RunFacts(
            styles=("funk", "rock"),
            density=rising,
            energy=rising,
            prior_style=(0,),
            prior_density=(0.0,),
            prior_energy=(0.0,),
            prior_fill=(0.0,),
            data={"files": 3, "train": 64},
        ),
    )
    write_stats(run, rows)
    if floor:
        write_floor(run, floor)
    return run
