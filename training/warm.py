"""Beginning from a net that has learnt already, in the place of a fresh one.

The generator is that of a preset, an exported epoch with the names that the export keeps, or that of another run. What
the new recipe adds, places in the phrase and a tap, begins at nothing, so that the first bars are the older net's;
styles are matched by name, and one that it doesn't know begins as the mean of those it does. Critics and code reader
are fresh.

A run that is begun from another goes on with its epochs: they come first, with their numbers, their scores and their
generators, made wider.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from instrument.errors import DataError, UsageError
from instrument.model.preset import read_epoch
from instrument.model.store import load_preset
from training.networks import CONDITIONS, BarGenerator
from training.runs import EARLIER, FACTS, best_epoch, read_facts, read_recipe, read_stats
from training.snapshot import epochs as snapshot_epochs
from training.snapshot import load_snapshot, save_snapshot
from training.variations import VariedGenerator

PREFIX = "generator."
"""Of the names in an exported file: the player's wrapper."""

THEME = "theme."
"""Of the names in a net that varies one (see `training.variations`)."""

STYLE, MAPPING = "embedding.style.weight", "mapping.0.weight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What was begun from: an `epoch` of a `run`, or of a preset where that is None."""

    wanted: str
    name: str
    epoch: int
    kind: str
    styles: tuple[str, ...]
    latent_dim: int
    weights: dict[str, Tensor]
    run: Path | None = None

    def __str__(self) -> str:
        return f"{self.name}, epoch {self.epoch}"

    def fill(self, generator: BarGenerator, styles: tuple[str, ...]) -> None:
        """Takes the weights over: a net with a theme those of another such net, or of a net of single bars for its
        theme, which a net of single bars gets back. Raises UsageError and DataError for what can't be taken."""
        if self.kind != "bar":
            raise UsageError(f"--init {self.wanted}: a net of windows of ticks can't begin one of bars")
        weights, state = self.weights, generator.state_dict()
        themed = f"{THEME}{MAPPING}" in weights
        if isinstance(generator, VariedGenerator) and not themed:
            weights = {f"{THEME}{key}": value for key, value in weights.items()}
        elif themed and not isinstance(generator, VariedGenerator):
            weights = {key.removeprefix(THEME): value for key, value in weights.items() if key.startswith(THEME)}
        prefix = THEME if isinstance(generator, VariedGenerator) else ""
        style, mapping = f"{prefix}{STYLE}", f"{prefix}{MAPPING}"
        taken = {key: value for key, value in weights.items() if key in state}
        if style not in taken or mapping not in taken:
            raise DataError(f"--init {self.wanted}: its file doesn't name its weights as this version does")
        style_dim, width = taken[style].shape[0], taken[mapping].shape[1]
        taken[style] = by_style(taken[style], self.styles, styles)
        known = width if themed else self.latent_dim + style_dim + CONDITIONS
        taken[mapping] = widened(taken[mapping], state[mapping].shape[1], known)
        for key, value in taken.items():
            if value.shape != state[key].shape:
                raise UsageError(
                    f"--init {self.wanted}: its {key} has the shape {list(value.shape)}, the recipe's "
                    f"{list(state[key].shape)}; the sizes under [network] must be the same"
                )
        generator.load_state_dict(state | taken)


def begun_from(wanted: str) -> Begun:
    """A preset's name or folder, or a run's folder, with `:EPOCH` for another than its best. Raises UsageError,
    DataError or ModelError for what can't be found or read."""
    name, _, epoch = wanted.rpartition(":") if wanted.rpartition(":")[2].isdecimal() else (wanted, "", "best")
    run = Path(name)
    if (run / FACTS).is_file():
        there = snapshot_epochs(run)
        number = int(epoch) if epoch.isdecimal() else best_epoch(read_stats(run)) or max(there, default=0)
        return of_run(run, number, wanted)
    preset = load_preset(name)
    number = preset.resolve_epoch(epoch)
    contract = preset.manifest.model
    return Begun(
        wanted=wanted,
        name=preset.manifest.name,
        epoch=number,
        kind=contract.kind,
        styles=contract.styles,
        latent_dim=contract.latent_dim,
        weights=weights_of(read_epoch(preset.folder, preset.manifest, number)),
    )


def of_run(run: Path, epoch: int, wanted: str) -> Begun:
    """An epoch of a run. Raises UsageError where it isn't there, and DataError."""
    recipe = read_recipe(run)
    return Begun(
        wanted=wanted,
        name=run.name,
        epoch=epoch,
        kind="bar" if recipe.kind == "bar" else "window",
        styles=read_facts(run).styles,
        latent_dim=recipe.network.latent_dim,
        weights=load_snapshot(run, epoch).state_dict(),
        run=run,
    )


def take_over(begun: Begun, generator: BarGenerator, styles: tuple[str, ...], out: Path) -> list[dict[str, Any]]:
    """The epochs up to that of a run, written to the run folder `out` as snapshots of `generator`'s shape, which
    is filled with each in turn and with the last at the end; their rows, marked `EARLIER`. None of a preset."""
    if begun.run is None:
        return []
    for number in snapshot_epochs(begun.run):
        if number < begun.epoch:
            of_run(begun.run, number, begun.wanted).fill(generator, styles)
            save_snapshot(out, number, generator.state_dict())
    begun.fill(generator, styles)
    save_snapshot(out, begun.epoch, generator.state_dict())
    return [row | {EARLIER: True} for row in read_stats(begun.run) if row["epoch"] <= begun.epoch]


def weights_of(data: bytes) -> dict[str, Tensor]:
    """The weights in an exported file by the generator's names, in float32."""
    found = {}
    for tensor in onnx.load_model_from_string(data).graph.initializer:
        if tensor.name.startswith(PREFIX):
            value = np.array(numpy_helper.to_array(tensor), np.float32)
            found[tensor.name.removeprefix(PREFIX).removesuffix(".half")] = torch.from_numpy(value)
    return found


def by_style(weight: Tensor, there: tuple[str, ...], wanted: tuple[str, ...]) -> Tensor:
    """An embedding [E, S] for other styles."""
    mean = weight.mean(1)
    columns = [weight[:, there.index(style)] if style in there else mean for style in wanted]
    return torch.stack(columns, 1)


def widened(weight: Tensor, width: int, known: int) -> Tensor:
    """Columns for z, style and the conditions that both nets know; zeros for what the wider net adds. Places in the
    phrase are kept where both have as many."""
    if weight.shape[1] == width:
        return weight
    kept = weight[:, :known]
    return torch.cat([kept, weight.new_zeros(len(kept), max(width - known, 0))], 1)
