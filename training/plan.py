"""A training before its first step: data read and checked, and nothing written yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from instrument.errors import DataError
from training import features, groove
from training.cutting import BarCut
from training.dataset import Catalogue, Dataset
from training.examples import BarExamples, Examples, TickExamples
from training.metrics.sources import BarSource, Source, TickSource
from training.progress import Reporter
from training.reading import read
from training.recipes import Recipe
from training.runs import RunFacts
from training.windows import TickWindows


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is learnt from and judged by."""

    recipe: Recipe
    seed: int
    dataset: Catalogue
    facts: RunFacts
    train: Examples
    held_out: Examples
    source: Source


def make_plan(data: Path, recipe: Recipe, seed: int, reporter: Reporter, cache: Path | None) -> Plan:
    """Reads `data` as the recipe says. Raises DataError where there is too little of it."""
    dataset = read(data, recipe.data, cache, reporter)
    for line in dataset.report.lines():
        reporter.note(line)
    try:
        scale = features.scales(dataset)
    except DataError as error:
        raise DataError(f"{data}: {error}") from error
    parts = [features.features(dataset, split, scale) for split in ("train", "validation")]
    facts = _facts(dataset, parts[0], recipe, seed)
    if isinstance(dataset, TickWindows):
        train, held_out = (TickExamples.of(dataset, part, recipe.data.velocity_only) for part in parts)
        bars = groove.load(data, BarCut(), cache=cache)
        source: Source = TickSource(train, held_out, bars, len(dataset.styles))
        return Plan(
            recipe=recipe, seed=seed, dataset=dataset, facts=facts, train=train, held_out=held_out, source=source
        )
    assert isinstance(dataset, Dataset)
    learnt, kept = (BarExamples.of(dataset, part) for part in parts)
    source = BarSource(learnt, kept, len(dataset.styles))
    return Plan(recipe=recipe, seed=seed, dataset=dataset, facts=facts, train=learnt, held_out=kept, source=source)


def _facts(dataset: Catalogue, train: features.Features, recipe: Recipe, seed: int) -> RunFacts:
    conditions, prior = features.knob_scales(train), features.prior(train)
    return RunFacts(
        kind=recipe.kind,
        styles=dataset.styles,
        density=conditions.density.quantiles,
        energy=conditions.energy.quantiles,
        prior_style=prior.style,
        prior_density=prior.density,
        prior_energy=prior.energy,
        prior_fill=prior.fill,
        seed=seed,
        data={"fingerprint": dataset.fingerprint(), "files": len(dataset.files), **dataset.windows()},
    )
