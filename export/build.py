"""From a run folder to a preset: every chosen epoch exported, proved, and written with what a player must know."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from torch import nn

from export.encoder import FILE, Best, Lesson, export_encoder
from export.graph import encode, to_onnx, with_weights
from export.half import prove_rounding, rounded, stored
from export.parity import Parity, prove
from export.shared import shared_file, without_shared
from instrument.core.bar import Grid
from instrument.core.drums import VOICES
from instrument.core.latent import Latent
from instrument.core.manifest import (
    SCHEMA,
    Direction,
    Epoch,
    Manifest,
    ModelContract,
    Place,
    Rounding,
    Tensor,
    is_preset_name,
)
from instrument.errors import DataError, ModelError, UsageError
from instrument.model.contract import ManyBars
from instrument.model.epochs import listed
from instrument.model.onnx import open_model
from instrument.model.preset import check_replaceable, write_preset
from training import builders, networks, tick_networks
from training.directions import Way, ways
from training.macros import Macro, macros
from training.metrics.steering import Asked
from training.networks import CONDITIONS, TAP_CHANNELS, NetworkShape
from training.places import Found, places
from training.runs import EARLIER, best_epoch, read_facts, read_recipe, read_stats
from training.snapshot import epochs as snapshot_epochs
from training.snapshot import load_snapshot
from training.tick_layers import TickShape

Progress = Callable[[int, int], None]
"""Told the epochs done and those in all."""

Choice = Literal["all", "best"] | list[int]

LICENCE = "CC-BY-4.0"
ATTRIBUTION = (
    "Trained on the Groove MIDI Dataset by Jon Gillick, Adam Roberts, Jesse Engel, Douglas Eck and David Bamman "
    "(Learning to Groove with Inverse Sequence Transformations, ICML 2019; "
    "https://magenta.tensorflow.org/datasets/groove), licensed under CC BY 4.0."
)
KEPT_SHARE = 0.5
"""A way that keeps its promise from fewer starting places is not worth a knob; it is left out."""

NOT_SCORES = ("epoch", "bars", "seconds", "lr", "jitter", "penalty", EARLIER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What was written. `parity` by epoch number."""

    folder: Path
    manifest: Manifest
    parity: dict[int, Parity]
    seconds: float


