"""A run folder as a training leaves it, with nets that have not learned anything."""

from __future__ import annotations

from pathlib import Path

import msgspec
import torch

from instrument.core.manifest import KNOB_POINTS
from training.builders import bar_shape
from training.networks import Generator
from training.recipes import Recipe, load_recipe
from training.runs import RunFacts, write_facts, write_recipe, write_stats
from training.snapshot import save_snapshot

STYLES = ("funk", "jazz", "rock")


def tiny_recipe() -> Recipe:
    recipe = load_recipe("bar")
    network = msgspec.structs.replace(
        recipe.network, latent_dim=6, code_dim=2, generator_channels=8, critic_channels=8, mapping_dim=16
    )
    return msgspec.structs.replace(recipe, network=network)


def tiny_generator(seed: int) -> Generator:
    torch.manual_seed(seed)
    return Generator(bar_shape(tiny_recipe(), len(STYLES))).eval()


def write_run(run: Path, epochs: tuple[int, ...] = (1, 2, 10)) -> Path:
    """A run of so many epochs; the middle one scores best."""
    run.mkdir(parents=True)
    rising = tuple(0.2 * i - 2 for i in range(KNOB_POINTS))
    write_recipe(run, tiny_recipe())
    write_facts(
        run,
        RunFacts(
            styles=STYLES,
            density=rising,
            energy=rising,
            prior_style=(0, 1, 2),
            prior_density=(0.0, 0.5, -1.0),
            prior_energy=(0.0, 0.5, -1.0),
            prior_fill=(0.0, 0.0, 0.0),
            seed=7,
            data={"files": 3, "train": 64},
        ),
    )
    best = epochs[len(epochs) // 2]
    write_stats(
        run,
        [
            {"epoch": n, "bars": 64 * n, "seconds": 1.5 * n, "loss_g": 0.7, "c2st": 0.6 + 0.1 * (n != best), "fd": 3.0}
            for n in epochs
        ],
    )
    for epoch in epochs:
        save_snapshot(run, epoch, tiny_generator(epoch).state_dict())
    return run
