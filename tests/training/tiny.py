"""Trainings that take a second: nets of a few channels on the folders of `tests.training.midi`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.recipes import Recipe, load_recipe
from training.train import TrainResult, run

PLAIN = ("leanings=false", "match=0", "relate=0", "steer=0", "smooth=0")
"""Without what `tests.training.test_leanings` and `test_lessons` are about."""

SIZES = ("latent_dim=8", "code_dim=2", "generator_channels=8", "critic_channels=8", "mapping_dim=16", "batch=8")
SETTINGS = (*SIZES, *PLAIN)
QUICK = ("penalty_every=2", "metrics.bars=64", "c2st_every=2")
EPOCHS = 4
STEPS = 6
"""Of an epoch over the 48 training bars of `write_folder`."""


def tiny_recipe(*settings: str) -> Recipe:
    return load_recipe("bar-small", [*SETTINGS, *QUICK, f"epochs={EPOCHS}", *settings])


def train(data: Path, out: Path, **options: Any) -> TrainResult:
    """A training of `tiny_recipe`, or on `resume` of what the folder says, with its cache beside the run."""
    options.setdefault("recipe", None if options.get("resume") else tiny_recipe())
    return run(data, out, cache=out.parent / "cache", **options)