def export_run(
    run: Path,
    out: Path,
    *,
    epochs: Choice = "all",
    name: str | None = None,
    lesson: Lesson | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """The preset `out` from the snapshots of `run`. `name`: what the player will call it, else the folder's name.
    `lesson`: what an encoder is to be taught from, else there is none.

    Raises UsageError for an epoch or a name that can't be, DataError for what can't be read or written, and ModelError
    where a file is not proved; nothing is written then.
    """
    started = time.monotonic()
    numbers = _choose(run, epochs)
    called = name or _as_name(out.name)
    if not is_preset_name(called):
        raise UsageError(f'"{called}" can\'t name a preset: lower-case letters, digits, - and _ can')
    check_replaceable(out)
    contract = run_contract(run)
    if lesson and contract.kind != "bar":
        raise UsageError(f"{run} makes windows of ticks; an encoder is of nets that make bars on a grid")
    rows = {int(row["epoch"]): row for row in read_stats(run)}
    entries, whole, parity = [], {}, {}
    exporter = Exporter(contract)
    for done, number in enumerate(numbers):
        if progress:
            progress(done, len(numbers))
        exported = exporter.epoch(run, number, {"preset": called, "epoch": number, "licence": LICENCE})
        entry = _entry(number, exported, rows.get(number, {}), *_latent_map(run, number, contract))
        entries.append(entry)
        whole[entry.file], parity[number] = exported.data, exported.parity
    if progress:
        progress(len(numbers), len(numbers))
    files, common, sharers = without_shared(whole)
    shared = shared_file(common, tuple(entry.number for entry in entries if entry.file in sharers))
    entries = [replace(entry, **_said(files[entry.file])) for entry in entries]
    manifest = replace(_manifest(run, called, contract, tuple(entries), rows), shared=shared)
    if manifest.shared:
        files[manifest.shared.file] = common
    if lesson:
        manifest, data = _with_encoder(run, manifest, whole, lesson)
        files[FILE] = data
    write_preset(manifest, files, out)
    return ExportReport(folder=out, manifest=manifest, parity=parity, seconds=time.monotonic() - started)


def _with_encoder(run: Path, manifest: Manifest, files: Mapping[str, bytes], lesson: Lesson) -> tuple[Manifest, bytes]:
    """The same preset with an encoder, and its file."""
    number = manifest.best_epoch
    model = open_model(files[manifest.epoch(number).file], manifest.model)
    assert isinstance(model, ManyBars)
    best = Best(number=number, model=model, scales=manifest.conditions)
    epochs = [epoch.number for epoch in manifest.epochs]
    entry, data = export_encoder(
        run, epochs, manifest.model, lesson, best, {"preset": manifest.name, "licence": LICENCE}
    )
    return replace(manifest, encoder=entry), data


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An epoch's file; its parity with torch at the same weights, and what rounding the weights changed."""

    data: bytes
    parity: Parity
    rounding: Rounding


class Exporter:
    """Exports the epochs of one run; the graph is made at the first."""

    def __init__(self, contract: ModelContract) -> None:
        self.contract = contract
        self._graph: onnx.ModelProto | None = None

    def epoch(self, run: Path, number: int, facts: dict[str, Any]) -> Exported:
        """The epoch's file, proved. Raises ModelError, naming run and epoch."""
        full = playable(load_snapshot(run, number)).eval()
        net = rounded(full)
        model = None if self._graph is None else with_weights(self._graph, net.state_dict())
        try:
            if model is None:
                model = self._graph = to_onnx(net, self.contract)
            data = encode(stored(model), self.contract, facts)
            parity = prove(net, open_model(data, self.contract))
            return Exported(data=data, parity=parity, rounding=prove_rounding(full, net, self.contract))
        except ModelError as error:
            raise ModelError(f"epoch {number} of {run} can't be exported: {error}") from error


def run_contract(run: Path) -> ModelContract:
    """What the generator of a run takes and gives. Raises DataError."""
    recipe, styles = read_recipe(run), read_facts(run).styles
    if recipe.kind == "bar":
        return bar_contract(builders.bar_shape(recipe, len(styles)), styles)
    return window_contract(builders.tick_shape(recipe, len(styles)), styles)


def playable(generator: nn.Module) -> nn.Module:
    """A generator as it is exported."""
    if isinstance(generator, tick_networks.Generator | tick_networks.LinearGenerator):
        return tick_networks.PlayableGenerator(generator)
    assert isinstance(generator, networks.BarGenerator)
    return networks.PlayablePhrases(generator) if generator.shape.places else networks.PlayableGenerator(generator)


def window_contract(shape: TickShape, styles: tuple[str, ...]) -> ModelContract:
    """The contract of a generator of windows."""
    planes = (1, VOICES, shape.window_ticks)
    return ModelContract(
        kind="window",
        latent_dim=shape.latent_dim,
        planes=1,
        voices=VOICES,
        steps=shape.window_ticks,
        styles=styles,
        inputs=(
            Tensor(name="z", shape=(shape.latent_dim,)),
            Tensor(name="style", shape=(len(styles),)),
            Tensor(name="condition", shape=(CONDITIONS,)),
            Tensor(name="phase", shape=(1,)),
        ),
        outputs=tuple(Tensor(name=name, shape=planes) for name in ("onset", "velocity")[shape.velocity_only :]),
    )


def bar_contract(shape: NetworkShape, styles: tuple[str, ...]) -> ModelContract:
    """The contract of a generator of bars."""
    planes = (shape.hit_planes, VOICES, shape.steps)
    return ModelContract(
        kind="bar",
        latent_dim=shape.latent_dim,
        planes=shape.hit_planes,
        voices=VOICES,
        steps=shape.steps,
        styles=styles,
        inputs=(
            Tensor(name="z", shape=(shape.latent_dim,)),
            Tensor(name="style", shape=(len(styles),)),
            Tensor(name="condition", shape=(CONDITIONS,)),
            *((Tensor(name="place", shape=(shape.places,)),) if shape.places else ()),
            *((Tensor(name="tap", shape=(TAP_CHANNELS, shape.steps)),) if shape.tap else ()),
        ),
        outputs=tuple(Tensor(name=name, shape=planes) for name in ("onset", "velocity", "offset")),
        phrase_dim=shape.phrase_dim,
        walk_dim=shape.walk_dim,
    )


def _choose(run: Path, epochs: Choice) -> list[int]:
    there = snapshot_epochs(run)
    if not there:
        raise DataError(f"{run} has no snapshot yet; train it for an epoch first")
    if epochs == "all":
        return there
    if epochs == "best":
        return [best_epoch([row for row in read_stats(run) if row["epoch"] in there]) or there[-1]]
    missing = sorted(set(epochs) - set(there))
    if missing or not epochs:
        raise UsageError(
            f"{run} has no snapshot of epoch {listed(missing) or '(none given)'}; there are {listed(there)}"
        )
    return sorted(set(epochs))


def _latent_map(run: Path, number: int, contract: ModelContract) -> tuple[list[Way], list[Found], list[Macro]]:
    """The named ways, places and macros of an epoch of bars, under the style that the data has most of."""
    if contract.kind != "bar":
        return [], [], []
    usual = Counter(read_facts(run).prior_style).most_common(1)[0][0]
    step_ticks = Grid(steps=contract.steps, planes=contract.planes).step_ticks
    ask = Asked(load_snapshot(run, number), len(contract.styles), usual, step_ticks)
    return ways(ask), places(ask), macros(ask)


def _entry(
    number: int,
    exported: Exported,
    row: dict[str, Any],
    found: list[Way],
    named: list[Found],
    large: list[Macro],
) -> Epoch:
    scores = {
        key: round(float(value), 6)
        for key, value in row.items()
        if key not in NOT_SCORES and isinstance(value, int | float) and math.isfinite(value)
    }
    return Epoch(
        number=number,
        file=f"epoch-{number:03d}.onnx",
        **_said(exported.data),
        parity=exported.parity.difference,
        rounding=exported.rounding,
        scores={key: value for key, value in scores.items() if not key.startswith("loss")}
        | {f"way {way.name}": round(way.share, 6) for way in found},
        directions=tuple(
            Direction(name=way.name, vector=_short(way.vector)) for way in found if way.share >= KEPT_SHARE
        ),
        places=tuple(Place(name=place.name, z=_short(place.z)) for place in named),
        macros=tuple(Direction(name=macro.name, vector=_short(macro.vector)) for macro in large),
    )


def _said(data: bytes) -> dict[str, Any]:
    """What a manifest says of a file's bytes."""
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _short(z: Latent) -> tuple[float, ...]:
    return tuple(np.round(z.astype(np.float64), 4).tolist())


def _manifest(
    run: Path, name: str, contract: ModelContract, entries: tuple[Epoch, ...], rows: dict[int, dict[str, Any]]
) -> Manifest:
    facts, recipe = read_facts(run), read_recipe(run)
    numbers = [entry.number for entry in entries]
    last = rows.get(max(rows, default=0), {})
    training: dict[str, str | int | float] = {
        "epochs": max(rows, default=numbers[-1]),
        "bars": int(last.get("bars", 0)),
        "seconds": round(float(last.get("seconds", 0.0))),
        "seed": facts.seed,
    }
    return Manifest(
        schema=SCHEMA,
        name=name,
        title=name.replace("-", " ").replace("_", " ").capitalize(),
        licence=LICENCE,
        attribution=ATTRIBUTION,
        recipe=recipe.name,
        best_epoch=best_epoch([rows[number] for number in numbers if number in rows]) or numbers[-1],
        model=contract,
        conditions=facts.conditions,
        epochs=entries,
        prior=facts.prior,
        training=training | {f"data_{key}": value for key, value in facts.data.items()},
    )


def _as_name(text: str) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")[:64] or "preset"
